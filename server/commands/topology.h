// Who is in the cluster and who leads what, as this node knows it: an immutable snapshot that every
// shard holds.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "raft/core/types.h"

namespace server {

struct ClusterNode {
  raft::NodeId id = raft::kNobody;
  std::string name;      // 40 hex digits, as CLUSTER NODES prints it.
  std::string host;      // An address that reaches it; empty while unknown.
  std::string hostname;  // cluster-announce-hostname, or empty.
  int port = 0;          // For clients.
  int bus_port = 0;      // For peers.
  std::string zone;
  bool connected = false;
  int64_t heard_ms = 0;  // Unix time of its last message; 0: never.
};

struct PartitionPlace {
  raft::NodeId leader = raft::kNobody;
  raft::Term term = 0;                 // In which it leads.
  std::vector<raft::NodeId> replicas;  // The preferred leader first.
};

struct Topology {
  bool cluster_enabled = false;
  bool formed = false;  // The cluster exists: places are known.
  raft::NodeId self = raft::kNobody;
  uint64_t epoch = 0;  // The highest term seen of any partition: rises with every election.
  std::vector<ClusterNode> nodes;
  std::vector<PartitionPlace> partitions;

  const ClusterNode* Find(raft::NodeId id) const {
    for (const ClusterNode& node : nodes) {
      if (node.id == id) return &node;
    }
    return nullptr;
  }
};

using TopologyPtr = std::shared_ptr<const Topology>;

// The host to name to clients, as cluster-preferred-endpoint-type asks for it. Empty while no
// address is known: clients then take the host that they asked. "?" where a host name is asked for
// and there is none, as Redis Cluster says it.
std::string EndpointHost(const ClusterNode& node, bool prefer_hostname);

}  // namespace server
