// Brings a follower that is too far behind up to the newest checkpoint: the sender streams a
// consistent view of it, the receiver writes it into files of its own and ingests them at once
// (DESIGN §6). Both run on the partition's thread and leave reading and writing to the executor.
//
//   a chunk's bytes, little-endian:  row*
//   row:                             hash u64 | database u8 | key size u32 | value size u32 | key |
//   value
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "raft/core/message.h"
#include "server/partition/executor.h"
#include "storage/checkpoint_store.h"

namespace server {

void AppendSnapshotRow(const storage::CheckpointRow& row, std::string& out);
// Takes the first row off `bytes`; nullopt when it is malformed. `bytes` must not be empty.
std::optional<storage::CheckpointRow> TakeSnapshotRow(std::string_view& bytes);

// One transfer to one follower.
class SnapshotSender {
 public:
  struct Options {
    storage::PartitionId partition;
    raft::NodeId follower;
    raft::Term term;
    uint64_t patience_ms = 10000;  // Without an answer for so long the transfer has failed.
  };
  using Send = std::function<void(raft::NodeId to, raft::SnapshotChunk chunk)>;
  using Ended = std::function<void(bool ok)>;  // Called once, never from within the constructor.

  SnapshotSender(const Options& options, storage::CheckpointStore& store, Executor& executor,
                 Send send, Ended ended);
  ~SnapshotSender();

  raft::NodeId follower() const { return options_.follower; }
  raft::Term term() const { return options_.term; }
  void OnReply(const raft::SnapshotReply& reply);
  void Tick(uint64_t monotonic_ms);

 private:
  struct Reading;
  void ReadOn();
  void OnRead();
  void End(bool ok);

  const Options options_;
  storage::CheckpointStore& store_;
  Executor& executor_;
  Send send_;
  Ended ended_;
  std::shared_ptr<Reading> reading_;
  bool read_under_way_ = false;
  uint64_t next_sequence_ = 0;  // Of the chunk to send next.
  uint64_t acknowledged_ = 0;   // Chunks before this one were taken.
  bool all_sent_ = false;
  bool ended_called_ = false;
  uint64_t now_ms_ = 0;
  uint64_t last_progress_ms_ = 0;
};

// One transfer from the leader.
class SnapshotReceiver {
 public:
  using Reply = std::function<void(uint64_t sequence, bool accepted)>;
  using Ingested = std::function<void(const raft::SnapshotInfo& info)>;

  SnapshotReceiver(storage::PartitionId partition, storage::CheckpointStore& store,
                   Executor& executor, const raft::SnapshotChunk& first, Reply reply,
                   Ingested ingested);
  ~SnapshotReceiver();

  // Whether the chunk is of this transfer (FAULTS C12).
  bool Continues(const raft::SnapshotChunk& chunk) const;
  void OnChunk(const raft::SnapshotChunk& chunk);
  bool failed() const;
  raft::Position last() const { return info_.last; }

 private:
  struct Writing;

  storage::CheckpointStore& store_;
  Executor& executor_;
  const raft::Term term_;
  const raft::SnapshotInfo info_;
  Reply reply_;
  Ingested ingested_;
  std::shared_ptr<Writing> writing_;
  uint64_t next_sequence_ = 0;
};

}  // namespace server
