#include "storage/shared_log_segment.h"

#include <algorithm>
#include <charconv>
#include <cstdio>

namespace storage {
namespace {

constexpr std::string_view kSuffix = ".dat";
constexpr size_t kDigits = 20;

}  // namespace

std::string SegmentPath(const std::string& directory, uint64_t number) {
  char name[kDigits + 5];
  std::snprintf(name, sizeof(name), "%020llu.dat", static_cast<unsigned long long>(number));
  return directory + "/" + name;
}

std::optional<uint64_t> SegmentNumber(std::string_view name) {
  if (name.size() != kDigits + kSuffix.size() || !name.ends_with(kSuffix)) return std::nullopt;
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + kDigits, number);
  if (error != std::errc() || end != name.data() + kDigits || number == 0) return std::nullopt;
  return number;
}

Result<std::unique_ptr<File>> CreateSegment(Disk& disk, const std::string& directory,
                                            uint64_t bytes, const SegmentHeader& header) {
  const std::string path = SegmentPath(directory, header.number);
  const std::string unfinished = path + ".tmp";
  Result<std::unique_ptr<File>> file = disk.CreatePreallocated(unfinished, bytes);
  if (!file) return file;
  if (Status status = (*file)->WriteAt(0, EncodeSegmentHeader(header)); !status) {
    return tl::unexpected(status.error());
  }
  if (Status status = (*file)->SyncData(); !status) return tl::unexpected(status.error());
  if (Status status = disk.Rename(unfinished, path); !status) {
    return tl::unexpected(status.error());
  }
  return file;
}

Result<std::string_view> FileWindow::At(uint64_t offset, size_t size) {
  if (offset >= limit_) return std::string_view();
  const size_t wanted = std::min<uint64_t>(size, limit_ - offset);
  if (offset < begin_ || offset + wanted > begin_ + size_) {
    const size_t piece = std::min<uint64_t>(std::max(wanted, piece_bytes_), limit_ - offset);
    piece_bytes_ = std::min(piece_bytes_ * 2, kPieceBytesMax);
    if (buffer_.size() < piece) buffer_.resize(piece);
    const Result<size_t> read = file_.ReadAt(offset, buffer_.data(), piece);
    if (!read) return tl::unexpected(read.error());
    begin_ = offset;
    size_ = *read;
  }
  const size_t skip = offset - begin_;
  return std::string_view(buffer_.data() + skip, size_ - skip);
}

}  // namespace storage
