// Replicas of one partition as production runs them (PartitionHost, SharedLog, checkpoints), in one
// thread and in virtual time, under one seed.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/partition/partition_host.h"
#include "storage/shared_log.h"
#include "tests/simulation/memory_store.h"
#include "tests/simulation/queued_executor.h"
#include "tests/simulation/random.h"
#include "tests/simulation/simulated_disk.h"
#include "tests/simulation/virtual_network.h"

namespace sim {

using Words = std::vector<std::string>;
using Answer = std::function<void(std::string)>;

class PartitionCluster;

// One node with the one partition on it. Disk and store survive a crash, the rest does not.
class PartitionNode final : private server::PartitionHost::Owner, private raft::Transport {
 public:
  PartitionNode(PartitionCluster& cluster, raft::NodeId id) : cluster_(cluster), id_(id) {}

  void Start();
  void Crash();
  bool running() const { return host_ != nullptr; }
  raft::NodeId id() const { return id_; }
  server::PartitionHost& host() { return *host_; }
  server::Partition& partition() { return host_->partition(); }
  storage::SharedLog& log() { return *log_; }
  MemoryStore& store() { return store_; }
  QueuedExecutor& executor() { return *executor_; }
  bool serving() const {
    return running() && host_->partition().started() && host_->partition().serving();
  }

  void Submit(const Words& words, Answer answer, bool stale = false, int database = 0);
  // All commands in one turn, as EXEC runs them.
  void SubmitTransaction(const std::vector<Words>& commands, Answer answer);

  void Turn();     // One turn of the loop.
  void TakeJob();  // Begins a write, if one is due.
  void FinishJob();

  bool disk_stalls = false;      // Writes do not end.
  bool executor_stalls = false;  // Nor does what the executor was given.
  bool out_of_memory = false;
  int64_t wall_offset_ms = 0;  // Its wall clock is so far from the others'.
  std::vector<std::string> events;
  size_t errors = 0;
  std::vector<std::pair<raft::Index, server::GateFailure>> failures;

 private:
  void OnActive(server::PartitionHost&) override {}
  void OnGatesOpened(server::PartitionHost&) override { gates_opened_ = true; }
  void OnGatesFailed(server::PartitionHost&, raft::Index above,
                     server::GateFailure failure) override {
    failures.emplace_back(above, failure);
  }
  void OnRoleChanged(server::PartitionHost&) override {}
  void OnReady(const std::vector<uint64_t>&) override {}
  bool OutOfMemory() const override { return out_of_memory; }
  std::string MovedError(uint16_t, raft::NodeId leader) const override {
    return "MOVED 0 " + std::to_string(leader);
  }
  void Report(server::PartitionHost&, bool error, const std::string& event) override {
    if (error) ++errors;
    events.push_back(event);
  }
  void Send(raft::NodeId to, raft::Message message) override;

  PartitionCluster& cluster_;
  const raft::NodeId id_;
  SimulatedDisk disk_;
  MemoryStore store_;
  uint64_t epoch_ = 0;

  std::unique_ptr<storage::SharedLog> log_;
  std::unique_ptr<storage::SharedLog::WriteJob> job_;
  uint64_t job_done_ms_ = 0;
  std::unique_ptr<QueuedExecutor> executor_;
  std::unique_ptr<server::PartitionHost> host_;
  bool gates_opened_ = false;
};

class PartitionCluster {
 public:
  struct Options {
    uint64_t seed = 1;
    size_t nodes = 3;
    VirtualNetwork::Faults faults = {};
    uint64_t sync_ms_max = 4;
    bool reads_by_round = false;
    uint64_t checkpoint_log_bytes = 0;
    uint64_t kept_log_bytes = 0;
  };

  explicit PartitionCluster(const Options& options);

  void Step();
  void Run(uint64_t ms);
  bool RunUntil(const std::function<bool()>& done, uint64_t ms_max = 10'000);

  PartitionNode& node(raft::NodeId id) { return *nodes_.at(id - 1); }
  size_t size() const { return nodes_.size(); }
  PartitionNode* Leader();  // The serving one of the newest term, or null.
  PartitionNode& WaitForLeader();
  PartitionNode& FollowerOf(const PartitionNode& leader);
  void Isolate(raft::NodeId id);
  void Heal();  // Everybody runs and hears each other, and disks work.
  // All have executed the same and there is nothing more to come.
  bool Converged();
  // Runs until the answer is there.
  std::string Ask(PartitionNode& node, const Words& words, bool stale = false);

  VirtualNetwork& network() { return network_; }
  Random& random() { return random_; }
  uint64_t now_ms() const { return now_ms_; }
  int64_t wall_ms() const { return 1'700'000'000'000 + static_cast<int64_t>(now_ms_); }
  const Options& options() const { return options_; }

 private:
  const Options options_;
  Random random_;
  VirtualNetwork network_;
  uint64_t now_ms_ = 1000;
  std::vector<std::unique_ptr<PartitionNode>> nodes_;
};

}  // namespace sim
