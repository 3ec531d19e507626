#include "server/net/fan_out.h"

#include <charconv>
#include <memory>
#include <optional>
#include <vector>

#include "server/net/shard.h"

namespace server {
namespace {

using Args = std::span<const std::string_view>;
using Answer = std::function<void(std::string)>;

template <typename T>
std::optional<T> Number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// The first line of a reply without its sigil and CRLF.
std::string_view HeadOf(std::string_view reply) {
  const size_t end = reply.find("\r\n");
  return end == std::string_view::npos ? std::string_view() : reply.substr(1, end - 1);
}

Deferred OnOnePartition(const Command& command, std::vector<std::string> args, int resp_version) {
  Deferred deferred;
  deferred.command = &command;
  deferred.run = [&command, args = std::move(args), resp_version](Partition& partition,
                                                                  std::string& out) {
    const std::vector<std::string_view> views(args.begin(), args.end());
    resp::Writer writer(out, resp_version);
    Request request;
    request.command = &command;
    request.args = views;
    return partition.Execute(request, writer);
  };
  return deferred;
}

std::vector<uint32_t> LedPartitions(const Topology& topology) {
  std::vector<uint32_t> led;
  for (uint32_t id = 0; id < topology.partitions.size(); ++id) {
    if (topology.partitions[id].leader == topology.self) led.push_back(id);
  }
  return led;
}

// A cluster's cursor is inner * partitions + partition, where inner is the partition's own.
struct ScanCursor {
  uint64_t inner = 0;
  uint32_t partition = 0;
};

std::string ScanReply(uint64_t cursor, std::string_view elements) {
  const std::string digits = std::to_string(cursor);
  return "*2\r\n$" + std::to_string(digits.size()) + "\r\n" + digits + "\r\n" +
         std::string(elements);
}

// Takes a partition's reply apart and puts the cluster's cursor in.
std::string RewriteScanReply(std::string_view reply, uint32_t partition,
                             const std::vector<uint32_t>& led, uint32_t partitions) {
  if (!reply.starts_with("*2\r\n$")) return std::string(reply);  // An error.
  std::string_view rest = reply.substr(4);
  rest.remove_prefix(rest.find("\r\n") + 2);
  const size_t end = rest.find("\r\n");
  const uint64_t inner = Number<uint64_t>(rest.substr(0, end)).value_or(0);
  const std::string_view elements = rest.substr(end + 2);
  if (inner != 0) return ScanReply(inner * partitions + partition, elements);
  for (const uint32_t next : led) {
    if (next > partition) return ScanReply(next, elements);
  }
  return ScanReply(0, elements);
}

void Scan(Shard& shard, const Command& command, Args args, int resp_version, Answer answer) {
  const std::vector<uint32_t> led = LedPartitions(*shard.topology());
  const uint32_t partitions = shard.partitions();
  const std::optional<uint64_t> cursor = Number<uint64_t>(args[1]);
  std::vector<std::string> own(args.begin(), args.end());
  ScanCursor at;
  if (cursor) at = {*cursor / partitions, static_cast<uint32_t>(*cursor % partitions)};
  // A partition that moved away is skipped: its keys are the new leader's.
  uint32_t partition = partitions;
  for (const uint32_t id : led) {
    if (id >= at.partition) {
      partition = id;
      break;
    }
  }
  if (cursor && partition == partitions) return answer(ScanReply(0, "*0\r\n"));
  if (cursor) own[1] = std::to_string(partition == at.partition ? at.inner : 0);
  if (partition == partitions) partition = 0;  // Somebody has to refuse the malformed cursor.
  Deferred deferred = OnOnePartition(command, std::move(own), resp_version);
  deferred.answer = [partition, led, partitions, answer](const std::string& reply) {
    answer(RewriteScanReply(reply, partition, led, partitions));
  };
  shard.OnPartition(partition, std::move(deferred));
}

struct Gathering {
  std::vector<std::string> replies;
  size_t missing = 0;
  Answer answer;
};

}  // namespace

std::string MergeReplies(std::span<const std::string> replies) {
  int64_t sum = 0;
  size_t elements = 0;
  std::string joined;
  const std::string* value = nullptr;
  char kind = 0;
  for (const std::string& reply : replies) {
    if (reply[0] == '-') return reply;
    kind = kind == 0 ? reply[0] : kind;
    if (reply[0] == ':') {
      sum += Number<int64_t>(HeadOf(reply)).value_or(0);
    } else if (reply[0] == '*' || reply[0] == '~') {
      const std::string_view head = HeadOf(reply);
      elements += Number<size_t>(head).value_or(0);
      joined += std::string_view(reply).substr(head.size() + 3);
    }
    const auto is_null = [](const std::string& of) {
      return of.starts_with("$-1") || of.starts_with("_");
    };
    if (value == nullptr || is_null(*value)) value = &reply;
  }
  if (kind == ':') return ":" + std::to_string(sum) + "\r\n";
  if (kind == '*' || kind == '~') return kind + std::to_string(elements) + "\r\n" + joined;
  return *value;
}

void FanOut::Run(Shard& shard, const Command& command, Args args, int resp_version, Answer answer) {
  if (command.name == "scan") return Scan(shard, command, args, resp_version, std::move(answer));
  const std::vector<uint32_t> led = LedPartitions(*shard.topology());
  std::vector<std::string> own(args.begin(), args.end());
  if (led.empty()) {
    // A node without keys answers as an empty one.
    if (command.name == "dbsize") return answer(":0\r\n");
    if (command.name == "keys") return answer("*0\r\n");
    if (command.name == "randomkey") return answer(resp_version == 3 ? "_\r\n" : "$-1\r\n");
    return answer("+OK\r\n");
  }
  auto gathering = std::make_shared<Gathering>();
  gathering->missing = led.size();
  gathering->answer = std::move(answer);
  for (const uint32_t partition : led) {
    Deferred deferred = OnOnePartition(command, own, resp_version);
    deferred.answer = [gathering](std::string reply) {
      gathering->replies.push_back(std::move(reply));
      if (--gathering->missing == 0) gathering->answer(MergeReplies(gathering->replies));
    };
    shard.OnPartition(partition, std::move(deferred));
  }
}

}  // namespace server
