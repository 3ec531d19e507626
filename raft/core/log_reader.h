// Entries that are no longer in the core's window, read back from where they were stored.
#pragma once

#include <vector>

#include "raft/core/types.h"

namespace raft {

class LogReader {
 public:
  virtual ~LogReader() = default;

  // The term of the stored entry at `index`, or nullopt when it was compacted away or never stored.
  virtual std::optional<Term> TermAt(Index index) const = 0;

  // Entries from `first` on, in order, without a hole, up to about `bytes_max` (at least one if
  // there is one). Empty when `first` was compacted away or cannot be read.
  virtual std::vector<Entry> Read(Index first, size_t bytes_max) const = 0;
};

}  // namespace raft
