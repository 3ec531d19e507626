// Where one partition's entries lie in a shared log, and the rest of what the log knows of it. In
// memory only: the shared log writes records so that recovery can build it again.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "raft/core/types.h"

namespace storage {

// Where one entry's record begins. Kept for every entry, so it is kept small.
struct EntryPlace {
  uint64_t offset = 0;
  uint32_t segment = 0;
  uint32_t payload_bytes = 0;
  raft::Term term = 0;
};
static_assert(sizeof(EntryPlace) == 24);

class PartitionLog {
 public:
  // The index must lie above base(), and at most one above last(). What was at or above it is gone.
  void Append(raft::Index index, const EntryPlace& place);
  void Reset(raft::Position start);
  // Forgets entries up to there.
  void Release(raft::Position position);
  // For recovery: the base was only said to be the last entry before the oldest segment, and now
  // `index`, at or below it, replaces what followed. The base becomes what precedes `index`.
  void Rebase(raft::Index index);

  // The position just before the first entry: where the log goes on when it has none.
  raft::Position base() const { return base_; }
  raft::Position last() const;
  bool empty() const { return places_.empty(); }
  const EntryPlace* Find(raft::Index index) const;  // Null if there is none.
  std::optional<raft::Term> TermAt(raft::Index index) const;
  uint64_t payload_bytes() const { return payload_bytes_; }

  raft::HardState hard_state;
  raft::Position released;  // Entries up to here may be missing on disk.
  uint32_t ordinal = 0;     // Of the last record.
  bool corrupt = false;     // Until the next Reset.

 private:
  raft::Position base_;
  std::deque<EntryPlace> places_;  // From base_.index + 1 on.
  uint64_t payload_bytes_ = 0;
};

}  // namespace storage
