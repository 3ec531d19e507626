// The writing half of a shared log: what was appended and is not yet written, and the job that
// writes it. The job shares nothing with the shard's thread but bytes that neither changes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "storage/file.h"
#include "storage/shared_log_format.h"

namespace storage {

// One batch: consecutive bytes for one segment.
struct LogPart {
  uint64_t segment = 0;
  uint64_t offset = 0;
  uint64_t seed = 0;
  bool begins_segment = false;  // Nothing of an earlier segment may be unsynced once it is written.
  bool must_sync = false;
  uint64_t sequence = 0;  // Appended completely with this part.
  std::string bytes;

  uint64_t end() const { return offset + bytes.size(); }
};

// What a write job needs to know of the place it writes to.
struct LogPlace {
  Disk* disk = nullptr;
  std::string directory;
  uint64_t segment_bytes = 0;
  SegmentHeader header;  // Of segments to be created; the number is set as they are.
};

// Writes parts in order; each in one write. A segment that is complete is synced before the next
// one is touched, so whatever stands in a segment proves that all earlier ones are durable.
class PartWriter {
 public:
  PartWriter(LogPlace place, std::shared_ptr<File> file, std::shared_ptr<File> prepared)
      : place_(std::move(place)), file_(std::move(file)), prepared_(std::move(prepared)) {}

  Status Run(const std::vector<LogPart>& parts, bool sync);

  std::shared_ptr<File> file() const { return file_; }  // Of the last part.

 private:
  Status WritePart(const LogPart& part);
  Status Sync();
  Status MoveTo(uint64_t segment);

  LogPlace place_;
  std::shared_ptr<File> file_;
  std::shared_ptr<File> prepared_;  // The next segment, or null.
};

}  // namespace storage
