#include "server/net/output_queue.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace server {
namespace {

constexpr size_t kKeptCapacity = 64 << 10;  // A larger buffer is given back once it is empty.

}  // namespace

bool OutputQueue::IsOpen(const Mark& mark) const {
  if (mark.place != 0) return mark.filled;
  return mark.blocked.partition == nullptr || mark.blocked.partition->IsOpen(mark.blocked.gate);
}

void OutputQueue::Close(Partition* partition, const Gate& gate) {
  const size_t size = bytes_.size() - closed_;
  closed_ = bytes_.size();
  const bool gated = !gate.open();
  if (!gated && marks_.empty()) {
    ready_ = closed_;
    return;
  }
  if (!marks_.empty()) {
    Mark& last = marks_.back();
    // An open reply of the same partition leaves with the closed one before it.
    const bool joins = partition != nullptr && last.blocked.partition == partition &&
                       (!gated || last.blocked.gate == gate);
    if (last.place == 0 && joins) {
      last.size += size;
      ++last.replies;
      return;
    }
  }
  Mark mark;
  mark.size = size;
  mark.replies = 1;
  mark.order = last_place_;
  if (gated) mark.blocked = {partition, gate};
  marks_.push_back(std::move(mark));
}

void OutputQueue::Discard() { bytes_.resize(closed_); }

uint64_t OutputQueue::Reserve() {
  assert(bytes_.size() == closed_);
  Mark mark;
  mark.replies = 1;
  mark.place = mark.order = ++last_place_;
  ++unfilled_;
  marks_.push_back(std::move(mark));
  return last_place_;
}

void OutputQueue::Fill(uint64_t place, std::string reply) {
  // `order` never falls from one mark to the next, and rises at each reserved one.
  const auto found = std::partition_point(marks_.begin(), marks_.end(),
                                          [&](const Mark& mark) { return mark.order < place; });
  assert(found != marks_.end() && found->place == place && !found->filled);
  found->filled = true;
  --unfilled_;
  reserved_bytes_ += reply.size();
  found->reply = std::move(reply);
}

std::string_view OutputQueue::Ready() {
  while (!marks_.empty() && IsOpen(marks_.front())) {
    Mark& mark = marks_.front();
    if (mark.place != 0) {
      bytes_.insert(ready_, mark.reply);
      ready_ += mark.reply.size();
      closed_ += mark.reply.size();
      reserved_bytes_ -= mark.reply.size();
    } else {
      ready_ += mark.size;
    }
    marks_.pop_front();
  }
  return std::string_view(bytes_).substr(head_, ready_ - head_);
}

void OutputQueue::Consume(size_t size) {
  head_ += size;
  assert(head_ <= ready_);
  if (head_ == bytes_.size()) {
    bytes_.clear();
    if (bytes_.capacity() > kKeptCapacity) bytes_.shrink_to_fit();
    head_ = ready_ = closed_ = 0;
  } else if (head_ >= (1 << 20)) {
    bytes_.erase(0, head_);
    ready_ -= head_;
    closed_ -= head_;
    head_ = 0;
  }
}

std::string OutputQueue::TakeReady(size_t& begin) {
  const std::string_view ready = Ready();
  if (ready_ == bytes_.size()) {
    begin = head_;
    head_ = ready_ = closed_ = 0;
    return std::exchange(bytes_, {});
  }
  begin = 0;
  std::string copy(ready);
  Consume(ready.size());
  return copy;
}

const OutputQueue::Blocked* OutputQueue::TakeBlocked() {
  if (marks_.empty() || marks_.front().announced || marks_.front().place != 0) return nullptr;
  if (IsOpen(marks_.front())) return nullptr;  // It waits for the socket, or has failed.
  marks_.front().announced = true;
  return &marks_.front().blocked;
}

void OutputQueue::Fail(const Partition* partition, raft::Index above, std::string_view error) {
  size_t offset = ready_;
  for (Mark& mark : marks_) {
    const bool waits = mark.place == 0 && mark.blocked.partition == partition && !IsOpen(mark);
    if (waits && mark.blocked.gate.FailsAbove(above)) {
      std::string replacement;
      for (uint32_t i = 0; i < mark.replies; ++i) replacement.append(error);
      bytes_.replace(offset, mark.size, replacement);
      closed_ = closed_ - mark.size + replacement.size();
      mark.size = replacement.size();
      mark.blocked = {nullptr, {}};
    }
    offset += mark.size;
  }
}

}  // namespace server
