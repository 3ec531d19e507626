// What a load generator sends: which command, on which keys.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace load {

struct WorkloadOptions {
  std::string operation = "set";  // set, get or incr.
  uint64_t keys = 1'000'000;
  size_t key_bytes = 16;
  size_t value_bytes = 32;
  bool sequential = false;  // Each key once, in order, instead of random ones.
  std::string follow_up;    // A command sent after each, as part of it: "WAIT 1 0".
  // The follow-up leaves only when the command's own reply has come, as most clients use WAIT.
  bool follow_up_apart = false;
  uint64_t seed = 1;
};

class Workload {
 public:
  explicit Workload(const WorkloadOptions& options);

  // The next key; with `sequential` each of them once.
  const std::string& NextKey();
  // Appends the command for `key` to `out`; a follow-up is part of it unless it is to be sent
  // apart.
  void AppendCommand(const std::string& key, std::string& out) const;
  // What is to be sent for each operation once its first reply is there; empty if nothing.
  std::string_view FollowUpApart() const {
    return options_.follow_up_apart ? std::string_view(follow_up_) : std::string_view();
  }
  // Replies to one command.
  uint32_t replies() const { return follow_up_.empty() ? 1 : 2; }

 private:
  const WorkloadOptions options_;
  std::mt19937_64 random_;
  uint64_t next_ = 0;
  std::string key_;
  std::string head_;  // What stands before the key, and after it.
  std::string tail_;
  std::string follow_up_;
};

}  // namespace load
