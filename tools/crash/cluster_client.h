// A cluster client that knows, for each command, whether it was done, refused, or nobody knows.
//
// Blocking, for one thread. Follows CLUSTER SLOTS and MOVED; a server without cluster support is
// taken as one that serves every slot. It never sends a write again by itself unless it was told
// that the write was not executed.
#pragma once

#include <hiredis/hiredis.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tools/crash/checker.h"

namespace crash {

struct ReplyDeleter {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using Reply = std::unique_ptr<redisReply, ReplyDeleter>;

using Command = std::vector<std::string>;

struct Result {
  Fate fate = Fate::kRefused;
  Reply reply;        // With kAcknowledged; of the last command.
  std::string error;  // With kRefused and kUnknown: why.
};

class ClusterClient {
 public:
  struct Options {
    std::vector<std::string> nodes;  // "host:port"
    int timeout_ms = 3000;           // After this an answer is unknown.
    int redirections_max = 8;
  };

  ClusterClient(Options options, uint64_t seed);

  // Sends the commands to the owner of `slot` in one write and reads all their replies. The last
  // one decides: it is the only command, or an EXEC.
  Result Run(uint16_t slot, const std::vector<Command>& commands);

  // Run for commands that may be sent again, such as reads: until it succeeds or the limit is over.
  Result RunUntilDone(uint16_t slot, const Command& command, std::chrono::milliseconds limit);

 private:
  struct ContextDeleter {
    void operator()(redisContext* context) const { redisFree(context); }
  };
  using Context = std::unique_ptr<redisContext, ContextDeleter>;

  redisContext* Connect(const std::string& node);
  std::string OwnerOf(uint16_t slot);
  // Asks a random node who owns what; at most every few milliseconds.
  void Refresh();
  bool RefreshFrom(const std::string& node);
  Result Attempt(const std::string& node, const std::vector<Command>& commands);

  const Options options_;
  std::mt19937_64 random_;
  std::map<std::string, Context> contexts_;
  std::vector<std::string> owners_;  // By slot; empty when unknown.
  std::chrono::steady_clock::time_point refreshed_at_;
};

}  // namespace crash
