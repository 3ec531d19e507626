#include "server/partition/partition_log.h"

#include <algorithm>

namespace server {

void PartitionLog::Store(uint64_t ticket, const std::optional<raft::HardState>& hard_state,
                         std::span<const raft::Entry> entries) {
  uint64_t sequence = 0;
  if (hard_state) sequence = log_.AppendHardState(partition_, *hard_state);
  if (!entries.empty()) sequence = std::max(sequence, log_.AppendEntries(partition_, entries));
  pending_.push_back({ticket, sequence});
}

void PartitionLog::ResetTo(const raft::SnapshotInfo& info) { log_.Reset(partition_, info.last); }

std::optional<raft::Term> PartitionLog::TermAt(raft::Index index) const {
  return log_.TermAt(partition_, index);
}

std::vector<raft::Entry> PartitionLog::Read(raft::Index first, size_t bytes_max) const {
  return log_.Read(partition_, first, bytes_max);
}

std::optional<uint64_t> PartitionLog::TakeStored(uint64_t sequence) {
  std::optional<uint64_t> ticket;
  while (!pending_.empty() && pending_.front().sequence <= sequence) {
    ticket = pending_.front().ticket;
    pending_.pop_front();
  }
  return ticket;
}

}  // namespace server
