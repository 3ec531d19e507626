// The write-ahead log of one shard: the physical segments that all its partitions append to, so
// that one sync serves them all (16 files synced one by one cost 16 times one; measured: 2,556 us
// against 143 us). Each partition keeps a logical log of its own (own term, vote, indexes,
// truncation and recovery).
//
// Threads: everything runs on the shard's thread, but WriteJob::Run, which writes and syncs and may
// run on any thread while the shard appends on. At most one job exists at a time (and one that
// prepares a segment).
//
// The number of logs is fixed when the data directory is created; a partition stays with its log
// (`partition % logs`), whatever the number of threads is later.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "raft/core/log_reader.h"
#include "raft/core/types.h"
#include "storage/file.h"
#include "storage/partition_log.h"
#include "storage/result.h"
#include "storage/shared_log_format.h"
#include "storage/shared_log_writer.h"

namespace storage {

enum class SyncMode { kAlways, kEverySecond, kNever };  // appendfsync

class SharedLog {
 public:
  struct Options {
    std::string directory;  // <dir>/wal/shard-000
    uint64_t segment_bytes = 64 << 20;
    std::string cluster_id;  // In every segment's header; a foreign segment is refused.
    std::string node_id;
    uint32_t shard = 0;  // Likewise.
    uint64_t epoch = 0;  // Counts process starts; for people who read segments.
  };

  // What one partition's log held. Entries are kept on disk; Read brings them back.
  struct Recovered {
    raft::HardState hard_state;
    raft::Index first = 0;  // First entry present; 0 when there is none.
    raft::Position last;    // Last entry present; {0,0} when there is none.
    raft::Position start;   // Just before `first`, or where the log goes on when it is empty.
    bool corrupt =
        false;  // A bad record with good ones behind it: do not use this partition's log.
  };

  // Reads all segments, cuts a torn tail, finds corruption. `progress(done, total)` counts bytes.
  static Result<std::unique_ptr<SharedLog>> Open(Disk& disk, const Options& options,
                                                 std::function<void(uint64_t, uint64_t)> progress);
  ~SharedLog();

  std::map<PartitionId, Recovered> TakeRecovered();
  // What was found damaged at Open, for the log. If there is any, a partition that should be in
  // TakeRecovered and is not has lost its records too.
  const std::vector<Error>& damage() const { return damage_; }

  // --- One partition's logical log ---
  // Appends in order; an index stored before is replaced, with all that follow it. Returns the
  // sequence (of the whole shard log) that must become durable.
  uint64_t AppendEntries(PartitionId partition, std::span<const raft::Entry> entries);
  uint64_t AppendHardState(PartitionId partition, const raft::HardState& hard_state);
  // The partition's log is empty now and goes on after `start` (a snapshot was installed, or a new
  // member). A corrupt partition is sound again, with the hard state it has now.
  uint64_t Reset(PartitionId partition, raft::Position start);
  // Entries at or below `index` are no longer needed (a checkpoint holds them).
  uint64_t Release(PartitionId partition, raft::Index index);
  std::optional<raft::Term> TermAt(PartitionId partition, raft::Index index) const;
  // Every record is checked again; at one that cannot be read the answer ends, and read_error()
  // says why.
  std::vector<raft::Entry> Read(PartitionId partition, raft::Index first, size_t bytes_max) const;
  const std::optional<Error>& read_error() const { return read_error_; }  // The newest.
  raft::Index FirstIndex(PartitionId partition) const;  // 0 when there is no entry.
  // The last entry, or where the log goes on when it is empty.
  raft::Position Last(PartitionId partition) const;

  // --- Writing ---
  // Work for a worker: writes what was appended so far, then syncs if asked or if it holds a hard
  // state.
  class WriteJob {
   public:
    virtual ~WriteJob() = default;
    virtual void Run() = 0;  // Once. The outcome goes back through Complete.
  };
  bool HasPending() const;
  // Null while one is out, or nothing is pending (with `sync`: and nothing is written and
  // unsynced), or the segment that comes next is just being prepared, or the log has failed.
  std::unique_ptr<WriteJob> TakeJob(bool sync);
  // Back on the shard's thread. An error is final: this log accepts nothing any more (fsyncgate).
  Status Complete(std::unique_ptr<WriteJob> job);
  const std::optional<Error>& error() const { return error_; }

  // Syncs what is written, beside a write job (appendfsync everysec). Null when all of that is
  // durable, or one is out. An error is final, as a write job's.
  std::unique_ptr<WriteJob> TakeSyncJob();
  Status CompleteSync(std::unique_ptr<WriteJob> job);

  // Creates the next segment before it is needed, so that no write has to wait for it. May run
  // beside a write job. Null when nothing is to be done. An error (kNoSpace, say) is not final:
  // nothing was written, and the next call tries again.
  std::unique_ptr<WriteJob> TakePrepareJob();
  Status CompletePrepare(std::unique_ptr<WriteJob> job);

  // Pends a record that says that all before it is durable. Without one, damage to the last write
  // is taken for a torn one. For a quiet moment and before a clean exit; does nothing when it is of
  // no use.
  void AppendSyncMarker();

  // For segments to come: the cluster was not known when the log was opened.
  void SetClusterId(std::string cluster_id) { place_.header.cluster_id = std::move(cluster_id); }

  uint64_t written_sequence() const {
    return written_sequence_;
  }  // Handed to the kernel up to here.
  uint64_t durable_sequence() const { return durable_sequence_; }  // Synced up to here.
  uint64_t last_sequence() const { return sequence_; }             // Appended up to here.
  // The highest index at or below `index` that leaves `bytes` of payload up to `index` above it.
  raft::Index IndexBefore(PartitionId partition, raft::Index index, uint64_t bytes) const;
  uint64_t bytes_since(PartitionId partition) const;  // Payload bytes above the released index.

  // Segments that nobody needs; removed by a worker through Disk::Remove in order.
  std::vector<std::string> TakeObsoleteSegments();

 private:
  class Job;
  class PrepareJob;
  class SyncJob;

  SharedLog(Disk& disk, const Options& options);
  Status Recover(const std::function<void(uint64_t, uint64_t)>& progress);
  Status RemoveUnfinished();
  Status OpenTail(uint64_t segment, uint64_t offset);
  Status WriteStates();

  LogPart& PartFor(size_t bytes);
  LogPart& StartPart(bool begins_segment);
  LogPart& Rotate();
  std::unique_ptr<WriteJob> Prepare(uint64_t next);
  uint64_t AppendRecordOf(PartitionId partition, PartitionLog& log, RecordHeader header,
                          std::string_view payload);
  void AppendState(LogPart& part, PartitionId partition, const PartitionLog& log);
  void SealParts(std::vector<LogPart>& parts);
  std::string_view Unwritten(const EntryPlace& place) const;
  Result<const File*> ReaderOf(uint64_t segment) const;
  uint64_t LowestSegmentInUse() const;

  Disk& disk_;
  LogPlace place_;
  std::map<PartitionId, PartitionLog> partitions_;
  std::vector<Error> damage_;
  std::optional<Error> error_;
  mutable std::optional<Error> read_error_;

  // Where the next record goes.
  uint64_t tail_segment_ = 0;
  uint64_t tail_offset_ = 0;
  std::vector<LogPart> pending_;
  std::string spare_;  // The buffer that was written last, to be filled again.

  bool sync_job_out_ = false;
  Job* job_ = nullptr;                               // Out, owned by its taker.
  const std::vector<LogPart>* in_flight_ = nullptr;  // Its parts.
  std::shared_ptr<File> file_;                       // That the last job wrote to.
  std::shared_ptr<File> prepared_;                   // Segment prepared_segment_, when not null.
  uint64_t prepared_segment_ = 0;
  uint64_t preparing_segment_ = 0;  // 0 when none is under way.
  bool no_space_ = false;           // There was none for the segment that was to be prepared.

  uint64_t sequence_ = 0;
  uint64_t written_sequence_ = 0;
  uint64_t durable_sequence_ = 0;
  uint64_t next_batch_ = 1;
  uint64_t durable_batch_ = 0;
  uint64_t marked_batch_ = 0;   // A written batch header says that batches up to here are durable.
  uint64_t content_batch_ = 0;  // The last batch that was more than a sync marker.

  uint64_t oldest_segment_ = 1;
  uint64_t freed_below_ = 0;  // Segments below are free once the barrier is durable; 0: none.
  uint64_t freed_barrier_ = 0;

  mutable std::map<uint64_t, std::unique_ptr<File>> readers_;
};

}  // namespace storage
