// A connection's replies in order, each released when its gate opens (DESIGN §2, rule 1).
//
// Replies are written into one buffer; marks say which stretch of it waits for what. Neighbours
// that wait for the same gate share a mark, so a pipeline of writes costs one. A reply that comes
// from elsewhere (another shard, a merge) has a mark of its own with a buffer of its own.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "server/partition/partition.h"

namespace server {

class OutputQueue {
 public:
  // Where the next reply is appended; after it is written, Close says what it waits for.
  std::string& buffer() { return bytes_; }
  // The reply that was appended since the last Close. `partition` may be null when the gate is
  // open.
  void Close(Partition* partition, const Gate& gate);
  // Takes back what was appended since the last Close (CLIENT REPLY OFF).
  void Discard();

  // A place for a reply that comes later; its number is for Fill.
  uint64_t Reserve();
  void Fill(uint64_t place, std::string reply);

  // Bytes that may leave now, in order. View them, send some, then Consume what was sent: that ends
  // the view.
  std::string_view Ready();
  void Consume(size_t size);
  // All bytes of Ready from `begin` on: without a copy if nothing else is here.
  std::string TakeReady(size_t& begin);

  // The first mark's partition and gate if it is what everything waits for, unless it was handed
  // out before.
  struct Blocked {
    Partition* partition;
    Gate gate;
  };
  const Blocked* TakeBlocked();

  // Replies of `partition` whose closed gates fail (Gate::FailsAbove) become `error` (with CRLF,
  // once for each).
  void Fail(const Partition* partition, raft::Index above, std::string_view error);

  bool empty() const { return marks_.empty() && bytes_.size() == closed_; }
  size_t size() const { return bytes_.size() - head_ + reserved_bytes_; }
  size_t unfilled() const { return unfilled_; }  // Places whose replies have not come yet.
  bool waits() const { return !marks_.empty(); }

 private:
  struct Mark {
    size_t size = 0;  // Bytes in bytes_.
    uint32_t replies = 0;
    Blocked blocked{nullptr, {}};
    uint64_t place = 0;  // Not 0: reserved.
    uint64_t order = 0;  // The last place that was reserved up to here: Fill searches by it.
    bool filled = false;
    bool announced = false;
    std::string reply;  // Of a reserved place.
  };
  bool IsOpen(const Mark& mark) const;

  std::string bytes_;
  size_t head_ = 0;    // Sent up to here.
  size_t ready_ = 0;   // May leave up to here (>= head_).
  size_t closed_ = 0;  // Ends of replies up to here are known.
  size_t reserved_bytes_ = 0;
  size_t unfilled_ = 0;
  uint64_t last_place_ = 0;
  std::deque<Mark> marks_;
};

}  // namespace server
