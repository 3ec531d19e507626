// One simulated member: a real Replica on a simulated disk, with a state machine that remembers
// what it ran at which index. A stand-in for server/partition.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "raft/replica.h"
#include "tests/simulation/sim_log.h"

namespace sim {

using State = std::map<raft::Index, std::string>;  // What was executed, by index.

class RaftNode : public raft::StateMachine, public raft::Transport {
 public:
  struct Hooks {
    std::function<void(raft::NodeId from, raft::NodeId to, const raft::Message&)> send;
    std::function<void(RaftNode&, raft::Index from, raft::Index commit)> committed;
    std::function<void(RaftNode&)> role_changed;
  };

  RaftNode(const raft::Core::Options& options, raft::Configuration first_members, Hooks hooks);

  void Start(uint64_t now_ms);
  void Crash();
  bool running() const { return replica_ != nullptr; }
  raft::Replica& replica() { return *replica_; }
  const raft::Replica& replica() const { return *replica_; }
  SimLog& log() { return log_; }
  raft::NodeId id() const { return options_.id; }
  const State& state() const { return state_; }
  const raft::SnapshotInfo& checkpoint() const { return checkpoint_; }

  // As a partition does it: executes first, then appends.
  std::optional<raft::Index> Propose(const std::string& value);
  void Flush();
  void SyncOne();  // The oldest write reaches the disk.
  // Takes a checkpoint of what is committed and drops the log up to it.
  void Checkpoint();
  // What the machine asked for and a partition would do in its own time.
  void DoChores(uint64_t now_ms);
  bool rebuild_due() const { return rebuild_due_; }

 private:
  void Apply(const raft::Entry& entry) override;
  void OnCommitted(raft::Index commit) override;
  void OnTruncated(raft::Index last_kept) override;
  void OnRoleChanged() override { hooks_.role_changed(*this); }
  void OnSnapshotNeeded(raft::NodeId follower) override;
  void OnSnapshotChunk(raft::NodeId from, const raft::SnapshotChunk& chunk) override;
  void OnSnapshotReply(raft::NodeId from, const raft::SnapshotReply& reply) override;
  void Send(raft::NodeId to, raft::Message message) override;

  void Rebuild();

  const raft::Core::Options options_;
  Hooks hooks_;

  // On disk: survives a crash.
  SimLog log_;
  raft::SnapshotInfo checkpoint_;
  State checkpoint_state_;

  // In memory.
  std::unique_ptr<raft::Replica> replica_;
  State state_;
  raft::Index committed_ = 0;
  bool rebuild_due_ = false;
  uint64_t now_ms_ = 0;
  std::map<raft::NodeId, uint64_t> snapshot_deadline_ms_;  // By follower.
};

}  // namespace sim
