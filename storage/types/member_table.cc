#include "storage/types/member_table.h"

#include <algorithm>
#include <cassert>
#include <cstdlib>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "storage/types/size_class.h"

namespace storage {

namespace {

constexpr uint32_t kCapacityMin = 4;
constexpr uint32_t kCapacityMax = 64;  // Beyond it a segment splits.
// A segment this deep grows instead: only equal hashes get here, and splitting would not part them.
constexpr uint32_t kDepthMax = 32;
constexpr unsigned kCursorBits = 40;

constexpr uint64_t kAddressMask = (uint64_t{1} << 48) - 1;

uint64_t SlotOf(const char* node, uint64_t hash) {
  const uint64_t address = reinterpret_cast<uint64_t>(node);
  assert((address & ~kAddressMask) == 0);
  return hash << 48 | address;
}
char* NodeOf(uint64_t slot) { return reinterpret_cast<char*>(slot & kAddressMask); }

// A full segment is one with an eighth of its slots empty: searches end at an empty one.
bool IsFull(uint32_t used, uint32_t capacity) { return used >= capacity - (capacity + 7) / 8; }

uint64_t Mixed(uint64_t x) {  // splitmix64
  x += 0x9e3779b97f4a7c15;
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
  x = (x ^ x >> 27) * 0x94d049bb133111eb;
  return x ^ x >> 31;
}

}  // namespace

MemberTable::MemberTable(uint64_t seed, size_t key_offset)
    : seed_(seed), key_offset_(static_cast<uint32_t>(key_offset)) {
  directory_.push_back(NewSegment(kCapacityMin, 0));
  memory_bytes_ = SegmentBytes(kCapacityMin) + AllocatedSize(sizeof(Segment*));
}

MemberTable::~MemberTable() {
  for (size_t i = 0; i < directory_.size();) {
    Segment* segment = directory_[i];
    i += size_t{1} << (depth_ - segment->depth);
    std::free(segment);
  }
}

size_t MemberTable::SegmentBytes(uint32_t capacity) {
  return AllocatedSize(offsetof(Segment, slots) + capacity * sizeof(uint64_t));
}

MemberTable::Segment* MemberTable::NewSegment(uint32_t capacity, uint32_t depth) {
  auto* segment = static_cast<Segment*>(std::calloc(1, SegmentBytes(capacity)));
  assert(segment != nullptr);
  segment->capacity = capacity;
  segment->depth = depth;
  return segment;
}

void MemberTable::FreeSegment(Segment* segment) {
  memory_bytes_ -= SegmentBytes(segment->capacity);
  std::free(segment);
}

uint64_t MemberTable::Hash(std::string_view key) const {
  return XXH3_64bits_withSeed(key.data(), key.size(), seed_);
}

char* MemberTable::Find(std::string_view key, uint64_t hash) const {
  const Segment* segment = directory_[IndexOf(hash)];
  const uint32_t mask = segment->capacity - 1;
  const uint64_t tag = hash & 0xffff;
  for (uint32_t at = static_cast<uint32_t>(tag) & mask; segment->slots[at] != 0;
       at = (at + 1) & mask) {
    const uint64_t slot = segment->slots[at];
    if (slot >> 48 == tag && KeyOf(NodeOf(slot)) == key) return NodeOf(slot);
  }
  return nullptr;
}

void MemberTable::Put(Segment* segment, uint64_t slot) {
  const uint32_t mask = segment->capacity - 1;
  uint32_t at = static_cast<uint32_t>(slot >> 48) & mask;
  while (segment->slots[at] != 0) at = (at + 1) & mask;
  segment->slots[at] = slot;
  ++segment->used;
}

void MemberTable::Insert(char* node, uint64_t hash) {
  for (;;) {
    const size_t index = IndexOf(hash);
    Segment* segment = directory_[index];
    if (!IsFull(segment->used, segment->capacity)) {
      Put(segment, SlotOf(node, hash));
      ++size_;
      return;
    }
    if (segment->capacity < kCapacityMax || segment->depth >= kDepthMax) {
      Resized(segment, segment->capacity * 2, index);
    } else {
      Split(index);
    }
  }
}

void MemberTable::Replace(const char* old_node, char* new_node, uint64_t hash) {
  Segment* segment = directory_[IndexOf(hash)];
  const uint64_t old_slot = SlotOf(old_node, hash);
  const uint32_t mask = segment->capacity - 1;
  uint32_t at = static_cast<uint32_t>(hash & 0xffff) & mask;
  while (segment->slots[at] != old_slot) {
    assert(segment->slots[at] != 0);
    at = (at + 1) & mask;
  }
  segment->slots[at] = SlotOf(new_node, hash);
}

// Linear probing without tombstones: what stood behind the hole moves up, unless its home is behind
// it.
void MemberTable::Take(Segment* segment, uint32_t at) {
  const uint32_t mask = segment->capacity - 1;
  uint32_t hole = at;
  for (uint32_t next = (hole + 1) & mask; segment->slots[next] != 0; next = (next + 1) & mask) {
    const uint32_t home = static_cast<uint32_t>(segment->slots[next] >> 48) & mask;
    if (((next - home) & mask) < ((next - hole) & mask)) continue;
    segment->slots[hole] = segment->slots[next];
    hole = next;
  }
  segment->slots[hole] = 0;
  --segment->used;
}

char* MemberTable::Remove(std::string_view key) {
  const uint64_t hash = Hash(key);
  const size_t index = IndexOf(hash);
  Segment* segment = directory_[index];
  const uint32_t mask = segment->capacity - 1;
  const uint64_t tag = hash & 0xffff;
  for (uint32_t at = static_cast<uint32_t>(tag) & mask; segment->slots[at] != 0;
       at = (at + 1) & mask) {
    const uint64_t slot = segment->slots[at];
    if (slot >> 48 != tag || KeyOf(NodeOf(slot)) != key) continue;
    Take(segment, at);
    --size_;
    MergeOrShrink(index);
    return NodeOf(slot);
  }
  return nullptr;
}

void MemberTable::Point(Segment* segment, size_t first) {
  const size_t run = size_t{1} << (depth_ - segment->depth);
  std::fill_n(directory_.begin() + static_cast<ptrdiff_t>(first & ~(run - 1)), run, segment);
}

MemberTable::Segment* MemberTable::Resized(Segment* segment, uint32_t capacity, size_t index) {
  Segment* resized = NewSegment(capacity, segment->depth);
  memory_bytes_ += SegmentBytes(capacity);
  for (uint32_t i = 0; i < segment->capacity; ++i) {
    if (segment->slots[i] != 0) Put(resized, segment->slots[i]);
  }
  Point(resized, index);
  FreeSegment(segment);
  return resized;
}

void MemberTable::Split(size_t index) {
  Segment* segment = directory_[index];
  if (segment->depth == depth_) {
    std::vector<Segment*> wider(directory_.size() * 2);
    for (size_t i = 0; i < wider.size(); ++i) wider[i] = directory_[i / 2];
    memory_bytes_ -= AllocatedSize(directory_.size() * sizeof(Segment*));
    memory_bytes_ += AllocatedSize(wider.size() * sizeof(Segment*));
    directory_.swap(wider);
    ++depth_;
    deepest_ = 0;
    index *= 2;
  }
  const uint32_t depth = segment->depth + 1;
  Segment* halves[2] = {NewSegment(kCapacityMax, depth), NewSegment(kCapacityMax, depth)};
  memory_bytes_ += 2 * SegmentBytes(kCapacityMax);
  if (depth == depth_) deepest_ += 2;
  for (uint32_t i = 0; i < segment->capacity; ++i) {
    const uint64_t slot = segment->slots[i];
    if (slot == 0) continue;
    Put(halves[Hash(KeyOf(NodeOf(slot))) >> (64 - depth) & 1], slot);
  }
  const size_t run = size_t{1} << (depth_ - depth);
  const size_t first = index & ~(2 * run - 1);
  Point(halves[0], first);
  Point(halves[1], first + run);
  FreeSegment(segment);
}

// A segment mostly empty joins its buddy, so that memory and Random's luck follow the size
// downwards.
void MemberTable::MergeOrShrink(size_t index) {
  Segment* segment = directory_[index];
  if (segment->used >= segment->capacity / 4) return;
  if (segment->depth == 0) {
    if (segment->capacity > kCapacityMin) Resized(segment, segment->capacity / 2, index);
    return;
  }
  const size_t run = size_t{1} << (depth_ - segment->depth);
  Segment* buddy = directory_[index ^ run];
  if (buddy->depth != segment->depth) return;
  if (segment->used + buddy->used > kCapacityMax / 2) return;
  Segment* merged = NewSegment(kCapacityMax, segment->depth - 1);
  memory_bytes_ += SegmentBytes(kCapacityMax);
  for (Segment* half : {segment, buddy}) {
    for (uint32_t i = 0; i < half->capacity; ++i) {
      if (half->slots[i] != 0) Put(merged, half->slots[i]);
    }
    if (half->depth == depth_) --deepest_;
    FreeSegment(half);
  }
  Point(merged, index);
  if (deepest_ == 0) HalveDirectory();
}

void MemberTable::HalveDirectory() {
  while (depth_ > 0 && deepest_ == 0) {
    memory_bytes_ -= AllocatedSize(directory_.size() * sizeof(Segment*));
    std::vector<Segment*> narrower(directory_.size() / 2);
    for (size_t i = 0; i < narrower.size(); ++i) narrower[i] = directory_[2 * i];
    directory_.swap(narrower);
    memory_bytes_ += AllocatedSize(directory_.size() * sizeof(Segment*));
    --depth_;
    for (size_t i = 0; i < directory_.size();) {
      deepest_ += directory_[i]->depth == depth_ ? 1 : 0;
      i += size_t{1} << (depth_ - directory_[i]->depth);
    }
  }
}

// Draws slots until a full one comes up. A shallow segment stands in the directory several times,
// so only its first place counts; else its members would come up more often.
char* MemberTable::Random(uint64_t random) const {
  assert(size_ > 0);
  for (;;) {
    random = Mixed(random);
    const size_t index = IndexOf(random);
    const Segment* segment = directory_[index];
    const size_t run = size_t{1} << (depth_ - segment->depth);
    if ((index & (run - 1)) != 0) continue;
    // Segments differ in capacity only where hashes are equal; the draw is over the largest usual
    // one.
    const uint32_t slots =
        depth_ == 0 ? segment->capacity : std::max(segment->capacity, kCapacityMax);
    const uint64_t slot = segment->slots[random & (slots - 1)];
    if (slot != 0) return NodeOf(slot);
  }
}

void MemberTable::ForEach(FunctionRef<void(char*)> visit) const {
  for (size_t i = 0; i < directory_.size();) {
    const Segment* segment = directory_[i];
    for (uint32_t at = 0; at < segment->capacity; ++at) {
      if (segment->slots[at] != 0) visit(NodeOf(segment->slots[at]));
    }
    i += size_t{1} << (depth_ - segment->depth);
  }
}

uint64_t MemberTable::Scan(uint64_t cursor, size_t count, FunctionRef<void(char*)> visit) const {
  constexpr uint64_t kEnd = uint64_t{1} << kCursorBits;
  size_t visited = 0;
  while (cursor < kEnd) {
    const Segment* segment = directory_[IndexOf(cursor << (64 - kCursorBits))];
    for (uint32_t at = 0; at < segment->capacity; ++at) {
      if (segment->slots[at] != 0) visit(NodeOf(segment->slots[at]));
    }
    visited += segment->used;
    // The next segment begins where this one's share of the hashes ends.
    const uint64_t share = kEnd >> segment->depth;
    cursor = (cursor & ~(share - 1)) + share;
    if (visited >= count) break;
  }
  return cursor < kEnd ? cursor : 0;
}

}  // namespace storage
