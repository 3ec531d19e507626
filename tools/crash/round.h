// One round of load with a record of every answer, and the check of it afterwards.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "tools/crash/checker.h"
#include "tools/crash/cluster_client.h"

namespace crash {

struct LoadOptions {
  ClusterClient::Options client;
  uint32_t partitions = 16;    // One writer stays with each, so that its pauses are measured.
  uint32_t mixed_writers = 3;  // For each of counters, lists and transfers.
  uint64_t seed = 1;
};

// The longest time for which a partition acknowledged nothing.
struct Gap {
  std::chrono::steady_clock::time_point since;
  std::chrono::steady_clock::duration length{};
};

struct Tally {
  uint64_t acknowledged = 0;
  uint64_t unknown = 0;
  uint64_t refused = 0;
  uint64_t stale_reads = 0;  // A read that did not see the acknowledged write before it.
  std::string refusal;       // One that says neither where to go nor to wait, for a person.

  void Count(const Result& result);
  void Add(const Tally& other);
};

class Round {
 public:
  Round(uint32_t number, const LoadOptions& options);

  // Writes until the time is over. Once.
  void Load(std::chrono::milliseconds time);
  // Reads everything back; may be called again in later rounds. `unreadable` counts keys that no
  // node gave out within the limit.
  Verdict Verify(std::chrono::milliseconds limit, uint64_t& unreadable) const;

  const Tally& tally() const { return tally_; }
  const std::vector<Gap>& gaps() const { return gaps_; }  // By partition.

 private:
  struct Register {
    std::string key;
    std::string value;
    Fate fate = Fate::kRefused;
  };
  struct Counter {
    std::mutex mutex;
    CounterHistory history;
  };
  struct List {
    std::mutex mutex;
    ListHistory history;
  };

  std::string Name(const char* kind, size_t i) const;
  void WriteRegisters(uint32_t partition);
  void Increment(uint32_t worker);
  void Push(uint32_t worker);
  void Transfer(uint32_t worker);
  bool IsOver() const { return std::chrono::steady_clock::now() >= end_; }
  void Finish(const Tally& tally);
  static void BackOff(const Result& result);

  using Check = std::function<Verdict(ClusterClient&, uint64_t& unreadable)>;
  std::vector<Check> Checks(std::chrono::milliseconds limit) const;

  const uint32_t number_;
  const LoadOptions options_;
  std::chrono::steady_clock::time_point end_;
  std::vector<std::vector<Register>> registers_;  // By partition; each touched by its writer only.
  std::vector<Gap> gaps_;
  std::vector<std::unique_ptr<Counter>> counters_;
  std::vector<std::unique_ptr<List>> lists_;
  std::vector<std::unique_ptr<List>> accounts_;
  std::mutex tally_mutex_;
  Tally tally_;
};

}  // namespace crash
