#include "server/net/shard.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cassert>
#include <chrono>
#include <ctime>

#include "server/net/node.h"
#include "server/partition/errors.h"

namespace server {
namespace {

constexpr uint64_t kTickMs = 10;
constexpr uint64_t kTicksPerSecond = 1000 / kTickMs;
// A running checkpoint reads out so much each so often: a small part of a millisecond's work, so
// that commands in between hardly notice, and about 100 MB a second.
constexpr size_t kCheckpointSliceBytes = 128 << 10;
constexpr uint64_t kCheckpointPaceMs = 1;
// Active expiry looks for dead keys `hz` times a second, and while it finds many it goes on in every
// tick, with a fifth of a core (Redis's slow cycle takes up to a quarter). The time also bounds
// what a turn logs.
constexpr uint64_t kExpireBudgetNs = 2000000;
constexpr size_t kExpireSampleKeys = 64;
constexpr raft::Index kTransferEntriesMax = 64;  // A turn or a few of a busy partition.

uint64_t ReadMonotonicMs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000 + static_cast<uint64_t>(now.tv_nsec) / 1000000;
}

int64_t ReadWallMs() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1000000;
}

}  // namespace

Shard::Shard(Node& node, int index, std::shared_ptr<const Settings> settings, TopologyPtr topology)
    : node_(node),
      index_(index),
      loop_(),
      mailbox_((uv_loop_init(&loop_), std::make_unique<Mailbox>(&loop_))),
      settings_(std::move(settings)),
      topology_(std::move(topology)),
      executor_(node.checkpoint_worker(), *mailbox_),
      log_writer_(
          *mailbox_, stats_, [this](uint64_t sequence) { OnLogSafe(sequence); },
          [this](const std::string& what) { OnLogFailed(what); },
          [this](bool full) { OnLogFull(full); }),
      peers_(std::make_unique<Peers>(*this)),
      read_buffer_(std::make_unique<char[]>(kReadBufferBytes)) {
  UpdateTime();
  before_sleep_ = MakeHandle<uv_prepare_t>(
      [this](uv_prepare_t* raw) { return uv_prepare_init(&loop_, raw); }, this);
  busy_ = MakeHandle<uv_idle_t>([this](uv_idle_t* raw) { return uv_idle_init(&loop_, raw); }, this);
  tick_ =
      MakeHandle<uv_timer_t>([this](uv_timer_t* raw) { return uv_timer_init(&loop_, raw); }, this);
  pace_ =
      MakeHandle<uv_timer_t>([this](uv_timer_t* raw) { return uv_timer_init(&loop_, raw); }, this);
  uv_prepare_start(before_sleep_.get(),
                   [](uv_prepare_t* handle) { static_cast<Shard*>(handle->data)->EndTurn(); });
  uv_timer_start(
      tick_.get(), [](uv_timer_t* handle) { static_cast<Shard*>(handle->data)->OnTick(); }, kTickMs,
      kTickMs);
}

Shard::~Shard() {
  // Handles close in the loop's own time: drop all that hold one, then let it run until none is
  // left.
  stopping_ = true;
  log_writer_.Stop();
  connections_.clear();
  removed_.clear();
  listeners_.clear();
  peers_.reset();
  hosts_.clear();
  before_sleep_.reset();
  busy_.reset();
  tick_.reset();
  pace_.reset();
  mailbox_.reset();
  uv_run(&loop_, UV_RUN_DEFAULT);
  const int result = uv_loop_close(&loop_);
  assert(result == 0 && "a handle outlives its shard");
  (void)result;
}

void Shard::Run() { uv_run(&loop_, UV_RUN_DEFAULT); }

void Shard::Stop() { uv_stop(&loop_); }

// --- Time and turns

void Shard::UpdateTime() {
  turn_wall_ms_ = ReadWallMs();
  turn_monotonic_ms_ = ReadMonotonicMs();
}

void Shard::RefreshMonotonicTime() {
  UpdateTime();
  for (const auto& host : hosts_) host->partition().SetTime(turn_wall_ms_, turn_monotonic_ms_);
}

// Before the loop sleeps. What one step yields may open gates for the next, so partitions come
// first, then the log, then replies and frames.
void Shard::EndTurn() {
  FlushPartitions();
  while (log_writer_.Write() && !active_.empty()) FlushPartitions();
  for (size_t i = 0; i < gates_opened_.size(); ++i) gates_opened_[i]->ServeWaiters();
  gates_opened_.clear();
  for (size_t i = 0; i < to_flush_.size(); ++i) {
    Connection* connection = FindConnection(to_flush_[i]);
    if (connection == nullptr) continue;
    connection->wants_flush_ = false;
    connection->FlushOutput();
  }
  to_flush_.clear();
  if (settings_->maxmemory != 0) WatchMemory();
  peers_->Flush();
  removed_.clear();

  PaceCheckpoints();
  const bool busy = !active_.empty() || !gates_opened_.empty();
  if (busy == busy_running_) return;
  busy_running_ = busy;
  if (busy) {
    uv_idle_start(busy_.get(), [](uv_idle_t*) {});
  } else {
    uv_idle_stop(busy_.get());
  }
}

void Shard::FlushPartitions() {
  std::swap(active_, flushing_);
  for (PartitionHost* host : flushing_) {
    host->active_mark = false;
    host->Flush();
    FreeGarbage(*host);
  }
  flushing_.clear();
}

// What was cleared or was large goes on another thread: no pause, whatever its size.
void Shard::FreeGarbage(PartitionHost& host) {
  std::shared_ptr<storage::Garbage> garbage = host.partition().keyspace().TakeGarbage();
  if (!garbage) return;
  node_.free_worker().Submit([garbage = std::move(garbage)]() mutable { garbage.reset(); });
}

void Shard::OnTick() {
  UpdateTime();
  for (const auto& host : hosts_) {
    host->partition().SetTime(turn_wall_ms_, turn_monotonic_ms_);
    host->Tick(turn_monotonic_ms_);
  }
  log_writer_.Tick(turn_monotonic_ms_);
  peers_->Tick(turn_monotonic_ms_);
  ++ticks_;
  ReadClientsOnceLoaded();
  bool expiry_is_due = expiring_;
  for (expire_credit_ += settings_->hz * static_cast<int64_t>(kTickMs); expire_credit_ >= 1000;
       expire_credit_ -= 1000) {
    expiry_is_due = true;
  }
  if (expiry_is_due) ExpireKeys();
  ShowLoading();
  WatchMemory();
  if (ticks_ % (kTicksPerSecond / 10) == 0) PublishStats();
  if (ticks_ % kTicksPerSecond == 0) ReapClients();
  if (ticks_ % (kTicksPerSecond / 10) == 0) WatchCoverage();
  if (index_ == 0) node_.OnTick(turn_monotonic_ms_);
}

// A shard adds its keys of now to what the others published last.
void Shard::WatchMemory() {
  const auto limit = static_cast<uint64_t>(settings_->maxmemory);
  if (limit == 0) {
    out_of_memory_ = false;
    return;
  }
  uint64_t bytes = 0;
  for (const auto& host : hosts_) bytes += host->partition().keyspace().memory_bytes();
  stats_.keyspace_bytes.Set(bytes);
  out_of_memory_ = node_.keyspace_bytes() > limit;
}

// Writes that could not be kept are refused before they run.
void Shard::RefuseWrites() {
  const bool stops = settings_->stop_writes_on_bgsave_error && !settings_->save.empty();
  for (const auto& host : hosts_) {
    Admission refused = Admission::kYes;
    if (stops && host->checkpoint_failed()) refused = Admission::kCheckpointFailed;
    if (log_is_full_) refused = Admission::kDiskError;
    host->partition().RefuseWrites(refused);
  }
}

void Shard::OnLogFull(bool full) {
  log_is_full_ = full;
  if (full) {
    spdlog::error(
        "log of shard {}: no space for its next segment; writes are refused until there is",
        index_);
  } else {
    spdlog::info("log of shard {}: there is space again; writes go on", index_);
  }
  RefuseWrites();
}

void Shard::WatchCoverage() {
  const Topology& topology = *topology_;
  if (!topology.formed || !settings_->cluster_require_full_coverage) {
    cluster_is_down_ = false;
    return;
  }
  leaderless_since_ms_.resize(topology.partitions.size());
  const auto patience_ms = static_cast<uint64_t>(settings_->cluster_election_wait);
  bool down = false;
  for (size_t i = 0; i < topology.partitions.size(); ++i) {
    uint64_t& since = leaderless_since_ms_[i];
    if (topology.partitions[i].leader != raft::kNobody) {
      since = 0;
    } else if (since == 0) {
      since = turn_monotonic_ms_;
    }
    down = down || (since != 0 && turn_monotonic_ms_ - since > patience_ms);
  }
  if (down != cluster_is_down_ && index_ == 0) {
    spdlog::warn("the cluster is {}", down ? "down: a partition has no leader" : "up again");
  }
  cluster_is_down_ = down;
}

// What takes long to load says so once a second.
void Shard::ShowLoading() {
  if (!loading() || turn_monotonic_ms_ - loading_shown_ms_ < 1000) return;
  for (const auto& host : hosts_) {
    if (host->ready_mark || turn_monotonic_ms_ - host->load_began_ms <= 1000) continue;
    loading_shown_ms_ = turn_monotonic_ms_;
    if (host->partition().started()) {
      spdlog::info("partition {} replays its log", host->id());
    } else {
      spdlog::info("partition {} loads its checkpoint keys={}/{}", host->id(), host->loaded_keys(),
                   host->keys_to_load());
    }
  }
}

void Shard::PublishStats() {
  uint64_t bytes = 0;
  uint64_t changes = 0;
  KeyCounts counts;
  for (const auto& host : hosts_) {
    const KeyCounts& own = host->partition().key_counts();
    bytes += host->partition().keyspace().memory_bytes();
    changes += host->partition().keyspace().changes();
    counts.expired += own.expired;
    counts.hits += own.hits;
    counts.misses += own.misses;
  }
  stats_.keyspace_bytes.Set(bytes);
  stats_.keys_changed.Set(changes);
  stats_.expired_keys.Set(counts.expired);
  stats_.keyspace_hits.Set(counts.hits);
  stats_.keyspace_misses.Set(counts.misses);
}

void Shard::ResetStats() {
  stats_.Reset();
  for (const auto& host : hosts_) host->partition().key_counts() = {};
}

// Partitions take turns, beginning where the time ran out last.
void Shard::ExpireKeys() {
  const uint64_t deadline_ns = uv_hrtime() + kExpireBudgetNs;
  expiring_ = false;
  for (size_t i = 0; i < hosts_.size(); ++i) {
    PartitionHost& host = *hosts_[expire_next_ % hosts_.size()];
    ++expire_next_;
    if (!host.partition().started()) continue;
    bool more = true;
    while (more && uv_hrtime() < deadline_ns) more = host.partition().ExpireSome(kExpireSampleKeys);
    OnActive(host);
    if (!more) continue;
    expiring_ = true;
    return;
  }
}

// --- Partitions

void Shard::OpenLog(std::unique_ptr<storage::SharedLog> log, storage::Disk* disk,
                    storage::SyncMode mode) {
  log_ = std::move(log);
  log_writer_.Open(log_.get(), disk, mode, index_);
}

void Shard::AddPartition(const PartitionHost::Options& options, storage::CheckpointStore* store) {
  const storage::PartitionId id = options.partition.id;
  hosts_.push_back(std::make_unique<PartitionHost>(
      options, PartitionHost::Environment{.owner = *this,
                                          .executor = executor_,
                                          .store = store,
                                          .log = log_.get(),
                                          .transport = peers_->TransportFor(id)}));
  PartitionHost& host = *hosts_.back();
  if (hosts_by_partition_.size() <= id) hosts_by_partition_.resize(id + 1);
  hosts_by_partition_[id] = &host;
  host.on_checkpoint = [this](PartitionHost& ended, const Checkpointer::Result& result) {
    OnCheckpointEnded(ended, result);
  };
  host.partition().SetTime(turn_wall_ms_, turn_monotonic_ms_);
  host.load_began_ms = turn_monotonic_ms_;
  RefuseWrites();
  host.Load();
}

bool Shard::loading() const { return node_.loading(); }

void Shard::OnActive(PartitionHost& host) {
  if (host.active_mark) return;
  host.active_mark = true;
  active_.push_back(&host);
}

void Shard::OnGatesOpened(PartitionHost& host) {
  if (std::find(gates_opened_.begin(), gates_opened_.end(), &host) == gates_opened_.end()) {
    gates_opened_.push_back(&host);
  }
}

void Shard::OnGatesFailed(PartitionHost& host, raft::Index above, GateFailure failure) {
  std::string error;
  resp::Writer(error, 2).Error(failure == GateFailure::kUnknown ? kUncertainError
                                                                : kNotExecutedError);
  for (const auto& connection : connections_) {
    if (connection != nullptr) connection->OnGatesFailed(&host.partition(), above, error);
  }
}

void Shard::OnReady(const std::vector<uint64_t>& connections) {
  for (const uint64_t number : connections) {
    if (Connection* connection = FindConnection(number)) WantsFlush(*connection);
  }
}

void Shard::OnRoleChanged(PartitionHost& host) {
  if (!host.partition().started()) return;
  // Alone it elects itself at once, so that nobody ever sees a server without a leader.
  if (!host.ready_mark && (host.partition().serving() || !host.alone())) {
    host.ready_mark = true;
    node_.PartitionReady();
  }
  const raft::Core& core = host.partition().replica().core();
  const raft::NodeId leader =
      host.partition().serving() || !host.partition().IsLeader() ? core.leader() : raft::kNobody;
  node_.OnLeader(host.id(), leader, core.term());
  const bool serves = host.partition().serving();
  if (serves == host.served_mark) return;
  host.served_mark = serves;
  spdlog::info("partition {} {} term={} log={}/{}", host.id(),
               serves ? "became leader" : "ceased to lead", core.term(), core.last().term,
               core.last().index);
}

void Shard::Report(PartitionHost& host, bool error, const std::string& event) {
  if (error) {
    spdlog::error("partition {} {}", host.id(), event);
  } else {
    spdlog::info("partition {} {}", host.id(), event);
  }
}

std::string Shard::MovedError(uint16_t slot, raft::NodeId leader) const {
  const ClusterNode* node = topology_->Find(leader);
  if (node == nullptr || node->port == 0) return std::string(kClusterDownError);
  const EndpointType type = settings_->cluster_preferred_endpoint_type;
  // Without a host, the client takes the one that it asked.
  std::string host;
  if (type != EndpointType::kUnknown) host = EndpointHost(*node, type == EndpointType::kHostname);
  return "MOVED " + std::to_string(slot) + " " + host + ":" + std::to_string(node->port);
}

void Shard::OnPartition(uint32_t partition, Deferred command) {
  if (PartitionHost* local = host(partition)) return local->Submit(std::move(command));
  Shard* owner = node_.ShardOf(partition);
  if (owner == nullptr || owner == this) {
    // This node has no replica of it: whoever is said to lead it answers.
    const PartitionPlace* place =
        partition < topology_->partitions.size() ? &topology_->partitions[partition] : nullptr;
    const raft::NodeId leader = place != nullptr ? place->leader : raft::kNobody;
    std::string reply;
    resp::Writer(reply, 2).Error(MovedError(command.slot, leader));
    return command.answer(std::move(reply));
  }
  // There and back: the answer belongs to this thread.
  auto answer = std::move(command.answer);
  command.answer = [home = mailbox_.get(), answer = std::move(answer)](std::string reply) {
    home->Post([answer, reply = std::move(reply)]() mutable { answer(std::move(reply)); });
  };
  owner->mailbox().Post([owner, partition, command = std::move(command)]() mutable {
    owner->RefreshMonotonicTime();  // After the command was read, as for commands of its own.
    owner->OnPartition(partition, std::move(command));
  });
}

bool Shard::TransferLeadership(uint32_t partition, raft::NodeId to) {
  PartitionHost* local = host(partition);
  if (local == nullptr || !local->partition().serving()) return false;
  local->partition().Seal();
  // Writes wait while a transfer is under way, so one to a member that is far behind has to wait
  // until it has caught up.
  const raft::Core& core = local->partition().replica().core();
  const bool ready = std::any_of(
      core.followers().begin(), core.followers().end(), [&](const raft::Progress& follower) {
        return follower.id == to && follower.state == raft::Progress::State::kReplicate &&
               follower.match + kTransferEntriesMax >= core.last().index;
      });
  if (!ready) return false;
  local->partition().replica().TransferLeadership(to);
  OnActive(*local);
  return true;
}

void Shard::GiveUpLeaderships() {
  for (const auto& host : hosts_) {
    if (!host->partition().started()) continue;
    const raft::Core& core = host->partition().replica().core();
    if (!host->partition().IsLeader() || core.transferring()) continue;
    // To the follower that is furthest: it takes over soonest.
    const raft::Progress* best = nullptr;
    for (const raft::Progress& follower : core.followers()) {
      if (!core.configuration().IsVoter(follower.id)) continue;
      if (best == nullptr || follower.match > best->match) best = &follower;
    }
    if (best != nullptr) TransferLeadership(host->id(), best->id);
  }
}

void Shard::OnLinkBroken(raft::NodeId node) {
  for (const auto& host : hosts_) host->OnLinkBroken(node);
}

void Shard::Suspect(raft::NodeId node) {
  for (const auto& host : hosts_) {
    if (!host->partition().started()) continue;
    host->partition().Seal();
    host->partition().replica().Suspect(node);
    OnActive(*host);
  }
}

bool Shard::leads_any() const {
  return std::any_of(hosts_.begin(), hosts_.end(), [](const auto& host) {
    return host->partition().started() && host->partition().IsLeader();
  });
}

void Shard::WaitForReplicas(int64_t replicas, int64_t timeout_ms,
                            std::function<void(int64_t)> answer) {
  // The weakest of the partitions that this shard leads counts.
  int64_t reached = -1;
  for (const auto& host : hosts_) {
    if (!host->partition().serving()) continue;
    host->partition().Seal();
    const raft::Core& core = host->partition().replica().core();
    int64_t here = 0;
    for (const raft::Progress& follower : core.followers()) {
      if (follower.match >= core.last().index) ++here;
    }
    reached = reached < 0 ? here : std::min(reached, here);
  }
  reached = std::max<int64_t>(reached, 0);
  if (reached >= replicas) return answer(reached);
  constexpr int64_t kAskAgainMs = 2;
  const int64_t deadline_ms = timeout_ms == 0 ? 0 : turn_wall_ms_ + timeout_ms;
  After(kAskAgainMs, [this, replicas, deadline_ms, reached, answer = std::move(answer)] {
    if (deadline_ms != 0 && turn_wall_ms_ >= deadline_ms) return answer(reached);
    WaitForReplicas(replicas, deadline_ms == 0 ? 0 : deadline_ms - turn_wall_ms_, answer);
  });
}

void Shard::After(int64_t delay_ms, std::function<void()> work) {
  struct Once {
    uv_timer_t timer;
    std::function<void()> work;
  };
  auto* once = new Once{{}, std::move(work)};
  uv_timer_init(&loop_, &once->timer);
  once->timer.data = once;
  uv_timer_start(
      &once->timer,
      [](uv_timer_t* timer) {
        auto* due = static_cast<Once*>(timer->data);
        auto* shard = static_cast<Shard*>(timer->loop->data);
        if (!shard->stopping_) {
          shard->UpdateTime();
          due->work();
        }
        uv_close(reinterpret_cast<uv_handle_t*>(timer),
                 [](uv_handle_t* closed) { delete static_cast<Once*>(closed->data); });
      },
      static_cast<uint64_t>(delay_ms), 0);
  loop_.data = this;
}

// --- The log

void Shard::OnLogSafe(uint64_t sequence) {
  for (const auto& host : hosts_) host->OnLogSafe(sequence);
}

void Shard::OnLogFailed(const std::string& what) {
  spdlog::error("log of shard {} failed: {}; this node acknowledges nothing any more and stops",
                index_, what);
  node_.OnFatal("the log cannot be written: " + what);
}

// --- Checkpoints

void Shard::PaceCheckpoints() {
  const bool running = std::any_of(hosts_.begin(), hosts_.end(),
                                   [](const auto& host) { return host->checkpoint_running(); });
  if (running == pacing_) return;
  pacing_ = running;
  if (!running) {
    uv_timer_stop(pace_.get());
    return;
  }
  uv_timer_start(
      pace_.get(),
      [](uv_timer_t* handle) { static_cast<Shard*>(handle->data)->AdvanceCheckpoints(); },
      kCheckpointPaceMs, kCheckpointPaceMs);
}

void Shard::AdvanceCheckpoints() {
  size_t running = 0;
  for (const auto& host : hosts_) running += host->checkpoint_running() ? 1 : 0;
  for (const auto& host : hosts_) {
    if (host->checkpoint_running()) host->AdvanceCheckpoint(kCheckpointSliceBytes / running);
  }
}

struct Shard::CheckpointRound {
  size_t next = 0;
  std::string error;
  std::function<void(std::string)> done;
};

void Shard::CheckpointAll(std::function<void(std::string error)> done) {
  if (checkpoint_round_) return done("a checkpoint is under way");
  checkpoint_round_ = std::make_unique<CheckpointRound>();
  checkpoint_round_->done = std::move(done);
  NextCheckpoint();
}

void Shard::NextCheckpoint() {
  while (checkpoint_round_->next < hosts_.size()) {
    PartitionHost& host = *hosts_[checkpoint_round_->next++];
    if (host.checkpoint_running() || host.StartCheckpoint()) {
      OnActive(host);
      return;  // OnCheckpointEnded goes on.
    }
  }
  const auto ended = std::move(checkpoint_round_);
  ended->done(ended->error);
}

void Shard::OnCheckpointEnded(PartitionHost& host, const Checkpointer::Result& result) {
  if (result.ok) {
    stats_.checkpoints.Add();
    spdlog::info("partition {} checkpoint done log={}/{} keys={} bytes={} ms={}", host.id(),
                 result.last.term, result.last.index, result.keys, result.bytes,
                 result.duration_ms);
  } else {
    stats_.checkpoint_failures.Add();
    spdlog::error("partition {} checkpoint failed: {}", host.id(), result.error);
  }
  RefuseWrites();
  if (!checkpoint_round_) return;
  if (!result.ok && checkpoint_round_->error.empty()) checkpoint_round_->error = result.error;
  NextCheckpoint();
}

}  // namespace server
