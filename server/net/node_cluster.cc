// What the node does for its cluster: joins the pieces that form it, and creates its partitions.
#include <spdlog/spdlog.h>

#include <algorithm>

#include "discovery/static_seeds.h"
#include "server/net/node.h"
#include "server/net/random.h"

namespace server {
namespace {

std::string RandomName() {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string name;
  for (int i = 0; i < 5; ++i) {
    uint64_t bits = RandomBits();
    for (int digit = 0; digit < 8; ++digit, bits >>= 4) name += kDigits[bits & 15];
  }
  return name;
}

}  // namespace

bool Node::StartCluster() {
  std::string listed;
  for (const std::string& seed : settings_->seeds) listed += (listed.empty() ? "" : ",") + seed;
  const auto endpoints = discovery::ParseSeeds(listed);
  if (!endpoints) {
    spdlog::error("seeds: {}", endpoints.error().what);
    return false;
  }
  const storage::NodeMeta& meta = data_directory_->meta();
  std::optional<ClusterDescriptor> known;
  if (!meta.cluster.empty()) {
    known = DecodeDescriptor(meta.cluster);
    if (!known) {
      spdlog::error("{}: its cluster document is of another version", data_directory_->path());
      return false;
    }
  }
  Shard& home = *shards_[0];
  cluster_ = std::make_unique<Cluster>(
      config_.settings(), meta.node_id, RandomName(), std::move(known),
      Cluster::Events{
          .send = [&home](raft::NodeId to, PeerFrame kind,
                          std::string_view payload) { home.peers().Send(to, kind, payload); },
          .save =
              [this](const ClusterDescriptor& descriptor) {
                storage::NodeMeta changed = data_directory_->meta();
                changed.cluster_id = descriptor.id;
                changed.cluster = Encode(descriptor);
                const storage::Status status = data_directory_->Save(changed);
                if (!status) spdlog::error("{}", status.error().what);
                return status.has_value();
              },
          .formed = [this](const ClusterDescriptor& descriptor) { CreatePartitions(descriptor); },
          .publish = [this](TopologyPtr topology) { PublishTopology(std::move(topology)); },
          .announce =
              [this](const Announcement& announcement) {
                OnAllShards([announcement](Shard& shard) { shard.peers().Announce(announcement); });
              },
          .connected = [&home](raft::NodeId node) { return home.peers().connected(node); },
          .transfer =
              [this](uint32_t partition, raft::NodeId to) {
                Shard* owner = ShardOf(partition);
                OnShard(*owner,
                        [partition, to](Shard& shard) { shard.TransferLeadership(partition, to); });
              }});
  cluster_->Tick(0, 0);
  const std::string bind = settings_->bind.empty() ? "" : settings_->bind.front();
  for (const auto& shard : shards_) {
    const std::string host = bind.starts_with('-') ? bind.substr(1) : bind;
    if (!shard->peers().Start(*endpoints, host, static_cast<int>(settings_->cluster_port)))
      return false;
  }
  return true;
}

void Node::CreatePartitions(const ClusterDescriptor& descriptor) {
  const discovery::PartitionMap map(static_cast<uint32_t>(descriptor.places.size()));
  OnAllShards([map, id = descriptor.id](Shard& shard) {
    shard.set_partition_map(map);
    shard.peers().SetCluster(id);
    shard.SetClusterId(id);
  });
  const raft::NodeId own = self();
  for (uint32_t id = 0; id < map.partitions(); ++id) {
    std::vector<raft::NodeId> replicas = descriptor.ReplicasOf(id);
    if (std::find(replicas.begin(), replicas.end(), own) == replicas.end()) continue;
    AddTo(OptionsOf(id, std::move(replicas)));
  }
}

void Node::PublishTopology(TopologyPtr topology) {
  OnAllShards([topology](Shard& shard) { shard.SetTopology(topology); });
}

void Node::OnLeader(uint32_t partition, raft::NodeId leader, raft::Term term) {
  if (!cluster_enabled_) return;
  OnShard(*shards_[0], [this, partition, leader, term](Shard&) {
    if (cluster_) cluster_->OnLeader(partition, leader, term);
  });
}

void Node::OnAnnouncement(const Announcement& announcement) {
  OnShard(*shards_[0], [this, announcement](Shard& home) {
    if (cluster_) cluster_->OnAnnouncement(announcement, home.wall_ms());
  });
}

void Node::OnReached(const Announcement& announcement, const std::string& host) {
  OnShard(*shards_[0], [this, announcement, host](Shard& home) {
    if (cluster_) cluster_->OnReached(announcement, host, home.wall_ms());
  });
}

void Node::OnFormingFrame(const std::string& from, PeerFrame kind, std::string_view payload) {
  OnShard(*shards_[0], [this, from, kind, own = std::string(payload)](Shard&) {
    if (cluster_) cluster_->OnFormingFrame(from, kind, own);
  });
}

}  // namespace server
