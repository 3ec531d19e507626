// Forming a cluster among nodes whose messages are lost, repeated and late.
#include "server/net/cluster.h"

#include <doctest/doctest.h>

#include <deque>
#include <memory>

#include "tests/simulation/random.h"

namespace server {
namespace {

std::string NameOf(int node) {
  return std::string(16, static_cast<char>('0' + node)) + std::string(24, 'a');
}

class World {
 public:
  World(int nodes, int expect, uint64_t seed = 1) : random(seed) {
    settings_.bootstrap_expect = expect;
    settings_.partitions = 16;
    settings_.replication_factor = 3;
    settings_.port = 7000;
    settings_.cluster_port = 17000;
    for (int i = 1; i <= nodes; ++i) nodes_.push_back({});
    for (int i = 1; i <= nodes; ++i) Start(i);
  }

  void Start(int i) {
    Node& node = nodes_[static_cast<size_t>(i - 1)];
    Cluster::Events events;
    events.send = [this, i](raft::NodeId to, PeerFrame kind, std::string_view payload) {
      Post(i, IndexOf(to), kind, std::string(payload));
    };
    events.save = [this, i](const ClusterDescriptor& descriptor) {
      Node& own = nodes_[static_cast<size_t>(i - 1)];
      if (own.disk_fails) return false;
      own.saved = DecodeDescriptor(Encode(descriptor));
      ++own.saves;
      return true;
    };
    events.formed = [](const ClusterDescriptor&) {};
    events.publish = [](const TopologyPtr&) {};
    events.announce = [this, i](const Announcement& announcement) {
      for (int to = 1; to <= static_cast<int>(nodes_.size()); ++to) {
        if (to != i) Post(i, to, PeerFrame::kAnnouncement, Encode(announcement));
      }
    };
    events.connected = [this, i](raft::NodeId id) { return Linked(i, IndexOf(id)); };
    events.transfer = [](uint32_t, raft::NodeId) {};
    const std::string id(40, static_cast<char>('a' + ++lives_ % 6));
    node.cluster =
        std::make_unique<Cluster>(settings_, NameOf(i), id, node.saved, std::move(events));
  }
  void Stop(int i) { at(i).cluster.reset(); }

  void Run(uint64_t ms) {
    for (const uint64_t until = now_ + ms; now_ < until; now_ += 10) {
      for (Node& node : nodes_) {
        if (node.cluster) node.cluster->Tick(now_, static_cast<int64_t>(now_));
      }
      for (size_t left = letters_.size(); left > 0; --left) {
        Letter letter = std::move(letters_.front());
        letters_.pop_front();
        if (random.Percent(drop_percent) || !Linked(letter.from, letter.to)) continue;
        if (random.Percent(delay_percent) ||
            (hold_prepared && letter.kind == PeerFrame::kPrepared)) {
          letters_.push_back(letter);
          if (!random.Percent(duplicate_percent)) continue;
        }
        Cluster& to = *at(letter.to).cluster;
        if (letter.kind == PeerFrame::kAnnouncement) {
          const auto announcement = DecodeAnnouncement(letter.payload);
          REQUIRE(announcement.has_value());
          to.OnAnnouncement(*announcement, static_cast<int64_t>(now_));
        } else {
          to.OnFormingFrame(NameOf(letter.from), letter.kind, letter.payload);
        }
      }
    }
  }

  // One cluster, and all its members know it.
  bool AllFormed() const {
    for (const Node& node : nodes_) {
      if (!node.cluster || !node.cluster->formed()) return false;
      if (!(*node.cluster->descriptor() == *nodes_[0].cluster->descriptor())) return false;
    }
    return true;
  }

  struct Node {
    std::unique_ptr<Cluster> cluster;
    std::optional<ClusterDescriptor> saved;
    int saves = 0;
    bool disk_fails = false;
    bool cut = false;
  };
  Node& at(int i) { return nodes_[static_cast<size_t>(i - 1)]; }
  const Node& at(int i) const { return nodes_[static_cast<size_t>(i - 1)]; }

  sim::Random random;
  uint64_t drop_percent = 0;
  uint64_t duplicate_percent = 0;
  uint64_t delay_percent = 0;
  bool hold_prepared = false;

 private:
  struct Letter {
    int from;
    int to;
    PeerFrame kind;
    std::string payload;
  };
  int IndexOf(raft::NodeId id) const {
    for (int i = 1; i <= static_cast<int>(nodes_.size()); ++i) {
      if (NodeIdOf(NameOf(i)) == id) return i;
    }
    return 0;
  }
  bool Linked(int a, int b) const {
    if (a == 0 || b == 0 || !at(a).cluster || !at(b).cluster) return false;
    return !at(a).cut && !at(b).cut;
  }
  void Post(int from, int to, PeerFrame kind, std::string payload) {
    if (to != 0) letters_.push_back({from, to, kind, std::move(payload)});
  }

  Settings settings_;
  std::vector<Node> nodes_;
  std::deque<Letter> letters_;
  uint64_t now_ = 1000;
  int lives_ = 0;
};

}  // namespace

TEST_CASE("cluster: three nodes that see each other form one, once") {
  World world(3, 3);
  world.Run(3000);
  REQUIRE(world.AllFormed());
  CHECK(world.at(1).cluster->descriptor()->members.size() == 3);
  for (int i = 1; i <= 3; ++i) CHECK(world.at(i).saves == 1);
}

TEST_CASE("cluster: it forms whatever is lost, late or repeated") {
  for (const uint64_t seed : sim::Seeds(60)) {
    CAPTURE(seed);
    World world(3, 3, seed);
    world.drop_percent = 40;
    world.duplicate_percent = 50;
    world.delay_percent = 30;
    world.Run(4000);
    const int victim = static_cast<int>(world.random.Between(1, 3));
    world.Stop(victim);
    world.Run(world.random.Below(2000));
    world.Start(victim);
    world.Run(40'000);
    CHECK(world.AllFormed());
  }
}

TEST_CASE("cluster: fewer nodes than expected form none, and the last one completes it") {
  World world(3, 3);
  world.at(3).cut = true;
  world.Run(5000);
  CHECK_FALSE(world.at(1).cluster->formed());
  world.at(3).cut = false;
  world.Run(5000);
  CHECK(world.AllFormed());
}

TEST_CASE("cluster: a proposer that restarts after writing it down tells the others") {
  World world(3, 3);
  world.Run(300);
  for (int i = 0; i < 200 && !world.at(1).saved; ++i) world.Run(10);
  REQUIRE(world.at(1).saved.has_value());
  world.Stop(1);
  world.Run(5000);
  world.Start(1);
  world.Run(5000);
  CHECK(world.AllFormed());
}

TEST_CASE("cluster: what cannot be written down is not taken part in") {
  World world(3, 3);
  world.at(1).disk_fails = true;
  world.Run(3000);
  for (int i = 1; i <= 3; ++i) CHECK_FALSE(world.at(i).cluster->formed());
  world.at(1).disk_fails = false;
  world.Run(10'000);
  CHECK(world.AllFormed());
}

TEST_CASE("cluster: promises that come after their time count for nothing") {
  World world(3, 3);
  world.Run(10);
  world.hold_prepared = true;  // The answers are under way for longer than a promise lasts.
  world.Run(2900);
  CHECK_FALSE(world.at(1).cluster->formed());
  Cluster& proposer = *world.at(1).cluster;
  world.at(1).cluster->Tick(100'000, 100'000);  // As after a pause: it proposes anew, and waits.
  CHECK_FALSE(proposer.formed());
}

TEST_CASE("cluster: a newcomer does not break into a formed cluster, nor forms one") {
  World world(4, 3);
  world.at(1).cut = true;
  world.Run(5000);
  REQUIRE(world.at(2).cluster->formed());
  CHECK(world.at(2).cluster->descriptor()->members.front().name == NameOf(2));
  world.at(1).cut = false;
  world.Run(10'000);
  CHECK_FALSE(world.at(1).cluster->formed());
  CHECK(*world.at(4).cluster->descriptor() == *world.at(2).cluster->descriptor());
}

TEST_CASE("cluster: a descriptor is read as it was written, and damage is refused") {
  ClusterDescriptor descriptor;
  descriptor.id = std::string(40, 'b');
  descriptor.members = {{NameOf(1), "zone a"}, {NameOf(2), ""}};
  descriptor.places = {{0, 1}, {1}};
  const std::string text = Encode(descriptor);
  CHECK(DecodeDescriptor(text) == descriptor);
  for (size_t cut = 0; cut < text.size(); ++cut) (void)DecodeDescriptor(text.substr(0, cut));
  sim::Random random(7);
  for (int i = 0; i < 20'000; ++i) {
    std::string damaged = text;
    damaged[random.Below(damaged.size())] = static_cast<char>(random.Below(256));
    if (const auto read = DecodeDescriptor(damaged)) {
      for (uint32_t id = 0; id < read->places.size(); ++id) CHECK(!read->ReplicasOf(id).empty());
    }
  }
  descriptor.places = {{0, 0}};
  CHECK_FALSE(DecodeDescriptor(Encode(descriptor)).has_value());  // A replica twice.
  descriptor.places = {{0, 1}};
  descriptor.members[1].name = descriptor.members[0].name;
  CHECK_FALSE(DecodeDescriptor(Encode(descriptor)).has_value());  // A member twice.
}

TEST_CASE("cluster: an announcement is read as it was written, and damage never crashes") {
  Announcement announcement;
  announcement.cluster = std::string(40, 'c');
  announcement.node = NameOf(3);
  announcement.port = 7001;
  announcement.bus_port = 17001;
  announcement.ip = "10.0.0.1";
  announcement.hostname = "node-3";
  announcement.zone = "z";
  announcement.leads = {{0, 7}, {15, 9}};
  const std::string text = Encode(announcement);
  const auto read = DecodeAnnouncement(text);
  REQUIRE(read.has_value());
  CHECK(Encode(*read) == text);
  CHECK_FALSE(DecodeAnnouncement("").has_value());
  sim::Random random(7);
  for (int i = 0; i < 20'000; ++i) {
    std::string damaged = text;
    damaged[random.Below(damaged.size())] = static_cast<char>(random.Below(256));
    (void)DecodeAnnouncement(damaged.substr(0, random.Below(damaged.size() + 1)));
  }
}

}  // namespace server
