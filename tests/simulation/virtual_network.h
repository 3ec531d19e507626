// A network in virtual time: loses, duplicates, delays and therefore reorders, and can be cut one
// way.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>

#include "raft/codec.h"
#include "raft/core/message.h"
#include "tests/simulation/random.h"

namespace sim {

class VirtualNetwork {
 public:
  struct Faults {
    uint64_t drop_percent = 0;
    uint64_t duplicate_percent = 0;
    uint64_t delay_min_ms = 1;
    uint64_t delay_max_ms = 1;
  };
  struct Letter {
    raft::NodeId from;
    raft::NodeId to;
    std::string bytes;  // As on the wire: what the codec loses is lost here as well.
  };

  explicit VirtualNetwork(Random& random) : random_(random) {}

  void SetFaults(const Faults& faults) { faults_ = faults; }
  void Cut(raft::NodeId from, raft::NodeId to) { cut_.insert({from, to}); }
  void Heal() { cut_.clear(); }

  void Send(uint64_t now_ms, raft::NodeId from, raft::NodeId to, const raft::Message& message) {
    if (cut_.contains({from, to}) || random_.Percent(faults_.drop_percent)) return;
    Letter letter{from, to, {}};
    raft::Encode(message, letter.bytes);
    if (random_.Percent(faults_.duplicate_percent)) Post(now_ms, letter);
    Post(now_ms, std::move(letter));
  }

  // Takes the next letter that is due; false if none is.
  bool Receive(uint64_t now_ms, Letter& letter) {
    while (!flying_.empty() && flying_.begin()->first.first <= now_ms) {
      letter = std::move(flying_.begin()->second);
      flying_.erase(flying_.begin());
      if (!cut_.contains({letter.from, letter.to})) return true;
    }
    return false;
  }

  // For one whose receiver cannot take it now.
  void PutBack(uint64_t due_ms, Letter letter) {
    flying_.emplace(std::pair(due_ms, next_++), std::move(letter));
  }

 private:
  void Post(uint64_t now_ms, Letter letter) {
    const uint64_t delay_ms = random_.Between(faults_.delay_min_ms, faults_.delay_max_ms);
    PutBack(now_ms + delay_ms, std::move(letter));
  }

  Random& random_;
  Faults faults_;
  std::set<std::pair<raft::NodeId, raft::NodeId>> cut_;
  std::map<std::pair<uint64_t, uint64_t>, Letter> flying_;  // By the time it is due, then as sent.
  uint64_t next_ = 0;
};

}  // namespace sim
