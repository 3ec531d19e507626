// A map of fields to values: packed while small, a hash table above.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

namespace storage {

class Hash {
 public:
  bool Set(std::string_view field, std::string_view value);  // True if the field is new.
  bool Delete(std::string_view field);
  std::optional<std::string_view> Get(std::string_view field) const;  // Until the next change.
  size_t size() const;
  void ForEach(const std::function<void(std::string_view field, std::string_view value)>& visit) const;
  // As Database::Scan. A packed hash is visited whole.
  uint64_t Scan(uint64_t cursor, size_t count,
                const std::function<void(std::string_view, std::string_view)>& visit) const;
  size_t memory_bytes() const;  // O(1).
  bool packed() const;
};

}  // namespace storage
