// What a leader knows of one follower, and how fast it may send to it. The three states are etcd's.
#pragma once

#include <vector>

#include "raft/core/types.h"

namespace raft {

// Appends that were sent and not yet acknowledged, oldest first.
class Inflights {
 public:
  struct Limits {
    size_t messages_max = 256;
    size_t bytes_max = 4 << 20;
  };

  explicit Inflights(Limits limits) : limits_(limits) {}

  bool Full() const { return count_ >= limits_.messages_max || bytes_ >= limits_.bytes_max; }
  bool Empty() const { return count_ == 0; }
  void Add(Index last, size_t bytes);
  void FreeUpTo(Index match);
  void Clear();

 private:
  struct Sent {
    Index last = 0;
    size_t bytes = 0;
  };
  Limits limits_;
  std::vector<Sent> ring_;  // Grows to what is needed, at most messages_max.
  size_t head_ = 0;
  size_t count_ = 0;
  size_t bytes_ = 0;
};

struct Progress {
  enum class State {
    kProbe,      // Where the logs part is not known: one append at a time.
    kReplicate,  // It is known: appends are sent ahead of their acknowledgements.
    kSnapshot,   // The entries it needs are gone: nothing is sent until it has a snapshot.
  };

  Progress(NodeId node, Index next_index, Inflights::Limits limits)
      : id(node), next(next_index), inflights(limits) {}

  bool Paused() const;
  void BecomeProbe(Index next_index);
  void BecomeReplicate();
  void BecomeSnapshot();

  // The follower has everything up to `index` on disk. Returns true if that is news.
  bool Acknowledge(Index index);

  NodeId id;
  State state = State::kProbe;
  Index match = 0;  // Known to be equal to ours, and durable.
  Index next = 1;   // The first entry to send.
  bool probe_sent = false;
  bool moved = false;            // `match` rose since the last heartbeat was answered.
  uint64_t confirmed_round = 0;  // The latest round that it answered.
  Inflights inflights;
};

}  // namespace raft
