// Everything around one partition on its shard: loading it, its log, its checkpoints, snapshots
// from and to peers, and the commands that wait for it. No libuv: the simulator runs it as it is.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "server/partition/checkpointer.h"
#include "server/partition/deferred.h"
#include "server/partition/executor.h"
#include "server/partition/partition.h"
#include "server/partition/partition_log.h"
#include "server/partition/snapshot_transfer.h"
#include "storage/checkpoint_store.h"
#include "storage/shared_log.h"

namespace server {

class PartitionHost final : private Partition::Owner {
 public:
  // What a host tells its shard.
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void OnActive(PartitionHost& host) = 0;  // Wants Flush at the end of this turn.
    virtual void OnGatesOpened(PartitionHost& host) = 0;
    virtual void OnGatesFailed(PartitionHost& host, raft::Index above, GateFailure failure) = 0;
    virtual void OnRoleChanged(PartitionHost& host) = 0;
    virtual void OnReady(const std::vector<uint64_t>& connections) = 0;  // Their first gate opened.
    virtual bool OutOfMemory() const = 0;
    virtual std::string MovedError(uint16_t slot, raft::NodeId leader) const = 0;
    // One event for the log: what happened to this partition. `error` asks for somebody to act.
    virtual void Report(PartitionHost& host, bool error, const std::string& event) = 0;
  };

  struct Environment {
    Owner& owner;
    Executor& executor;               // Checkpoints, loading.
    storage::CheckpointStore* store;  // Null: runs without files.
    storage::SharedLog* log;          // Null: runs without files.
    raft::Transport& transport;
  };

  struct Options {
    Partition::Options partition;
    raft::Configuration initial;  // Members of a group that has no history yet.
    storage::SharedLog::Recovered recovered;
    uint64_t checkpoint_log_bytes =
        256 << 20;  // Log since the last checkpoint that asks for one; 0: never.
    uint64_t kept_log_bytes = 16 << 20;  // Log kept below a checkpoint for slow followers.
    int64_t election_wait_ms = 1000;     // cluster-election-wait
    size_t waiting_commands_max = 10000;
    size_t waiting_bytes_max = 64 << 20;
  };

  // What may change while it runs.
  struct Live {
    int64_t election_wait_ms = 1000;
    uint64_t checkpoint_log_bytes = 256 << 20;
    bool reads_by_round = false;
    storage::Thresholds thresholds;
  };

  PartitionHost(const Options& options, const Environment& environment);
  ~PartitionHost() override;

  // Loads the checkpoint on the executor, then starts the replica. Until then commands get
  // -LOADING.
  void Load();
  uint64_t loaded_keys() const { return loaded_keys_->load(std::memory_order_relaxed); }
  uint64_t keys_to_load() const { return keys_to_load_->load(std::memory_order_relaxed); }

  void SetLive(const Live& live);

  // The shard's.
  bool active_mark = false;  // It is listed to be flushed.
  bool ready_mark = false;   // The node does not wait for it any more.
  uint64_t load_began_ms = 0;
  bool served_mark = false;  // It has said that this leads.

  Partition& partition() { return partition_; }
  const Partition& partition() const { return partition_; }
  storage::PartitionId id() const { return partition_.id(); }
  bool alone() const { return options_.initial.voters.size() == 1; }

  // Runs the command in its turn: now, or when the partition has a leader again.
  void Submit(Deferred command);
  bool has_waiting() const { return !waiting_.empty(); }

  void OnMessage(raft::NodeId from, const raft::Message& message);
  void Tick(uint64_t monotonic_ms);
  void OnLinkBroken(raft::NodeId node);  // What was on its way there is lost.
  // End of a loop turn: seals, replicates, stores. With a log, call TakeStored after it was
  // written.
  void Flush();
  // Everything in the shard's log up to `sequence` is safe, as appendfsync asks.
  void OnLogSafe(uint64_t sequence);
  void AddConnectionWaiter(const Gate& gate, uint64_t connection);
  void ServeWaiters();  // After OnGatesOpened, at the end of the turn.

  // Checkpoints.
  bool StartCheckpoint();
  bool AdvanceCheckpoint(size_t bytes_max) {
    return checkpointer_ && checkpointer_->Advance(bytes_max);
  }
  bool checkpoint_running() const { return checkpointer_ && checkpointer_->running(); }
  // Ended checkpoints are told to this, on the shard's thread.
  std::function<void(PartitionHost&, const Checkpointer::Result&)> on_checkpoint;
  bool checkpoint_failed() const { return checkpoint_failed_; }  // The last one that ended.
  uint64_t log_bytes_since_checkpoint() const;

 private:
  // Partition::Owner
  void OnGatesOpened(Partition& partition) override;
  void OnGatesFailed(Partition& partition, raft::Index above, GateFailure failure) override;
  void OnRoleChanged(Partition& partition) override;
  void OnStateLost(Partition& partition, raft::Index last_kept) override;
  void OnSnapshotNeeded(Partition& partition, raft::NodeId follower) override;
  void OnSnapshotChunk(Partition& partition, raft::NodeId from,
                       const raft::SnapshotChunk& chunk) override;
  bool OutOfMemory() const override { return environment_.owner.OutOfMemory(); }

  struct LoadedCheckpoint;
  void LoadCheckpoint(std::function<void(std::shared_ptr<LoadedCheckpoint>)> done);
  void StartReplica(const raft::SnapshotInfo& snapshot);
  bool LogContinues(const raft::Position& checkpoint) const;
  void Rebuild();
  void InstallReceived(const raft::SnapshotInfo& info);
  void Install(std::unique_ptr<storage::Keyspace> keyspace, const raft::SnapshotInfo& info);
  void MaybeCheckpoint();
  void ReleaseLog();

  void RunDeferred(Deferred command);
  void RunWaiting();
  void ExpireWaiting(uint64_t monotonic_ms);
  std::unique_ptr<raft::LogStorage> MakeLog();

  struct Held {  // A reply whose gate is not open yet.
    Gate gate;
    std::string reply;
    std::function<void(std::string)> answer;
  };

  const Options options_;
  const Environment environment_;
  PartitionLog* shared_log_ = nullptr;  // Views into partition_'s log: exactly one is set.
  NoLog* no_log_ = nullptr;
  Partition partition_;
  std::unique_ptr<Checkpointer> checkpointer_;
  std::unique_ptr<SnapshotSender> sender_;
  std::unique_ptr<SnapshotReceiver> receiver_;
  std::shared_ptr<std::atomic<uint64_t>> loaded_keys_;
  std::shared_ptr<std::atomic<uint64_t>> keys_to_load_;
  std::shared_ptr<bool> alive_;  // False once this is gone: late outcomes ask it.

  std::deque<Deferred> waiting_;
  size_t waiting_bytes_ = 0;
  std::unordered_map<uint64_t, Held> held_;
  uint64_t last_held_ = 0;
  std::vector<uint64_t> ready_;
  Live live_;
  bool checkpoint_failed_ = false;
  bool rebuild_again_ = false;
  bool rebuilding_ = false;
};

}  // namespace server
