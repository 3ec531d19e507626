#include "server/partition/partition_host.h"

#include <cassert>

#include "server/partition/errors.h"

namespace server {
namespace {

// Tokens of waiters: connections have their own numbers, held replies have this bit set.
constexpr uint64_t kHeldBit = uint64_t{1} << 63;

std::string ErrorReply(std::string_view text) {
  std::string reply;
  resp::Writer(reply, 2).Error(text);
  return reply;
}

}  // namespace

// What the executor brings back: a keyspace, or why there is none.
struct PartitionHost::LoadedCheckpoint {
  std::unique_ptr<storage::Keyspace>
      keyspace;  // Null: there is no checkpoint, or it cannot be read.
  raft::SnapshotInfo snapshot;
  std::string error;
};

PartitionHost::PartitionHost(const Options& options, const Environment& environment)
    : options_(options),
      environment_(environment),
      partition_(options.partition, *this, environment.transport, MakeLog()),
      loaded_keys_(std::make_shared<std::atomic<uint64_t>>(0)),
      keys_to_load_(std::make_shared<std::atomic<uint64_t>>(0)),
      alive_(std::make_shared<bool>(true)),
      live_{.election_wait_ms = options.election_wait_ms,
            .checkpoint_log_bytes = options.checkpoint_log_bytes,
            .reads_by_round = options.partition.reads_by_round,
            .thresholds = options.partition.thresholds} {
  if (environment_.store != nullptr) {
    checkpointer_ =
        std::make_unique<Checkpointer>(partition_, *environment_.store, environment_.executor);
  }
}

PartitionHost::~PartitionHost() { *alive_ = false; }

std::unique_ptr<raft::LogStorage> PartitionHost::MakeLog() {
  if (environment_.log == nullptr) {
    auto log = std::make_unique<NoLog>();
    no_log_ = log.get();
    return log;
  }
  auto log = std::make_unique<PartitionLog>(*environment_.log, options_.partition.id);
  shared_log_ = log.get();
  return log;
}

void PartitionHost::LoadCheckpoint(std::function<void(std::shared_ptr<LoadedCheckpoint>)> done) {
  auto loaded = std::make_shared<LoadedCheckpoint>();
  environment_.executor.Run(
      [loaded, store = environment_.store, id = id(), count = loaded_keys_, total = keys_to_load_] {
        auto reader = store->NewReader(id);
        if (!reader) {
          if (reader.error().code != storage::Code::kNotFound) loaded->error = reader.error().what;
          return;
        }
        const storage::CheckpointInfo& info = (*reader)->info();
        total->store(info.keys);
        auto keyspace = std::make_unique<storage::Keyspace>(info.hash_seed);
        auto loader = storage::Loader::Begin(*keyspace);
        uint64_t keys = 0;
        while (true) {
          auto row = (*reader)->Next();
          storage::Status status;
          if (row && *row) status = loader->Add(**row);
          if (!row || !status) {
            loaded->error = row ? status.error().what : row.error().what;
            return;
          }
          if (!*row) break;
          if (++keys % 1024 == 0) count->store(keys, std::memory_order_relaxed);
        }
        loader.reset();
        count->store(keys);
        loaded->snapshot = info.snapshot;
        loaded->keyspace = std::move(keyspace);
      },
      [loaded, done = std::move(done), alive = alive_] {
        if (*alive) done(loaded);
      });
}

void PartitionHost::Load() {
  if (environment_.store == nullptr)
    return StartReplica({.last = {}, .configuration = options_.initial});
  LoadCheckpoint([this](const std::shared_ptr<LoadedCheckpoint>& loaded) {
    if (!loaded->error.empty()) {
      // Starting without it would forget acknowledged writes.
      return environment_.owner.Report(*this, true, "cannot load its checkpoint: " + loaded->error);
    }
    if (loaded->keyspace) partition_.ReplaceKeyspace(std::move(loaded->keyspace));
    if (loaded->snapshot.last.index == 0) loaded->snapshot.configuration = options_.initial;
    if (checkpointer_) checkpointer_->set_newest(loaded->snapshot.last);
    StartReplica(loaded->snapshot);
  });
}

void PartitionHost::StartReplica(const raft::SnapshotInfo& snapshot) {
  const storage::SharedLog::Recovered& recovered = options_.recovered;
  raft::Replica::Restored restored;
  restored.hard_state = recovered.hard_state;
  restored.snapshot = snapshot;
  restored.last = recovered.last;
  restored.executed = snapshot.last.index;
  if (restored.hard_state.term < snapshot.last.term) {
    // A term is stored before anything is promised in it, so a member of a group whose log knows
    // none has lost its votes.
    if (!alone() && restored.hard_state.term == 0) {
      return environment_.owner.Report(*this, true, "has a checkpoint, and its log is gone");
    }
    // Else the term was on its way to the log when its first entries were; or no log is kept at
    // all.
    restored.hard_state = {.term = snapshot.last.term};
  }
  if (!LogContinues(snapshot.last)) {
    // The log ends below its checkpoint, or belongs to another history: a snapshot was ingested
    // just before the end, and the log was to be reset (FAULTS C10); or it is not kept at all.
    restored.last = snapshot.last;
    if (environment_.log != nullptr && recovered.last != snapshot.last) {
      environment_.log->Reset(id(), snapshot.last);
    }
  } else if (recovered.first > snapshot.last.index + 1) {
    return environment_.owner.Report(*this, true,
                                     "has a gap between its checkpoint at " +
                                         std::to_string(snapshot.last.index) +
                                         " and its log from " + std::to_string(recovered.first));
  }
  // The snapshot's term may have reached the disk before the hard state that adopted it. No vote of
  // ours can have left in a term that was not stored.
  if (restored.hard_state.term < restored.last.term) {
    restored.hard_state = {.term = restored.last.term, .voted_for = raft::kNobody};
  }
  partition_.Start(restored);
  environment_.owner.OnActive(*this);
  environment_.owner.OnRoleChanged(*this);
  RunWaiting();
}

void PartitionHost::SetLive(const Live& live) {
  live_ = live;
  partition_.set_reads_by_round(live.reads_by_round);
  partition_.set_thresholds(live.thresholds);
}

// Whether what the log holds goes on from this checkpoint, or there is none to go on from.
bool PartitionHost::LogContinues(const raft::Position& checkpoint) const {
  if (checkpoint.index == 0) return true;
  const storage::SharedLog::Recovered& recovered = options_.recovered;
  if (environment_.log == nullptr || recovered.last.index <= checkpoint.index) return false;
  const std::optional<raft::Term> term = environment_.log->TermAt(id(), checkpoint.index);
  return !term || *term == checkpoint.term;
}

void PartitionHost::Submit(Deferred command) {
  const Admission admission =
      partition_.Admit(*command.command, command.stale, partition_.monotonic_ms());
  if (waiting_.empty() && admission != Admission::kNoLeader) return RunDeferred(std::move(command));
  // First come, first served: what came earlier runs earlier.
  if (waiting_.size() >= options_.waiting_commands_max ||
      waiting_bytes_ + command.bytes > options_.waiting_bytes_max) {
    return command.answer(ErrorReply(kClusterDownError));
  }
  waiting_bytes_ += command.bytes;
  command.deadline_ms = partition_.monotonic_ms() + static_cast<uint64_t>(live_.election_wait_ms);
  waiting_.push_back(std::move(command));
}

void PartitionHost::RunDeferred(Deferred command) {
  environment_.owner.OnActive(*this);
  switch (partition_.Admit(*command.command, command.stale, partition_.monotonic_ms())) {
    case Admission::kYes:
      break;
    case Admission::kMoved:
      return command.answer(
          ErrorReply(environment_.owner.MovedError(command.slot, partition_.leader())));
    case Admission::kNoLeader:
      return command.answer(ErrorReply(kClusterDownError));
    case Admission::kLoading:
      return command.answer(ErrorReply(kLoadingError));
    case Admission::kOutOfMemory:
      return command.answer(ErrorReply(kOutOfMemoryError));
    case Admission::kDiskError:
      return command.answer(ErrorReply(kDiskError));
    case Admission::kCheckpointFailed:
      return command.answer(ErrorReply(kCheckpointFailedError));
  }
  Held held;
  held.gate = command.run(partition_, held.reply);
  if (partition_.IsOpen(held.gate)) return command.answer(std::move(held.reply));
  held.answer = std::move(command.answer);
  const uint64_t token = kHeldBit | ++last_held_;
  partition_.AddWaiter(held.gate, token);
  held_.emplace(token, std::move(held));
}

void PartitionHost::RunWaiting() {
  while (!waiting_.empty()) {
    Deferred& first = waiting_.front();
    if (partition_.Admit(*first.command, first.stale, partition_.monotonic_ms()) ==
        Admission::kNoLeader)
      return;
    waiting_bytes_ -= first.bytes;
    Deferred command = std::move(first);
    waiting_.pop_front();
    RunDeferred(std::move(command));
  }
}

void PartitionHost::ExpireWaiting(uint64_t monotonic_ms) {
  while (!waiting_.empty() && waiting_.front().deadline_ms <= monotonic_ms) {
    waiting_bytes_ -= waiting_.front().bytes;
    const auto answer = std::move(waiting_.front().answer);
    waiting_.pop_front();
    answer(ErrorReply(kClusterDownError));
  }
}

void PartitionHost::OnMessage(raft::NodeId from, const raft::Message& message) {
  if (!partition_.started()) return;  // What was lost here is sent again.
  environment_.owner.OnActive(*this);
  if (const auto* reply = std::get_if<raft::SnapshotReply>(&message)) {
    if (sender_ && sender_->follower() == from) sender_->OnReply(*reply);
  }
  partition_.OnMessage(from, message);
}

void PartitionHost::OnLinkBroken(raft::NodeId node) {
  if (sender_ && sender_->follower() == node) sender_->OnLinkBroken();
}

void PartitionHost::Tick(uint64_t monotonic_ms) {
  partition_.Tick(monotonic_ms);
  if (!partition_.started()) return;
  environment_.owner.OnActive(*this);
  if (sender_) {
    sender_->Tick(monotonic_ms);
    if (!partition_.IsLeader()) sender_.reset();
  }
  if (receiver_ && receiver_->failed()) receiver_.reset();
  RunWaiting();
  ExpireWaiting(monotonic_ms);
  MaybeCheckpoint();
}

void PartitionHost::Flush() {
  partition_.Flush();
  // A long backlog is applied in pieces, and the loop turns in between.
  if (partition_.started() && partition_.replica().HasMoreToApply()) {
    environment_.owner.OnActive(*this);
  }
  if (no_log_ != nullptr) {
    // Nothing is written, so all is stored; what follows from that may be stored again.
    while (const std::optional<uint64_t> ticket = no_log_->TakeStored()) {
      partition_.OnStored(*ticket);
      partition_.Flush();
    }
  }
}

void PartitionHost::OnLogSafe(uint64_t sequence) {
  if (shared_log_ == nullptr) return;
  const std::optional<uint64_t> ticket = shared_log_->TakeStored(sequence);
  if (!ticket) return;
  partition_.OnStored(*ticket);
  environment_.owner.OnActive(*this);
}

void PartitionHost::AddConnectionWaiter(const Gate& gate, uint64_t connection) {
  assert((connection & kHeldBit) == 0);
  partition_.AddWaiter(gate, connection);
}

void PartitionHost::ServeWaiters() {
  std::vector<uint64_t> tokens;
  std::swap(tokens, ready_);
  tokens.clear();
  partition_.TakeReady(tokens);
  std::vector<uint64_t> connections;
  for (const uint64_t token : tokens) {
    if ((token & kHeldBit) == 0) {
      connections.push_back(token);
    } else if (const auto found = held_.find(token); found != held_.end()) {
      const Held held = std::move(found->second);
      held_.erase(found);
      held.answer(held.reply);
    }
  }
  if (!connections.empty()) environment_.owner.OnReady(connections);
  std::swap(tokens, ready_);
}

void PartitionHost::OnGatesOpened(Partition&) { environment_.owner.OnGatesOpened(*this); }

void PartitionHost::OnGatesFailed(Partition&, raft::Index above, GateFailure failure) {
  const std::string_view error =
      failure == GateFailure::kUnknown ? kUncertainError : kNotExecutedError;
  std::vector<std::function<void(std::string)>> failed;
  std::erase_if(held_, [&](auto& entry) {
    if (!entry.second.gate.FailsAbove(above)) return false;  // Its waiter stays as well.
    failed.push_back(std::move(entry.second.answer));
    return true;
  });
  for (const auto& answer : failed) answer(ErrorReply(error));
  environment_.owner.OnGatesFailed(*this, above, failure);
}

void PartitionHost::OnRoleChanged(Partition&) {
  environment_.owner.OnRoleChanged(*this);
  environment_.owner.OnActive(*this);
}

void PartitionHost::OnStateLost(Partition&, raft::Index last_kept) {
  environment_.owner.Report(*this, false,
                            "rebuilds its keyspace: entries above " + std::to_string(last_kept) +
                                " were replaced by a new leader's");
  if (checkpointer_) checkpointer_->Abort();
  Rebuild();
}

// The newest checkpoint, then the log again: the replica applies what is above.
void PartitionHost::Rebuild() {
  if (std::exchange(rebuilding_, true)) {
    rebuild_again_ = true;
    return;
  }
  LoadCheckpoint([this](const std::shared_ptr<LoadedCheckpoint>& loaded) {
    rebuilding_ = false;
    if (std::exchange(rebuild_again_, false)) return Rebuild();
    if (!loaded->error.empty()) {
      return environment_.owner.Report(*this, true, "cannot load its checkpoint: " + loaded->error);
    }
    if (!partition_.replica().rebuilding()) return;  // A snapshot came in the meantime.
    if (!loaded->keyspace) {
      loaded->keyspace = std::make_unique<storage::Keyspace>(partition_.keyspace().hash_seed());
    }
    // A received snapshot may have come first, and be the checkpoint that was loaded.
    if (!partition_.replica().rebuilding()) return;
    if (loaded->snapshot.last.index > partition_.replica().core().commit()) {
      Install(std::move(loaded->keyspace), loaded->snapshot);
    } else {
      partition_.Rebuilt(std::move(loaded->keyspace), loaded->snapshot.last.index);
    }
    environment_.owner.OnActive(*this);
  });
}

void PartitionHost::OnSnapshotNeeded(Partition&, raft::NodeId follower) {
  // One at a time: the core asks again for the others.
  if (sender_ && sender_->term() != partition_.replica().core().term()) sender_.reset();
  if (sender_ || environment_.store == nullptr) {
    return partition_.replica().SnapshotSent(follower, false);
  }
  environment_.owner.Report(*this, false, "sends a snapshot to=" + std::to_string(follower));
  sender_ = std::make_unique<SnapshotSender>(
      SnapshotSender::Options{
          .partition = id(), .follower = follower, .term = partition_.replica().core().term()},
      *environment_.store, environment_.executor,
      [this](raft::NodeId to, raft::SnapshotChunk chunk) {
        environment_.transport.Send(to, std::move(chunk));
        environment_.owner.OnActive(*this);
      },
      [this, follower](bool ok) {
        partition_.replica().SnapshotSent(follower, ok);
        environment_.owner.OnActive(*this);
        // Not from within its own call. By then another may have taken its place.
        environment_.executor.Run([] {},
                                  [this, ended = sender_.get(), alive = alive_] {
                                    if (*alive && sender_.get() == ended) sender_.reset();
                                  });
      });
}

void PartitionHost::OnSnapshotChunk(Partition&, raft::NodeId from,
                                    const raft::SnapshotChunk& chunk) {
  if (environment_.store == nullptr) return;
  const auto reply = [this, from, term = chunk.term, last = chunk.info.last](uint64_t sequence,
                                                                             bool accepted) {
    environment_.transport.Send(
        from, raft::SnapshotReply{
                  .term = term, .last = last, .sequence = sequence, .accepted = accepted});
    environment_.owner.OnActive(*this);
  };
  if (receiver_ && !receiver_->failed() && receiver_->Continues(chunk))
    return receiver_->OnChunk(chunk);
  if (chunk.sequence != 0) return reply(0, false);
  if (chunk.info.last.index <= partition_.commit()) return reply(0, false);  // FAULTS C11.
  environment_.owner.Report(*this, false,
                            "receives a snapshot index=" + std::to_string(chunk.info.last.index));
  checkpointer_->Abort();
  // From here on what is on disk may be the snapshot, which keys changed since our own last
  // checkpoint do not complete.
  checkpointer_->set_full_next(true);
  receiver_ = std::make_unique<SnapshotReceiver>(
      id(), *environment_.store, environment_.executor, chunk, reply,
      [this](const raft::SnapshotInfo& info) { InstallReceived(info); });
  receiver_->OnChunk(chunk);
}

void PartitionHost::InstallReceived(const raft::SnapshotInfo& info) {
  LoadCheckpoint([this, info](const std::shared_ptr<LoadedCheckpoint>& loaded) {
    // Another transfer may have begun meanwhile: it is not this one's to end.
    if (receiver_ && receiver_->last() == info.last) receiver_.reset();
    if (!loaded->error.empty() || !loaded->keyspace) {
      return environment_.owner.Report(*this, true,
                                       "cannot load a received snapshot: " + loaded->error);
    }
    Install(std::move(loaded->keyspace), loaded->snapshot);
    environment_.owner.OnActive(*this);
  });
}

void PartitionHost::Install(std::unique_ptr<storage::Keyspace> keyspace,
                            const raft::SnapshotInfo& info) {
  if (checkpointer_) {
    checkpointer_->Abort();
    checkpointer_->set_newest(info.last);
    checkpointer_->set_full_next(receiver_ != nullptr);
  }
  partition_.InstallSnapshot(std::move(keyspace), info);
}

bool PartitionHost::StartCheckpoint() {
  if (!checkpointer_ || receiver_ || rebuilding_ || !partition_.started()) return false;
  partition_.Seal();
  if (partition_.executed() == checkpointer_->newest().index && environment_.log != nullptr)
    return false;
  return checkpointer_->Start();
}

uint64_t PartitionHost::log_bytes_since_checkpoint() const {
  return environment_.log == nullptr ? 0 : environment_.log->bytes_since(options_.partition.id);
}

void PartitionHost::MaybeCheckpoint() {
  if (!checkpointer_) return;
  if (std::optional<Checkpointer::Result> result = checkpointer_->TakeResult()) {
    checkpoint_failed_ = !result->ok;
    if (result->ok) ReleaseLog();
    if (on_checkpoint) on_checkpoint(*this, *result);
  }
  if (environment_.log != nullptr && live_.checkpoint_log_bytes != 0 && !checkpoint_running() &&
      log_bytes_since_checkpoint() > live_.checkpoint_log_bytes + options_.kept_log_bytes) {
    StartCheckpoint();
  }
}

void PartitionHost::ReleaseLog() {
  if (environment_.log == nullptr) return;
  // A tail stays for followers that are a little behind; a group of one has none.
  raft::Index index = checkpointer_->newest().index;
  if (!alone()) {
    index = std::min(index, environment_.log->IndexBefore(id(), index, options_.kept_log_bytes));
  }
  environment_.log->Release(id(), index);
}

}  // namespace server
