// A sequence of strings: blocks of packed elements, cheap at both ends.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/function_ref.h"
#include "storage/types/packed.h"
#include "storage/types/thresholds.h"

namespace storage {

class List {
 public:
  void PushFront(std::string_view element, const Thresholds& thresholds = kDefaultThresholds);
  void PushBack(std::string_view element, const Thresholds& thresholds = kDefaultThresholds);
  std::string PopFront();  // Must not be empty.
  std::string PopBack();
  size_t size() const { return size_; }
  // Until the next change or the next At: a packed integer's digits are written into this object.
  std::optional<std::string_view> At(size_t index) const;
  void Replace(size_t index, std::string_view element,  // index < size().
               const Thresholds& thresholds = kDefaultThresholds);
  void InsertBefore(size_t index, std::string_view element,  // index <= size().
                    const Thresholds& thresholds = kDefaultThresholds);
  void Erase(size_t first, size_t count);
  // Visits elements first..last (inclusive, both < size()) in order. A view lives until `visit`
  // returns.
  void ForRange(size_t first, size_t last, FunctionRef<void(std::string_view)> visit) const;
  // The same, while `visit` returns true, and with `reverse` from last to first.
  void ForRangeWhile(size_t first, size_t last, bool reverse,
                     FunctionRef<bool(std::string_view)> visit) const;
  size_t memory_bytes() const;                                 // O(1), the object itself included.
  bool packed() const { return blocks_.size() - head_ <= 1; }  // One block at most.
  const char* encoding() const { return "quicklist"; }         // Redis 7.0 has no other for lists.

  // Appends all there is to know, for a checkpoint. Decode returns null for what EncodeTo has not
  // written.
  void EncodeTo(std::string& out) const;
  static std::unique_ptr<List> Decode(std::string_view bytes);

 private:
  struct Spot {
    size_t block;  // In blocks_.
    size_t index;  // Of the element in the block.
  };
  Spot Find(size_t index) const;
  Packed::Place PlaceIn(const Packed& block, size_t index) const;
  void InsertBlock(size_t at, Packed block);
  void EraseBlocks(size_t first, size_t last);
  // Changes one block and keeps the account of its bytes.
  template <typename Change>
  void ChangeBlock(size_t at, Change change);

  std::vector<Packed> blocks_;  // From head_ on none is empty.
  size_t size_ = 0;
  size_t block_bytes_ = 0;
  uint32_t head_ = 0;  // Unused places in front, so that a block comes off without a move.
  mutable IntegerBuffer digits_;
};
static_assert(sizeof(List) == 64);

}  // namespace storage
