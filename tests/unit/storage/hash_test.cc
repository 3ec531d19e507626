#include "storage/types/hash.h"

#include <doctest/doctest.h>

#include <map>
#include <set>

#include "tests/unit/storage/collection_test.h"

namespace storage {

namespace {

using Model = std::map<std::string, std::string>;

Model ModelOf(const Hash& hash) {
  Model model;
  hash.ForEach([&](std::string_view field, std::string_view value) {
    const bool is_new = model.emplace(field, value).second;
    REQUIRE(is_new);
  });
  return model;
}

}  // namespace

TEST_CASE("hash: it agrees with a map through every change and encoding") {
  const uint64_t seed = TestSeed();
  CAPTURE(seed);
  Chance chance(seed);
  for (const uint64_t variety : {5, 50, 400, 5000}) {
    Hash hash(seed);
    Model model;
    for (int i = 0; i < 6000; ++i) {
      // It grows first and shrinks towards the end.
      const std::string field = chance.Element(variety, i > 1000);
      if (chance.Below(6000) < static_cast<uint64_t>(i)) {
        REQUIRE(hash.Delete(field) == (model.erase(field) == 1));
      } else {
        const std::string value = chance.Element(100000, i > 1000);
        REQUIRE(hash.Set(field, value) == model.insert_or_assign(field, value).second);
      }
      const auto it = model.find(field);
      const std::optional<std::string_view> found = hash.Get(field);
      REQUIRE(found.has_value() == (it != model.end()));
      if (found) REQUIRE(*found == it->second);
      REQUIRE(hash.Contains(field) == found.has_value());
      REQUIRE(hash.size() == model.size());
    }
    CHECK(ModelOf(hash) == model);
    std::string encoded;
    hash.EncodeTo(encoded);
    const std::unique_ptr<Hash> decoded = Hash::Decode(encoded, seed + 1);
    REQUIRE(decoded);
    CHECK(ModelOf(*decoded) == model);
    CHECK(decoded->packed() == hash.packed());
    CHECK(decoded->memory_bytes() <= hash.memory_bytes() * 2);
  }
}

TEST_CASE("hash: it is packed up to the thresholds and a table beyond, for good") {
  Hash hash;
  for (int i = 0; i < 512; ++i) CHECK(hash.Set(std::to_string(i), std::string(64, 'v')));
  CHECK(std::string(hash.encoding()) == "listpack");
  CHECK_FALSE(hash.Set("7", "again"));
  CHECK(hash.packed());
  CHECK(hash.Set("one more", "1"));
  CHECK(std::string(hash.encoding()) == "hashtable");
  for (int i = 0; i < 500; ++i) CHECK(hash.Delete(std::to_string(i)));
  CHECK_FALSE(hash.packed());

  Hash long_value;
  long_value.Set("field", std::string(65, 'v'));
  CHECK_FALSE(long_value.packed());
  Hash limited;
  const Thresholds thresholds{.hash_entries_max = 1};
  limited.Set("a", "1", thresholds);
  CHECK(limited.packed());
  limited.Set("b", "1", thresholds);
  CHECK_FALSE(limited.packed());
}

TEST_CASE("hash: a small one takes its bytes and 48 more") {
  Hash hash;
  for (int i = 0; i < 5; ++i) hash.Set("field" + std::to_string(i), "1234567890");
  // Five fields of 8 bytes and values of 6; Redis 7.0.15 says 128 for it, key and entry included.
  CHECK(hash.memory_bytes() <= 128);
}

TEST_CASE("hash: memory goes back to where it was") {
  const uint64_t seed = TestSeed();
  CAPTURE(seed);
  Hash hash(seed);
  const std::string value(100, 'v');
  for (int i = 0; i < 20000; ++i) hash.Set(std::to_string(i), value);
  const size_t full = hash.memory_bytes();
  CHECK(full > 20000 * 100);
  for (int i = 0; i < 20000; ++i) hash.Delete(std::to_string(i));
  CHECK(hash.size() == 0);
  CHECK(hash.memory_bytes() < full / 50);
}

TEST_CASE("hash: a scan sees all fields that stay while others come and go") {
  const uint64_t seed = TestSeed();
  CAPTURE(seed);
  Chance chance(seed);
  Hash hash(seed);
  const std::string big(100, 'v');
  for (int i = 0; i < 3000; ++i) hash.Set("stays:" + std::to_string(i), big);
  for (const bool grows : {true, false}) {
    std::set<std::string> seen;
    uint64_t cursor = 0;
    uint64_t others = 0;
    do {
      cursor = hash.Scan(cursor, 10, [&](std::string_view field, std::string_view) {
        if (field.starts_with("stays:")) seen.emplace(field);
      });
      for (int i = 0; i < 200; ++i) {
        const std::string other =
            "other:" + std::to_string(grows ? others++ : chance.Below(100000));
        grows ? hash.Set(other, big) : hash.Delete(other);
      }
    } while (cursor != 0);
    CHECK(seen.size() == 3000);
  }
}

TEST_CASE("hash: a random pair is any of them") {
  for (const int size : {3, 2000}) {
    Hash hash;
    for (int i = 0; i < size; ++i) hash.Set(std::to_string(i), "v");
    std::set<std::string> seen;
    Chance chance(1);
    for (int i = 0; i < size * 20; ++i) {
      hash.Random(chance.Bits(),
                  [&](std::string_view field, std::string_view) { seen.emplace(field); });
    }
    CHECK(seen.size() == static_cast<size_t>(size));
  }
}

TEST_CASE("hash: no mutated encoding crashes, and what is taken can be encoded again") {
  const uint64_t seed = TestSeed();
  CAPTURE(seed);
  for (const int size : {0, 1, 40, 600}) {
    Chance chance(seed);
    Hash hash;
    for (int i = 0; i < size; ++i)
      hash.Set(chance.Element(1000, false), chance.Element(1000, false));
    std::string encoded;
    hash.EncodeTo(encoded);
    MutateAndDecode(encoded, seed, [](const std::string& bytes) {
      const std::unique_ptr<Hash> decoded = Hash::Decode(bytes);
      if (!decoded) return;
      CHECK(ModelOf(*decoded).size() == decoded->size());
      for (const auto& [field, value] : ModelOf(*decoded)) CHECK(*decoded->Get(field) == value);
    });
    CHECK_FALSE(Hash::Decode(encoded + "x"));
  }
  CHECK_FALSE(Hash::Decode(""));
}

}  // namespace storage
