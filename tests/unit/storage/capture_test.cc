#include "storage/capture.h"

#include <doctest/doctest.h>

#include <map>
#include <random>
#include <string>
#include <tuple>

#include "storage/types/collections.h"
#include "storage/value_codec.h"
#include "tests/unit/storage/random_seed.h"

namespace storage {
namespace {

// What a checkpoint store holds, in stored order.
using Place = std::tuple<int, uint64_t, std::string>;
using Rows = std::map<Place, std::string>;

// Applies a capture's rows and checks that they come in strictly rising order.
class ShadowWriter : public CheckpointWriter {
 public:
  explicit ShadowWriter(Rows& rows) : rows_(rows) {}

  Status Put(const CheckpointRow& row) override {
    Rise({row.database, row.hash, std::string(row.key)});
    rows_[last_] = row.value;
    ++puts;
    return {};
  }
  Status Delete(int database, uint64_t hash, std::string_view key) override {
    Rise({database, hash, std::string(key)});
    rows_.erase(last_);
    ++deletes;
    return {};
  }
  Status DeleteDatabase(int database) override {
    REQUIRE(database > std::get<0>(last_));  // Before any other row of this database.
    last_ = {database, 0, ""};
    may_repeat_last_ = true;
    std::erase_if(rows_, [&](const auto& row) { return std::get<0>(row.first) == database; });
    return {};
  }
  uint64_t bytes() const override { return 0; }
  Status Finish(const CheckpointInfo&) override { return {}; }
  Status Ingest() override { return {}; }

  int puts = 0;
  int deletes = 0;

 private:
  void Rise(Place place) {
    REQUIRE((place > last_ || (may_repeat_last_ && place == last_)));
    may_repeat_last_ = false;
    last_ = std::move(place);
  }

  Rows& rows_;
  Place last_ = {-1, 0, ""};
  bool may_repeat_last_ = false;
};

Rows Dump(Keyspace& keyspace) {
  Rows rows;
  for (int i = 0; i < kDatabases; ++i) {
    keyspace.database(i).Scan(0, SIZE_MAX, [&](const Item& item) {
      const HashedKey key = keyspace.Hash(item.key());
      EncodeValue(item, rows[{i, key.hash, std::string(item.key())}]);
    });
  }
  return rows;
}

void CheckMemory(Keyspace& keyspace) {
  size_t bytes = 0;
  for (int i = 0; i < kDatabases; ++i) {
    size_t items_bytes = 0;
    keyspace.database(i).Scan(0, SIZE_MAX,
                              [&](const Item& item) { items_bytes += item.memory_bytes(); });
    REQUIRE(keyspace.database(i).item_bytes() == items_bytes);
    bytes += items_bytes + keyspace.database(i).table_bytes();
  }
  REQUIRE(keyspace.memory_bytes() == bytes);
}

// One random change of any kind to a few databases.
void ChangeSomething(Keyspace& keyspace, std::mt19937_64& random, uint64_t keys) {
  const int index = static_cast<int>(random() % 3);
  Database& database = keyspace.database(index);
  const std::string name = "key" + std::to_string(random() % keys);
  const HashedKey key = keyspace.Hash(name);
  Item* item = database.Find(key);
  const uint64_t kind = random() % 1000;
  if (kind < 1) {
    keyspace.Clear(index);
  } else if (kind < 400) {
    database.PutString(key, std::string(random() % 600, 'v'), random() % 2 == 0);
  } else if (kind < 650) {
    database.Delete(key);
  } else if (kind < 700) {
    if (item != nullptr) {
      database.Rename(key, keyspace.Hash("key" + std::to_string(random() % keys)));
    }
  } else if (kind < 800) {
    if (item != nullptr) database.SetExpiry(item, key, static_cast<int64_t>(random() % 1000) - 1);
  } else if (kind < 850) {
    if (item == nullptr || item->type() == Type::kString) database.WriteString(key, 3, "patch");
  } else {
    if (item != nullptr && item->type() != Type::kHash) return;
    if (item == nullptr) item = database.Create(key, Type::kHash);
    database.BeginChange(item, key);
    const std::string field = std::to_string(random() % 3);
    if (random() % 2 == 0) {
      item->hash().Set(field, std::to_string(random()));
    } else {
      item->hash().Delete(field);
    }
    database.EndChange(item, key);
  }
}

TEST_CASE("capture: checkpoints taken amid changes hold the state of when each began") {
  for (uint64_t round = 0; round < 12; ++round) {
    const uint64_t seed = TestSeed(100) + round;
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    Keyspace keyspace(seed);
    Rows stored;
    // Small ranges of keys meet the same key often; large ones split and merge segments.
    const uint64_t keys = round % 3 == 0 ? 20 : round % 3 == 1 ? 1500 : 6000;
    for (int checkpoint = 0; checkpoint < 12; ++checkpoint) {
      CAPTURE(checkpoint);
      const uint64_t changes = random() % (keys * 3);
      for (uint64_t i = 0; i < changes; ++i) ChangeSomething(keyspace, random, keys);

      const bool everything = random() % 5 == 0;
      const bool succeeds = random() % 4 != 0;
      const Rows expected = Dump(keyspace);
      std::unique_ptr<Capture> capture = Capture::Begin(keyspace, everything);
      CHECK(capture->keys_at_begin() == expected.size());
      CHECK(keyspace.changes() == 0);
      Rows next = everything ? Rows{} : stored;
      ShadowWriter writer(next);
      const size_t slice_bytes = size_t{1} << (random() % 18);
      const uint64_t changes_between = random() % 30;
      const bool given_up_early = !succeeds && random() % 2 == 0;
      while (!capture->done()) {
        REQUIRE(capture->Next(1 + random() % slice_bytes).WriteTo(writer));
        const uint64_t now = changes_between == 0 ? 0 : random() % changes_between;
        for (uint64_t i = 0; i < now; ++i) ChangeSomething(keyspace, random, keys);
        if (given_up_early && random() % 20 == 0) break;
      }
      if (!given_up_early) REQUIRE((next == expected));
      if (succeeds) {
        CHECK(capture->Next(1000).rows() == 0);
        capture->Succeed();
        stored = next;
      }
      capture.reset();
      keyspace.TakeGarbage();
      CheckMemory(keyspace);
    }
  }
}

// Takes a whole checkpoint at once.
ShadowWriter CaptureAll(Keyspace& keyspace, Rows& rows, bool everything = false) {
  ShadowWriter writer(rows);
  const std::unique_ptr<Capture> capture = Capture::Begin(keyspace, everything);
  while (!capture->done()) REQUIRE(capture->Next(10'000).WriteTo(writer));
  capture->Succeed();
  return writer;
}

TEST_CASE("capture: costs what has changed") {
  Keyspace keyspace(1);
  Database& database = keyspace.database(0);
  Rows rows;
  for (int i = 0; i < 10'000; ++i) database.PutString(keyspace.Hash(std::to_string(i)), "v");
  CHECK(keyspace.changes() == 10'000);
  CHECK(CaptureAll(keyspace, rows).puts == 10'000);
  CHECK(keyspace.changes() == 0);
  CHECK(CaptureAll(keyspace, rows).puts == 0);

  for (int i = 0; i < 20; ++i) database.PutString(keyspace.Hash("7"), "w");
  database.Delete(keyspace.Hash("8"));
  database.PutString(keyspace.Hash("new"), "v");
  database.Delete(keyspace.Hash("new"));
  database.Delete(keyspace.Hash("never there"));
  const ShadowWriter writer = CaptureAll(keyspace, rows);
  CHECK(writer.puts == 1);
  CHECK(writer.deletes == 1);
  CHECK(CaptureAll(keyspace, rows, /*everything=*/true).puts == 9999);
}

TEST_CASE("capture: one slice of a clean table is cheap, and one of dirty keys is not too long") {
  Keyspace keyspace(1);
  for (int i = 0; i < 10'000; ++i) {
    keyspace.database(0).PutString(keyspace.Hash(std::to_string(i)), std::string(32, 'v'));
  }
  const std::unique_ptr<Capture> capture = Capture::Begin(keyspace, false);
  size_t rows = 0;
  while (!capture->done()) {
    const CaptureSlice slice = capture->Next(4096);
    CHECK(slice.bytes() < 4096 + 200);
    rows += slice.rows();
  }
  CHECK(rows == 10'000);
}

TEST_CASE("capture: what a failed one read out is read out again, deletions included") {
  Keyspace keyspace(1);
  Database& database = keyspace.database(5);
  Rows rows;
  for (int i = 0; i < 1000; ++i) database.PutString(keyspace.Hash(std::to_string(i)), "v");
  CaptureAll(keyspace, rows);
  database.Delete(keyspace.Hash("1"));
  database.PutString(keyspace.Hash("2"), "changed");
  for (int failures = 0; failures < 600; ++failures) {  // More than an epoch can count.
    const std::unique_ptr<Capture> capture = Capture::Begin(keyspace, false);
    if (failures % 2 == 0) capture->Next(SIZE_MAX);
    database.PutString(keyspace.Hash(std::to_string(3 + failures)), std::to_string(failures));
  }
  CHECK(keyspace.changes() > 0);
  CaptureAll(keyspace, rows);
  CHECK((rows == Dump(keyspace)));
}

TEST_CASE("loader: brings back what a capture took out, clean") {
  const uint64_t seed = TestSeed(7);
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  Keyspace keyspace(seed);
  for (int i = 0; i < 30'000; ++i) ChangeSomething(keyspace, random, 5000);
  Rows rows;
  CaptureAll(keyspace, rows);

  Keyspace loaded(seed);
  const std::unique_ptr<Loader> loader = Loader::Begin(loaded);
  for (const auto& [place, value] : rows) {
    const auto& [database, hash, key] = place;
    REQUIRE(loader->Add({.hash = hash, .database = database, .key = key, .value = value}));
  }
  CHECK((Dump(loaded) == Dump(keyspace)));
  CHECK(loaded.changes() == 0);
  for (int i = 0; i < kDatabases; ++i) {
    CHECK(loaded.database(i).expiring_size() == keyspace.database(i).expiring_size());
  }
  Rows after = rows;
  CHECK(CaptureAll(loaded, after).puts == 0);
  // Keys that a checkpoint holds leave tombstones.
  const auto& [database, hash, key] = rows.begin()->first;
  loaded.database(database).Delete(loaded.Hash(key));
  CHECK(CaptureAll(loaded, after).deletes == 1);
  CHECK(after.size() == rows.size() - 1);
}

TEST_CASE("loader: refuses rows that no capture wrote") {
  Keyspace keyspace(1);
  const std::unique_ptr<Loader> loader = Loader::Begin(keyspace);
  const HashedKey key = keyspace.Hash("k");
  const std::string value("\0v", 2);
  const auto add = [&](const CheckpointRow& row) { return loader->Add(row).has_value(); };
  CHECK_FALSE(add({.hash = key.hash, .database = 16, .key = "k", .value = value}));
  CHECK_FALSE(add({.hash = key.hash, .database = -1, .key = "k", .value = value}));
  CHECK_FALSE(add({.hash = key.hash + 1, .database = 0, .key = "k", .value = value}));
  CHECK_FALSE(add({.hash = key.hash, .database = 0, .key = "k", .value = ""}));
  CHECK_FALSE(add({.hash = key.hash, .database = 0, .key = "k", .value = "\x10 short"}));
  CHECK_FALSE(add({.hash = key.hash, .database = 0, .key = "k", .value = "\x05"}));
  CHECK_FALSE(add({.hash = key.hash, .database = 0, .key = "k", .value = "\x20v"}));
  CHECK_FALSE(add({.hash = key.hash, .database = 0, .key = "k", .value = "\x04junk"}));
  CHECK(keyspace.size() == 0);
  CHECK(add({.hash = key.hash, .database = 1, .key = "k", .value = value}));
  CHECK_FALSE(add({.hash = key.hash, .database = 1, .key = "k", .value = value}));
  CHECK_FALSE(add({.hash = key.hash, .database = 0, .key = "k", .value = value}));
  CHECK(keyspace.size() == 1);
}

}  // namespace
}  // namespace storage
