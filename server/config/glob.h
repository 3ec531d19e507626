// Glob patterns as Redis matches them (stringmatchlen): for KEYS, SCAN, PSUBSCRIBE and CONFIG GET.
//
// * matches any bytes, ? one byte, [abc], [a-z] and [^...] one byte of a class, \ takes the next
// byte as it is. A class that is not closed ends with the pattern. The time is at most the product
// of the two lengths, whatever the pattern (CVE-2022-36021), and there is no recursion
// (CVE-2024-31228).
#pragma once

#include <string_view>

namespace server {

enum class GlobCase { kSensitive, kInsensitive };

bool GlobMatch(std::string_view pattern, std::string_view text,
               GlobCase glob_case = GlobCase::kSensitive);

}  // namespace server
