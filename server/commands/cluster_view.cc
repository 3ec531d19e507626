#include "server/commands/cluster_view.h"

#include <algorithm>

#include "discovery/partition_map.h"

namespace server::commands {
namespace {

bool IsReachable(const Topology& topology, raft::NodeId id) {
  const ClusterNode* node = topology.Find(id);
  return node != nullptr && commands::IsReachable(topology, *node);
}

raft::NodeId OwnerOf(const Topology& topology, const PartitionPlace& place) {
  if (place.leader != raft::kNobody) return place.leader;
  for (const raft::NodeId replica : place.replicas) {
    if (IsReachable(topology, replica)) return replica;
  }
  return place.replicas.empty() ? raft::kNobody : place.replicas.front();
}

bool Continues(const SlotRange& range, const SlotRange& next) {
  return range.last + 1 == next.first && range.owner == next.owner;
}

}  // namespace

bool IsReachable(const Topology& topology, const ClusterNode& node) {
  return node.id == topology.self || node.connected;
}

std::vector<SlotRange> SlotRanges(const Topology& topology) {
  std::vector<SlotRange> ranges;
  if (!topology.formed || topology.partitions.empty()) return ranges;
  const discovery::PartitionMap map(static_cast<uint32_t>(topology.partitions.size()));
  for (uint32_t partition = 0; partition < map.partitions(); ++partition) {
    const PartitionPlace& place = topology.partitions[partition];
    SlotRange range{
        map.FirstSlot(partition), map.LastSlot(partition), OwnerOf(topology, place), {}};
    if (topology.Find(range.owner) == nullptr) continue;
    for (const raft::NodeId replica : place.replicas) {
      if (replica != range.owner) range.followers.push_back(replica);
    }
    const bool joins = !ranges.empty() && Continues(ranges.back(), range) &&
                       ranges.back().followers == range.followers;
    if (joins) {
      ranges.back().last = range.last;
    } else {
      ranges.push_back(std::move(range));
    }
  }
  return ranges;
}

std::vector<SlotRange> RangesOf(const std::vector<SlotRange>& ranges, raft::NodeId owner) {
  std::vector<SlotRange> own;
  for (const SlotRange& range : ranges) {
    if (range.owner != owner) continue;
    if (!own.empty() && Continues(own.back(), range)) {
      own.back().last = range.last;
    } else {
      own.push_back({range.first, range.last, owner, {}});
    }
  }
  return own;
}

SlotCounts CountSlots(const Topology& topology) {
  SlotCounts counts;
  if (!topology.formed || topology.partitions.empty()) return counts;
  const discovery::PartitionMap map(static_cast<uint32_t>(topology.partitions.size()));
  for (uint32_t partition = 0; partition < map.partitions(); ++partition) {
    const PartitionPlace& place = topology.partitions[partition];
    const uint32_t slots = map.LastSlot(partition) - map.FirstSlot(partition) + 1u;
    counts.assigned += slots;
    if (place.leader == raft::kNobody) {
      counts.leaderless += slots;
    } else if (!IsReachable(topology, place.leader)) {
      counts.suspected += slots;
    } else {
      counts.ok += slots;
    }
  }
  return counts;
}

uint64_t EpochOf(const Topology& topology, raft::NodeId node) {
  uint64_t epoch = 0;
  for (const PartitionPlace& place : topology.partitions) {
    if (place.leader == node) epoch = std::max<uint64_t>(epoch, place.term);
  }
  return epoch;
}

}  // namespace server::commands
