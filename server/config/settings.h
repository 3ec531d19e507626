// Every setting's value, as the server reads it. Filled by Config, from the rows of
// setting_table.cc, which say what each is called, what it may be and what it is unless set.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace server {

enum class AppendFsync { kEverySec, kAlways, kNo };
enum class EndpointType { kIp, kHostname, kUnknown };
enum class LogLevel { kDebug, kVerbose, kNotice, kWarning };
enum class ReadConsistency { kLease, kReadIndex };

// A checkpoint is due when so much time has passed and so many keys have changed since the last
// one.
struct SavePoint {
  int64_t seconds;
  int64_t changes;
  bool operator==(const SavePoint&) const = default;
};

// A client is closed at the hard limit, or after `soft_seconds` above the soft one. 0 is no limit.
struct OutputBufferLimit {
  int64_t hard_bytes = 0;
  int64_t soft_bytes = 0;
  int64_t soft_seconds = 0;
};
enum ClientClass { kNormalClient, kReplicaClient, kPubSubClient, kClientClasses };

struct Settings {
  // Network.
  int64_t port = 0;
  std::vector<std::string> bind;  // As written: a leading '-' means it need not be there.
  int64_t tcp_backlog = 0;
  int64_t tcp_keepalive = 0;   // Seconds; 0 is off.
  int64_t timeout = 0;         // Seconds a client may be idle; 0 is for ever.
  std::string unixsocket;      // Empty: none.
  int64_t unixsocketperm = 0;  // Permission bits; 0 leaves what the umask gives.
  bool protected_mode = false;

  // Clients.
  int64_t maxclients = 0;
  std::string requirepass;  // Empty: none.
  int64_t proto_max_bulk_len = 0;
  int64_t client_query_buffer_limit = 0;
  std::array<OutputBufferLimit, kClientClasses> client_output_buffer_limit = {};

  // The process.
  std::string dir;
  int64_t threads = 0;
  std::string pidfile;  // Empty: none.
  LogLevel loglevel = {};
  std::string logfile;                  // Empty: standard output.
  int64_t hz = 0;                       // 1 to 500.
  int64_t slowlog_log_slower_than = 0;  // Microseconds; 0 logs all, -1 nothing.
  int64_t slowlog_max_len = 0;

  // Memory and encodings.
  int64_t maxmemory = 0;  // 0 is no limit.
  int64_t hash_max_listpack_entries = 0;
  int64_t hash_max_listpack_value = 0;
  int64_t list_max_listpack_size = 0;  // Entries, or -1 to -5 for 4 to 64 kB.
  int64_t set_max_intset_entries = 0;
  int64_t zset_max_listpack_entries = 0;
  int64_t zset_max_listpack_value = 0;

  // Storage.
  bool appendonly = false;
  AppendFsync appendfsync = {};
  std::vector<SavePoint> save;
  bool stop_writes_on_bgsave_error = false;
  int64_t wal_segment_size = 0;
  int64_t checkpoint_wal_size = 0;  // WAL bytes since the last checkpoint that make one due.

  // Cluster.
  bool cluster_enabled = false;
  int64_t cluster_port = 0;        // Never 0 in a cluster: port + 10000 unless set.
  std::vector<std::string> seeds;  // "host:port" or "[v6]:port", the peers' cluster ports.
  int64_t bootstrap_expect = 0;    // Never 0 in a cluster: the number of seeds unless set.
  int64_t partitions = 0;
  int64_t replication_factor = 0;
  std::string node_zone;
  std::string cluster_announce_ip;
  std::string cluster_announce_hostname;
  int64_t cluster_announce_port = 0;      // 0: the real one.
  int64_t cluster_announce_bus_port = 0;  // 0: the real one.
  EndpointType cluster_preferred_endpoint_type = {};
  int64_t cluster_election_wait = 0;  // Milliseconds.
  bool cluster_require_full_coverage = false;
  bool cluster_allow_reads_when_down = false;
  ReadConsistency read_consistency = {};
  int64_t election_timeout_ms = 0;
  int64_t heartbeat_interval_ms = 0;
};

}  // namespace server
