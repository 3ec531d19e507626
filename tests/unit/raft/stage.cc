#include "tests/unit/raft/stage.h"

#include "tests/unit/raft/trace.h"

namespace {

std::vector<raft::NodeId> ParseIds(const std::string& text) {
  std::vector<raft::NodeId> ids;
  std::istringstream in(text);
  for (std::string id; std::getline(in, id, ',');) ids.push_back(std::stoull(id));
  return ids;
}

std::pair<raft::NodeId, raft::NodeId> ParseLink(const std::string& text) {
  const size_t arrow = text.find("->");
  return {std::stoull(text.substr(0, arrow)), std::stoull(text.substr(arrow + 2))};
}

std::string Name(std::pair<raft::NodeId, raft::NodeId> link) {
  return std::to_string(link.first) + "->" + std::to_string(link.second);
}

}  // namespace

std::string Stage::Play(const std::string& line) {
  out_.str("");
  std::istringstream in(line);
  std::string command;
  in >> command;
  if (command == "nodes")
    Build(in);
  else if (command == "deliver")
    Deliver(in);
  else if (command == "drop")
    Drop(in);
  else if (command == "heal")
    cut_.clear();
  else if (command == "status")
    Status();
  else if (command == "cut") {
    std::string link;
    in >> link;
    cut_.insert(ParseLink(link));
  } else if (command == "configure")
    Configure(in);
  else if (command == "tick") {
    std::string who;
    uint64_t ms = 0;
    in >> who >> ms;
    for (const auto& [id, node] : nodes_) {
      if (node->running() && (who == "all" || who == std::to_string(id))) Tick(id, ms);
    }
  } else {
    raft::NodeId id = 0;
    in >> id;
    sim::RaftNode& node = *nodes_.at(id);
    std::string rest;
    in >> rest;
    if (command == "propose") {
      const auto index = node.Propose(rest);
      Trace(index ? "index=" + std::to_string(*index) : "refused");
    } else if (command == "elect")
      Elect(id);
    else if (command == "hold")
      held_.insert(id);
    else if (command == "release")
      held_.erase(id);
    else if (command == "crash")
      node.Crash();
    else if (command == "start")
      node.Start(clocks_[id]);
    else if (command == "transfer")
      node.replica().TransferLeadership(std::stoull(rest));
    else if (command == "suspect")
      node.replica().Suspect(std::stoull(rest));
    else if (command == "checkpoint")
      node.Checkpoint();
    else if (command == "lease")
      Trace(node.replica().HasLease(clocks_[id]) ? "yes" : "no");
    else if (command == "read")
      reads_[id] = node.replica().StartRead();
    else if (command == "confirmed") {
      const bool confirmed = node.replica().ReadConfirmed() >= reads_[id];
      Trace(confirmed ? "yes" : "no");
    } else if (command == "isolate") {
      for (const auto& [other, unused] : nodes_) {
        cut_.insert({id, other});
        cut_.insert({other, id});
      }
    } else
      Trace("unknown command");
  }
  Settle();
  return out_.str().empty() ? "ok\n" : out_.str();
}

void Stage::Build(std::istringstream& in) {
  raft::Configuration members;
  std::vector<raft::NodeId> waiting;
  uint64_t voters = 0;
  in >> voters;
  for (raft::NodeId id = 1; id <= voters; ++id) members.voters.push_back(id);
  for (std::string what, ids; in >> what >> ids;) {
    if (what == "append-bytes") {
      append_bytes_ = std::stoull(ids);
    } else {
      (what == "learners" ? members.learners : waiting) = ParseIds(ids);
    }
  }
  for (const auto* list : {&members.voters, &members.learners}) {
    for (const raft::NodeId id : *list) Add(id, members);
  }
  for (const raft::NodeId id : waiting) Add(id, {});
}

void Stage::Add(raft::NodeId id, const raft::Configuration& members) {
  raft::Core::Options options;
  options.id = id;
  options.append_bytes_max = append_bytes_;
  const sim::RaftNode::Hooks hooks{
      .send =
          [this](raft::NodeId from, raft::NodeId to, const raft::Message& message) {
            const bool lost = cut_.contains({from, to});
            Trace(Name({from, to}) + " " + ToText(message) + (lost ? " (cut)" : ""));
            if (!lost) under_way_.push_back({{from, to}, message});
          },
      .committed =
          [this](sim::RaftNode& node, raft::Index, raft::Index commit) {
            Trace(std::to_string(node.id()) + " commits up to " + std::to_string(commit));
          },
      .role_changed =
          [this](sim::RaftNode& node) {
            const raft::Core& core = node.replica().core();
            std::string role = ToText(core.role()) + " term=" + std::to_string(core.term());
            if (core.leader() != raft::kNobody) role += " leader=" + std::to_string(core.leader());
            if (core.transferring()) role += " transferring";
            if (roles_[node.id()] == role) return;
            roles_[node.id()] = role;
            Trace(std::to_string(node.id()) + " is " + role);
          }};
  nodes_[id] = std::make_unique<sim::RaftNode>(options, members, hooks);
  clocks_[id] = 1000;
  nodes_[id]->Start(clocks_[id]);
}

void Stage::Tick(raft::NodeId id, uint64_t ms) {
  clocks_[id] += ms;
  nodes_[id]->replica().Tick(clocks_[id]);
}

void Stage::Elect(raft::NodeId id) {
  const raft::Core& core = nodes_[id]->replica().core();
  while (core.role() == raft::Role::kFollower) Tick(id, 10);
}

void Stage::Deliver(std::istringstream& in) {
  std::string link;
  if (in >> link) {
    DeliverOnce(ParseLink(link));
    return;
  }
  while (DeliverOnce(std::nullopt)) Settle();
}

// Takes out what is under way now, so that answers wait for the next call.
bool Stage::DeliverOnce(const std::optional<Link>& only) {
  std::vector<Letter> letters;
  std::erase_if(under_way_, [&](Letter& letter) {
    if (only && letter.link != *only) return false;
    letters.push_back(std::move(letter));
    return true;
  });
  for (const Letter& letter : letters) {
    sim::RaftNode& to = *nodes_.at(letter.link.second);
    if (to.running()) to.replica().OnMessage(letter.link.first, letter.message);
  }
  return !letters.empty();
}

void Stage::Drop(std::istringstream& in) {
  std::string link;
  in >> link;
  std::erase_if(under_way_, [&](const Letter& letter) {
    return link == "all" || letter.link == ParseLink(link);
  });
}

void Stage::Configure(std::istringstream& in) {
  raft::NodeId id = 0;
  in >> id;
  raft::Configuration target;
  for (std::string list; in >> list;) {
    const size_t equals = list.find('=');
    (list.substr(0, equals) == "voters" ? target.voters : target.learners) =
        ParseIds(list.substr(equals + 1));
  }
  if (!nodes_.at(id)->replica().ProposeConfiguration(target)) Trace("refused");
}

void Stage::Status() {
  for (const auto& [id, node] : nodes_) {
    if (!node->running()) {
      Trace(std::to_string(id) + " is down");
      continue;
    }
    const raft::Replica& replica = node->replica();
    const raft::Core& core = replica.core();
    Trace(std::to_string(id) + " " + ToText(core.role()) + " term=" + std::to_string(core.term()) +
          " last=" + ToText(core.last()) + " stored=" + std::to_string(core.log().stored()) +
          " commit=" + std::to_string(core.commit()) +
          " executed=" + std::to_string(replica.executed()) + " " + ToText(core.configuration()) +
          (replica.IsServing() ? " serving" : "") + (node->rebuild_due() ? " rebuilding" : ""));
  }
}

void Stage::Settle() {
  for (bool busy = true; busy;) {
    busy = false;
    for (const auto& [id, node] : nodes_) {
      if (!node->running()) continue;
      node->Flush();
      node->DoChores(clocks_[id]);
      if (held_.contains(id) || !node->log().HasUnsynced()) continue;
      node->SyncOne();
      busy = true;
    }
    for (const auto& [id, node] : nodes_) {
      if (node->running()) node->Flush();
    }
  }
}
