#include "tests/unit/raft/trace.h"

namespace {

using namespace raft;

std::string Number(const char* name, uint64_t value) {
  return std::string(" ") + name + "=" + std::to_string(value);
}
std::string Place(const char* name, Position position) {
  return std::string(" ") + name + "=" + ToText(position);
}
std::string Flag(bool value, const char* yes, const char* no) { return value ? yes : no; }

std::string Ids(const std::vector<NodeId>& ids) {
  std::string out;
  for (const NodeId id : ids) out += (out.empty() ? "" : ",") + std::to_string(id);
  return out;
}

struct Fields {
  std::string operator()(const PreVoteRequest& m) const {
    return "PreVoteRequest" + Number("term", m.term) + Place("last", m.last);
  }
  std::string operator()(const PreVoteReply& m) const {
    return "PreVoteReply" + Number("term", m.term) + Flag(m.granted, " granted", " refused");
  }
  std::string operator()(const VoteRequest& m) const {
    return "VoteRequest" + Number("term", m.term) + Place("last", m.last) +
           Flag(m.forced, " forced", "");
  }
  std::string operator()(const VoteReply& m) const {
    return "VoteReply" + Number("term", m.term) + Flag(m.granted, " granted", " refused");
  }
  std::string operator()(const Append& m) const {
    std::string out = "Append" + Number("term", m.term) + Place("prev", m.prev) +
                      Number("commit", m.commit) + Number("round", m.round);
    for (const Entry& entry : m.entries) out += " [" + ToText(entry) + "]";
    return out;
  }
  std::string operator()(const AppendReply& m) const {
    const std::string head = "AppendReply" + Number("term", m.term) + Number("round", m.round);
    if (!m.rejected) return head + Number("match", m.match);
    return head + " rejected" + Number("prev", m.prev) + Place("hint", m.hint);
  }
  std::string operator()(const Heartbeat& m) const {
    return "Heartbeat" + Number("term", m.term) + Number("commit", m.commit) +
           Number("round", m.round);
  }
  std::string operator()(const HeartbeatReply& m) const {
    return "HeartbeatReply" + Number("term", m.term) + Number("round", m.round);
  }
  std::string operator()(const TimeoutNow& m) const {
    return "TimeoutNow" + Number("term", m.term);
  }
  std::string operator()(const SnapshotChunk& m) const {
    return "SnapshotChunk" + Number("term", m.term) + Place("last", m.info.last) + " " +
           ToText(m.info.configuration) + Flag(m.done, " done", "");
  }
  std::string operator()(const SnapshotReply& m) const {
    return "SnapshotReply" + Number("term", m.term) + Place("last", m.last) +
           Flag(m.accepted, " accepted", " refused");
  }
};

}  // namespace

std::string ToText(const raft::Message& message) { return std::visit(Fields(), message); }

std::string ToText(const raft::Configuration& configuration) {
  std::string out = "voters=" + Ids(configuration.voters);
  if (configuration.joint()) out += " outgoing=" + Ids(configuration.outgoing);
  if (!configuration.learners.empty()) out += " learners=" + Ids(configuration.learners);
  return out;
}

std::string ToText(const raft::Entry& entry) {
  const std::string head = ToText(raft::Position{entry.term, entry.index}) + " ";
  switch (entry.kind) {
    case raft::EntryKind::kNoop:
      return head + "noop";
    case raft::EntryKind::kCommands:
      return head + "\"" + *entry.payload + "\"";
    case raft::EntryKind::kConfiguration:
      return head + ToText(*raft::DecodeConfiguration(*entry.payload));
  }
  return head + "?";
}

std::string ToText(raft::Position position) {
  return std::to_string(position.term) + "/" + std::to_string(position.index);
}

std::string ToText(raft::Role role) {
  switch (role) {
    case raft::Role::kFollower:
      return "follower";
    case raft::Role::kPreCandidate:
      return "pre-candidate";
    case raft::Role::kCandidate:
      return "candidate";
    case raft::Role::kLeader:
      return "leader";
  }
  return "?";
}
