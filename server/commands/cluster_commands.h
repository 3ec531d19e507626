// CLUSTER, in the shapes of Redis Cluster 7.0: every node is a master for the slots whose
// partitions it leads at the moment.
#pragma once

#include "server/commands/command.h"
#include "server/commands/session_call.h"

namespace server::commands {

void ClusterCountFailureReports(SessionCall& call);
void ClusterCountKeysInSlot(SessionCall& call);
void ClusterFailover(SessionCall& call);
void ClusterGetKeysInSlot(SessionCall& call);
void ClusterHelp(SessionCall& call);
void ClusterInfo(SessionCall& call);
void ClusterKeySlot(SessionCall& call);
void ClusterLinks(SessionCall& call);
void ClusterMyId(SessionCall& call);
void ClusterNodes(SessionCall& call);
void ClusterPlacementIsOurs(SessionCall& call);
void ClusterReplicas(SessionCall& call);
void ClusterSaveConfig(SessionCall& call);
void ClusterShards(SessionCall& call);
void ClusterSlots(SessionCall& call);

// clang-format off
inline constexpr Command kClusterSubcommands[] = {
    {"cluster|addslots", -3, kAdmin | kStale | kNoAsyncLoading, {}, nullptr, ClusterPlacementIsOurs,
     "cluster", "3.0.0", "Assign new hash slots to receiving node"},
    {"cluster|addslotsrange", -4,
     kAdmin | kStale | kNoAsyncLoading, {}, nullptr, ClusterPlacementIsOurs,
     "cluster", "7.0.0", "Assign new hash slots to receiving node"},
    {"cluster|bumpepoch", 2, kAdmin | kStale | kNoAsyncLoading, {}, nullptr, ClusterPlacementIsOurs,
     "cluster", "3.0.0", "Advance the cluster config epoch"},
    {"cluster|count-failure-reports", 3, kAdmin | kStale, {}, nullptr, ClusterCountFailureReports,
     "cluster", "3.0.0", "Return the number of failure reports active for a given node"},
    {"cluster|countkeysinslot", 3, kStale, {}, nullptr, ClusterCountKeysInSlot,
     "cluster", "3.0.0", "Return the number of local keys in the specified hash slot"},
    {"cluster|delslots", -3, kAdmin | kStale | kNoAsyncLoading, {}, nullptr, ClusterPlacementIsOurs,
     "cluster", "3.0.0", "Set hash slots as unbound in receiving node"},
    {"cluster|delslotsrange", -4,
     kAdmin | kStale | kNoAsyncLoading, {}, nullptr, ClusterPlacementIsOurs,
     "cluster", "7.0.0", "Set hash slots as unbound in receiving node"},
    {"cluster|failover", -2, kAdmin | kStale | kNoAsyncLoading, {}, nullptr, ClusterFailover,
     "cluster", "3.0.0", "Forces a replica to perform a manual failover of its master."},
    {"cluster|flushslots", 2,
     kAdmin | kStale | kNoAsyncLoading, {}, nullptr, ClusterPlacementIsOurs,
     "cluster", "3.0.0", "Delete a node's own slots information"},
    {"cluster|forget", 3, kAdmin | kStale | kNoAsyncLoading, {}, nullptr, ClusterPlacementIsOurs,
     "cluster", "3.0.0", "Remove a node from the nodes table"},
    {"cluster|getkeysinslot", 4, kStale, {}, nullptr, ClusterGetKeysInSlot,
     "cluster", "3.0.0", "Return local key names in the specified hash slot"},
    {"cluster|help", 2, kLoading | kStale, {}, nullptr, ClusterHelp,
     "cluster", "5.0.0", "Show helpful text about the different subcommands"},
    {"cluster|info", 2, kStale, {}, nullptr, ClusterInfo,
     "cluster", "3.0.0", "Provides info about Redis Cluster node state"},
    {"cluster|keyslot", 3, kStale, {}, nullptr, ClusterKeySlot,
     "cluster", "3.0.0", "Returns the hash slot of the specified key"},
    {"cluster|links", 2, kStale, {}, nullptr, ClusterLinks,
     "cluster", "7.0.0", "Returns a list of all TCP links to and from peer nodes in cluster"},
    {"cluster|meet", -4, kAdmin | kStale | kNoAsyncLoading, {}, nullptr, ClusterPlacementIsOurs,
     "cluster", "3.0.0", "Force a node cluster to handshake with another node"},
    {"cluster|myid", 2, kStale, {}, nullptr, ClusterMyId,
     "cluster", "3.0.0", "Return the node id"},
    {"cluster|nodes", 2, kStale, {}, nullptr, ClusterNodes,
     "cluster", "3.0.0", "Get Cluster config for the node"},
    {"cluster|replicas", 3, kAdmin | kStale, {}, nullptr, ClusterReplicas,
     "cluster", "5.0.0", "List replica nodes of the specified master node"},
    {"cluster|replicate", 3, kAdmin | kStale | kNoAsyncLoading, {}, nullptr, ClusterPlacementIsOurs,
     "cluster", "3.0.0", "Reconfigure a node as a replica of the specified master node"},
    {"cluster|reset", -2, kAdmin | kNoScript | kStale, {}, nullptr, ClusterPlacementIsOurs,
     "cluster", "3.0.0", "Reset a Redis Cluster node"},
    {"cluster|saveconfig", 2, kAdmin | kStale | kNoAsyncLoading, {}, nullptr, ClusterSaveConfig,
     "cluster", "3.0.0", "Forces the node to save cluster state on disk"},
    {"cluster|set-config-epoch", 3,
     kAdmin | kStale | kNoAsyncLoading, {}, nullptr, ClusterPlacementIsOurs,
     "cluster", "3.0.0", "Set the configuration epoch in a new node"},
    {"cluster|setslot", -4, kAdmin | kStale | kNoAsyncLoading, {}, nullptr, ClusterPlacementIsOurs,
     "cluster", "3.0.0", "Bind a hash slot to a specific node"},
    {"cluster|shards", 2, kStale, {}, nullptr, ClusterShards,
     "cluster", "7.0.0", "Get array of cluster slots to node mappings"},
    {"cluster|slaves", 3, kAdmin | kStale, {}, nullptr, ClusterReplicas,
     "cluster", "3.0.0", "List replica nodes of the specified master node"},
    {"cluster|slots", 2, kStale, {}, nullptr, ClusterSlots,
     "cluster", "3.0.0", "Get array of Cluster slot to node mappings"},
};
// clang-format on

// clang-format off
inline constexpr Command kClusterCommands[] = {
    {"cluster", -2, 0, {}, nullptr, nullptr,
     "cluster", "3.0.0", "A container for cluster commands", kClusterSubcommands},
};
// clang-format on

}  // namespace server::commands
