// The keys and values of one partition: 16 databases, expiry marks, memory accounting, and what changed
// since the last checkpoint.
//
// One thread owns it. It consults no clock and never expires or evicts by itself: the caller decides,
// and deletes. Iteration is in hash order, which never changes while the keyspace lives: the table grows
// one small segment at a time (extendible hashing), so no operation pauses at any size, and SCAN needs
// no trick.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "storage/item.h"

namespace storage {

inline constexpr int kDatabases = 16;

// A key with its hash under the keyspace's seed, computed once per command.
struct HashedKey {
  std::string_view key;
  uint64_t hash = 0;
};

// Told of every change to a key, before the change is made to memory. Must not call back.
class ChangeObserver {
 public:
  virtual ~ChangeObserver() = default;
  virtual void OnChange(int database, const HashedKey& key) = 0;
  virtual void OnClear(int database) = 0;
};

class Database {
 public:
  // Null if the key is not there. The pointer lives until the next change to this database.
  Item* Find(const HashedKey& key);
  const Item* Find(const HashedKey& key) const;

  // Brings the key's bucket towards the cache; a pipeline calls it for all its keys, then Find.
  void Prefetch(uint64_t hash) const;      // The bucket.
  void PrefetchItem(uint64_t hash) const;  // The item itself, once the bucket has arrived.

  // Creates the key or replaces its value, whatever its type was. Clears the expiry unless `keep_expiry`.
  Item* PutString(const HashedKey& key, std::string_view value, bool keep_expiry = false);
  // Creates an empty collection (not a string) under a key that does not exist.
  Item* Create(const HashedKey& key, Type type);
  bool Delete(const HashedKey& key);
  // Moves the value and its expiry to `to`, replacing what was there. `from` must exist.
  void Rename(const HashedKey& from, const HashedKey& to);

  // Every change in place to a collection stands between these two. BeginChange marks the item dirty,
  // hands its old state to a running checkpoint and tells the observer; EndChange accounts the memory and
  // deletes the item if its collection became empty (the pointer is then dead).
  void BeginChange(Item* item, const HashedKey& key);
  void EndChange(Item* item, const HashedKey& key);

  // kNoExpiry clears. May move the item: use the returned pointer.
  Item* SetExpiry(Item* item, const HashedKey& key, int64_t expire_at_ms);

  size_t size() const;            // Keys, expired ones included.
  size_t expiring_size() const;   // Keys with an expiry.
  int64_t average_expiry_ms(int64_t now_ms) const;  // Average ms to live over a sample; 0 without any.

  // Visits at least about `count` keys from the place `cursor` (0: the start) and returns the cursor to go on
  // from, 0 at the end. Every key present from the first call to the last is visited at least once.
  uint64_t Scan(uint64_t cursor, size_t count, const std::function<void(const Item&)>& visit) const;
  // A key chosen at random; null when empty. `random` is any 64 random bits.
  const Item* Random(uint64_t random) const;
  // Visits up to `count` keys that have an expiry, from `cursor` on; for active expiry. Same cursor rules.
  uint64_t ScanExpiring(uint64_t cursor, size_t count, const std::function<void(const Item&)>& visit) const;
};

class Keyspace {
 public:
  // The seed hashes keys; replicas may differ in it, a checkpoint keeps it.
  explicit Keyspace(uint64_t hash_seed);
  ~Keyspace();

  Database& database(int index);
  HashedKey Hash(std::string_view key) const;

  void Clear(int database);  // Frees in slices or on `TakeGarbage`'s caller, never in one pause.
  void ClearAll();
  // What Clear left to free: destroy it on any thread. Null if there is none.
  std::unique_ptr<class Garbage> TakeGarbage();

  size_t memory_bytes() const;  // Items, collections and tables, as the allocator rounds them.
  size_t size() const;
  uint64_t hash_seed() const;
  uint64_t changes() const;  // Keys changed since the last capture began (a key once).

  void set_observer(ChangeObserver* observer);
};

}  // namespace storage
