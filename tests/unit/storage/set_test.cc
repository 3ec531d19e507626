#include "storage/types/set.h"

#include <doctest/doctest.h>

#include <map>
#include <set>

#include "tests/unit/storage/collection_test.h"

namespace storage {

namespace {

using Model = std::set<std::string>;

Model ModelOf(const Set& set) {
  Model model;
  set.ForEach([&](std::string_view member) {
    const bool is_new = model.emplace(member).second;
    REQUIRE(is_new);
  });
  return model;
}

std::string EncodingOf(const Set& set) { return set.encoding(); }

}  // namespace

TEST_CASE("set: it agrees with a std::set through every change and encoding") {
  const uint64_t seed = TestSeed();
  CAPTURE(seed);
  Chance chance(seed);
  for (const uint64_t variety : {5, 30, 400, 5000}) {
    for (const bool integers : {true, false}) {
      Set set(seed);
      Model model;
      for (int i = 0; i < 5000; ++i) {
        const std::string member =
            integers
                ? std::to_string(static_cast<int64_t>(chance.Below(variety)) << chance.Below(50))
                : chance.Element(variety, i > 1000);
        if (chance.Below(5000) < static_cast<uint64_t>(i)) {
          REQUIRE(set.Remove(member) == (model.erase(member) == 1));
        } else {
          REQUIRE(set.Add(member) == model.insert(member).second);
        }
        REQUIRE(set.Contains(member) == model.contains(member));
        REQUIRE(set.size() == model.size());
      }
      CHECK(ModelOf(set) == model);
      std::string encoded;
      set.EncodeTo(encoded);
      const std::unique_ptr<Set> decoded = Set::Decode(encoded, seed + 1);
      REQUIRE(decoded);
      CHECK(ModelOf(*decoded) == model);
      CHECK(EncodingOf(*decoded) == set.encoding());
      while (set.size() > 0) {
        const std::string popped(set.Random(chance.Bits()));
        REQUIRE(model.erase(popped) == 1);
        REQUIRE(set.Remove(popped));
      }
      CHECK(model.empty());
    }
  }
}

TEST_CASE("set: its encoding is named as Redis 7.0 names it") {
  Set set;
  for (int i = 0; i < 512; ++i) CHECK(set.Add(std::to_string(i)));
  CHECK(EncodingOf(set) == "intset");
  CHECK_FALSE(set.Add("511"));
  CHECK(EncodingOf(set) == "intset");
  CHECK(set.Add("512"));
  CHECK(EncodingOf(set) == "hashtable");
  CHECK(set.Contains("0"));

  Set mixed;
  mixed.Add("1");
  CHECK_FALSE(mixed.Add("1"));
  CHECK(mixed.Add("01"));
  CHECK(EncodingOf(mixed) == "hashtable");
  CHECK(mixed.Contains("1"));
  CHECK(mixed.size() == 2);
}

TEST_CASE("set: a member may be removed by the view that Random gave") {
  Set set;
  for (int i = 0; i < 1000; ++i) set.Add("member:" + std::to_string(i));
  for (uint64_t i = 0; set.size() > 0; ++i) CHECK(set.Remove(set.Random(i)));
}

TEST_CASE("set: random members come up equally often") {
  const uint64_t seed = TestSeed();
  CAPTURE(seed);
  Chance chance(seed);
  Set set(seed);
  for (int i = 0; i < 1000; ++i) set.Add("member:" + std::to_string(i));
  std::map<std::string, int> times;
  for (int i = 0; i < 100000; ++i) ++times[std::string(set.Random(chance.Bits()))];
  CHECK(times.size() == 1000);
  double chi_square = 0;
  for (const auto& [member, count] : times) chi_square += (count - 100) * (count - 100) / 100.0;
  CHECK(chi_square < 1300);  // 999 degrees of freedom: a deviation of 6.7 sigma.
}

TEST_CASE("set: a scan sees all members that stay while others come and go") {
  const uint64_t seed = TestSeed();
  CAPTURE(seed);
  Set set(seed);
  for (int i = 0; i < 20000; ++i) set.Add("member:" + std::to_string(i));
  Model seen;
  uint64_t cursor = 0;
  int gone = 5000;
  do {
    cursor = set.Scan(cursor, 10, [&](std::string_view member) { seen.emplace(member); });
    CHECK(cursor < uint64_t{1} << 53);  // A double holds it: clients keep cursors in one.
    for (int i = 0; i < 100 && gone < 20000; ++i) set.Remove("member:" + std::to_string(gone++));
  } while (cursor != 0);
  for (int i = 0; i < 5000; ++i) REQUIRE(seen.contains("member:" + std::to_string(i)));
}

#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_CASE("set: a million members fit into less than 64 bytes each and pop one by one") {
  Set set(1);
  for (int i = 0; i < 1000000; ++i) REQUIRE(set.Add("element:" + std::to_string(i)));
  CHECK(set.memory_bytes() < 64 * set.size());
  for (uint64_t i = 0; set.size() > 0; ++i) REQUIRE(set.Remove(set.Random(i)));
  CHECK(set.memory_bytes() < 1000);
}
#endif

TEST_CASE("set: no mutated encoding crashes") {
  const uint64_t seed = TestSeed();
  CAPTURE(seed);
  for (const int size : {0, 1, 20, 600}) {
    for (const bool integers : {true, false}) {
      Chance chance(seed);
      Set set;
      for (int i = 0; i < size; ++i) {
        set.Add(integers ? std::to_string(chance.Below(100000)) : chance.Element(1000, false));
      }
      std::string encoded;
      set.EncodeTo(encoded);
      MutateAndDecode(encoded, seed, [](const std::string& bytes) {
        const std::unique_ptr<Set> decoded = Set::Decode(bytes);
        if (!decoded) return;
        CHECK(ModelOf(*decoded).size() == decoded->size());
        for (const std::string& member : ModelOf(*decoded)) CHECK(decoded->Contains(member));
      });
      CHECK_FALSE(Set::Decode(encoded + "x"));
    }
  }
  CHECK_FALSE(Set::Decode(""));
}

}  // namespace storage
