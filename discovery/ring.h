// The consistent hash ring: which nodes should hold which partition, and which of them should lead.
//
// A pure function of the node list: every node that knows the same list comes to the same answer,
// in whatever order it learnt it. What *is* stands in each group's Raft configuration; this is what
// *should be*.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace discovery {

struct RingNode {
  uint64_t id = 0;
  std::string zone;  // Empty when unknown.
};

struct Placement {
  // For each partition its nodes, the preferred leader first, the others in ring order.
  std::vector<std::vector<uint64_t>> replicas;
  bool operator==(const Placement&) const = default;
};

// Places `partitions` on min(replication_factor, nodes) nodes each, so that
//  - the nodes of a partition are distinct, and in distinct zones where the zones known have room
//    (nodes without a zone never stand in each other's way);
//  - no node holds more than ceil(partitions * replicas / nodes) replicas;
//  - no node is the preferred leader of more than ceil(partitions / nodes);
//  - one node more or less moves close to the least possible number of replicas.
// Ids are distinct. Without nodes every partition has an empty list.
Placement Place(std::span<const RingNode> nodes, uint32_t partitions, uint32_t replication_factor);

}  // namespace discovery
