// What a shard looks after as time passes: memory, a full log, coverage, loading, counters, dead
// keys.
#include <spdlog/spdlog.h>

#include "server/net/node.h"
#include "server/net/shard.h"

namespace server {
namespace {

// Active expiry looks for dead keys `hz` times a second, and while it finds many it goes on in
// every tick, with a fifth of a core (Redis's slow cycle takes up to a quarter). The time also
// bounds what a turn logs.
constexpr uint64_t kExpireBudgetNs = 2000000;
constexpr size_t kExpireSampleKeys = 64;

}  // namespace

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

}  // namespace server
