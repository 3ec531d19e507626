// Forming the cluster, knowing its nodes, and who leads what. On the home shard's thread.
//
// Forming (DESIGN §7) happens once. When `bootstrap-expect` nodes have reached each other and none
// of them knows a cluster, the one with the smallest name proposes a descriptor: the cluster's id,
// its members, and the places of all partitions as the ring computes them. Only when every member
// has promised to take part (kPrepare, kPrepared) does it write the descriptor to its disk and tell
// the others (kCommit), again and again until they say they know it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "server/commands/topology.h"
#include "server/config/settings.h"
#include "server/net/announcement.h"
#include "server/net/peers.h"

namespace server {

struct ClusterMember {
  std::string name;  // 40 hex digits.
  std::string zone;
  raft::NodeId id() const { return *NodeIdOf(name); }
  bool operator==(const ClusterMember&) const = default;
};

// What all members agree on when the cluster is formed, and keep on disk.
struct ClusterDescriptor {
  std::string id;  // 40 hex digits.
  std::vector<ClusterMember> members;
  std::vector<std::vector<uint32_t>>
      places;  // For each partition the indexes of its members, the preferred leader first.
  bool operator==(const ClusterDescriptor&) const = default;

  bool Has(std::string_view name) const;
  std::vector<raft::NodeId> ReplicasOf(uint32_t partition) const;
};

std::string Encode(const ClusterDescriptor& descriptor);
std::optional<ClusterDescriptor> DecodeDescriptor(std::string_view text);

class Cluster {
 public:
  struct Events {
    std::function<void(raft::NodeId to, PeerFrame kind, std::string_view payload)> send;
    std::function<bool(const ClusterDescriptor&)> save;    // To disk; false if that failed.
    std::function<void(const ClusterDescriptor&)> formed;  // It is on disk: take part.
    std::function<void(TopologyPtr)> publish;
    std::function<void(const Announcement&)> announce;
    std::function<bool(raft::NodeId)> connected;
    std::function<void(uint32_t partition, raft::NodeId to)> transfer;
  };

  // `name`: this node's. `known`: what its disk says.
  Cluster(const Settings& settings, std::string name, std::string new_cluster_id,
          std::optional<ClusterDescriptor> known, Events events);

  bool formed() const { return descriptor_.has_value(); }
  const std::optional<ClusterDescriptor>& descriptor() const { return descriptor_; }
  raft::NodeId self() const { return *NodeIdOf(name_); }

  void OnAnnouncement(const Announcement& announcement, int64_t wall_ms);
  void OnReached(const Announcement& announcement, const std::string& host,
                 int64_t wall_ms);  // Our dial reached it.
  void OnFormingFrame(const std::string& from, PeerFrame kind, std::string_view payload);
  void OnLeader(uint32_t partition, raft::NodeId leader, raft::Term term);
  void Tick(uint64_t monotonic_ms, int64_t wall_ms);

 private:
  struct Proposal {
    ClusterDescriptor descriptor;
    std::set<std::string> promised;
  };

  ClusterNode& NodeNamed(const std::string& name);
  void MaybePropose();
  bool FormIfAllPromised();
  ClusterDescriptor Compose(const std::vector<std::string>& names) const;
  void Adopt(const ClusterDescriptor& descriptor);
  void ResendForming();
  void Rebuild();  // The topology; published at the next tick or at once when leaders change.
  void Announce();
  void BalanceLeaders(uint64_t monotonic_ms);

  const Settings& settings_;
  const std::string name_;
  const std::string new_cluster_id_;
  Events events_;
  std::optional<ClusterDescriptor> descriptor_;
  std::map<std::string, ClusterNode> nodes_;       // By name, this one included.
  std::map<std::string, std::string> cluster_of_;  // What each said it belongs to.
  std::vector<PartitionPlace> places_;
  std::vector<uint64_t> leads_since_ms_;  // Per partition, while this node leads it.

  std::optional<Proposal> proposal_;
  std::string promised_to_;
  uint64_t promised_at_ms_ = 0;
  uint64_t now_ms_ = 0;
  int64_t wall_ms_ = 0;
  uint64_t last_announce_ms_ = 0;
  uint64_t last_balance_ms_ = 0;
  bool changed_ = true;
  bool announce_soon_ = true;
};

}  // namespace server
