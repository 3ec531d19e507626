#include "tools/crash/cluster_client.h"

#include <sys/socket.h>

#include <algorithm>
#include <optional>
#include <thread>

#include "discovery/slots.h"
#include "discovery/static_seeds.h"

namespace crash {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

timeval ToTimeval(int ms) { return {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000}; }

std::string_view TextOf(const redisReply& reply) {
  return reply.str == nullptr ? std::string_view() : std::string_view(reply.str, reply.len);
}

bool Append(redisContext* context, const Command& command) {
  std::vector<const char*> data;
  std::vector<size_t> sizes;
  for (const std::string& argument : command) {
    data.push_back(argument.data());
    sizes.push_back(argument.size());
  }
  return redisAppendCommandArgv(context, static_cast<int>(data.size()), data.data(),
                                sizes.data()) == REDIS_OK;
}

// "MOVED 3999 127.0.0.1:7002": the node to go to.
std::optional<std::string> MovedTo(std::string_view error) {
  if (!error.starts_with("MOVED ")) return std::nullopt;
  const size_t space = error.rfind(' ');
  return std::string(error.substr(space + 1));
}

}  // namespace

ClusterClient::ClusterClient(Options options, uint64_t seed)
    : options_(std::move(options)), random_(seed), owners_(discovery::kSlots) {}

redisContext* ClusterClient::Connect(const std::string& node) {
  Context& context = contexts_[node];
  // One that was closed while we used another node would make the next command's fate unknown.
  char byte = 0;
  const bool closed =
      context != nullptr && recv(context->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
  if (closed) context.reset();
  if (context != nullptr) return context.get();
  const auto endpoint = discovery::ParseEndpoint(node);
  if (!endpoint) return nullptr;
  context.reset(redisConnectWithTimeout(endpoint->host.c_str(), endpoint->port, ToTimeval(500)));
  if (context == nullptr || context->err != 0) {
    context.reset();
    return nullptr;
  }
  redisSetTimeout(context.get(), ToTimeval(options_.timeout_ms));
  return context.get();
}

bool ClusterClient::RefreshFrom(const std::string& node) {
  redisContext* context = Connect(node);
  if (context == nullptr) return false;
  redisSetTimeout(context, ToTimeval(500));
  const Reply reply(static_cast<redisReply*>(redisCommand(context, "CLUSTER SLOTS")));
  if (reply == nullptr) {
    contexts_[node].reset();
    return false;
  }
  redisSetTimeout(context, ToTimeval(options_.timeout_ms));
  if (reply->type == REDIS_REPLY_ERROR &&
      TextOf(*reply).find("cluster support") != std::string::npos) {
    std::ranges::fill(owners_, node);
    return true;
  }
  if (reply->type != REDIS_REPLY_ARRAY || reply->elements == 0) return false;

  for (size_t i = 0; i < reply->elements; ++i) {
    const redisReply& range = *reply->element[i];
    if (range.elements < 3 || range.element[2]->elements < 2) return false;
    const redisReply& master = *range.element[2];
    const std::string owner =
        std::string(TextOf(*master.element[0])) + ":" + std::to_string(master.element[1]->integer);
    const size_t last =
        std::min<size_t>(static_cast<size_t>(range.element[1]->integer), discovery::kSlots - 1);
    for (size_t slot = static_cast<size_t>(range.element[0]->integer); slot <= last; ++slot) {
      owners_[slot] = owner;
    }
  }
  return true;
}

void ClusterClient::Refresh() {
  const auto now = steady_clock::now();
  if (now - refreshed_at_ < milliseconds(20)) return;
  refreshed_at_ = now;
  std::vector<std::string> nodes = options_.nodes;
  std::ranges::shuffle(nodes, random_);
  for (const std::string& node : nodes) {
    if (RefreshFrom(node)) return;
  }
}

std::string ClusterClient::OwnerOf(uint16_t slot) {
  if (owners_[slot].empty()) Refresh();
  if (!owners_[slot].empty()) return owners_[slot];
  return options_.nodes[random_() % options_.nodes.size()];
}

Result ClusterClient::Attempt(const std::string& node, const std::vector<Command>& commands) {
  redisContext* context = Connect(node);
  if (context == nullptr) return {.fate = Fate::kRefused, .reply = {}, .error = "cannot connect"};

  Result result;
  for (const Command& command : commands) {
    if (!Append(context, command)) return {.fate = Fate::kRefused, .reply = {}, .error = "too big"};
  }
  std::string first_error;
  for (size_t i = 0; i < commands.size(); ++i) {
    void* raw = nullptr;
    if (redisGetReply(context, &raw) != REDIS_OK) {
      // Some of the bytes may have arrived: only the server could tell.
      std::string error = context->errstr;
      contexts_[node].reset();
      return {.fate = Fate::kUnknown, .reply = {}, .error = "connection: " + error};
    }
    result.reply.reset(static_cast<redisReply*>(raw));
    if (result.reply->type == REDIS_REPLY_ERROR && first_error.empty()) {
      first_error = TextOf(*result.reply);
    }
  }
  if (result.reply->type != REDIS_REPLY_ERROR) {
    result.fate = Fate::kAcknowledged;
    // EXEC of a transaction that was not run; we never WATCH.
    if (result.reply->type == REDIS_REPLY_NIL && commands.size() > 1) result.fate = Fate::kRefused;
    return result;
  }
  const bool uncertain = TextOf(*result.reply).starts_with("UNCERTAIN");
  result.fate = uncertain ? Fate::kUnknown : Fate::kRefused;
  // In a transaction the first error is the reason, EXECABORT only its consequence.
  result.error = uncertain ? std::string(TextOf(*result.reply)) : first_error;
  return result;
}

Result ClusterClient::Run(uint16_t slot, const std::vector<Command>& commands) {
  std::string node = OwnerOf(slot);
  Result result;
  for (int attempt = 0; attempt <= options_.redirections_max; ++attempt) {
    result = Attempt(node, commands);
    if (result.fate == Fate::kAcknowledged) return result;
    const std::optional<std::string> moved = MovedTo(result.error);
    if (result.fate == Fate::kRefused && moved) {
      node = *moved;
      owners_[slot] = node;
      continue;
    }
    Refresh();  // Whoever is in trouble may have lost its partitions.
    return result;
  }
  return result;
}

Result ClusterClient::RunUntilDone(uint16_t slot, const Command& command, milliseconds limit) {
  const auto deadline = steady_clock::now() + limit;
  while (true) {
    Result result = Run(slot, {command});
    if (result.fate == Fate::kAcknowledged || steady_clock::now() > deadline) return result;
    std::this_thread::sleep_for(milliseconds(20));
  }
}

}  // namespace crash
