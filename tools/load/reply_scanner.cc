#include "tools/load/reply_scanner.h"

#include <cstdlib>

namespace load {

std::optional<size_t> ReplySize(std::string_view bytes) {
  size_t at = 0;
  // Counted down rather than recursed into: an array is its head and so many replies more.
  for (long long replies_left = 1; replies_left > 0; --replies_left) {
    const size_t line_end = bytes.find("\r\n", at);
    if (line_end == std::string_view::npos) return std::nullopt;
    const char type = bytes[at];
    const long long number = type == '$' || type == '*' ? std::atoll(bytes.data() + at + 1) : 0;
    at = line_end + 2;
    if (type == '$' && number >= 0) at += static_cast<size_t>(number) + 2;
    if (type == '*' && number > 0) replies_left += number;
    if (at > bytes.size()) return std::nullopt;
  }
  return at;
}

}  // namespace load
