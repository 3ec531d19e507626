#include "storage/shared_log.h"

#include <algorithm>
#include <cassert>

#include "storage/shared_log_segment.h"

namespace storage {
namespace {

constexpr size_t kSpareBytesMax = 8 << 20;  // A buffer that once held more is not kept.

std::string_view PayloadOf(const raft::Entry& entry) {
  return entry.payload ? std::string_view(*entry.payload) : std::string_view();
}

PartitionState StateOf(const PartitionLog& log) {
  return {.hard_state = log.hard_state,
          .last = log.last(),
          .released = log.released,
          .corrupt = log.corrupt};
}

}  // namespace

class SharedLog::Job : public SharedLog::WriteJob {
 public:
  Job(std::vector<LogPart> job_parts, PartWriter job_writer, bool job_sync)
      : parts(std::move(job_parts)), sync(job_sync), writer_(std::move(job_writer)) {}

  void Run() override { status = writer_.Run(parts, sync); }
  std::shared_ptr<File> file() const { return writer_.file(); }

  std::vector<LogPart> parts;
  bool sync;
  uint64_t sequence = 0;  // Written by this job, with all before.
  uint64_t last_batch = 0;
  Status status;

 private:
  PartWriter writer_;
};

class SharedLog::PrepareJob : public SharedLog::WriteJob {
 public:
  explicit PrepareJob(LogPlace place) : place_(std::move(place)) {}

  void Run() override {
    created = CreateSegment(*place_.disk, place_.directory, place_.segment_bytes, place_.header);
  }
  uint64_t segment() const { return place_.header.number; }

  Result<std::unique_ptr<File>> created;

 private:
  LogPlace place_;
};

class SharedLog::SyncJob : public SharedLog::WriteJob {
 public:
  SyncJob(std::shared_ptr<File> file, uint64_t covered, uint64_t covered_batch)
      : sequence(covered), last_batch(covered_batch), file_(std::move(file)) {}

  void Run() override { status = file_->SyncData(); }

  uint64_t sequence;
  uint64_t last_batch;
  Status status;

 private:
  std::shared_ptr<File> file_;
};

SharedLog::SharedLog(Disk& disk, const Options& options) : disk_(disk) {
  place_ = {.disk = &disk,
            .directory = options.directory,
            .segment_bytes = std::max<uint64_t>(options.segment_bytes, 4 * kSegmentHeaderBytes),
            .header = {.shard = options.shard,
                       .epoch = options.epoch,
                       .cluster_id = options.cluster_id,
                       .node_id = options.node_id}};
  place_.header.bytes = place_.segment_bytes;
}

SharedLog::~SharedLog() = default;

// --- One partition's logical log ---

uint64_t SharedLog::AppendEntries(PartitionId partition, std::span<const raft::Entry> entries) {
  ++sequence_;
  if (error_) return sequence_;
  PartitionLog& log = partitions_[partition];
  for (const raft::Entry& entry : entries) {
    assert(entry.index > log.base().index);       // What a checkpoint holds is never replaced.
    assert(entry.index <= log.last().index + 1);  // The log has no holes.
    const std::string_view payload = PayloadOf(entry);
    LogPart& part = PartFor(RecordBytes(payload.size()));
    log.Append(entry.index, {.offset = part.end(),
                             .segment = static_cast<uint32_t>(part.segment),
                             .payload_bytes = static_cast<uint32_t>(payload.size()),
                             .term = entry.term});
    AppendRecord(part.bytes, part.seed,
                 {.kind = RecordKind::kEntry,
                  .entry_kind = entry.kind,
                  .partition = partition,
                  .ordinal = ++log.ordinal,
                  .term = entry.term,
                  .index = entry.index},
                 payload);
    tail_offset_ = part.end();
  }
  if (!pending_.empty()) pending_.back().sequence = sequence_;
  return sequence_;
}

uint64_t SharedLog::AppendHardState(PartitionId partition, const raft::HardState& hard_state) {
  if (error_) return ++sequence_;
  PartitionLog& log = partitions_[partition];
  const uint64_t sequence = AppendRecordOf(
      partition, log,
      {.kind = RecordKind::kHardState, .term = hard_state.term, .index = hard_state.voted_for}, {});
  log.hard_state = hard_state;
  pending_.back().must_sync = true;
  return sequence;
}

uint64_t SharedLog::Reset(PartitionId partition, raft::Position start) {
  if (error_) return ++sequence_;
  PartitionLog& log = partitions_[partition];
  const std::string state =
      EncodePartitionState({.hard_state = log.hard_state, .last = start, .released = start});
  const uint64_t sequence =
      AppendRecordOf(partition, log,
                     {.kind = RecordKind::kReset, .term = start.term, .index = start.index}, state);
  log.Reset(start);
  pending_.back().must_sync = true;
  return sequence;
}

uint64_t SharedLog::Release(PartitionId partition, raft::Index index) {
  if (error_) return ++sequence_;
  PartitionLog& log = partitions_[partition];
  index = std::min(index, log.last().index);
  if (index <= log.released.index || index < log.base().index) return sequence_;
  const raft::Position position = {.term = *log.TermAt(index), .index = index};
  const uint64_t sequence = AppendRecordOf(
      partition, log,
      {.kind = RecordKind::kRelease, .term = position.term, .index = position.index}, {});
  log.Release(position);
  return sequence;
}

uint64_t SharedLog::AppendRecordOf(PartitionId partition, PartitionLog& log, RecordHeader header,
                                   std::string_view payload) {
  LogPart& part = PartFor(RecordBytes(payload.size()));
  header.partition = partition;
  header.ordinal = ++log.ordinal;
  AppendRecord(part.bytes, part.seed, header, payload);
  tail_offset_ = part.end();
  part.sequence = ++sequence_;
  return sequence_;
}

std::optional<raft::Term> SharedLog::TermAt(PartitionId partition, raft::Index index) const {
  const auto found = partitions_.find(partition);
  if (found == partitions_.end()) return std::nullopt;
  return found->second.TermAt(index);
}

raft::Index SharedLog::FirstIndex(PartitionId partition) const {
  const auto found = partitions_.find(partition);
  if (found == partitions_.end() || found->second.empty()) return 0;
  return found->second.base().index + 1;
}

raft::Position SharedLog::Last(PartitionId partition) const {
  const auto found = partitions_.find(partition);
  return found == partitions_.end() ? raft::Position() : found->second.last();
}

raft::Index SharedLog::IndexBefore(PartitionId partition, raft::Index index, uint64_t bytes) const {
  const auto found = partitions_.find(partition);
  if (found == partitions_.end()) return index;
  uint64_t passed = 0;
  while (passed < bytes) {
    const EntryPlace* place = found->second.Find(index);
    if (place == nullptr) break;
    passed += place->payload_bytes + kRecordHeaderBytes;
    --index;
  }
  return index;
}

uint64_t SharedLog::bytes_since(PartitionId partition) const {
  const auto found = partitions_.find(partition);
  return found == partitions_.end() ? 0 : found->second.payload_bytes();
}

// --- The pending batch ---

// The part that the next `bytes` go into; they stay within one segment if any segment can hold
// them.
LogPart& SharedLog::PartFor(size_t bytes) {
  const size_t wanted = bytes + (pending_.empty() ? kBatchHeaderBytes : 0);
  const bool fits = tail_offset_ + wanted <= place_.segment_bytes;
  if (!fits && tail_offset_ > kSegmentHeaderBytes) return Rotate();
  return pending_.empty() ? StartPart(false) : pending_.back();
}

LogPart& SharedLog::StartPart(bool begins_segment) {
  LogPart& part = pending_.emplace_back();
  part.segment = tail_segment_;
  part.offset = tail_offset_;
  part.seed = SegmentSeed(place_.header.node_id, place_.header.shard, tail_segment_);
  part.begins_segment = begins_segment;
  part.must_sync = begins_segment;
  part.bytes = std::move(spare_);
  part.bytes.resize(kBatchHeaderBytes);  // Filled in when the part is sealed.
  spare_.clear();
  tail_offset_ = part.end();
  return part;
}

// A segment begins with all that is known of every partition, so that it needs no earlier one.
LogPart& SharedLog::Rotate() {
  ++tail_segment_;
  tail_offset_ = kSegmentHeaderBytes;
  LogPart& part = StartPart(true);
  for (const auto& [partition, log] : partitions_) AppendState(part, partition, log);
  tail_offset_ = part.end();
  return part;
}

void SharedLog::AppendState(LogPart& part, PartitionId partition, const PartitionLog& log) {
  const RecordHeader header{
      .kind = RecordKind::kState, .partition = partition, .ordinal = log.ordinal};
  AppendRecord(part.bytes, part.seed, header, EncodePartitionState(StateOf(log)));
}

void SharedLog::AppendSyncMarker() {
  if (error_ || job_ != nullptr || !pending_.empty()) return;
  if (marked_batch_ >= content_batch_ || durable_batch_ < content_batch_) return;
  LogPart& part = PartFor(0);
  part.sequence = ++sequence_;
}

// --- Writing ---

bool SharedLog::HasPending() const { return !error_ && !pending_.empty(); }

std::unique_ptr<SharedLog::WriteJob> SharedLog::TakeJob(bool sync) {
  if (error_ || job_ != nullptr) return nullptr;
  const auto waits = [&](const LogPart& part) {
    if (!part.begins_segment) return false;
    if (part.segment == preparing_segment_) return true;
    // On a full disk only what was prepared is written to: creating a segment would fail, and a
    // failed write is final.
    return no_space_ && !(prepared_ && part.segment == prepared_segment_);
  };
  const auto end = std::find_if(pending_.begin(), pending_.end(), waits);
  const bool only_sync = pending_.empty() && sync && written_sequence_ > durable_sequence_;
  if (end == pending_.begin() && !only_sync) return nullptr;

  std::vector<LogPart> parts(std::make_move_iterator(pending_.begin()),
                             std::make_move_iterator(end));
  pending_.erase(pending_.begin(), end);
  SealParts(parts);
  for (const LogPart& part : parts) sync = sync || part.must_sync;

  const bool takes_prepared = std::any_of(parts.begin(), parts.end(), [&](const LogPart& part) {
    return part.begins_segment && prepared_ && part.segment == prepared_segment_;
  });
  auto job = std::make_unique<Job>(
      std::move(parts), PartWriter(place_, file_, takes_prepared ? std::move(prepared_) : nullptr),
      sync);
  if (takes_prepared) prepared_ = nullptr;
  job->sequence = job->parts.empty() ? written_sequence_ : job->parts.back().sequence;
  // The end of an append that spans parts may still be pending.
  job->sequence = std::max(job->sequence, written_sequence_);
  job->last_batch = next_batch_ - 1;
  job_ = job.get();
  in_flight_ = &job->parts;
  return job;
}

void SharedLog::SealParts(std::vector<LogPart>& parts) {
  for (LogPart& part : parts) {
    // All earlier segments are synced before the first write to a new one.
    const uint64_t durable = part.begins_segment ? next_batch_ - 1 : durable_batch_;
    EncodeBatchHeader(part.bytes.data(), part.seed,
                      {.number = next_batch_,
                       .durable = durable,
                       .bytes = part.bytes.size(),
                       .offset = part.offset});
    durable_batch_ = durable;
    if (part.bytes.size() > kBatchHeaderBytes) content_batch_ = next_batch_;
    ++next_batch_;
  }
}

Status SharedLog::Complete(std::unique_ptr<WriteJob> done) {
  assert(done.get() == job_);
  Job& job = static_cast<Job&>(*done);
  job_ = nullptr;
  in_flight_ = nullptr;
  if (!job.status) {
    error_ = job.status.error();
    pending_.clear();
    return tl::unexpected(*error_);
  }
  file_ = job.file();
  written_sequence_ = job.sequence;
  if (!job.parts.empty()) marked_batch_ = durable_batch_;
  if (job.sync) {
    durable_sequence_ = job.sequence;
    durable_batch_ = job.last_batch;
  }
  if (!job.parts.empty() && job.parts.front().bytes.capacity() <= kSpareBytesMax) {
    spare_ = std::move(job.parts.front().bytes);
    spare_.clear();
  }
  return {};
}

// All segments before the last written one are synced: a job syncs a segment before it leaves it.
std::unique_ptr<SharedLog::WriteJob> SharedLog::TakeSyncJob() {
  if (error_ || sync_job_out_ || job_ != nullptr || written_sequence_ <= durable_sequence_)
    return nullptr;
  sync_job_out_ = true;
  return std::make_unique<SyncJob>(file_, written_sequence_, next_batch_ - 1);
}

Status SharedLog::CompleteSync(std::unique_ptr<WriteJob> done) {
  const SyncJob& job = static_cast<const SyncJob&>(*done);
  sync_job_out_ = false;
  if (!job.status) {
    error_ = job.status.error();
    pending_.clear();
    return tl::unexpected(*error_);
  }
  durable_sequence_ = std::max(durable_sequence_, job.sequence);
  durable_batch_ = std::max(durable_batch_, job.last_batch);
  return {};
}

std::unique_ptr<SharedLog::WriteJob> SharedLog::TakePrepareJob() {
  uint64_t next = tail_segment_ + 1;
  if (error_ || preparing_segment_ != 0) return nullptr;
  const auto begins = std::find_if(pending_.begin(), pending_.end(),
                                   [](const LogPart& part) { return part.begins_segment; });
  const bool waits_for_space = no_space_ && begins != pending_.end();
  if (waits_for_space) next = begins->segment;
  if (prepared_ && prepared_segment_ == next) return nullptr;
  if (waits_for_space) return Prepare(next);
  // A segment that is appended to but not yet created is the write job's business.
  if (!pending_.empty() && pending_.back().begins_segment) return nullptr;
  if (job_ != nullptr && !job_->parts.empty() && job_->parts.back().begins_segment) return nullptr;
  if (tail_offset_ < place_.segment_bytes / 2) return nullptr;
  return Prepare(next);
}

std::unique_ptr<SharedLog::WriteJob> SharedLog::Prepare(uint64_t next) {
  LogPlace place = place_;
  place.header.number = next;
  preparing_segment_ = next;
  return std::make_unique<PrepareJob>(std::move(place));
}

Status SharedLog::CompletePrepare(std::unique_ptr<WriteJob> done) {
  PrepareJob& job = static_cast<PrepareJob&>(*done);
  assert(job.segment() == preparing_segment_);
  preparing_segment_ = 0;
  no_space_ = !job.created && job.created.error().code == Code::kNoSpace;
  if (!job.created) return tl::unexpected(job.created.error());
  prepared_segment_ = job.segment();
  prepared_ = std::move(*job.created);
  return {};
}

// --- Freeing ---

uint64_t SharedLog::LowestSegmentInUse() const {
  uint64_t lowest = tail_segment_;
  for (const auto& [partition, log] : partitions_) {
    if (!log.empty()) {
      lowest = std::min<uint64_t>(lowest, log.Find(log.base().index + 1)->segment);
    }
  }
  return lowest;
}

// A segment goes only once everything that made it needless is durable itself: the release marks,
// the entries that replaced its entries, and the states at the head of the segment after it.
std::vector<std::string> SharedLog::TakeObsoleteSegments() {
  std::vector<std::string> paths;
  if (error_) return paths;
  if (freed_below_ > oldest_segment_ && durable_sequence_ >= freed_barrier_) {
    for (; oldest_segment_ < freed_below_; ++oldest_segment_) {
      paths.push_back(SegmentPath(place_.directory, oldest_segment_));
      readers_.erase(oldest_segment_);
    }
  }
  if (freed_below_ <= oldest_segment_) {
    freed_below_ = LowestSegmentInUse();
    freed_barrier_ = sequence_;
  }
  return paths;
}

}  // namespace storage
