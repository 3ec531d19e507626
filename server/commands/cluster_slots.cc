// CLUSTER SLOTS, SHARDS and NODES: the same map of slots in three shapes. Redis 7.0, cluster.c.
#include <string>
#include <vector>

#include "server/commands/cluster_commands.h"
#include "server/commands/cluster_enabled.h"
#include "server/commands/cluster_view.h"
#include "server/commands/node_api.h"

namespace server::commands {
namespace {

// An entry of CLUSTER SLOTS: where to connect, and what else is known of the node's whereabouts.
void ReplyNodeOfRange(resp::Writer& reply, const ClusterNode& node, EndpointType preferred) {
  reply.Array(4);
  if (preferred == EndpointType::kUnknown) {
    reply.Null();  // The client is to keep the host that it asked.
  } else {
    reply.Bulk(EndpointHost(node, preferred == EndpointType::kHostname));
  }
  reply.Integer(node.port);
  reply.Bulk(node.name);
  const bool tells_ip = preferred != EndpointType::kIp;
  const bool tells_hostname = preferred != EndpointType::kHostname && !node.hostname.empty();
  reply.Map((tells_ip ? 1u : 0u) + (tells_hostname ? 1u : 0u));
  if (tells_ip) {
    reply.Bulk("ip");
    reply.Bulk(node.host);
  }
  if (tells_hostname) {
    reply.Bulk("hostname");
    reply.Bulk(node.hostname);
  }
}

void ReplyNodeOfShard(resp::Writer& reply, const Topology& topology, const ClusterNode& node,
                      EndpointType preferred) {
  const bool has_hostname = !node.hostname.empty();
  reply.Map(has_hostname ? 8 : 7);
  reply.Bulk("id");
  reply.Bulk(node.name);
  reply.Bulk("port");
  reply.Integer(node.port);
  reply.Bulk("ip");
  reply.Bulk(node.host);
  reply.Bulk("endpoint");
  reply.Bulk(preferred == EndpointType::kUnknown
                 ? ""
                 : EndpointHost(node, preferred == EndpointType::kHostname));
  if (has_hostname) {
    reply.Bulk("hostname");
    reply.Bulk(node.hostname);
  }
  reply.Bulk("role");
  reply.Bulk("master");
  reply.Bulk("replication-offset");
  reply.Integer(0);  // Each partition has a log of its own; no one number stands for them.
  reply.Bulk("health");
  reply.Bulk(IsReachable(topology, node) ? "online" : "failed");
}

void AppendNodeLine(std::string& out, const Topology& topology, const ClusterNode& node,
                    const std::vector<SlotRange>& slots) {
  const bool is_self = node.id == topology.self;
  const bool reachable = IsReachable(topology, node);
  out += node.name + " " + node.host + ":" + std::to_string(node.port) + "@" +
         std::to_string(node.bus_port);
  if (!node.hostname.empty()) out += "," + node.hostname;
  out += is_self ? " myself,master" : reachable ? " master" : " master,fail?";
  out += " - 0 " + std::to_string(is_self ? 0 : node.heard_ms) + " " +
         std::to_string(EpochOf(topology, node.id));
  out += reachable ? " connected" : " disconnected";
  for (const SlotRange& range : slots) {
    out += " " + std::to_string(range.first);
    if (range.last != range.first) out += "-" + std::to_string(range.last);
  }
  out += '\n';
}

}  // namespace

void ClusterSlots(SessionCall& call) {
  if (!RequireCluster(call)) return;
  const Topology& topology = *call.node.topology();
  const EndpointType preferred = call.node.settings().cluster_preferred_endpoint_type;
  const std::vector<SlotRange> ranges = SlotRanges(topology);
  call.reply.Array(ranges.size());
  for (const SlotRange& range : ranges) {
    std::vector<const ClusterNode*> nodes = {topology.Find(range.owner)};
    for (const raft::NodeId follower : range.followers) {
      const ClusterNode* node = topology.Find(follower);
      // As Redis leaves failed replicas out: a READONLY client would only run into it.
      if (node != nullptr && IsReachable(topology, *node)) nodes.push_back(node);
    }
    call.reply.Array(2 + nodes.size());
    call.reply.Integer(range.first);
    call.reply.Integer(range.last);
    for (const ClusterNode* node : nodes) ReplyNodeOfRange(call.reply, *node, preferred);
  }
}

void ClusterShards(SessionCall& call) {
  if (!RequireCluster(call)) return;
  const Topology& topology = *call.node.topology();
  const EndpointType preferred = call.node.settings().cluster_preferred_endpoint_type;
  const std::vector<SlotRange> ranges = SlotRanges(topology);
  call.reply.Array(topology.nodes.size());
  for (const ClusterNode& node : topology.nodes) {
    const std::vector<SlotRange> own = RangesOf(ranges, node.id);
    call.reply.Map(2);
    call.reply.Bulk("slots");
    call.reply.Array(own.size() * 2);
    for (const SlotRange& range : own) {
      call.reply.Integer(range.first);
      call.reply.Integer(range.last);
    }
    call.reply.Bulk("nodes");
    call.reply.Array(1);
    ReplyNodeOfShard(call.reply, topology, node, preferred);
  }
}

void ClusterNodes(SessionCall& call) {
  if (!RequireCluster(call)) return;
  const Topology& topology = *call.node.topology();
  const std::vector<SlotRange> ranges = SlotRanges(topology);
  std::string text;
  for (const ClusterNode& node : topology.nodes) {
    AppendNodeLine(text, topology, node, RangesOf(ranges, node.id));
  }
  call.reply.Verbatim(text, "txt");
}

}  // namespace server::commands
