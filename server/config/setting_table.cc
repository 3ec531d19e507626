#include "server/config/setting_table.h"

#include <cstdint>
#include <type_traits>

#include "server/config/special_values.h"

namespace server {
namespace {

constexpr int64_t kIntMax = INT32_MAX;
constexpr int64_t kMegabyte = 1 << 20;
constexpr int64_t kGigabyte = 1 << 30;
constexpr std::string_view kAlwaysLazy = "what is large is always freed in the background";

// In the order of the enumerators in settings.h.
constexpr std::string_view kAppendFsyncs[] = {"everysec", "always", "no"};
constexpr std::string_view kEndpointTypes[] = {"ip", "hostname", "unknown-endpoint"};
constexpr std::string_view kLogLevels[] = {"debug", "verbose", "notice", "warning"};
constexpr std::string_view kReadConsistencies[] = {"lease", "readindex"};

template <auto kField>
EnumKind Enum(std::span<const std::string_view> names) {
  return {names, [](const Settings& settings) { return static_cast<int>(settings.*kField); },
          [](Settings& settings, int value) {
            settings.*kField = static_cast<std::remove_cvref_t<decltype(settings.*kField)>>(value);
          }};
}

}  // namespace

std::span<const Setting> AllSettings() {
  static const Setting kSettings[] = {
      // Network.
      {"port", When::kAtStart, "6379", IntegerKind{&Settings::port, 0, 65535}},
      {"bind", When::kAtStart, "* -::*", BindValue()},
      {"tcp-backlog", When::kAtStart, "511", IntegerKind{&Settings::tcp_backlog, 0, kIntMax}},
      {"tcp-keepalive", When::kAnyTime, "300", IntegerKind{&Settings::tcp_keepalive, 0, kIntMax}},
      {"timeout", When::kAnyTime, "0", IntegerKind{&Settings::timeout, 0, kIntMax}},
      {"unixsocket", When::kAtStart, "", TextKind{&Settings::unixsocket}},
      {"unixsocketperm", When::kAtStart, "0", UnixSocketPermValue()},
      {"protected-mode", When::kAnyTime, "yes", BoolKind{&Settings::protected_mode}},
      // Clients.
      {"maxclients", When::kAnyTime, "10000", IntegerKind{&Settings::maxclients, 1, UINT32_MAX}},
      {"requirepass", When::kAnyTime, "", TextKind{&Settings::requirepass}},
      {"proto-max-bulk-len", When::kAnyTime, "512mb",
       MemoryKind{&Settings::proto_max_bulk_len, kMegabyte, INT32_MAX}},
      {"client-query-buffer-limit", When::kAnyTime, "1gb",
       MemoryKind{&Settings::client_query_buffer_limit, kMegabyte, INT64_MAX}},
      {"client-output-buffer-limit", When::kAnyTime,
       "normal 0 0 0 slave 256mb 64mb 60 pubsub 32mb 8mb 60", OutputBufferLimitValue()},
      // The process.
      {"dir", When::kAtStart, ".", TextKind{&Settings::dir}},
      {"threads", When::kAtStart, "1", IntegerKind{&Settings::threads, 1, 128}},
      {"pidfile", When::kAtStart, "", TextKind{&Settings::pidfile}},
      {"loglevel", When::kAnyTime, "notice", Enum<&Settings::loglevel>(kLogLevels)},
      {"logfile", When::kAtStart, "", TextKind{&Settings::logfile}},
      {"hz", When::kAnyTime, "10", IntegerKind{&Settings::hz, 0, kIntMax}},
      {"slowlog-log-slower-than", When::kAnyTime, "-1",
       FixedKind{"-1", "the slow log is not available yet"}},
      {"slowlog-max-len", When::kAnyTime, "0", FixedKind{"0", "the slow log is not available yet"}},
      {"latency-monitor-threshold", When::kAnyTime, "0",
       FixedKind{"0", "the latency monitor is not available yet"}},
      {"databases", When::kAtStart, "16", FixedKind{"16", "their number cannot be chosen"}},
      {"daemonize", When::kAtStart, "no",
       FixedKind{"no", "run the server under a service manager, or in the background of a shell"}},
      {"supervised", When::kAtStart, "no",
       FixedKind{"no", "signalling a service manager is not supported"}},
      {"set-proc-title", When::kAtStart, "no",
       FixedKind{"no", "the title of the process is left as it is"}},
      {"always-show-logo", When::kAtStart, "no", FixedKind{"no", "there is no logo"}},
      {"active-expire-effort", When::kAnyTime, "1",
       FixedKind{"1", "the effort adapts to how many keys expire"}},
      {"notify-keyspace-events", When::kAnyTime, "",
       FixedKind{"", "keyspace notifications are not available yet"}},
      {"http-port", When::kAtStart, "0", FixedKind{"0", "the HTTP port is not available yet"}},
      // Memory and encodings.
      {"maxmemory", When::kAnyTime, "0", MemoryKind{&Settings::maxmemory, 0, INT64_MAX}},
      {"maxmemory-policy", When::kAnyTime, "noeviction",
       FixedKind{"noeviction", "eviction policies are not available yet"}},
      {"hash-max-listpack-entries", When::kAnyTime, "512",
       IntegerKind{&Settings::hash_max_listpack_entries, 0, INT64_MAX}, "hash-max-ziplist-entries"},
      {"hash-max-listpack-value", When::kAnyTime, "64",
       MemoryKind{&Settings::hash_max_listpack_value, 0, INT64_MAX}, "hash-max-ziplist-value"},
      {"list-max-listpack-size", When::kAnyTime, "-2",
       IntegerKind{&Settings::list_max_listpack_size, INT32_MIN, kIntMax}, "list-max-ziplist-size"},
      {"set-max-intset-entries", When::kAnyTime, "512",
       IntegerKind{&Settings::set_max_intset_entries, 0, INT64_MAX}},
      {"zset-max-listpack-entries", When::kAnyTime, "128",
       IntegerKind{&Settings::zset_max_listpack_entries, 0, INT64_MAX}, "zset-max-ziplist-entries"},
      {"zset-max-listpack-value", When::kAnyTime, "64",
       MemoryKind{&Settings::zset_max_listpack_value, 0, INT64_MAX}, "zset-max-ziplist-value"},
      {"lazyfree-lazy-eviction", When::kAnyTime, "yes", FixedKind{"yes", kAlwaysLazy}},
      {"lazyfree-lazy-expire", When::kAnyTime, "yes", FixedKind{"yes", kAlwaysLazy}},
      {"lazyfree-lazy-server-del", When::kAnyTime, "yes", FixedKind{"yes", kAlwaysLazy}},
      {"lazyfree-lazy-user-del", When::kAnyTime, "yes", FixedKind{"yes", kAlwaysLazy}},
      {"lazyfree-lazy-user-flush", When::kAnyTime, "yes", FixedKind{"yes", kAlwaysLazy}},
      // Storage.
      {"appendonly", When::kAtStart, "yes", BoolKind{&Settings::appendonly}},
      {"appendfsync", When::kAnyTime, "everysec", Enum<&Settings::appendfsync>(kAppendFsyncs)},
      {"save", When::kAnyTime, "3600 1 300 100 60 10000", SaveValue()},
      {"stop-writes-on-bgsave-error", When::kAnyTime, "yes",
       BoolKind{&Settings::stop_writes_on_bgsave_error}},
      {"rdbchecksum", When::kAtStart, "yes",
       FixedKind{"yes", "checkpoints always carry checksums"}},
      {"rdbcompression", When::kAtStart, "",
       RefusedKind{"checkpoints are RocksDB files, whose compression is not configurable"}},
      {"wal-segment-size", When::kAtStart, "64mb",
       MemoryKind{&Settings::wal_segment_size, kMegabyte, kGigabyte}},
      {"checkpoint-wal-size", When::kAnyTime, "256mb",
       MemoryKind{&Settings::checkpoint_wal_size, kMegabyte, INT64_MAX}},
      // Cluster.
      {"cluster-enabled", When::kAtStart, "no", BoolKind{&Settings::cluster_enabled}},
      {"cluster-port", When::kAtStart, "0", IntegerKind{&Settings::cluster_port, 0, 65535}},
      {"discovery", When::kAtStart, "static",
       FixedKind{"static", "discovery by 'env' and 'dns' is not available yet"}},
      {"seeds", When::kAtStart, "", SeedsValue()},
      {"bootstrap-expect", When::kAtStart, "0", IntegerKind{&Settings::bootstrap_expect, 0, 1000}},
      {"partitions", When::kAtStart, "16", IntegerKind{&Settings::partitions, 1, 1024}},
      {"replication-factor", When::kAtStart, "3", IntegerKind{&Settings::replication_factor, 1, 9}},
      {"node-zone", When::kAtStart, "", TextKind{&Settings::node_zone}},
      {"cluster-announce-ip", When::kAtStart, "", TextKind{&Settings::cluster_announce_ip}},
      {"cluster-announce-hostname", When::kAtStart, "",
       TextKind{&Settings::cluster_announce_hostname}},
      {"cluster-announce-port", When::kAtStart, "0",
       IntegerKind{&Settings::cluster_announce_port, 0, 65535}},
      {"cluster-announce-bus-port", When::kAtStart, "0",
       IntegerKind{&Settings::cluster_announce_bus_port, 0, 65535}},
      {"cluster-preferred-endpoint-type", When::kAnyTime, "ip",
       Enum<&Settings::cluster_preferred_endpoint_type>(kEndpointTypes)},
      {"cluster-election-wait", When::kAnyTime, "1000",
       IntegerKind{&Settings::cluster_election_wait, 0, 60000}},
      {"cluster-require-full-coverage", When::kAnyTime, "no",
       BoolKind{&Settings::cluster_require_full_coverage}},
      {"cluster-allow-reads-when-down", When::kAnyTime, "no",
       BoolKind{&Settings::cluster_allow_reads_when_down}},
      {"read-consistency", When::kAnyTime, "lease",
       Enum<&Settings::read_consistency>(kReadConsistencies)},
      {"cluster-forward", When::kAtStart, "no",
       FixedKind{"no", "commands are not forwarded yet: clients are redirected"}},
      {"election-timeout-ms", When::kAtStart, "500",
       IntegerKind{&Settings::election_timeout_ms, 50, 60000}},
      {"heartbeat-interval-ms", When::kAtStart, "50",
       IntegerKind{&Settings::heartbeat_interval_ms, 5, 10000}},
      // Redis's, and not ours.
      {"cluster-node-timeout", When::kAtStart, "",
       RefusedKind{"failures are found by Raft: see election-timeout-ms"}},
      {"cluster-config-file", When::kAtStart, "",
       RefusedKind{"a node's part in the cluster is kept in dir"}},
      {"replicaof", When::kAtStart, "",
       RefusedKind{"replication is by Raft: see cluster-enabled and seeds"}},
      {"slaveof", When::kAtStart, "",
       RefusedKind{"replication is by Raft: see cluster-enabled and seeds"}},
      {"dbfilename", When::kAtStart, "", RefusedKind{"data files have fixed names within dir"}},
      {"appendfilename", When::kAtStart, "", RefusedKind{"data files have fixed names within dir"}},
      {"appenddirname", When::kAtStart, "", RefusedKind{"data files have fixed names within dir"}},
      {"rename-command", When::kAtStart, "", RefusedKind{"commands cannot be renamed"}},
      {"loadmodule", When::kAtStart, "", RefusedKind{"modules are not supported"}},
      {"aclfile", When::kAtStart, "", RefusedKind{"access control lists are not available yet"}},
      {"io-threads", When::kAtStart, "", RefusedKind{"see threads"}},
      {"tls-port", When::kAtStart, "", RefusedKind{"TLS is not available yet"}},
  };
  return kSettings;
}

}  // namespace server
