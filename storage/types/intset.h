// Distinct integers in order, in one array of 2, 4 or 8 bytes each, as wide as the widest needs.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace storage {

class IntSet {
 public:
  IntSet() = default;
  IntSet(const IntSet&) = delete;
  IntSet& operator=(const IntSet&) = delete;
  ~IntSet();

  bool Add(int64_t value);     // True if it is new.
  bool Remove(int64_t value);  // True if it was there.
  bool Contains(int64_t value) const;
  int64_t At(size_t index) const;
  size_t size() const { return size_; }
  size_t memory_bytes() const { return capacity_; }
  void Clear();

 private:
  size_t LowerBound(int64_t value) const;
  void Put(size_t index, int64_t value);
  void Widen(uint8_t width);
  void Reserve(size_t bytes);

  char* data_ = nullptr;
  uint32_t size_ = 0;
  uint32_t capacity_ = 0;  // Bytes.
  uint8_t width_ = 2;
};

}  // namespace storage
