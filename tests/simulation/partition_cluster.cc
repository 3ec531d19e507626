#include "tests/simulation/partition_cluster.h"

#include <cassert>
#include <random>
#include <stdexcept>

namespace sim {
namespace {

constexpr uint64_t kStepMs = 2;
constexpr storage::PartitionId kPartition = 3;

server::Gate Execute(server::Partition& partition, const Words& words, bool stale, int database,
                     std::string& reply) {
  const std::vector<std::string_view> args(words.begin(), words.end());
  resp::Writer writer(reply, 2);
  server::Request request;
  request.command = server::FindCommand(args[0]);
  request.args = args;
  request.database = database;
  request.stale = stale;
  return partition.Execute(request, writer);
}

}  // namespace

void PartitionNode::Start() {
  assert(!running());
  auto opened = storage::SharedLog::Open(disk_,
                                         {.directory = "wal",
                                          .segment_bytes = 64 << 10,
                                          .cluster_id = "cluster",
                                          .node_id = std::to_string(id_),
                                          .shard = 0,
                                          .epoch = ++epoch_},
                                         [](uint64_t, uint64_t) {});
  if (!opened) throw std::runtime_error("log: " + opened.error().what);
  log_ = std::move(*opened);
  executor_ = std::make_unique<QueuedExecutor>();

  server::PartitionHost::Options options;
  options.partition.id = kPartition;
  options.partition.raft = {
      .id = id_, .seed = cluster_.random().Next(), .election_timeout_ms = 300};
  options.partition.hash_seed = 100 + id_;
  options.partition.random_seed = cluster_.random().Next();
  options.partition.reads_by_round = cluster_.options().reads_by_round;
  for (raft::NodeId id = 1; id <= cluster_.options().nodes; ++id) {
    options.initial.voters.push_back(id);
  }
  auto recovered = log_->TakeRecovered();
  if (const auto found = recovered.find(kPartition); found != recovered.end()) {
    if (found->second.corrupt) throw std::runtime_error("the log is corrupt");
    options.recovered = found->second;
  }
  options.checkpoint_log_bytes = cluster_.options().checkpoint_log_bytes;
  options.kept_log_bytes = cluster_.options().kept_log_bytes;
  host_ = std::make_unique<server::PartitionHost>(
      options, server::PartitionHost::Environment{.owner = *this,
                                                  .executor = *executor_,
                                                  .store = &store_,
                                                  .log = log_.get(),
                                                  .transport = *this});
  host_->partition().SetTime(cluster_.wall_ms() + wall_offset_ms, cluster_.now_ms());
  host_->Load();
}

void PartitionNode::Crash() {
  executor_->Clear();
  host_.reset();  // May still hand over work; that goes with the executor.
  job_.reset();
  log_.reset();
  executor_.reset();
  std::mt19937_64 random(cluster_.random().Next());
  disk_.Crash(random);
}

void PartitionNode::Submit(const Words& words, Answer answer, bool stale, int database) {
  server::Deferred deferred;
  deferred.command = server::FindCommand(words[0]);
  assert(deferred.command != nullptr);
  deferred.stale = stale;
  deferred.run = [words, stale, database](server::Partition& partition, std::string& reply) {
    return Execute(partition, words, stale, database, reply);
  };
  deferred.answer = std::move(answer);
  host_->Submit(std::move(deferred));
}

void PartitionNode::SubmitTransaction(const std::vector<Words>& commands, Answer answer) {
  server::Deferred deferred;
  deferred.command = server::FindCommand("set");
  deferred.run = [commands](server::Partition& partition, std::string& reply) {
    server::Gate last;
    for (const Words& words : commands) {
      const server::Gate gate = Execute(partition, words, false, 0, reply);
      last.index = std::max(last.index, gate.index);
      last.read = std::max(last.read, gate.read);
    }
    return last;
  };
  deferred.answer = std::move(answer);
  host_->Submit(std::move(deferred));
}

void PartitionNode::Send(raft::NodeId to, raft::Message message) {
  cluster_.network().Send(cluster_.now_ms(), id_, to, message);
}

void PartitionNode::TakeJob() {
  if (job_ || !log_->HasPending()) return;
  if (auto prepare = log_->TakePrepareJob()) {
    prepare->Run();
    if (!log_->CompletePrepare(std::move(prepare))) return;
  }
  job_ = log_->TakeJob(/*sync=*/true);
  job_done_ms_ = cluster_.now_ms() + cluster_.random().Between(0, cluster_.options().sync_ms_max);
}

void PartitionNode::FinishJob() {
  if (!job_ || disk_stalls || cluster_.now_ms() < job_done_ms_) return;
  job_->Run();
  if (auto status = log_->Complete(std::move(job_)); !status) {
    throw std::runtime_error("log: " + status.error().what);
  }
  for (const std::string& path : log_->TakeObsoleteSegments()) (void)disk_.Remove(path);
  host_->OnLogSafe(log_->durable_sequence());
}

void PartitionNode::Turn() {
  if (!executor_stalls && cluster_.random().Percent(50)) executor_->Step();
  FinishJob();
  host_->partition().SetTime(cluster_.wall_ms() + wall_offset_ms, cluster_.now_ms());
  host_->Tick(cluster_.now_ms());
  host_->Flush();
  TakeJob();
  if (gates_opened_) {
    gates_opened_ = false;
    host_->ServeWaiters();
  }
  if (host_->partition().started()) host_->AdvanceCheckpoint(300);
}

PartitionCluster::PartitionCluster(const Options& options)
    : options_(options), random_(options.seed), network_(random_) {
  network_.SetFaults(options.faults);
  for (raft::NodeId id = 1; id <= options.nodes; ++id) {
    nodes_.push_back(std::make_unique<PartitionNode>(*this, id));
  }
  for (const auto& node : nodes_) node->Start();
}

void PartitionCluster::Step() {
  now_ms_ += kStepMs;
  VirtualNetwork::Letter letter;
  while (network_.Receive(now_ms_, letter)) {
    PartitionNode& to = node(letter.to);
    if (!to.running()) continue;
    const auto message = raft::Decode(letter.bytes);
    if (!message) throw std::runtime_error("a message does not decode");
    to.host().partition().SetTime(wall_ms() + to.wall_offset_ms, now_ms_);
    to.host().Tick(now_ms_);
    to.host().OnMessage(letter.from, *message);
    if (random_.Percent(70)) to.host().Flush();
  }
  for (const auto& node : nodes_) {
    if (node->running()) node->Turn();
  }
}

void PartitionCluster::Run(uint64_t ms) {
  for (const uint64_t until = now_ms_ + ms; now_ms_ < until;) Step();
}

bool PartitionCluster::RunUntil(const std::function<bool()>& done, uint64_t ms_max) {
  for (const uint64_t until = now_ms_ + ms_max; now_ms_ < until;) {
    if (done()) return true;
    Step();
  }
  return done();
}

PartitionNode* PartitionCluster::Leader() {
  PartitionNode* leader = nullptr;
  raft::Term term = 0;
  for (const auto& node : nodes_) {
    if (!node->serving()) continue;
    const raft::Term own = node->partition().replica().core().term();
    if (own > term) leader = node.get();
    term = std::max(term, own);
  }
  return leader;
}

PartitionNode& PartitionCluster::WaitForLeader() {
  if (!RunUntil([&] { return Leader() != nullptr; })) throw std::runtime_error("no leader");
  return *Leader();
}

PartitionNode& PartitionCluster::FollowerOf(const PartitionNode& leader) {
  return node(leader.id() == 1 ? 2 : 1);
}

void PartitionCluster::Isolate(raft::NodeId id) {
  for (const auto& other : nodes_) {
    if (other->id() == id) continue;
    network_.Cut(id, other->id());
    network_.Cut(other->id(), id);
  }
}

void PartitionCluster::Heal() {
  network_.Heal();
  network_.SetFaults({});
  for (const auto& node : nodes_) {
    node->disk_stalls = node->executor_stalls = false;
    if (!node->running()) node->Start();
  }
}

bool PartitionCluster::Converged() {
  const PartitionNode* leader = Leader();
  if (leader == nullptr) return false;
  for (const auto& node : nodes_) {
    if (!node->running() || !node->partition().started()) return false;
    const raft::Replica& replica = node->partition().replica();
    const raft::Index last = Leader()->partition().replica().core().last().index;
    if (replica.rebuilding() || replica.core().last().index != last) return false;
    if (replica.core().commit() != last || replica.executed() != last) return false;
  }
  return true;
}

std::string PartitionCluster::Ask(PartitionNode& node, const Words& words, bool stale) {
  auto reply = std::make_shared<std::optional<std::string>>();
  node.Submit(
      words, [reply](std::string text) { *reply = std::move(text); }, stale);
  RunUntil([&] { return reply->has_value(); });
  return reply->value_or("(no answer)");
}

}  // namespace sim
