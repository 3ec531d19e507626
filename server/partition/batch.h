// The effects of one loop turn, in the form in which they become one log entry.
//
//   entry payload, little-endian:  version u8 | now_ms i64 | effect*
//   effect:                        database u8 | size u32 | a RESP array of bulk strings
//
// An effect is most often the command as the client sent it, so logging it is one copy.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "resp/parser.h"

namespace server {

class Batch {
 public:
  bool empty() const { return count_ == 0; }
  size_t bytes() const { return bytes_.size(); }
  void AddRaw(int database, std::string_view resp_command, int64_t now_ms);
  void AddCommand(int database, std::span<const std::string_view> args, int64_t now_ms);
  std::string Take();  // The payload; the batch is empty afterwards.

 private:
  void BeginEffect(int database, size_t size, int64_t now_ms);

  std::string bytes_;
  size_t count_ = 0;
  size_t last_taken_bytes_ = 0;
};

// Walks the effects of a payload. Bytes come from our own log, checked by its checksums, but
// perhaps from a newer version: what is not understood is reported, never skipped.
class BatchReader {
 public:
  explicit BatchReader(std::string_view payload);
  bool valid() const { return valid_; }
  int64_t now_ms() const { return now_ms_; }
  // False at the end, or when the payload is malformed (valid() is false then).
  bool Next(int& database, resp::Parser::Command& command);

 private:
  std::string_view rest_;
  resp::Parser parser_;
  int64_t now_ms_ = 0;
  bool valid_ = false;
};

}  // namespace server
