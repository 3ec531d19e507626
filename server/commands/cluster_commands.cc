#include "server/commands/cluster_commands.h"

#include <string>
#include <vector>

#include "discovery/slots.h"
#include "server/commands/cluster_enabled.h"
#include "server/commands/cluster_view.h"
#include "server/commands/node_api.h"
#include "server/commands/session_replies.h"

namespace server::commands {
namespace {

const ClusterNode* FindByName(const Topology& topology, std::string_view name) {
  for (const ClusterNode& node : topology.nodes) {
    if (node.name == name) return &node;
  }
  return nullptr;
}

// False after an error reply.
bool NamesNode(SessionCall& call, std::string_view name) {
  if (FindByName(*call.node.topology(), name) != nullptr) return true;
  call.reply.Error("ERR Unknown node " + std::string(name));
  return false;
}

// Whether this node would answer commands for any key, as cluster_state tells it.
bool IsUp(const Topology& topology, const SlotCounts& counts, bool full_coverage) {
  if (!topology.formed || counts.leaderless == counts.assigned) return false;
  return counts.leaderless == 0 || !full_coverage;
}

}  // namespace

bool RequireCluster(SessionCall& call) {
  if (call.node.settings().cluster_enabled) return true;
  call.reply.Error("ERR This instance has cluster support disabled");
  return false;
}

void ClusterInfo(SessionCall& call) {
  if (!RequireCluster(call)) return;
  const Topology& topology = *call.node.topology();
  const SlotCounts slots = CountSlots(topology);
  const std::vector<SlotRange> ranges = SlotRanges(topology);
  size_t owners = 0;
  for (const ClusterNode& node : topology.nodes)
    owners += RangesOf(ranges, node.id).empty() ? 0 : 1;
  uint64_t sent = 0;
  uint64_t received = 0;
  for (const NodeApi::LinkStatus& link : call.node.PeerLinks()) {
    sent += link.messages_sent;
    received += link.messages_received;
  }

  std::string text;
  const auto line = [&text](std::string_view name, const std::string& value) {
    text.append(name).append(":").append(value).append("\r\n");
  };
  const bool up = IsUp(topology, slots, call.node.settings().cluster_require_full_coverage);
  line("cluster_state", up ? "ok" : "fail");
  line("cluster_slots_assigned", std::to_string(slots.assigned));
  line("cluster_slots_ok", std::to_string(slots.ok));
  line("cluster_slots_pfail", std::to_string(slots.suspected));
  line("cluster_slots_fail", std::to_string(slots.leaderless));
  line("cluster_known_nodes", std::to_string(topology.nodes.size()));
  line("cluster_size", std::to_string(owners));
  line("cluster_current_epoch", std::to_string(topology.epoch));
  line("cluster_my_epoch", std::to_string(EpochOf(topology, topology.self)));
  line("cluster_stats_messages_sent", std::to_string(sent));
  line("cluster_stats_messages_received", std::to_string(received));
  line("total_cluster_links_buffer_limit_exceeded", "0");
  call.reply.Verbatim(text, "txt");
}

void ClusterMyId(SessionCall& call) {
  if (!RequireCluster(call)) return;
  const Topology& topology = *call.node.topology();
  const ClusterNode* self = topology.Find(topology.self);
  call.reply.Bulk(self != nullptr ? self->name : "");
}

void ClusterKeySlot(SessionCall& call) {
  if (!RequireCluster(call)) return;
  call.reply.Integer(discovery::SlotOf(call.args[2]));
}

void ClusterLinks(SessionCall& call) {
  if (!RequireCluster(call)) return;
  const Topology& topology = *call.node.topology();
  std::vector<std::pair<NodeApi::LinkStatus, const ClusterNode*>> links;
  for (const NodeApi::LinkStatus& link : call.node.PeerLinks()) {
    const ClusterNode* peer = topology.Find(link.peer);
    if (peer != nullptr) links.emplace_back(link, peer);
  }
  call.reply.Array(links.size());
  for (const auto& [link, peer] : links) {
    call.reply.Map(6);
    call.reply.Bulk("direction");
    call.reply.Bulk(link.outgoing ? "to" : "from");
    call.reply.Bulk("node");
    call.reply.Bulk(peer->name);
    call.reply.Bulk("create-time");
    call.reply.Integer(link.created_ms);
    call.reply.Bulk("events");
    call.reply.Bulk(link.queued_bytes > 0 ? "rw" : "r");
    call.reply.Bulk("send-buffer-allocated");
    call.reply.Integer(static_cast<int64_t>(link.queued_bytes));
    call.reply.Bulk("send-buffer-used");
    call.reply.Integer(static_cast<int64_t>(link.queued_bytes));
  }
}

// Every node is a master, so that none has replicas to list: a partition's followers stand in
// SLOTS.
void ClusterReplicas(SessionCall& call) {
  if (!RequireCluster(call) || !NamesNode(call, call.args[2])) return;
  call.reply.Array(0);
}

// Each node judges by what it hears itself; nobody reports to others.
void ClusterCountFailureReports(SessionCall& call) {
  if (!RequireCluster(call) || !NamesNode(call, call.args[2])) return;
  call.reply.Integer(0);
}

// What Redis would save is in the logs of the partitions already.
void ClusterSaveConfig(SessionCall& call) {
  if (!RequireCluster(call)) return;
  call.reply.Ok();
}

void ClusterPlacementIsOurs(SessionCall& call) {
  if (!RequireCluster(call)) return;
  call.reply.Error("ERR " + UpperName(call.command.name) +
                   " is not supported: nodes find each other by discovery, and slots are placed by "
                   "partitions; set seeds, partitions and replication-factor");
}

void ClusterFailover(SessionCall& call) {
  if (!RequireCluster(call)) return;
  call.reply.Error(
      "ERR CLUSTER FAILOVER is not supported: Raft elects the leader of every partition by itself, "
      "and SHUTDOWN hands leadership over first");
}

void ClusterHelp(SessionCall& call) {
  if (!RequireCluster(call)) return;
  static constexpr std::string_view kLines[] = {
      "CLUSTER <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
      "COUNT-FAILURE-REPORTS <node-id>",
      "    Return number of failure reports for <node-id>.",
      "COUNTKEYSINSLOT <slot>",
      "    Return the number of keys in <slot>.",
      "GETKEYSINSLOT <slot> <count>",
      "    Return key names stored by current node in a slot.",
      "INFO",
      "    Return information about the cluster.",
      "KEYSLOT <key>",
      "    Return the hash slot for <key>.",
      "MYID",
      "    Return the node id.",
      "NODES",
      "    Return cluster configuration seen by node. Output format:",
      "    <id> <ip:port> <flags> <master> <pings> <pongs> <epoch> <link> <slot> ...",
      "REPLICAS <node-id>",
      "    Return <node-id> replicas.",
      "SAVECONFIG",
      "    Force saving cluster configuration on disk.",
      "SLOTS",
      "    Return information about slots range mappings. Each range is made of:",
      "    start, end, master and replicas IP addresses, ports and ids",
      "SHARDS",
      "    Return information about slot range mappings and the nodes associated with them.",
      "LINKS",
      "    Return information about all network links between this node and its peers.",
      "    Output format is an array where each array element is a map containing attributes of a "
      "link",
      "HELP",
      "    Prints this help.",
  };
  ReplyLines(call.reply, kLines);
}

}  // namespace server::commands
