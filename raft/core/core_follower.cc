// Core: taking a leader's log. Raft paper §5.3.
#include <cassert>

#include "raft/core/core.h"

namespace raft {
namespace {

// Contiguous after `prev`, in terms that never go back and never run ahead of the leader's.
bool IsWellFormed(const Append& append) {
  Position at = append.prev;
  if (at.index > kIndexMax || at.term > append.term) return false;
  for (const Entry& entry : append.entries) {
    if (entry.index != at.index + 1 || entry.term < at.term || entry.term > append.term)
      return false;
    if (entry.kind == EntryKind::kConfiguration &&
        (!entry.payload || !DecodeConfiguration(*entry.payload))) {
      return false;
    }
    at = {entry.term, entry.index};
  }
  return true;
}

}  // namespace

// Step has adopted any newer term. False if the message comes from nobody that we follow.
bool Core::AcceptLeader(NodeId from, Term term) {
  if (term < term_) return false;
  if (role_ == Role::kLeader || (leader_ != kNobody && leader_ != from)) return false;
  if (role_ != Role::kFollower) BecomeFollower(term_);
  HeardFrom(from);
  return true;
}

bool Core::On(NodeId from, const Append& append) {
  if (append.term < term_) {
    // Tells a leader of an older term that it has been replaced.
    Send(from, AppendReply{.term = term_, .rejected = true, .prev = append.prev.index});
    return false;
  }
  if (!IsWellFormed(append) || !AcceptLeader(from, append.term)) return false;

  AppendReply reply{.term = term_, .round = append.round};
  if (append.prev.index < commit_) {
    // Late or repeated. What we committed is in every later leader's log.
    reply.match = commit_;
  } else if (log_.TermAt(append.prev.index) != append.prev.term) {
    reply.rejected = true;
    reply.prev = append.prev.index;
    reply.hint = log_.LastNotAbove(append.prev.term, append.prev.index);
    Send(from, reply);
    return true;
  } else {
    // Only a conflict truncates: an old message must not cut off what a newer one brought (C14).
    size_t known = 0;
    while (known < append.entries.size() &&
           log_.TermAt(append.entries[known].index) == append.entries[known].term) {
      ++known;
    }
    if (known < append.entries.size()) Take(append, known);
    reply.match = append.prev.index + append.entries.size();
    CommitTo(std::min(append.commit, reply.match));
  }
  // An acknowledgement says "on disk", not "received" (FAULTS C16).
  Emit(from, reply, /*promise=*/reply.match > log_.stored());
  return true;
}

void Core::Take(const Append& append, size_t first_new) {
  const Index last_kept = append.entries[first_new].index - 1;
  if (last_kept < log_.last().index) TruncateTo(last_kept);
  for (size_t i = first_new; i < append.entries.size(); ++i) {
    const Entry& entry = append.entries[i];
    log_.Append(entry);
    if (entry.kind != EntryKind::kConfiguration) continue;
    history_.Append(entry.index, *DecodeConfiguration(*entry.payload));
  }
}

void Core::TruncateTo(Index last_kept) {
  assert(last_kept >= commit_);  // A committed entry is for ever.
  log_.TruncateTo(last_kept);
  history_.TruncateTo(last_kept);
  pending_.truncated_to = std::min(last_kept, pending_.truncated_to.value_or(last_kept));
}

void Core::CommitTo(Index index) {
  if (index <= commit_) return;
  assert(index <= log_.last().index);
  commit_ = index;
  history_.CommitTo(index);
}

bool Core::On(NodeId from, const Heartbeat& heartbeat) {
  if (heartbeat.term < term_) {
    Send(from, AppendReply{.term = term_, .rejected = true});
    return false;
  }
  if (!AcceptLeader(from, heartbeat.term)) return false;
  // More than we have would mean that we lost what we acknowledged: then we claim nothing.
  if (heartbeat.commit <= log_.last().index) CommitTo(heartbeat.commit);
  Send(from, HeartbeatReply{.term = term_, .round = heartbeat.round});
  return true;
}

bool Core::On(NodeId from, const SnapshotChunk& chunk) {
  if (chunk.term < term_) {
    Send(from, AppendReply{.term = term_, .rejected = true});
    return false;
  }
  return AcceptLeader(from, chunk.term);
}

}  // namespace raft
