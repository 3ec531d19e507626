// Consensus for one group: a pure, deterministic state machine. It takes messages, ticks, proposals
// and "stored up to" notices; TakeOutput says what to send, to store, and what else came of them.
//
// No I/O, no clock, no thread. Time is the monotonic milliseconds that Tick is given, randomness a
// seed. Sources: the Raft paper, Ongaro's thesis, and the design of etcd's raft.
//
// The lease is only as good as the time it is told: Tick with a clock read *after* the bytes of a
// message have arrived, then Step it; and ask HasLease with a clock read just then (FAULTS C4, C6).
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "raft/core/configuration.h"
#include "raft/core/log.h"
#include "raft/core/message.h"
#include "raft/core/progress.h"
#include "raft/core/rounds.h"
#include "raft/core/types.h"

namespace raft {

enum class Role : uint8_t { kFollower, kPreCandidate, kCandidate, kLeader };

class Core {
 public:
  struct Options {
    NodeId id = kNobody;
    uint64_t seed = 1;
    // A follower that hears no leader campaigns after 1 to 1.6 times this, and grants no vote
    // before.
    uint64_t election_timeout_ms = 500;
    uint64_t heartbeat_interval_ms = 50;
    // In a group without any history this member campaigns at once, so that leaders begin where
    // they are wanted.
    bool campaigns_first = false;
    // How long a confirmed round lets a leader answer reads, from when it was sent. 0 means 0.9
    // times the election timeout. Equal on all nodes: on suspicion a voter waits 10/9 of it, and no
    // longer.
    uint64_t lease_ms = 0;
    size_t append_bytes_max = 1 << 20;
    size_t inflight_bytes_max = 4 << 20;  // For each follower.
    size_t inflight_messages_max = 256;
    size_t uncommitted_bytes_max = 64 << 20;  // Proposals are refused beyond it.
    size_t window_bytes_max = 32 << 20;       // Entries kept in memory for followers.
  };

  // What survived the restart.
  struct Restored {
    HardState hard_state = {};
    SnapshotInfo snapshot = {};
    Position last = {};
  };

  struct Envelope {
    NodeId to;
    Message message;
    // Holds only once everything handed out to be stored so far, this output's included, is
    // durable.
    bool promise;
  };

  struct Output {
    std::optional<HardState> hard_state;
    std::optional<Index> truncated_to;  // Entries above were replaced.
    std::vector<Entry> entries;         // To store, contiguous.
    std::vector<Envelope> messages;
    std::vector<NodeId> snapshots_needed;
    bool role_changed = false;

    void Clear();
  };

  // `log` must outlive the core. It is read at once, for the configurations in it.
  Core(const Options& options, const Restored& restored, const LogReader& log);

  void Tick(uint64_t now_ms);
  // Whatever `message` says, nothing is asserted on it. Returns false if it was ignored.
  bool Step(NodeId from, const Message& message);

  // Appends at the end of the log. Ask CanPropose before what is proposed has been executed: from
  // then on only lost leadership refuses.
  std::optional<Index> Propose(EntryKind kind, Payload payload);
  bool CanPropose() const;
  // Starts the change to these voters and learners; the core leaves the joint configuration by
  // itself. False if this is not a leader with a committed entry of its own, or a change is under
  // way (FAULTS C7), or `target` is not sound.
  bool ProposeConfiguration(const Configuration& target);

  void StoredUpTo(Index index);

  bool HasOutput() const;
  // Replaces `output`, whose memory is used again.
  void TakeOutput(Output& output);

  void TransferLeadership(NodeId to);
  void Suspect(NodeId node);
  void SnapshotSent(NodeId follower, bool ok);
  // The state machine equals the snapshot. Returns true if the log was dropped: it goes on after
  // it.
  bool SnapshotInstalled(const SnapshotInfo& info);
  // A replica that is rebuilding its state does not campaign.
  void SetMayLead(bool may_lead) { may_lead_ = may_lead; }
  void TrimWindow(Index up_to) { log_.Release(std::min(up_to, commit_)); }
  // Forgets what followers are unlikely to need. `executed`: the owner needs nothing up to there.
  void TrimWindowTo(Index executed);

  uint64_t StartRead();
  uint64_t ReadConfirmed() const;
  bool HasLease(uint64_t now_ms) const;

  NodeId id() const { return options_.id; }
  Role role() const { return role_; }
  Term term() const { return term_; }
  NodeId leader() const { return leader_; }  // kNobody if unknown.
  NodeId voted_for() const { return voted_for_; }
  Index commit() const { return commit_; }
  Position last() const { return log_.last(); }
  const Log& log() const { return log_; }
  const Configuration& configuration() const { return history_.current(); }
  // For an index not before the last committed change; ask when a checkpoint is captured.
  const Configuration& ConfigurationAt(Index index) const { return history_.At(index); }
  bool ConfigurationChanging() const;
  bool transferring() const { return transfer_to_ != kNobody; }
  // The leader's first entry of its term; commits before it say nothing. Raft paper §8.
  Index first_own() const { return first_own_; }
  bool OwnTermCommitted() const { return role_ == Role::kLeader && commit_ >= first_own_; }
  const std::vector<Progress>& followers() const { return followers_; }

 private:
  struct Vote {
    NodeId from;
    bool granted;
  };

  // core.cc
  void RestoreConfigurations(const LogReader& log);
  void Start();
  void Send(NodeId to, Message message) { Emit(to, std::move(message), false); }
  void Promise(NodeId to, Message message) { Emit(to, std::move(message), true); }
  void Emit(NodeId to, Message message, bool promise);
  void CheckInvariants() const;
  uint64_t Random(uint64_t bound);
  bool IsSoleVoter() const;

  // core_election.cc
  bool MayCampaign() const;
  bool LeaderMayBeAlive() const;
  bool IsDisruptive(const Message& message) const;
  uint64_t LeaseMs() const;
  void SetElectionTimer();
  void HeardFrom(NodeId leader);
  void BecomeFollower(Term term);
  void StartPreVote();
  void Campaign(bool forced);
  void BecomeLeader();
  void CountVote(NodeId from, bool granted);
  bool WonVote() const;
  bool LostVote() const;
  void RequestVotes();
  bool On(NodeId from, const PreVoteRequest& request);
  bool On(NodeId from, const PreVoteReply& reply);
  bool On(NodeId from, const VoteRequest& request);
  bool On(NodeId from, const VoteReply& reply);
  bool On(NodeId from, const TimeoutNow& message);

  // core_follower.cc
  bool AcceptLeader(NodeId from, Term term);
  bool On(NodeId from, const Append& append);
  bool On(NodeId from, const Heartbeat& heartbeat);
  bool On(NodeId from, const SnapshotChunk& chunk);
  void Take(const Append& append, size_t first_new);
  void TruncateTo(Index last_kept);
  void CommitTo(Index index);

  // core_leader.cc
  void TickLeader();
  void AppendOwn(EntryKind kind, Payload payload);
  void AppendConfiguration(const Configuration& configuration);
  void MaybeCommit();
  void AfterConfigurationCommit();
  void MaybeTimeoutNow();
  void EndTransfer();
  void ConfigurationChanged();
  void UpdateConfirmed();
  void SendHeartbeats();
  void SendAppends(Progress& follower);
  Progress* Find(NodeId id);
  bool Confirm(Progress& follower, uint64_t round);
  void OnRejected(Progress& follower, const AppendReply& reply);
  bool On(NodeId from, const AppendReply& reply);
  bool On(NodeId from, const HeartbeatReply& reply);
  bool On(NodeId from, const SnapshotReply& reply);

  const Options options_;
  Log log_;
  ConfigurationHistory history_;
  Output pending_;

  // On disk before any message that depends on them leaves.
  Term term_;
  NodeId voted_for_;
  bool hard_state_dirty_ = false;

  Role role_ = Role::kFollower;
  NodeId leader_ = kNobody;
  Index commit_;
  bool may_lead_ = true;

  uint64_t random_;
  bool started_ = false;
  uint64_t now_ms_ = 0;
  uint64_t election_deadline_ms_ = 0;
  // Before this moment a leader may hold a lease that rests on us.
  uint64_t no_vote_until_ms_ = 0;
  uint64_t heard_ms_ = 0;
  bool heard_ = false;
  bool suspected_ = false;       // The leader, since we last heard it.
  NodeId yielded_to_ = kNobody;  // Whom we let campaign before us.

  // Of a candidate.
  std::vector<Vote> votes_;
  bool forced_ = false;
  uint64_t next_request_ms_ = 0;

  // Of a leader.
  std::vector<Progress> followers_;  // Every member but this one.
  Rounds rounds_;
  uint64_t confirmed_round_ = 0;
  uint64_t confirmed_sent_ms_ = 0;  // When that round left.
  uint64_t leader_since_ms_ = 0;
  uint64_t next_heartbeat_ms_ = 0;
  Index first_own_ = 0;
  size_t uncommitted_bytes_ = 0;
  bool appends_due_ = false;
  NodeId transfer_to_ = kNobody;
  uint64_t transfer_deadline_ms_ = 0;
  bool transfer_asked_ = false;  // TimeoutNow left for this transfer.
  // Once it left, the next term may begin at any moment, so this one has no lease any more.
  bool timeout_now_sent_ = false;
};

}  // namespace raft
