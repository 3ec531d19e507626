#include "tests/simulation/raft_cluster.h"

#include <algorithm>

namespace sim {
namespace {

constexpr uint64_t kStepMs = 2;

std::string ValueOf(const raft::Entry& entry) { return entry.payload ? *entry.payload : ""; }

void Require(bool holds, const std::string& what) {
  if (!holds) throw Violation(what);
}

}  // namespace

RaftCluster::RaftCluster(const Options& options)
    : options_(options), random_(options.seed), network_(random_) {
  network_.SetFaults(options.faults);
  const RaftNode::Hooks hooks{
      .send = [this](raft::NodeId from, raft::NodeId to,
                     const raft::Message& message) { network_.Send(now_ms_, from, to, message); },
      .committed = [this](RaftNode& node, raft::Index from,
                          raft::Index commit) { OnCommitted(node, from, commit); },
      .role_changed = [this](RaftNode& node) { OnRoleChanged(node); }};

  std::vector<raft::NodeId> ids = options.members.voters;
  ids.insert(ids.end(), options.members.learners.begin(), options.members.learners.end());
  ids.insert(ids.end(), options.waiting.begin(), options.waiting.end());
  for (const raft::NodeId id : ids) {
    raft::Core::Options core = options.core;
    core.id = id;
    core.seed = random_.Next();
    const bool knows = options.members.IsMember(id);
    nodes_[id] = std::make_unique<Member>(
        Member{RaftNode(core, knows ? options.members : raft::Configuration{}, hooks),
               static_cast<int64_t>(random_.Below(40'001)) - 20'000,
               0,
               0,
               {}});
    SimLog& log = nodes_[id]->node.log();
    log.forget_votes = options.forget_votes;
    log.on_store = [this](const raft::Entry& entry, raft::Position before) {
      OnStored(entry, before);
    };
    nodes_[id]->node.Start(ClockOf(*nodes_[id]));
  }
}

uint64_t RaftCluster::ClockOf(const Member& member) const {
  const auto ms = static_cast<int64_t>(now_ms_);
  return static_cast<uint64_t>(ms + ms * member.drift_ppm / 1'000'000);
}

void RaftCluster::Run(uint64_t ms) {
  const uint64_t end = now_ms_ + ms;
  while (now_ms_ < end) Step();
}

bool RaftCluster::RunUntil(const std::function<bool()>& done, uint64_t ms_max) {
  const uint64_t end = now_ms_ + ms_max;
  while (now_ms_ < end) {
    if (done()) return true;
    Step();
  }
  return done();
}

void RaftCluster::Step() {
  now_ms_ += kStepMs;
  VirtualNetwork::Letter letter;
  while (network_.Receive(now_ms_, letter)) {
    Member& member = *nodes_.at(letter.to);
    if (!member.node.running()) continue;
    if (member.paused_until > now_ms_) {
      network_.PutBack(member.paused_until, std::move(letter));  // Waits in the kernel.
      continue;
    }
    const std::optional<raft::Message> message = raft::Decode(letter.bytes);
    Require(message.has_value(), "codec: a message did not survive the wire");
    member.node.replica().Tick(ClockOf(member));
    member.node.replica().OnMessage(letter.from, *message);
  }
  for (auto& [id, member] : nodes_) {
    if (member->node.running() && member->paused_until <= now_ms_) Turn(*member);
  }
  CheckLeases();
}

void RaftCluster::Turn(Member& member) {
  member.node.replica().Tick(ClockOf(member));
  if (member.node.log().HasUnsynced() && now_ms_ >= member.sync_due) {
    const uint64_t writes = 1 + random_.Below(3);  // Group commit.
    for (uint64_t i = 0; i < writes; ++i) member.node.SyncOne();
    member.sync_due = now_ms_ + random_.Below(options_.sync_ms_max + 1);
  }
  if (!member.node.rebuild_due() || random_.Percent(5)) member.node.DoChores(ClockOf(member));
  member.node.Flush();
  AnswerReads(member);
}

bool RaftCluster::Propose(const std::string& value) {
  RaftNode* leader = Leader();
  if (leader == nullptr) return false;
  const auto index = leader->Propose(value);
  if (!index) return false;
  waiting_[{leader->id(), *index}] = {leader->replica().core().term(), value};
  return true;
}

void RaftCluster::ProposeAnywhere(const std::string& value) {
  for (auto& [id, member] : nodes_) {
    if (!member->node.running() || member->paused_until > now_ms_ || random_.Percent(30)) continue;
    if (const auto index = member->node.Propose(value)) {
      waiting_[{id, *index}] = {member->node.replica().core().term(), value};
      return;  // One value, one place: it is to be applied at most once.
    }
  }
}

void RaftCluster::ReadAnywhere() {
  for (auto& [id, member] : nodes_) {
    if (!member->node.running() || member->paused_until > now_ms_) continue;
    const raft::Core& core = member->node.replica().core();
    if (core.role() != raft::Role::kLeader) continue;
    const raft::Index at_least = acknowledged_.empty() ? 0 : acknowledged_.rbegin()->first;
    member->reads.push_back({member->node.replica().StartRead(), core.term(), at_least});
  }
}

void RaftCluster::AnswerReads(Member& member) {
  const raft::Replica& replica = member.node.replica();
  std::erase_if(member.reads, [&](const Read& read) {
    if (replica.core().term() != read.term || replica.core().role() != raft::Role::kLeader) {
      return true;  // The client is told to ask elsewhere.
    }
    if (!replica.IsServing() || replica.ReadConfirmed() < read.id) return false;
    ++reads_confirmed_;
    Require(replica.executed() >= read.at_least, "a confirmed read missed an acknowledged write");
    return true;
  });
}

bool RaftCluster::ProposeConfiguration(const raft::Configuration& target) {
  RaftNode* leader = Leader();
  return leader != nullptr && leader->replica().ProposeConfiguration(target);
}

RaftNode* RaftCluster::Leader() {
  RaftNode* best = nullptr;
  for (auto& [id, member] : nodes_) {
    if (!member->node.running() || member->paused_until > now_ms_) continue;
    if (!member->node.replica().IsServing()) continue;
    if (best == nullptr || member->node.replica().core().term() > best->replica().core().term()) {
      best = &member->node;
    }
  }
  return best;
}

void RaftCluster::Disturb(size_t crashed_max) {
  auto it = nodes_.begin();
  std::advance(it, static_cast<long>(random_.Below(nodes_.size())));
  Member& member = *it->second;
  const auto crashed = static_cast<size_t>(std::count_if(
      nodes_.begin(), nodes_.end(), [](const auto& n) { return !n.second->node.running(); }));
  const uint64_t what = random_.Below(12);
  if (!member.node.running()) {
    if (what < 6) Restart(member);
    return;
  }
  if (what < 3) {
    if (crashed >= crashed_max) return;
    member.node.Crash();
    member.reads.clear();
  } else if (what < 6) {  // One link, one way.
    for (const auto& [other, unused] : nodes_) {
      if (random_.Percent(40)) network_.Cut(it->first, other);
      if (random_.Percent(40)) network_.Cut(other, it->first);
    }
  } else if (what < 8) {
    network_.Heal();
  } else if (what == 8) {
    member.paused_until = now_ms_ + random_.Below(1500);
  } else if (what == 9) {
    member.node.Checkpoint();
  } else if (what == 10) {
    auto to = nodes_.begin();
    std::advance(to, static_cast<long>(random_.Below(nodes_.size())));
    if (RaftNode* leader = Leader()) leader->replica().TransferLeadership(to->first);
  } else {
    member.node.replica().Suspect(member.node.replica().core().leader());  // Mostly unfounded.
  }
}

void RaftCluster::Restart(Member& member) { member.node.Start(ClockOf(member)); }

void RaftCluster::Heal() {
  network_.Heal();
  network_.SetFaults({});
  for (auto& [id, member] : nodes_) {
    member->paused_until = 0;
    if (!member->node.running()) Restart(*member);
  }
}

bool RaftCluster::Converged() const {
  const State* first = nullptr;
  raft::Index commit = 0;
  for (const auto& [id, member] : nodes_) {
    if (!member->node.running() || member->node.rebuild_due()) return false;
    const raft::Replica& replica = member->node.replica();
    if (!replica.core().configuration().IsMember(id)) continue;
    if (first == nullptr) {
      first = &member->node.state();
      commit = replica.core().commit();
    }
    if (replica.core().commit() != commit || replica.executed() != commit) return false;
    if (member->node.state() != *first) return false;
  }
  return commit == (committed_.empty() ? 0 : committed_.rbegin()->first);
}

// Log matching: index and term name one entry, and everything before it. Raft paper §5.3.
void RaftCluster::OnStored(const raft::Entry& entry, raft::Position before) {
  const auto [it, fresh] = written_.try_emplace(std::pair(entry.index, entry.term),
                                                std::pair(before.term, ValueOf(entry)));
  if (fresh) return;
  Require(it->second.first == before.term, "log matching: equal entries follow different ones");
  Require(it->second.second == ValueOf(entry), "log matching: one index and term, two entries");
}

void RaftCluster::OnCommitted(RaftNode& node, raft::Index from, raft::Index commit) {
  const raft::Core& core = node.replica().core();
  from = std::max(from, node.checkpoint().last.index);
  std::vector<raft::Entry> entries;
  if (from < commit) {
    Require(core.log().Read(from + 1, SIZE_MAX, entries), "a committed entry cannot be read");
  }
  for (const raft::Entry& entry : entries) {
    if (entry.index > commit) break;
    const auto [it, fresh] = committed_.try_emplace(
        entry.index, Committed{entry.term, entry.kind, ValueOf(entry), core.term()});
    Require(it->second.term == entry.term && it->second.value == ValueOf(entry),
            "state machine safety: another entry was committed at this index");
    it->second.in_term = std::min(it->second.in_term, core.term());
    if (entry.kind == raft::EntryKind::kCommands && !node.rebuild_due()) {
      const auto executed = node.state().find(entry.index);
      Require(executed != node.state().end() && executed->second == ValueOf(entry),
              "a committed command was not executed, or not as committed");
    }
    // The reply gate: its own entry, committed.
    const auto gate = waiting_.find({node.id(), entry.index});
    if (gate == waiting_.end()) continue;
    if (gate->second.first == entry.term && gate->second.second == ValueOf(entry)) {
      Require(!values_.contains(ValueOf(entry)), "a command was applied twice");
      acknowledged_[entry.index] = ValueOf(entry);
      values_[ValueOf(entry)] = entry.index;
    }
    waiting_.erase(gate);
  }
}

void RaftCluster::OnRoleChanged(RaftNode& node) {
  const raft::Core& core = node.replica().core();
  if (core.role() != raft::Role::kLeader) return;
  const auto [it, fresh] = leaders_.try_emplace(core.term(), node.id());
  Require(it->second == node.id(), "election safety: two leaders in one term");
  if (!fresh) return;
  // Leader completeness. Raft paper §5.4.
  for (const auto& [index, entry] : committed_) {
    if (entry.in_term >= core.term() || index <= node.checkpoint().last.index) continue;
    Require(core.log().TermAt(index) == entry.term,
            "leader completeness: a committed entry is missing");
  }
}

// While one node's lease runs, nobody leads in a later term.
void RaftCluster::CheckLeases() {
  for (const auto& [id, member] : nodes_) {
    if (!member->node.running()) continue;
    // Also of a paused node: it will look at its clock when it goes on, and so do we.
    if (!member->node.replica().HasLease(ClockOf(*member))) continue;
    Require(leaders_.rbegin()->first == member->node.replica().core().term(),
            "lease: a leader of a later term was elected under a running lease");
  }
}

}  // namespace sim
