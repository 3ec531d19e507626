#include "server/net/cluster.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "discovery/ring.h"
#include "server/net/text_lines.h"

namespace server {
namespace {

constexpr uint64_t kAnnounceEveryMs = 250;
constexpr uint64_t kPromiseMs =
    3000;  // For so long a node that promised takes part in no other forming.
constexpr uint64_t kBalanceEveryMs = 500;
constexpr uint64_t kLeadBeforeTransferMs =
    1500;  // A leader just elected stays for a while: no back and forth.
constexpr size_t kTransfersAtOnce = 2;
constexpr size_t kMembersMax = 1000;

}  // namespace

bool ClusterDescriptor::Has(std::string_view name) const {
  return std::any_of(members.begin(), members.end(),
                     [&](const ClusterMember& m) { return m.name == name; });
}

std::vector<raft::NodeId> ClusterDescriptor::ReplicasOf(uint32_t partition) const {
  std::vector<raft::NodeId> ids;
  for (const uint32_t index : places[partition]) ids.push_back(members[index].id());
  return ids;
}

// version=1, cluster=, then member=<name> <zone> and place=<index>,<index>,... in order.
std::string Encode(const ClusterDescriptor& descriptor) {
  std::string text = "version=1\ncluster=" + descriptor.id + "\n";
  for (const ClusterMember& member : descriptor.members) {
    text += "member=" + member.name + " " + member.zone + "\n";
  }
  for (const auto& place : descriptor.places) {
    text += "place=";
    for (const uint32_t index : place) text += std::to_string(index) + ",";
    text += "\n";
  }
  return text;
}

std::optional<ClusterDescriptor> DecodeDescriptor(std::string_view text) {
  ClusterDescriptor descriptor;
  bool sound = false;
  bool broken = false;
  ForEachLine(text, [&](std::string_view key, std::string_view value) {
    if (key == "version") sound = value == "1";
    if (key == "cluster") descriptor.id = value;
    if (key == "member") {
      const size_t space = value.find(' ');
      broken = broken || space == std::string_view::npos || !NodeIdOf(value.substr(0, space));
      if (!broken) {
        descriptor.members.push_back(
            {std::string(value.substr(0, space)), std::string(value.substr(space + 1))});
      }
    }
    if (key == "place") {
      std::vector<uint32_t> place;
      ForEachPart(value, ',', [&](std::string_view part) {
        const auto index = ParseNumber<uint32_t>(part);
        broken = broken || !index || *index >= descriptor.members.size();
        if (!broken) place.push_back(*index);
      });
      broken = broken || place.empty();
      descriptor.places.push_back(std::move(place));
    }
  });
  // Whoever counts votes must not count one node twice.
  std::set<raft::NodeId> ids;
  for (const ClusterMember& member : descriptor.members)
    broken = !ids.insert(member.id()).second || broken;
  for (const auto& place : descriptor.places) {
    broken = broken || std::set(place.begin(), place.end()).size() != place.size();
  }
  const bool usable = sound && !broken && NodeIdOf(descriptor.id) && !descriptor.members.empty() &&
                      descriptor.members.size() <= kMembersMax && !descriptor.places.empty() &&
                      descriptor.places.size() <= 16384;
  if (!usable) return std::nullopt;
  return descriptor;
}

Cluster::Cluster(const Settings& settings, std::string name, std::string new_cluster_id,
                 std::optional<ClusterDescriptor> known, Events events)
    : settings_(settings),
      name_(std::move(name)),
      new_cluster_id_(std::move(new_cluster_id)),
      events_(std::move(events)) {
  ClusterNode& self = NodeNamed(name_);
  self.port = static_cast<int>(settings.cluster_announce_port != 0 ? settings.cluster_announce_port
                                                                   : settings.port);
  self.bus_port =
      static_cast<int>(settings.cluster_announce_bus_port != 0 ? settings.cluster_announce_bus_port
                                                               : settings.cluster_port);
  self.host = settings.cluster_announce_ip;
  self.hostname = settings.cluster_announce_hostname;
  self.zone = settings.node_zone;
  self.connected = true;
  if (known) Adopt(*known);
}

ClusterNode& Cluster::NodeNamed(const std::string& name) {
  ClusterNode& node = nodes_[name];
  if (node.name.empty()) {
    node.name = name;
    node.id = *NodeIdOf(name);
  }
  return node;
}

void Cluster::OnAnnouncement(const Announcement& announcement, int64_t wall_ms) {
  if (announcement.node == name_) return;
  if (descriptor_ && !descriptor_->Has(announcement.node)) return;
  ClusterNode& node = NodeNamed(announcement.node);
  const ClusterNode before = node;
  node.port = announcement.port;
  node.bus_port = announcement.bus_port;
  if (!announcement.ip.empty()) node.host = announcement.ip;
  node.hostname = announcement.hostname;
  node.zone = announcement.zone;
  node.heard_ms = wall_ms;
  cluster_of_[announcement.node] = announcement.cluster;
  changed_ = changed_ || before.port != node.port || before.host != node.host ||
             before.hostname != node.hostname;
  for (const auto& [partition, term] : announcement.leads) OnLeader(partition, node.id, term);
}

void Cluster::OnReached(const Announcement& announcement, const std::string& host,
                        int64_t wall_ms) {
  if (descriptor_ && !descriptor_->Has(announcement.node)) return;
  ClusterNode& node = NodeNamed(announcement.node);
  if (announcement.ip.empty() && node.host != host) {
    node.host = host;
    changed_ = true;
  }
  OnAnnouncement(announcement, wall_ms);
}

void Cluster::OnLeader(uint32_t partition, raft::NodeId leader, raft::Term term) {
  if (partition >= places_.size()) return;
  PartitionPlace& place = places_[partition];
  const bool newer = term > place.term || (term == place.term && leader != raft::kNobody);
  if (!newer || (term == place.term && leader == place.leader)) return;
  place.term = term;
  place.leader = leader;
  leads_since_ms_[partition] = leader == self() ? now_ms_ : 0;
  if (leader == self()) announce_soon_ = true;
  changed_ = true;
}

// --- Forming

void Cluster::MaybePropose() {
  if (descriptor_ || proposal_) return;
  if (!promised_to_.empty() && now_ms_ - promised_at_ms_ < kPromiseMs) return;
  std::vector<std::string> present;
  for (const auto& [name, node] : nodes_) {
    if (name != name_ && !events_.connected(node.id)) continue;
    if (name != name_ && !cluster_of_[name].empty())
      return;  // There is a cluster: it will tell us.
    present.push_back(name);
  }
  const auto expected = static_cast<size_t>(settings_.bootstrap_expect);
  if (present.size() < expected) return;
  present.resize(expected);  // In order of names, so the proposer is among them.
  if (present.front() != name_) return;
  proposal_ = Proposal{Compose(present), {name_}};
  promised_to_ = name_;
  promised_at_ms_ = now_ms_;
  spdlog::info("cluster {}: proposing with {} nodes", proposal_->descriptor.id, present.size());
  if (!FormIfAllPromised()) ResendForming();
}

bool Cluster::FormIfAllPromised() {
  if (proposal_->promised.size() < proposal_->descriptor.members.size()) return false;
  const ClusterDescriptor agreed = std::move(proposal_->descriptor);
  proposal_.reset();
  if (events_.save(agreed)) Adopt(agreed);
  ResendForming();
  return true;
}

ClusterDescriptor Cluster::Compose(const std::vector<std::string>& names) const {
  ClusterDescriptor descriptor;
  descriptor.id = new_cluster_id_;
  std::vector<discovery::RingNode> ring;
  std::map<uint64_t, uint32_t> index_of;
  for (const std::string& name : names) {
    const ClusterNode& node = nodes_.at(name);
    index_of[node.id] = static_cast<uint32_t>(descriptor.members.size());
    descriptor.members.push_back({name, node.zone});
    ring.push_back({node.id, node.zone});
  }
  const discovery::Placement placement =
      discovery::Place(ring, static_cast<uint32_t>(settings_.partitions),
                       static_cast<uint32_t>(settings_.replication_factor));
  for (const auto& replicas : placement.replicas) {
    std::vector<uint32_t> place;
    for (const uint64_t id : replicas) place.push_back(index_of[id]);
    descriptor.places.push_back(std::move(place));
  }
  return descriptor;
}

void Cluster::OnFormingFrame(const std::string& from, PeerFrame kind, std::string_view payload) {
  if (kind == PeerFrame::kPrepared) {
    if (!proposal_ || payload != proposal_->descriptor.id || !proposal_->descriptor.Has(from))
      return;
    // The others' promises were given after ours, so while ours holds theirs do.
    if (promised_to_ != name_ || now_ms_ - promised_at_ms_ >= kPromiseMs) return;
    proposal_->promised.insert(from);
    FormIfAllPromised();
    return;
  }
  const std::optional<ClusterDescriptor> descriptor = DecodeDescriptor(payload);
  if (!descriptor || descriptor_ || !descriptor->Has(name_)) return;
  if (kind == PeerFrame::kCommit) {
    proposal_.reset();
    if (events_.save(*descriptor)) Adopt(*descriptor);
    return;
  }
  const bool free =
      promised_to_.empty() || promised_to_ == from || now_ms_ - promised_at_ms_ >= kPromiseMs;
  if (!free) return;
  // Somebody who was cut off may not know yet that others have formed one without it.
  for (const auto& [name, cluster] : cluster_of_) {
    if (!cluster.empty() && events_.connected(*NodeIdOf(name))) return;
  }
  proposal_.reset();  // Ours has run out, or it would not be free.
  promised_to_ = from;
  promised_at_ms_ = now_ms_;
  events_.send(*NodeIdOf(from), PeerFrame::kPrepared, descriptor->id);
}

void Cluster::Adopt(const ClusterDescriptor& descriptor) {
  descriptor_ = descriptor;
  places_.assign(descriptor.places.size(), {});
  leads_since_ms_.assign(descriptor.places.size(), 0);
  for (uint32_t id = 0; id < places_.size(); ++id) places_[id].replicas = descriptor.ReplicasOf(id);
  std::erase_if(nodes_, [&](const auto& entry) {
    return entry.first != name_ && !descriptor.Has(entry.first);
  });
  for (const ClusterMember& member : descriptor.members) NodeNamed(member.name).zone = member.zone;
  changed_ = announce_soon_ = true;
  spdlog::info("cluster {} nodes={} partitions={}", descriptor.id, descriptor.members.size(),
               places_.size());
  events_.formed(descriptor);
}

void Cluster::ResendForming() {
  if (proposal_) {
    const std::string text = Encode(proposal_->descriptor);
    for (const ClusterMember& member : proposal_->descriptor.members) {
      if (member.name != name_) events_.send(member.id(), PeerFrame::kPrepare, text);
    }
    if (now_ms_ - promised_at_ms_ >= kPromiseMs) {
      proposal_.reset();  // Somebody is missing; look again who is there.
      promised_to_.clear();
    }
    return;
  }
  if (!descriptor_) return;
  for (const ClusterMember& member : descriptor_->members) {
    const auto said = cluster_of_.find(member.name);
    if (member.name != name_ && said != cluster_of_.end() && said->second.empty()) {
      events_.send(member.id(), PeerFrame::kCommit, Encode(*descriptor_));
    }
  }
}

// --- What goes on all the time

void Cluster::Tick(uint64_t monotonic_ms, int64_t wall_ms) {
  now_ms_ = monotonic_ms;
  wall_ms_ = wall_ms;
  for (auto& [name, node] : nodes_) {
    const bool connected = name == name_ || events_.connected(node.id);
    changed_ = changed_ || connected != node.connected;
    node.connected = connected;
  }
  if (now_ms_ - last_announce_ms_ >= kAnnounceEveryMs) {
    MaybePropose();
    ResendForming();
    announce_soon_ = true;
  }
  if (announce_soon_) Announce();
  BalanceLeaders(monotonic_ms);
  if (changed_) Rebuild();
}

void Cluster::Announce() {
  announce_soon_ = false;
  last_announce_ms_ = now_ms_;
  const ClusterNode& self = nodes_.at(name_);
  Announcement announcement;
  announcement.cluster = descriptor_ ? descriptor_->id : "";
  announcement.node = name_;
  announcement.port = self.port;
  announcement.bus_port = self.bus_port;
  announcement.ip = settings_.cluster_announce_ip;
  announcement.hostname = self.hostname;
  announcement.zone = self.zone;
  for (uint32_t id = 0; id < places_.size(); ++id) {
    if (places_[id].leader == self.id) announcement.leads.emplace_back(id, places_[id].term);
  }
  events_.announce(announcement);
}

void Cluster::Rebuild() {
  changed_ = false;
  auto topology = std::make_shared<Topology>();
  topology->cluster_enabled = true;
  topology->formed = formed();
  topology->self = self();
  for (const auto& [name, node] : nodes_) topology->nodes.push_back(node);
  topology->partitions = places_;
  for (const PartitionPlace& place : places_)
    topology->epoch = std::max(topology->epoch, place.term);
  events_.publish(std::move(topology));
}

// Leaderships go to where the ring wants them, a few at a time, once their node is there and
// settled.
void Cluster::BalanceLeaders(uint64_t monotonic_ms) {
  if (!formed() || monotonic_ms - last_balance_ms_ < kBalanceEveryMs) return;
  last_balance_ms_ = monotonic_ms;
  size_t transfers = 0;
  for (uint32_t id = 0; id < places_.size() && transfers < kTransfersAtOnce; ++id) {
    const PartitionPlace& place = places_[id];
    const raft::NodeId preferred = place.replicas.front();
    if (place.leader != self() || preferred == self()) continue;
    if (monotonic_ms - leads_since_ms_[id] < kLeadBeforeTransferMs || !events_.connected(preferred))
      continue;
    leads_since_ms_[id] = monotonic_ms;  // If it fails, not again at once.
    events_.transfer(id, preferred);
    ++transfers;
  }
}

}  // namespace server
