// Takes one partition's checkpoint: captures its keyspace in slices between commands, has them
// written and ingested on a worker, and releases the log below it (DESIGN §6). Runs on the
// partition's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "raft/core/types.h"
#include "server/partition/executor.h"
#include "storage/capture.h"
#include "storage/checkpoint_store.h"

namespace server {

class Partition;

class Checkpointer {
 public:
  Checkpointer(Partition& partition, storage::CheckpointStore& store, Executor& executor);
  ~Checkpointer();

  // Starts one unless one is running. Seal must have been called in this turn.
  bool Start();
  bool running() const { return running_ != nullptr; }

  // Some more of the running checkpoint's work, at most about `bytes_max` read out. Returns true if
  // it wants to be called again soon.
  bool Advance(size_t bytes_max);

  // The state that is being captured was lost (truncated log, snapshot installed): forget it.
  void Abort();

  struct Result {
    bool ok = false;
    std::string error;
    raft::Position last;  // What the checkpoint stands for.
    uint64_t keys = 0;
    uint64_t bytes = 0;
    uint64_t duration_ms = 0;
  };
  // The outcome of a checkpoint that ended since the last call.
  std::optional<Result> TakeResult();

  // The newest checkpoint's place in the log.
  raft::Position newest() const { return newest_; }
  void set_newest(raft::Position newest) { newest_ = newest; }
  // What is on disk is not what this keyspace's changes are counted from.
  void set_full_next(bool full) { full_next_ = full; }

 private:
  struct Running;

  void WriteSlice(storage::CaptureSlice slice);
  void FinishAndIngest();
  void End(Result result);

  Partition& partition_;
  storage::CheckpointStore& store_;
  Executor& executor_;
  std::shared_ptr<Running> running_;  // Shared with the worker while a step of it is there.
  std::optional<Result> result_;
  raft::Position newest_;
  bool full_next_ = false;
};

}  // namespace server
