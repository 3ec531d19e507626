// Items found by key: extendible hashing in pure hash order. A directory, indexed by the top bits
// of the hash, points to segments of 64 buckets; within a segment of depth d the next 6 bits after
// the d shared ones choose the bucket. Directory order times bucket order is therefore the order of
// hashes, and stays so while segments split and merge: a place in it is just a hash.
//
// A bucket is one cache line of seven slots. A slot's upper 16 bits, which no address uses, keep 16
// bits of the hash: a split moves items without touching them, and a wrong key is almost never
// touched either.
//
// The table does not own its items: a database's keys with an expiry stand in two tables.
#pragma once

#include <bit>
#include <cassert>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>

#include "storage/item.h"
#include "storage/prefetch.h"

namespace storage {

static_assert(std::endian::native == std::endian::little, "Bucket::Matches reads bytes as a word.");

struct alignas(64) Bucket {
  static constexpr int kSlots = 7;
  static constexpr uint8_t kChained = 0x80;
  static constexpr uint8_t kDirtyMask = 0x7f;

  uint64_t slots[kSlots];
  uint8_t fingerprints[kSlots];  // 0: the slot is free, or holds the next bucket.
  uint8_t marks;                 // A dirty bit for each slot; kChained: the last slot is a Bucket*.

  bool chained() const { return (marks & kChained) != 0; }
  Bucket* next() const { return reinterpret_cast<Bucket*>(slots[kSlots - 1]); }

  // The slots whose fingerprint is `fingerprint`, as bit 7 of the byte of each.
  uint64_t Matches(uint8_t fingerprint) const {
    uint64_t word;
    std::memcpy(&word, fingerprints, sizeof(word));
    constexpr uint64_t kLow7 = 0x7f7f'7f7f'7f7f'7f7fULL;
    const uint64_t difference = word ^ (0x0101'0101'0101'0101ULL * fingerprint);
    // Exact for each byte: no borrow crosses into a neighbour. The marks are not a fingerprint.
    return ~(((difference & kLow7) + kLow7) | difference | kLow7) & 0x00ff'ffff'ffff'ffffULL;
  }
};
static_assert(sizeof(Bucket) == 64);

class Table {
 public:
  static constexpr int kBucketBits = 6;
  static constexpr int kBuckets = 1 << kBucketBits;
  static constexpr uint32_t kSplitItems = kBuckets * Bucket::kSlots * 4 / 5;
  static constexpr uint32_t kMergeItems = kBuckets * Bucket::kSlots * 2 / 5;  // Of both buddies.
  static constexpr int kDepthMax = 40;

  // Where an item stands. Valid until the next Insert or Erase.
  struct Place {
    Bucket* bucket = nullptr;
    int slot = 0;

    explicit operator bool() const { return bucket != nullptr; }
    Item* item() const { return ItemOf(bucket->slots[slot]); }
    bool dirty() const { return (bucket->marks >> slot & 1) != 0; }
    void Clean() const { bucket->marks = static_cast<uint8_t>(bucket->marks & ~(1U << slot)); }
    // Another item under the same key.
    void Replace(Item* other) const {
      bucket->slots[slot] = (bucket->slots[slot] & kTagMask) | Address(other);
    }
  };

  // A bucket, or a segment, and the hashes it holds: from `first_hash` to before `next_hash`; 0
  // there is the end of all hashes.
  struct BucketRange {
    Bucket* bucket;
    uint64_t first_hash;
    uint64_t next_hash;
  };
  struct SegmentRange {
    uint64_t first_hash;
    uint64_t next_hash;
    bool dirty;
  };

  // Adds what the table's own memory comes to to `*account`, which outlives it, and keeps it true.
  Table(uint64_t hash_seed, size_t* account) : hash_seed_(hash_seed), account_(account) {}
  ~Table() { FreeSegments(); }
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  // All that `other` has, leaving it empty.
  void TakeFrom(Table& other);

  size_t size() const { return size_; }
  uint64_t hash_seed() const { return hash_seed_; }
  size_t segments() const { return segments_; }
  size_t memory_bytes() const { return memory_bytes_; }

  Place Find(uint64_t hash, std::string_view key) const {
    if (size_ == 0) return {};
    const uint8_t fingerprint = Fingerprint(hash);
    const uint64_t tag = Tag(hash);
    for (Bucket* bucket = BucketOf(hash);; bucket = bucket->next()) {
      for (uint64_t matches = bucket->Matches(fingerprint); matches != 0; matches &= matches - 1) {
        const int slot = std::countr_zero(matches) >> 3;
        const uint64_t raw = bucket->slots[slot];
        if ((raw & kTagMask) == tag && ItemOf(raw)->key() == key) return {bucket, slot};
      }
      if (!bucket->chained()) return {};
    }
  }
  // The same for an item known to be there.
  Place FindItem(uint64_t hash, const Item* item) const;

  void Prefetch(uint64_t hash) const {
    if (size_ != 0) PrefetchLine(BucketOf(hash));
  }
  void PrefetchItem(uint64_t hash) const {
    if (size_ == 0) return;
    const Bucket* bucket = BucketOf(hash);
    const uint64_t matches = bucket->Matches(Fingerprint(hash));
    // Only an overflowing bucket has its items elsewhere; that is rare enough to go without.
    if (matches != 0) PrefetchLine(ItemOf(bucket->slots[std::countr_zero(matches) >> 3]));
  }

  // The key must not be there.
  void Insert(uint64_t hash, Item* item, bool dirty);
  void Erase(const Place& place, uint64_t hash);
  void MarkDirty(const Place& place, uint64_t hash) {
    place.bucket->marks = static_cast<uint8_t>(place.bucket->marks | 1U << place.slot);
    InfoOf(hash).dirty = true;
  }

  BucketRange BucketAt(uint64_t position) const;    // The table must not be empty.
  SegmentRange SegmentAt(uint64_t position) const;  // The same.
  // To be called when a walk leaves the segment at `position`: finds out whether it is dirty still.
  void RefreshDirty(uint64_t position);

  // Visits every place of a bucket and of those chained to it.
  template <typename Visit>
  static void ForEachIn(Bucket* bucket, const Visit& visit) {
    for (;; bucket = bucket->next()) {
      for (int slot = 0; slot < Bucket::kSlots; ++slot) {
        if (bucket->fingerprints[slot] != 0) visit(Place{bucket, slot});
      }
      if (!bucket->chained()) return;
    }
  }
  static void PrefetchItemsOf(const Bucket* bucket) {
    for (int slot = 0; slot < Bucket::kSlots; ++slot) {
      if (bucket->fingerprints[slot] != 0) PrefetchLine(ItemOf(bucket->slots[slot]));
    }
  }

  uint64_t HashOf(const Item* item) const;
  // Each item with nearly the same chance; null when empty.
  const Item* Random(uint64_t random) const;

 private:
  // Of one segment, kept at the first directory entry that points to it.
  struct SegmentInfo {
    uint32_t items = 0;
    bool dirty = false;  // False: no slot in it is dirty.
  };
  struct Segment {
    Bucket buckets[kBuckets];
  };
  // A slot on its way from one bucket to another.
  struct Moved {
    uint64_t raw;
    uint8_t fingerprint;
    bool dirty;
  };

  // The 16 hash bits kept in a slot: those after the first 8, which is what splits to depths 2 to
  // 17 ask for, that is up to some 70 million keys. Others hash the key again.
  static constexpr int kTagShift = 40;
  static constexpr uint64_t kTagMask = 0xffff'0000'0000'0000ULL;
  static constexpr uintptr_t kDepthMask =
      63;  // Segments are aligned to 64, and leave these bits free.

  static uint8_t Fingerprint(uint64_t hash) {
    const auto low = static_cast<uint8_t>(hash);
    return static_cast<uint8_t>(low + (low == 0));
  }
  static uint64_t Tag(uint64_t hash) { return hash >> kTagShift << 48; }
  static uint64_t Address(const Item* item) {
    const auto address = reinterpret_cast<uintptr_t>(item);
    assert((address & kTagMask) == 0);
    return address;
  }
  static Item* ItemOf(uint64_t raw) { return reinterpret_cast<Item*>(raw & ~kTagMask); }

  static Segment* SegmentOf(uintptr_t entry) {
    return reinterpret_cast<Segment*>(entry & ~kDepthMask);
  }
  static int DepthOf(uintptr_t entry) { return static_cast<int>(entry & kDepthMask); }
  size_t IndexOf(uint64_t hash) const { return hash >> (64 - directory_depth_); }
  // The first of the entries that point to the segment at `index`.
  size_t FirstIndex(size_t index) const {
    const int spare_bits = directory_depth_ - DepthOf(entries_[index]);
    return index >> spare_bits << spare_bits;
  }
  SegmentInfo& InfoOf(uint64_t hash) { return infos_[FirstIndex(IndexOf(hash))]; }
  Bucket* BucketOf(uint64_t hash) const {
    const uintptr_t entry = entries_[IndexOf(hash)];
    return &SegmentOf(entry)->buckets[hash << DepthOf(entry) >> (64 - kBucketBits)];
  }

  void Start();
  void Split(size_t index);
  void MergeIfSparse(uint64_t hash);
  void DoubleDirectory();
  void HalveDirectory();
  void ResizeDirectory(int depth);
  void SetSegment(size_t first, int depth, Segment* segment, SegmentInfo info);
  bool HashBit(uint64_t raw, int bit_from_top) const;
  void Append(Bucket* bucket, const Moved& moved);
  template <typename Target>
  void MoveOut(const Bucket& bucket, const Target& target);  // Frees what is chained to it.

  Segment* NewSegment();
  void FreeSegment(Segment* segment);
  Bucket* NewBucket();
  void FreeBucket(Bucket* bucket);
  void FreeSegments();
  void Account(size_t added, size_t removed);

  uint64_t hash_seed_;
  size_t* account_;
  size_t size_ = 0;
  std::unique_ptr<uintptr_t[]> entries_;  // A Segment*, with its depth in the low bits.
  std::unique_ptr<SegmentInfo[]> infos_;
  int directory_depth_ =
      0;  // At least 1 once there are entries, so that IndexOf's shift is defined.
  size_t segments_ = 0;
  size_t segments_of_depth_[kDepthMax + 1] = {};
  size_t memory_bytes_ = 0;
};

}  // namespace storage
