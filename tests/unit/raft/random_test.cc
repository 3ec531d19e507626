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
  for (const uint64_t seed : sim::Seeds(100)) {
    CAPTURE(seed);
    RaftCluster cluster({.seed = seed,
                         .members = {{1, 2, 3}, {}, {}},
                         .waiting = {},
                         .faults = {5, 5, 1, 20},
                         .core = SmallLimits()});
    Ordeal(cluster, 150, 1);
    acknowledged += cluster.acknowledged();
    reads += cluster.reads_confirmed();
  }
  MESSAGE("acknowledged: " << acknowledged << ", reads: " << reads);
  CHECK(acknowledged > 500);
  CHECK(reads > 100);
}

TEST_CASE("raft: five nodes keep what they acknowledged when all may crash") {
  for (const uint64_t seed : sim::Seeds(60)) {
    CAPTURE(seed);
    RaftCluster cluster({.seed = seed,
                         .members = {{1, 2, 3, 4, 5}, {}, {}},
                         .waiting = {},
                         .faults = {10, 10, 1, 60},
                         .sync_ms_max = 30,
                         .core = SmallLimits()});
    Ordeal(cluster, 150, 5);
  }
}
