// Plays the commands of a scenario on a few members and returns the trace they cause. Nothing moves
// unless a command says so: no message arrives and no clock goes on by itself.
//
//   nodes 3 [learners 4,5] [waiting 6] [append-bytes 1]   members 1 to 3, and others
//   tick 1 600            node 1's clock goes on by 600 ms, in one step; `tick all 50` for
//   everyone's elect 1               node 1's clock goes on to its election timeout; then `deliver`
//   deliver [1->2]        delivers what is under way (on one link: once), and syncs, until all is
//   quiet drop 1->2             loses what is under way on the link; `drop all` for all links cut
//   1->2 | isolate 1 | heal propose 1 x           node 1 executes and proposes x hold 1 | release 1
//   node 1's writes do not reach its disk | they do again crash 1 | start 1     loses what did not
//   reach the disk configure 1 voters=1,2 [learners=4] transfer 1 2 | suspect 1 2 | checkpoint 1
//   read 1 | confirmed 1 | lease 1
//   status                one line for each node
#pragma once

#include <map>
#include <memory>
#include <set>
#include <sstream>

#include "tests/simulation/raft_node.h"

class Stage {
 public:
  // Executes one line; the answer is its trace.
  std::string Play(const std::string& line);

 private:
  using Link = std::pair<raft::NodeId, raft::NodeId>;
  struct Letter {
    Link link;
    raft::Message message;
  };

  void Build(std::istringstream& in);
  void Add(raft::NodeId id, const raft::Configuration& members);
  void Tick(raft::NodeId id, uint64_t ms);
  void Elect(raft::NodeId id);
  void Deliver(std::istringstream& in);
  bool DeliverOnce(const std::optional<Link>& only);
  void Drop(std::istringstream& in);
  void Configure(std::istringstream& in);
  void Status();
  void Settle();  // Flushes everyone, and syncs who is not held, until nothing more happens.
  void Trace(const std::string& line) { out_ << line << "\n"; }

  std::map<raft::NodeId, std::unique_ptr<sim::RaftNode>> nodes_;
  size_t append_bytes_ = 1 << 20;
  std::map<raft::NodeId, uint64_t> clocks_;
  std::map<raft::NodeId, uint64_t> reads_;
  std::map<raft::NodeId, std::string> roles_;
  std::set<raft::NodeId> held_;
  std::set<Link> cut_;
  std::vector<Letter> under_way_;
  std::ostringstream out_;
};
