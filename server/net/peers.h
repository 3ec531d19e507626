// A shard's links to the other nodes. Each shard dials each node and sends on the link it dialled;
// what it accepts it only reads, so two nodes never argue about whose link is the right one.
//
// Messages of all partitions of a turn leave in one write, and heartbeats of all partitions in one
// frame, so idle traffic grows with nodes, not with partitions. Frames are raft/frame.h's.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "discovery/endpoint.h"
#include "raft/core/message.h"
#include "raft/frame.h"
#include "raft/replica.h"
#include "server/commands/node_api.h"
#include "server/net/announcement.h"
#include "server/net/handle.h"
#include "server/net/listener.h"
#include "server/net/peer_link.h"

namespace server {

class Shard;

enum class PeerFrame : uint8_t {
  kAnnouncement = 1,
  kRaft = 2,              // One encoded raft::Message of one partition.
  kHeartbeats = 3,        // (partition u32 | term u64 | commit u64 | round u64)*
  kHeartbeatReplies = 4,  // (partition u32 | term u64 | round u64)*
  kPrepare = 5,           // Forming a cluster: see cluster.h.
  kPrepared = 6,
  kCommit = 7,
};

class Peers {
 public:
  explicit Peers(Shard& shard);
  ~Peers();

  // Listens for peers and dials these endpoints for ever. False if it cannot listen (logged).
  bool Start(const std::vector<discovery::Endpoint>& endpoints, const std::string& bind,
             int bus_port);
  // Messages from another cluster are refused, and so are nodes that are of one while we are of
  // none.
  void SetCluster(const std::string& cluster_id);
  // What this node says of itself from now on; sent on all links at once.
  void Announce(const Announcement& announcement);

  raft::Transport& TransportFor(uint32_t partition);
  void Send(raft::NodeId to, PeerFrame kind, std::string_view payload);
  void Flush();  // Once a turn.
  void Tick(uint64_t monotonic_ms);
  bool connected(raft::NodeId node) const;
  std::vector<NodeApi::LinkStatus> Status() const;

 private:
  class Inbound;
  class PartitionTransport;
  friend class PartitionTransport;

  void SendRaft(uint32_t partition, raft::NodeId to, const raft::Message& message);
  void OnFrame(const Announcement& from, raft::NodeId from_id,
               const raft::FrameReader::Frame& frame);
  void Deliver(uint32_t partition, raft::NodeId from, raft::Message message);
  void OnHeartbeats(raft::NodeId from, std::string_view payload);
  void OnHeartbeatReplies(raft::NodeId from, std::string_view payload);
  bool Acceptable(const Announcement& announcement) const;
  PeerLink* LinkTo(raft::NodeId node) const;
  void OnInboundClosed(Inbound& inbound);
  std::string Greeting() const;

  Shard& shard_;
  std::string cluster_id_;
  uint64_t incarnation_ = 0;
  Announcement announcement_;
  std::string announcement_text_;
  std::vector<std::unique_ptr<PeerLink>> links_;
  std::map<raft::NodeId, PeerLink*> by_node_;    // Links that are up.
  std::map<PeerLink*, raft::NodeId> last_node_;  // Whom a broken link reached.
  std::vector<std::unique_ptr<Inbound>> inbound_;
  std::vector<std::unique_ptr<Inbound>> removed_inbound_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::map<uint32_t, std::unique_ptr<PartitionTransport>> transports_;
};

}  // namespace server
