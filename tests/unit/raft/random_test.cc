// Whole groups under random misfortune. LOOM_SEED=<seed> replays one run.
#include <doctest/doctest.h>

#include "tests/simulation/raft_cluster.h"

namespace {

using sim::RaftCluster;

raft::Core::Options SmallLimits() {
  raft::Core::Options options;
  options.append_bytes_max = 64;
  options.inflight_messages_max = 4;
  options.inflight_bytes_max = 256;
  options.window_bytes_max = 1024;
  return options;
}

// Writes and reads while misfortune strikes, then heals and requires that all is well.
void Ordeal(RaftCluster& cluster, int rounds, size_t crashed_max) {
  std::string broken;
  try {
    for (int i = 0; i < rounds; ++i) {
      cluster.ProposeAnywhere("v" + std::to_string(i));
      if (cluster.random().Percent(30)) cluster.ReadAnywhere();
      if (cluster.random().Percent(8)) cluster.Disturb(crashed_max);
      cluster.Run(cluster.random().Below(20));
    }
    cluster.Heal();
    cluster.Run(2'000);  // What was under way may still bring a leader down.
    REQUIRE(cluster.RunUntil([&] { return cluster.Leader() != nullptr; }, 10'000));
    REQUIRE(cluster.RunUntil([&] { return cluster.Propose("after"); }, 2'000));
    REQUIRE(cluster.RunUntil([&] { return cluster.IsAcknowledged("after"); }, 10'000));
    REQUIRE(cluster.RunUntil([&] { return cluster.Converged(); }, 10'000));
  } catch (const sim::Violation& violation) {
    broken = violation.what();
  }
  REQUIRE(broken == "");
}

}  // namespace

TEST_CASE("raft: three nodes keep what they acknowledged, whatever happens") {
  size_t acknowledged = 0;
  size_t reads = 0;
  for (const uint64_t seed : sim::Seeds(120)) {
    CAPTURE(seed);
    RaftCluster cluster({.seed = seed,
                         .members = {{1, 2, 3}, {}, {}},
                         .waiting = {},
                         .faults = {5, 5, 1, 20},
                         .core = SmallLimits()});
    Ordeal(cluster, 400, 1);
    acknowledged += cluster.acknowledged();
    reads += cluster.reads_confirmed();
  }
  MESSAGE("acknowledged: " << acknowledged << ", reads: " << reads);
  CHECK(acknowledged > 500);
  CHECK(reads > 100);
}

TEST_CASE("raft: five nodes keep what they acknowledged when all may crash") {
  for (const uint64_t seed : sim::Seeds(80)) {
    CAPTURE(seed);
    RaftCluster cluster({.seed = seed,
                         .members = {{1, 2, 3, 4, 5}, {}, {}},
                         .waiting = {},
                         .faults = {10, 10, 1, 60},
                         .sync_ms_max = 30,
                         .core = SmallLimits()});
    Ordeal(cluster, 400, 5);
  }
}

TEST_CASE("raft: nothing is lost when disks and links are slower than elections") {
  for (const uint64_t seed : sim::Seeds(120)) {
    CAPTURE(seed);
    raft::Core::Options options = SmallLimits();
    options.election_timeout_ms = 120;
    options.heartbeat_interval_ms = 30;
    RaftCluster cluster({.seed = seed,
                         .members = {{1, 2, 3, 4, 5}, {}, {}},
                         .faults = {10, 10, 1, 60},
                         .sync_ms_max = 150,
                         .core = options});
    Ordeal(cluster, 300, 2);
  }
}

TEST_CASE("raft: members come and go under misfortune, and nothing acknowledged is lost") {
  size_t changes = 0;
  for (const uint64_t seed : sim::Seeds(80)) {
    CAPTURE(seed);
    RaftCluster cluster({.seed = seed,
                         .members = {{1, 2, 3}, {}, {}},
                         .waiting = {4, 5},
                         .faults = {5, 5, 1, 20},
                         .core = SmallLimits()});
    std::string broken;
    try {
      for (int i = 0; i < 400; ++i) {
        cluster.ProposeAnywhere("v" + std::to_string(i));
        if (cluster.random().Percent(20)) cluster.ReadAnywhere();
        if (cluster.random().Percent(6)) cluster.Disturb(1);
        if (cluster.random().Percent(10)) {
          raft::Configuration target;
          for (raft::NodeId id = 1; id <= 5; ++id) {
            if (cluster.random().Percent(60)) {
              target.voters.push_back(id);
            } else if (cluster.random().Percent(30)) {
              target.learners.push_back(id);
            }
          }
          // With fewer voters the crash of one would stop the group.
          if (target.voters.size() >= 3 && cluster.ProposeConfiguration(target)) ++changes;
        }
        cluster.Run(cluster.random().Below(20));
      }
      cluster.Heal();
      cluster.Run(2'000);
      REQUIRE(cluster.RunUntil([&] { return cluster.Leader() != nullptr; }, 10'000));
      const raft::Configuration all{{1, 2, 3, 4, 5}, {}, {}};
      REQUIRE(cluster.RunUntil([&] { return cluster.ProposeConfiguration(all); }, 10'000));
      REQUIRE(cluster.Propose("after"));
      REQUIRE(cluster.RunUntil([&] { return cluster.IsAcknowledged("after"); }, 10'000));
      REQUIRE(cluster.RunUntil([&] { return cluster.Converged(); }, 10'000));
    } catch (const sim::Violation& violation) {
      broken = violation.what();
    }
    REQUIRE(broken == "");
  }
  CHECK(changes > 100);
}

TEST_CASE("raft: a planned handover takes less than a tenth of a second") {
  for (const uint64_t seed : sim::Seeds(20)) {
    CAPTURE(seed);
    RaftCluster cluster({.seed = seed, .members = {{1, 2, 3}, {}, {}}});
    REQUIRE(cluster.RunUntil([&] { return cluster.Leader() != nullptr; }, 5'000));
    const raft::NodeId old = cluster.Leader()->id();
    const raft::NodeId next = old % 3 + 1;
    cluster.Run(200);
    cluster.Leader()->replica().TransferLeadership(next);
    CHECK(cluster.RunUntil(
        [&] { return cluster.Leader() != nullptr && cluster.Leader()->id() == next; }, 100));
  }
}

TEST_CASE("raft: a crashed leader is replaced within one and a half seconds") {
  for (const uint64_t seed : sim::Seeds(300)) {
    CAPTURE(seed);
    RaftCluster cluster({.seed = seed, .members = {{1, 2, 3}, {}, {}}});
    REQUIRE(cluster.RunUntil([&] { return cluster.Leader() != nullptr; }, 5'000));
    cluster.Run(200);
    cluster.Leader()->Crash();
    CHECK(cluster.RunUntil([&] { return cluster.Leader() != nullptr; }, 1'500));
  }
}

TEST_CASE("raft: suspicion of a dead leader saves the random part of the timeout") {
  for (const uint64_t seed : sim::Seeds(300)) {
    CAPTURE(seed);
    RaftCluster cluster({.seed = seed, .members = {{1, 2, 3}, {}, {}}});
    REQUIRE(cluster.RunUntil([&] { return cluster.Leader() != nullptr; }, 5'000));
    cluster.Run(200);
    const raft::NodeId dead = cluster.Leader()->id();
    cluster.node(dead).Crash();
    cluster.Run(50);
    for (const raft::NodeId id : {1, 2, 3}) {
      if (id != dead) cluster.node(id).replica().Suspect(dead);
    }
    CHECK(cluster.RunUntil([&] { return cluster.Leader() != nullptr; }, 650));
  }
}
