#include "storage/types/intset.h"

#include <cassert>
#include <cstdlib>
#include <cstring>

#include "storage/types/size_class.h"

namespace storage {

namespace {

uint8_t WidthOf(int64_t value) {
  if (value == static_cast<int16_t>(value)) return 2;
  return value == static_cast<int32_t>(value) ? 4 : 8;
}

}  // namespace

IntSet::~IntSet() { std::free(data_); }

void IntSet::Clear() {
  std::free(data_);
  data_ = nullptr;
  size_ = capacity_ = 0;
  width_ = 2;
}

int64_t IntSet::At(size_t index) const {
  assert(index < size_);
  const char* from = data_ + index * width_;
  if (width_ == 2) {
    int16_t value;
    std::memcpy(&value, from, sizeof(value));
    return value;
  }
  if (width_ == 4) {
    int32_t value;
    std::memcpy(&value, from, sizeof(value));
    return value;
  }
  int64_t value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

void IntSet::Put(size_t index, int64_t value) {
  std::memcpy(data_ + index * width_, &value, width_);  // Little-endian: the low bytes come first.
}

size_t IntSet::LowerBound(int64_t value) const {
  size_t low = 0;
  size_t high = size_;
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if (At(middle) < value) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

bool IntSet::Contains(int64_t value) const {
  if (WidthOf(value) > width_) return false;
  const size_t index = LowerBound(value);
  return index < size_ && At(index) == value;
}

void IntSet::Reserve(size_t bytes) {
  const size_t capacity = AllocatedSize(bytes);
  data_ = static_cast<char*>(std::realloc(data_, capacity));
  assert(data_ != nullptr);
  capacity_ = static_cast<uint32_t>(capacity);
}

void IntSet::Widen(uint8_t width) {
  if (size_t{size_} * width > capacity_) Reserve(size_t{size_} * width);
  // From the last on, so that no value is overwritten before it was read.
  const uint8_t old_width = width_;
  for (size_t i = size_; i-- > 0;) {
    width_ = old_width;
    const int64_t value = At(i);
    width_ = width;
    Put(i, value);
  }
  width_ = width;
}

bool IntSet::Add(int64_t value) {
  if (WidthOf(value) > width_) Widen(WidthOf(value));
  const size_t index = LowerBound(value);
  if (index < size_ && At(index) == value) return false;
  if ((size_t{size_} + 1) * width_ > capacity_) Reserve((size_t{size_} + 1) * width_);
  char* at = data_ + index * width_;
  std::memmove(at + width_, at, (size_ - index) * width_);
  Put(index, value);
  ++size_;
  return true;
}

bool IntSet::Remove(int64_t value) {
  if (WidthOf(value) > width_) return false;
  const size_t index = LowerBound(value);
  if (index == size_ || At(index) != value) return false;
  char* at = data_ + index * width_;
  std::memmove(at, at + width_, (size_ - index - 1) * width_);
  --size_;
  if (size_ == 0) {
    Clear();
  } else if (AllocatedSize(size_t{size_} * width_) <= capacity_ / 2) {
    Reserve(size_t{size_} * width_);
  }
  return true;
}

}  // namespace storage
