#include "server/commands/numbers.h"

#include <array>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace server::commands {
namespace {

// Redis refuses longer texts too (MAX_LONG_DOUBLE_CHARS): the longest long double has 4,933 digits.
constexpr size_t kLongDoubleCharsMax = 5 * 1024;

bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

}  // namespace

std::optional<int64_t> ParseInteger(std::string_view text) {
  if (text.empty() || text.size() > 20) return std::nullopt;
  const bool negative = text[0] == '-';
  const std::string_view digits = text.substr(negative ? 1 : 0);
  if (digits.empty()) return std::nullopt;
  if (digits[0] == '0') return text == "0" ? std::optional<int64_t>(0) : std::nullopt;

  int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

std::optional<double> ParseDouble(std::string_view text) {
  // Nearly every score is plain decimal, for which from_chars is several times as fast.
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error == std::errc() && stop == end && std::isfinite(value)) return value;

  if (text.empty() || IsSpace(text[0])) return std::nullopt;
  const std::string terminated(text);
  char* parsed_end = nullptr;
  errno = 0;
  value = std::strtod(terminated.c_str(), &parsed_end);
  if (parsed_end != terminated.c_str() + terminated.size()) return std::nullopt;
  if (errno == ERANGE && (std::isinf(value) || value == 0)) return std::nullopt;
  if (std::isnan(value)) return std::nullopt;
  return value;
}

std::optional<long double> ParseLongDouble(std::string_view text) {
  if (text.empty() || text.size() >= kLongDoubleCharsMax || IsSpace(text[0])) return std::nullopt;
  const std::string terminated(text);
  char* parsed_end = nullptr;
  errno = 0;
  const long double value = std::strtold(terminated.c_str(), &parsed_end);
  if (parsed_end != terminated.c_str() + terminated.size()) return std::nullopt;
  if (errno == ERANGE && (std::isinf(value) || value == 0)) return std::nullopt;
  if (std::isnan(value)) return std::nullopt;
  return value;
}

std::string FormatLongDouble(long double value) {
  std::array<char, kLongDoubleCharsMax> buffer;
  const int length = std::snprintf(buffer.data(), buffer.size(), "%.17Lf", value);
  std::string text(buffer.data(), static_cast<size_t>(length));
  if (text.find('.') != std::string::npos) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
  }
  return text == "-0" ? "0" : text;
}

std::string FormatScore(double value) {
  std::array<char, 40> buffer;
  const int length = std::snprintf(buffer.data(), buffer.size(), "%.17g", value);
  return {buffer.data(), static_cast<size_t>(length)};
}

std::optional<int64_t> AddWithoutOverflow(int64_t a, int64_t b) {
  int64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) return std::nullopt;
  return sum;
}

std::optional<uint64_t> ParseCursor(std::string_view text) {
  if (!text.empty() && IsSpace(text[0])) return std::nullopt;
  const std::string terminated(text);
  char* parsed_end = nullptr;
  errno = 0;
  const unsigned long long value = std::strtoull(terminated.c_str(), &parsed_end, 10);
  if (parsed_end != terminated.c_str() + terminated.size() || errno == ERANGE) return std::nullopt;
  return value;
}

}  // namespace server::commands
