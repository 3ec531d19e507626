#include "storage/shared_log_recovery.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "storage/shared_log_segment.h"

namespace storage {
namespace {

struct Segment {
  uint64_t number = 0;
  uint64_t seed = 0;
  uint64_t size = 0;
  std::string header_damage;
  bool cut_short = false;
  std::unique_ptr<File> file;
};

// A record as pass two needs it; `damaged` stands for bytes that were no record.
struct Seen {
  RecordHeader header;
  std::optional<PartitionState> state;
  EntryPlace place;
  bool damaged = false;
};

struct Tracked {
  PartitionLog log;
  size_t confirmed = 0;  // Damage known of when its last record was seen.
};

class Recovery {
 public:
  Recovery(Disk& disk, const RecoveryOptions& options,
           const std::function<void(uint64_t, uint64_t)>& progress)
      : disk_(disk), options_(options), progress_(progress) {}

  Result<RecoveredLog> Run();

 private:
  Status OpenSegments();
  Status CheckHeader(Segment& segment);

  // True when the log ends in this segment.
  Result<bool> ReadSegment(size_t at);
  // What to do where no batch begins: nullopt when the log ends here, else where to go on (the
  // segment's size: in the next segment).
  Result<std::optional<uint64_t>> GoOnFrom(size_t at, uint64_t offset);
  Result<std::vector<Seen>> ReadBatch(const Segment& segment, FileWindow& window, uint64_t offset,
                                      const BatchHeader& batch) const;

  Result<std::optional<BatchHeader>> BatchAt(const Segment& segment, uint64_t offset) const;
  // The first place at or behind `offset` where a batch begins.
  Result<std::optional<uint64_t>> FindBatch(const Segment& segment, uint64_t offset) const;
  // The newest batch that anything from here on says was durable.
  Result<uint64_t> DurableFrom(size_t at, uint64_t offset) const;

  void Apply(const Segment& segment, const Seen& seen, bool is_base);
  void ApplyState(Tracked& tracked, const Seen& seen, bool is_base);
  void ApplyEntry(Tracked& tracked, const Seen& seen);
  void NoteDamage(const Segment& segment, uint64_t offset, const std::string& what);
  RecoveredLog Finish();

  Disk& disk_;
  const RecoveryOptions& options_;
  const std::function<void(uint64_t, uint64_t)>& progress_;
  std::vector<Segment> segments_;
  std::map<PartitionId, Tracked> tracked_;
  size_t damage_count_ = 0;
  std::optional<Error> unknown_record_;
  RecoveredLog out_;
};

Result<RecoveredLog> Recovery::Run() {
  if (Status status = OpenSegments(); !status) return tl::unexpected(status.error());
  uint64_t total = 0;
  for (const Segment& segment : segments_) total += segment.size;

  uint64_t done = 0;
  for (size_t at = 0; at < segments_.size(); ++at) {
    const Segment& segment = segments_[at];
    if (!segment.header_damage.empty()) NoteDamage(segment, 0, segment.header_damage);
    const Result<bool> ended = ReadSegment(at);
    if (!ended) return tl::unexpected(ended.error());
    if (segment.cut_short) NoteDamage(segment, segment.size, "the file was cut short");
    if (unknown_record_) return tl::unexpected(*unknown_record_);
    done += segments_[at].size;
    if (progress_) progress_(done, total);
    if (*ended) break;
  }
  return Finish();
}

Status Recovery::OpenSegments() {
  const Result<std::vector<std::string>> names = disk_.List(options_.directory);
  if (!names) return tl::unexpected(names.error());
  for (const std::string& name : *names) {  // Sorted by name, which is sorted by number.
    const std::optional<uint64_t> number = SegmentNumber(name);
    if (!number) continue;
    Result<std::unique_ptr<File>> file = disk_.Open(options_.directory + "/" + name);
    if (!file) return tl::unexpected(file.error());
    const Result<uint64_t> size = (*file)->Size();
    if (!size) return tl::unexpected(size.error());
    segments_.push_back({.number = *number,
                         .seed = SegmentSeed(options_.node_id, options_.shard, *number),
                         .size = *size,
                         .header_damage = {},
                         .file = std::move(*file)});
    if (Status status = CheckHeader(segments_.back()); !status) return status;
  }
  return {};
}

Status Recovery::CheckHeader(Segment& segment) {
  std::string bytes(kSegmentHeaderBytes, '\0');
  const Result<size_t> read = segment.file->ReadAt(0, bytes.data(), bytes.size());
  if (!read) return tl::unexpected(read.error());
  bytes.resize(*read);

  const std::string path = SegmentPath(options_.directory, segment.number);
  const Result<SegmentHeader> header = DecodeSegmentHeader(bytes);
  if (!header && header.error().code == Code::kInvalid) {
    return tl::unexpected(Error{Code::kInvalid, path + ": " + header.error().what});
  }
  if (!header) {
    segment.header_damage = header.error().what;
    return {};  // Its records' checksums still tell whether they are ours.
  }
  if (header->number != segment.number || header->shard != options_.shard) {
    return tl::unexpected(Error{Code::kInvalid, path + ": is segment " +
                                                    std::to_string(header->number) + " of shard " +
                                                    std::to_string(header->shard)});
  }
  if (header->node_id != options_.node_id) {
    return tl::unexpected(Error{Code::kInvalid, path + ": was written by node " + header->node_id +
                                                    ", this is " + options_.node_id});
  }
  // A segment from before the cluster was known has no id.
  if (!header->cluster_id.empty() && header->cluster_id != options_.cluster_id) {
    return tl::unexpected(Error{Code::kInvalid, path + ": belongs to cluster " +
                                                    header->cluster_id + ", not to '" +
                                                    options_.cluster_id + "'"});
  }
  segment.cut_short = segment.size < header->bytes;
  return {};
}

Result<bool> Recovery::ReadSegment(size_t at) {
  const Segment& segment = segments_[at];
  FileWindow window(*segment.file, segment.size);
  uint64_t offset = kSegmentHeaderBytes;
  out_.end_segment = segment.number;

  while (true) {
    const Result<std::string_view> bytes = window.At(offset, kBatchHeaderBytes);
    if (!bytes) return tl::unexpected(bytes.error());
    const std::optional<BatchHeader> batch = DecodeBatchHeader(*bytes, segment.seed, offset);
    const bool is_base = at == 0 && offset == kSegmentHeaderBytes && batch;
    if (is_base && segment.number > 1) out_.last_batch = batch->number - 1;

    if (!batch) {
      const Result<std::optional<uint64_t>> next = GoOnFrom(at, offset);
      if (!next) return tl::unexpected(next.error());
      out_.end_offset = offset;
      if (!*next) return true;
      if (**next >= segment.size) return false;
      offset = **next;
      const Result<std::optional<BatchHeader>> found = BatchAt(segment, offset);
      if (!found) return tl::unexpected(found.error());
      out_.last_batch = (*found)->number - 1;
      continue;
    }
    if (batch->number != out_.last_batch + 1) {
      NoteDamage(segment, offset,
                 "batch " + std::to_string(batch->number) + " follows batch " +
                     std::to_string(out_.last_batch));
    }
    const Result<std::vector<Seen>> records = ReadBatch(segment, window, offset, *batch);
    if (!records) return tl::unexpected(records.error());
    const bool damaged = std::any_of(records->begin(), records->end(),
                                     [](const Seen& seen) { return seen.damaged; });
    if (damaged) {
      const Result<uint64_t> durable = DurableFrom(at, offset);
      if (!durable) return tl::unexpected(durable.error());
      if (*durable < batch->number) {  // Torn: it was never acknowledged.
        out_.end_offset = offset;
        return true;
      }
    }
    for (const Seen& seen : *records) Apply(segment, seen, is_base);
    out_.last_batch = batch->number;
    offset += batch->bytes;
  }
}

Result<std::optional<uint64_t>> Recovery::GoOnFrom(size_t at, uint64_t offset) {
  const Segment& segment = segments_[at];
  const bool has_next = at + 1 < segments_.size();
  if (has_next) {
    const Result<std::optional<BatchHeader>> first =
        BatchAt(segments_[at + 1], kSegmentHeaderBytes);
    if (!first) return tl::unexpected(first.error());
    if (*first && (*first)->number == out_.last_batch + 1) return segment.size;
    if (segments_[at + 1].number != segment.number + 1) {
      NoteDamage(segment, offset,
                 "segments up to " + std::to_string(segments_[at + 1].number) + " are missing");
      return segment.size;
    }
  }
  const Result<uint64_t> durable = DurableFrom(at, offset);
  if (!durable) return tl::unexpected(durable.error());
  if (*durable <= out_.last_batch) {
    if (at == 0 && offset == kSegmentHeaderBytes && segment.number > 1) {
      NoteDamage(segment, offset, "the segments before it are missing, and it holds nothing");
    }
    return std::optional<uint64_t>();
  }
  NoteDamage(segment, offset, "batch " + std::to_string(out_.last_batch + 1) + " is damaged");
  const Result<std::optional<uint64_t>> next = FindBatch(segment, offset + 8);
  if (!next) return tl::unexpected(next.error());
  return next->value_or(segment.size);
}

Result<std::vector<Seen>> Recovery::ReadBatch(const Segment& segment, FileWindow& window,
                                              uint64_t offset, const BatchHeader& batch) const {
  std::vector<Seen> out;
  const uint64_t end = offset + batch.bytes;
  uint64_t at = offset + kBatchHeaderBytes;
  while (at < end) {
    Result<std::string_view> bytes = window.At(at, kRecordHeaderBytes);
    if (!bytes) return tl::unexpected(bytes.error());
    const size_t claimed = ClaimedRecordBytes(*bytes);
    const bool plausible = claimed > 0 && claimed <= end - at;
    if (plausible) bytes = window.At(at, claimed);
    if (!bytes) return tl::unexpected(bytes.error());
    const std::optional<Record> record =
        plausible ? DecodeRecord(*bytes, segment.seed) : std::nullopt;

    Seen seen;
    if (!record) {
      seen.damaged = true;
      out.push_back(seen);
      if (!plausible) break;  // Where the next record begins is anyone's guess.
      at += claimed;
      continue;
    }
    seen.header = record->header;
    seen.place = {.offset = at,
                  .segment = static_cast<uint32_t>(segment.number),
                  .payload_bytes = static_cast<uint32_t>(record->payload.size()),
                  .term = record->header.term};
    const RecordKind kind = record->header.kind;
    if (kind == RecordKind::kState || kind == RecordKind::kReset) {
      seen.state = DecodePartitionState(record->payload);
      seen.damaged = !seen.state;
    }
    out.push_back(seen);
    at += record->size;
  }
  return out;
}

Result<std::optional<BatchHeader>> Recovery::BatchAt(const Segment& segment,
                                                     uint64_t offset) const {
  char bytes[kBatchHeaderBytes];
  const Result<size_t> read = segment.file->ReadAt(offset, bytes, sizeof(bytes));
  if (!read) return tl::unexpected(read.error());
  return DecodeBatchHeader({bytes, *read}, segment.seed, offset);
}

Result<std::optional<uint64_t>> Recovery::FindBatch(const Segment& segment, uint64_t offset) const {
  FileWindow window(*segment.file, segment.size);
  while (offset + kBatchHeaderBytes <= segment.size) {
    const Result<std::string_view> bytes = window.At(offset, kBatchHeaderBytes);
    if (!bytes) return tl::unexpected(bytes.error());
    if (bytes->size() < kBatchHeaderBytes) break;
    for (size_t skip = 0; skip + kBatchHeaderBytes <= bytes->size(); skip += 8, offset += 8) {
      if (DecodeBatchHeader(bytes->substr(skip), segment.seed, offset)) return offset;
    }
  }
  return std::optional<uint64_t>();
}

Result<uint64_t> Recovery::DurableFrom(size_t at, uint64_t offset) const {
  uint64_t durable = 0;
  for (; at < segments_.size(); ++at, offset = kSegmentHeaderBytes) {
    while (true) {
      const Result<std::optional<uint64_t>> found = FindBatch(segments_[at], offset);
      if (!found) return tl::unexpected(found.error());
      if (!*found) break;
      const Result<std::optional<BatchHeader>> batch = BatchAt(segments_[at], **found);
      if (!batch) return tl::unexpected(batch.error());
      durable = std::max(durable, (*batch)->durable);
      offset = **found + 8;
    }
  }
  return durable;
}

void Recovery::Apply(const Segment& segment, const Seen& seen, bool is_base) {
  if (seen.damaged) return NoteDamage(segment, seen.place.offset, "damaged record");

  Tracked& tracked = tracked_[seen.header.partition];
  PartitionLog& log = tracked.log;
  tracked.confirmed = damage_count_;
  if (seen.header.kind == RecordKind::kState) return ApplyState(tracked, seen, is_base);

  if (seen.header.ordinal != log.ordinal + 1) log.corrupt = true;
  log.ordinal = seen.header.ordinal;
  switch (seen.header.kind) {
    case RecordKind::kEntry:
      return ApplyEntry(tracked, seen);
    case RecordKind::kHardState:
      log.hard_state = {.term = seen.header.term, .voted_for = seen.header.index};
      return;
    case RecordKind::kReset:  // Says all there is to know, so earlier damage no longer counts.
      log.Reset({.term = seen.header.term, .index = seen.header.index});
      log.hard_state = seen.state->hard_state;
      return;
    case RecordKind::kRelease:
      return log.Release({.term = seen.header.term, .index = seen.header.index});
    case RecordKind::kState:
    case RecordKind::kBatch:
      break;
  }
  unknown_record_ =
      Error{Code::kInvalid, SegmentPath(options_.directory, segment.number) + " at " +
                                std::to_string(seen.place.offset) + ": record of unknown kind " +
                                std::to_string(static_cast<int>(seen.header.kind)) +
                                ": was it written by a newer version?"};
}

// A state at the head of the oldest segment is where the partition's log begins for us; any other
// one only confirms what is known already.
void Recovery::ApplyState(Tracked& tracked, const Seen& seen, bool is_base) {
  PartitionLog& log = tracked.log;
  const PartitionState& state = *seen.state;
  if (is_base) {
    log.Reset(state.last);
    log.released = state.released;
    log.corrupt = state.corrupt;
  } else if (log.ordinal != seen.header.ordinal || log.last() != state.last || state.corrupt) {
    log.corrupt = true;
  }
  log.ordinal = seen.header.ordinal;
  log.hard_state = state.hard_state;
}

void Recovery::ApplyEntry(Tracked& tracked, const Seen& seen) {
  PartitionLog& log = tracked.log;
  const raft::Index index = seen.header.index;
  if (index <= log.released.index || index > log.last().index + 1) log.corrupt = true;
  if (log.corrupt) return;  // Nothing of it will be used.
  if (index <= log.base().index) log.Rebase(index);
  log.Append(index, seen.place);
}

void Recovery::NoteDamage(const Segment& segment, uint64_t offset, const std::string& what) {
  ++damage_count_;
  out_.damage.push_back({Code::kCorrupt, SegmentPath(options_.directory, segment.number) + " at " +
                                             std::to_string(offset) + ": " + what});
}

RecoveredLog Recovery::Finish() {
  for (auto& [partition, tracked] : tracked_) {
    PartitionLog& log = tracked.log;
    if (tracked.confirmed < damage_count_) log.corrupt = true;
    // Entries that nobody released are gone, with the segments that held them.
    if (log.base().index > log.released.index) log.corrupt = true;
    out_.partitions.emplace(partition, std::move(log));
  }
  for (Segment& segment : segments_) {
    if (segment.number <= out_.end_segment) {
      out_.segments.push_back(segment.number);
    } else {
      out_.dropped.insert(out_.dropped.begin(), segment.number);
    }
  }
  return std::move(out_);
}

}  // namespace

Result<RecoveredLog> RecoverSharedLog(Disk& disk, const RecoveryOptions& options,
                                      const std::function<void(uint64_t, uint64_t)>& progress) {
  return Recovery(disk, options, progress).Run();
}

}  // namespace storage
