// The topology as clients of Redis Cluster see it: ranges of slots, each with the node to ask.
#pragma once

#include <cstdint>
#include <vector>

#include "server/commands/topology.h"

namespace server::commands {

// Contiguous slots whose partitions have the same owner and the same replicas.
struct SlotRange {
  uint16_t first = 0;
  uint16_t last = 0;
  raft::NodeId owner = raft::kNobody;
  std::vector<raft::NodeId> followers;
};

// All ranges, by slot. While a partition elects its leader, one of its replicas stands in as owner,
// so that the map keeps covering all slots: commands sent there wait or are redirected (DESIGN §2),
// where a hole in the map would make clients fail. Slots of partitions without a place are left
// out.
std::vector<SlotRange> SlotRanges(const Topology& topology);

// The ranges of one owner, merged wherever they touch, whatever their followers are.
std::vector<SlotRange> RangesOf(const std::vector<SlotRange>& ranges, raft::NodeId owner);

struct SlotCounts {
  uint32_t assigned = 0;
  uint32_t ok = 0;
  uint32_t suspected = 0;  // Their leader is not heard by this node.
  uint32_t leaderless = 0;
};
SlotCounts CountSlots(const Topology& topology);

// Whether this node is the node itself or hears it.
bool IsReachable(const Topology& topology, const ClusterNode& node);

// The newest term in which the node leads a partition, or 0: what stands for its config epoch.
uint64_t EpochOf(const Topology& topology, raft::NodeId node);

}  // namespace server::commands
