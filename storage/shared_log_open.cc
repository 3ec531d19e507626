// The start of a shared log: recovery, cutting the torn tail, and the state that the new life
// begins with.
#include <algorithm>

#include "storage/shared_log.h"
#include "storage/shared_log_recovery.h"
#include "storage/shared_log_segment.h"

namespace storage {
namespace {

// Overwrites what a torn write left behind the end: the next life's batches must not be followed by
// bytes that look like more of them.
Status WipeFrom(File& file, uint64_t offset) {
  constexpr size_t kPieceBytes = 1 << 20;
  const std::string zeros(kPieceBytes, '\0');
  std::string piece(kPieceBytes, '\0');
  while (true) {
    const Result<size_t> read = file.ReadAt(offset, piece.data(), piece.size());
    if (!read) return tl::unexpected(read.error());
    if (*read == 0) return {};
    const std::string_view seen(piece.data(), *read);
    if (seen != std::string_view(zeros).substr(0, *read)) {
      if (Status status = file.WriteAt(offset, std::string_view(zeros).substr(0, *read)); !status) {
        return status;
      }
    }
    offset += *read;
  }
}

}  // namespace

Result<std::unique_ptr<SharedLog>> SharedLog::Open(
    Disk& disk, const Options& options, std::function<void(uint64_t, uint64_t)> progress) {
  std::unique_ptr<SharedLog> log(new SharedLog(disk, options));
  if (Status status = log->Recover(progress); !status) return tl::unexpected(status.error());
  return log;
}

Status SharedLog::Recover(const std::function<void(uint64_t, uint64_t)>& progress) {
  if (Status status = disk_.MakeDirectory(place_.directory); !status) return status;
  if (Status status = RemoveUnfinished(); !status) return status;

  Result<RecoveredLog> recovered = RecoverSharedLog(disk_,
                                                    {.directory = place_.directory,
                                                     .cluster_id = place_.header.cluster_id,
                                                     .node_id = place_.header.node_id,
                                                     .shard = place_.header.shard},
                                                    progress);
  if (!recovered) return tl::unexpected(recovered.error());
  for (const uint64_t number : recovered->dropped) {
    if (Status status = disk_.Remove(SegmentPath(place_.directory, number)); !status) return status;
  }
  partitions_ = std::move(recovered->partitions);
  damage_ = std::move(recovered->damage);
  next_batch_ = recovered->last_batch + 1;
  durable_batch_ = recovered->last_batch;
  if (!recovered->segments.empty()) oldest_segment_ = recovered->segments.front();
  if (Status status = OpenTail(recovered->end_segment, recovered->end_offset); !status) {
    return status;
  }
  return WriteStates();
}

// Segments that were being created when the process ended.
Status SharedLog::RemoveUnfinished() {
  const Result<std::vector<std::string>> names = disk_.List(place_.directory);
  if (!names) return tl::unexpected(names.error());
  for (const std::string& name : *names) {
    if (!name.ends_with(".tmp")) continue;
    if (Status status = disk_.Remove(place_.directory + "/" + name); !status) return status;
  }
  return {};
}

Status SharedLog::OpenTail(uint64_t segment, uint64_t offset) {
  const bool fresh = segment == 0;
  tail_segment_ = fresh ? 1 : segment;
  tail_offset_ = fresh ? kSegmentHeaderBytes : offset;
  SegmentHeader header = place_.header;
  header.number = tail_segment_;
  Result<std::unique_ptr<File>> file =
      fresh ? CreateSegment(disk_, place_.directory, place_.segment_bytes, header)
            : disk_.Open(SegmentPath(place_.directory, segment));
  if (!file) return tl::unexpected(file.error());
  file_ = std::move(*file);
  if (fresh) return {};
  // What was read may only have been in the kernel's memory; from here on it counts as durable.
  if (Status status = WipeFrom(*file_, offset); !status) return status;
  return file_->SyncData();
}

// Says in the log what this start believes: it marks all that was read as durable, and confirms the
// partitions that came through earlier damage.
Status SharedLog::WriteStates() {
  if (next_batch_ == 1) return {};
  size_t bytes = 0;
  const size_t state_bytes = RecordBytes(EncodePartitionState({}).size());
  for (size_t i = 0; i < partitions_.size(); ++i) bytes += state_bytes;
  LogPart& part = PartFor(bytes);
  if (!part.begins_segment) {
    for (const auto& [partition, log] : partitions_) AppendState(part, partition, log);
    tail_offset_ = part.end();
  }
  part.sequence = ++sequence_;
  std::unique_ptr<WriteJob> job = TakeJob(/*sync=*/true);
  job->Run();
  return Complete(std::move(job));
}

std::map<PartitionId, SharedLog::Recovered> SharedLog::TakeRecovered() {
  std::map<PartitionId, Recovered> out;
  for (const auto& [partition, log] : partitions_) {
    Recovered& recovered = out[partition];
    recovered.hard_state = log.hard_state;
    recovered.start = log.base();
    recovered.corrupt = log.corrupt;
    if (log.empty()) continue;
    recovered.first = log.base().index + 1;
    recovered.last = log.last();
  }
  return out;
}

}  // namespace storage
