// A sequence of strings: blocks of packed elements, cheap at both ends.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace storage {

class List {
 public:
  void PushFront(std::string_view element);
  void PushBack(std::string_view element);
  std::string PopFront();  // Must not be empty.
  std::string PopBack();
  size_t size() const;
  std::optional<std::string_view> At(size_t index) const;
  void Replace(size_t index, std::string_view element);  // index < size().
  void InsertBefore(size_t index, std::string_view element);  // index <= size().
  void Erase(size_t first, size_t count);
  // Visits elements first..last (inclusive, both < size()) in order.
  void ForRange(size_t first, size_t last, const std::function<void(std::string_view)>& visit) const;
  size_t memory_bytes() const;  // O(1).
  bool packed() const;
};

}  // namespace storage
