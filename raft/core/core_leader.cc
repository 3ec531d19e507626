// Core: leading. Replication (Raft paper §5.3), commitment (§5.4.2), membership (§6, thesis §4),
// leases and reads (thesis §6.4), transfer (thesis §3.10).
#include <cassert>

#include "raft/core/core.h"
#include "raft/core/quorum.h"

namespace raft {

void Core::TickLeader() {
  if (!followers_.empty() && now_ms_ >= next_heartbeat_ms_) {
    next_heartbeat_ms_ = now_ms_ + options_.heartbeat_interval_ms;
    rounds_.Open();
    transfer_asked_ = false;  // The first TimeoutNow may have been lost.
    MaybeTimeoutNow();
  }
  if (transferring() && now_ms_ >= transfer_deadline_ms_) {
    EndTransfer();
    // A TimeoutNow that left may still arrive some day, so this term has no lease any more; the
    // next one has, and it has no use for that TimeoutNow.
    if (timeout_now_sent_ && MayCampaign()) {
      BecomeFollower(term_);
      return Campaign(/*forced=*/true);
    }
  }

  // Check-quorum: who cannot reach a majority makes way, instead of misleading its clients (C24).
  const uint64_t heard_quorum_ms = std::max(confirmed_sent_ms_, leader_since_ms_);
  if (!IsSoleVoter() && now_ms_ - heard_quorum_ms >= options_.election_timeout_ms) {
    BecomeFollower(term_);
  }
}

bool Core::CanPropose() const {
  return role_ == Role::kLeader && !transferring() && !timeout_now_sent_ &&
         uncommitted_bytes_ < options_.uncommitted_bytes_max;
}

std::optional<Index> Core::Propose(EntryKind kind, Payload payload) {
  assert(kind != EntryKind::kConfiguration);  // ProposeConfiguration knows the rules for those.
  // CanPropose is asked before a command runs; once it has run, nothing but leadership that was
  // lost or handed over refuses.
  if (role_ != Role::kLeader || (transferring() && timeout_now_sent_)) return std::nullopt;
  AppendOwn(kind, std::move(payload));
  return log_.last().index;
}

void Core::AppendOwn(EntryKind kind, Payload payload) {
  uncommitted_bytes_ += payload ? payload->size() : 0;
  log_.Append({term_, log_.last().index + 1, kind, std::move(payload)});
  appends_due_ = !followers_.empty();
}

bool Core::ConfigurationChanging() const {
  return history_.current_index() > commit_ || configuration().joint();
}

bool Core::ProposeConfiguration(const Configuration& target) {
  if (!OwnTermCommitted() || transferring() || ConfigurationChanging()) return false;
  if (target.joint() || !IsSound(target)) return false;
  AppendConfiguration(StepTowards(configuration(), target));
  return true;
}

void Core::AppendConfiguration(const Configuration& next) {
  AppendOwn(EntryKind::kConfiguration,
            std::make_shared<const std::string>(EncodeConfiguration(next)));
  history_.Append(log_.last().index, next);
  ConfigurationChanged();
  appends_due_ = !followers_.empty();
}

// Brings `followers_` in line with the configuration. What is known of those who stay is kept.
void Core::ConfigurationChanged() {
  const Configuration& now = configuration();
  std::erase_if(followers_, [&](const Progress& p) { return !now.IsMember(p.id); });
  for (const auto* list : {&now.voters, &now.outgoing, &now.learners}) {
    for (const NodeId id : *list) {
      if (id == options_.id || Find(id) != nullptr) continue;
      followers_.emplace_back(
          id, log_.last().index + 1,
          Inflights::Limits{options_.inflight_messages_max, options_.inflight_bytes_max});
    }
  }
  // Other voters, other majority: a lease that the old one gave is counted anew.
  confirmed_sent_ms_ = 0;
  leader_since_ms_ = now_ms_;
  UpdateConfirmed();
  if (transferring() && !now.IsVoter(transfer_to_)) EndTransfer();
}

Progress* Core::Find(NodeId id) {
  for (Progress& follower : followers_) {
    if (follower.id == id) return &follower;
  }
  return nullptr;
}

// Commits only by counting copies of an entry of this term; older ones follow. Raft paper figure 8.
void Core::MaybeCommit() {
  const Index stored = QuorumValue(configuration(), [&](NodeId id) -> uint64_t {
    if (id == options_.id) return log_.stored();
    const Progress* follower = Find(id);
    return follower == nullptr ? 0 : follower->match;
  });
  if (stored <= commit_ || log_.TermAt(stored) != term_) return;

  for (Index index = std::max(commit_ + 1, first_own_); index <= stored; ++index) {
    uncommitted_bytes_ -= log_.Find(index)->payload_bytes();
  }
  CommitTo(stored);
  AfterConfigurationCommit();
}

void Core::AfterConfigurationCommit() {
  if (history_.current_index() > commit_) return;
  if (configuration().joint()) return AppendConfiguration(LeaveJoint(configuration()));
  if (configuration().IsVoter(options_.id)) return;

  // This change removed us. The others learn that it is committed, and elect one of them.
  rounds_.Open();
  SendHeartbeats();
  BecomeFollower(term_);
}

void Core::TransferLeadership(NodeId to) {
  if (role_ != Role::kLeader || to == options_.id || !configuration().IsVoter(to)) return;
  if (transfer_to_ == to) return;
  transfer_to_ = to;
  transfer_deadline_ms_ = now_ms_ + options_.election_timeout_ms;
  transfer_asked_ = false;
  pending_.role_changed = true;  // From here on there is no lease and no proposal.
  MaybeTimeoutNow();
}

void Core::MaybeTimeoutNow() {
  if (!transferring() || transfer_asked_) return;
  const Progress* target = Find(transfer_to_);
  if (target == nullptr || target->match != log_.last().index) return;
  transfer_asked_ = true;
  timeout_now_sent_ = true;
  Send(transfer_to_, TimeoutNow{.term = term_});
}

void Core::EndTransfer() {
  if (!transferring()) return;
  transfer_to_ = kNobody;
  pending_.role_changed = true;
}

uint64_t Core::StartRead() {
  if (role_ != Role::kLeader) return UINT64_MAX;  // Never confirmed.
  return rounds_.Open();
}

uint64_t Core::ReadConfirmed() const {
  if (!OwnTermCommitted()) return 0;  // What earlier terms committed is not known yet (FAULTS C3).
  return IsSoleVoter() ? rounds_.current() : confirmed_round_;
}

bool Core::HasLease(uint64_t now_ms) const {
  if (!OwnTermCommitted() || transferring() || timeout_now_sent_) return false;
  if (IsSoleVoter()) return true;
  return confirmed_sent_ms_ != 0 && now_ms < confirmed_sent_ms_ + LeaseMs();
}

void Core::UpdateConfirmed() {
  confirmed_round_ = QuorumValue(configuration(), [&](NodeId id) -> uint64_t {
    if (id == options_.id) return rounds_.last_sent();
    const Progress* follower = Find(id);
    return follower == nullptr ? 0 : follower->confirmed_round;
  });
  if (const auto sent_ms = rounds_.SentAt(confirmed_round_)) confirmed_sent_ms_ = *sent_ms;
}

bool Core::Confirm(Progress& follower, uint64_t round) {
  if (round > rounds_.last_sent()) return false;  // It cannot have heard of that one.
  if (round <= follower.confirmed_round) return true;
  follower.confirmed_round = round;
  UpdateConfirmed();
  return true;
}

void Core::SendHeartbeats() {
  rounds_.MarkSent(now_ms_);
  for (const Progress& follower : followers_) {
    Send(follower.id, Heartbeat{.term = term_,
                                .commit = std::min(follower.match, commit_),
                                .round = rounds_.last_sent()});
  }
}

void Core::SendAppends(Progress& follower) {
  while (!follower.Paused()) {
    const bool probing = follower.state == Progress::State::kProbe;
    if (!probing && follower.next > log_.last().index) return;

    const std::optional<Term> prev_term = log_.TermAt(follower.next - 1);
    Append append{.term = term_,
                  .prev = {prev_term.value_or(0), follower.next - 1},
                  .commit = commit_,
                  .round = rounds_.last_sent(),
                  .entries = {}};
    if (!prev_term || !log_.Read(follower.next, options_.append_bytes_max, append.entries)) {
      follower.BecomeSnapshot();
      pending_.snapshots_needed.push_back(follower.id);
      return;
    }
    if (probing) {
      follower.probe_sent = true;
    } else {
      size_t bytes = 0;
      for (const Entry& entry : append.entries) bytes += entry.payload_bytes();
      follower.next = append.entries.back().index + 1;
      follower.inflights.Add(append.entries.back().index, bytes);
    }
    Send(follower.id, std::move(append));
  }
}

bool Core::On(NodeId from, const AppendReply& reply) {
  Progress* follower = role_ == Role::kLeader ? Find(from) : nullptr;
  if (follower == nullptr || reply.term != term_) return false;
  if (reply.match > log_.last().index || !Confirm(*follower, reply.round)) return false;
  if (reply.rejected) {
    OnRejected(*follower, reply);
    return true;
  }

  const bool news = follower->Acknowledge(reply.match);
  follower->moved = follower->moved || news;
  switch (follower->state) {
    case Progress::State::kProbe:
      // Only an answer to what was probed: a late one says less than we knew.
      if (reply.match + 1 >= follower->next || news) follower->BecomeReplicate();
      break;
    case Progress::State::kSnapshot:
      if (news && log_.TermAt(reply.match)) follower->BecomeProbe(reply.match + 1);
      break;
    case Progress::State::kReplicate:
      break;
  }
  appends_due_ = appends_due_ || follower->next <= log_.last().index;
  if (news) MaybeCommit();
  if (role_ == Role::kLeader) MaybeTimeoutNow();
  return true;
}

void Core::OnRejected(Progress& follower, const AppendReply& reply) {
  if (follower.state == Progress::State::kSnapshot || reply.prev <= follower.match) return;
  if (follower.state == Progress::State::kProbe && reply.prev != follower.next - 1) return;
  if (reply.prev > log_.last().index) return;

  // Both sides skip whole terms in which the logs cannot be equal. Raft paper §5.3, last part.
  const Position equal =
      log_.LastNotAbove(reply.hint.term, std::min(reply.hint.index, reply.prev - 1));
  follower.BecomeProbe(std::max(equal.index, follower.match) + 1);
  appends_due_ = true;
}

bool Core::On(NodeId from, const HeartbeatReply& reply) {
  Progress* follower = role_ == Role::kLeader ? Find(from) : nullptr;
  if (follower == nullptr || reply.term != term_) return false;
  if (!Confirm(*follower, reply.round)) return false;

  if (follower->state == Progress::State::kProbe) {
    follower->probe_sent = false;  // The probe or its answer may have been lost.
    appends_due_ = true;
  } else if (follower->state == Progress::State::kReplicate && !follower->moved &&
             follower->match < log_.last().index) {
    // It answers but does not move: ask where it stands, since appends may have been lost.
    if (const auto prev_term = log_.TermAt(follower->next - 1)) {
      Send(from, Append{.term = term_,
                        .prev = {*prev_term, follower->next - 1},
                        .commit = commit_,
                        .round = rounds_.last_sent(),
                        .entries = {}});
    } else {
      follower->BecomeProbe(follower->match + 1);
      appends_due_ = true;
    }
  }
  follower->moved = false;
  return true;
}

bool Core::On(NodeId from, const SnapshotReply& reply) {
  return role_ == Role::kLeader && reply.term == term_ && Find(from) != nullptr;
}

void Core::SnapshotSent(NodeId node, bool ok) {
  Progress* follower = role_ == Role::kLeader ? Find(node) : nullptr;
  if (follower == nullptr || follower->state != Progress::State::kSnapshot) return;
  // Its refusal will say where it stands. After a failure that waits for its next heartbeat reply,
  // so that a follower that cannot take snapshots costs little.
  follower->BecomeProbe(ok ? log_.last().index + 1 : follower->next);
  follower->probe_sent = !ok;
  appends_due_ = appends_due_ || ok;
}

}  // namespace raft
