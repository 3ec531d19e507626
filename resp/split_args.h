// Splits a line into arguments as Redis does (sdssplitargs): for inline commands and for
// redis.conf.
//
// Arguments are separated by blanks. "..." understands \n \r \t \b \a \xNN and \ before any other
// byte; '...' understands only \'. A closing quote must be followed by a blank or the end.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace resp {

// Empty when quotes are unbalanced. A zero byte is an ordinary byte.
std::optional<std::vector<std::string>> SplitArgs(std::string_view line);

// The same for a line without any quote: views into the line, no copies.
bool HasQuotes(std::string_view line);
void SplitUnquoted(std::string_view line, std::vector<std::string_view>& args);

// Writes bytes as one quoted argument that SplitArgs reads back (sdscatrepr).
void AppendQuoted(std::string_view bytes, std::string& out);

}  // namespace resp
