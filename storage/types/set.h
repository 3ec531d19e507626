// Distinct strings: sorted integers, then packed, then a hash table.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

namespace storage {

class Set {
 public:
  bool Add(std::string_view member);     // True if it is new.
  bool Remove(std::string_view member);  // True if it was there.
  bool Contains(std::string_view member) const;
  std::string_view Random(uint64_t random) const;  // Must not be empty; until the next change.
  size_t size() const;
  void ForEach(const std::function<void(std::string_view)>& visit) const;
  uint64_t Scan(uint64_t cursor, size_t count, const std::function<void(std::string_view)>& visit) const;
  size_t memory_bytes() const;  // O(1).
  const char* encoding() const;  // "intset", "listpack" or "hashtable".
};

}  // namespace storage
