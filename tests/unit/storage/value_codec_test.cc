#include "storage/value_codec.h"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

#include "storage/types/collections.h"
#include "tests/unit/storage/random_seed.h"

namespace storage {
namespace {

constexpr uint64_t kSeed = 1;

ItemPtr Collection(Type type, int elements) {
  ItemPtr item(ItemFactory::NewCollection("k", type, kSeed));
  for (int i = 0; i < elements; ++i) {
    const std::string element = "element" + std::to_string(i);
    if (type == Type::kList) item->list().PushBack(element);
    if (type == Type::kSet) item->set().Add(element);
    if (type == Type::kSortedSet) item->sorted_set().Set(element, i * 0.5);
    if (type == Type::kHash) item->hash().Set(element, std::to_string(i));
  }
  return item;
}

std::string Encoded(const Item& item) {
  std::string value;
  EncodeValue(item, value);
  return value;
}

std::vector<ItemPtr> SomeItems() {
  std::vector<ItemPtr> items;
  for (const size_t size : {0, 1, 400, 5000}) {
    items.emplace_back(ItemFactory::NewString("k", std::string(size, 's'), kNoExpiry));
    items.emplace_back(ItemFactory::NewString("k", std::string(size, 's'), 123456789));
  }
  for (const Type type : {Type::kList, Type::kSet, Type::kSortedSet, Type::kHash}) {
    for (const int elements : {1, 10, 1000}) items.push_back(Collection(type, elements));
    items.emplace_back(ItemFactory::WithExpiry(Collection(type, 3).release(), -5));
  }
  return items;
}

TEST_CASE("value codec: what is encoded decodes to the same") {
  for (const ItemPtr& item : SomeItems()) {
    const std::string value = Encoded(*item);
    Result<ItemPtr> decoded = DecodeValue("other key", value, kSeed);
    REQUIRE(decoded);
    CHECK((*decoded)->key() == "other key");
    CHECK((*decoded)->type() == item->type());
    CHECK((*decoded)->expire_at_ms() == item->expire_at_ms());
    CHECK((*decoded)->value_size() == item->value_size());
    CHECK(std::string((*decoded)->encoding()) == item->encoding());
  }
}

TEST_CASE("value codec: a damaged value is refused or decodes to some value, and never crashes") {
  const uint64_t seed = TestSeed(9);
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  for (const ItemPtr& item : SomeItems()) {
    const std::string value = Encoded(*item);
    for (int i = 0; i < 300; ++i) {
      std::string damaged = value.substr(0, random() % (value.size() + 1));
      if (random() % 2 == 0) damaged = value;
      for (uint64_t flips = random() % 4; flips > 0 && !damaged.empty(); --flips) {
        damaged[random() % damaged.size()] = static_cast<char>(random());
      }
      const Result<ItemPtr> decoded = DecodeValue("k", damaged, kSeed);
      if (decoded) {
        CHECK((*decoded)->memory_bytes() > 0);
      } else {
        CHECK(decoded.error().code == Code::kCorrupt);
      }
    }
  }
}

}  // namespace
}  // namespace storage
