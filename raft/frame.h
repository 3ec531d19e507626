// The frames that peer messages travel in, over a stream of bytes that may break anywhere.
//
// A frame, little-endian:
//   length u32 of all that follows the checksum | XXH3 u64 of the same | version u8 | kind u8 |
//   partition u32 | incarnation u64 | payload
//
// The incarnation tells a group from an earlier one of the same number (FAULTS C34). What a `kind`
// and its payload mean is the transport's business.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace raft {

inline constexpr uint8_t kFrameVersion = 1;
inline constexpr size_t kFramePrefixBytes = 4 + 8;
inline constexpr size_t kFrameHeaderBytes = 1 + 1 + 4 + 8;

struct FrameHeader {
  uint8_t version = kFrameVersion;
  uint8_t kind = 0;
  uint32_t partition = 0;
  uint64_t incarnation = 0;
  bool operator==(const FrameHeader&) const = default;
};

// Appends a whole frame to `out`.
void AppendFrame(const FrameHeader& header, std::string_view payload, std::string& out);

// The same in two halves, for a payload that is written in place: append it to `out` in between.
size_t BeginFrame(const FrameHeader& header, std::string& out);
void EndFrame(size_t begin, std::string& out);

// Feed it what the socket delivered, then call Next until it stops returning kFrame.
class FrameReader {
 public:
  enum class Outcome { kFrame, kNeedMore, kCorrupt };

  struct Frame {
    FrameHeader header;
    std::string_view payload;  // Valid until the next Feed.
  };

  // Frames with a longer payload are corrupt: nothing is held for what a stranger announces.
  explicit FrameReader(size_t payload_bytes_max) : payload_bytes_max_(payload_bytes_max) {}

  void Feed(std::string_view bytes);
  // After kCorrupt there is no known place to go on from: the connection is to be closed.
  [[nodiscard]] Outcome Next(Frame& frame);

 private:
  size_t payload_bytes_max_;
  std::string buffer_;
  size_t begin_ = 0;  // What comes before was returned already.
  bool corrupt_ = false;
};

}  // namespace raft
