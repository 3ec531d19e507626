#include "raft/core/core.h"

#include <cassert>

namespace raft {

void Core::Output::Clear() {
  hard_state.reset();
  truncated_to.reset();
  entries.clear();
  messages.clear();
  snapshots_needed.clear();
  role_changed = false;
}

Core::Core(const Options& options, const Restored& restored, const LogReader& log)
    : options_(options),
      log_(log, restored.snapshot.last, restored.last),
      history_(restored.snapshot.last.index, restored.snapshot.configuration),
      term_(restored.hard_state.term),
      voted_for_(restored.hard_state.voted_for),
      commit_(restored.snapshot.last.index),
      random_(options.seed * 0x9E3779B97F4A7C15u + options.id + 1) {
  assert(options.id != kNobody);
  assert(term_ >= restored.last.term);  // The term is stored before or with its first entry.
  RestoreConfigurations(log);
  // Before the crash we may have acknowledged a leader whose lease still runs.
  if (term_ > 0) no_vote_until_ms_ = UINT64_MAX;
}

void Core::RestoreConfigurations(const LogReader& log) {
  constexpr size_t kReadBytes = 1 << 20;
  Index next = log_.last().index == commit_ ? kIndexMax : commit_ + 1;
  while (next <= log_.last().index) {
    const std::vector<Entry> entries = log.Read(next, kReadBytes);
    if (entries.empty()) return;  // Its owner has checked the log; nothing more can be said here.
    for (const Entry& entry : entries) {
      if (entry.index > log_.last().index) return;
      if (entry.kind == EntryKind::kConfiguration && entry.payload) {
        if (auto read = DecodeConfiguration(*entry.payload)) {
          history_.Append(entry.index, std::move(*read));
        }
      }
    }
    next = entries.back().index + 1;
  }
}

void Core::Start() {
  started_ = true;
  if (no_vote_until_ms_ != 0) no_vote_until_ms_ = now_ms_ + options_.election_timeout_ms;
  SetElectionTimer();
  const bool first_of_all = options_.campaigns_first && term_ == 0 && log_.last().index == 0;
  // Of a sole voter, nobody else can lead.
  if (IsSoleVoter() || first_of_all) election_deadline_ms_ = now_ms_;
}

void Core::Tick(uint64_t now_ms) {
  assert(now_ms >= now_ms_);
  now_ms_ = now_ms;
  if (!started_) Start();
  if (role_ == Role::kLeader) return TickLeader();
  if (now_ms_ >= election_deadline_ms_ && MayCampaign()) StartPreVote();
  if (!votes_.empty() && now_ms_ >= next_request_ms_) RequestVotes();
}

bool Core::Step(NodeId from, const Message& message) {
  if (from == kNobody || from == options_.id) return false;
  if (TermOf(message) > kTermMax || IsDisruptive(message)) return false;

  // Asking for a vote before the term exists, or a promise for it, makes no term.
  const auto* pre_vote = std::get_if<PreVoteReply>(&message);
  const bool hypothetical =
      std::holds_alternative<PreVoteRequest>(message) || (pre_vote != nullptr && pre_vote->granted);
  if (!hypothetical && TermOf(message) > term_) BecomeFollower(TermOf(message));  // Figure 2.

  const bool taken = std::visit([&](const auto& m) { return On(from, m); }, message);
  CheckInvariants();
  return taken;
}

void Core::StoredUpTo(Index index) {
  if (index <= log_.stored()) return;
  log_.StoredUpTo(index);
  if (role_ == Role::kLeader) MaybeCommit();  // Only now a leader counts its own copy (FAULTS C17).
}

bool Core::SnapshotInstalled(const SnapshotInfo& info) {
  if (info.last.index <= commit_)
    return false;  // Late, and never moves anything back (FAULTS C11).
  if (role_ != Role::kFollower) BecomeFollower(term_);

  pending_.truncated_to.reset();  // Whatever was executed is no longer in the state machine.

  // What follows in the log is not touched: it may be acknowledged already (FAULTS C13).
  const bool keeps_log = log_.TermAt(info.last.index) == info.last.term;
  if (keeps_log) {
    log_.MoveBase(info.last);
    CommitTo(info.last.index);
  } else {
    log_.ResetTo(info.last);
    history_ = ConfigurationHistory(info.last.index, info.configuration);
    commit_ = info.last.index;
  }
  if (leader_ != kNobody) Promise(leader_, AppendReply{.term = term_, .match = info.last.index});
  return !keeps_log;
}

void Core::TrimWindowTo(Index executed) {
  const Index done = std::min(executed, commit_);
  if (role_ == Role::kLeader) {
    Index everywhere = done;  // What every follower has, none will ask for.
    for (const Progress& follower : followers_) everywhere = std::min(everywhere, follower.match);
    log_.Release(everywhere);
  }
  log_.ReleaseAbove(options_.window_bytes_max, done);
}

bool Core::HasOutput() const {
  return hard_state_dirty_ || log_.HasUnstored() || appends_due_ || !pending_.messages.empty() ||
         (role_ == Role::kLeader && rounds_.pending()) || pending_.role_changed ||
         pending_.truncated_to.has_value() || !pending_.snapshots_needed.empty();
}

void Core::TakeOutput(Output& output) {
  output.Clear();
  std::swap(output, pending_);

  if (hard_state_dirty_) output.hard_state = HardState{term_, voted_for_};
  hard_state_dirty_ = false;
  log_.TakeUnstored(output.entries);

  if (role_ != Role::kLeader) return;
  std::swap(output, pending_);  // What follows emits, behind what was emitted before.
  if (rounds_.pending()) SendHeartbeats();
  if (appends_due_) {
    appends_due_ = false;
    for (Progress& follower : followers_) SendAppends(follower);
  }
  std::swap(output, pending_);
}

void Core::Emit(NodeId to, Message message, bool promise) {
  pending_.messages.push_back({to, std::move(message), promise});
}

bool Core::IsSoleVoter() const {
  const Configuration& now = configuration();
  return !now.joint() && now.voters.size() == 1 && now.voters[0] == options_.id;
}

// SplitMix64.
uint64_t Core::Random(uint64_t bound) {
  random_ += 0x9E3779B97F4A7C15u;
  uint64_t z = random_;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return (z ^ (z >> 31)) % bound;
}

void Core::CheckInvariants() const {
  assert(commit_ <= log_.last().index);  // Nothing is committed that is not here.
  assert(log_.last().term <= term_);     // Entries come from terms that have begun.
  assert(log_.stored() <= log_.last().index);
  assert(role_ != Role::kLeader || leader_ == options_.id);
  assert(role_ != Role::kLeader || voted_for_ == options_.id);
  assert(role_ != Role::kLeader || first_own_ <= log_.last().index);
}

}  // namespace raft
