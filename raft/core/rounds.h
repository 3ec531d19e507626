// Numbers the rounds in which a leader asks its followers whether it still leads, and remembers
// when each round left. An answer names its round, so that an answer to an old question never
// confirms a new read (FAULTS C5), and a lease counts from the sending of the round that was
// answered.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

namespace raft {

class Rounds {
 public:
  // The number of the next round to leave. Stays the same until it has left.
  uint64_t Open() {
    if (!pending_) {
      ++current_;
      pending_ = true;
    }
    return current_;
  }

  void MarkSent(uint64_t now_ms) {
    sent_[current_ % sent_.size()] = {current_, now_ms};
    pending_ = false;
  }

  bool pending() const { return pending_; }
  uint64_t current() const { return current_; }
  uint64_t last_sent() const { return pending_ ? current_ - 1 : current_; }

  // When `round` left; nullopt if that is too long ago to be remembered, or never happened.
  std::optional<uint64_t> SentAt(uint64_t round) const {
    const Sent& sent = sent_[round % sent_.size()];
    if (round == 0 || sent.round != round) return std::nullopt;
    return sent.at_ms;
  }

 private:
  struct Sent {
    uint64_t round = 0;
    uint64_t at_ms = 0;
  };
  uint64_t current_ = 0;
  bool pending_ = false;
  std::array<Sent, 64> sent_{};  // By round modulo its size.
};

}  // namespace raft
