// Three replicas of a partition under random work and random misfortune, by seed.
#include <doctest/doctest.h>

#include <map>
#include <set>

#include "tests/simulation/partition_cluster.h"
#include "tests/unit/partition/commands_harness.h"

namespace {

using sim::PartitionCluster;
using sim::PartitionNode;
using Words = sim::Words;

std::string Bulk(const std::string& text) {
  return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
}

bool NotExecuted(const std::string& reply) {
  return reply.starts_with("-TRYAGAIN") || reply.starts_with("-MOVED") ||
         reply.starts_with("-CLUSTERDOWN") || reply.starts_with("-LOADING");
}

// Clients that remember what they were told.
class Clients {
 public:
  explicit Clients(PartitionCluster& cluster) : cluster_(cluster) {}

  void Work() {
    PartitionNode& node = cluster_.node(cluster_.random().Between(1, cluster_.size()));
    if (!node.running()) return;
    switch (cluster_.random().Below(8)) {
      case 0:
      case 1:
        return Write(node);
      case 2:
      case 3:
        return Read(node);
      case 4:
        return Push(node);
      case 5:
        return ReadStale(node);
      default:
        return Noise(node);
    }
  }

  // Nobody waits for an answer of a node that is gone.
  void OnCrash(raft::NodeId id) {
    for (Register& place : registers_) {
      if (place.at == id) place.at = 0;
    }
  }

  size_t acknowledged() const { return acknowledged_; }
  size_t reads() const { return reads_; }

  void CheckAtTheEnd() {
    for (int i = 0; i < kRegisters; ++i) {
      CheckValue(i, registers_[i].floor, AskLeader({"get", Name(i)}));
    }
    const std::string list = AskLeader({"lrange", "list", "0", "-1"});
    CAPTURE(list.substr(0, 80));
    REQUIRE(list[0] == '*');
    for (uint64_t id = 1; id <= pushed_; ++id) {
      CAPTURE(id);
      const std::string element = Bulk("push" + std::to_string(id));
      const size_t found = list.find(element);
      const bool once = found != std::string::npos;
      const bool twice = once && list.find(element, found + 1) != std::string::npos;
      CHECK_FALSE(twice);
      if (push_acknowledged_.contains(id)) CHECK(once);
      if (push_refused_.contains(id)) CHECK_FALSE(once);
    }
  }

 private:
  static constexpr int kRegisters = 3;
  struct Register {
    uint64_t attempted = 0;
    uint64_t floor = 0;  // What every read that begins now must see at least.
    std::set<uint64_t> refused;
    raft::NodeId at = 0;  // Where the write under way is; one at a time.
  };

  std::string AskLeader(const Words& words) {
    std::string reply;
    for (int tries = 0; tries < 10; ++tries) {
      reply = cluster_.Ask(cluster_.WaitForLeader(), words);
      if (!NotExecuted(reply)) break;  // Else it is just handing over.
    }
    return reply;
  }

  static std::string Name(int i) { return "register" + std::to_string(i); }

  void CheckValue(int i, uint64_t floor, const std::string& reply) {
    if (NotExecuted(reply) || reply.starts_with("-UNCERTAIN")) return;
    CAPTURE(i);
    CAPTURE(reply);
    uint64_t value = 0;
    REQUIRE(reply[0] == '$');
    if (reply != "$-1\r\n") value = std::stoull(reply.substr(reply.find("\r\n") + 2));
    CHECK(value >= floor);
    CHECK(value <= registers_[i].attempted);
    CHECK_FALSE(registers_[i].refused.contains(value));
    registers_[i].floor = std::max(registers_[i].floor, value);
    ++reads_;
  }

  void Write(PartitionNode& node) {
    const auto i = static_cast<int>(cluster_.random().Below(kRegisters));
    Register& place = registers_[i];
    if (place.at != 0) return;
    place.at = node.id();
    const uint64_t value = ++place.attempted;
    node.Submit({"set", Name(i), std::to_string(value)},
                [this, i, value](const std::string& reply) {
                  Register& own = registers_[i];
                  own.at = 0;
                  if (reply == "+OK\r\n") {
                    ++acknowledged_;
                    own.floor = std::max(own.floor, value);
                  } else if (NotExecuted(reply)) {
                    own.refused.insert(value);
                  } else {
                    CHECK(reply.starts_with("-UNCERTAIN"));
                  }
                });
  }

  void Read(PartitionNode& node) {
    const auto i = static_cast<int>(cluster_.random().Below(kRegisters));
    node.Submit({"get", Name(i)}, [this, i, floor = registers_[i].floor](const std::string& reply) {
      CheckValue(i, floor, reply);
    });
  }

  // Stale reads see committed values only: none that was refused, and never the future's.
  void ReadStale(PartitionNode& node) {
    const auto i = static_cast<int>(cluster_.random().Below(kRegisters));
    node.Submit(
        {"get", Name(i)},
        [this, i](const std::string& reply) {
          if (reply[0] != '$' || reply == "$-1\r\n") return;
          const uint64_t value = std::stoull(reply.substr(reply.find("\r\n") + 2));
          CHECK(value <= registers_[i].attempted);
          CHECK_FALSE(registers_[i].refused.contains(value));
          stale_seen_[i].insert(value);
        },
        /*stale=*/true);
  }

  void Push(PartitionNode& node) {
    const uint64_t id = ++pushed_;
    node.Submit({"rpush", "list", "push" + std::to_string(id)},
                [this, id](const std::string& reply) {
                  if (reply[0] == ':') push_acknowledged_.insert(id);
                  if (NotExecuted(reply)) push_refused_.insert(id);
                });
  }

  void Noise(PartitionNode& node) {
    const auto key = [this](const char* kind) {
      return kind + std::to_string(cluster_.random().Below(20));
    };
    const std::string number = std::to_string(cluster_.random().Below(1000));
    const Words choices[] = {
        {"set", key("string"), std::string(cluster_.random().Below(200), 'x')},
        {"set", key("string"), number, "px", number},
        {"append", key("string"), number},
        {"incrby", key("counter"), number},
        {"setnx", key("string"), number},
        {"hset", key("hash"), number, "value"},
        {"sadd", key("set"), number, "other"},
        {"spop", key("set")},
        {"zadd", key("zset"), number, "member" + number},
        {"pexpire", key("hash"), number},
        {"del", key("string"), key("hash"), key("set")},
        {"dbsize"},
        {"flushdb"},
    };
    const size_t pick = cluster_.random().Below(std::size(choices) * 4);
    if (pick == std::size(choices) - 1 && !cluster_.random().Percent(10)) return;
    const Words& words =
        choices[pick < std::size(choices) ? pick : pick % (std::size(choices) - 1)];
    // Another database than the registers', which must not be flushed.
    node.Submit(
        words, [](const std::string&) {}, false, 1);
  }

  PartitionCluster& cluster_;
  Register registers_[kRegisters];
  std::set<uint64_t> stale_seen_[kRegisters];
  uint64_t pushed_ = 0;
  std::set<uint64_t> push_acknowledged_;
  std::set<uint64_t> push_refused_;
  size_t acknowledged_ = 0;
  size_t reads_ = 0;
};

void Disturb(PartitionCluster& cluster, Clients& clients) {
  PartitionNode& node = cluster.node(cluster.random().Between(1, cluster.size()));
  switch (cluster.random().Below(9)) {
    case 0:
    case 1:
      if (!node.running()) return node.Start();
      clients.OnCrash(node.id());
      return node.Crash();
    case 2:
      return cluster.Isolate(node.id());
    case 3:
      if (PartitionNode* leader = cluster.Leader()) cluster.Isolate(leader->id());
      return;
    case 4:
      return cluster.network().Heal();
    case 5:
      if (!node.serving()) return;
      node.partition().Seal();
      return node.partition().replica().TransferLeadership(1 + node.id() % cluster.size());
    case 6:
      if (node.running() && node.partition().started()) node.host().StartCheckpoint();
      return;
    case 7:
      node.disk_stalls = !node.disk_stalls;
      return;
    default:
      if (!node.running()) node.Start();
  }
}

// LOOM_SEEDS asks for a longer search than a test run's.
uint64_t SeedCount() {
  const char* given = std::getenv("LOOM_SEEDS");
  return given == nullptr ? 25 : std::strtoull(given, nullptr, 10);
}

void RunUnder(const PartitionCluster::Options& options) {
  CAPTURE(options.seed);
  PartitionCluster cluster(options);
  Clients clients(cluster);
  for (int round = 0; round < 12; ++round) {
    for (int i = 0; i < 120; ++i) {
      for (uint64_t work = cluster.random().Below(4); work > 0; --work) clients.Work();
      cluster.Step();
    }
    Disturb(cluster, clients);
  }
  cluster.Heal();
  REQUIRE(cluster.RunUntil([&] { return cluster.Converged(); }, 30'000));
  clients.CheckAtTheEnd();
  REQUIRE(cluster.RunUntil([&] { return cluster.Converged(); }));

  const auto expected = server::Dump(cluster.node(1).partition().keyspace());
  for (raft::NodeId id = 1; id <= cluster.size(); ++id) {
    CAPTURE(id);
    CHECK(server::Dump(cluster.node(id).partition().keyspace()) == expected);
    CHECK(cluster.node(id).errors == 0);
  }
}

}  // namespace

TEST_CASE("partition: replicas agree, reads are fresh and acknowledged writes last") {
  for (const uint64_t seed : sim::Seeds(SeedCount())) {
    RunUnder({.seed = seed,
              .faults = {.drop_percent = seed % 3 == 0 ? uint64_t{8} : uint64_t{0},
                         .duplicate_percent = 5,
                         .delay_min_ms = 0,
                         .delay_max_ms = seed % 2 == 0 ? uint64_t{12} : uint64_t{2}},
              .sync_ms_max = 10,
              .reads_by_round = seed % 4 == 0});
  }
}

TEST_CASE("partition: the same while the log is compacted and snapshots are sent") {
  for (const uint64_t seed : sim::Seeds(SeedCount())) {
    RunUnder({.seed = seed,
              .faults = {.drop_percent = seed % 3 == 0 ? uint64_t{5} : uint64_t{0},
                         .duplicate_percent = 5,
                         .delay_min_ms = 0,
                         .delay_max_ms = 8},
              .sync_ms_max = 10,
              .reads_by_round = seed % 4 == 0,
              .checkpoint_log_bytes = 1500,
              .kept_log_bytes = 200});
  }
}
