// The files of a shared log: their names, their creation, and their reading in pieces.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/file.h"
#include "storage/shared_log_format.h"

namespace storage {

std::string SegmentPath(const std::string& directory, uint64_t number);
// The number in a file's name, or nothing if it is not a segment's name.
std::optional<uint64_t> SegmentNumber(std::string_view name);

// Creates the segment under another name and renames it, so that a segment always has its header.
// Slow: for a worker.
Result<std::unique_ptr<File>> CreateSegment(Disk& disk, const std::string& directory,
                                            uint64_t bytes, const SegmentHeader& header);

// Reads a file in large pieces for someone who asks for small ones, mostly in rising order.
class FileWindow {
 public:
  // Reads nothing at or beyond `limit`.
  FileWindow(const File& file, uint64_t limit) : file_(file), limit_(limit) {}

  // At least `size` bytes from `offset` on, fewer only at the limit; valid until the next call.
  Result<std::string_view> At(uint64_t offset, size_t size);

 private:
  static constexpr size_t kPieceBytesMax = 256 << 10;

  const File& file_;
  uint64_t limit_;
  std::vector<char> buffer_;
  size_t piece_bytes_ = 16 << 10;  // Doubles as more is asked for.
  uint64_t begin_ = 0;
  size_t size_ = 0;
};

}  // namespace storage
