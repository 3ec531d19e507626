#include "server/partition/partition.h"

#include <algorithm>
#include <cassert>

namespace server {
Partition::Partition(const Options& options, Owner& owner, raft::Transport& transport,
                     std::unique_ptr<raft::LogStorage> log)
    : options_(options),
      owner_(owner),
      transport_(transport),
      log_(std::move(log)),
      keyspace_(std::make_unique<storage::Keyspace>(options.hash_seed)),
      reads_by_round_(options.reads_by_round),
      thresholds_(options.thresholds),
      random_(options.random_seed) {}

Partition::~Partition() { watches_.AllChanged(); }

void Partition::Start(const raft::Replica::Restored& restored) {
  assert(!started());
  keyspace_->set_observer(this);
  replica_ = std::make_unique<raft::Replica>(options_.raft, restored, transport_, *log_, *this);
  commit_ = replica_->core().commit();
  open_index_ = replica_->core().last().index + 1;
}

void Partition::ReplaceKeyspace(std::unique_ptr<storage::Keyspace> keyspace) {
  watches_.AllChanged();
  keyspace_ = std::move(keyspace);
  keyspace_->set_observer(this);
  expire_cursors_.fill(0);
}

void Partition::Rebuilt(std::unique_ptr<storage::Keyspace> keyspace, raft::Index executed) {
  ReplaceKeyspace(std::move(keyspace));
  replica_->Rebuilt(executed);
}

void Partition::InstallSnapshot(std::unique_ptr<storage::Keyspace> keyspace,
                                const raft::SnapshotInfo& info) {
  Seal();  // What has run is in the log now, and runs once more if the log outlives this.
  // A log that does not hold the snapshot's place is dropped, and with it all knowledge of what
  // became of its entries: their indexes say nothing any more.
  const bool keeps_log = replica_->core().log().TermAt(info.last.index) == info.last.term;
  if (!keeps_log && info.last.index > replica_->core().commit()) {
    hazards_.Forget();
    FailGates(commit_, GateFailure::kUnknown);
  }
  ReplaceKeyspace(std::move(keyspace));
  replica_->SnapshotInstalled(info);
  FollowLog();
}

void Partition::SetTime(int64_t wall_ms, uint64_t monotonic_ms) {
  wall_ms_ = wall_ms;
  monotonic_ms_ = std::max(monotonic_ms_, monotonic_ms);
}

raft::NodeId Partition::leader() const {
  return started() ? replica_->core().leader() : raft::kNobody;
}

raft::Index Partition::open_index() const { return open_index_; }

bool Partition::ReadConfirmed(uint64_t round) const { return replica_->ReadConfirmed() >= round; }

Admission Partition::Admit(const Command& command, bool stale, uint64_t monotonic_ms) const {
  if (!started()) return Admission::kLoading;
  // A turn may have taken leadership away and not ended yet.
  const bool leads = serving_ && replica_->IsServing();
  if (!leads) {
    // A follower's memory holds committed state only, unless it led before and waits to be rebuilt.
    if (stale && (command.flags & kWrite) == 0 && !IsLeader() && !replica_->rebuilding()) {
      return Admission::kYes;
    }
    const raft::NodeId leader = replica_->core().leader();
    const bool elsewhere = leader != raft::kNobody && leader != options_.raft.id;
    return elsewhere ? Admission::kMoved : Admission::kNoLeader;
  }
  if ((command.flags & kWrite) != 0) {
    if (!replica_->CanPropose()) return Admission::kNoLeader;
    if (writes_refused_ != Admission::kYes) [[unlikely]]
      return writes_refused_;
    if ((command.flags & kGrows) != 0 && owner_.OutOfMemory()) return Admission::kOutOfMemory;
  }
  if (!reads_by_round_ && !replica_->HasLease(monotonic_ms)) return Admission::kNoLeader;
  return Admission::kYes;
}

Call::Context Partition::ContextFor(const Request& request) {
  return {.keyspace = *keyspace_,
          .database = request.database,
          .now_ms = wall_ms_,
          .applying = false,
          .may_expire = serving_ && replica_->CanPropose(),
          .log = this,
          .gate = this,
          .random = &random_,
          .lookups = request.command != nullptr && (request.command->flags & kRead) != 0
                         ? &key_counts_
                         : nullptr,
          .deaths = &key_counts_,
          .thresholds = &thresholds_};
}

Gate Partition::Execute(const Request& request, resp::Writer& reply) {
  running_ = &request;
  running_wrote_ = false;
  running_read_gate_ = 0;

  Call call(request.args, reply, ContextFor(request));
  if (request.first_key) call.set_first_key(*request.first_key);
  request.command->handler(call);
  running_ = nullptr;

  Gate gate;
  if (running_wrote_) {
    gate.index = open_index_;
    return gate;
  }
  if (running_read_gate_ > commit_) gate.index = running_read_gate_;
  if (reads_by_round_ && serving_) {
    if (turn_read_round_ == 0) turn_read_round_ = replica_->StartRead();
    if (!ReadConfirmed(turn_read_round_)) gate.read = turn_read_round_;
  }
  return gate;
}

void Partition::Watch(int database, std::string_view key, std::shared_ptr<WatchState> watcher) {
  ExpireIfDue(database, key);
  watches_.Add(database, key, std::move(watcher));
}

void Partition::ExpireIfDue(int database, std::string_view key) {
  if (!serving_) return;
  Request request;
  request.database = database;
  running_ = &request;
  resp::Writer nowhere(scratch_, 2);
  Call call({}, nowhere, ContextFor(request));
  call.Find(key);  // Deletes it, and logs that, when its time has come.
  running_ = nullptr;
}

void Partition::AddWaiter(const Gate& gate, uint64_t token) {
  waiters_.push_back({gate, token, monotonic_ms_});
}

void Partition::TakeReady(std::vector<uint64_t>& tokens) {
  while (!waiters_.empty() && IsOpen(waiters_.front().gate)) {
    tokens.push_back(waiters_.front().token);
    waiters_.pop_front();
  }
}

bool Partition::ExpireSome(size_t sample_keys) {
  if (!serving_ || !replica_->CanPropose()) return false;
  bool more = false;
  for (int index = 0; index < storage::kDatabases; ++index) {
    storage::Database& database = keyspace_->database(index);
    if (database.expiring_size() == 0) continue;
    size_t seen = 0;
    size_t due = 0;
    uint64_t& cursor = expire_cursors_[static_cast<size_t>(index)];
    cursor = database.ScanExpiring(cursor, sample_keys, [&](const storage::Item& item) {
      ++seen;
      if (item.expire_at_ms() > wall_ms_) return;
      if (due == due_.size()) due_.emplace_back();
      due_[due++].assign(item.key());
    });
    if (due > 0) DeleteDue(index, std::span(due_).first(due));
    // Redis goes on while a sample held more than a tenth of dead keys.
    more = more || due * 10 > seen;
  }
  return more;
}

// One effect for all of them: that is a fraction of what one for each would cost to log and apply.
void Partition::DeleteDue(int database, std::span<const std::string> keys) {
  std::vector<std::string_view> effect{"del"};
  effect.insert(effect.end(), keys.begin(), keys.end());
  Log(database, effect);
  for (const std::string& key : keys) {
    keyspace_->database(database).Delete(keyspace_->Hash(key));
  }
  key_counts_.expired += keys.size();
}

void Partition::Seal() {
  if (batch_.empty() && !unlogged_changes_) return;
  raft::Payload payload;
  if (!batch_.empty()) payload = std::make_shared<const std::string>(batch_.Take());
  unlogged_changes_ = false;
  const std::optional<raft::Index> index =
      replica_->Propose(raft::EntryKind::kCommands, std::move(payload));
  // Admission was decided before the commands ran, and nothing since then could change the role.
  assert(index && *index == open_index_);
  open_index_ = *index + 1;
}

void Partition::FollowLog() {
  assert(batch_.empty() && !unlogged_changes_);  // Its index has been told already.
  open_index_ = replica_->core().last().index + 1;
}

void Partition::OnMessage(raft::NodeId from, const raft::Message& message) {
  Seal();
  // What the core promises on this message counts from a moment after it arrived (core.h): counted
  // from before a pause, our promise not to vote would end before the lease that rests on it.
  replica_->Tick(monotonic_ms_);
  replica_->OnMessage(from, message);
  FollowLog();
}

void Partition::Tick(uint64_t monotonic_ms) {
  monotonic_ms_ = std::max(monotonic_ms_, monotonic_ms);
  if (!started()) return;
  Seal();
  replica_->Tick(monotonic_ms_);
  FollowLog();
  FailUndecided();
}

// Without a leader nobody knows for how long: a client is told "unknown" rather than kept for ever.
void Partition::FailUndecided() {
  if (waiters_.empty() || IsLeader()) return;
  if (monotonic_ms_ - waiters_.front().since_ms <
      static_cast<uint64_t>(options_.unknown_after_ms)) {
    return;
  }
  FailGates(commit_, GateFailure::kUnknown);
}

void Partition::FailGates(raft::Index above, GateFailure failure) {
  std::erase_if(waiters_, [&](const Waiter& waiter) { return waiter.gate.FailsAbove(above); });
  owner_.OnGatesFailed(*this, above, failure);
  if (!waiters_.empty()) owner_.OnGatesOpened(*this);  // Some may only have stood behind others.
}

// Entries of ours were replaced. Can they still be committed, by a member that has them and leads
// later (Raft paper, figure 8)? Not in a group of three: whoever replaced them was elected by
// members that did not have them, which leaves only us. In a larger one there may be another.
bool Partition::ReplacedForGood() const {
  const raft::Configuration& members = replica_->core().configuration();
  return !members.joint() && members.voters.size() <= 3;
}

void Partition::OnStored(uint64_t ticket) {
  Seal();  // What is stored may commit, and what commits may end leadership.
  replica_->OnStored(ticket);
  FollowLog();
}

void Partition::Flush() {
  if (!started()) return;
  Seal();
  replica_->Flush();
  turn_read_round_ = 0;
  const bool serving = replica_->IsServing();
  if (serving != serving_) {
    serving_ = serving;
    owner_.OnRoleChanged(*this);
  }
  FollowLog();
  if (!waiters_.empty() && waiters_.front().gate.read != 0 && IsOpen(waiters_.front().gate)) {
    owner_.OnGatesOpened(*this);
  }
}

void Partition::Apply(const raft::Entry& entry) {
  if (entry.kind != raft::EntryKind::kCommands || !entry.payload) return;
  applying_ = true;
  // A new leader runs what may yet be replaced, and must not show it should it be deposed.
  applying_index_ = entry.index > replica_->core().commit() ? entry.index : 0;
  BatchReader reader(*entry.payload);
  int database = 0;
  resp::Parser::Command parsed;
  while (reader.Next(database, parsed)) {
    const Command* command = FindCommand(parsed.args[0]);
    // An effect that this version does not know: going on would make replicas differ for ever.
    assert(command != nullptr && command->handler != nullptr && "unknown effect in the log");
    assert(database < storage::kDatabases);
    scratch_.clear();
    resp::Writer nowhere(scratch_, 2);
    Call call(parsed.args, nowhere,
              {.keyspace = *keyspace_,
               .database = database,
               .now_ms = reader.now_ms(),
               .applying = true,
               .may_expire = false,
               .log = nullptr,
               .gate = nullptr,
               .random = nullptr,
               .thresholds = &thresholds_});
    command->handler(call);
  }
  assert(reader.valid() && "an effect in the log does not parse");
  applying_ = false;
  applying_index_ = 0;
}

void Partition::OnCommitted(raft::Index commit) {
  assert(commit >= commit_);
  commit_ = commit;
  if (!waiters_.empty()) owner_.OnGatesOpened(*this);
}

void Partition::OnTruncated(raft::Index last_kept) {
  hazards_.Forget();  // Nothing is shown until the state is rebuilt from what is committed.
  watches_.AllChanged();
  serving_ = false;
  FailGates(last_kept, ReplacedForGood() ? GateFailure::kNotExecuted : GateFailure::kUnknown);
  owner_.OnStateLost(*this, last_kept);
}

void Partition::OnRoleChanged() {
  serving_ = replica_->IsServing();
  if (!serving_) watches_.AllChanged();
  // A round of an earlier term must not confirm a read: others may have led, and written, since.
  const raft::Term term = IsLeader() ? replica_->core().term() : 0;
  if (options_.reads_by_round && term != read_term_) {
    turn_read_round_ = 0;
    FailGates(raft::kIndexMax, GateFailure::kNotExecuted);
  }
  read_term_ = term;
  owner_.OnRoleChanged(*this);
}

void Partition::OnSnapshotNeeded(raft::NodeId follower) {
  owner_.OnSnapshotNeeded(*this, follower);
}

void Partition::OnSnapshotChunk(raft::NodeId from, const raft::SnapshotChunk& chunk) {
  owner_.OnSnapshotChunk(*this, from, chunk);
}

void Partition::LogAsIs(int database) {
  assert(running_ != nullptr);
  running_wrote_ = true;
  if (!options_.log_effects) {
    unlogged_changes_ = true;
  } else if (!running_->raw.empty()) {
    batch_.AddRaw(database, running_->raw, wall_ms_);
  } else {
    batch_.AddCommand(database, running_->args, wall_ms_);
  }
}

void Partition::Log(int database, std::span<const std::string_view> command) {
  running_wrote_ = true;
  if (options_.log_effects) {
    batch_.AddCommand(database, command, wall_ms_);
  } else {
    unlogged_changes_ = true;
  }
}

void Partition::OnRead(uint64_t key_hash) {
  running_read_gate_ = std::max(running_read_gate_, hazards_.LastWrite(key_hash));
}

void Partition::OnReadAll() {
  running_read_gate_ = std::max(running_read_gate_, hazards_.newest());
}

void Partition::OnChange(int database, const storage::HashedKey& key) {
  if (!applying_) hazards_.Wrote(key.hash, open_index_);
  if (applying_index_ != 0) hazards_.Wrote(key.hash, applying_index_);
  if (!watches_.empty()) watches_.KeyChanged(database, key.key);
}

void Partition::OnClear(int database) {
  if (!applying_) hazards_.WroteAll(open_index_);
  if (applying_index_ != 0) hazards_.WroteAll(applying_index_);
  if (watches_.empty()) return;
  const storage::Database& cleared = keyspace_->database(database);
  watches_.DatabaseCleared(database, [&](std::string_view key) {
    return cleared.Find(keyspace_->Hash(key)) != nullptr;
  });
}

}  // namespace server
