// Strings one after another in one allocation: what small hashes, sets and sorted sets are, and the
// blocks of lists. An element is
//
//   head | data | back
//
//   head  0xxxxxxx                 the integer 0..127
//         10llllll                 a string of l < 64 bytes, which follow as data
//         110vvvvv v8              an integer of 13 bits
//         1110llll l8              a string of l < 4096 bytes
//         0xf0 l32                 any other string
//         0xf1, f2, f3, f4         an integer of 16, 24, 32, 64 bits, which follow, little-endian
//   back  the bytes of head and data together, in seven-bit groups to be read backwards: the last
//   byte
//         holds the lowest group, and a top bit says that more stand before it
//
// It costs what Redis's listpack costs, less its header. Text that FormatInteger could have written
// is always stored as an integer, in the shortest form, so equal strings have equal bytes.
//
// A Place is a pointer to an element, or end(); every change makes all places invalid but those
// returned.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "storage/number.h"

namespace storage {

// An element's head worked out once, to be searched for or stored.
class PackedElement {
 public:
  explicit PackedElement(std::string_view value);
  explicit PackedElement(int64_t value) { SetInteger(value); }
  // A string whatever it looks like, for bytes that are not text.
  static PackedElement Verbatim(std::string_view value);

  size_t size() const { return head_size_ + data_.size(); }  // Without `back`.
  size_t stored_size() const;
  bool Equals(const char* place) const {
    if (place[0] != head_[0]) return false;
    if (head_size_ > 1 && std::memcmp(place, head_, head_size_) != 0) return false;
    if (data_.empty()) return true;
    // Neighbours most often differ at their ends: "field:1", "field:2".
    return place[size() - 1] == data_.back() &&
           std::memcmp(place + head_size_, data_.data(), data_.size()) == 0;
  }
  void WriteTo(char* to) const;

 private:
  PackedElement() = default;
  void SetInteger(int64_t value);
  void SetString(std::string_view value);

  char head_[9];
  uint8_t head_size_ = 0;
  std::string_view data_ = "";  // Never null, for memcmp.
};

class Packed {
 public:
  using Place = const char*;
  static constexpr size_t kBytesMax = size_t{1} << 31;

  Packed() = default;
  Packed(Packed&& other) noexcept { Swap(other); }
  Packed& operator=(Packed&& other) noexcept {
    Swap(other);
    return *this;
  }
  ~Packed();

  Place begin() const { return data_ + start_; }
  Place end() const { return data_ + start_ + bytes_; }
  static Place Next(Place place) {
    const uint8_t first = static_cast<uint8_t>(*place);
    if (first < 0x80) return place + 2;
    if (first < 0xc0) return place + 2 + (first & 0x3f);  // Short strings: nearly all elements.
    return NextOfLong(place);
  }
  static Place Previous(Place place);  // `place` must not be begin().

  // An integer's digits are written into `buffer`, and the view is of it.
  static std::string_view Read(Place place, IntegerBuffer& buffer);
  static std::optional<int64_t> ReadInteger(Place place);  // Empty for a string.

  size_t count() const { return count_; }
  size_t bytes() const { return bytes_; }
  size_t memory_bytes() const { return capacity_; }

  Place Insert(Place before, const PackedElement& element);  // Returns the new element.
  Place Erase(Place first, Place last, size_t count);        // Returns what came after.
  Place Replace(Place place, const PackedElement& element);
  void PushFront(const PackedElement& element);
  void PushBack(const PackedElement& element) { Insert(end(), element); }
  // Moves the elements from `from` on, `count` of them, into a packed of their own.
  Packed SplitOff(Place from, size_t count);
  void Append(const Packed& other);

  std::string_view raw() const { return {data_ + start_, bytes_}; }
  // Empty unless `raw` is exactly `count` well-formed elements. Strings are shortest as integers
  // where they can be, but for those stored Verbatim: elements at odd places are not held to that
  // if `odd_verbatim`.
  static std::optional<Packed> FromRaw(std::string_view raw, size_t count,
                                       bool odd_verbatim = false);

 private:
  static Place NextOfLong(Place place);
  void Swap(Packed& other);
  // Opens a gap at `offset` (from begin()), taking slack from whichever end moves fewer bytes.
  char* Open(size_t offset, size_t gap);
  void MoveTo(size_t capacity, size_t start);
  void ShrinkIfSparse();

  char* data_ = nullptr;
  uint32_t capacity_ = 0;
  uint32_t start_ = 0;  // Slack in front, so that neither end needs the whole moved.
  uint32_t bytes_ = 0;
  uint32_t count_ = 0;
};

}  // namespace storage
