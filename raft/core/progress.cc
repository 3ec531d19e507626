#include "raft/core/progress.h"

#include <cassert>

namespace raft {

void Inflights::Add(Index last, size_t bytes) {
  assert(!Full());
  if (count_ == ring_.size()) {
    std::vector<Sent> larger(std::min(std::max<size_t>(8, 2 * count_), limits_.messages_max));
    for (size_t i = 0; i < count_; ++i) larger[i] = ring_[(head_ + i) % count_];
    ring_ = std::move(larger);
    head_ = 0;
  }
  ring_[(head_ + count_) % ring_.size()] = {last, bytes};
  ++count_;
  bytes_ += bytes;
}

void Inflights::FreeUpTo(Index match) {
  while (count_ > 0 && ring_[head_].last <= match) {
    bytes_ -= ring_[head_].bytes;
    head_ = (head_ + 1) % ring_.size();
    --count_;
  }
}

void Inflights::Clear() {
  head_ = 0;
  count_ = 0;
  bytes_ = 0;
}

bool Progress::Paused() const {
  switch (state) {
    case State::kProbe:
      return probe_sent;
    case State::kReplicate:
      return inflights.Full();
    case State::kSnapshot:
      return true;
  }
  return true;
}

void Progress::BecomeProbe(Index next_index) {
  assert(next_index > match);  // What is acknowledged is never sent again.
  state = State::kProbe;
  next = next_index;
  probe_sent = false;
  inflights.Clear();
}

void Progress::BecomeReplicate() {
  state = State::kReplicate;
  next = match + 1;
  probe_sent = false;
  inflights.Clear();
}

void Progress::BecomeSnapshot() {
  state = State::kSnapshot;
  probe_sent = false;
  inflights.Clear();
}

bool Progress::Acknowledge(Index index) {
  inflights.FreeUpTo(index);
  if (index <= match) return false;
  match = index;
  next = std::max(next, index + 1);
  return true;
}

}  // namespace raft
