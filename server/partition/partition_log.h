// The two kinds of log that a replica may write to: its share of the shard's log on disk, or none
// (appendonly no, alone).
#pragma once

#include <deque>

#include "raft/replica.h"
#include "storage/shared_log.h"

namespace server {

// Joins one partition's replica to the shard's log: remembers which sequence makes which ticket
// durable.
class PartitionLog final : public raft::LogStorage {
 public:
  PartitionLog(storage::SharedLog& log, storage::PartitionId partition)
      : log_(log), partition_(partition) {}

  void Store(uint64_t ticket, const std::optional<raft::HardState>& hard_state,
             std::span<const raft::Entry> entries) override;
  void ResetTo(const raft::SnapshotInfo& info) override;
  std::optional<raft::Term> TermAt(raft::Index index) const override;
  std::vector<raft::Entry> Read(raft::Index first, size_t bytes_max) const override;

  // The last ticket whose work is done once the log is safe up to `sequence`; nullopt if there is
  // no new one.
  std::optional<uint64_t> TakeStored(uint64_t sequence);

 private:
  struct Pending {
    uint64_t ticket;
    uint64_t sequence;
  };

  storage::SharedLog& log_;
  const storage::PartitionId partition_;
  std::deque<Pending> pending_;
};

// Keeps nothing: for a node that is alone and runs without files. What it is given counts as
// stored.
class NoLog final : public raft::LogStorage {
 public:
  void Store(uint64_t ticket, const std::optional<raft::HardState>&,
             std::span<const raft::Entry>) override {
    stored_ = ticket;
  }
  void ResetTo(const raft::SnapshotInfo&) override {}
  std::optional<raft::Term> TermAt(raft::Index) const override { return std::nullopt; }
  std::vector<raft::Entry> Read(raft::Index, size_t) const override { return {}; }

  std::optional<uint64_t> TakeStored() { return std::exchange(stored_, std::nullopt); }

 private:
  std::optional<uint64_t> stored_;
};

}  // namespace server
