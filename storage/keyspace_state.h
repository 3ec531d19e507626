// What the databases of one keyspace share: memory counts, the observer, and what the next
// checkpoint must hold.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "storage/item.h"
#include "storage/table.h"
#include "storage/tombstones.h"

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

// The running capture, as the databases see it.
class CaptureSink {
 public:
  virtual ~CaptureSink() = default;
  // The item is about to be changed or deleted, for the first time since the capture began.
  virtual void BeforeChange(int database, uint64_t hash, Item& item) = 0;
  // The database is about to be emptied; takes its table if it is still to be read out.
  virtual void BeforeClear(int database, Table& table) = 0;
};

// What was cleared and is still to be freed: that takes long, and may be done on any thread.
class Garbage {
 public:
  Garbage() = default;
  ~Garbage();
  Garbage(const Garbage&) = delete;
  Garbage& operator=(const Garbage&) = delete;

  void AddTable(Table& table);  // With its items; leaves it empty.
  void AddItem(Item* item) { items_.push_back(item); }

 private:
  size_t bytes_ = 0;  // The tables' account.
  std::vector<std::unique_ptr<Table>> tables_;
  std::vector<Item*> items_;
};

struct KeyspaceState {
  explicit KeyspaceState(uint64_t seed) : hash_seed(seed) {}

  const uint64_t hash_seed;
  size_t item_bytes = 0;
  size_t table_bytes = 0;
  ChangeObserver* observer = nullptr;
  std::unique_ptr<Garbage> garbage;

  // An item carries the epoch of its last change; each capture begins a new one. An item of an
  // earlier epoch is dirty and waits for the capture to read it out, which sets 0: clean. So a key
  // that was changed since the capture began is told from one that was dirty before.
  uint8_t epoch = 1;
  uint64_t changes = 0;
  CaptureSink* capture = nullptr;
  std::array<Tombstones, kDatabases> tombstones;       // Since the last capture began.
  std::array<bool, kDatabases> database_deleted = {};  // The same. Tombstones are of later.
  bool checkpoint_lost = false;  // The last capture failed: every key counts as dirty.

  Garbage& garbage_bin() {
    if (!garbage) garbage = std::make_unique<Garbage>();
    return *garbage;
  }
};

}  // namespace storage
