// Numbers in arguments and values, read and written exactly as Redis does: what it refuses is
// refused.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace server::commands {

// Canonical decimal only: no sign but '-', no leading zeros, no spaces, nothing behind.
std::optional<int64_t> ParseInteger(std::string_view text);

// As strtod reads it, "inf" and hexadecimal included, but no leading space, no NaN and nothing
// behind.
std::optional<double> ParseDouble(std::string_view text);

// The same as long double, in which INCRBYFLOAT and HINCRBYFLOAT calculate.
std::optional<long double> ParseLongDouble(std::string_view text);

// As INCRBYFLOAT writes its result: 17 decimals at most, no exponent, no trailing zeros.
std::string FormatLongDouble(long double value);

// As scores are written where no double type exists (ZSCAN): "%.17g".
std::string FormatScore(double value);

std::optional<int64_t> AddWithoutOverflow(int64_t a, int64_t b);

// The SCAN family's cursor: whatever strtoul takes whole, even nothing (0).
std::optional<uint64_t> ParseCursor(std::string_view text);

// Options are matched in any case.
constexpr bool EqualsIgnoreCase(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const char folded = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    if (folded != lower[i]) return false;
  }
  return true;
}

// A number as decimal digits, without allocation.
class Decimal {
 public:
  explicit Decimal(int64_t value) {
    size_ =
        static_cast<size_t>(std::to_chars(digits_, digits_ + sizeof(digits_), value).ptr - digits_);
  }
  std::string_view view() const { return {digits_, size_}; }

 private:
  char digits_[20];  // The longest is -9223372036854775808.
  size_t size_;
};

}  // namespace server::commands
