#include "discovery/ring.h"

#include <algorithm>
#include <cassert>
#include <compare>
#include <deque>
#include <optional>
#include <utility>

namespace discovery {
namespace {

// Enough that the arcs of a node even out; more only costs time.
constexpr uint32_t kVirtualNodes = 160;

// SplitMix64's finaliser: every bit of the input moves every bit of the output. Part of the
// contract between nodes of different versions, like the constants around it: changing it moves all
// partitions.
uint64_t Mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

uint32_t CeilDiv(uint64_t a, uint64_t b) { return static_cast<uint32_t>((a + b - 1) / b); }

// A partition meets a node after going `distance` around the ring. Nodes are numbered in order of
// id.
struct Meeting {
  uint64_t distance = 0;
  uint32_t node = 0;
  uint32_t partition = 0;
  auto operator<=>(const Meeting&) const = default;  // The nearest first.
};

// Walks the ring once from each partition's point and notes where each node is met first.
std::vector<Meeting> WalkRing(std::span<const RingNode> nodes, uint32_t partitions) {
  std::vector<std::pair<uint64_t, uint32_t>> ring;
  ring.reserve(nodes.size() * kVirtualNodes);
  for (uint32_t n = 0; n < nodes.size(); ++n) {
    for (uint32_t v = 0; v < kVirtualNodes; ++v) ring.emplace_back(Mix(Mix(nodes[n].id) + v), n);
  }
  std::ranges::sort(ring);

  std::vector<Meeting> meetings;
  meetings.reserve(nodes.size() * partitions);
  std::vector<uint32_t> met_by(nodes.size(), partitions);
  for (uint32_t p = 0; p < partitions; ++p) {
    const uint64_t point = Mix(~uint64_t{p});
    size_t at = static_cast<size_t>(std::ranges::lower_bound(ring, std::pair(point, uint32_t{0})) -
                                    ring.begin());
    for (size_t met = 0; met < nodes.size(); ++at) {
      const auto& [position, node] = ring[at % ring.size()];
      if (met_by[node] == p) continue;
      met_by[node] = p;
      ++met;
      meetings.push_back({.distance = position - point, .node = node, .partition = p});
    }
  }
  return meetings;
}

// Gives each partition `wanted` of the nodes it meets, no node more than `load_max` partitions.
//
// The shortest distance is served first, over all partitions at once. Everybody prefers the near,
// so this is the stable matching: a node that comes or goes disturbs only what is nearest to it,
// where serving partition after partition would let one early change ripple through all later ones.
class Matching {
 public:
  struct Options {
    uint32_t partitions = 0;
    uint32_t wanted = 0;
    uint32_t load_max = 0;
    std::vector<uint32_t> zones;  // By node; two nodes of one zone exclude each other.
  };

  // `meetings` in order of distance.
  Matching(Options options, std::span<const Meeting> meetings)
      : options_(std::move(options)),
        nodes_of_(options_.partitions),
        met_(options_.partitions),
        held_by_(options_.zones.size()) {
    for (const Meeting& meeting : meetings) {
      met_[meeting.partition].push_back(meeting.node);
      if (nodes_of_[meeting.partition].size() == options_.wanted) continue;
      if (IsFull(meeting.node) || !Fits(meeting.partition, meeting.node, {})) continue;
      Give(meeting.partition, meeting.node);
    }
    for (uint32_t p = 0; p < options_.partitions; ++p) Complete(p);
  }

  bool Holds(uint32_t partition, uint32_t node) const {
    return std::ranges::find(nodes_of_[partition], node) != nodes_of_[partition].end();
  }

 private:
  // How the search came to a partition: `for_whom` takes `node` over from it.
  struct Step {
    uint32_t for_whom = 0;
    uint32_t node = 0;
  };

  bool IsFull(uint32_t node) const { return held_by_[node].size() >= options_.load_max; }

  // Whether a partition could take `node` after it gave `without` away.
  bool Fits(uint32_t partition, uint32_t node, std::optional<uint32_t> without) const {
    if (node == without) return false;
    return std::ranges::none_of(nodes_of_[partition], [&](uint32_t held) {
      if (held == without) return false;
      return held == node || (zones_matter_ && options_.zones[held] == options_.zones[node]);
    });
  }

  void Give(uint32_t partition, uint32_t node) {
    nodes_of_[partition].push_back(node);
    held_by_[node].push_back(partition);
  }

  void Take(uint32_t partition, uint32_t node) {
    std::erase(nodes_of_[partition], node);
    std::erase(held_by_[node], partition);
  }

  // What came last may find room only on nodes that it has already: then others make way for it.
  // Where zones leave no way at all, balance goes before zones.
  void Complete(uint32_t partition) {
    while (nodes_of_[partition].size() < options_.wanted) {
      zones_matter_ = true;
      if (Augment(partition)) continue;
      zones_matter_ = false;
      const bool found = Augment(partition);
      assert(found);  // A node below its load always holds less than some full one.
    }
  }

  // Breadth first, so that as few replicas as possible change their place.
  bool Augment(uint32_t start) {
    std::vector<std::optional<Step>> came(options_.partitions);
    std::vector<bool> seen(held_by_.size(), false);
    std::deque<uint32_t> queue = {start};
    while (!queue.empty()) {
      const uint32_t partition = queue.front();
      queue.pop_front();
      const std::optional<uint32_t> without =
          came[partition] ? std::optional(came[partition]->node) : std::nullopt;
      for (const uint32_t node : met_[partition]) {
        if (!Fits(partition, node, without)) continue;
        if (!IsFull(node)) {
          Shift(start, partition, node, came);
          return true;
        }
        if (seen[node]) continue;
        seen[node] = true;
        for (const uint32_t holder : held_by_[node]) {
          if (holder == start || came[holder]) continue;
          came[holder] = Step{.for_whom = partition, .node = node};
          queue.push_back(holder);
        }
      }
    }
    return false;
  }

  // Follows the way back: each partition takes its new node, and passes on the one it held.
  void Shift(uint32_t start, uint32_t partition, uint32_t node,
             const std::vector<std::optional<Step>>& came) {
    while (partition != start) {
      const Step step = *came[partition];
      Take(partition, step.node);
      Give(partition, node);
      partition = step.for_whom;
      node = step.node;
    }
    Give(start, node);
  }

  const Options options_;
  bool zones_matter_ = true;
  std::vector<std::vector<uint32_t>> nodes_of_;  // By partition.
  std::vector<std::vector<uint32_t>> met_;       // By partition, the nearest first.
  std::vector<std::vector<uint32_t>> held_by_;   // By node, the partitions.
};

// Numbers the zones; a node whose zone is unknown is a zone of its own.
std::vector<uint32_t> NumberZones(std::span<const RingNode> nodes) {
  std::vector<uint32_t> zones;
  for (uint32_t n = 0; n < nodes.size(); ++n) {
    uint32_t zone = n;
    for (uint32_t m = 0; m < n && !nodes[n].zone.empty(); ++m) {
      if (nodes[m].zone == nodes[n].zone) {
        zone = zones[m];
        break;
      }
    }
    zones.push_back(zone);
  }
  return zones;
}

}  // namespace

Placement Place(std::span<const RingNode> nodes, uint32_t partitions, uint32_t replication_factor) {
  Placement placement;
  placement.replicas.resize(partitions);
  if (nodes.empty()) return placement;

  std::vector<RingNode> sorted(nodes.begin(), nodes.end());
  std::ranges::sort(sorted, {}, &RingNode::id);
  assert(std::ranges::adjacent_find(sorted, {}, &RingNode::id) == sorted.end());
  const uint32_t node_count = static_cast<uint32_t>(sorted.size());
  const uint32_t replicas = std::min(replication_factor, node_count);

  std::vector<Meeting> meetings = WalkRing(sorted, partitions);
  std::ranges::sort(meetings);
  const Matching holders({.partitions = partitions,
                          .wanted = replicas,
                          .load_max = CeilDiv(uint64_t{partitions} * replicas, node_count),
                          .zones = NumberZones(sorted)},
                         meetings);

  std::erase_if(meetings, [&](const Meeting& m) { return !holders.Holds(m.partition, m.node); });
  const Matching leaders({.partitions = partitions,
                          .wanted = std::min(replicas, 1U),
                          .load_max = CeilDiv(partitions, node_count),
                          .zones = std::vector<uint32_t>(node_count, 0)},
                         meetings);

  for (const bool leading : {true, false}) {
    for (const Meeting& meeting : meetings) {
      if (leaders.Holds(meeting.partition, meeting.node) != leading) continue;
      placement.replicas[meeting.partition].push_back(sorted[meeting.node].id);
    }
  }
  return placement;
}

}  // namespace discovery
