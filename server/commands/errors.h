// Error replies in Redis's words: clients match on them.
#pragma once

#include <string_view>

namespace server::commands {

inline constexpr std::string_view kWrongType =
    "WRONGTYPE Operation against a key holding the wrong kind of value";
inline constexpr std::string_view kSyntaxError = "ERR syntax error";
inline constexpr std::string_view kNoSuchKey = "ERR no such key";
inline constexpr std::string_view kIndexOutOfRange = "ERR index out of range";
inline constexpr std::string_view kNotAnInteger = "ERR value is not an integer or out of range";
inline constexpr std::string_view kNotAFloat = "ERR value is not a valid float";
inline constexpr std::string_view kOverflow = "ERR increment or decrement would overflow";
inline constexpr std::string_view kDecrementOverflow = "ERR decrement would overflow";
inline constexpr std::string_view kNanOrInfinity = "ERR increment would produce NaN or Infinity";
inline constexpr std::string_view kStringTooLong =
    "ERR string exceeds maximum allowed size (proto-max-bulk-len)";
inline constexpr std::string_view kOffsetOutOfRange = "ERR offset is out of range";
inline constexpr std::string_view kMustBePositive = "ERR value is out of range, must be positive";
inline constexpr std::string_view kOutOfRange = "ERR value is out of range";
inline constexpr std::string_view kInvalidCursor = "ERR invalid cursor";
inline constexpr std::string_view kSameObject = "ERR source and destination objects are the same";
inline constexpr std::string_view kHashValueNotAnInteger = "ERR hash value is not an integer";
inline constexpr std::string_view kHashValueNotAFloat = "ERR hash value is not a float";
inline constexpr std::string_view kResultingScoreNan = "ERR resulting score is not a number (NaN)";
inline constexpr std::string_view kMinOrMaxNotAFloat = "ERR min or max is not a float";
inline constexpr std::string_view kMinOrMaxNotALexRange =
    "ERR min or max not valid string range item";

}  // namespace server::commands
