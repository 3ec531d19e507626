// Commands on the whole keyspace of a cluster node (DBSIZE, KEYS, SCAN, RANDOMKEY, FLUSHALL,
// FLUSHDB): run on each partition that this node leads, as in Redis Cluster they act on the keys of
// the node that is asked.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "server/commands/command.h"

namespace server {

class Shard;

class FanOut {
 public:
  static void Run(Shard& shard, const Command& command, std::span<const std::string_view> args,
                  int resp_version, std::function<void(std::string reply)> answer);
};

// Merges the replies of several partitions into one: numbers are added up, arrays joined, of single
// values the first that is not null counts, and an error stands for all.
std::string MergeReplies(std::span<const std::string> replies);

}  // namespace server
