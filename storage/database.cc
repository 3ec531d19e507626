#include <algorithm>

#include "storage/keyspace.h"

namespace storage {
namespace {

// Collections above this many elements are freed as garbage, not in the command that deletes them.
constexpr size_t kElementsFreedAtOnce = 128;

// Cursors are hashes without their lowest 11 bits, which are 0 where a bucket begins. What is left
// is exact in a double and positive in an int64, whatever a client reads it into.
constexpr int kCursorShift = 11;
static_assert(Table::kDepthMax + Table::kBucketBits <= 64 - kCursorShift);

// As in Redis, a page of a table that has become sparse may be empty: looking for `count` keys
// must not walk all of it.
constexpr size_t kBucketsPerKey = 10;

uint64_t ScanTable(const Table& table, uint64_t cursor, size_t count, Database::Visitor visit) {
  if (table.size() == 0) return 0;
  uint64_t position = cursor << kCursorShift;
  size_t visited = 0;
  size_t buckets = 0;
  do {
    ++buckets;
    const Table::BucketRange range = table.BucketAt(position);
    if (range.next_hash != 0) Table::PrefetchItemsOf(table.BucketAt(range.next_hash).bucket);
    Table::ForEachIn(range.bucket, [&](const Table::Place& place) {
      visit(*place.item());
      ++visited;
    });
    position = range.next_hash;
  } while (position != 0 && visited < count && buckets < count * kBucketsPerKey);
  return position >> kCursorShift;
}

}  // namespace

void Database::MarkDirty(const Table::Place& place, uint64_t hash) {
  Item* item = place.item();
  if (item->epoch_ == state_.epoch) return;
  if (state_.capture != nullptr) state_.capture->BeforeChange(index_, hash, *item);
  item->epoch_ = state_.epoch;
  table_.MarkDirty(place, hash);
  ++state_.changes;
}

Item* Database::Add(const HashedKey& key, Item* item) {
  item->epoch_ = state_.epoch;
  ++state_.changes;
  AccountItems(item->memory_bytes(), 0);
  table_.Insert(key.hash, item, /*dirty=*/true);
  if (item->expires()) expiring_.Insert(key.hash, item, /*dirty=*/false);
  return item;
}

void Database::AddLoaded(uint64_t hash, Item* item) {
  item->epoch_ = 0;
  item->set_flag(Item::kPersisted, true);
  AccountItems(item->memory_bytes(), 0);
  table_.Insert(hash, item, /*dirty=*/false);
  if (item->expires()) expiring_.Insert(hash, item, /*dirty=*/false);
}

Item* Database::PutString(const HashedKey& key, std::string_view value, bool keep_expiry) {
  const Table::Place place = table_.Find(key.hash, key.key);
  const bool keeps = keep_expiry && place;
  return Put(key, value, keeps ? place.item()->expire_at_ms() : kNoExpiry, place);
}

Item* Database::PutStringUntil(const HashedKey& key, std::string_view value, int64_t expire_at_ms) {
  return Put(key, value, expire_at_ms, table_.Find(key.hash, key.key));
}

Item* Database::Put(const HashedKey& key, std::string_view value, int64_t expire_at_ms,
                    const Table::Place& place) {
  Notify(key);
  if (!place) return Add(key, ItemFactory::NewString(key.key, value, expire_at_ms));

  MarkDirty(place, key.hash);
  Item* item = place.item();
  const bool expired_before = item->expires();
  const bool has_room = expire_at_ms == kNoExpiry || item->has_flag(Item::kExpirySlot);
  if (has_room && ItemFactory::Overwrite(item, value)) {
    if (!expired_before && expire_at_ms == kNoExpiry) return item;
    ItemFactory::WithExpiry(item, expire_at_ms);
    TrackExpiry(key.hash, item, expired_before, item);
    return item;
  }
  Item* fresh = ItemFactory::NewString(key.key, value, expire_at_ms);
  fresh->epoch_ = item->epoch_;
  fresh->set_flag(Item::kPersisted, item->has_flag(Item::kPersisted));
  AccountItems(fresh->memory_bytes(), item->memory_bytes());
  place.Replace(fresh);
  TrackExpiry(key.hash, item, expired_before, fresh);
  Discard(item);
  return fresh;
}

Item* Database::WriteString(const HashedKey& key, size_t offset, std::string_view bytes) {
  const Table::Place place = table_.Find(key.hash, key.key);
  Item* item = place ? place.item() : PutString(key, {});
  const Table::Place at = place ? place : table_.Find(key.hash, key.key);
  if (place) Notify(key);
  MarkDirty(at, key.hash);

  const size_t bytes_before = item->memory_bytes();
  const Item* before = item;
  const bool expires = item->expires();
  item = ItemFactory::Resize(item, std::max(item->string().size(), offset + bytes.size()));
  if (!bytes.empty()) {
    std::memcpy(ItemFactory::MutableString(item) + offset, bytes.data(), bytes.size());
  }
  AccountItems(item->memory_bytes(), bytes_before);
  if (item != before) {
    at.Replace(item);
    TrackExpiry(key.hash, before, expires, item);
  }
  return item;
}

Item* Database::Create(const HashedKey& key, Type type) {
  assert(type != Type::kString);
  assert(Find(key) == nullptr);
  Notify(key);
  return Add(key, ItemFactory::NewCollection(key.key, type, state_.hash_seed));
}

bool Database::Delete(const HashedKey& key) {
  const Table::Place place = table_.Find(key.hash, key.key);
  if (!place) return false;
  Notify(key);
  MarkDirty(place, key.hash);
  Discard(Remove(place, key.hash));
  return true;
}

void Database::Rename(const HashedKey& from, const HashedKey& to) {
  const Table::Place source = table_.Find(from.hash, from.key);
  assert(source);
  Notify(from);
  if (from.key == to.key) return;
  Notify(to);

  MarkDirty(source, from.hash);
  Item* item = ItemFactory::Rekey(Remove(source, from.hash), to.key);
  item->set_flag(Item::kPersisted, false);  // That was the old key's.
  if (const Table::Place target = table_.Find(to.hash, to.key)) {
    MarkDirty(target, to.hash);
    // Its tombstone stays: the row that the moved value leaves takes precedence over it.
    Discard(Remove(target, to.hash));
  }
  Add(to, item);
}

void Database::BeginChange(Item* item, const HashedKey& key) {
  Notify(key);
  if (item->epoch_ != state_.epoch) MarkDirty(table_.FindItem(key.hash, item), key.hash);
  AccountItems(0, item->memory_bytes());
}

void Database::EndChange(Item* item, const HashedKey& key) {
  AccountItems(item->memory_bytes(), 0);
  if (item->type() == Type::kString || item->value_size() != 0) return;
  Discard(Remove(table_.FindItem(key.hash, item), key.hash));
}

Item* Database::SetExpiry(Item* item, const HashedKey& key, int64_t expire_at_ms) {
  Notify(key);
  const bool expired_before = item->expires();
  if (!expired_before && expire_at_ms == kNoExpiry) return item;
  const Table::Place place = table_.FindItem(key.hash, item);
  MarkDirty(place, key.hash);
  const size_t bytes_before = item->memory_bytes();
  Item* after = ItemFactory::WithExpiry(item, expire_at_ms);
  AccountItems(after->memory_bytes(), bytes_before);
  place.Replace(after);
  TrackExpiry(key.hash, item, expired_before, after);
  return after;
}

// `before` may be freed already: only its address is used.
void Database::TrackExpiry(uint64_t hash, const Item* before, bool expired_before, Item* after) {
  if (!expired_before) {
    if (after->expires()) expiring_.Insert(hash, after, /*dirty=*/false);
    return;
  }
  const Table::Place place = expiring_.FindItem(hash, before);
  if (after->expires()) {
    place.Replace(after);
  } else {
    expiring_.Erase(place, hash);
  }
}

Item* Database::Remove(const Table::Place& place, uint64_t hash) {
  Item* item = place.item();
  if (item->has_flag(Item::kPersisted)) {
    state_.tombstones[static_cast<size_t>(index_)].Add(hash, item->key());
  }
  if (item->expires()) expiring_.Erase(expiring_.FindItem(hash, item), hash);
  AccountItems(0, item->memory_bytes());
  table_.Erase(place, hash);
  return item;
}

void Database::Discard(Item* item) {
  const bool large = item->type() != Type::kString && item->value_size() > kElementsFreedAtOnce;
  if (large) {
    state_.garbage_bin().AddItem(item);
  } else {
    ItemFactory::Destroy(item);
  }
}

int64_t Database::average_expiry_ms(int64_t now_ms) const {
  constexpr size_t kSample = 32;
  int64_t count = 0;
  int64_t sum_ms = 0;
  ScanExpiring(0, kSample, [&](const Item& item) {
    ++count;
    sum_ms += std::max<int64_t>(0, item.expire_at_ms() - now_ms);
  });
  return count == 0 ? 0 : sum_ms / count;
}

uint64_t Database::Scan(uint64_t cursor, size_t count, Visitor visit) const {
  return ScanTable(table_, cursor, count, visit);
}

uint64_t Database::ScanExpiring(uint64_t cursor, size_t count, Visitor visit) const {
  return ScanTable(expiring_, cursor, count, visit);
}

const Item* Database::Random(uint64_t random) const { return table_.Random(random); }

}  // namespace storage
