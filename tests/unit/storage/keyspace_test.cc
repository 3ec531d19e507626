#include "storage/keyspace.h"

#include <doctest/doctest.h>

#include <map>
#include <random>
#include <set>
#include <string>

#include "storage/types/collections.h"
#include "tests/unit/storage/random_seed.h"

namespace storage {
namespace {

struct Expected {
  std::string value;
  int64_t expire_at_ms = kNoExpiry;
};
using Model = std::map<std::string, Expected>;

size_t CountBytes(const Database& database) {
  size_t bytes = 0;
  database.Scan(0, SIZE_MAX, [&](const Item& item) { bytes += item.memory_bytes(); });
  return bytes;
}

void CheckEqual(Keyspace& keyspace, const Model& model) {
  Database& database = keyspace.database(0);
  REQUIRE(database.size() == model.size());
  size_t expiring = 0;
  for (const auto& [key, expected] : model) {
    const Item* item = database.Find(keyspace.Hash(key));
    REQUIRE(item != nullptr);
    REQUIRE(item->key() == key);
    REQUIRE(item->string() == expected.value);
    REQUIRE(item->expire_at_ms() == expected.expire_at_ms);
    if (expected.expire_at_ms != kNoExpiry) ++expiring;
  }
  REQUIRE(database.expiring_size() == expiring);
  size_t seen = 0;
  database.ScanExpiring(0, SIZE_MAX, [&](const Item& item) {
    ++seen;
    REQUIRE(model.at(std::string(item.key())).expire_at_ms == item.expire_at_ms());
  });
  REQUIRE(seen == expiring);
  REQUIRE(CountBytes(database) == database.item_bytes());
  REQUIRE(keyspace.memory_bytes() == database.item_bytes() + database.table_bytes());
}

TEST_CASE("keyspace: behaves as a map of strings with expiries while it grows and shrinks") {
  const uint64_t seed = TestSeed(11);
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  Keyspace keyspace(seed);
  Database& database = keyspace.database(0);
  Model model;
  // Value sizes around every limit: what an item holds inline, size classes, external values.
  const auto value_of_some_size = [&] {
    constexpr size_t kSizes[] = {0, 1, 16, 32, 47, 48, 49, 100, 447, 448, 449, 600, 5000};
    return std::string(kSizes[random() % std::size(kSizes)],
                       static_cast<char>('a' + random() % 26));
  };
  for (const size_t keys_wanted : {3000U, 100U, 6000U, 0U}) {
    const bool growing = model.size() < keys_wanted;
    for (int step = 0; step < 12'000; ++step) {
      const bool puts = growing ? random() % 4 != 0 : random() % 4 == 0;
      const std::string name = "key:" + std::to_string(random() % (growing ? 8000 : 9000));
      const HashedKey key = keyspace.Hash(name);
      const auto it = model.find(name);
      Item* item = database.Find(key);
      REQUIRE((item != nullptr) == (it != model.end()));
      switch (random() % 8) {
        case 0:
        case 1:
        case 2:
        case 3:
          if (puts) {
            const bool keep = random() % 2 == 0;
            const std::string value = value_of_some_size();
            REQUIRE(database.PutString(key, value, keep)->string() == value);
            Expected& expected = model[name];
            expected.value = value;
            if (!keep) expected.expire_at_ms = kNoExpiry;
          } else {
            REQUIRE(database.Delete(key) == (it != model.end()));
            model.erase(name);
          }
          break;
        case 4:
          if (item != nullptr) {
            const int64_t expiry =
                random() % 3 == 0 ? kNoExpiry : static_cast<int64_t>(random() % 100'000);
            item = database.SetExpiry(item, key, expiry);
            REQUIRE(item->string() == it->second.value);
            it->second.expire_at_ms = expiry;
          }
          break;
        case 5:
          if (item != nullptr) {
            const std::string target =
                std::string(random() % 100 == 0 ? 3000 : 4, 'k') + std::to_string(random() % 8000);
            const Expected moved = it->second;
            database.Rename(key, keyspace.Hash(target));
            model.erase(name);
            model[target] = moved;
          }
          break;
        case 6: {
          const std::string value = value_of_some_size();
          const auto expiry = static_cast<int64_t>(random() % 100'000);
          if (!puts) break;
          database.PutStringUntil(key, value, expiry);
          model[name] = {value, expiry};
          break;
        }
        case 7: {
          if (!puts) break;
          const size_t offset = random() % 500;
          database.WriteString(key, offset, "patch");
          std::string& value = model[name].value;
          if (value.size() < offset + 5) value.resize(offset + 5);
          value.replace(offset, 5, "patch");
          break;
        }
      }
    }
    while (model.size() > keys_wanted) {
      const std::string name = model.begin()->first;
      REQUIRE(database.Delete(keyspace.Hash(name)));
      model.erase(name);
    }
    CheckEqual(keyspace, model);
  }
  CHECK(CountBytes(database) == 0);
  // One small segment and its directory is all that an emptied database keeps, and its expiring
  // keys.
  CHECK(keyspace.memory_bytes() <= 2 * (4096 + 128));
}

TEST_CASE("keyspace: memory is what a recount finds") {
  const uint64_t seed = TestSeed(12);
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  Keyspace keyspace(seed);
  Database& database = keyspace.database(3);
  const size_t empty_bytes = keyspace.memory_bytes();
  CHECK(empty_bytes == 0);
  size_t table_bytes = 0;
  for (int step = 0; step < 5000; ++step) {
    const std::string name = "k" + std::to_string(random() % 300);
    const HashedKey key = keyspace.Hash(name);
    if (random() % 3 == 0) {
      database.Delete(key);
    } else {
      database.PutString(key, std::string(random() % 1000, 'v'));
    }
    // 300 keys never split the first segment: beside it are the directory and chained buckets.
    const size_t bytes = keyspace.memory_bytes() - CountBytes(database);
    REQUIRE(bytes % 32 == 0);
    table_bytes = bytes;
  }
  CHECK(table_bytes < 8192);
  keyspace.Clear(3);
  CHECK(keyspace.memory_bytes() == 0);
  CHECK(keyspace.TakeGarbage() != nullptr);
  CHECK(keyspace.TakeGarbage() == nullptr);
}

TEST_CASE("keyspace: a scan visits every key that stays, whatever comes and goes meanwhile") {
  for (uint64_t round = 0; round < 5; ++round) {
    const uint64_t seed = TestSeed(20) + round;
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    Keyspace keyspace(seed);
    Database& database = keyspace.database(0);
    for (int i = 0; i < 1000; ++i) {
      database.PutString(keyspace.Hash("stays:" + std::to_string(i)), "v");
    }
    std::set<std::string> seen;
    uint64_t cursor = 0;
    size_t noise = 0;
    bool growing = true;
    do {
      cursor = database.Scan(cursor, 10, [&](const Item& item) { seen.emplace(item.key()); });
      REQUIRE(cursor < uint64_t{1} << 53);
      // Hundreds of keys come, and go again, between two steps: segments split and merge behind and
      // ahead of the cursor.
      for (int i = 0; i < 200; ++i) {
        if (growing) {
          database.PutString(keyspace.Hash("noise:" + std::to_string(noise++)), "v");
        } else if (noise > 0) {
          database.Delete(keyspace.Hash("noise:" + std::to_string(--noise)));
        }
      }
      if (noise > 6000 || noise == 0) growing = !growing;
    } while (cursor != 0);
    size_t stayed = 0;
    for (const std::string& key : seen) stayed += key.starts_with("stays:") ? 1U : 0U;
    CHECK(stayed == 1000);
  }
}

TEST_CASE("keyspace: a random key may be any key, and each about as often") {
  Keyspace keyspace(5);
  Database& database = keyspace.database(0);
  CHECK(database.Random(1) == nullptr);
  for (int i = 0; i < 1000; ++i) database.PutString(keyspace.Hash(std::to_string(i)), "v");
  std::map<std::string, int> drawn;
  std::mt19937_64 random(1);
  for (int i = 0; i < 100'000; ++i) ++drawn[std::string(database.Random(random())->key())];
  CHECK(drawn.size() == 1000);
  for (const auto& [key, count] : drawn) {
    CAPTURE(key);
    CHECK(count > 40);
    CHECK(count < 200);
  }
}

TEST_CASE("keyspace: the average time to live counts only keys with an expiry") {
  Keyspace keyspace(5);
  Database& database = keyspace.database(0);
  CHECK(database.average_expiry_ms(100) == 0);
  database.PutString(keyspace.Hash("forever"), "v");
  database.PutStringUntil(keyspace.Hash("a"), "v", 1100);
  database.PutStringUntil(keyspace.Hash("b"), "v", 2100);
  database.PutStringUntil(keyspace.Hash("late"), "v", 50);
  CHECK(database.expiring_size() == 3);
  CHECK(database.average_expiry_ms(100) == 1000);
}

TEST_CASE("keyspace: strings are named int, embstr or raw as in Redis") {
  Keyspace keyspace(5);
  Database& database = keyspace.database(0);
  const auto encoding = [&](std::string_view value) {
    return std::string(database.PutString(keyspace.Hash("k"), value)->encoding());
  };
  CHECK(encoding("0") == "int");
  CHECK(encoding("-12") == "int");
  CHECK(encoding("9223372036854775807") == "int");
  CHECK(encoding("9223372036854775808") == "embstr");
  CHECK(encoding("007") == "embstr");
  CHECK(encoding("-0") == "embstr");
  CHECK(encoding("-") == "embstr");
  CHECK(encoding("") == "embstr");
  CHECK(encoding(std::string(44, 'x')) == "embstr");
  CHECK(encoding(std::string(45, 'x')) == "raw");
  database.PutString(keyspace.Hash("k"), "1");
  CHECK(std::string(database.WriteString(keyspace.Hash("k"), 1, "2")->encoding()) == "raw");
  CHECK(encoding("12") == "int");
}

TEST_CASE("keyspace: a collection lives from Create until a change leaves it empty") {
  Keyspace keyspace(5);
  Database& database = keyspace.database(0);
  for (const Type type : {Type::kList, Type::kSet, Type::kSortedSet, Type::kHash}) {
    const HashedKey key = keyspace.Hash("k");
    Item* item = database.Create(key, type);
    CHECK(item->type() == type);
    const auto change = [&](bool fill) {
      item = database.Find(key);
      database.BeginChange(item, key);
      for (int i = 0; i < 1000; ++i) {
        const std::string element = std::to_string(i);
        if (type == Type::kList)
          fill ? item->list().PushBack(element) : (void)item->list().PopBack();
        if (type == Type::kSet) fill ? item->set().Add(element) : item->set().Remove(element);
        if (type == Type::kSortedSet) {
          fill ? item->sorted_set().Set(element, i) : item->sorted_set().Remove(element);
        }
        if (type == Type::kHash) {
          fill ? item->hash().Set(element, element) : item->hash().Delete(element);
        }
      }
      database.EndChange(item, key);
    };
    const size_t bytes_before = keyspace.memory_bytes();
    change(/*fill=*/true);
    CHECK(database.Find(key)->value_size() == 1000);
    CHECK(keyspace.memory_bytes() > bytes_before + 2000);
    // The value moves with the key and its expiry, and is not copied.
    item = database.SetExpiry(database.Find(key), key, 77);
    CHECK(item->value_size() == 1000);
    database.Rename(key, keyspace.Hash("other"));
    database.Rename(keyspace.Hash("other"), key);
    CHECK(database.Find(key)->value_size() == 1000);
    CHECK(database.Find(key)->expire_at_ms() == 77);
    change(/*fill=*/false);
    CHECK(database.Find(key) == nullptr);
    CHECK(database.size() == 0);
    CHECK(database.expiring_size() == 0);
  }
}

TEST_CASE("keyspace: a large collection is freed as garbage, and counts no more at once") {
  Keyspace keyspace(5);
  Database& database = keyspace.database(0);
  const HashedKey key = keyspace.Hash("k");
  Item* item = database.Create(key, Type::kSet);
  database.BeginChange(item, key);
  for (int i = 0; i < 5000; ++i) item->set().Add("member" + std::to_string(i));
  database.EndChange(item, key);
  database.PutString(key, "v");
  CHECK(keyspace.memory_bytes() < 10'000);
  CHECK(keyspace.TakeGarbage() != nullptr);
  database.Delete(key);
  CHECK(keyspace.TakeGarbage() == nullptr);
}

class RecordingObserver : public ChangeObserver {
 public:
  void OnChange(int database, const HashedKey& key) override {
    log += std::to_string(database) + ":" + std::string(key.key) + " ";
  }
  void OnClear(int database) override { log += "clear" + std::to_string(database) + " "; }
  std::string log;
};

TEST_CASE("keyspace: the observer is told of every change") {
  Keyspace keyspace(5);
  RecordingObserver observer;
  keyspace.set_observer(&observer);
  Database& database = keyspace.database(2);
  Item* item = database.PutString(keyspace.Hash("a"), "v");
  database.SetExpiry(item, keyspace.Hash("a"), 5);
  database.Rename(keyspace.Hash("a"), keyspace.Hash("b"));
  CHECK_FALSE(database.Delete(keyspace.Hash("a")));
  database.Delete(keyspace.Hash("b"));
  keyspace.Clear(2);
  CHECK(observer.log == "2:a 2:a 2:a 2:b 2:b clear2 ");
}

TEST_CASE("keyspace: a value may be put from the item that it replaces") {
  Keyspace keyspace(5);
  Database& database = keyspace.database(0);
  const HashedKey key = keyspace.Hash("k");
  std::string value;
  for (int i = 0; i < 1000; ++i) value += static_cast<char>('a' + i % 26);
  Item* item = database.PutString(key, value);
  item = database.PutString(key, item->string().substr(1));
  CHECK(item->string() == value.substr(1));
  item = database.PutString(key, item->string().substr(700));
  CHECK(item->string() == value.substr(701));
  item = database.PutString(key, item->string().substr(3));
  CHECK(item->string() == value.substr(704));
}

}  // namespace
}  // namespace storage
