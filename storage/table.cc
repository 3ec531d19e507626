#include "storage/table.h"

#include <algorithm>
#include <cstdlib>

#include "storage/allocation.h"
#include "storage/key_hash.h"

namespace storage {
namespace {

void* AllocateAligned(size_t bytes) {
  void* memory = std::aligned_alloc(alignof(Bucket), bytes);
  if (memory == nullptr) std::abort();  // Nothing can be answered truthfully without memory.
  std::memset(memory, 0, bytes);
  return memory;
}

// All hashes whose top `depth` bits are those of the hash at `position`.
struct HashRange {
  uint64_t first;
  uint64_t next;
};
HashRange RangeOf(uint64_t position, int depth) {
  if (depth == 0) return {0, 0};
  const uint64_t width = uint64_t{1} << (64 - depth);
  const uint64_t first = position & ~(width - 1);
  return {first, first + width};
}

}  // namespace

uint64_t Table::HashOf(const Item* item) const { return KeyHash(item->key(), hash_seed_); }

Table::Place Table::FindItem(uint64_t hash, const Item* item) const {
  assert(size_ != 0);
  const uint64_t raw = Address(item) | Tag(hash);
  for (Bucket* bucket = BucketOf(hash);; bucket = bucket->next()) {
    for (int slot = 0; slot < Bucket::kSlots; ++slot) {
      if (bucket->slots[slot] == raw && bucket->fingerprints[slot] != 0) return {bucket, slot};
    }
    assert(bucket->chained());  // The item is there.
  }
}

void Table::Insert(uint64_t hash, Item* item, bool dirty) {
  if (!entries_) Start();
  SegmentInfo* info = &InfoOf(hash);
  while (info->items >= kSplitItems && DepthOf(entries_[IndexOf(hash)]) < kDepthMax) {
    Split(IndexOf(hash));
    info = &InfoOf(hash);
  }
  Append(BucketOf(hash), {Address(item) | Tag(hash), Fingerprint(hash), dirty});
  ++info->items;
  info->dirty |= dirty;
  ++size_;
}

void Table::Erase(const Place& place, uint64_t hash) {
  Bucket* head = BucketOf(hash);
  Bucket* before_tail = nullptr;
  Bucket* tail = head;
  while (tail->chained()) {
    before_tail = tail;
    tail = tail->next();
  }
  // The hole is filled from the end of the chain, so that chains stay short.
  int last = Bucket::kSlots - 1;
  if (before_tail != nullptr) {
    while (tail->fingerprints[last] == 0) --last;
  } else {
    last = place.slot;
  }
  Bucket* bucket = place.bucket;
  bucket->slots[place.slot] = tail->slots[last];
  bucket->fingerprints[place.slot] = tail->fingerprints[last];
  const bool dirty = Place{tail, last}.dirty();
  place.Clean();
  if (dirty) bucket->marks = static_cast<uint8_t>(bucket->marks | 1U << place.slot);

  tail->slots[last] = 0;
  tail->fingerprints[last] = 0;
  Place{tail, last}.Clean();
  // The tail of a chain is filled from slot 0 up and emptied from above.
  if (before_tail != nullptr && last == 0) {
    FreeBucket(tail);
    before_tail->slots[Bucket::kSlots - 1] = 0;
    before_tail->marks = static_cast<uint8_t>(before_tail->marks & ~Bucket::kChained);
  }
  --InfoOf(hash).items;
  --size_;
  MergeIfSparse(hash);
}

void Table::Append(Bucket* bucket, const Moved& moved) {
  while (bucket->chained()) bucket = bucket->next();
  int slot = 0;
  while (slot < Bucket::kSlots && bucket->fingerprints[slot] != 0) ++slot;
  if (slot == Bucket::kSlots) {
    // The last slot makes room for the pointer to the next bucket, and moves there.
    const int last = Bucket::kSlots - 1;
    Bucket* next = NewBucket();
    next->slots[0] = bucket->slots[last];
    next->fingerprints[0] = bucket->fingerprints[last];
    next->marks = static_cast<uint8_t>(bucket->marks >> last & 1);
    bucket->slots[last] = reinterpret_cast<uint64_t>(next);
    bucket->fingerprints[last] = 0;
    bucket->marks = static_cast<uint8_t>((bucket->marks & ~(1U << last)) | Bucket::kChained);
    bucket = next;
    slot = 1;
  }
  bucket->slots[slot] = moved.raw;
  bucket->fingerprints[slot] = moved.fingerprint;
  if (moved.dirty) bucket->marks = static_cast<uint8_t>(bucket->marks | 1U << slot);
}

template <typename Target>
void Table::MoveOut(const Bucket& bucket, const Target& target) {
  for (int slot = 0; slot < Bucket::kSlots; ++slot) {
    if (bucket.fingerprints[slot] == 0) continue;
    const Moved moved{bucket.slots[slot], bucket.fingerprints[slot],
                      (bucket.marks >> slot & 1) != 0};
    target(moved);
  }
  if (!bucket.chained()) return;
  MoveOut(*bucket.next(), target);
  FreeBucket(bucket.next());
}

bool Table::HashBit(uint64_t raw, int bit_from_top) const {
  const int bit = 63 - bit_from_top;
  const bool in_tag = bit >= kTagShift && bit < kTagShift + 16;
  if (in_tag) return (raw >> (bit - kTagShift + 48) & 1) != 0;
  return (HashOf(ItemOf(raw)) >> bit & 1) != 0;
}

void Table::Split(size_t index) {
  const int depth = DepthOf(entries_[index]);
  if (depth == directory_depth_) {
    DoubleDirectory();
    index *= 2;
  }
  const size_t first = FirstIndex(index);
  const size_t half = size_t{1} << (directory_depth_ - depth - 1);

  Segment* segments[2] = {SegmentOf(entries_[first]), NewSegment()};
  SegmentInfo infos[2];
  // The lower half stays in the old memory, so its contents are moved from a copy.
  Segment old;
  std::memcpy(&old, segments[0], sizeof(Segment));
  std::memset(segments[0], 0, sizeof(Segment));

  const int bit = depth + kBucketBits;
  for (int i = 0; i < kBuckets; ++i) {
    // Matters only where the bit is not in the slot's tag and the key is hashed again.
    if (bit < 8 || bit >= 24) PrefetchItemsOf(&old.buckets[std::min(i + 8, kBuckets - 1)]);
    const int child = i >> (kBucketBits - 1);
    const int bucket = (i & (kBuckets / 2 - 1)) * 2;
    MoveOut(old.buckets[i], [&](const Moved& moved) {
      Append(&segments[child]->buckets[bucket + HashBit(moved.raw, bit)], moved);
      ++infos[child].items;
      infos[child].dirty |= moved.dirty;
    });
  }
  ++segments_;
  --segments_of_depth_[depth];
  segments_of_depth_[depth + 1] += 2;
  SetSegment(first, depth + 1, segments[0], infos[0]);
  SetSegment(first + half, depth + 1, segments[1], infos[1]);
}

void Table::MergeIfSparse(uint64_t hash) {
  const size_t first = FirstIndex(IndexOf(hash));
  const int depth = DepthOf(entries_[first]);
  if (depth == 0 || infos_[first].items * 2 > kMergeItems) return;
  const size_t span = size_t{1} << (directory_depth_ - depth);
  const size_t lower = first & ~span;
  const size_t upper = first | span;
  if (DepthOf(entries_[lower]) != depth || DepthOf(entries_[upper]) != depth) return;
  if (infos_[lower].items + infos_[upper].items > kMergeItems) return;

  Segment* merged = NewSegment();
  for (int child = 0; child < 2; ++child) {
    Segment* segment = SegmentOf(entries_[child == 0 ? lower : upper]);
    for (int i = 0; i < kBuckets; ++i) {
      Bucket* target = &merged->buckets[child * (kBuckets / 2) + i / 2];
      MoveOut(segment->buckets[i], [&](const Moved& moved) { Append(target, moved); });
    }
    FreeSegment(segment);
  }
  --segments_;
  segments_of_depth_[depth] -= 2;
  ++segments_of_depth_[depth - 1];
  SetSegment(lower, depth - 1, merged,
             {.items = infos_[lower].items + infos_[upper].items,
              .dirty = infos_[lower].dirty || infos_[upper].dirty});
  HalveDirectory();
}

void Table::SetSegment(size_t first, int depth, Segment* segment, SegmentInfo info) {
  const size_t span = size_t{1} << (directory_depth_ - depth);
  const uintptr_t entry = reinterpret_cast<uintptr_t>(segment) | static_cast<uintptr_t>(depth);
  std::fill_n(&entries_[first], span, entry);
  infos_[first] = info;
}

void Table::Start() {
  directory_depth_ = 1;
  entries_ = std::make_unique<uintptr_t[]>(2);
  infos_ = std::make_unique<SegmentInfo[]>(2);
  Account(2 * AllocationBytes(16), 0);
  segments_ = 1;
  segments_of_depth_[0] = 1;
  SetSegment(0, 0, NewSegment(), {});
}

void Table::DoubleDirectory() { ResizeDirectory(directory_depth_ + 1); }

void Table::HalveDirectory() {
  // Not as soon as it could: a segment that splits again should not double it again.
  while (directory_depth_ > 2 && segments_of_depth_[directory_depth_] == 0 &&
         segments_of_depth_[directory_depth_ - 1] == 0) {
    ResizeDirectory(directory_depth_ - 1);
  }
}

void Table::ResizeDirectory(int depth) {
  const size_t old_count = size_t{1} << directory_depth_;
  const size_t count = size_t{1} << depth;
  auto entries = std::make_unique_for_overwrite<uintptr_t[]>(count);
  auto infos = std::make_unique<SegmentInfo[]>(count);
  for (size_t i = 0; i < std::max(count, old_count); ++i) {
    const size_t from = count > old_count ? i / 2 : i;
    const size_t to = count > old_count ? i : i / 2;
    if (count > old_count) {
      entries[to] = entries_[from];
      if (i % 2 == 0) infos[to] = infos_[from];
    } else if (i % 2 == 0) {
      entries[to] = entries_[from];
      infos[to] = infos_[from];
    }
  }
  entries_ = std::move(entries);
  infos_ = std::move(infos);
  directory_depth_ = depth;
  Account(AllocationBytes(count * sizeof(uintptr_t)) + AllocationBytes(count * sizeof(SegmentInfo)),
          AllocationBytes(old_count * sizeof(uintptr_t)) +
              AllocationBytes(old_count * sizeof(SegmentInfo)));
}

Table::BucketRange Table::BucketAt(uint64_t position) const {
  const uintptr_t entry = entries_[IndexOf(position)];
  const HashRange range = RangeOf(position, DepthOf(entry) + kBucketBits);
  return {BucketOf(position), range.first, range.next};
}

Table::SegmentRange Table::SegmentAt(uint64_t position) const {
  const size_t first = FirstIndex(IndexOf(position));
  const HashRange range = RangeOf(position, DepthOf(entries_[first]));
  return {range.first, range.next, infos_[first].dirty};
}

const Item* Table::Random(uint64_t random) const {
  if (size_ == 0) return nullptr;
  // A random place of a random bucket, until one is taken: so a key in a full bucket is no less
  // likely than one in an empty neighbourhood. Two buckets' worth of places covers nearly all
  // chains.
  constexpr int kTries = 500;
  for (int i = 0; i < kTries; ++i) {
    random = random * 6364136223846793005ULL + 1442695040888963407ULL;
    const uint64_t mixed = random ^ random >> 29;
    const Bucket* bucket = BucketOf(mixed * 0x9e37'79b9'7f4a'7c15ULL);
    const auto place = static_cast<int>(mixed & 15);
    if (place >= 2 * Bucket::kSlots) continue;
    if (place >= Bucket::kSlots) {
      if (!bucket->chained()) continue;
      bucket = bucket->next();
    }
    const int slot = place % Bucket::kSlots;
    if (bucket->fingerprints[slot] != 0) return ItemOf(bucket->slots[slot]);
  }
  // Very sparse: the first key from a random place on.
  for (uint64_t position = random;;) {
    const BucketRange range = BucketAt(position);
    const Item* found = nullptr;
    ForEachIn(range.bucket, [&](const Place& place) { found = place.item(); });
    if (found != nullptr) return found;
    position = range.next_hash;
  }
}

void Table::RefreshDirty(uint64_t position) {
  const size_t first = FirstIndex(IndexOf(position));
  uint8_t marks = 0;
  for (const Bucket& head : SegmentOf(entries_[first])->buckets) {
    for (const Bucket* bucket = &head;; bucket = bucket->next()) {
      marks = static_cast<uint8_t>(marks | (bucket->marks & Bucket::kDirtyMask));
      if (!bucket->chained()) break;
    }
  }
  infos_[first].dirty = marks != 0;
}

void Table::TakeFrom(Table& other) {
  FreeSegments();
  hash_seed_ = other.hash_seed_;
  size_ = std::exchange(other.size_, 0);
  entries_ = std::move(other.entries_);
  infos_ = std::move(other.infos_);
  directory_depth_ = std::exchange(other.directory_depth_, 0);
  segments_ = std::exchange(other.segments_, 0);
  std::copy_n(other.segments_of_depth_, kDepthMax + 1, segments_of_depth_);
  std::fill_n(other.segments_of_depth_, kDepthMax + 1, 0);
  const size_t taken = other.memory_bytes_;
  other.Account(0, taken);
  Account(taken, 0);
}

void Table::FreeSegments() {
  if (!entries_) return;
  const size_t count = size_t{1} << directory_depth_;
  for (size_t i = 0; i < count; i += size_t{1} << (directory_depth_ - DepthOf(entries_[i]))) {
    Segment* segment = SegmentOf(entries_[i]);
    for (const Bucket& bucket : segment->buckets) MoveOut(bucket, [](const Moved&) {});
    FreeSegment(segment);
  }
  entries_.reset();
  infos_.reset();
  Account(
      0, AllocationBytes(count * sizeof(uintptr_t)) + AllocationBytes(count * sizeof(SegmentInfo)));
  assert(memory_bytes_ == 0);
  size_ = 0;
  segments_ = 0;
  std::fill_n(segments_of_depth_, kDepthMax + 1, 0);
}

Table::Segment* Table::NewSegment() {
  Account(sizeof(Segment), 0);
  return static_cast<Segment*>(AllocateAligned(sizeof(Segment)));
}
void Table::FreeSegment(Segment* segment) {
  Account(0, sizeof(Segment));
  std::free(segment);
}
Bucket* Table::NewBucket() {
  Account(sizeof(Bucket), 0);
  return static_cast<Bucket*>(AllocateAligned(sizeof(Bucket)));
}
void Table::FreeBucket(Bucket* bucket) {
  Account(0, sizeof(Bucket));
  std::free(bucket);
}

void Table::Account(size_t added, size_t removed) {
  memory_bytes_ += added - removed;
  *account_ += added - removed;
}

}  // namespace storage
