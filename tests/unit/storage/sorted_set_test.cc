#include "storage/types/sorted_set.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <vector>

#include "tests/unit/storage/collection_test.h"

namespace storage {

namespace {

using Row = std::pair<double, std::string>;

std::vector<Row> RowsOf(const SortedSet& set) {
  std::vector<Row> rows;
  if (set.size() == 0) return rows;
  set.ForRange(0, set.size() - 1, false, [&](std::string_view member, double score) {
    rows.emplace_back(score, member);
    return true;
  });
  return rows;
}

double RandomScore(Chance& chance) {
  switch (chance.Below(8)) {
    case 0:
      return std::numeric_limits<double>::infinity();
    case 1:
      return -std::numeric_limits<double>::infinity();
    case 2:
      return static_cast<double>(chance.Below(100)) / 7;
    case 3:
      return static_cast<double>(chance.Below(100)) / 4;
    case 4:
      return std::ldexp(static_cast<double>(chance.Bits()), static_cast<int>(chance.Below(100)));
    default:
      return static_cast<double>(chance.Below(50)) - 20;
  }
}

void CheckAgainst(const SortedSet& set, const std::map<std::string, double>& model) {
  std::vector<Row> rows;
  for (const auto& [member, score] : model) rows.emplace_back(score, member);
  std::sort(rows.begin(), rows.end());
  REQUIRE(RowsOf(set) == rows);
  for (size_t rank = 0; rank < rows.size(); rank += 1 + rows.size() / 50) {
    REQUIRE(set.Rank(rows[rank].second) == rank);
    const double score = rows[rank].first;
    const auto below = std::partition_point(rows.begin(), rows.end(),
                                            [=](const Row& row) { return row.first < score; });
    const auto through = std::partition_point(rows.begin(), rows.end(),
                                              [=](const Row& row) { return row.first <= score; });
    REQUIRE(set.CountBelow(score) == static_cast<size_t>(below - rows.begin()));
    REQUIRE(set.CountAtOrBelow(score) == static_cast<size_t>(through - rows.begin()));
    std::vector<Row> backwards;
    set.ForRange(rank, rows.size() - 1, true, [&](std::string_view member, double s) {
      backwards.emplace_back(s, member);
      return backwards.size() < 200;
    });
    const size_t count = std::min<size_t>(200, rows.size() - rank);
    const auto from = rows.rbegin() + static_cast<std::ptrdiff_t>(rank);
    REQUIRE(std::equal(backwards.begin(), backwards.end(), from));
    REQUIRE(backwards.size() == count);
  }
}

}  // namespace

TEST_CASE("sorted set: it agrees with a sorted map through every change and encoding") {
  const uint64_t seed = TestSeed();
  CAPTURE(seed);
  Chance chance(seed);
  for (const uint64_t variety : {5, 60, 3000, 100000}) {
    SortedSet set(seed);
    std::map<std::string, double> model;
    for (int i = 0; i < 6000; ++i) {
      const std::string member = chance.Element(variety, i > 1000);
      if (chance.Below(6000) < static_cast<uint64_t>(i)) {
        REQUIRE(set.Remove(member) == (model.erase(member) == 1));
      } else {
        const double score = RandomScore(chance);
        REQUIRE(set.Set(member, score) == model.insert_or_assign(member, score).second);
      }
      const auto it = model.find(member);
      const std::optional<double> score = set.Score(member);
      REQUIRE(score.has_value() == (it != model.end()));
      if (score) REQUIRE(*score == it->second);
      REQUIRE(set.size() == model.size());
      if (i % 2000 == 1999) CheckAgainst(set, model);
    }
    std::string encoded;
    set.EncodeTo(encoded);
    const std::unique_ptr<SortedSet> decoded = SortedSet::Decode(encoded, seed + 1);
    REQUIRE(decoded);
    CHECK(decoded->packed() == set.packed());
    CheckAgainst(*decoded, model);
    for (const auto& [member, score] : model) REQUIRE(set.Remove(member));
    CHECK(set.size() == 0);
    CHECK(set.memory_bytes() < 5000);
  }
}

TEST_CASE("sorted set: equal scores sort by the bytes of the member, unsigned") {
  for (const int fill : {0, 200}) {
    SortedSet set;
    for (int i = 0; i < fill; ++i) set.Set("x" + std::to_string(i), 0);
    for (const char* member : {"b", "a", "ab", "\xff", "10", "9", ""}) set.Set(member, -1);
    std::vector<std::string> members;
    set.ForRange(0, 6, false, [&](std::string_view member, double) {
      members.emplace_back(member);
      return true;
    });
    CHECK(members == std::vector<std::string>{"", "10", "9", "a", "ab", "b", "\xff"});
  }
}

TEST_CASE("sorted set: zero and minus zero are one score") {
  SortedSet set;
  set.Set("b", 0.0);
  set.Set("a", -0.0);
  CHECK(set.Rank("a") == 0);
  CHECK(set.Rank("b") == 1);
  CHECK(set.CountBelow(0.0) == 0);
  CHECK(set.CountAtOrBelow(-0.0) == 2);
}

TEST_CASE("sorted set: counts by member serve ranges by name") {
  for (const int members : {50, 500}) {
    SortedSet set;
    for (int i = 100; i < 100 + members; ++i) set.Set("m" + std::to_string(i), 7);
    CHECK(set.CountBelow("m110") == 10);
    CHECK(set.CountAtOrBelow("m110") == 11);
    CHECK(set.CountBelow("a") == 0);
    CHECK(set.CountBelow("z") == static_cast<size_t>(members));
  }
}

TEST_CASE("sorted set: it is packed up to the thresholds") {
  SortedSet set;
  for (int i = 0; i < 128; ++i) set.Set(std::to_string(i), i);
  CHECK(std::string(set.encoding()) == "listpack");
  set.Set("one more", 1);
  CHECK(std::string(set.encoding()) == "skiplist");
  SortedSet long_member;
  long_member.Set(std::string(65, 'x'), 1);
  CHECK_FALSE(long_member.packed());
}

TEST_CASE("sorted set: a scan sees all members that stay while others come") {
  const uint64_t seed = TestSeed();
  CAPTURE(seed);
  SortedSet set(seed);
  for (int i = 0; i < 3000; ++i) set.Set("stays:" + std::to_string(i), i);
  std::set<std::string> seen;
  uint64_t cursor = 0;
  int others = 0;
  do {
    cursor = set.Scan(cursor, 10, [&](std::string_view member, double score) {
      if (!member.starts_with("stays:")) return;
      CHECK(member == "stays:" + std::to_string(static_cast<int>(score)));
      seen.emplace(member);
    });
    for (int i = 0; i < 100; ++i) set.Set(std::to_string(others++), 1);
  } while (cursor != 0);
  CHECK(seen.size() == 3000);
}

TEST_CASE("sorted set: no mutated encoding crashes") {
  const uint64_t seed = TestSeed();
  CAPTURE(seed);
  for (const int size : {0, 1, 40, 600}) {
    Chance chance(seed);
    SortedSet set;
    for (int i = 0; i < size; ++i) set.Set(chance.Element(1000, false), RandomScore(chance));
    std::string encoded;
    set.EncodeTo(encoded);
    MutateAndDecode(encoded, seed, [](const std::string& bytes) {
      const std::unique_ptr<SortedSet> decoded = SortedSet::Decode(bytes);
      if (!decoded) return;
      const std::vector<Row> rows = RowsOf(*decoded);
      CHECK(rows.size() == decoded->size());
      CHECK(std::is_sorted(rows.begin(), rows.end()));
      for (const Row& row : rows) CHECK(decoded->Score(row.second) == row.first);
    });
    CHECK_FALSE(SortedSet::Decode(encoded + "x"));
  }
  CHECK_FALSE(SortedSet::Decode(""));
}

}  // namespace storage
