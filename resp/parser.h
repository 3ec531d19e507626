// Reads Redis commands from a stream of bytes that may break anywhere: bulk arrays and inline
// commands, with the limits and the error texts of Redis 7.0 (networking.c).
//
// It does no I/O. A caller reads from its socket into any buffer, hands the bytes to Feed, and calls
// Next until it stops returning kCommand. Arguments are views: into the fed bytes where a command lies
// whole in them (nothing is copied), into the parser's own buffer where it came in pieces. Memory grows
// only with bytes that have arrived, never with a length that was announced.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace resp {

class Parser {
 public:
  enum class Outcome { kCommand, kNeedMore, kProtocolError };

  struct Limits {
    int64_t bulk_bytes_max = 512LL << 20;  // proto-max-bulk-len
    int64_t arguments_max = INT32_MAX;
    size_t inline_bytes_max = 64 << 10;
    // While the client has not authenticated: Redis after CVE-2021-32675.
    int64_t unauthenticated_arguments_max = 10;
    int64_t unauthenticated_bulk_bytes_max = 16384;
  };

  // The command views the bytes until the next Feed.
  struct Command {
    std::vector<std::string_view> args;
    std::string_view raw;  // The command as it came, if it came as a bulk array; else empty.
  };

  explicit Parser(const Limits& limits) : limits_(limits) {}

  // The bytes must stay where they are until Next has returned kNeedMore (which takes over what is
  // left) or the parser is destroyed.
  void Feed(std::string_view bytes);

  [[nodiscard]] Outcome Next(Command& command);

  void set_authenticated(bool authenticated) { authenticated_ = authenticated; }
  const std::string& error() const { return error_; }  // "Protocol error: ..." without a sigil.
  size_t buffered_bytes() const;                        // Held for a command that is not whole.

 private:
  Limits limits_;
  bool authenticated_ = true;
  std::string error_;
};

}  // namespace resp
