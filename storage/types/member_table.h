// A hash table of nodes that are found by a string: what large hashes, sets and sorted sets are
// made of.
//
// A node is an allocation of the caller's; `key_offset` bytes into it stand a varint length and the
// key. The table is extendible hashing: a directory over the top bits of the hash leads to segments
// of at most 64 slots, and a full segment splits alone, so no insertion pauses at any size. A slot
// holds the node's address and 16 low bits of the hash, so a search touches a node only where these
// match.
//
// Iteration is in hash order by segments. A scan's cursor is a place in the space of hashes, which
// no split or merge moves, so a scan sees every member that stays from its start to its end.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "storage/function_ref.h"
#include "storage/types/varint.h"

namespace storage {

class MemberTable {
 public:
  MemberTable(uint64_t seed, size_t key_offset);  // Frees no nodes: they are the caller's.
  ~MemberTable();
  MemberTable(const MemberTable&) = delete;
  MemberTable& operator=(const MemberTable&) = delete;

  uint64_t Hash(std::string_view key) const;
  char* Find(std::string_view key, uint64_t hash) const;  // Null if not there.
  char* Find(std::string_view key) const { return Find(key, Hash(key)); }
  void Insert(char* node, uint64_t hash);  // Its key must not be there.
  // The same key in another allocation.
  void Replace(const char* old_node, char* new_node, uint64_t hash);
  char* Remove(std::string_view key);  // The node, now the caller's; null if not there.

  size_t size() const { return size_; }
  size_t memory_bytes() const { return memory_bytes_; }
  std::string_view KeyOf(const char* node) const {
    uint64_t size;
    const char* key = GetVarint(node + key_offset_, size);
    return {key, size};
  }

  // Each node with the same probability. Must not be empty.
  char* Random(uint64_t random) const;
  void ForEach(FunctionRef<void(char*)> visit) const;
  // Visits at least about `count` nodes from `cursor` (0: the start); returns where to go on, 0 at
  // the end.
  uint64_t Scan(uint64_t cursor, size_t count, FunctionRef<void(char*)> visit) const;

 private:
  struct Segment {
    uint32_t capacity;  // A power of two.
    uint32_t used = 0;
    uint32_t depth;  // How many top bits of the hash its nodes share.
    uint64_t slots[1];
  };

  static Segment* NewSegment(uint32_t capacity, uint32_t depth);
  static size_t SegmentBytes(uint32_t capacity);
  static void Put(Segment* segment, uint64_t slot);
  static void Take(Segment* segment, uint32_t at);
  void FreeSegment(Segment* segment);
  size_t IndexOf(uint64_t hash) const { return depth_ == 0 ? 0 : hash >> (64 - depth_); }
  void Point(Segment* segment, size_t first);  // The directory's run from `first` leads there.
  Segment* Resized(Segment* segment, uint32_t capacity, size_t index);
  void Split(size_t index);
  void MergeOrShrink(size_t index);
  void HalveDirectory();

  uint64_t seed_;
  uint32_t key_offset_;
  uint32_t depth_ = 0;
  size_t size_ = 0;
  size_t memory_bytes_ = 0;
  size_t deepest_ = 1;  // Segments as deep as the directory: at none, it is halved.
  std::vector<Segment*> directory_;
};

}  // namespace storage
