#include "server/net/node.h"

#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <ctime>

#include "server/net/random.h"

namespace server {
namespace {

constexpr rlim_t kReservedFiles =
    128;  // For segments, RocksDB and peers: clients never take the last ones.

constexpr int64_t kCompactEntriesMax = 1 << 16;
constexpr int64_t kCompactValueMax = 8 << 10;

storage::Thresholds ThresholdsOf(const Settings& settings) {
  // A compact value is searched from its beginning and lies in one piece of memory, so there is an
  // end to what may be asked for.
  const auto count = [](int64_t setting) {
    return static_cast<size_t>(std::min(setting, kCompactEntriesMax));
  };
  const auto bytes = [](int64_t setting) {
    return static_cast<size_t>(std::min(setting, kCompactValueMax));
  };
  storage::Thresholds thresholds;
  thresholds.hash_entries_max = count(settings.hash_max_listpack_entries);
  thresholds.hash_value_max = bytes(settings.hash_max_listpack_value);
  thresholds.zset_entries_max = count(settings.zset_max_listpack_entries);
  thresholds.zset_value_max = bytes(settings.zset_max_listpack_value);
  thresholds.set_intset_max = count(settings.set_max_intset_entries);
  // As in Redis (quicklist.c): -1 to -5 are blocks of 4 to 64 kB, and a number of elements holds up
  // to 8 kB.
  const int64_t list = settings.list_max_listpack_size;
  if (list < 0) {
    thresholds.list_block_bytes = size_t{4096} << (std::min<int64_t>(-list, 5) - 1);
  } else {
    thresholds.list_block_entries = count(std::max<int64_t>(list, 1));
  }
  return thresholds;
}

}  // namespace

Node::Node(Config config)
    : config_(std::move(config)),
      settings_(std::make_shared<const Settings>(config_.settings())),
      cluster_enabled_(settings_->cluster_enabled),
      disk_(storage::MakePosixDisk()),
      checkpoint_worker_("checkpoints", /*background=*/true),
      free_worker_("free", /*background=*/true),
      started_s_(std::time(nullptr)),
      random_seed_(RandomBits()) {}

Node::~Node() = default;

bool Node::Open() {
  std::signal(SIGPIPE, SIG_IGN);
  LimitClients();
  if (!OpenData()) return false;

  auto topology = std::make_shared<Topology>();
  topology->cluster_enabled = settings_->cluster_enabled;
  topology->self = self();
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
  logs_ = meta.logs;
  node_id_ = meta.node_id;
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
  options.partition.raft.id = self();
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
  options.partition.thresholds = live.thresholds;
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
          .reads_by_round = settings.read_consistency == ReadConsistency::kReadIndex,
          .thresholds = ThresholdsOf(settings)};
}

void Node::AddTo(PartitionHost::Options options) {
  Shard* shard = ShardOf(options.partition.id);
  partitions_loading_.fetch_add(1, std::memory_order_relaxed);
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

Shard* Node::ShardOf(uint32_t partition) { return shards_[partition % logs_].get(); }

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
    threads_.emplace_back([this, &bound, shard = shards_[i].get()] {
      shard->BindToThisThread();
      ++bound;
      running_.wait(false);
      shard->Run();
    });
  }
  while (bound.load() < shards_.size()) std::this_thread::yield();
  running_ = true;  // From here on a shard is touched by its own thread only.
  running_.notify_all();
  shards_[0]->Run();
  for (std::thread& thread : threads_) thread.join();
  running_ = false;
  signals_.clear();
  cluster_.reset();
  checkpoint_worker_.Stop();  // Its outcomes go to the shards' mailboxes.
  free_worker_.Stop();
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

}  // namespace server
