// A log whose writes become durable one by one, when told so; a crash loses those that are not.
#pragma once

#include <deque>
#include <functional>

#include "raft/replica.h"

namespace sim {

class SimLog : public raft::LogStorage {
 public:
  // What a disk holds.
  struct Image {
    raft::HardState hard_state;
    raft::Position base;  // Compacted up to here.
    std::vector<raft::Entry> entries;

    raft::Position last() const;
    void Put(const std::vector<raft::Entry>& more);
    void CompactTo(raft::Position to);
  };

  std::optional<raft::Term> TermAt(raft::Index index) const override;
  std::vector<raft::Entry> Read(raft::Index first, size_t bytes_max) const override;
  void Store(uint64_t ticket, const std::optional<raft::HardState>& hard_state,
             std::span<const raft::Entry> entries) override;
  void ResetTo(const raft::SnapshotInfo& info) override;

  // Makes the oldest write durable and returns its ticket; nullopt if there is none.
  std::optional<uint64_t> Sync();
  bool HasUnsynced() const { return !writes_.empty(); }
  void Crash();  // What was not synced never was.
  void Compact(raft::Index up_to);

  const Image& durable() const { return durable_; }
  // Called with every entry that is stored, and the place before it.
  std::function<void(const raft::Entry&, raft::Position)> on_store;
  bool forget_votes = false;  // A bug to plant: the vote is said to be on disk, and is not.

 private:
  struct Write {
    uint64_t ticket;
    std::optional<raft::HardState> hard_state;
    std::vector<raft::Entry> entries;
  };
  Image durable_;
  Image volatile_;  // What the running process reads back.
  std::deque<Write> writes_;
};

}  // namespace sim
