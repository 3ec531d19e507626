#include "storage/types/packed.h"

#include <algorithm>
#include <cassert>
#include <cstdlib>
#include <utility>

#include "storage/types/size_class.h"

namespace storage {

namespace {

uint8_t ByteAt(const char* p) { return static_cast<uint8_t>(*p); }

size_t BackSize(size_t size) {
  return size < 0x80 ? 1 : size < 0x4000 ? 2 : size < 0x200000 ? 3 : size < 0x10000000 ? 4 : 5;
}

struct Shape {
  size_t head;
  size_t data;
};

Shape ShapeOf(const char* p) {
  const uint8_t first = ByteAt(p);
  if (first < 0x80) return {1, 0};
  if (first < 0xc0) return {1, first & 0x3fu};
  if (first < 0xe0) return {2, 0};
  if (first < 0xf0) return {2, (first & 0x0fu) << 8 | ByteAt(p + 1)};
  if (first == 0xf0) {
    uint32_t size;
    std::memcpy(&size, p + 1, sizeof(size));
    return {5, size};
  }
  constexpr size_t kSizes[] = {3, 4, 5, 9};
  return {kSizes[(first - 0xf1) & 3], 0};
}

int64_t SignExtended(uint64_t value, unsigned bits) {
  const unsigned shift = 64 - bits;
  return static_cast<int64_t>(value << shift) >> shift;
}

}  // namespace

PackedElement::PackedElement(std::string_view value) {
  if (value.size() <= kIntegerDigitsMax) {
    if (const std::optional<int64_t> integer = ParseInteger(value)) {
      SetInteger(*integer);
      return;
    }
  }
  SetString(value);
}

PackedElement PackedElement::Verbatim(std::string_view value) {
  PackedElement element;
  element.SetString(value);
  return element;
}

void PackedElement::SetString(std::string_view value) {
  if (!value.empty()) data_ = value;
  const size_t size = value.size();
  assert(size < Packed::kBytesMax);
  if (size < 64) {
    head_[0] = static_cast<char>(0x80 | size);
    head_size_ = 1;
  } else if (size < 4096) {
    head_[0] = static_cast<char>(0xe0 | size >> 8);
    head_[1] = static_cast<char>(size);
    head_size_ = 2;
  } else {
    const uint32_t size32 = static_cast<uint32_t>(size);
    head_[0] = static_cast<char>(0xf0);
    std::memcpy(head_ + 1, &size32, sizeof(size32));
    head_size_ = 5;
  }
}

void PackedElement::SetInteger(int64_t value) {
  const auto fits = [value](unsigned bits) {
    const int64_t limit = int64_t{1} << (bits - 1);
    return value >= -limit && value < limit;
  };
  const auto store = [this, value](int head, uint8_t bytes) {
    head_[0] = static_cast<char>(head);
    std::memcpy(head_ + 1, &value, sizeof(value));
    head_size_ = static_cast<uint8_t>(1 + bytes);
  };
  if (value >= 0 && value < 128) {
    head_[0] = static_cast<char>(value);
    head_size_ = 1;
  } else if (fits(13)) {
    const uint64_t bits = static_cast<uint64_t>(value) & 0x1fff;
    head_[0] = static_cast<char>(0xc0 | bits >> 8);
    head_[1] = static_cast<char>(bits);
    head_size_ = 2;
  } else if (fits(16)) {
    store(0xf1, 2);
  } else if (fits(24)) {
    store(0xf2, 3);
  } else if (fits(32)) {
    store(0xf3, 4);
  } else {
    store(0xf4, 8);
  }
}

size_t PackedElement::stored_size() const { return size() + BackSize(size()); }

void PackedElement::WriteTo(char* to) const {
  std::memcpy(to, head_, head_size_);
  to += head_size_;
  if (!data_.empty()) std::memcpy(to, data_.data(), data_.size());
  to += data_.size();
  // Highest group first; all but the first say that more stand before them.
  size_t left = BackSize(size());
  bool first = true;
  while (left-- > 0) {
    const size_t group = size() >> (7 * left) & 0x7f;
    *to++ = static_cast<char>(group | (first ? 0 : 0x80));
    first = false;
  }
}

Packed::~Packed() { std::free(data_); }

void Packed::Swap(Packed& other) {
  std::swap(data_, other.data_);
  std::swap(capacity_, other.capacity_);
  std::swap(start_, other.start_);
  std::swap(bytes_, other.bytes_);
  std::swap(count_, other.count_);
}

Packed::Place Packed::NextOfLong(Place place) {
  const Shape shape = ShapeOf(place);
  const size_t size = shape.head + shape.data;
  return place + size + BackSize(size);
}

Packed::Place Packed::Previous(Place place) {
  size_t size = 0;
  unsigned shift = 0;
  uint8_t byte;
  do {
    byte = ByteAt(--place);
    size |= static_cast<size_t>(byte & 0x7f) << shift;
    shift += 7;
  } while (byte & 0x80);
  return place - size;
}

std::optional<int64_t> Packed::ReadInteger(Place place) {
  const uint8_t first = ByteAt(place);
  if (first < 0x80) return first;
  if (first < 0xc0) return std::nullopt;
  if (first < 0xe0) return SignExtended((first & 0x1fu) << 8 | ByteAt(place + 1), 13);
  if (first <= 0xf0) return std::nullopt;
  const size_t bytes = ShapeOf(place).head - 1;
  uint64_t value = 0;
  std::memcpy(&value, place + 1, bytes);
  return SignExtended(value, static_cast<unsigned>(8 * bytes));
}

std::string_view Packed::Read(Place place, IntegerBuffer& buffer) {
  if (const std::optional<int64_t> integer = ReadInteger(place)) {
    return FormatInteger(*integer, buffer);
  }
  const Shape shape = ShapeOf(place);
  return {place + shape.head, shape.data};
}

void Packed::MoveTo(size_t capacity, size_t start) {
  assert(start + bytes_ <= capacity);
  assert(capacity <= UINT32_MAX);
  char* data = static_cast<char*>(std::malloc(capacity));
  assert(data != nullptr);
  if (bytes_ > 0) std::memcpy(data + start, data_ + start_, bytes_);
  std::free(data_);
  data_ = data;
  capacity_ = static_cast<uint32_t>(capacity);
  start_ = static_cast<uint32_t>(start);
}

char* Packed::Open(size_t offset, size_t gap) {
  assert(offset <= bytes_);
  assert(bytes_ + gap <= kBytesMax);
  const bool towards_front = offset < bytes_ / 2 || (offset == 0 && bytes_ > 0);
  const size_t slack = capacity_ - bytes_;
  if (slack < gap) {
    const size_t capacity = AllocatedSize(bytes_ + gap);
    MoveTo(capacity, towards_front ? capacity - bytes_ : 0);
  }
  const size_t back_slack = capacity_ - bytes_ - start_;
  // An end without slack gets it from the other: all it needs, and half of what is left over.
  if (towards_front ? start_ < gap : back_slack < gap) {
    const size_t half = (capacity_ - bytes_ - gap) / 2;
    const size_t start = towards_front ? gap + half : half;
    std::memmove(data_ + start, data_ + start_, bytes_);
    start_ = static_cast<uint32_t>(start);
  }
  if (towards_front) {
    std::memmove(data_ + start_ - gap, data_ + start_, offset);
    start_ -= static_cast<uint32_t>(gap);
  } else if (offset < bytes_) {
    char* at = data_ + start_ + offset;
    std::memmove(at + gap, at, bytes_ - offset);
  }
  bytes_ += static_cast<uint32_t>(gap);
  return data_ + start_ + offset;
}

Packed::Place Packed::Insert(Place before, const PackedElement& element) {
  const size_t offset = data_ == nullptr ? 0 : static_cast<size_t>(before - begin());
  char* to = Open(offset, element.stored_size());
  element.WriteTo(to);
  ++count_;
  return to;
}

void Packed::PushFront(const PackedElement& element) { Insert(begin(), element); }

Packed::Place Packed::Erase(Place first, Place last, size_t count) {
  assert(count <= count_);
  const size_t offset = static_cast<size_t>(first - begin());
  const size_t gap = static_cast<size_t>(last - first);
  const size_t behind = bytes_ - offset - gap;
  char* at = data_ + start_ + offset;
  if (offset < behind) {
    std::memmove(data_ + start_ + gap, data_ + start_, offset);
    start_ += static_cast<uint32_t>(gap);
  } else {
    std::memmove(at, at + gap, behind);
  }
  bytes_ -= static_cast<uint32_t>(gap);
  count_ -= static_cast<uint32_t>(count);
  ShrinkIfSparse();
  return begin() + offset;
}

void Packed::ShrinkIfSparse() {
  // Less than half used is given back; what remains was paid for by the removals.
  if (bytes_ == 0) {
    std::free(data_);
    data_ = nullptr;
    capacity_ = start_ = 0;
  } else if (const size_t capacity = AllocatedSize(bytes_); capacity <= capacity_ / 2) {
    MoveTo(capacity, 0);
  }
}

Packed::Place Packed::Replace(Place place, const PackedElement& element) {
  const size_t old_size = static_cast<size_t>(Next(place) - place);
  const size_t new_size = element.stored_size();
  size_t offset = static_cast<size_t>(place - begin());
  if (new_size > old_size) {
    Open(offset, new_size - old_size);
  } else if (new_size < old_size) {
    Erase(place, place + (old_size - new_size), 0);
  }
  char* to = data_ + start_ + offset;
  element.WriteTo(to);
  return to;
}

Packed Packed::SplitOff(Place from, size_t count) {
  Packed tail;
  const size_t bytes = static_cast<size_t>(end() - from);
  if (bytes == 0) return tail;
  tail.MoveTo(AllocatedSize(bytes), 0);
  std::memcpy(tail.data_, from, bytes);
  tail.bytes_ = static_cast<uint32_t>(bytes);
  tail.count_ = static_cast<uint32_t>(count);
  Erase(from, end(), count);
  return tail;
}

void Packed::Append(const Packed& other) {
  if (other.bytes_ == 0) return;
  char* to = Open(bytes_, other.bytes_);
  std::memcpy(to, other.begin(), other.bytes_);
  count_ += other.count_;
}

std::optional<Packed> Packed::FromRaw(std::string_view raw, size_t count, bool odd_verbatim) {
  if (raw.size() > kBytesMax || count > raw.size()) return std::nullopt;
  std::string_view rest = raw;
  for (size_t i = 0; i < count; ++i) {
    if (rest.empty() || ByteAt(rest.data()) > 0xf4) return std::nullopt;
    const uint8_t first = ByteAt(rest.data());
    const size_t head_min = first < 0xc0 ? 1 : first < 0xf0 ? 2 : first == 0xf0 ? 5 : 1;
    if (rest.size() < head_min) return std::nullopt;
    const Shape shape = ShapeOf(rest.data());
    const size_t size = shape.head + shape.data;
    if (rest.size() < size + BackSize(size)) return std::nullopt;
    // Anything but the one way we would have written this element is foreign.
    IntegerBuffer buffer;
    const std::string_view value = Read(rest.data(), buffer);
    const bool verbatim = odd_verbatim && i % 2 == 1 && !ReadInteger(rest.data());
    const PackedElement element = verbatim ? PackedElement::Verbatim(value) : PackedElement(value);
    if (!element.Equals(rest.data()) || element.size() != size) return std::nullopt;
    size_t back = 0;
    for (size_t at = BackSize(size); at-- > 0;) {
      const uint8_t byte = ByteAt(rest.data() + size + at);
      back |= static_cast<size_t>(byte & 0x7f) << (7 * (BackSize(size) - 1 - at));
      if ((byte >= 0x80) != (at > 0)) return std::nullopt;
    }
    if (back != size) return std::nullopt;
    rest.remove_prefix(size + BackSize(size));
  }
  if (!rest.empty()) return std::nullopt;
  Packed packed;
  if (raw.empty()) return packed;
  packed.MoveTo(AllocatedSize(raw.size()), 0);
  std::memcpy(packed.data_, raw.data(), raw.size());
  packed.bytes_ = static_cast<uint32_t>(raw.size());
  packed.count_ = static_cast<uint32_t>(count);
  return packed;
}

}  // namespace storage
