// Remembers which log index last wrote a key, so that a read never reveals an uncommitted write
// (DESIGN §2, rule 2). Fixed size: keys that share a place only wait a little longer than needed.
#pragma once

#include <array>
#include <cstdint>

#include "raft/core/types.h"

namespace server {

class HazardTable {
 public:
  void Wrote(uint64_t key_hash, raft::Index index) {
    places_[key_hash % kPlaces] = index;
    newest_ = index;
  }
  void WroteAll(raft::Index index) {
    places_.fill(index);
    newest_ = index;
  }
  // What was written was replaced: its indexes may never come again, and nobody must wait for them.
  void Forget() { WroteAll(0); }
  raft::Index LastWrite(uint64_t key_hash) const { return places_[key_hash % kPlaces]; }
  raft::Index newest() const { return newest_; }

 private:
  static constexpr size_t kPlaces = 4096;
  std::array<raft::Index, kPlaces> places_{};
  raft::Index newest_ = 0;
};

}  // namespace server
