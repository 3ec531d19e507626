#include "storage/table.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "storage/key_hash.h"
#include "tests/unit/storage/random_seed.h"

namespace storage {
namespace {

constexpr uint64_t kSeed = 3;

// Items for a table, freed at the end.
class Items {
 public:
  ~Items() {
    for (Item* item : items_) ItemFactory::Destroy(item);
  }
  Item* Make(size_t number) {
    items_.push_back(ItemFactory::NewString("key" + std::to_string(number), "v", kNoExpiry));
    return items_.back();
  }

 private:
  std::vector<Item*> items_;
};

std::vector<uint64_t> HashesInOrder(const Table& table) {
  std::vector<uint64_t> hashes;
  uint64_t position = 0;
  do {
    const Table::BucketRange range = table.BucketAt(position);
    CHECK(range.first_hash == position);
    std::vector<uint64_t> in_bucket;
    Table::ForEachIn(range.bucket, [&](const Table::Place& place) {
      in_bucket.push_back(table.HashOf(place.item()));
      CHECK(in_bucket.back() >= range.first_hash);
      CHECK(in_bucket.back() <= range.next_hash - 1);
    });
    std::sort(in_bucket.begin(), in_bucket.end());
    hashes.insert(hashes.end(), in_bucket.begin(), in_bucket.end());
    position = range.next_hash;
  } while (position != 0);
  return hashes;
}

TEST_CASE("table: an empty one uses no memory, and an emptied one a single segment") {
  size_t account = 0;
  Items items;
  {
    Table table(kSeed, &account);
    CHECK(account == 0);
    CHECK_FALSE(table.Find(1, "key"));
    std::vector<Item*> inserted;
    for (size_t i = 0; i < 20'000; ++i) {
      inserted.push_back(items.Make(i));
      table.Insert(table.HashOf(inserted.back()), inserted.back(), false);
    }
    CHECK(table.segments() > 40);
    CHECK(account == table.memory_bytes());
    for (const Item* item : inserted) {
      const uint64_t hash = table.HashOf(item);
      const Table::Place place = table.Find(hash, item->key());
      REQUIRE(place);
      REQUIRE(place.item() == item);
      table.Erase(place, hash);
    }
    CHECK(table.size() == 0);
    CHECK(table.segments() == 1);
    CHECK(account < 4096 + 256);
  }
  CHECK(account == 0);
}

TEST_CASE("table: its order is the order of hashes, at any size") {
  size_t account = 0;
  Items items;
  Table table(kSeed, &account);
  for (size_t i = 0; i < 50'000; ++i) {
    Item* item = items.Make(i);
    table.Insert(table.HashOf(item), item, false);
    if (i % 7919 != 0 && i != 49'999) continue;
    const std::vector<uint64_t> hashes = HashesInOrder(table);
    REQUIRE(hashes.size() == i + 1);
    REQUIRE(std::is_sorted(hashes.begin(), hashes.end()));
  }
}

TEST_CASE("table: dirty marks stay with their items through splits, merges and chains") {
  const uint64_t seed = TestSeed(5);
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  size_t account = 0;
  Items items;
  Table table(kSeed, &account);
  struct Entry {
    Item* item;
    bool dirty;
  };
  std::vector<Entry> entries;
  const auto check = [&] {
    for (const Entry& entry : entries) {
      const uint64_t hash = table.HashOf(entry.item);
      const Table::Place place = table.Find(hash, entry.item->key());
      REQUIRE(place);
      REQUIRE(place.dirty() == entry.dirty);
      REQUIRE(table.FindItem(hash, entry.item).item() == entry.item);
      if (entry.dirty) REQUIRE(table.SegmentAt(hash).dirty);
    }
  };
  size_t made = 0;
  for (int round = 0; round < 6; ++round) {
    const bool grows = round % 2 == 0;
    for (int i = 0; i < 3000; ++i) {
      if (grows || entries.empty()) {
        const bool dirty = random() % 5 == 0;
        entries.push_back({items.Make(made++), dirty});
        table.Insert(table.HashOf(entries.back().item), entries.back().item, dirty);
      } else {
        std::swap(entries[random() % entries.size()], entries.back());
        const uint64_t hash = table.HashOf(entries.back().item);
        table.Erase(table.FindItem(hash, entries.back().item), hash);
        entries.pop_back();
      }
    }
    for (Entry& entry : entries) {
      if (random() % 10 != 0) continue;
      const uint64_t hash = table.HashOf(entry.item);
      table.MarkDirty(table.FindItem(hash, entry.item), hash);
      entry.dirty = true;
    }
    check();
  }
  for (Entry& entry : entries) {
    table.FindItem(table.HashOf(entry.item), entry.item).Clean();
    entry.dirty = false;
  }
  table.RefreshDirty(0);
  if (table.size() != 0) CHECK_FALSE(table.SegmentAt(0).dirty);
}

TEST_CASE("table: what one has another can take") {
  size_t account = 0;
  size_t other_account = 0;
  Items items;
  Table table(kSeed, &account);
  for (size_t i = 0; i < 1000; ++i) {
    Item* item = items.Make(i);
    table.Insert(table.HashOf(item), item, false);
  }
  Table other(kSeed, &other_account);
  other.TakeFrom(table);
  CHECK(account == 0);
  CHECK(other_account == other.memory_bytes());
  CHECK(table.size() == 0);
  CHECK(HashesInOrder(other).size() == 1000);
  table.Insert(KeyHash("key1", kSeed), items.Make(1), false);
  CHECK(table.size() == 1);
}

}  // namespace
}  // namespace storage
