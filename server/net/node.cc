#include "server/net/node.h"

#include <spdlog/spdlog.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cassert>
#include <csignal>
#include <ctime>
#include <filesystem>

#include "discovery/static_seeds.h"

namespace server {
namespace {

constexpr uint64_t kHandOverPatienceMs = 3000;
constexpr uint64_t kReplyPatienceMs = 500;
constexpr uint64_t kSaveAgainMs = 5000;  // Redis's CONFIG_BGSAVE_RETRY_DELAY.
constexpr rlim_t kReservedFiles =
    128;  // For segments, RocksDB and peers: clients never take the last ones.

uint64_t RandomBits() {
  uint64_t bits = 0;
  while (getrandom(&bits, sizeof bits, 0) != sizeof bits) {
  }
  return bits;
}

std::string RandomName() {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string name;
  for (int i = 0; i < 5; ++i) {
    uint64_t bits = RandomBits();
    for (int digit = 0; digit < 8; ++digit, bits >>= 4) name += kDigits[bits & 15];
  }
  return name;
}

raft::NodeId SelfOf(const storage::NodeMeta& meta) { return *NodeIdOf(meta.node_id); }

}  // namespace

storage::SyncMode Node::SyncModeOf(const Settings& settings) {
  switch (settings.appendfsync) {
    case AppendFsync::kAlways:
      return storage::SyncMode::kAlways;
    case AppendFsync::kEverySec:
      return storage::SyncMode::kEverySecond;
    case AppendFsync::kNo:
      break;
  }
  return storage::SyncMode::kNever;
}

Node::Node(Config config)
    : config_(std::move(config)),
      settings_(std::make_shared<const Settings>(config_.settings())),
      disk_(storage::MakePosixDisk()),
      checkpoint_worker_("checkpoints"),
      free_worker_("free"),
      started_s_(std::time(nullptr)),
      random_seed_(RandomBits()) {}

Node::~Node() = default;

bool Node::Open() {
  std::signal(SIGPIPE, SIG_IGN);
  LimitClients();
  if (!OpenData()) return false;

  auto topology = std::make_shared<Topology>();
  topology->cluster_enabled = settings_->cluster_enabled;
  topology->self = SelfOf(data_directory_->meta());
  const auto threads = static_cast<size_t>(settings_->threads);
  for (size_t i = 0; i < threads; ++i) {
    shards_.push_back(std::make_unique<Shard>(*this, static_cast<int>(i), settings_, topology));
  }
  if (!OpenLogs()) return false;
  for (const auto& shard : shards_) {
    if (!shard->Listen()) return false;
  }
  if (settings_->cluster_enabled) return StartCluster();
  AddTo(OptionsOf(0, {topology->self}));
  return true;
}

// maxclients is what the limit on open files allows, as in Redis, less what the server itself
// needs.
void Node::LimitClients() {
  const int64_t possible = ClientsPossible(settings_->maxclients);
  clients_max_ = std::min(settings_->maxclients, possible);
  if (clients_max_ < settings_->maxclients) {
    spdlog::warn("maxclients is {} and not {}: the limit on open files allows no more",
                 clients_max_.load(), settings_->maxclients);
  }
}

// Raises the limit on open files as far as so many clients need and the system lets us.
int64_t Node::ClientsPossible(int64_t clients) {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return clients;
  const rlim_t wanted = static_cast<rlim_t>(clients) + kReservedFiles;
  if (files.rlim_cur < wanted) {
    rlimit raised = files;
    raised.rlim_cur = std::min(wanted, files.rlim_max);
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) files = raised;
  }
  return static_cast<int64_t>(files.rlim_cur > 2 * kReservedFiles ? files.rlim_cur - kReservedFiles
                                                                  : kReservedFiles);
}

bool Node::OpenData() {
  const std::string dir = settings_->dir.empty() ? "." : settings_->dir;
  const uint32_t logs = settings_->cluster_enabled ? static_cast<uint32_t>(settings_->threads) : 1;
  auto opened = storage::DataDirectory::Open(
      *disk_, {.path = dir, .logs = logs, .boot_id = storage::CurrentBootId()});
  if (!opened) {
    spdlog::error("{}", opened.error().what);
    return false;
  }
  data_directory_ = std::move(*opened);
  const storage::NodeMeta& meta = data_directory_->meta();
  if (static_cast<int64_t>(meta.logs) > settings_->threads) {
    spdlog::error("threads {} is less than the {} logs with which {} was created",
                  settings_->threads, meta.logs, dir);
    return false;
  }
  const bool was_cluster = !meta.cluster.empty();
  if (!data_directory_->is_new() && was_cluster != settings_->cluster_enabled &&
      (was_cluster || !meta.cluster_id.empty())) {
    spdlog::error("{} belongs to a node of a cluster; cluster-enabled must be yes", dir);
    return false;
  }
  if (meta.may_have_lost && settings_->cluster_enabled &&
      SyncModeOf(*settings_) != storage::SyncMode::kAlways) {
    spdlog::error(
        "the machine went down while this node ran with appendfsync {}: it may have forgotten "
        "votes and writes that it "
        "promised to keep, and must not take part as if it had not",
        settings_->appendfsync == AppendFsync::kNo ? "no" : "everysec");
    return false;
  }
  if (meta.may_have_lost) {
    if (storage::Status status = data_directory_->MarkComplete(); !status) {
      spdlog::error("{}", status.error().what);
      return false;
    }
  }
  auto store = storage::CheckpointStore::Open(data_directory_->CheckpointDirectory());
  if (!store) {
    spdlog::error("{}", store.error().what);
    return false;
  }
  store_ = std::move(*store);
  return true;
}

bool Node::OpenLogs() {
  if (!settings_->appendonly) return true;
  const storage::NodeMeta& meta = data_directory_->meta();
  for (uint32_t i = 0; i < meta.logs; ++i) {
    const storage::SharedLog::Options options{
        .directory = data_directory_->WalDirectory(i),
        .segment_bytes = static_cast<uint64_t>(settings_->wal_segment_size),
        .cluster_id = meta.cluster_id,
        .node_id = meta.node_id,
        .shard = i,
        .epoch = meta.starts};
    uint64_t shown = 0;
    auto log = storage::SharedLog::Open(*disk_, options, [&](uint64_t done, uint64_t total) {
      const uint64_t percent = total == 0 ? 100 : done * 100 / total;
      if (percent < shown + 10) return;
      shown = percent;
      spdlog::info("log {} read {}% of {} bytes", i, percent, total);
    });
    if (!log) {
      spdlog::error("{}", log.error().what);
      return false;
    }
    for (const storage::Error& damage : (*log)->damage())
      spdlog::error("log {}: {}", i, damage.what);
    recovered_.push_back((*log)->TakeRecovered());
    for (const auto& [partition, recovered] : recovered_.back()) {
      if (!recovered.corrupt) continue;
      spdlog::error("partition {} has a damaged log; it is not used as if nothing were missing",
                    partition);
      return false;
    }
    if (!(*log)->damage().empty()) return false;
    shards_[i]->OpenLog(std::move(*log), disk_.get(), SyncModeOf(*settings_));
  }
  return true;
}

PartitionHost::Options Node::OptionsOf(storage::PartitionId id,
                                       std::vector<raft::NodeId> voters) const {
  const auto partitions =
      static_cast<uint64_t>(settings_->cluster_enabled ? settings_->partitions : 1);
  PartitionHost::Options options;
  options.partition.id = id;
  options.partition.raft.id = SelfOf(data_directory_->meta());
  options.partition.raft.seed = random_seed_ ^ (uint64_t{id} * 0x9e3779b97f4a7c15);
  options.partition.raft.election_timeout_ms =
      static_cast<uint64_t>(settings_->election_timeout_ms);
  options.partition.raft.heartbeat_interval_ms =
      static_cast<uint64_t>(settings_->heartbeat_interval_ms);
  options.partition.raft.campaigns_first = voters.front() == options.partition.raft.id;
  options.partition.hash_seed = random_seed_ * (2 * uint64_t{id} + 1);
  options.partition.random_seed = ~options.partition.raft.seed;
  options.partition.log_effects = settings_->appendonly || voters.size() > 1;
  options.initial.voters = std::move(voters);
  const PartitionHost::Live live = LiveOptionsOf(*settings_, static_cast<uint32_t>(partitions));
  options.partition.reads_by_round = live.reads_by_round;
  options.election_wait_ms = live.election_wait_ms;
  options.checkpoint_log_bytes = live.checkpoint_log_bytes;
  options.kept_log_bytes = std::max<uint64_t>((64 << 20) / partitions, 4 << 20);
  if (!recovered_.empty()) {
    const auto& log = recovered_[id % recovered_.size()];
    if (const auto found = log.find(id); found != log.end()) options.recovered = found->second;
  }
  return options;
}

PartitionHost::Live Node::LiveOptionsOf(const Settings& settings, uint32_t partitions) {
  return {.election_wait_ms = settings.cluster_election_wait,
          .checkpoint_log_bytes = std::max<uint64_t>(
              static_cast<uint64_t>(settings.checkpoint_wal_size) / partitions, 1 << 20),
          .reads_by_round = settings.read_consistency == ReadConsistency::kReadIndex};
}

void Node::AddTo(PartitionHost::Options options) {
  LoadingBegan();
  Shard* shard = ShardOf(options.partition.id);
  // Before its thread runs, or on it.
  const auto add = [this, shard, options = std::move(options)] {
    shard->AddPartition(options, store_.get());
  };
  if (threads_.empty()) {
    add();
  } else {
    shard->mailbox().Post(add);
  }
}

Shard* Node::ShardOf(uint32_t partition) {
  return shards_[partition % data_directory_->meta().logs].get();
}

// --- Cluster

bool Node::StartCluster() {
  std::string listed;
  for (const std::string& seed : settings_->seeds) listed += (listed.empty() ? "" : ",") + seed;
  const auto endpoints = discovery::ParseSeeds(listed);
  if (!endpoints) {
    spdlog::error("seeds: {}", endpoints.error().what);
    return false;
  }
  const storage::NodeMeta& meta = data_directory_->meta();
  std::optional<ClusterDescriptor> known;
  if (!meta.cluster.empty()) {
    known = DecodeDescriptor(meta.cluster);
    if (!known) {
      spdlog::error("{}: its cluster document is of another version", data_directory_->path());
      return false;
    }
  }
  Shard& home = *shards_[0];
  cluster_ = std::make_unique<Cluster>(
      config_.settings(), meta.node_id, RandomName(), std::move(known),
      Cluster::Events{
          .send = [&home](raft::NodeId to, PeerFrame kind,
                          std::string_view payload) { home.peers().Send(to, kind, payload); },
          .save =
              [this](const ClusterDescriptor& descriptor) {
                storage::NodeMeta changed = data_directory_->meta();
                changed.cluster_id = descriptor.id;
                changed.cluster = Encode(descriptor);
                const storage::Status status = data_directory_->Save(changed);
                if (!status) spdlog::error("{}", status.error().what);
                return status.has_value();
              },
          .formed = [this](const ClusterDescriptor& descriptor) { CreatePartitions(descriptor); },
          .publish = [this](TopologyPtr topology) { PublishTopology(std::move(topology)); },
          .announce =
              [this](const Announcement& announcement) {
                OnAllShards([announcement](Shard& shard) { shard.peers().Announce(announcement); });
              },
          .connected = [&home](raft::NodeId node) { return home.peers().connected(node); },
          .transfer =
              [this](uint32_t partition, raft::NodeId to) {
                Shard* owner = ShardOf(partition);
                OnShard(*owner,
                        [partition, to](Shard& shard) { shard.TransferLeadership(partition, to); });
              }});
  cluster_->Tick(0, 0);
  const std::string bind = settings_->bind.empty() ? "" : settings_->bind.front();
  for (const auto& shard : shards_) {
    const std::string host = bind.starts_with('-') ? bind.substr(1) : bind;
    if (!shard->peers().Start(*endpoints, host, static_cast<int>(settings_->cluster_port)))
      return false;
  }
  return true;
}

void Node::CreatePartitions(const ClusterDescriptor& descriptor) {
  const discovery::PartitionMap map(static_cast<uint32_t>(descriptor.places.size()));
  OnAllShards([map, id = descriptor.id](Shard& shard) {
    shard.set_partition_map(map);
    shard.peers().SetCluster(id);
    shard.SetClusterId(id);
  });
  const raft::NodeId self = SelfOf(data_directory_->meta());
  for (uint32_t id = 0; id < map.partitions(); ++id) {
    std::vector<raft::NodeId> replicas = descriptor.ReplicasOf(id);
    if (std::find(replicas.begin(), replicas.end(), self) == replicas.end()) continue;
    AddTo(OptionsOf(id, std::move(replicas)));
  }
}

void Node::PublishTopology(TopologyPtr topology) {
  OnAllShards([topology](Shard& shard) { shard.SetTopology(topology); });
}

void Node::OnLeader(uint32_t partition, raft::NodeId leader, raft::Term term) {
  if (!settings_->cluster_enabled) return;
  OnShard(*shards_[0], [this, partition, leader, term](Shard&) {
    if (cluster_) cluster_->OnLeader(partition, leader, term);
  });
}

void Node::OnAnnouncement(const Announcement& announcement) {
  OnShard(*shards_[0], [this, announcement](Shard& home) {
    if (cluster_) cluster_->OnAnnouncement(announcement, home.wall_ms());
  });
}

void Node::OnReached(const Announcement& announcement, const std::string& host) {
  OnShard(*shards_[0], [this, announcement, host](Shard& home) {
    if (cluster_) cluster_->OnReached(announcement, host, home.wall_ms());
  });
}

void Node::OnFormingFrame(const std::string& from, PeerFrame kind, std::string_view payload) {
  OnShard(*shards_[0], [this, from, kind, own = std::string(payload)](Shard&) {
    if (cluster_) cluster_->OnFormingFrame(from, kind, own);
  });
}

// --- Running

void Node::OnShard(Shard& shard, std::function<void(Shard&)> work) {
  // A shard whose thread does not run yet belongs to the one that builds it.
  if (!running_ || shard.IsCurrentThread()) return work(shard);
  shard.mailbox().Post([&shard, work = std::move(work)] { work(shard); });
}

void Node::OnAllShards(const std::function<void(Shard&)>& work) {
  for (const auto& shard : shards_) OnShard(*shard, work);
}

int Node::Run() {
  for (const int signal : {SIGTERM, SIGINT}) {
    auto handle = MakeHandle<uv_signal_t>(
        [this](uv_signal_t* raw) { return uv_signal_init(shards_[0]->loop(), raw); }, this);
    uv_signal_start(
        handle.get(),
        [](uv_signal_t* raw, int number) { static_cast<Node*>(raw->data)->OnSignal(number); },
        signal);
    signals_.push_back(std::move(handle));
  }
  spdlog::info("ready to accept connections port={} threads={} dir={}", settings_->port,
               shards_.size(), data_directory_->path());
  shards_[0]->BindToThisThread();
  std::atomic<size_t> bound = 1;
  for (size_t i = 1; i < shards_.size(); ++i) {
    threads_.emplace_back([&bound, shard = shards_[i].get()] {
      shard->BindToThisThread();
      ++bound;
      shard->Run();
    });
  }
  while (bound.load() < shards_.size()) std::this_thread::yield();
  running_ = true;
  shards_[0]->Run();
  for (std::thread& thread : threads_) thread.join();
  running_ = false;
  signals_.clear();
  cluster_.reset();
  const bool clean = exit_code_ == 0;
  shards_.clear();
  if (clean) {
    if (storage::Status status = data_directory_->MarkCleanShutdown(); !status) {
      spdlog::error("{}", status.error().what);
    }
    spdlog::info("stopped");
  }
  return exit_code_;
}

void Node::OnHome(Shard& asker, std::function<std::string(Node&)> work,
                  std::function<void(std::string)> answer) {
  OnShard(*shards_[0], [this, &asker, work = std::move(work), answer = std::move(answer)](Shard&) {
    OnShard(asker, [result = work(*this), answer](Shard&) { answer(result); });
  });
}

void Node::OnEveryShard(Shard& asker, std::function<std::string(Shard&)> work,
                        std::function<void(std::string)> answer) {
  struct Gathering {
    std::string joined;
    size_t missing;
    std::function<void(std::string)> answer;
  };
  auto gathering = std::make_shared<Gathering>(Gathering{"", shards_.size(), std::move(answer)});
  for (const auto& shard : shards_) {
    OnShard(*shard, [this, &asker, work, gathering](Shard& here) {
      OnShard(asker, [part = work(here), gathering](Shard&) {
        gathering->joined += part;
        if (--gathering->missing == 0) gathering->answer(std::move(gathering->joined));
      });
    });
  }
}

bool Node::AdmitClient() {
  if (clients_.fetch_add(1, std::memory_order_relaxed) <
      clients_max_.load(std::memory_order_relaxed))
    return true;
  ClientGone();
  return false;
}

void Node::OnTick(uint64_t monotonic_ms) {
  now_ms_ = monotonic_ms;
  if (cluster_) cluster_->Tick(monotonic_ms, shards_[0]->wall_ms());
  CheckSavePoints(monotonic_ms);
  if (stage_ != Stage::kServing) ContinueShutdown();
}

uint64_t Node::keyspace_bytes() const {
  uint64_t used = 0;
  for (const auto& shard : shards_) used += shard->stats().keyspace_bytes.get();
  return used;
}

// --- Configuration

std::string Node::ConfigGet(const std::vector<std::string>& patterns, int resp_version) {
  const std::vector<std::string_view> views(patterns.begin(), patterns.end());
  const Config::NamesAndValues found = config_.Get(views);
  std::string reply;
  resp::Writer writer(reply, resp_version);
  writer.Map(found.size());
  for (const auto& [name, value] : found) {
    writer.Bulk(name);
    writer.Bulk(value);
  }
  return reply;
}

std::string Node::ConfigSet(const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::vector<std::string_view> flat;
  for (const auto& [name, value] : pairs) {
    flat.push_back(name);
    flat.push_back(value);
  }
  std::string reply;
  resp::Writer writer(reply, 2);
  const Config before = config_;
  const Config::SetResult result = config_.Set(flat);
  if (!result) {
    writer.Error(result.error());
    return reply;
  }
  if (const int64_t possible = ClientsPossible(config_.settings().maxclients);
      config_.settings().maxclients != before.settings().maxclients &&
      config_.settings().maxclients > possible) {
    config_ = before;
    writer.Error(
        "ERR CONFIG SET failed (possibly related to argument 'maxclients') - The operating system "
        "is not able to handle the specified number of clients, try with " +
        std::to_string(possible));
    return reply;
  }
  ApplySettings();
  writer.Ok();
  return reply;
}

std::string Node::ConfigRewrite() {
  std::string reply;
  resp::Writer writer(reply, 2);
  if (const auto result = config_.Rewrite(); result) {
    writer.Ok();
  } else {
    writer.Error(result.error());
  }
  return reply;
}

void Node::ApplySettings() {
  settings_ = std::make_shared<const Settings>(config_.settings());
  LimitClients();
  ApplyLogLevel(*settings_);
  OnAllShards([settings = settings_](Shard& shard) { shard.SetSettings(settings); });
}

void Node::ApplyLogLevel(const Settings& settings) {
  switch (settings.loglevel) {
    case LogLevel::kDebug:
      return spdlog::set_level(spdlog::level::debug);
    case LogLevel::kVerbose:
    case LogLevel::kNotice:
      return spdlog::set_level(spdlog::level::info);
    case LogLevel::kWarning:
      return spdlog::set_level(spdlog::level::warn);
  }
}

void Node::ResetStats() {
  OnAllShards([](Shard& shard) { shard.stats().Reset(); });
}

// --- Checkpoints

void Node::Checkpoint(Shard& asker, std::function<void(std::string)> answer) {
  if (checkpoints_running_.exchange(1) != 0) return answer("a checkpoint is under way");
  struct Gathering {
    size_t missing;
    std::string error;
  };
  auto gathering = std::make_shared<Gathering>(Gathering{shards_.size(), ""});
  for (const auto& shard : shards_) {
    OnShard(*shard, [this, &asker, gathering, answer](Shard& here) {
      here.CheckpointAll([this, &asker, gathering, answer](const std::string& error) {
        OnShard(asker, [this, gathering, answer, error](Shard&) {
          if (gathering->error.empty()) gathering->error = error;
          if (--gathering->missing != 0) return;
          checkpoints_running_ = 0;
          if (gathering->error.empty()) last_checkpoint_s_ = std::time(nullptr);
          last_checkpoint_ok_ = gathering->error.empty();
          answer(gathering->error);
        });
      });
    });
  }
}

// Redis's save points, for those who rely on them; the log's size alone asks for checkpoints too.
void Node::CheckSavePoints(uint64_t monotonic_ms) {
  if (monotonic_ms - last_save_check_ms_ < 1000) return;
  last_save_check_ms_ = monotonic_ms;
  if (settings_->save.empty() || checkpoint_running() || loading()) return;
  // From the last checkpoint that was asked for, by whomever; a failed one is tried again.
  if (last_save_ms_ == 0 || last_save_seen_s_ != last_checkpoint_s()) last_save_ms_ = monotonic_ms;
  last_save_seen_s_ = last_checkpoint_s();
  if (!last_checkpoint_ok_ && monotonic_ms - last_save_try_ms_ < kSaveAgainMs) return;
  uint64_t changes = 0;
  for (const auto& shard : shards_) changes += shard->stats().keys_changed.get();
  const uint64_t seconds = (monotonic_ms - last_save_ms_) / 1000;
  for (const SavePoint& point : settings_->save) {
    if (seconds < static_cast<uint64_t>(point.seconds) ||
        changes < static_cast<uint64_t>(point.changes) || changes == 0)
      continue;
    last_save_try_ms_ = monotonic_ms;
    return Checkpoint(*shards_[0], [](const std::string& error) {
      if (!error.empty()) spdlog::error("checkpoint by save point failed: {}", error);
    });
  }
}

// --- Shutting down

void Node::OnSignal(int signal) {
  spdlog::info("received {}, shutting down", signal == SIGTERM ? "SIGTERM" : "SIGINT");
  if (stage_ != Stage::kServing) {
    spdlog::warn("not waiting for the rest");
    exit_code_ = 1;
    return Finish();
  }
  // As Redis: what a log would keep a save point's checkpoint keeps.
  BeginShutdown(!settings_->appendonly && !settings_->save.empty());
}

void Node::RequestShutdown(Shard& asker, bool save, std::function<void(std::string)> failed) {
  OnShard(*shards_[0], [this, &asker, save, failed = std::move(failed)](Shard&) {
    if (stage_ != Stage::kServing) return;
    shutdown_failed_ = [this, &asker, failed](const std::string& error) {
      OnShard(asker, [failed, error](Shard&) { failed(error); });
    };
    BeginShutdown(save);
  });
}

void Node::BeginShutdown(bool save) {
  if (!save) return HandOver();
  stage_ = Stage::kSaving;
  Checkpoint(*shards_[0], [this](const std::string& error) {
    if (error.empty()) return HandOver();
    spdlog::error("checkpoint before shutting down failed: {}", error);
    stage_ = Stage::kServing;
    if (shutdown_failed_) shutdown_failed_(error);
  });
}

void Node::HandOver() {
  stage_ = Stage::kHandingOver;
  stage_deadline_ms_ = now_ms_ + kHandOverPatienceMs;
  if (cluster_) OnAllShards([](Shard& shard) { shard.GiveUpLeaderships(); });
}

void Node::ContinueShutdown() {
  if (stage_ == Stage::kHandingOver && !asking_shards_) {
    asking_shards_ = true;
    OnEveryShard(
        *shards_[0],
        [this](Shard& shard) { return std::string(cluster_ && shard.leads_any() ? 1 : 0, 'x'); },
        [this](const std::string& leading) {
          asking_shards_ = false;
          if (leading.empty() || now_ms_ >= stage_deadline_ms_) SyncAll();
        });
  }
  if (stage_ == Stage::kReplying && !asking_shards_) {
    asking_shards_ = true;
    OnEveryShard(
        *shards_[0], [](Shard& shard) { return std::string(shard.replies_waiting() ? 1 : 0, 'x'); },
        [this](const std::string& waiting) {
          asking_shards_ = false;
          if (waiting.empty() || now_ms_ >= stage_deadline_ms_) Finish();
        });
  }
}

// What was acknowledged is on disk already, as appendfsync promises; a shutdown in order leaves
// nothing to chance.
void Node::SyncAll() {
  stage_ = Stage::kSyncing;
  auto missing = std::make_shared<size_t>(shards_.size());
  OnAllShards([this, missing](Shard& shard) {
    shard.StopListening();
    shard.SyncLog([this, missing] {
      OnShard(*shards_[0], [this, missing](Shard&) {
        if (--*missing != 0) return;
        stage_ = Stage::kReplying;
        stage_deadline_ms_ = now_ms_ + kReplyPatienceMs;
      });
    });
  });
}

void Node::Finish() {
  stage_ = Stage::kDone;
  OnAllShards([](Shard& shard) { shard.Stop(); });
}

void Node::OnFatal(const std::string& what) {
  OnShard(*shards_[0], [this, what](Shard&) {
    spdlog::error("stopping: {}", what);
    exit_code_ = 1;
    Finish();
  });
}

}  // namespace server
