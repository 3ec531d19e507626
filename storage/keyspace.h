// The keys and values of one partition: 16 databases, expiry marks, memory accounting, and what
// changed since the last checkpoint.
//
// One thread owns it. It consults no clock and never expires or evicts by itself: the caller
// decides, and deletes. Iteration is in hash order, which never changes while the keyspace lives:
// the table grows one small segment at a time (extendible hashing), so no operation pauses at any
// size, and SCAN needs no trick.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "storage/function_ref.h"
#include "storage/item.h"
#include "storage/keyspace_state.h"
#include "storage/table.h"

namespace storage {

class Database {
 public:
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Null if the key is not there. The pointer lives until the next change to this database.
  Item* Find(const HashedKey& key) {
    const Table::Place place = table_.Find(key.hash, key.key);
    return place ? place.item() : nullptr;
  }
  const Item* Find(const HashedKey& key) const { return const_cast<Database*>(this)->Find(key); }

  // Brings the key's bucket towards the cache; a pipeline calls it for all its keys, then
  // PrefetchItem for all, then Find.
  void Prefetch(uint64_t hash) const { table_.Prefetch(hash); }          // The bucket.
  void PrefetchItem(uint64_t hash) const { table_.PrefetchItem(hash); }  // The item, after that.

  // Creates the key or replaces its value, whatever its type was. Clears the expiry unless
  // `keep_expiry`.
  Item* PutString(const HashedKey& key, std::string_view value, bool keep_expiry = false);
  // The same with a new expiry, in one step; cheaper than PutString and SetExpiry.
  Item* PutStringUntil(const HashedKey& key, std::string_view value, int64_t expire_at_ms);
  // Writes `bytes` at `offset` of the string under `key`, filling any gap with zeros; creates the
  // key. Keeps the expiry, and room to grow: appending (offset = size) again and again is cheap.
  Item* WriteString(const HashedKey& key, size_t offset, std::string_view bytes);
  // Creates an empty collection (not a string) under a key that does not exist.
  Item* Create(const HashedKey& key, Type type);
  bool Delete(const HashedKey& key);
  // Moves the value and its expiry to `to`, replacing what was there. `from` must exist.
  void Rename(const HashedKey& from, const HashedKey& to);

  // Every change in place to a collection stands between these two. BeginChange marks the item
  // dirty, hands its old state to a running checkpoint and tells the observer; EndChange accounts
  // the memory and deletes the item if its collection became empty (the pointer is then dead).
  void BeginChange(Item* item, const HashedKey& key);
  void EndChange(Item* item, const HashedKey& key);

  // kNoExpiry clears. May move the item: use the returned pointer.
  Item* SetExpiry(Item* item, const HashedKey& key, int64_t expire_at_ms);

  size_t size() const { return table_.size(); }              // Keys, expired ones included.
  size_t expiring_size() const { return expiring_.size(); }  // Keys with an expiry.
  size_t item_bytes() const { return item_bytes_; }          // Of its keys and values.
  size_t table_bytes() const { return table_.memory_bytes() + expiring_.memory_bytes(); }
  int64_t average_expiry_ms(
      int64_t now_ms) const;  // Average ms to live over a sample; 0 without any.

  // Visits at least about `count` keys from the place `cursor` (0: the start) and returns the
  // cursor to go on from, 0 at the end. Every key present from the first call to the last is
  // visited at least once. A cursor has at most 53 bits. `visit` must not change the database.
  using Visitor = FunctionRef<void(const Item&)>;
  uint64_t Scan(uint64_t cursor, size_t count, Visitor visit) const;
  // A key chosen at random; null when empty. `random` is any 64 random bits.
  const Item* Random(uint64_t random) const;
  // Visits up to about `count` keys that have an expiry, from `cursor` on; for active expiry. Same
  // cursor rules.
  uint64_t ScanExpiring(uint64_t cursor, size_t count, Visitor visit) const;

 private:
  friend class Keyspace;
  friend class CaptureWalk;
  friend class KeyspaceLoader;

  Database(KeyspaceState* state, int index)
      : state_(*state),
        index_(index),
        table_(state->hash_seed, &state->table_bytes),
        expiring_(state->hash_seed, &state->table_bytes) {}

  Item* Put(const HashedKey& key, std::string_view value, int64_t expire_at_ms,
            const Table::Place& place);
  Item* Add(const HashedKey& key, Item* item);  // A new item, of this epoch.
  void AddLoaded(uint64_t hash, Item* item);    // An item as the checkpoint has it: clean.
  void Notify(const HashedKey& key) {
    if (state_.observer != nullptr) state_.observer->OnChange(index_, key);
  }
  void MarkDirty(const Table::Place& place, uint64_t hash);
  Item* Remove(const Table::Place& place, uint64_t hash);  // The item, owned by the caller now.
  void Discard(Item* item);                                // Frees it, at once or as garbage.
  void TrackExpiry(uint64_t hash, const Item* before, bool expired_before, Item* after);
  void AccountItems(size_t added, size_t removed) {
    item_bytes_ += added - removed;
    state_.item_bytes += added - removed;
  }

  KeyspaceState& state_;
  const int index_;
  Table table_;
  Table expiring_;  // Those of table_'s items that have an expiry.
  size_t item_bytes_ = 0;
};

class Keyspace {
 public:
  // The seed hashes keys; replicas may differ in it, a checkpoint keeps it.
  explicit Keyspace(uint64_t hash_seed);
  ~Keyspace();
  Keyspace(const Keyspace&) = delete;
  Keyspace& operator=(const Keyspace&) = delete;

  Database& database(int index) { return databases_[static_cast<size_t>(index)]; }
  const Database& database(int index) const { return databases_[static_cast<size_t>(index)]; }
  HashedKey Hash(std::string_view key) const;

  void Clear(int database);  // What it held becomes garbage; nothing is freed here.
  void ClearAll();
  // What Clear and the deletion of large collections left to free: destroy it on any thread. Null
  // if there is none.
  std::unique_ptr<Garbage> TakeGarbage() { return std::move(state_.garbage); }

  // Items, collections and tables, as the allocator rounds them.
  size_t memory_bytes() const { return state_.item_bytes + state_.table_bytes; }
  size_t size() const;
  uint64_t hash_seed() const { return state_.hash_seed; }
  // Keys changed since the last capture began (a key once).
  uint64_t changes() const { return state_.changes; }

  void set_observer(ChangeObserver* observer) { state_.observer = observer; }

 private:
  friend class CaptureWalk;
  friend class KeyspaceLoader;

  template <size_t... kIndexes>
  Keyspace(uint64_t hash_seed, std::index_sequence<kIndexes...>)
      : state_(hash_seed), databases_{{Database(&state_, static_cast<int>(kIndexes))...}} {}

  KeyspaceState state_;
  std::array<Database, kDatabases> databases_;
};

}  // namespace storage
