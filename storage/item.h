// One key with its value: what a table slot points to. A string's bytes lie in the item itself when they
// are short; a collection is a pointer.
#pragma once

#include <cstdint>
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
  Type type() const;
  std::string_view key() const;
  int64_t expire_at_ms() const;  // Unix time, or kNoExpiry.

  // Each requires the type it names.
  std::string_view string() const;
  Hash& hash();
  List& list();
  Set& set();
  SortedSet& sorted_set();
  const Hash& hash() const;
  const List& list() const;
  const Set& set() const;
  const SortedSet& sorted_set() const;

  const char* encoding() const;  // As OBJECT ENCODING names it.
};

}  // namespace storage
