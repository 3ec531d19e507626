// One LoomCache process: its configuration, data directory, checkpoint store and shards, and what
// concerns all of them: forming the cluster, who leads what, CONFIG, INFO, checkpoints on request,
// shutting down.
//
// Runs on the home shard's thread (shard 0) unless a function says otherwise.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "server/config/config.h"
#include "server/net/cluster.h"
#include "server/net/shard.h"
#include "server/net/worker.h"
#include "storage/checkpoint_store.h"
#include "storage/data_directory.h"
#include "storage/file.h"

namespace server {

class Node {
 public:
  explicit Node(Config config);
  ~Node();

  // Opens the data directory and listens. False if that is not possible; why has been logged.
  bool Open();
  int Run();  // Serves until shut down; the process's exit code.

  // --- Any thread.
  Worker& checkpoint_worker() { return checkpoint_worker_; }
  Worker& free_worker() { return free_worker_; }
  Shard* ShardOf(uint32_t partition);
  size_t shards() const { return shards_.size(); }
  bool AdmitClient();  // maxclients; every admitted one ends with ClientGone.
  void ClientGone() { clients_.fetch_sub(1, std::memory_order_relaxed); }
  uint64_t NextClientId() { return last_client_id_.fetch_add(1, std::memory_order_relaxed) + 1; }
  // Commands are answered with -LOADING until every partition of this node was loaded.
  bool loading() const { return partitions_loading_.load(std::memory_order_relaxed) != 0; }
  void PartitionReady() { partitions_loading_.fetch_sub(1, std::memory_order_relaxed); }
  void OnLeader(uint32_t partition, raft::NodeId leader, raft::Term term);
  void OnAnnouncement(const Announcement& announcement);
  void OnReached(const Announcement& announcement, const std::string& host);
  void OnFormingFrame(const std::string& from, PeerFrame kind, std::string_view payload);
  uint64_t keyspace_bytes() const;        // Of all shards, as they published it.
  void OnFatal(const std::string& what);  // Nothing more can be promised: end the process.
  bool checkpoint_running() const { return checkpoints_running_.load() != 0; }
  int64_t last_checkpoint_s() const { return last_checkpoint_s_.load(); }

  // Runs `work` on that shard's thread: at once if it is this one.
  void OnShard(Shard& shard, std::function<void(Shard&)> work);
  void OnAllShards(const std::function<void(Shard&)>& work);
  // Runs `work` on the home shard, and `answer` with what came of it on `asker`'s.
  void OnHome(Shard& asker, std::function<std::string(Node&)> work,
              std::function<void(std::string)> answer);
  // Runs `work` on every shard, and `answer` with all that came of it, joined, on `asker`'s.
  void OnEveryShard(Shard& asker, std::function<std::string(Shard&)> work,
                    std::function<void(std::string)> answer);
  void Info(Shard& asker, std::vector<std::string> sections,
            std::function<void(std::string)> answer);
  void Checkpoint(Shard& asker, std::function<void(std::string error)> answer);
  void RequestShutdown(Shard& asker, bool save, std::function<void(std::string error)> failed);

  // --- Home only.
  std::string ConfigGet(const std::vector<std::string>& patterns, int resp_version);
  std::string ConfigSet(const std::vector<std::pair<std::string, std::string>>& pairs);
  std::string ConfigRewrite();
  void ResetStats();
  void OnTick(uint64_t monotonic_ms);

  static PartitionHost::Live LiveOptionsOf(const Settings& settings, uint32_t partitions);
  static storage::SyncMode SyncModeOf(const Settings& settings);
  static void ApplyLogLevel(const Settings& settings);

 private:
  struct InfoParts;
  std::string InfoText(Shard& asker, const std::vector<std::string>& wanted,
                       InfoParts& parts) const;
  void LimitClients();
  static int64_t ClientsPossible(int64_t clients);
  raft::NodeId self() const { return *NodeIdOf(data_directory_->meta().node_id); }
  bool OpenData();
  bool OpenLogs();
  bool StartCluster();
  PartitionHost::Options OptionsOf(storage::PartitionId id, std::vector<raft::NodeId> voters) const;
  void AddTo(PartitionHost::Options options);
  void CreatePartitions(const ClusterDescriptor& descriptor);  // The members are known.
  void PublishTopology(TopologyPtr topology);
  void ApplySettings();
  void CheckSavePoints(uint64_t monotonic_ms);
  void OnSignal(int signal);
  void BeginShutdown(bool save);
  void HandOver();
  void ContinueShutdown();
  void SyncAll();
  void Finish();

  Config config_;
  std::shared_ptr<const Settings> settings_;
  // What any thread may read.
  const bool cluster_enabled_;
  uint32_t logs_ = 1;
  std::string node_id_;
  std::unique_ptr<storage::Disk> disk_;
  std::unique_ptr<storage::DataDirectory> data_directory_;
  std::unique_ptr<storage::CheckpointStore> store_;
  Worker checkpoint_worker_;
  Worker free_worker_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::vector<std::thread> threads_;
  std::unique_ptr<Cluster> cluster_;
  std::vector<std::map<storage::PartitionId, storage::SharedLog::Recovered>>
      recovered_;  // By shard.
  std::vector<Handle<uv_signal_t>> signals_;

  std::atomic<bool> running_ = false;  // Shards have threads of their own.
  std::atomic<int> partitions_loading_ = 0;
  std::atomic<int64_t> clients_ = 0;
  std::atomic<int64_t> clients_max_ = 0;
  std::atomic<uint64_t> last_client_id_ = 0;
  std::atomic<int> checkpoints_running_ = 0;
  std::atomic<int64_t> last_checkpoint_s_ = 0;
  std::atomic<bool> last_checkpoint_ok_ = true;
  std::atomic<int> exit_code_ = 0;
  int64_t started_s_ = 0;
  uint64_t random_seed_ = 0;

  // Shutting down, one after another.
  enum class Stage { kServing, kSaving, kHandingOver, kSyncing, kReplying, kDone };
  Stage stage_ = Stage::kServing;
  bool asking_shards_ = false;
  uint64_t stage_deadline_ms_ = 0;
  uint64_t last_busy_ms_ = 0;     // When a client last wanted something of us.
  uint64_t commands_before_ = 0;  // That were received until then.
  uint64_t now_ms_ = 0;
  std::function<void(std::string)> shutdown_failed_;

  uint64_t last_save_check_ms_ = 0;
  uint64_t last_save_ms_ = 0;
  uint64_t last_save_try_ms_ = 0;
  int64_t last_save_seen_s_ = 0;
};

}  // namespace server
