#include "storage/capture_walk.h"

#include <algorithm>
#include <cassert>

#include "storage/value_codec.h"

namespace storage {

CaptureWalk::CaptureWalk(Keyspace& keyspace, bool everything)
    : keyspace_(keyspace),
      state_(keyspace.state_),
      everything_(everything || state_.checkpoint_lost),
      keys_at_begin_(keyspace.size()),
      changes_(state_.changes) {
  assert(state_.capture == nullptr);  // At most one at a time.
  BeginEpoch();
  for (size_t i = 0; i < kDatabases; ++i) {
    std::swap(tombstones_[i], state_.tombstones[i]);
    std::swap(database_deleted_[i], state_.database_deleted[i]);
  }
  state_.changes = 0;
  state_.checkpoint_lost = false;
  state_.capture = this;
}

CaptureWalk::~CaptureWalk() {
  state_.capture = nullptr;
  for (const std::unique_ptr<Table>& table : cleared_) {
    if (table) state_.garbage_bin().AddTable(*table);
  }
  if (succeeded_) return;
  // Which keys were read out is not known any more, so that all of them count as dirty.
  state_.checkpoint_lost = true;
  state_.changes += changes_;
  for (size_t i = 0; i < kDatabases; ++i) {
    // A deletion of the whole database since then says more than any tombstone from before.
    if (!state_.database_deleted[i]) state_.tombstones[i].AddAll(tombstones_[i]);
    state_.database_deleted[i] = state_.database_deleted[i] || database_deleted_[i];
  }
}

void CaptureWalk::BeginEpoch() {
  constexpr uint8_t kEpochMax = UINT8_MAX;
  if (state_.epoch < kEpochMax) {
    ++state_.epoch;
    return;
  }
  // After a capture that succeeded every item is of the last epoch or clean, and 1 is free again.
  // Only after hundreds of failures in a row may older ones be left; then this one pause makes them
  // equal.
  if (state_.checkpoint_lost) {
    for (Database& database : keyspace_.databases_) {
      database.Scan(0, SIZE_MAX, [](const Item& item) { const_cast<Item&>(item).epoch_ = 2; });
    }
  }
  state_.epoch = 1;
}

bool CaptureWalk::IsPassed(int database, uint64_t hash) const {
  return database < database_ || (database == database_ && hash < position_);
}

bool CaptureWalk::IsWanted(const Item& item) const {
  return item.epoch_ != state_.epoch && (everything_ || item.epoch_ != 0);
}

void CaptureWalk::BeforeChange(int database, uint64_t hash, Item& item) {
  if (IsPassed(database, hash) || !IsWanted(item)) return;
  std::string value;
  EncodeValue(item, value);
  item.set_flag(Item::kPersisted, true);
  const bool is_new =
      aside_.try_emplace({database, hash, std::string(item.key())}, std::move(value)).second;
  assert(is_new);  // The item is of this epoch from here on.
}

void CaptureWalk::BeforeClear(int database, Table& table) {
  const auto at = static_cast<size_t>(database);
  // What came after an earlier Clear is of this epoch, and none of our business.
  if (database < database_ || cleared_[at] || table.size() == 0) return;
  cleared_[at] = std::make_unique<Table>(table.hash_seed(), &cleared_bytes_);
  cleared_[at]->TakeFrom(table);
}

CaptureSlice CaptureWalk::Next(size_t bytes_max) {
  // Looking at what is clean costs time also, so it counts as some bytes.
  constexpr size_t kSegmentCost = 16;
  constexpr size_t kBucketCost = 32;
  CaptureSlice slice;
  size_t looked = 0;
  while (!done_ && slice.bytes() + looked < bytes_max) {
    if (entering_) EnterDatabase(slice);
    const size_t rows_bytes_max = bytes_max - looked;
    Table& table = CurrentTable();
    wanted_.clear();
    uint64_t next_hash = 0;
    std::optional<uint64_t> segment_left;  // A hash of the segment whose last bucket this is.
    if (table.size() != 0) {
      const Table::SegmentRange segment = table.SegmentAt(position_);
      next_hash = segment.next_hash;
      looked += kSegmentCost;
      if (everything_ || segment.dirty) {
        const Table::BucketRange bucket = table.BucketAt(position_);
        Collect(table, bucket);
        if (bucket.next_hash == next_hash) segment_left = bucket.first_hash;
        next_hash = bucket.next_hash;
        looked += kBucketCost;
        if (next_hash != 0) Table::PrefetchItemsOf(table.BucketAt(next_hash).bucket);
      }
    }
    if (!Advance(slice, next_hash, rows_bytes_max)) break;
    if (segment_left) table.RefreshDirty(*segment_left);
    if (next_hash == 0) LeaveDatabase();
  }
  return slice;
}

Table& CaptureWalk::CurrentTable() {
  const std::unique_ptr<Table>& cleared = cleared_[static_cast<size_t>(database_)];
  return cleared ? *cleared : keyspace_.database(database_).table_;
}

void CaptureWalk::Collect(const Table& table, const Table::BucketRange& range) {
  Table::ForEachIn(range.bucket, [&](const Table::Place& place) {
    if (!everything_ && !place.dirty()) return;
    const Item* item = place.item();
    if (!IsWanted(*item)) return;
    // After a merge, or between two slices, a bucket may begin before the place where we stand.
    const uint64_t hash = table.HashOf(item);
    if (hash >= position_) wanted_.push_back({hash, item->key(), place});
  });
  std::sort(wanted_.begin(), wanted_.end(), [](const Wanted& a, const Wanted& b) {
    return a.hash != b.hash ? a.hash < b.hash : a.key < b.key;
  });
}

// Merges what is wanted from the table, what was put aside and the tombstones, below `next_hash`
// (0: to the end of the database), and goes on to there. False if the slice was full before.
bool CaptureWalk::Advance(CaptureSlice& slice, uint64_t next_hash, size_t rows_bytes_max) {
  const uint64_t last_hash = next_hash - 1;
  std::optional<uint64_t> emitted;
  for (size_t next_wanted = 0;;) {
    const Wanted* wanted = next_wanted < wanted_.size() ? &wanted_[next_wanted] : nullptr;
    const auto aside = aside_.begin();
    const bool has_aside = aside != aside_.end() && aside->first.database == database_ &&
                           aside->first.hash <= last_hash;
    const bool has_tombstone = !tombstone_->done() && tombstone_->hash() <= last_hash;
    if (wanted == nullptr && !has_aside && !has_tombstone) break;

    RowKey least;
    bool has_least = false;
    const auto consider = [&](const RowKey& key) {
      if (!has_least || key < least) least = key;
      has_least = true;
    };
    if (wanted != nullptr) consider({wanted->hash, wanted->key});
    if (has_aside) consider({aside->first.hash, aside->first.key});
    if (has_tombstone) consider({tombstone_->hash(), tombstone_->key()});
    // Stops between two hashes only: a key may be put aside later for any hash from position_ on.
    if (slice.bytes() >= rows_bytes_max && emitted && *emitted != least.hash) {
      position_ = least.hash;
      return false;
    }
    emitted = least.hash;
    const bool from_table = wanted != nullptr && RowKey{wanted->hash, wanted->key} == least;
    const bool from_aside = has_aside && RowKey{aside->first.hash, aside->first.key} == least;
    const bool is_deleted = has_tombstone && RowKey{tombstone_->hash(), tombstone_->key()} == least;
    assert(!(from_table && from_aside));  // What was put aside is of this epoch.
    if (from_table) {
      EmitItem(slice, *wanted);
      ++next_wanted;
    } else if (from_aside) {
      slice.BeginRow(CaptureSlice::Kind::kPut, database_, least.hash, least.key) += aside->second;
      slice.EndRow();
    } else {
      slice.BeginRow(CaptureSlice::Kind::kDelete, database_, least.hash, least.key);
      slice.EndRow();
    }
    // A key that was deleted and created again before the capture began has both; its row says all.
    if (is_deleted) tombstone_->Advance();
    if (from_aside) aside_.erase(aside);
  }
  position_ = next_hash;
  return true;
}

void CaptureWalk::EmitItem(CaptureSlice& slice, const Wanted& wanted) {
  Item* item = wanted.place.item();
  EncodeValue(*item, slice.BeginRow(CaptureSlice::Kind::kPut, database_, wanted.hash, wanted.key));
  slice.EndRow();
  item->epoch_ = 0;
  item->set_flag(Item::kPersisted, true);
  wanted.place.Clean();
}

void CaptureWalk::EnterDatabase(CaptureSlice& slice) {
  entering_ = false;
  const auto at = static_cast<size_t>(database_);
  tombstone_.emplace(tombstones_[at]);
  if (!database_deleted_[at]) return;
  slice.BeginRow(CaptureSlice::Kind::kDeleteDatabase, database_, 0, {});
  slice.EndRow();
}

void CaptureWalk::LeaveDatabase() {
  std::unique_ptr<Table>& cleared = cleared_[static_cast<size_t>(database_)];
  if (cleared) state_.garbage_bin().AddTable(*cleared);
  cleared.reset();
  ++database_;
  position_ = 0;
  entering_ = true;
  done_ = database_ == kDatabases;
}

void CaptureWalk::Succeed() {
  assert(done_);
  succeeded_ = true;
}

}  // namespace storage
