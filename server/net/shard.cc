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

}  // namespace server
