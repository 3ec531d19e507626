// A command that does not run in the turn of its connection: it comes from another shard, waits for
// a leader, or is a part of a command on many partitions. It owns all that it needs.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "server/partition/partition.h"

namespace server {

struct Deferred {
  const Command* command = nullptr;  // For admission.
  bool stale = false;
  uint16_t slot = 0;  // For MOVED.
  size_t bytes = 0;   // Held while it waits.
  std::function<Gate(Partition& partition, std::string& reply)> run;
  std::function<void(std::string reply)> answer;  // Called once, when the reply may leave.
  uint64_t deadline_ms = 0;                       // Monotonic; set when it begins to wait.
};

}  // namespace server
