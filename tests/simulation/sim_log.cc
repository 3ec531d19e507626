#include "tests/simulation/sim_log.h"

#include <cassert>

namespace sim {

raft::Position SimLog::Image::last() const {
  return entries.empty() ? base : raft::Position{entries.back().term, entries.back().index};
}

void SimLog::Image::Put(const std::vector<raft::Entry>& more) {
  for (const raft::Entry& entry : more) {
    if (entry.index <= base.index) continue;  // Compacted since it was handed over.
    while (!entries.empty() && entries.back().index >= entry.index) entries.pop_back();
    assert(entry.index == last().index + 1);
    entries.push_back(entry);
  }
}

void SimLog::Image::CompactTo(raft::Position to) {
  if (to.index <= base.index) return;
  if (last().index <= to.index) {
    entries.clear();
  } else {
    entries.erase(entries.begin(), entries.begin() + static_cast<long>(to.index - base.index));
  }
  base = to;
}

std::optional<raft::Term> SimLog::TermAt(raft::Index index) const {
  if (index == volatile_.base.index) return volatile_.base.term;
  if (index < volatile_.base.index || index > volatile_.last().index) return std::nullopt;
  return volatile_.entries[index - volatile_.base.index - 1].term;
}

std::vector<raft::Entry> SimLog::Read(raft::Index first, size_t bytes_max) const {
  std::vector<raft::Entry> read;
  if (first <= volatile_.base.index) return read;
  size_t bytes = 0;
  for (size_t i = first - volatile_.base.index - 1; i < volatile_.entries.size(); ++i) {
    bytes += volatile_.entries[i].payload_bytes();
    if (!read.empty() && bytes > bytes_max) break;
    read.push_back(volatile_.entries[i]);
  }
  return read;
}

void SimLog::Store(uint64_t ticket, const std::optional<raft::HardState>& hard_state,
                   std::span<const raft::Entry> entries) {
  assert(writes_.empty() || ticket > writes_.back().ticket);
  Write write{ticket, hard_state, {entries.begin(), entries.end()}};
  for (const raft::Entry& entry : write.entries) {
    if (!on_store) break;
    const raft::Index before = entry.index - 1;
    const bool first = &entry == &write.entries.front();
    const raft::Term term = first ? TermAt(before).value_or(0) : (&entry - 1)->term;
    on_store(entry, {term, before});
  }
  if (hard_state) volatile_.hard_state = *hard_state;
  volatile_.Put(write.entries);
  writes_.push_back(std::move(write));
}

void SimLog::ResetTo(const raft::SnapshotInfo& info) {
  for (Image* image : {&volatile_, &durable_}) {
    image->entries.clear();
    image->base = info.last;
  }
  for (Write& write : writes_) write.entries.clear();
}

std::optional<uint64_t> SimLog::Sync() {
  if (writes_.empty()) return std::nullopt;
  const Write write = std::move(writes_.front());
  writes_.pop_front();
  if (write.hard_state && !forget_votes) durable_.hard_state = *write.hard_state;
  if (write.hard_state && forget_votes) durable_.hard_state.term = write.hard_state->term;
  durable_.Put(write.entries);
  return write.ticket;
}

void SimLog::Crash() {
  writes_.clear();
  volatile_ = durable_;
}

void SimLog::Compact(raft::Index up_to) {
  up_to = std::min(up_to, durable_.last().index);
  const std::optional<raft::Term> term = TermAt(up_to);
  if (!term) return;
  durable_.CompactTo({*term, up_to});
  volatile_.CompactTo({*term, up_to});
}

}  // namespace sim
