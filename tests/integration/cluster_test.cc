// Three nodes on this machine, found by a static list.
#include <doctest/doctest.h>
#include <hiredis/hiredis.h>

#include <chrono>
#include <csignal>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "discovery/slots.h"
#include "tests/integration/client.h"
#include "tests/integration/server_process.h"

using discovery::SlotOf;
using integration::Client;
using integration::FreePorts;
using integration::RawClient;
using integration::ServerProcess;
using integration::TemporaryFolder;
using integration::WaitFor;

namespace {

constexpr uint16_t kNodes = 3;

struct SlotRange {
  int64_t first = 0;
  int64_t last = 0;
  std::vector<uint16_t> ports;  // The leader first.
};

class Cluster {
 public:
  Cluster() : base_port_(FreePorts(kNodes)) {
    std::string seeds;
    for (uint16_t i = 0; i < kNodes; ++i) {
      seeds += (i == 0 ? "127.0.0.1:" : ",127.0.0.1:") + std::to_string(base_port_ + i + 10000);
    }
    for (uint16_t i = 0; i < kNodes; ++i) {
      folders_.push_back(std::make_unique<TemporaryFolder>());
      nodes_.push_back(std::make_unique<ServerProcess>(ServerProcess::Options{
          .port = static_cast<uint16_t>(base_port_ + i),
          .directory = folders_.back()->path(),
          .arguments = {"--cluster-enabled", "yes", "--discovery", "static", "--seeds", seeds,
                        "--bootstrap-expect", std::to_string(kNodes)}}));
    }
  }

  ServerProcess& node(uint16_t port) { return *nodes_[static_cast<size_t>(port - base_port_)]; }
  std::vector<uint16_t> ports() const {
    return {base_port_, static_cast<uint16_t>(base_port_ + 1),
            static_cast<uint16_t>(base_port_ + 2)};
  }

  bool IsOk(uint16_t port) const {
    return Client(port).Call({"CLUSTER", "INFO"}).find("cluster_state:ok") != std::string::npos;
  }

  bool WaitOk() const {
    return WaitFor(
        [this] {
          for (const uint16_t port : ports()) {
            if (!IsOk(port)) return false;
          }
          return true;
        },
        std::chrono::seconds(60));
  }

  static std::vector<SlotRange> Slots(uint16_t port) {
    std::vector<SlotRange> ranges;
    redisContext* context = redisConnect("127.0.0.1", port);
    if (context == nullptr || context->err != 0) return ranges;
    auto* reply = static_cast<redisReply*>(redisCommand(context, "CLUSTER SLOTS"));
    for (size_t i = 0; reply != nullptr && i < reply->elements; ++i) {
      const redisReply& range = *reply->element[i];
      SlotRange& added = ranges.emplace_back();
      added.first = range.element[0]->integer;
      added.last = range.element[1]->integer;
      for (size_t n = 2; n < range.elements; ++n) {
        added.ports.push_back(static_cast<uint16_t>(range.element[n]->element[1]->integer));
      }
    }
    if (reply != nullptr) freeReplyObject(reply);
    redisFree(context);
    return ranges;
  }

  static uint16_t LeaderOf(uint16_t slot, uint16_t ask) {
    for (const SlotRange& range : Slots(ask)) {
      if (slot >= range.first && slot <= range.last) return range.ports.front();
    }
    return 0;
  }

  // As a cluster client does it: sent to a node, then to where MOVED says, until it is answered.
  // Only for commands that may be repeated.
  std::string Call(const std::vector<std::string>& command) {
    std::string reply;
    WaitFor([&] {
      for (const uint16_t port : ports()) {
        reply = Client(port).Call(command);
        if (reply.starts_with("-MOVED ")) {
          const size_t colon = reply.rfind(':');
          reply = Client(static_cast<uint16_t>(std::stoi(reply.substr(colon + 1)))).Call(command);
        }
        const bool refused = reply == "(closed)" || reply.starts_with("-MOVED") ||
                             reply.starts_with("-CLUSTERDOWN") || reply.starts_with("-TRYAGAIN") ||
                             reply.starts_with("-LOADING") || reply.starts_with("-UNCERTAIN");
        if (!refused) return true;
      }
      return false;
    });
    return reply;
  }

 private:
  const uint16_t base_port_;
  std::vector<std::unique_ptr<TemporaryFolder>> folders_;
  std::vector<std::unique_ptr<ServerProcess>> nodes_;
};

}  // namespace

TEST_CASE("cluster: three nodes share the slots, send clients to the leader, and name each other") {
  Cluster cluster;
  REQUIRE(cluster.WaitOk());

  SUBCASE("CLUSTER SLOTS covers every slot once, names three nodes, and all nodes agree") {
    REQUIRE(WaitFor([&] {  // Leadership spreads by itself.
      std::set<uint16_t> leaders;
      for (const SlotRange& range : Cluster::Slots(cluster.ports()[0])) {
        leaders.insert(range.ports.front());
      }
      return leaders.size() == kNodes;
    }));
    for (const uint16_t port : cluster.ports()) {
      CAPTURE(port);
      int64_t next = 0;
      for (const SlotRange& range : Cluster::Slots(port)) {
        CHECK(range.first == next);
        next = range.last + 1;
        CHECK(std::set(range.ports.begin(), range.ports.end()).size() == kNodes);
      }
      CHECK(next == discovery::kSlots);
    }
  }

  SUBCASE("a key is served by its leader only, and MOVED names it") {
    const uint16_t slot = SlotOf("some-key");
    const uint16_t leader = Cluster::LeaderOf(slot, cluster.ports()[0]);
    REQUIRE(leader != 0);
    CHECK(Client(leader).Call({"SET", "some-key", "v"}) == "OK");
    for (const uint16_t port : cluster.ports()) {
      const std::string expected = port == leader ? "v"
                                                  : "-MOVED " + std::to_string(slot) +
                                                        " 127.0.0.1:" + std::to_string(leader);
      CHECK(Client(port).Call({"GET", "some-key"}) == expected);
    }
  }

  SUBCASE("a follower answers READONLY clients") {
    CHECK(cluster.Call({"SET", "some-key", "v"}) == "OK");
    const uint16_t leader = Cluster::LeaderOf(SlotOf("some-key"), cluster.ports()[0]);
    for (const uint16_t port : cluster.ports()) {
      if (port == leader) continue;
      Client client(port);
      CHECK(client.Call({"READONLY"}) == "OK");
      CHECK(WaitFor([&] { return client.Call({"GET", "some-key"}) == "v"; }));
      CHECK(client.Call({"SET", "some-key", "w"}).starts_with("-MOVED "));
    }
  }

  SUBCASE("keys of different slots in one command are refused, of one tag are not") {
    Client client(cluster.ports()[0]);
    CHECK(client.Call({"MSET", "a", "1", "b", "2"}) ==
          "-CROSSSLOT Keys in request don't hash to the same slot");
    CHECK(cluster.Call({"MSET", "{t}a", "1", "{t}b", "2"}) == "OK");
    CHECK(cluster.Call({"MGET", "{t}a", "{t}b"}) == "[1, 2]");
  }

  SUBCASE("only database 0 exists") {
    Client client(cluster.ports()[0]);
    CHECK(client.Call({"SELECT", "0"}) == "OK");
    CHECK(client.Call({"SELECT", "1"}) == "-ERR SELECT is not allowed in cluster mode");
  }

  SUBCASE("node ids have 40 hex digits and CLUSTER NODES marks the one asked") {
    for (const uint16_t port : cluster.ports()) {
      Client client(port);
      const std::string id = client.Call({"CLUSTER", "MYID"});
      CHECK(id.size() == 40);
      CHECK(id.find_first_not_of("0123456789abcdef") == std::string::npos);
      const std::string nodes = client.Call({"CLUSTER", "NODES"});
      CHECK(nodes.find(id + " 127.0.0.1:" + std::to_string(port) + "@") != std::string::npos);
      CHECK(nodes.find("myself,master") != std::string::npos);
    }
  }
}

TEST_CASE("cluster: after kill -9 of a leader writes go on, and the node comes back") {
  Cluster cluster;
  REQUIRE(cluster.WaitOk());
  for (int i = 0; i < 200; ++i) {
    const std::string n = std::to_string(i);
    REQUIRE(cluster.Call({"SET", "key" + n, n}) == "OK");
  }
  const uint16_t victim = Cluster::LeaderOf(SlotOf("key0"), cluster.ports()[0]);
  REQUIRE(victim != 0);
  cluster.node(victim).Kill();

  CHECK(cluster.Call({"SET", "key0", "again"}) == "OK");
  for (int i = 1; i < 200; ++i) {
    const std::string n = std::to_string(i);
    REQUIRE(cluster.Call({"GET", "key" + n}) == n);
  }
  cluster.node(victim).Start();
  REQUIRE(cluster.WaitOk());
  CHECK(cluster.Call({"GET", "key0"}) == "again");
}

// Faults C4 and P2: the request waits in the paused leader's socket while another node is elected.
TEST_CASE("cluster: a leader that was paused gives no stale answer when it goes on") {
  Cluster cluster;
  REQUIRE(cluster.WaitOk());
  REQUIRE(cluster.Call({"SET", "key", "old"}) == "OK");
  const uint16_t leader = Cluster::LeaderOf(SlotOf("key"), cluster.ports()[0]);
  REQUIRE(leader != 0);
  RawClient patient(leader);
  REQUIRE(patient.Send("PING\r\n"));
  REQUIRE(patient.Read(7) == "+PONG\r\n");

  cluster.node(leader).Signal(SIGSTOP);
  REQUIRE(patient.Send("GET key\r\n"));
  const bool written = WaitFor([&] {
    for (const uint16_t port : cluster.ports()) {
      if (port != leader && Client(port).Call({"SET", "key", "new"}) == "OK") return true;
    }
    return false;
  });
  cluster.node(leader).Signal(SIGCONT);
  REQUIRE(written);

  const std::string answer = patient.Read(1);
  CAPTURE(answer);
  CHECK(patient.Read(64, std::chrono::seconds(3)).find("old") == std::string::npos);
  REQUIRE(cluster.WaitOk());
  CHECK(cluster.Call({"GET", "key"}) == "new");
}

TEST_CASE("cluster: nothing acknowledged is missing after kill -9 of all nodes") {
  Cluster cluster;
  REQUIRE(cluster.WaitOk());
  for (int i = 0; i < 200; ++i) {
    const std::string n = std::to_string(i);
    REQUIRE(cluster.Call({"SET", "key" + n, n}) == "OK");
  }
  for (const uint16_t port : cluster.ports()) cluster.node(port).Kill();
  for (const uint16_t port : cluster.ports()) cluster.node(port).Start();
  REQUIRE(cluster.WaitOk());
  for (int i = 0; i < 200; ++i) {
    const std::string n = std::to_string(i);
    REQUIRE(cluster.Call({"GET", "key" + n}) == n);
  }
}
