// One key with its value: what a table slot points to. A string's bytes lie in the item itself when
// they are short; a collection is a pointer.
//
// In memory, one allocation, so that reading a short string costs one cache miss:
//   header (16 bytes) | expiry i64, if it ever had one | value pointer, unless inline | key |
//   inline value
#pragma once

#include <cassert>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace storage {

class Hash;
class List;
class Set;
class SortedSet;

// As in RDB's and TYPE's order; values are stored in checkpoints and never change.
enum class Type : uint8_t { kString = 0, kList = 1, kSet = 2, kSortedSet = 3, kHash = 4 };

inline constexpr int64_t kNoExpiry = -1;

class Item {
 public:
  Item(const Item&) = delete;
  Item& operator=(const Item&) = delete;

  Type type() const { return type_; }
  std::string_view key() const { return {bytes() + key_offset_, key_size_}; }
  int64_t expire_at_ms() const {  // Unix time, or kNoExpiry.
    return (flags_ & kExpirySlot) ? Load<int64_t>(kHeaderBytes) : kNoExpiry;
  }
  bool expires() const { return expire_at_ms() != kNoExpiry; }

  // Each requires the type it names.
  std::string_view string() const {
    assert(type_ == Type::kString);
    if (flags_ & kExternal) return {external_bytes(), value_size_};
    return {bytes() + key_offset_ + key_size_, value_size_};
  }
  Hash& hash();
  List& list();
  Set& set();
  SortedSet& sorted_set();
  const Hash& hash() const;
  const List& list() const;
  const Set& set() const;
  const SortedSet& sorted_set() const;

  const char* encoding() const;  // As OBJECT ENCODING names it.

  // 24 bits for eviction: an access clock or counter. The keyspace carries them and never reads
  // them.
  uint32_t access() const {
    return uint32_t{access_[0]} | uint32_t{access_[1]} << 8 | uint32_t{access_[2]} << 16;
  }
  void set_access(uint32_t access) {
    access_[0] = static_cast<uint8_t>(access);
    access_[1] = static_cast<uint8_t>(access >> 8);
    access_[2] = static_cast<uint8_t>(access >> 16);
  }

  // What the item and its value occupy, as the allocator rounds it.
  size_t memory_bytes() const;
  // Elements of a collection, bytes of a string.
  size_t value_size() const;

 private:
  friend class Database;
  friend class ItemFactory;
  friend class CaptureWalk;

  static constexpr size_t kHeaderBytes = 16;
  enum Flag : uint8_t {
    kExpirySlot = 1,  // There is room for an expiry; it may hold kNoExpiry.
    kExternal = 2,    // A string whose bytes are an allocation of their own.
    kGrown = 4,       // Written to in place (APPEND, SETRANGE): its encoding is raw, as in Redis.
    kPersisted = 8,   // A checkpoint may hold the key, so its deletion must leave a tombstone.
  };

  // When the item last changed, in terms of captures: see Epoch in keyspace_state.h. 0 is clean.
  uint8_t epoch() const { return epoch_; }

  Item() = default;

  char* bytes() { return reinterpret_cast<char*>(this); }
  const char* bytes() const { return reinterpret_cast<const char*>(this); }
  template <typename T>
  T Load(size_t offset) const {
    T value;
    std::memcpy(&value, bytes() + offset, sizeof(T));
    return value;
  }
  template <typename T>
  void Store(size_t offset, T value) {
    std::memcpy(bytes() + offset, &value, sizeof(T));
  }

  bool has_flag(Flag flag) const { return (flags_ & flag) != 0; }
  void set_flag(Flag flag, bool on) {
    flags_ = static_cast<uint8_t>(on ? flags_ | flag : flags_ & ~flag);
  }

  // Only external strings and collections have a pointer, external strings also a capacity.
  size_t pointer_offset() const { return kHeaderBytes + ((flags_ & kExpirySlot) ? 8 : 0); }
  void* pointer() const { return Load<void*>(pointer_offset()); }
  const char* external_bytes() const { return static_cast<const char*>(pointer()); }
  size_t external_capacity() const { return Load<uint64_t>(pointer_offset() + 8); }
  void set_external(char* value, size_t capacity) {
    Store<void*>(pointer_offset(), value);
    Store<uint64_t>(pointer_offset() + 8, capacity);
  }
  size_t allocated_bytes() const;

  Type type_ = Type::kString;
  uint8_t flags_ = 0;
  uint8_t epoch_ = 0;
  uint8_t key_offset_ = 0;
  uint8_t access_[3] = {0, 0, 0};
  uint8_t allocated_units_ = 0;  // Of 16 bytes; 0: too large to say, derived from the key's size.
  uint32_t key_size_ = 0;
  uint32_t value_size_ = 0;  // Of a string.
};

static_assert(sizeof(Item) == 16);

// Makes, resizes and frees items. Apart from Item so that readers of an item do not meet it.
class ItemFactory {
 public:
  static constexpr size_t kInlineValueBytes = 448;
  static constexpr size_t kInlineKeyBytes = 2048;

  static Item* NewString(std::string_view key, std::string_view value, int64_t expire_at_ms);
  // An empty collection; the seed is for its own hash table.
  static Item* NewCollection(std::string_view key, Type type, uint64_t hash_seed);
  // Takes ownership of `collection`, which must be of the class that `type` names.
  static Item* AdoptCollection(std::string_view key, Type type, void* collection,
                               int64_t expire_at_ms);
  static void Destroy(Item* item);

  // Writes a string's new value where the old one is; false if it does not fit or would waste much.
  static bool Overwrite(Item* item, std::string_view value);
  // Cuts a string or fills it with zeros to `size`, with room to grow. The item may move.
  static Item* Resize(Item* item, size_t size);
  static char* MutableString(Item* item);

  // The same value, access and flags under another key or expiry; the old item is freed, unless it
  // could be changed in place. The value does not move unless it lies in the item.
  static Item* Rekey(Item* item, std::string_view key);
  static Item* WithExpiry(Item* item, int64_t expire_at_ms);

 private:
  static Item* NewShell(std::string_view key, Type type, uint8_t flags, size_t inline_bytes);
  static Item* Reshape(Item* item, std::string_view key, bool expiry_slot);
  static void FreeValue(Item* item);
};

}  // namespace storage
