// How a score stands in a packed sorted set: an integer as one, else its digits or its eight bytes,
// whichever is shorter.
#pragma once

#include "storage/types/packed.h"

namespace storage {

class PackedScore {
 public:
  explicit PackedScore(double score);
  PackedElement element() const;

  static double Read(Packed::Place place);
  // Whether the element is what we write for some score.
  static bool IsValid(Packed::Place place);

 private:
  bool is_integer_ = false;
  int64_t integer_ = 0;
  uint8_t size_ = 0;
  char text_[32];
};

}  // namespace storage
