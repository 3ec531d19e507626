// The log as the core sees it: recent entries in memory, older ones through a LogReader.
//
//   compacted │ on disk only        │ in the window                              │
//   ──────────┼─────────────────────┼──────────────────────────────┬─────────────┤
//         base_               before_                        stored_  handed_  last
//
// stored_ is durable; handed_ was given out to be stored; what lies between is on its way.
#pragma once

#include <vector>

#include "raft/core/log_reader.h"
#include "raft/core/types.h"

namespace raft {

class Log {
 public:
  // Entries after `base` and up to `last` are durable and can be read from `reader`.
  Log(const LogReader& reader, Position base, Position last);

  Position last() const;
  Index stored() const { return stored_; }
  size_t window_bytes() const { return window_bytes_; }

  // nullopt for a place that was compacted away or does not exist yet.
  std::optional<Term> TermAt(Index index) const;
  // The entry if it is in the window, else nullptr. Valid until the log changes.
  const Entry* Find(Index index) const;
  // Appends to `out` the entries from `first` on, up to `bytes_max` but at least one, if any
  // follows. Returns false if `first` was compacted away.
  bool Read(Index first, size_t bytes_max, std::vector<Entry>& out) const;
  // The last place at or before `index` whose term is at most `term`: where a log that has `term`
  // there may still be equal to this one. Skips a whole term at a step. Raft paper §5.3, last part.
  Position LastNotAbove(Term term, Index index) const;

  void Append(Entry entry);
  void TruncateTo(Index last_kept);
  // Everything up to `base` is in the state machine, and nothing follows.
  void ResetTo(Position base);
  // Everything up to `base` is in the state machine; what follows stays.
  void MoveBase(Position base) { base_ = base; }

  // Moves what was not yet given out to be stored to the end of `out`.
  void TakeUnstored(std::vector<Entry>& out);
  bool HasUnstored() const { return handed_ < last().index; }
  void StoredUpTo(Index index);

  // Forgets entries up to `up_to`, if they are stored.
  void Release(Index up_to);
  // Forgets the oldest entries up to `up_to`, if they are stored, until `bytes_max` are left.
  void ReleaseAbove(size_t bytes_max, Index up_to);

 private:
  const Entry& At(size_t offset) const { return ring_[(head_ + offset) & (ring_.size() - 1)]; }
  void PopFront();
  void ClearWindow(Position before);

  const LogReader& reader_;
  Position base_;
  Position before_;  // The place just before the first entry in the window.
  Index stored_;
  Index handed_;

  std::vector<Entry> ring_;  // Its size is a power of two.
  size_t head_ = 0;
  size_t count_ = 0;
  size_t window_bytes_ = 0;
};

}  // namespace raft
