// One thread with one libuv loop. Owns its connections, its partitions with their log, and its
// links to peers; shares nothing with other shards but mailboxes, snapshots and counters (DESIGN
// §4).
//
// What happens in a loop turn only marks what it touched; at the turn's end, before the loop
// sleeps, EndTurn seals and replicates what the partitions have, writes the log, and sends replies
// and frames: each once.
#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "discovery/partition_map.h"
#include "server/commands/node_api.h"
#include "server/net/connection.h"
#include "server/net/handle.h"
#include "server/net/listener.h"
#include "server/net/log_writer.h"
#include "server/net/mailbox.h"
#include "server/net/peers.h"
#include "server/net/stats.h"
#include "server/net/worker.h"
#include "server/partition/partition_host.h"

namespace server {

class Node;

class Shard final : public NodeApi, private PartitionHost::Owner {
 public:
  Shard(Node& node, int index, std::shared_ptr<const Settings> settings, TopologyPtr topology);
  ~Shard() override;

  int index() const { return index_; }
  uv_loop_t* loop() { return &loop_; }
  Mailbox& mailbox() { return *mailbox_; }
  void BindToThisThread() { thread_ = std::this_thread::get_id(); }
  bool IsCurrentThread() const { return thread_ == std::this_thread::get_id(); }
  void Run();   // Until Stop; on the thread that it was bound to.
  void Stop();  // The shard's thread.

  // --- Partitions. Before Run, or on the shard's thread.
  void OpenLog(std::unique_ptr<storage::SharedLog> log, storage::Disk* disk,
               storage::SyncMode mode);
  void SetClusterId(const std::string& id) {
    if (log_) log_->SetClusterId(id);
  }
  void AddPartition(const PartitionHost::Options& options, storage::CheckpointStore* store);
  PartitionHost* host(uint32_t partition) {
    return partition < hosts_by_partition_.size() ? hosts_by_partition_[partition] : nullptr;
  }
  const std::vector<std::unique_ptr<PartitionHost>>& hosts() const { return hosts_; }
  uint32_t partitions() const { return partition_map_.partitions(); }
  const discovery::PartitionMap& partition_map() const { return partition_map_; }
  void set_partition_map(discovery::PartitionMap map) { partition_map_ = map; }

  // --- Connections.
  bool Listen();  // On the configured addresses; false (logged) if that is not possible.
  void Accept(Handle<uv_stream_t> stream, bool unix_socket);
  Connection* FindConnection(uint64_t number);
  void Remove(Connection& connection);
  void WantsFlush(Connection& connection);
  char* read_buffer() { return read_buffer_.get(); }
  static constexpr size_t kReadBufferBytes = 64 << 10;
  // Reads the clock that leases are checked against: after the bytes of a command were read, so
  // that a pause before it never serves a stale read (FAULTS C4).
  void RefreshMonotonicTime();
  uint64_t monotonic_ms() const { return turn_monotonic_ms_; }
  void Activate(PartitionHost& host) { OnActive(host); }

  Peers& peers() { return *peers_; }
  ShardStats& stats() { return stats_; }
  const ShardStats& stats() const { return stats_; }
  void ResetStats();  // CONFIG RESETSTAT.
  Node& node() { return node_; }
  void SetSettings(std::shared_ptr<const Settings> settings);
  void SetTopology(TopologyPtr topology) { topology_ = std::move(topology); }
  bool loading() const;
  void GiveUpLeaderships();
  bool leads_any() const;
  std::string DescribeForInfo() const;  // Counters as lines "name=value".
  // Forces what was appended to disk, whatever appendfsync says; then calls `done`.
  void SyncLog(std::function<void()> done) { log_writer_.SyncNow(std::move(done)); }
  // Checkpoints of this shard's partitions, one after another; `done` gets the first error, or "".
  void CheckpointAll(std::function<void(std::string error)> done);
  bool out_of_memory() const { return out_of_memory_; }
  // With cluster-require-full-coverage, a partition has been without a leader for too long.
  bool cluster_is_down() const { return cluster_is_down_; }
  void StopListening();
  bool replies_waiting() const;
  void OnLinkBroken(raft::NodeId node);
  void Suspect(raft::NodeId node);  // Its process is gone.
  void WaitForReplicas(int64_t replicas, int64_t timeout_ms, std::function<void(int64_t)> answer);

  // NodeApi
  const Settings& settings() const override { return *settings_; }
  const TopologyPtr& topology() const override { return topology_; }
  int64_t wall_ms() const override { return turn_wall_ms_; }
  void ConfigGet(std::vector<std::string> patterns, int resp_version,
                 std::function<void(std::string)> answer) override;
  void ConfigSet(std::vector<std::pair<std::string, std::string>> pairs,
                 std::function<void(std::string)> answer) override;
  void ConfigRewrite(std::function<void(std::string)> answer) override;
  void ConfigResetStat() override;
  void Info(std::vector<std::string> sections, std::function<void(std::string)> answer) override;
  void ForEachSession(SessionWork work, std::function<void(std::string)> answer) override;
  void CloseSession(Session& session, bool after_reply) override;
  uint64_t input_bytes(const Session& session) const override;
  uint64_t output_bytes(const Session& session) const override;
  void Checkpoint(std::function<void(std::string)> answer) override;
  bool checkpoint_running() const override;
  int64_t last_checkpoint_s() const override;
  void Shutdown(bool save, std::function<void(std::string)> failed) override;
  void OnPartition(uint32_t partition, Deferred command) override;
  bool TransferLeadership(uint32_t partition, raft::NodeId to) override;
  std::vector<LinkStatus> PeerLinks() const override { return peers_->Status(); }

  // PartitionHost::Owner, of which connections use one.
  std::string MovedError(uint16_t slot, raft::NodeId leader) const override;

 private:
  void OnActive(PartitionHost& host) override;
  void OnGatesOpened(PartitionHost& host) override;
  void OnGatesFailed(PartitionHost& host, raft::Index above, GateFailure failure) override;
  void OnRoleChanged(PartitionHost& host) override;
  void OnReady(const std::vector<uint64_t>& connections) override;
  bool OutOfMemory() const override { return out_of_memory_; }
  void Report(PartitionHost& host, bool error, const std::string& event) override;

  bool IsProtectedFrom(uv_stream_t* stream) const;
  void UpdateTime();
  void EndTurn();
  void OnTick();
  void FlushPartitions();
  void FreeGarbage(PartitionHost& host);
  void OnLogSafe(uint64_t sequence);
  void OnLogFailed(const std::string& what);
  void OnLogFull(bool full);
  void PaceCheckpoints();
  void AdvanceCheckpoints();
  void ExpireKeys();
  void ReapClients();
  void ReadClientsOnceLoaded();
  void WatchMemory();
  void RefuseWrites();
  void WatchCoverage();
  void ShowLoading();
  void NextCheckpoint();
  void PublishStats();
  void After(int64_t delay_ms, std::function<void()> work);
  void OnCheckpointEnded(PartitionHost& host, const Checkpointer::Result& result);

  Node& node_;
  const int index_;
  std::thread::id thread_;
  uv_loop_t loop_;
  std::unique_ptr<Mailbox> mailbox_;
  std::shared_ptr<const Settings> settings_;
  TopologyPtr topology_;
  discovery::PartitionMap partition_map_{1};
  ShardStats stats_;
  ShardExecutor executor_;

  std::unique_ptr<storage::SharedLog> log_;
  LogWriter log_writer_;
  std::unique_ptr<Peers> peers_;
  std::vector<std::unique_ptr<PartitionHost>> hosts_;
  std::vector<PartitionHost*> hosts_by_partition_;
  std::vector<PartitionHost*> active_;  // To be flushed at the end of this turn.
  std::vector<PartitionHost*> flushing_;
  std::vector<PartitionHost*> gates_opened_;

  std::vector<std::unique_ptr<Listener>> listeners_;
  std::vector<std::unique_ptr<Connection>> connections_;  // By slot; null where free.
  std::vector<uint32_t> free_slots_;
  uint64_t last_generation_ = 0;
  std::vector<uint64_t> to_flush_;
  std::vector<std::unique_ptr<Connection>> removed_;  // Destroyed at the end of the turn.
  std::unique_ptr<char[]> read_buffer_;

  Handle<uv_prepare_t> before_sleep_;
  Handle<uv_idle_t>
      busy_;  // Keeps the loop from sleeping while a checkpoint or expiry wants to go on.
  Handle<uv_timer_t> tick_;
  Handle<uv_timer_t> pace_;  // Of running checkpoints.
  bool pacing_ = false;
  bool busy_running_ = false;
  bool reads_clients_ = false;
  bool stopping_ = false;  // Being destroyed: timers that are left do nothing.
  int64_t turn_wall_ms_ = 0;
  uint64_t turn_monotonic_ms_ = 0;
  uint64_t ticks_ = 0;
  int64_t expire_credit_ = 0;  // Thousandths of an expiry cycle that are due (hz).
  bool expiring_ = false;      // Many keys are due.
  size_t expire_next_ = 0;     // Of hosts_, any multiple of their number away.
  bool out_of_memory_ = false;
  bool log_is_full_ = false;
  bool cluster_is_down_ = false;
  std::vector<uint64_t> leaderless_since_ms_;  // By partition; 0: it has a leader.
  uint64_t loading_shown_ms_ = 0;

  struct CheckpointRound {
    size_t next = 0;
    std::string error;
    std::function<void(std::string)> done;
  };
  std::unique_ptr<CheckpointRound> checkpoint_round_;
};

}  // namespace server
