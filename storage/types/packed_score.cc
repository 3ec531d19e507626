#include "storage/types/packed_score.h"

#include <cassert>
#include <charconv>
#include <cmath>
#include <cstring>

namespace storage {

PackedScore::PackedScore(double score) {
  assert(!std::isnan(score));
  constexpr double kExact = 9007199254740992.0;  // 2^53: all integers up to here are doubles.
  if (std::fabs(score) <= kExact && std::trunc(score) == score) {  // -0 becomes 0, as in Redis.
    is_integer_ = true;
    integer_ = static_cast<int64_t>(score);
    return;
  }
  const std::to_chars_result result = std::to_chars(text_, text_ + sizeof(text_), score);
  size_ = static_cast<uint8_t>(result.ptr - text_);
  if (size_ < sizeof(score)) return;
  std::memcpy(text_, &score, sizeof(score));
  size_ = sizeof(score);
}

PackedElement PackedScore::element() const {
  if (is_integer_) return PackedElement(integer_);
  // The eight bytes of a score can happen to be digits, and must not be taken for an integer.
  return PackedElement::Verbatim({text_, size_});
}

double PackedScore::Read(Packed::Place place) {
  if (const std::optional<int64_t> integer = Packed::ReadInteger(place)) {
    return static_cast<double>(*integer);
  }
  IntegerBuffer unused;
  const std::string_view text = Packed::Read(place, unused);
  double score = 0;
  if (text.size() == sizeof(score)) {
    std::memcpy(&score, text.data(), sizeof(score));
  } else {
    std::from_chars(text.data(), text.data() + text.size(), score);
  }
  return score;
}

bool PackedScore::IsValid(Packed::Place place) {
  const double score = Read(place);
  if (std::isnan(score)) return false;
  return PackedScore(score).element().Equals(place);
}

}  // namespace storage
