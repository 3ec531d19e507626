#include "raft/replica.h"

#include <cassert>

namespace raft {

Replica::Replica(const Core::Options& options, const Restored& restored, Transport& transport,
                 LogStorage& log, StateMachine& machine)
    : core_(options, {restored.hard_state, restored.snapshot, restored.last}, log),
      transport_(transport),
      log_(log),
      machine_(machine),
      executed_(restored.executed),
      executed_command_(restored.executed),
      notified_commit_(restored.snapshot.last.index) {
  assert(restored.executed >= restored.snapshot.last.index);
  assert(restored.executed <= restored.last.index);
}

std::optional<Index> Replica::Propose(EntryKind kind, Payload payload) {
  if (!CanPropose()) return std::nullopt;
  const std::optional<Index> index = core_.Propose(kind, std::move(payload));
  if (!index) return std::nullopt;
  // The state machine has run it already. Between the last entry it ran and this one there can only
  // be entries of the core's own, which change nothing.
  executed_ = *index;
  executed_command_ = *index;
  return index;
}

bool Replica::CanPropose() const { return IsServing() && core_.CanPropose(); }

bool Replica::ProposeConfiguration(const Configuration& target) {
  return core_.ProposeConfiguration(target);
}

void Replica::OnMessage(NodeId from, const Message& message) {
  if (!core_.Step(from, message)) return;
  if (const auto* chunk = std::get_if<SnapshotChunk>(&message)) chunks_.emplace_back(from, *chunk);
  if (const auto* reply = std::get_if<SnapshotReply>(&message)) {
    snapshot_replies_.emplace_back(from, *reply);
  }
}

void Replica::Tick(uint64_t now_ms) { core_.Tick(now_ms); }

// Only now does a leader count its own copy, and only now do promises leave. Raft thesis §3.8.
void Replica::OnStored(uint64_t ticket) {
  while (!in_flight_.empty() && in_flight_.front().ticket <= ticket) {
    Stored stored = std::move(in_flight_.front());
    in_flight_.pop_front();
    if (stored.hard_state) --hard_states_in_flight_;
    if (stored.last != 0) core_.StoredUpTo(stored.last);
    for (Core::Envelope& promise : stored.promises) {
      // One from an earlier term helps nobody any more.
      const bool current = TermOf(promise.message) == core_.term();
      const bool pre_vote = std::holds_alternative<PreVoteReply>(promise.message) ||
                            std::holds_alternative<PreVoteRequest>(promise.message);
      if (current || pre_vote) transport_.Send(promise.to, std::move(promise.message));
    }
  }
}

void Replica::Flush() {
  HandOver();
  while (core_.HasOutput()) {
    core_.TakeOutput(output_);
    CarryOut();
  }
  Execute();
  Notify();
  core_.TrimWindowTo(executed_);
}

void Replica::CarryOut() {
  if (output_.truncated_to) Truncated(*output_.truncated_to);
  Store();
  if (output_.role_changed) machine_.OnRoleChanged();
  for (const NodeId follower : output_.snapshots_needed) machine_.OnSnapshotNeeded(follower);
}

// Work for the log, and a ticket for what waits for it.
void Replica::Store() {
  const bool stores = output_.hard_state || !output_.entries.empty();
  if (stores) {
    const Index last = output_.entries.empty() ? 0 : output_.entries.back().index;
    if (last != 0) {
      // A write that is still under way may hold entries which these replace.
      const Index kept = output_.entries.front().index - 1;
      for (Stored& earlier : in_flight_) earlier.last = std::min(earlier.last, kept);
    }
    in_flight_.push_back({++last_ticket_, last, output_.hard_state.has_value(), {}});
    if (output_.hard_state) ++hard_states_in_flight_;
  }
  SendMessages();
  // Last, since a log that needs no disk may report back from within.
  if (stores) log_.Store(last_ticket_, output_.hard_state, output_.entries);
}

// A leader's appends leave while its own write is under way (Raft thesis §10.2.1). A vote or an
// acknowledgement is a promise, and waits until what it promises is on disk (§3.8). While a term or
// a vote is on its way to the disk every message waits: all of them speak for that term.
void Replica::SendMessages() {
  for (Core::Envelope& envelope : output_.messages) {
    const bool waits = !in_flight_.empty() && (envelope.promise || hard_states_in_flight_ > 0);
    if (waits) {
      in_flight_.back().promises.push_back(std::move(envelope));
    } else {
      transport_.Send(envelope.to, std::move(envelope.message));
    }
  }
}

void Replica::HandOver() {
  // Taken out first: the state machine may call SnapshotInstalled.
  auto chunks = std::exchange(chunks_, {});
  for (const auto& [from, chunk] : chunks) {
    if (chunk.term == core_.term()) machine_.OnSnapshotChunk(from, chunk);
  }
  auto replies = std::exchange(snapshot_replies_, {});
  for (const auto& [from, reply] : replies) machine_.OnSnapshotReply(from, reply);
}

void Replica::Truncated(Index last_kept) {
  if (executed_command_ > last_kept) {
    rebuilding_ = true;
    core_.SetMayLead(false);
    machine_.OnTruncated(last_kept);
  }
  executed_ = std::min(executed_, last_kept);
  executed_command_ = std::min(executed_command_, last_kept);
}

// A leader runs its whole log, committed or not, before it serves: what it proposes next builds on
// it. A follower runs what is committed.
void Replica::Execute() {
  constexpr size_t kBytesPerFlush = 256 << 10;
  const bool leads = core_.role() == Role::kLeader;
  size_t done_bytes = 0;
  more_to_apply_ = false;
  while (!rebuilding_) {
    const Index limit = leads ? core_.last().index : core_.commit();
    if (executed_ >= limit) return;
    // Whoever waits for its turn, heartbeats above all, must not wait for a whole log.
    if (done_bytes >= kBytesPerFlush) {
      more_to_apply_ = true;
      return;
    }
    if (const Entry* entry = core_.log().Find(executed_ + 1)) {
      done_bytes += ExecuteOne(*entry);
      continue;
    }
    read_.clear();
    // Nothing to read means that the disk failed: we stay where we are, and do not serve.
    if (!core_.log().Read(executed_ + 1, kBytesPerFlush, read_) || read_.empty()) return;
    for (const Entry& entry : read_) {
      if (entry.index <= limit) done_bytes += ExecuteOne(entry);
    }
  }
}

// Returns what it cost, about.
size_t Replica::ExecuteOne(const Entry& entry) {
  constexpr size_t kEntryBytes = 64;
  assert(entry.index == executed_ + 1);  // In order, none twice.
  executed_ = entry.index;
  if (entry.kind == EntryKind::kCommands) {
    executed_command_ = entry.index;
    machine_.Apply(entry);
  }
  return kEntryBytes + entry.payload_bytes();
}

void Replica::Notify() {
  if (core_.commit() == notified_commit_) return;
  notified_commit_ = core_.commit();
  machine_.OnCommitted(notified_commit_);
}

bool Replica::IsServing() const {
  return core_.OwnTermCommitted() && executed_ >= core_.first_own() && !rebuilding_;
}

bool Replica::HasLease(uint64_t now_ms) const { return core_.HasLease(now_ms); }
uint64_t Replica::StartRead() { return core_.StartRead(); }
uint64_t Replica::ReadConfirmed() const { return core_.ReadConfirmed(); }
void Replica::TransferLeadership(NodeId to) { core_.TransferLeadership(to); }
void Replica::Suspect(NodeId node) { core_.Suspect(node); }
void Replica::SnapshotSent(NodeId follower, bool ok) { core_.SnapshotSent(follower, ok); }
void Replica::TrimWindow(Index up_to) { core_.TrimWindow(std::min(up_to, executed_)); }

bool Replica::WantsSnapshot(const SnapshotInfo& info) const {
  return info.last.index > core_.commit();
}

void Replica::SnapshotInstalled(const SnapshotInfo& info) {
  // If the log went past it while it was installed, Execute runs what follows once more.
  if (core_.SnapshotInstalled(info)) {
    for (Stored& earlier : in_flight_) earlier.last = 0;
    log_.ResetTo(info);
  }
  executed_ = info.last.index;
  executed_command_ = info.last.index;
  rebuilding_ = false;
  core_.SetMayLead(true);
}

void Replica::Rebuilt(Index executed) {
  if (!rebuilding_) return;  // A snapshot came in the meantime.
  assert(executed <= core_.commit());
  executed_ = executed;  // executed_command_ stays: replies may still wait for entries above.
  rebuilding_ = false;
  core_.SetMayLead(true);
}

}  // namespace raft
