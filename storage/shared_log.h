// The write-ahead log of one shard: the physical segments that all its partitions append to, so that one
// sync serves them all (16 files synced one by one cost 16 times one; measured: 2,556 us against 143 us).
// Each partition keeps a logical log of its own (own term, vote, indexes, truncation and recovery).
//
// Threads: everything runs on the shard's thread, but WriteJob::Run, which writes and syncs and may run on
// any thread while the shard appends on. At most one job exists at a time.
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
#include "storage/result.h"

namespace storage {

using PartitionId = uint32_t;

enum class SyncMode { kAlways, kEverySecond, kNever };  // appendfsync

class SharedLog {
 public:
  struct Options {
    std::string directory;             // <dir>/wal/shard-000
    uint64_t segment_bytes = 64 << 20;
    std::string cluster_id;            // In every segment's header; a foreign segment is refused.
    std::string node_id;
  };

  // What one partition's log held. Entries are kept on disk; Read brings them back.
  struct Recovered {
    raft::HardState hard_state;
    raft::Index first = 0;      // First entry present; 0 when there is none.
    raft::Position last;        // Last entry present; {0,0} when there is none.
    raft::Position start;       // The log goes on after here (set by Reset); entries at or below are gone.
    bool corrupt = false;       // A bad record with good ones behind it: do not use this partition's log.
  };

  // Reads all segments, cuts a torn tail, finds corruption. `progress(done, total)` counts bytes.
  static Result<std::unique_ptr<SharedLog>> Open(Disk& disk, const Options& options,
                                                 std::function<void(uint64_t, uint64_t)> progress);
  ~SharedLog();

  std::map<PartitionId, Recovered> TakeRecovered();

  // --- One partition's logical log ---
  // Appends in order; an index stored before is replaced, with all that follow it. Returns the sequence
  // (of the whole shard log) that must become durable.
  uint64_t AppendEntries(PartitionId partition, std::span<const raft::Entry> entries);
  uint64_t AppendHardState(PartitionId partition, const raft::HardState& hard_state);
  // The partition's log is empty now and goes on after `start` (a snapshot was installed, or a new member).
  uint64_t Reset(PartitionId partition, raft::Position start);
  // Entries at or below `index` are no longer needed (a checkpoint holds them).
  void Release(PartitionId partition, raft::Index index);
  std::optional<raft::Term> TermAt(PartitionId partition, raft::Index index) const;
  std::vector<raft::Entry> Read(PartitionId partition, raft::Index first, size_t bytes_max) const;
  raft::Index FirstIndex(PartitionId partition) const;
  raft::Position Last(PartitionId partition) const;

  // --- Writing ---
  // Work for a worker: writes what was appended so far, then syncs if asked or if it holds a hard state.
  class WriteJob {
   public:
    virtual ~WriteJob() = default;
    virtual void Run() = 0;  // Once. The outcome goes back through Complete.
  };
  bool HasPending() const;
  std::unique_ptr<WriteJob> TakeJob(bool sync);  // Null while one is out or nothing is pending.
  // Back on the shard's thread. An error is final: this log accepts nothing any more (fsyncgate).
  Status Complete(std::unique_ptr<WriteJob> job);

  uint64_t written_sequence() const;  // Handed to the kernel up to here.
  uint64_t durable_sequence() const;  // Synced up to here.
  uint64_t bytes_since(PartitionId partition) const;  // Payload bytes above the released index.

  // Segments that nobody needs; removed by a worker through Disk::Remove in order.
  std::vector<std::string> TakeObsoleteSegments();
};

}  // namespace storage
