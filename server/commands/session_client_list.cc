// CLIENT LIST and CLIENT KILL: they ask all shards for their connections, and answer later.
#include <algorithm>
#include <charconv>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/commands/errors.h"
#include "server/commands/node_api.h"
#include "server/commands/numbers.h"
#include "server/commands/session_client.h"
#include "server/commands/session_client_filter.h"
#include "server/commands/session_replies.h"

namespace server::commands {
namespace {

void ReplyUnknownType(SessionCall& call, std::string_view name) {
  call.reply.Error("ERR Unknown client type '" + std::string(name) + "'");
}

uint64_t IdOfLine(std::string_view line) {
  constexpr std::string_view kPrefix = "id=";
  uint64_t id = 0;
  std::from_chars(line.data() + kPrefix.size(), line.data() + line.size(), id);
  return id;
}

// Shards answer in any order; the oldest connection comes first, as in Redis.
std::string SortedById(std::string_view joined) {
  std::vector<std::pair<uint64_t, std::string_view>> lines;
  while (!joined.empty()) {
    const size_t size = joined.find('\n') + 1;
    lines.emplace_back(IdOfLine(joined), joined.substr(0, size));
    joined.remove_prefix(size);
  }
  std::sort(lines.begin(), lines.end());
  std::string sorted;
  for (const auto& [id, line] : lines) sorted += line;
  return sorted;
}

// The options of CLIENT LIST. Empty after an error reply.
std::optional<ClientFilter> ParseListOptions(SessionCall& call) {
  ClientFilter filter;
  const auto args = call.args;
  if (args.size() == 2) return filter;
  if (args.size() == 4 && EqualsIgnoreCase(args[2], "type")) {
    filter.type = ParseClientType(args[3]);
    if (filter.type) return filter;
    ReplyUnknownType(call, args[3]);
    return std::nullopt;
  }
  if (args.size() > 3 && EqualsIgnoreCase(args[2], "id")) {
    for (const std::string_view arg : args.subspan(3)) {
      const std::optional<int64_t> id = ParseInteger(arg);
      if (!id) {
        call.reply.Error("ERR Invalid client ID");
        return std::nullopt;
      }
      filter.ids.push_back(static_cast<uint64_t>(*id));
    }
    return filter;
  }
  call.reply.Error(kSyntaxError);
  return std::nullopt;
}

// One option of the new form of CLIENT KILL. False after an error reply.
bool ParseKillOption(SessionCall& call, std::string_view name, std::string_view value,
                     ClientFilter& filter) {
  if (EqualsIgnoreCase(name, "id")) {
    const std::optional<int64_t> id = ParseInteger(value);
    if (!id || *id < 1) {
      call.reply.Error("ERR client-id should be greater than 0");
      return false;
    }
    filter.ids = {static_cast<uint64_t>(*id)};
  } else if (EqualsIgnoreCase(name, "type")) {
    filter.type = ParseClientType(value);
    if (!filter.type) ReplyUnknownType(call, value);
    return filter.type.has_value();
  } else if (EqualsIgnoreCase(name, "addr")) {
    filter.address = value;
  } else if (EqualsIgnoreCase(name, "laddr")) {
    filter.local_address = value;
  } else if (EqualsIgnoreCase(name, "user")) {
    if (value != "default") {
      call.reply.Error("ERR No such user '" + std::string(value) + "'");
      return false;
    }
    filter.user = value;
  } else if (EqualsIgnoreCase(name, "skipme") && EqualsIgnoreCase(value, "yes")) {
    filter.but_not = call.session.id;
  } else if (EqualsIgnoreCase(name, "skipme") && EqualsIgnoreCase(value, "no")) {
    filter.but_not.reset();
  } else {
    call.reply.Error(kSyntaxError);
    return false;
  }
  return true;
}

}  // namespace

void ClientList(SessionCall& call) {
  std::optional<ClientFilter> filter = ParseListOptions(call);
  if (!filter) return;
  auto answer = call.session.Defer();
  const NodeApi& node = call.node;
  call.node.ForEachSession(
      [filter = std::move(*filter), &node, now_ms = node.wall_ms()](Session& session,
                                                                    std::string& out) {
        if (!filter.Matches(session)) return;
        DescribeClient(session, node, now_ms, out);
        out += '\n';
      },
      [answer = std::move(answer), version = call.reply.version()](const std::string& joined) {
        answer(VerbatimReply(SortedById(joined), version));
      });
}

void ClientKill(SessionCall& call) {
  const bool old_form = call.args.size() == 3;  // CLIENT KILL address
  ClientFilter filter;
  if (old_form) {
    filter.address = call.args[2];
  } else {
    filter.but_not = call.session.id;
    for (size_t i = 2; i < call.args.size(); i += 2) {
      if (i + 1 == call.args.size()) return call.reply.Error(kSyntaxError);
      if (!ParseKillOption(call, call.args[i], call.args[i + 1], filter)) return;
    }
  }
  auto answer = call.session.Defer();
  NodeApi& node = call.node;
  node.ForEachSession(
      [filter = std::move(filter), &node, self = call.session.id](Session& session,
                                                                  std::string& out) {
        if (!filter.Matches(session)) return;
        node.CloseSession(session, /*after_reply=*/session.id == self);
        out += '.';  // One for each: only their number is asked.
      },
      [answer = std::move(answer), old_form](const std::string& closed) {
        if (!old_form) return answer(":" + std::to_string(closed.size()) + "\r\n");
        answer(closed.empty() ? ErrorReply("ERR No such client") : OkReply());
      });
}

}  // namespace server::commands
