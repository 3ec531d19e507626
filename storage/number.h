// Numbers as Redis reads and prints them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace storage {

inline constexpr size_t kIntegerDigitsMax = 20;  // Of "-9223372036854775808".
using IntegerBuffer = char[kIntegerDigitsMax];

// Only the one way FormatInteger writes a value: no blanks, no plus, no leading zeros, no "-0".
std::optional<int64_t> ParseInteger(std::string_view text);

// What strtod takes in whole, but no leading blank, no NaN and no overflow. "inf" and hexadecimal
// are fine.
std::optional<double> ParseDouble(std::string_view text);
std::optional<long double> ParseLongDouble(std::string_view text);

// The view lies in `buffer`.
std::string_view FormatInteger(int64_t value, IntegerBuffer& buffer);
// As INCRBYFLOAT prints: fixed notation, 17 digits behind the point, less trailing zeros.
std::string FormatLongDouble(long double value);

}  // namespace storage
