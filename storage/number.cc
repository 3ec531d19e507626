#include "storage/number.h"

#include <cctype>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>

namespace storage {

namespace {

constexpr size_t kLongDoubleTextMax = 5 * 1024;  // As Redis's MAX_LONG_DOUBLE_CHARS.

}  // namespace

std::optional<int64_t> ParseInteger(std::string_view text) {
  if (text.empty() || text.size() > kIntegerDigitsMax) return std::nullopt;
  const bool negative = text.front() == '-';
  const std::string_view digits = text.substr(negative ? 1 : 0);
  if (digits.empty()) return std::nullopt;
  if (digits.front() == '0') {
    if (text.size() == 1) return 0;
    return std::nullopt;
  }
  // Twenty digits can overflow even 64 unsigned bits; nineteen cannot.
  if (digits.size() > 19) return std::nullopt;
  uint64_t value = 0;
  for (const char c : digits) {
    const unsigned digit = static_cast<unsigned>(c) - '0';
    if (digit > 9) return std::nullopt;
    value = value * 10 + digit;
  }
  constexpr uint64_t kMax = std::numeric_limits<int64_t>::max();
  if (value > kMax + (negative ? 1 : 0)) return std::nullopt;
  return static_cast<int64_t>(negative ? 0 - value : value);
}

namespace {

// strtod and strtold read zero-terminated text and skip blanks in front; Redis refuses those.
template <typename Float, typename Convert>
std::optional<Float> ParseFloat(std::string_view text, const Convert& convert) {
  if (text.empty() || std::isspace(static_cast<unsigned char>(text.front()))) return std::nullopt;
  char buffer[128];
  std::string longer;
  const char* begin = buffer;
  if (text.size() < sizeof(buffer)) {
    std::memcpy(buffer, text.data(), text.size());
    buffer[text.size()] = '\0';
  } else {
    longer = text;
    begin = longer.c_str();
  }
  char* end = nullptr;
  errno = 0;
  const Float value = convert(begin, &end);
  if (end != begin + text.size() || std::isnan(value)) return std::nullopt;
  if (errno == ERANGE && (std::isinf(value) || value == 0)) return std::nullopt;
  return value;
}

}  // namespace

std::optional<double> ParseDouble(std::string_view text) {
  // Most scores are short integers, exact in a double.
  if (text.size() < 16) {
    if (const std::optional<int64_t> integer = ParseInteger(text)) {
      return static_cast<double>(*integer);
    }
  }
  return ParseFloat<double>(text, [](const char* p, char** end) { return std::strtod(p, end); });
}

std::optional<long double> ParseLongDouble(std::string_view text) {
  if (text.size() >= kLongDoubleTextMax) return std::nullopt;
  return ParseFloat<long double>(text,
                                 [](const char* p, char** end) { return std::strtold(p, end); });
}

std::string_view FormatInteger(int64_t value, IntegerBuffer& buffer) {
  const std::to_chars_result result = std::to_chars(buffer, buffer + sizeof(buffer), value);
  return {buffer, static_cast<size_t>(result.ptr - buffer)};
}

std::string FormatLongDouble(long double value) {
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  char buffer[kLongDoubleTextMax];  // The largest long double has 4,933 digits before the point.
  const int size = std::snprintf(buffer, sizeof(buffer), "%.17Lf", value);
  std::string_view text(buffer, static_cast<size_t>(size));
  text = text.substr(0, text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.remove_suffix(1);
  return text == "-0" ? "0" : std::string(text);
}

}  // namespace storage
