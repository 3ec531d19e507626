#include "storage/keyspace.h"

#include "storage/key_hash.h"

namespace storage {

Garbage::~Garbage() {
  for (const std::unique_ptr<Table>& table : tables_) {
    if (table->size() == 0) continue;
    uint64_t position = 0;
    do {
      const Table::BucketRange range = table->BucketAt(position);
      position = range.next_hash;
      if (position != 0) Table::PrefetchItemsOf(table->BucketAt(position).bucket);
      Table::ForEachIn(range.bucket,
                       [](const Table::Place& place) { ItemFactory::Destroy(place.item()); });
    } while (position != 0);
  }
  for (Item* item : items_) ItemFactory::Destroy(item);
}

void Garbage::AddTable(Table& table) {
  auto taken = std::make_unique<Table>(table.hash_seed(), &bytes_);
  taken->TakeFrom(table);
  tables_.push_back(std::move(taken));
}

Keyspace::Keyspace(uint64_t hash_seed)
    : Keyspace(hash_seed, std::make_index_sequence<kDatabases>()) {}

Keyspace::~Keyspace() {
  assert(state_.capture == nullptr);  // It would read what is gone.
  for (Database& database : databases_) state_.garbage_bin().AddTable(database.table_);
}

HashedKey Keyspace::Hash(std::string_view key) const {
  return {.key = key, .hash = KeyHash(key, state_.hash_seed)};
}

void Keyspace::Clear(int index) {
  Database& database = this->database(index);
  const auto at = static_cast<size_t>(index);
  if (state_.observer != nullptr) state_.observer->OnClear(index);
  if (database.size() == 0 && state_.tombstones[at].empty()) return;

  state_.changes += database.size();
  if (state_.capture != nullptr) state_.capture->BeforeClear(index, database.table_);
  if (database.table_.size() != 0) state_.garbage_bin().AddTable(database.table_);
  Table unused(state_.hash_seed, &state_.table_bytes);  // Its items are those of the other table.
  unused.TakeFrom(database.expiring_);
  database.AccountItems(0, database.item_bytes_);
  state_.tombstones[at].Clear();
  state_.database_deleted[at] = true;
}

void Keyspace::ClearAll() {
  for (int i = 0; i < kDatabases; ++i) Clear(i);
}

size_t Keyspace::size() const {
  size_t keys = 0;
  for (const Database& database : databases_) keys += database.size();
  return keys;
}

}  // namespace storage
