// Values as checkpoints hold them. Decoding trusts nothing: what is malformed is kCorrupt.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "storage/item.h"
#include "storage/result.h"

namespace storage {

struct ItemDeleter {
  void operator()(Item* item) const { ItemFactory::Destroy(item); }
};
using ItemPtr = std::unique_ptr<Item, ItemDeleter>;

// Appends the item's type, expiry and value; not its key.
void EncodeValue(const Item& item, std::string& out);

// A new item under `key` from what EncodeValue wrote; the seed is for a collection's own hash
// table.
Result<ItemPtr> DecodeValue(std::string_view key, std::string_view value, uint64_t hash_seed);

}  // namespace storage
