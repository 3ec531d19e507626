#include "storage/item.h"

#include <charconv>
#include <cstdlib>
#include <new>

#include "storage/allocation.h"
#include "storage/types/collections.h"

namespace storage {
namespace {

// Redis stores short strings beside their object up to this length, and says so.
constexpr size_t kEmbeddedStringBytes = 44;

char* Allocate(size_t bytes) {
  void* memory = std::malloc(bytes);
  if (memory == nullptr) std::abort();  // Nothing can be answered truthfully without memory.
  return static_cast<char*>(memory);
}

bool IsCanonicalInteger(std::string_view text) {
  if (text.empty() || text.size() > 20) return false;
  if (text == "0") return true;
  const size_t digits_at = text[0] == '-' ? 1 : 0;
  if (digits_at == text.size() || text[digits_at] == '0') return false;
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

Hash& Item::hash() {
  assert(type_ == Type::kHash);
  return *static_cast<Hash*>(pointer());
}
List& Item::list() {
  assert(type_ == Type::kList);
  return *static_cast<List*>(pointer());
}
Set& Item::set() {
  assert(type_ == Type::kSet);
  return *static_cast<Set*>(pointer());
}
SortedSet& Item::sorted_set() {
  assert(type_ == Type::kSortedSet);
  return *static_cast<SortedSet*>(pointer());
}
const Hash& Item::hash() const { return const_cast<Item*>(this)->hash(); }
const List& Item::list() const { return const_cast<Item*>(this)->list(); }
const Set& Item::set() const { return const_cast<Item*>(this)->set(); }
const SortedSet& Item::sorted_set() const { return const_cast<Item*>(this)->sorted_set(); }

const char* Item::encoding() const {
  switch (type_) {
    case Type::kString:
      if (has_flag(kGrown)) return "raw";  // Also when it is a number.
      if (IsCanonicalInteger(string())) return "int";
      return value_size_ > kEmbeddedStringBytes ? "raw" : "embstr";
    case Type::kList:
      return list().encoding();
    case Type::kSet:
      return set().encoding();
    case Type::kSortedSet:
      return sorted_set().encoding();
    case Type::kHash:
      return hash().encoding();
  }
  return "unknown";
}

size_t Item::allocated_bytes() const {
  if (allocated_units_ != 0) return size_t{allocated_units_} * 16;
  return AllocationBytes(size_t{key_offset_} + key_size_);  // Nothing is inline beside such a key.
}

size_t Item::memory_bytes() const {
  switch (type_) {
    case Type::kString:
      return allocated_bytes() + (has_flag(kExternal) ? external_capacity() : 0);
    case Type::kList:
      return allocated_bytes() + list().memory_bytes();
    case Type::kSet:
      return allocated_bytes() + set().memory_bytes();
    case Type::kSortedSet:
      return allocated_bytes() + sorted_set().memory_bytes();
    case Type::kHash:
      return allocated_bytes() + hash().memory_bytes();
  }
  return allocated_bytes();
}

size_t Item::value_size() const {
  switch (type_) {
    case Type::kString:
      return value_size_;
    case Type::kList:
      return list().size();
    case Type::kSet:
      return set().size();
    case Type::kSortedSet:
      return sorted_set().size();
    case Type::kHash:
      return hash().size();
  }
  return 0;
}

Item* ItemFactory::NewShell(std::string_view key, Type type, uint8_t flags, size_t inline_bytes) {
  assert(key.size() <= UINT32_MAX);
  const bool has_pointer = type != Type::kString;
  const bool external = (flags & Item::kExternal) != 0;
  const size_t key_offset = Item::kHeaderBytes + ((flags & Item::kExpirySlot) ? 8 : 0) +
                            (external ? 16 : 0) + (has_pointer ? 8 : 0);
  const size_t bytes = AllocationBytes(key_offset + key.size() + inline_bytes);
  Item* item = new (Allocate(bytes)) Item;
  item->type_ = type;
  item->flags_ = flags;
  item->key_offset_ = static_cast<uint8_t>(key_offset);
  item->allocated_units_ = bytes / 16 <= UINT8_MAX ? static_cast<uint8_t>(bytes / 16) : uint8_t{0};
  item->key_size_ = static_cast<uint32_t>(key.size());
  if (!key.empty()) std::memcpy(item->bytes() + key_offset, key.data(), key.size());
  return item;
}

Item* ItemFactory::NewString(std::string_view key, std::string_view value, int64_t expire_at_ms) {
  assert(value.size() <= UINT32_MAX);
  const bool is_inline = value.size() <= kInlineValueBytes && key.size() <= kInlineKeyBytes;
  const uint8_t expiry_flag = expire_at_ms == kNoExpiry ? uint8_t{0} : uint8_t{Item::kExpirySlot};
  const uint8_t flags =
      static_cast<uint8_t>(expiry_flag | (is_inline ? uint8_t{0} : uint8_t{Item::kExternal}));
  Item* item = NewShell(key, Type::kString, flags, is_inline ? value.size() : 0);
  if (expiry_flag != 0) item->Store(Item::kHeaderBytes, expire_at_ms);
  if (!is_inline) {
    const size_t capacity = AllocationBytes(value.size());
    item->set_external(Allocate(capacity), capacity);
  }
  item->value_size_ = static_cast<uint32_t>(value.size());
  if (!value.empty()) std::memcpy(MutableString(item), value.data(), value.size());
  return item;
}

Item* ItemFactory::AdoptCollection(std::string_view key, Type type, void* collection,
                                   int64_t expire_at_ms) {
  assert(type != Type::kString);
  const uint8_t flags = expire_at_ms == kNoExpiry ? uint8_t{0} : uint8_t{Item::kExpirySlot};
  Item* item = NewShell(key, type, flags, 0);
  if (flags != 0) item->Store(Item::kHeaderBytes, expire_at_ms);
  item->Store<void*>(item->pointer_offset(), collection);
  return item;
}

Item* ItemFactory::NewCollection(std::string_view key, Type type, uint64_t hash_seed) {
  void* collection = nullptr;
  switch (type) {
    case Type::kString:
      break;
    case Type::kList:
      collection = new List;
      break;
    case Type::kSet:
      collection = new Set(hash_seed);
      break;
    case Type::kSortedSet:
      collection = new SortedSet(hash_seed);
      break;
    case Type::kHash:
      collection = new Hash(hash_seed);
      break;
  }
  assert(collection != nullptr);
  return AdoptCollection(key, type, collection, kNoExpiry);
}

void ItemFactory::FreeValue(Item* item) {
  switch (item->type_) {
    case Type::kString:
      if (item->has_flag(Item::kExternal)) std::free(item->pointer());
      return;
    case Type::kList:
      delete &item->list();
      return;
    case Type::kSet:
      delete &item->set();
      return;
    case Type::kSortedSet:
      delete &item->sorted_set();
      return;
    case Type::kHash:
      delete &item->hash();
      return;
  }
}

void ItemFactory::Destroy(Item* item) {
  FreeValue(item);
  std::free(item);
}

char* ItemFactory::MutableString(Item* item) {
  if (item->has_flag(Item::kExternal)) return static_cast<char*>(item->pointer());
  return item->bytes() + item->key_offset_ + item->key_size_;
}

bool ItemFactory::Overwrite(Item* item, std::string_view value) {
  if (item->type_ != Type::kString) return false;
  size_t capacity = 0;
  size_t wanted = 0;
  if (item->has_flag(Item::kExternal)) {
    if (value.size() <= kInlineValueBytes && item->key_size_ <= kInlineKeyBytes) return false;
    capacity = item->external_capacity();
    wanted = value.size();
  } else {
    if (value.size() > kInlineValueBytes) return false;
    capacity = item->allocated_bytes();
    wanted = item->key_offset_ + item->key_size_ + value.size();
  }
  // A value that shrinks far below its allocation gives the memory back.
  if (wanted > capacity || (capacity > 128 && wanted * 2 < capacity)) return false;
  // The value may view this very item.
  if (!value.empty()) std::memmove(MutableString(item), value.data(), value.size());
  item->value_size_ = static_cast<uint32_t>(value.size());
  item->set_flag(Item::kGrown, false);
  return true;
}

Item* ItemFactory::Resize(Item* item, size_t size) {
  assert(item->type_ == Type::kString);
  assert(size <= UINT32_MAX);
  const size_t old_size = item->value_size_;
  const bool external = item->has_flag(Item::kExternal);
  const size_t inline_end = size_t{item->key_offset_} + item->key_size_ + size;
  const bool fits = external ? size <= item->external_capacity()
                             : size <= kInlineValueBytes && inline_end <= item->allocated_bytes();
  if (!fits) {
    // Half as much again, so that appending n bytes one by one copies O(n) bytes in all.
    const size_t capacity = AllocationBytes(size + size / 2);
    char* grown = Allocate(capacity);
    std::memcpy(grown, MutableString(item), old_size);
    if (external) {
      std::free(item->pointer());
      item->set_external(grown, capacity);
    } else {
      const auto flags = static_cast<uint8_t>(item->flags_ | Item::kExternal);
      Item* moved = NewShell(item->key(), Type::kString, flags, 0);
      if (item->has_flag(Item::kExpirySlot)) moved->Store(Item::kHeaderBytes, item->expire_at_ms());
      moved->epoch_ = item->epoch_;
      moved->set_access(item->access());
      moved->set_external(grown, capacity);
      std::free(item);
      item = moved;
    }
  }
  if (size > old_size) std::memset(MutableString(item) + old_size, 0, size - old_size);
  item->value_size_ = static_cast<uint32_t>(size);
  item->set_flag(Item::kGrown, true);
  return item;
}

Item* ItemFactory::Reshape(Item* item, std::string_view key, bool expiry_slot) {
  // The new key may be too long, or the old one have been, for the value to stay where it is.
  const bool was_inline = item->type_ == Type::kString && !item->has_flag(Item::kExternal);
  const bool stays_inline = was_inline && key.size() <= kInlineKeyBytes;
  const bool external = item->type_ == Type::kString && !stays_inline;
  auto flags = static_cast<uint8_t>(item->flags_ & ~(Item::kExpirySlot | Item::kExternal));
  if (expiry_slot) flags = static_cast<uint8_t>(flags | Item::kExpirySlot);
  if (external) flags = static_cast<uint8_t>(flags | Item::kExternal);

  Item* shaped = NewShell(key, item->type_, flags, stays_inline ? item->value_size_ : 0);
  shaped->epoch_ = item->epoch_;
  shaped->set_access(item->access());
  shaped->value_size_ = item->value_size_;
  if (expiry_slot) shaped->Store(Item::kHeaderBytes, item->expire_at_ms());
  if (item->type_ != Type::kString) {
    shaped->Store<void*>(shaped->pointer_offset(), item->pointer());
  } else if (!external) {
    std::memcpy(MutableString(shaped), MutableString(item), item->value_size_);
  } else if (!was_inline) {
    shaped->set_external(static_cast<char*>(item->pointer()), item->external_capacity());
  } else {
    const size_t capacity = AllocationBytes(item->value_size_);
    shaped->set_external(Allocate(capacity), capacity);
    std::memcpy(MutableString(shaped), MutableString(item), item->value_size_);
  }
  std::free(item);
  return shaped;
}

Item* ItemFactory::Rekey(Item* item, std::string_view key) {
  return Reshape(item, key, item->expires());
}

Item* ItemFactory::WithExpiry(Item* item, int64_t expire_at_ms) {
  if (!item->has_flag(Item::kExpirySlot)) {
    if (expire_at_ms == kNoExpiry) return item;
    item = Reshape(item, item->key(), true);
  }
  // A slot once made stays, so that a key whose expiry comes and goes is not moved each time.
  item->Store(Item::kHeaderBytes, expire_at_ms);
  return item;
}

}  // namespace storage
