// Counters of one shard. Written by its thread, read by any: INFO adds them up.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace server {

class Counter {
 public:
  void Add(uint64_t amount = 1) {  // The owner's thread only: no locked instruction is needed.
    value_.store(value_.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
  void Set(uint64_t value) { value_.store(value, std::memory_order_relaxed); }
  uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_ = 0;
};

struct ShardStats {
  Counter connections;  // Open now.
  Counter connections_received;
  Counter connections_rejected;
  Counter commands;
  Counter input_bytes;
  Counter output_bytes;
  Counter errors;
  Counter expired_keys;
  Counter keyspace_hits;
  Counter keyspace_misses;
  Counter moved;  // Replies that sent a client elsewhere.
  Counter log_writes;
  Counter checkpoints;
  Counter checkpoint_failures;
  Counter keyspace_bytes;  // Memory of this shard's keys.
  Counter keys_changed;    // Since the last checkpoint.

  // CONFIG RESETSTAT: what counts events; not what is open or stored now.
  void Reset() {
    for (Counter* counter :
         {&connections_received, &connections_rejected, &commands, &input_bytes, &output_bytes,
          &errors, &expired_keys, &keyspace_hits, &keyspace_misses, &moved, &log_writes,
          &checkpoints, &checkpoint_failures}) {
      counter->Set(0);
    }
  }
};

}  // namespace server
