// INFO: all shards together, in Redis's sections and field names, for the tools that read them.
#ifdef LOOM_JEMALLOC
#include <jemalloc/jemalloc.h>
#else
#include <malloc.h>
#endif
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <map>

#include "server/config/version.h"
#include "server/net/node.h"
#include "server/net/text_lines.h"

namespace server {
namespace {

constexpr std::string_view kRedisVersion =
    "7.0.15";  // What clients read; the commands and replies are its.

std::string HumanBytes(uint64_t bytes) {
  char text[32];
  const auto value = static_cast<double>(bytes);
  if (bytes < (1ULL << 10)) {
    std::snprintf(text, sizeof text, "%lluB", static_cast<unsigned long long>(bytes));
  } else if (bytes < (1ULL << 20)) {
    std::snprintf(text, sizeof text, "%.2fK", value / (1ULL << 10));
  } else if (bytes < (1ULL << 30)) {
    std::snprintf(text, sizeof text, "%.2fM", value / (1ULL << 20));
  } else {
    std::snprintf(text, sizeof text, "%.2fG", value / (1ULL << 30));
  }
  return text;
}

uint64_t ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  uint64_t total = 0;
  uint64_t resident = 0;
  file >> total >> resident;
  return resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

#ifdef LOOM_JEMALLOC
constexpr std::string_view kAllocator = "jemalloc-" JEMALLOC_VERSION;

uint64_t AllocatedBytes() {
  uint64_t epoch = 1;
  size_t size = sizeof epoch;
  mallctl("epoch", &epoch, &size, &epoch, size);
  size_t allocated = 0;
  size = sizeof allocated;
  mallctl("stats.allocated", &allocated, &size, nullptr, 0);
  return allocated;
}
#else
constexpr std::string_view kAllocator = "libc";

uint64_t AllocatedBytes() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}
#endif

class Section {
 public:
  explicit Section(std::string_view title) : text_("# " + std::string(title) + "\r\n") {}
  template <typename T>
  void Add(std::string_view name, const T& value) {
    text_ += name;
    text_ += ':';
    if constexpr (std::is_convertible_v<T, std::string_view>) {
      text_ += std::string_view(value);
    } else {
      text_ += std::to_string(value);
    }
    text_ += "\r\n";
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace

// What shards report of their partitions, joined: "db<N>=keys,expires,ttl-sum" and counters as
// lines.
struct Node::InfoParts {
  struct DatabaseCount {
    uint64_t keys = 0;
    uint64_t expires = 0;
    uint64_t ttl_weighted = 0;
  };
  std::map<int, DatabaseCount> databases;
  std::map<std::string, uint64_t, std::less<>> sums;
};

std::string Shard::DescribeForInfo() const {
  std::string out;
  uint64_t checkpoint_failed = 0;
  uint64_t loaded = 0;
  uint64_t changed = 0;
  uint64_t to_load = 0;
  uint64_t leading = 0;
  for (const auto& host : hosts_) {
    checkpoint_failed += host->checkpoint_failed() ? 1 : 0;
    changed += host->partition().keyspace().changes();
    loaded += host->loaded_keys();
    to_load += host->keys_to_load();
    leading += host->partition().serving() ? 1 : 0;
    for (int index = 0; index < storage::kDatabases; ++index) {
      const storage::Database& database =
          const_cast<storage::Keyspace&>(host->partition().keyspace()).database(index);
      if (database.size() == 0) continue;
      const auto ttl = static_cast<uint64_t>(database.average_expiry_ms(turn_wall_ms_));
      out += "db" + std::to_string(index) + "=" + std::to_string(database.size()) + "," +
             std::to_string(database.expiring_size()) + "," +
             std::to_string(ttl * database.expiring_size()) + "\n";
    }
  }
  const auto add = [&out](std::string_view name, uint64_t value) {
    out += std::string(name) + "=" + std::to_string(value) + "\n";
  };
  add("checkpoint_failed", checkpoint_failed);
  add("log_full", log_is_full_ ? 1 : 0);
  add("loaded", loaded);
  add("to_load", to_load);
  add("leading", leading);
  add("hosted", hosts_.size());
  add("clients", stats_.connections.get());
  add("received", stats_.connections_received.get());
  add("rejected", stats_.connections_rejected.get());
  add("commands", stats_.commands.get());
  add("input", stats_.input_bytes.get());
  add("output", stats_.output_bytes.get());
  add("errors", stats_.errors.get());
  add("expired", stats_.expired_keys.get());
  add("hits", stats_.keyspace_hits.get());
  add("misses", stats_.keyspace_misses.get());
  add("moved", stats_.moved.get());
  add("log_writes", stats_.log_writes.get());
  add("checkpoints", stats_.checkpoints.get());
  add("checkpoint_failures", stats_.checkpoint_failures.get());
  add("changed", changed);
  uint64_t keyspace_bytes = 0;
  for (const auto& host : hosts_) keyspace_bytes += host->partition().keyspace().memory_bytes();
  add("keyspace_bytes", keyspace_bytes);
  return out;
}

void Node::Info(Shard& asker, std::vector<std::string> sections,
                std::function<void(std::string)> answer) {
  OnEveryShard(
      asker, [](Shard& shard) { return shard.DescribeForInfo(); },
      [this, &asker, sections = std::move(sections),
       answer = std::move(answer)](const std::string& joined) {
        InfoParts parts;
        ForEachLine(joined, [&](std::string_view key, std::string_view value) {
          if (!key.starts_with("db")) {
            parts.sums[std::string(key)] += ParseNumber<uint64_t>(value).value_or(0);
            return;
          }
          InfoParts::DatabaseCount& count =
              parts.databases[ParseNumber<int>(key.substr(2)).value_or(0)];
          int field = 0;
          ForEachPart(value, ',', [&](std::string_view part) {
            const uint64_t number = ParseNumber<uint64_t>(part).value_or(0);
            (field == 0 ? count.keys : field == 1 ? count.expires : count.ttl_weighted) += number;
            ++field;
          });
        });
        answer(InfoText(asker, sections, parts));
      });
}

std::string Node::InfoText(Shard& asker, const std::vector<std::string>& wanted,
                           InfoParts& parts) const {
  const Settings& settings = asker.settings();
  auto& sums = parts.sums;
  const auto asked = [&](std::string_view name) {
    if (wanted.empty()) return true;
    return std::any_of(wanted.begin(), wanted.end(), [&](std::string section) {
      std::transform(section.begin(), section.end(), section.begin(),
                     [](unsigned char c) { return std::tolower(c); });
      return section == name || section == "all" || section == "default" || section == "everything";
    });
  };
  std::string text;
  const auto append = [&](const Section& section) {
    if (!text.empty()) text += "\r\n";
    text += section.text();
  };
  const int64_t now_s = std::time(nullptr);
  if (asked("server")) {
    utsname system{};
    uname(&system);
    Section section("Server");
    section.Add("redis_version", kRedisVersion);
    section.Add("redis_mode", settings.cluster_enabled ? "cluster" : "standalone");
    section.Add("loomcache_version", kVersion);
    section.Add("os", std::string(system.sysname) + " " + system.release + " " + system.machine);
    section.Add("arch_bits", 64);
    section.Add("multiplexing_api", "epoll");
    section.Add("gcc_version", __VERSION__);
    section.Add("process_id", getpid());
    section.Add("run_id", node_id_);
    section.Add("tcp_port", settings.port);
    section.Add("server_time_usec", asker.wall_ms() * 1000);
    section.Add("uptime_in_seconds", now_s - started_s_);
    section.Add("uptime_in_days", (now_s - started_s_) / 86400);
    section.Add("hz", settings.hz);
    section.Add("io_threads_active", 0);
    section.Add("threads", settings.threads);
    section.Add("config_file", config_.file());
    append(section);
  }
  if (asked("clients")) {
    Section section("Clients");
    section.Add("connected_clients", sums["clients"]);
    section.Add("maxclients", clients_max_.load());
    section.Add("blocked_clients", 0);
    append(section);
  }
  if (asked("memory")) {
    const uint64_t used = AllocatedBytes();
    const uint64_t resident = ResidentBytes();
    Section section("Memory");
    section.Add("used_memory", used);
    section.Add("used_memory_human", HumanBytes(used));
    section.Add("used_memory_rss", resident);
    section.Add("used_memory_rss_human", HumanBytes(resident));
    section.Add("used_memory_dataset", sums["keyspace_bytes"]);
    section.Add("maxmemory", settings.maxmemory);
    section.Add("maxmemory_human", HumanBytes(static_cast<uint64_t>(settings.maxmemory)));
    section.Add("maxmemory_policy", "noeviction");
    section.Add("mem_allocator", kAllocator);
    append(section);
  }
  if (asked("persistence")) {
    Section section("Persistence");
    section.Add("loading", loading() ? 1 : 0);
    if (loading()) {
      section.Add("loading_start_time", started_s_);
      section.Add("loading_loaded_perc",
                  sums["to_load"] == 0 ? 0 : sums["loaded"] * 100 / sums["to_load"]);
      section.Add("loading_loaded_keys", sums["loaded"]);
      section.Add("loading_total_keys", sums["to_load"]);
    }
    section.Add("rdb_changes_since_last_save", sums["changed"]);
    section.Add("rdb_bgsave_in_progress", checkpoint_running() ? 1 : 0);
    section.Add("bgsave_in_progress", checkpoint_running() ? 1 : 0);
    section.Add("rdb_last_save_time", last_checkpoint_s());
    section.Add("rdb_last_bgsave_status", sums["checkpoint_failed"] == 0 ? "ok" : "err");
    section.Add("rdb_saves", sums["checkpoints"]);
    section.Add("aof_enabled", settings.appendonly ? 1 : 0);
    section.Add("aof_rewrite_in_progress", 0);
    section.Add("aof_last_write_status", sums["log_full"] == 0 ? "ok" : "err");
    section.Add("checkpoint_failures", sums["checkpoint_failures"]);
    section.Add("log_writes", sums["log_writes"]);
    append(section);
  }
  if (asked("stats")) {
    Section section("Stats");
    section.Add("total_connections_received", sums["received"]);
    section.Add("total_commands_processed", sums["commands"]);
    section.Add("total_net_input_bytes", sums["input"]);
    section.Add("total_net_output_bytes", sums["output"]);
    section.Add("rejected_connections", sums["rejected"]);
    section.Add("expired_keys", sums["expired"]);
    section.Add("evicted_keys", 0);
    section.Add("keyspace_hits", sums["hits"]);
    section.Add("keyspace_misses", sums["misses"]);
    section.Add("total_error_replies", sums["errors"]);
    section.Add("total_moved_replies", sums["moved"]);
    append(section);
  }
  if (asked("replication")) {
    Section section("Replication");
    section.Add("role", "master");
    section.Add("connected_slaves", 0);
    section.Add("partitions_hosted", sums["hosted"]);
    section.Add("partitions_leading", sums["leading"]);
    append(section);
  }
  if (asked("cpu")) {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
      char number[32];
      std::snprintf(number, sizeof number, "%ld.%06ld", static_cast<long>(time.tv_sec),
                    static_cast<long>(time.tv_usec));
      return std::string(number);
    };
    Section section("CPU");
    section.Add("used_cpu_sys", seconds(usage.ru_stime));
    section.Add("used_cpu_user", seconds(usage.ru_utime));
    append(section);
  }
  if (asked("cluster")) {
    Section section("Cluster");
    section.Add("cluster_enabled", settings.cluster_enabled ? 1 : 0);
    append(section);
  }
  if (asked("keyspace")) {
    Section section("Keyspace");
    for (const auto& [index, count] : parts.databases) {
      const uint64_t ttl = count.expires == 0 ? 0 : count.ttl_weighted / count.expires;
      section.Add("db" + std::to_string(index), "keys=" + std::to_string(count.keys) +
                                                    ",expires=" + std::to_string(count.expires) +
                                                    ",avg_ttl=" + std::to_string(ttl));
    }
    append(section);
  }
  return text;
}

}  // namespace server
