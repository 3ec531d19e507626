#include "storage/shared_log_writer.h"

#include "storage/failpoint.h"
#include "storage/shared_log_segment.h"

namespace storage {
namespace {

Status Failed(const char* failpoint) {
  return tl::unexpected(Error{Code::kIo, std::string("failpoint ") + failpoint});
}

}  // namespace

Status PartWriter::Run(const std::vector<LogPart>& parts, bool sync) {
  for (const LogPart& part : parts) {
    if (Status status = WritePart(part); !status) return status;
  }
  return sync ? Sync() : Status();
}

Status PartWriter::WritePart(const LogPart& part) {
  if (part.begins_segment) {
    if (Status status = Sync(); !status) return status;
    if (Status status = MoveTo(part.segment); !status) return status;
  }
  if (Failpoint("wal.before_write")) return Failed("wal.before_write");
  if (Status status = file_->WriteAt(part.offset, part.bytes); !status) return status;
  if (Failpoint("wal.after_write")) return Failed("wal.after_write");
  return {};
}

Status PartWriter::Sync() {
  if (Failpoint("wal.before_sync")) return Failed("wal.before_sync");
  if (Status status = file_->SyncData(); !status) return status;
  if (Failpoint("wal.after_sync")) return Failed("wal.after_sync");
  return {};
}

Status PartWriter::MoveTo(uint64_t segment) {
  if (Failpoint("wal.rotate")) return Failed("wal.rotate");
  if (prepared_) {
    file_ = std::move(prepared_);
    prepared_ = nullptr;
    return {};
  }
  place_.header.number = segment;
  Result<std::unique_ptr<File>> created =
      CreateSegment(*place_.disk, place_.directory, place_.segment_bytes, place_.header);
  if (!created) return tl::unexpected(created.error());
  file_ = std::move(*created);
  return {};
}

}  // namespace storage
