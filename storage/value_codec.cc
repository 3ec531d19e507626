#include "storage/value_codec.h"

#include <cstring>

#include "storage/types/collections.h"

namespace storage {
namespace {

// A value in a checkpoint, little-endian:
//   kind u8: the Type in the low 4 bits, kHasExpiry | expiry i64 if it has one | payload
// A string's payload is its bytes; a collection's is what its class writes.
constexpr uint8_t kTypeMask = 0x0f;
constexpr uint8_t kHasExpiry = 0x10;

Error Corrupt(const char* what) {
  return {.code = Code::kCorrupt, .what = std::string("checkpoint value: ") + what};
}

template <typename Collection>
Result<ItemPtr> Adopt(std::string_view key, Type type, std::unique_ptr<Collection> collection,
                      int64_t expire_at_ms) {
  if (!collection) return tl::unexpected(Corrupt("malformed collection"));
  if (collection->size() == 0) return tl::unexpected(Corrupt("empty collection"));
  return ItemPtr(ItemFactory::AdoptCollection(key, type, collection.release(), expire_at_ms));
}

}  // namespace

void EncodeValue(const Item& item, std::string& out) {
  const int64_t expire_at_ms = item.expire_at_ms();
  const auto type = static_cast<uint8_t>(item.type());
  if (expire_at_ms == kNoExpiry) {
    out.push_back(static_cast<char>(type));
  } else {
    out.push_back(static_cast<char>(type | kHasExpiry));
    out.append(reinterpret_cast<const char*>(&expire_at_ms), sizeof(expire_at_ms));
  }
  switch (item.type()) {
    case Type::kString:
      out.append(item.string());
      return;
    case Type::kList:
      return item.list().EncodeTo(out);
    case Type::kSet:
      return item.set().EncodeTo(out);
    case Type::kSortedSet:
      return item.sorted_set().EncodeTo(out);
    case Type::kHash:
      return item.hash().EncodeTo(out);
  }
}

Result<ItemPtr> DecodeValue(std::string_view key, std::string_view value, uint64_t hash_seed) {
  if (key.size() > UINT32_MAX) return tl::unexpected(Corrupt("key too long"));
  if (value.empty()) return tl::unexpected(Corrupt("no kind"));
  const auto kind = static_cast<uint8_t>(value[0]);
  if ((kind & ~(kTypeMask | kHasExpiry)) != 0) return tl::unexpected(Corrupt("unknown kind"));
  value.remove_prefix(1);

  int64_t expire_at_ms = kNoExpiry;
  if ((kind & kHasExpiry) != 0) {
    if (value.size() < sizeof(expire_at_ms)) return tl::unexpected(Corrupt("cut off"));
    std::memcpy(&expire_at_ms, value.data(), sizeof(expire_at_ms));
    if (expire_at_ms == kNoExpiry) return tl::unexpected(Corrupt("an expiry that is none"));
    value.remove_prefix(sizeof(expire_at_ms));
  }
  const auto type = static_cast<Type>(kind & kTypeMask);
  switch (type) {
    case Type::kString:
      if (value.size() > UINT32_MAX) return tl::unexpected(Corrupt("string too long"));
      return ItemPtr(ItemFactory::NewString(key, value, expire_at_ms));
    case Type::kList:
      return Adopt(key, type, List::Decode(value), expire_at_ms);
    case Type::kSet:
      return Adopt(key, type, Set::Decode(value, hash_seed), expire_at_ms);
    case Type::kSortedSet:
      return Adopt(key, type, SortedSet::Decode(value, hash_seed), expire_at_ms);
    case Type::kHash:
      return Adopt(key, type, Hash::Decode(value, hash_seed), expire_at_ms);
  }
  return tl::unexpected(Corrupt("unknown type"));
}

}  // namespace storage
