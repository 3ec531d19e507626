// Keys deleted since the last capture began, to be read out in order of (hash, key). Deleting only
// appends; a bin of hashes is sorted when the reader comes to it, so that there is no pause.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace storage {

class Tombstones {
 public:
  void Add(uint64_t hash, std::string_view key);
  void AddAll(const Tombstones& other);
  void Clear() { bins_.clear(); }
  bool empty() const { return bins_.empty(); }

 private:
  friend class TombstoneReader;
  static constexpr int kBinBits = 10;

  // A bin holds, one after another: hash u64 | key size u32 | key.
  std::vector<std::string> bins_;  // Empty until the first key.
};

// Reads tombstones in order, each key once.
class TombstoneReader {
 public:
  explicit TombstoneReader(const Tombstones& tombstones) : tombstones_(tombstones) { Settle(); }

  bool done() const { return done_; }
  uint64_t hash() const { return sorted_[next_].first; }
  std::string_view key() const { return sorted_[next_].second; }
  void Advance();

 private:
  void Settle();  // Goes on to the next bin that holds anything, once this one is used up.

  const Tombstones& tombstones_;
  std::vector<std::pair<uint64_t, std::string_view>> sorted_;  // Of one bin, viewing it.
  size_t next_ = 0;
  size_t next_bin_ = 0;
  bool done_ = false;
};

}  // namespace storage
