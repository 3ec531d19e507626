// Reads Redis commands from a stream of bytes that may break anywhere: bulk arrays and inline
// commands, with the limits and the error texts of Redis 7.0 (networking.c).
//
// It does no I/O. A caller reads from its socket into any buffer, hands the bytes to Feed, and
// calls Next until it stops returning kCommand. Arguments are views: into the fed bytes where a
// command lies whole in them (nothing is copied), into the parser's own buffer where it came in
// pieces. Memory grows only with bytes that have arrived, never with a length that was announced.
//
// Two things differ from Redis, which looks for line ends with C string functions: a zero byte is
// an ordinary byte here, where Redis would not see what follows it; and the limit on a line counts
// the line itself, where Redis counts what its reads happened to bring, so that no answer of ours
// depends on how the stream was cut. As in Redis, the two bytes behind an argument are skipped
// unread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <forward_list>
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
  // left), KeepUnread was called, or the parser is destroyed.
  void Feed(std::string_view bytes);

  // After kProtocolError, error() says why, and the connection is to be closed: there is no known
  // place to go on from, and Next will say the same for ever.
  [[nodiscard]] Outcome Next(Command& command);

  // Copies what Next has not looked at yet, for a caller that must stop in the middle of a pipeline
  // (a blocked client) and wants its buffer back. Commands got before stay valid until the next
  // Feed as far as their bytes do.
  void KeepUnread();

  void set_authenticated(bool authenticated) { authenticated_ = authenticated; }
  void set_bulk_bytes_max(int64_t bytes) { limits_.bulk_bytes_max = bytes; }
  const std::string& error() const { return error_; }  // "Protocol error: ..." without a sigil.
  size_t buffered_bytes() const;  // Held for a command that is not whole, or was not looked at yet.

 private:
  enum class State { kStart, kInline, kCount, kBulkLength, kBulkData };
  enum class Step { kContinue, kWhole, kNothing, kNeedMore, kFailed };

  struct Span {
    size_t offset;  // From the command's first byte.
    size_t size;
  };

  bool ReadSmallCommand(Command& command);
  Step Read(std::string_view window, Command& command);
  Step ReadInline(std::string_view window, Command& command);
  Step ReadCount(std::string_view window);
  Step ReadBulkLength(std::string_view window);
  Step ReadBulkData(std::string_view window, Command& command);
  Step FindLineEnd(std::string_view window, char end, std::string_view too_big, size_t& found);
  Step Fail(std::string_view why);
  void FinishCommand();

  size_t BytesToPull() const;
  void Append(std::string_view bytes);

  Limits limits_;
  bool authenticated_ = true;
  std::string error_;

  std::string_view input_;  // Fed, or in kept_, and not looked at yet.

  // The command being read. Offsets count from its first byte, which is that of pending_, or of
  // input_ while pending_ is empty.
  State state_ = State::kStart;
  size_t scan_ = 0;      // Where the next token begins.
  size_t searched_ = 0;  // No line end between scan_ and here: a slow line is not searched again.
  int64_t arguments_left_ = 0;
  size_t bulk_bytes_ = 0;
  std::vector<Span> spans_;  // Arguments read so far.

  // Vectors, because swapping them leaves the bytes where they are.
  std::vector<char> pending_;  // The command being read, when it came in pieces.
  std::vector<char> whole_;    // The last one that had, while its views must stay valid.
  std::vector<char> kept_;     // What KeepUnread copied.
  std::forward_list<std::vector<std::string>> unquoted_;  // Inline arguments that had quotes.
};

}  // namespace resp
