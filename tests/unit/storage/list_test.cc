#include "storage/types/list.h"

#include <doctest/doctest.h>

#include <deque>

#include "tests/unit/storage/collection_test.h"

namespace storage {

namespace {

using Model = std::deque<std::string>;

Model ModelOf(const List& list) {
  Model model;
  if (list.size() == 0) return model;
  list.ForRange(0, list.size() - 1, [&](std::string_view element) { model.emplace_back(element); });
  return model;
}

// One change, made to both.
void Change(List& list, Model& model, Chance& chance, const Thresholds& thresholds, bool shrink) {
  const std::string element = chance.Element(100000);
  const size_t at = chance.Below(model.size() + 1);
  const auto place = model.begin() + static_cast<std::ptrdiff_t>(at);
  switch (chance.Below(shrink ? 12 : 8)) {
    case 0:
    case 1:
      list.PushFront(element, thresholds);
      return model.push_front(element);
    case 2:
    case 3:
      list.PushBack(element, thresholds);
      return model.push_back(element);
    case 4:
      list.InsertBefore(at, element, thresholds);
      model.insert(place, element);
      return;
    case 5:
      if (at == model.size()) return;
      list.Replace(at, element, thresholds);
      *place = element;
      return;
    case 6:
      if (at == model.size()) return;
      REQUIRE(list.At(at) == *place);
      return;
    case 7: {
      const size_t count = std::min(chance.OneIn(10) ? chance.Below(200) : 1, model.size() - at);
      list.Erase(at, count);
      model.erase(place, place + static_cast<std::ptrdiff_t>(count));
      return;
    }
    default:
      if (model.empty()) return;
      if (chance.OneIn(2)) {
        REQUIRE(list.PopFront() == model.front());
        return model.pop_front();
      }
      REQUIRE(list.PopBack() == model.back());
      return model.pop_back();
  }
}

}  // namespace

TEST_CASE("list: it agrees with a deque through every change") {
  const uint64_t seed = TestSeed();
  CAPTURE(seed);
  Chance chance(seed);
  const Thresholds settings[] = {
      {}, {.list_block_bytes = 64}, {.list_block_bytes = 8192, .list_block_entries = 3}};
  for (const Thresholds& thresholds : settings) {
    List list;
    Model model;
    for (int i = 0; i < 8000; ++i) {
      Change(list, model, chance, thresholds, i > 4000);
      REQUIRE(list.size() == model.size());
      if (i % 1000 == 0) REQUIRE(ModelOf(list) == model);
    }
    CHECK(ModelOf(list) == model);
    if (model.size() > 10) {
      Model backwards;
      list.ForRangeWhile(3, model.size() - 2, true, [&](std::string_view element) {
        backwards.emplace_front(element);
        return true;
      });
      CHECK(backwards == Model(model.begin() + 3, model.end() - 1));
    }
    std::string encoded;
    list.EncodeTo(encoded);
    const std::unique_ptr<List> decoded = List::Decode(encoded);
    REQUIRE(decoded);
    CHECK(ModelOf(*decoded) == model);
    while (list.size() > 0) list.PopFront();
    CHECK(list.memory_bytes() < 1000);
  }
}

TEST_CASE("list: a queue of any length keeps its memory to what it holds") {
  List list;
  for (int i = 0; i < 100000; ++i) list.PushBack("element:" + std::to_string(i));
  const size_t full = list.memory_bytes();
  CHECK(full < 100000 * 20);
  for (int i = 100000; i < 200000; ++i) {
    list.PushBack("element:" + std::to_string(i));
    REQUIRE(list.PopFront() == "element:" + std::to_string(i - 100000));
  }
  CHECK(list.memory_bytes() < full * 5 / 4);
  CHECK(list.At(99999) == "element:199999");
  CHECK_FALSE(list.At(100000));
}

TEST_CASE("list: an element larger than a block stands alone") {
  List list;
  const std::string large(100000, 'x');
  list.PushBack("a");
  list.PushBack("b");
  list.InsertBefore(1, large);
  CHECK(ModelOf(list) == Model{"a", large, "b"});
  list.Replace(0, large + "1");
  list.Replace(2, large + "2");
  CHECK(ModelOf(list) == Model{large + "1", large, large + "2"});
  list.Erase(0, 2);
  CHECK(list.PopBack() == large + "2");
  CHECK(list.size() == 0);
  CHECK(list.packed());
}

TEST_CASE("list: no mutated encoding crashes") {
  const uint64_t seed = TestSeed();
  CAPTURE(seed);
  for (const int size : {0, 1, 20, 600}) {
    Chance chance(seed);
    List list;
    for (int i = 0; i < size; ++i) list.PushBack(chance.Element(1000, i % 20 == 0));
    std::string encoded;
    list.EncodeTo(encoded);
    MutateAndDecode(encoded, seed, [](const std::string& bytes) {
      const std::unique_ptr<List> decoded = List::Decode(bytes);
      if (!decoded) return;
      CHECK(ModelOf(*decoded).size() == decoded->size());
      while (decoded->size() > 0) decoded->PopBack();
    });
    CHECK_FALSE(List::Decode(encoded + "x"));
  }
  CHECK_FALSE(List::Decode(""));
}

}  // namespace storage
