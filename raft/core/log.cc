#include "raft/core/log.h"

#include <cassert>
#include <utility>

namespace raft {
namespace {

// What an entry costs in memory besides its payload, so that many empty ones are bounded as well.
constexpr size_t kEntryOverheadBytes = 64;

size_t CostOf(const Entry& entry) { return entry.payload_bytes() + kEntryOverheadBytes; }

}  // namespace

Log::Log(const LogReader& reader, Position base, Position last)
    : reader_(reader), base_(base), before_(last), stored_(last.index), handed_(last.index) {
  assert(last.index >= base.index);
}

Position Log::last() const {
  if (count_ == 0) return before_;
  const Entry& newest = At(count_ - 1);
  return {newest.term, newest.index};
}

std::optional<Term> Log::TermAt(Index index) const {
  if (const Entry* entry = Find(index)) return entry->term;
  if (index == before_.index) return before_.term;
  if (index == base_.index) return base_.term;
  if (index > before_.index) return std::nullopt;
  if (index == 0) return 0;
  return reader_.TermAt(index);
}

const Entry* Log::Find(Index index) const {
  if (index <= before_.index || index > before_.index + count_) return nullptr;
  return &At(index - before_.index - 1);
}

bool Log::Read(Index first, size_t bytes_max, std::vector<Entry>& out) const {
  size_t bytes = 0;
  if (first <= before_.index) {
    // Even below base_ the entries may still be there: segments are kept for slow followers.
    for (Entry& entry : reader_.Read(first, bytes_max)) {
      // The reader may still know entries that were truncated and not yet overwritten.
      if (entry.index != first || entry.index > before_.index) break;
      bytes += entry.payload_bytes();
      if (bytes > bytes_max && !out.empty()) return true;
      out.push_back(std::move(entry));
      ++first;
    }
    if (first <= before_.index) return !out.empty();
  }
  for (const Entry* entry = Find(first); entry != nullptr; entry = Find(++first)) {
    bytes += entry->payload_bytes();
    if (bytes > bytes_max && !out.empty()) break;
    out.push_back(*entry);
  }
  return true;
}

Position Log::LastNotAbove(Term term, Index index) const {
  index = std::min(index, last().index);
  while (index > base_.index) {
    const std::optional<Term> here = TermAt(index);
    if (!here || *here <= term) return {here.value_or(0), index};
    --index;
  }
  return {TermAt(index).value_or(0), index};
}

void Log::Append(Entry entry) {
  assert(entry.index == last().index + 1);  // The log has no holes.
  assert(entry.term >= last().term);        // Terms never go back. Raft paper §5.3.

  if (count_ == ring_.size()) {
    std::vector<Entry> larger(std::max<size_t>(16, 2 * ring_.size()));
    for (size_t i = 0; i < count_; ++i) larger[i] = std::move(ring_[(head_ + i) % ring_.size()]);
    ring_ = std::move(larger);
    head_ = 0;
  }
  window_bytes_ += CostOf(entry);
  ring_[(head_ + count_) & (ring_.size() - 1)] = std::move(entry);
  ++count_;
}

void Log::TruncateTo(Index last_kept) {
  assert(last_kept < last().index);
  if (last_kept <= before_.index) {
    const std::optional<Term> term = TermAt(last_kept);
    assert(term);  // The caller has just compared it with the leader's.
    ClearWindow({*term, last_kept});
  }
  while (before_.index + count_ > last_kept) {
    Entry& newest = ring_[(head_ + count_ - 1) & (ring_.size() - 1)];
    window_bytes_ -= CostOf(newest);
    newest.payload.reset();
    --count_;
  }
  stored_ = std::min(stored_, last_kept);
  handed_ = std::min(handed_, last_kept);
}

void Log::ResetTo(Position base) {
  base_ = base;
  ClearWindow(base);
  stored_ = base.index;
  handed_ = base.index;
}

void Log::TakeUnstored(std::vector<Entry>& out) {
  for (const Entry* entry = Find(handed_ + 1); entry != nullptr; entry = Find(handed_ + 1)) {
    out.push_back(*entry);
    ++handed_;
  }
}

void Log::StoredUpTo(Index index) {
  // A write may end after its entries were truncated: it stands for those that are left.
  stored_ = std::max(stored_, std::min(index, handed_));
}

void Log::Release(Index up_to) { ReleaseAbove(0, up_to); }

void Log::ReleaseAbove(size_t bytes_max, Index up_to) {
  up_to = std::min(up_to, stored_);
  while (count_ > 0 && before_.index < up_to && window_bytes_ > bytes_max) PopFront();
}

void Log::PopFront() {
  Entry& oldest = ring_[head_];
  before_ = {oldest.term, oldest.index};
  window_bytes_ -= CostOf(oldest);
  oldest.payload.reset();
  head_ = (head_ + 1) & (ring_.size() - 1);
  --count_;
}

void Log::ClearWindow(Position before) {
  while (count_ > 0) PopFront();
  before_ = before;
  head_ = 0;
}

}  // namespace raft
