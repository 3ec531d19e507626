// What the members of a group say to each other. One small struct for each message, so that no
// field means two things. Messages carry nothing of the group: the frame around them does.
#pragma once

#include <variant>
#include <vector>

#include "raft/core/types.h"

namespace raft {

// Bounds on what a peer may claim, so that no arithmetic on it overflows.
inline constexpr Term kTermMax = Term{1} << 62;
inline constexpr Index kIndexMax = Index{1} << 62;

// "Would you vote for me?" Changes nothing at the receiver. Raft thesis §9.6.
struct PreVoteRequest {
  Term term = 0;  // The term that the sender would campaign in: one more than its own.
  Position last = {};
};

struct PreVoteReply {
  Term term = 0;  // If granted that of the request, else the receiver's own.
  bool granted = false;
};

struct VoteRequest {
  Term term = 0;
  Position last = {};
  bool forced = false;  // The leader itself asked for this election. Raft thesis §3.10.
};

struct VoteReply {
  Term term = 0;
  bool granted = false;
};

struct Append {
  Term term = 0;
  Position prev = {};  // The entry just before `entries`.
  Index commit = 0;
  uint64_t round = 0;  // Echoed in the reply: the proof that this very message was heard.
  std::vector<Entry> entries = {};
};

struct AppendReply {
  Term term = 0;
  uint64_t round = 0;
  bool rejected = false;
  Index match = 0;     // If taken: the logs are equal, and the receiver's durable, up to here.
  Index prev = 0;      // If rejected: Append::prev.index of the message that was.
  Position hint = {};  // If rejected: the last place where the logs may still be equal.
};

// Small, and apart from Append, so that the transport can batch those of many groups.
struct Heartbeat {
  Term term = 0;
  Index commit = 0;  // Never beyond what the receiver is known to have.
  uint64_t round = 0;
};

struct HeartbeatReply {
  Term term = 0;
  uint64_t round = 0;
};

// The leader hands over: campaign now, without asking whether the leader lives.
struct TimeoutNow {
  Term term = 0;
};

// A piece of a snapshot. Pieces belong together if term and info are equal (FAULTS C12).
struct SnapshotChunk {
  Term term = 0;
  SnapshotInfo info = {};
  uint64_t hash_seed = 0;
  uint64_t sequence = 0;  // 0, 1, 2, ...
  Payload bytes = {};
  bool done = false;  // The last piece.
};

struct SnapshotReply {
  Term term = 0;
  Position last = {};     // Of the snapshot that is answered.
  uint64_t sequence = 0;  // Pieces before this one have been taken.
  bool accepted = false;  // If false the transfer is to start over, or not to go on.
};

using Message =
    std::variant<PreVoteRequest, PreVoteReply, VoteRequest, VoteReply, Append, AppendReply,
                 Heartbeat, HeartbeatReply, TimeoutNow, SnapshotChunk, SnapshotReply>;

inline Term TermOf(const Message& message) {
  return std::visit([](const auto& m) { return m.term; }, message);
}

}  // namespace raft
