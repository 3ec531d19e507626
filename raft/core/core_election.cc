// Core: who leads. Raft paper §5.2 and §5.4.1, pre-vote (thesis §9.6), transfer (thesis §3.10).
#include <cassert>

#include "raft/core/core.h"
#include "raft/core/quorum.h"

namespace raft {

bool Core::MayCampaign() const {
  // Learners, strangers, and a group that has not been told its members wait.
  return may_lead_ && configuration().IsVoter(options_.id);
}

uint64_t Core::LeaseMs() const {
  return options_.lease_ms != 0 ? options_.lease_ms : options_.election_timeout_ms * 9 / 10;
}

// True while a leader that we answered may hold a lease that counts on us. What matters is when we
// last heard any leader, not whom we follow now: a newer term does not end the older one's lease.
bool Core::LeaderMayBeAlive() const {
  if (role_ == Role::kLeader) return true;
  return now_ms_ < no_vote_until_ms_;
}

// A node that does not hear our leader must not bring it down. Raft thesis §4.2.3.
bool Core::IsDisruptive(const Message& message) const {
  if (std::holds_alternative<PreVoteRequest>(message)) return LeaderMayBeAlive();
  const auto* vote = std::get_if<VoteRequest>(&message);
  return vote != nullptr && !vote->forced && LeaderMayBeAlive();
}

void Core::SetElectionTimer() {
  const uint64_t timeout = options_.election_timeout_ms;
  election_deadline_ms_ = now_ms_ + timeout + Random(timeout * 6 / 10 + 1);
  yielded_to_ = kNobody;
}

void Core::HeardFrom(NodeId leader) {
  if (leader_ != leader) pending_.role_changed = true;
  leader_ = leader;
  heard_ = true;
  suspected_ = false;
  heard_ms_ = now_ms_;
  no_vote_until_ms_ = now_ms_ + options_.election_timeout_ms;
  SetElectionTimer();
}

// The owner believes that `node` is dead, and may be wrong: its lease is still waited for, but not
// the rest of the randomised timeout. The voters take turns by rank, so that they do not split.
void Core::Suspect(NodeId node) {
  if (node != leader_ || role_ != Role::kFollower || !heard_ || suspected_) return;
  suspected_ = true;

  uint64_t rank = 0;
  for (const NodeId voter : configuration().voters) {
    if (voter == options_.id) break;
    if (voter != node) ++rank;
  }
  const uint64_t lease_end_ms = heard_ms_ + (LeaseMs() * 10 + 8) / 9;
  no_vote_until_ms_ = std::min(no_vote_until_ms_, lease_end_ms);
  election_deadline_ms_ = std::max(lease_end_ms, now_ms_) +
                          std::min<uint64_t>(rank, 3) * options_.election_timeout_ms / 5;
  if (now_ms_ >= election_deadline_ms_ && MayCampaign()) StartPreVote();
}

void Core::BecomeFollower(Term term) {
  assert(term >= term_);
  if (term > term_) {
    term_ = term;
    voted_for_ = kNobody;
    hard_state_dirty_ = true;
  }
  if (role_ == Role::kLeader) {
    EndTransfer();
    followers_.clear();
    appends_due_ = false;
  }
  role_ = Role::kFollower;
  leader_ = kNobody;
  votes_.clear();
  pending_.role_changed = true;
  SetElectionTimer();
}

void Core::StartPreVote() {
  role_ = Role::kPreCandidate;
  leader_ = kNobody;
  pending_.role_changed = true;
  SetElectionTimer();
  votes_.clear();
  votes_.push_back({options_.id, true});
  if (WonVote()) return Campaign(/*forced=*/false);
  RequestVotes();
}

void Core::Campaign(bool forced) {
  assert(MayCampaign());
  ++term_;
  voted_for_ = options_.id;
  hard_state_dirty_ = true;
  role_ = Role::kCandidate;
  leader_ = kNobody;
  pending_.role_changed = true;
  SetElectionTimer();
  votes_.clear();
  votes_.push_back({options_.id, true});
  if (WonVote()) return BecomeLeader();
  forced_ = forced;
  RequestVotes();
}

// Asks those who have not answered, and again after a while: requests get lost, and a voter that
// still waits for the old leader's lease to end says nothing.
void Core::RequestVotes() {
  next_request_ms_ = now_ms_ + options_.heartbeat_interval_ms / 2;
  std::vector<NodeId> asked;
  const auto ask = [&](NodeId voter) {
    const bool answered = std::any_of(votes_.begin(), votes_.end(),
                                      [&](const Vote& vote) { return vote.from == voter; });
    if (answered || std::find(asked.begin(), asked.end(), voter) != asked.end()) return;
    asked.push_back(voter);
    if (role_ == Role::kPreCandidate) {
      Send(voter, PreVoteRequest{.term = term_ + 1, .last = log_.last()});
    } else {
      // Our own vote is on disk before anyone can answer it (FAULTS C1).
      Promise(voter, VoteRequest{.term = term_, .last = log_.last(), .forced = forced_});
    }
  };
  // Ourselves are among those who have answered.
  for (const NodeId voter : configuration().voters) ask(voter);
  for (const NodeId voter : configuration().outgoing) ask(voter);
}

void Core::BecomeLeader() {
  assert(role_ == Role::kCandidate);
  assert(voted_for_ == options_.id);
  role_ = Role::kLeader;
  leader_ = options_.id;
  votes_.clear();
  pending_.role_changed = true;

  followers_.clear();
  first_own_ = log_.last().index + 1;
  uncommitted_bytes_ = 0;
  timeout_now_sent_ = false;
  transfer_to_ = kNobody;
  ConfigurationChanged();

  confirmed_round_ = 0;
  confirmed_sent_ms_ = 0;
  leader_since_ms_ = now_ms_;
  next_heartbeat_ms_ = now_ms_ + options_.heartbeat_interval_ms;
  rounds_.Open();
  AppendOwn(EntryKind::kNoop, nullptr);  // Commits what earlier terms left. Raft paper §8.
}

void Core::CountVote(NodeId from, bool granted) {
  for (const Vote& vote : votes_) {
    if (vote.from == from) return;  // A duplicate, or a later change of mind: the first one counts.
  }
  votes_.push_back({from, granted});
}

bool Core::WonVote() const {
  return IsQuorum(configuration(), [&](NodeId id) {
    return std::any_of(votes_.begin(), votes_.end(),
                       [&](const Vote& vote) { return vote.from == id && vote.granted; });
  });
}

bool Core::LostVote() const {  // No quorum is left even if all who are silent agree.
  return !IsQuorum(configuration(), [&](NodeId id) {
    return std::none_of(votes_.begin(), votes_.end(),
                        [&](const Vote& vote) { return vote.from == id && !vote.granted; });
  });
}

bool Core::On(NodeId from, const PreVoteRequest& request) {
  const bool granted = request.term > term_ && request.last >= log_.last();
  if (granted && yielded_to_ == kNobody) {
    // Let it try before we do, or the vote may split. Once: it may be unable to win.
    yielded_to_ = from;
    const uint64_t turn_ms = now_ms_ + options_.election_timeout_ms / 5;
    election_deadline_ms_ = std::max(election_deadline_ms_, turn_ms);
  }
  // A refusal names our term, so that a candidate that is behind catches up.
  Send(from, PreVoteReply{.term = granted ? request.term : term_, .granted = granted});
  return true;
}

bool Core::On(NodeId from, const PreVoteReply& reply) {
  if (role_ != Role::kPreCandidate) return false;
  if (reply.granted && reply.term != term_ + 1) return false;  // To an earlier question.
  CountVote(from, reply.granted);
  if (WonVote()) {
    Campaign(/*forced=*/false);
  } else if (LostVote()) {
    BecomeFollower(term_);
  }
  return true;
}

// One vote per term, and only for a log at least as complete as ours, so that whoever wins holds
// every committed entry. Raft paper §5.2 and §5.4.1.
bool Core::On(NodeId from, const VoteRequest& request) {
  assert(request.term <= term_);  // Step has adopted any newer term.

  const bool same_term = request.term == term_;
  const bool vote_is_free = voted_for_ == kNobody || voted_for_ == from;
  const bool log_is_complete = request.last >= log_.last();  // Compares term, then index.

  const bool granted = same_term && vote_is_free && log_is_complete && leader_ == kNobody;
  if (granted) {
    assert(role_ == Role::kFollower || role_ == Role::kPreCandidate);
    if (role_ != Role::kFollower) BecomeFollower(term_);
    if (voted_for_ != from) hard_state_dirty_ = true;
    voted_for_ = from;
    SetElectionTimer();
  }
  Promise(from, VoteReply{.term = term_, .granted = granted});
  return true;
}

bool Core::On(NodeId from, const VoteReply& reply) {
  if (role_ != Role::kCandidate || reply.term != term_) return false;
  CountVote(from, reply.granted);
  if (WonVote()) {
    BecomeLeader();
  } else if (LostVote()) {
    BecomeFollower(term_);
  }
  if (!reply.granted && role_ != Role::kLeader) {
    // Most likely the vote is split, and nobody holds a lease: try again soon, but not in step.
    const uint64_t timeout = options_.election_timeout_ms;
    const uint64_t retry_ms = now_ms_ + timeout / 10 + Random(timeout / 2 + 1);
    election_deadline_ms_ = std::min(election_deadline_ms_, retry_ms);
  }
  return true;
}

bool Core::On(NodeId from, const TimeoutNow& message) {
  if (message.term != term_ || from != leader_ || role_ != Role::kFollower) return false;
  if (!MayCampaign()) return false;  // FAULTS C25.
  Campaign(/*forced=*/true);
  return true;
}

}  // namespace raft
