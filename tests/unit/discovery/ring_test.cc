#include "discovery/ring.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

using discovery::Place;
using discovery::Placement;
using discovery::RingNode;

namespace {

// One seed from the environment (LOOM_SEED), or a fixed few.
std::vector<uint64_t> Seeds() {
  if (const char* seed = std::getenv("LOOM_SEED")) return {std::strtoull(seed, nullptr, 10)};
  return {1, 2, 3, 4, 5, 6, 7, 8};
}

std::vector<RingNode> RandomNodes(std::mt19937_64& random, size_t count, size_t zones = 0) {
  std::vector<RingNode> nodes;
  for (size_t i = 0; i < count; ++i) {
    nodes.push_back({random(), zones == 0 ? "" : "zone-" + std::to_string(i % zones)});
  }
  return nodes;
}

size_t CeilDiv(size_t a, size_t b) { return (a + b - 1) / b; }

// Replicas in `now` that were not in `before`: what would have to be copied.
size_t Moved(const Placement& before, const Placement& now) {
  size_t moved = 0;
  for (size_t p = 0; p < now.replicas.size(); ++p) {
    for (const uint64_t id : now.replicas[p]) {
      moved += std::ranges::count(before.replicas[p], id) == 0;
    }
  }
  return moved;
}

void CheckBalance(const Placement& placement, size_t nodes, size_t partitions, size_t factor) {
  std::map<uint64_t, size_t> held;
  std::map<uint64_t, size_t> led;
  for (const auto& replicas : placement.replicas) {
    REQUIRE(replicas.size() == std::min(factor, nodes));
    REQUIRE(std::set(replicas.begin(), replicas.end()).size() == replicas.size());
    ++led[replicas.front()];
    for (const uint64_t id : replicas) ++held[id];
  }
  const size_t held_max = CeilDiv(partitions * std::min(factor, nodes), nodes);
  for (const auto& [id, count] : held) CHECK(count <= held_max);
  for (const auto& [id, count] : led) CHECK(count <= CeilDiv(partitions, nodes));
}

size_t PartitionsWithSharedZone(const Placement& placement, const std::vector<RingNode>& nodes) {
  std::map<uint64_t, std::string> zone_of;
  for (const RingNode& node : nodes) zone_of[node.id] = node.zone;
  return static_cast<size_t>(std::ranges::count_if(placement.replicas, [&](const auto& replicas) {
    std::set<std::string> zones;
    for (const uint64_t id : replicas) zones.insert(zone_of[id]);
    return zones.size() < replicas.size();
  }));
}

}  // namespace

TEST_CASE("ring: nobody holds or leads more than its share, whatever the sizes") {
  for (const uint64_t seed : Seeds()) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    for (const size_t count : {1, 2, 3, 4, 5, 7, 12, 30}) {
      for (const uint32_t partitions : {1U, 2U, 16U, 50U}) {
        for (const uint32_t factor : {1U, 2U, 3U, 5U}) {
          CAPTURE(count);
          CAPTURE(partitions);
          CAPTURE(factor);
          const std::vector<RingNode> nodes = RandomNodes(random, count, seed % 4);
          CheckBalance(Place(nodes, partitions, factor), count, partitions, factor);
        }
      }
    }
  }
}

TEST_CASE("ring: every node of the smallest cluster holds everything and leads a third") {
  const std::vector<RingNode> nodes = {{1, ""}, {2, ""}, {3, ""}};
  const Placement placement = Place(nodes, 16, 3);
  CheckBalance(placement, 3, 16, 3);
}

TEST_CASE("ring: the answer does not hang on the order of the node list") {
  for (const uint64_t seed : Seeds()) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    std::vector<RingNode> nodes = RandomNodes(random, 9, 3);
    const Placement placement = Place(nodes, 64, 3);
    for (int i = 0; i < 5; ++i) {
      std::ranges::shuffle(nodes, random);
      CHECK(Place(nodes, 64, 3) == placement);
    }
  }
}

// The constants of the hash are part of the contract between nodes of different versions: were they
// to change, a rolling upgrade would move every partition twice.
TEST_CASE("ring: placement stays the same from version to version") {
  const std::vector<RingNode> nodes = {{11, "a"}, {22, "b"}, {33, "c"}, {44, "a"}};
  const Placement placement = Place(nodes, 4, 2);
  CHECK(placement.replicas ==
        std::vector<std::vector<uint64_t>>{{22, 44}, {11, 22}, {33, 11}, {44, 33}});
}

TEST_CASE("ring: zones of a partition are distinct where the zones have room") {
  for (const uint64_t seed : Seeds()) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    for (const size_t count : {3, 6, 9, 12, 30}) {
      CAPTURE(count);
      const std::vector<RingNode> nodes = RandomNodes(random, count, 3);
      CHECK(PartitionsWithSharedZone(Place(nodes, 64, 3), nodes) == 0);
    }
    for (const size_t count :
         {7, 10, 13}) {  // Five zones of unequal size still have room for three.
      CAPTURE(count);
      const std::vector<RingNode> nodes = RandomNodes(random, count, 5);
      CHECK(PartitionsWithSharedZone(Place(nodes, 64, 3), nodes) == 0);
    }
  }
}

TEST_CASE("ring: too few zones cost distinctness, never balance or replicas") {
  std::mt19937_64 random(1);
  const std::vector<RingNode> nodes = RandomNodes(random, 6, 2);
  CheckBalance(Place(nodes, 32, 3), 6, 32, 3);
}

TEST_CASE("ring: one node more or less moves about its own share of replicas") {
  constexpr uint32_t kFactor = 3;
  size_t moved_sum = 0;
  size_t share_sum = 0;
  for (const uint64_t seed : Seeds()) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    for (const uint32_t partitions : {16U, 64U, 256U}) {
      for (const size_t count : {4, 5, 6, 7, 10, 13}) {
        CAPTURE(partitions);
        CAPTURE(count);
        const std::vector<RingNode> nodes = RandomNodes(random, count);
        const Placement with = Place(nodes, partitions, kFactor);
        const Placement without = Place(std::span(nodes).first(count - 1), partitions, kFactor);
        // What the node that comes or goes holds has to be copied; so much is the least.
        const size_t share = CeilDiv(partitions * kFactor, count);
        CHECK(Moved(without, with) <= share * 5 / 2);
        CHECK(Moved(with, without) <= share * 5 / 2);
        moved_sum += Moved(without, with) + Moved(with, without);
        share_sum += 2 * share;
      }
    }
  }
  CAPTURE(moved_sum);
  CAPTURE(share_sum);
  CHECK(moved_sum * 10 <= share_sum * 14);  // Over all cases no more than 1.4 times the least.
}

TEST_CASE("ring: growing from three nodes to four copies nothing but what the fourth holds") {
  for (const uint64_t seed : Seeds()) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    const std::vector<RingNode> nodes = RandomNodes(random, 4);
    CHECK(Moved(Place(std::span(nodes).first(3), 16, 3), Place(nodes, 16, 3)) == 12);
  }
}

TEST_CASE("ring: no nodes, no replicas") {
  CHECK(Place({}, 3, 3).replicas == std::vector<std::vector<uint64_t>>(3));
}

TEST_CASE("ring: the largest number of partitions is placed as evenly") {
  std::mt19937_64 random(7);
  const std::vector<RingNode> nodes = RandomNodes(random, 5, 5);
  CheckBalance(Place(nodes, 16384, 3), 5, 16384, 3);
}
