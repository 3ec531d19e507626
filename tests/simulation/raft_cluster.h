// A whole Raft group in one thread and in virtual time, under one seed. After every step it checks
// what Raft promises (Raft paper figure 3), and throws Violation if a promise is broken.
#pragma once

#include <stdexcept>

#include "tests/simulation/raft_node.h"
#include "tests/simulation/random.h"
#include "tests/simulation/virtual_network.h"

namespace sim {

struct Violation : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class RaftCluster {
 public:
  struct Options {
    uint64_t seed = 1;
    raft::Configuration members = {};
    std::vector<raft::NodeId> waiting = {};  // More nodes, which nobody has told anything yet.
    VirtualNetwork::Faults faults = {};
    uint64_t sync_ms_max = 10;      // A write takes up to this to reach the disk.
    bool forget_votes = false;      // See SimLog.
    raft::Core::Options core = {};  // Without id and seed.
  };

  explicit RaftCluster(const Options& options);

  void Run(uint64_t ms);
  bool RunUntil(const std::function<bool()>& done, uint64_t ms_max);

  // One random misfortune: a crash, a start, a cut, a pause, a checkpoint, a transfer, a suspicion.
  void Disturb(size_t crashed_max);
  // Everybody runs and hears each other.
  void Heal();

  // Proposes at whoever serves and claims it is the leader; false if nobody does.
  bool Propose(const std::string& value);
  void ProposeAnywhere(const std::string& value);  // At a random node that takes it.
  void ReadAnywhere();                             // Starts a ReadIndex read at a random leader.
  bool ProposeConfiguration(const raft::Configuration& target);

  RaftNode* Leader();  // The serving one of the newest term, or null.
  RaftNode& node(raft::NodeId id) { return nodes_.at(id)->node; }
  // All run, and have executed everything that is committed, and it is the same.
  bool Converged() const;

  size_t acknowledged() const { return acknowledged_.size(); }
  bool IsAcknowledged(const std::string& value) const { return values_.contains(value); }
  size_t reads_confirmed() const { return reads_confirmed_; }
  uint64_t now_ms() const { return now_ms_; }
  Random& random() { return random_; }

 private:
  struct Read {
    uint64_t id;
    raft::Term term;
    raft::Index at_least;  // What had been acknowledged when the read came.
  };
  struct Member {
    RaftNode node;
    int64_t drift_ppm;          // Its clock runs this much too fast.
    uint64_t paused_until = 0;  // As by SIGSTOP.
    uint64_t sync_due = 0;
    std::vector<Read> reads;
  };
  struct Committed {
    raft::Term term;
    raft::EntryKind kind;
    std::string value;
    raft::Term in_term;  // The committing leader's term, or later.
  };

  uint64_t ClockOf(const Member& member) const;
  void Step();
  void Turn(Member& member);
  void AnswerReads(Member& member);
  void OnStored(const raft::Entry& entry, raft::Position before);
  void OnCommitted(RaftNode& node, raft::Index from, raft::Index commit);
  void OnRoleChanged(RaftNode& node);
  void CheckLeases();
  void Restart(Member& member);

  const Options options_;
  Random random_;
  VirtualNetwork network_;
  uint64_t now_ms_ = 1000;
  std::map<raft::NodeId, std::unique_ptr<Member>> nodes_;

  std::map<raft::Term, raft::NodeId> leaders_;
  std::map<std::pair<raft::Index, raft::Term>, std::pair<raft::Term, std::string>> written_;
  std::map<raft::Index, Committed> committed_;
  std::map<raft::Index, std::string> acknowledged_;  // To clients.
  std::map<std::string, raft::Index> values_;        // The same, by value.
  std::map<std::pair<raft::NodeId, raft::Index>, std::pair<raft::Term, std::string>> waiting_;
  size_t reads_confirmed_ = 0;
};

}  // namespace sim
