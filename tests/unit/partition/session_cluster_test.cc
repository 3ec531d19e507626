#include <doctest/doctest.h>

#include "server/commands/cluster_view.h"
#include "tests/unit/partition/session_fakes.h"

namespace server {
namespace {

using commands::RangesOf;
using commands::SlotRange;
using commands::SlotRanges;

// Nodes 1, 2 and 3, of which 1 is this one; partition i is led by leaders[i] and stands on all
// three.
void Form(FakeNode& node, const std::vector<raft::NodeId>& leaders) {
  node.values.cluster_enabled = true;
  node.values.cluster_require_full_coverage = true;
  Topology& map = *node.map;
  map.cluster_enabled = true;
  map.formed = true;
  map.self = 1;
  map.epoch = 9;
  for (raft::NodeId id = 1; id <= 3; ++id) {
    ClusterNode one;
    one.id = id;
    one.name = std::string(40, static_cast<char>('0' + id));
    one.host = "10.0.0." + std::to_string(id);
    one.port = 7000;
    one.bus_port = 17000;
    one.connected = id != 1;
    one.heard_ms = id != 1 ? 5000 : 0;
    map.nodes.push_back(one);
  }
  for (size_t i = 0; i < leaders.size(); ++i) {
    map.partitions.push_back({leaders[i], 4 + i, {1, 2, 3}});
  }
}

TEST_CASE("cluster: commands of a cluster are refused where there is none") {
  FakeNode node;
  FakeSession& session = node.Connect(1);
  const std::string refusal = "-ERR This instance has cluster support disabled\r\n";
  CHECK(node.Run(session, {"cluster", "info"}) == refusal);
  CHECK(node.Run(session, {"cluster", "help"}) == refusal);
  CHECK(node.Run(session, {"cluster", "countkeysinslot", "1"}) == refusal);
  CHECK(node.Run(session, {"cluster", "meet", "a", "1"}) == refusal);
  CHECK(node.Run(session, {"readonly"}) == refusal);
  CHECK(node.Run(session, {"readwrite"}) == refusal);
  CHECK(node.Run(session, {"asking"}) == refusal);
}

TEST_CASE("cluster: READONLY, READWRITE and ASKING change the session") {
  FakeNode node;
  Form(node, {1});
  FakeSession& session = node.Connect(1);
  CHECK(node.Run(session, {"readonly"}) == "+OK\r\n");
  CHECK(session.readonly);
  CHECK(node.Run(session, {"readwrite"}) == "+OK\r\n");
  CHECK_FALSE(session.readonly);
  CHECK(node.Run(session, {"asking"}) == "+OK\r\n");
  CHECK(session.asking);
}

TEST_CASE("cluster: neighbouring partitions of one leader are one range") {
  FakeNode node;
  Form(node, {1, 1, 2, 1});
  const std::vector<SlotRange> ranges = SlotRanges(*node.map);
  REQUIRE(ranges.size() == 3);
  CHECK(ranges[0].first == 0);
  CHECK(ranges[0].last == 8191);
  CHECK(ranges[0].owner == 1);
  CHECK(ranges[0].followers == std::vector<raft::NodeId>{2, 3});
  CHECK(ranges[2].last == 16383);
  CHECK(RangesOf(ranges, 1).size() == 2);
  CHECK(RangesOf(ranges, 3).empty());
}

TEST_CASE("cluster: a partition without a leader stands under a replica that lives") {
  FakeNode node;
  Form(node, {2, 0});
  node.map->partitions[1].replicas = {2, 3, 1};
  node.map->nodes[1].connected = false;
  const std::vector<SlotRange> ranges = SlotRanges(*node.map);
  REQUIRE(ranges.size() == 2);
  CHECK(ranges[0].owner == 2);
  CHECK(ranges[1].owner == 3);
  CHECK(ranges[1].last == 16383);
}

TEST_CASE("cluster: before the cluster is formed there are no slots") {
  FakeNode node;
  Form(node, {1});
  node.map->formed = false;
  FakeSession& session = node.Connect(1);
  CHECK(node.Run(session, {"cluster", "slots"}) == "*0\r\n");
  CHECK(node.Run(session, {"cluster", "info"})
            .find("cluster_state:fail\r\ncluster_slots_assigned:0") != std::string::npos);
}

TEST_CASE("cluster: SLOTS lists the leader first, and leaves out followers that are gone") {
  FakeNode node;
  Form(node, {2});
  node.map->nodes[2].connected = false;
  FakeSession& session = node.Connect(1);
  const std::string name1(40, '1');
  const std::string name2(40, '2');
  CHECK(node.Run(session, {"cluster", "slots"}) ==
        "*1\r\n*4\r\n:0\r\n:16383\r\n*4\r\n$8\r\n10.0.0.2\r\n:7000\r\n$40\r\n" + name2 +
            "\r\n*0\r\n*4\r\n$8\r\n10.0.0.1\r\n:7000\r\n$40\r\n" + name1 + "\r\n*0\r\n");
}

TEST_CASE("cluster: an entry of SLOTS names the preferred endpoint, and the others beside it") {
  FakeNode node;
  Form(node, {1});
  node.map->partitions[0].replicas = {1};
  node.map->nodes[0].hostname = "foo";
  FakeSession& session = node.Connect(1);
  session.resp_version = 3;
  const std::string head = "*1\r\n*3\r\n:0\r\n:16383\r\n*4\r\n";
  const std::string id = "\r\n:7000\r\n$40\r\n" + std::string(40, '1') + "\r\n";
  const std::string ip = "$2\r\nip\r\n$8\r\n10.0.0.1\r\n";
  const std::string hostname = "$8\r\nhostname\r\n$3\r\nfoo\r\n";
  CHECK(node.Run(session, {"cluster", "slots"}) ==
        head + "$8\r\n10.0.0.1" + id + "%1\r\n" + hostname);
  node.values.cluster_preferred_endpoint_type = EndpointType::kHostname;
  CHECK(node.Run(session, {"cluster", "slots"}) == head + "$3\r\nfoo" + id + "%1\r\n" + ip);
  node.values.cluster_preferred_endpoint_type = EndpointType::kUnknown;
  CHECK(node.Run(session, {"cluster", "slots"}) == head + "_" + id + "%2\r\n" + ip + hostname);
  node.map->nodes[0].hostname.clear();
  node.values.cluster_preferred_endpoint_type = EndpointType::kHostname;
  CHECK(node.Run(session, {"cluster", "slots"}) == head + "$1\r\n?" + id + "%1\r\n" + ip);
}

TEST_CASE("cluster: NODES has eight fields and then the slots") {
  FakeNode node;
  Form(node, {1, 1, 2, 1});
  node.map->nodes[1].hostname = "two";
  node.map->nodes[2].connected = false;
  FakeSession& session = node.Connect(1);
  const std::string reply = node.Run(session, {"cluster", "nodes"});
  CHECK(reply.substr(reply.find('\n') + 1) ==
        std::string(40, '1') +
            " 10.0.0.1:7000@17000 myself,master - 0 0 7 connected 0-8191 12288-16383\n" +
            std::string(40, '2') +
            " 10.0.0.2:7000@17000,two master - 0 5000 6 connected 8192-12287\n" +
            std::string(40, '3') +
            " 10.0.0.3:7000@17000 master,fail? - 0 5000 0 disconnected\n\r\n");
}

TEST_CASE("cluster: SHARDS gives each node the slots that it leads") {
  FakeNode node;
  Form(node, {1, 3});
  node.map->nodes.erase(node.map->nodes.begin() + 1);
  FakeSession& session = node.Connect(1);
  const auto shard = [](char id, const std::string& slots) {
    const std::string host = std::string("$8\r\n10.0.0.") + id + "\r\n";
    return "*4\r\n$5\r\nslots\r\n*2\r\n" + slots +
           "$5\r\nnodes\r\n*1\r\n*14\r\n$2\r\nid\r\n$40\r\n" + std::string(40, id) +
           "\r\n$4\r\nport\r\n:7000\r\n$2\r\nip\r\n" + host + "$8\r\nendpoint\r\n" + host +
           "$4\r\nrole\r\n$6\r\nmaster\r\n$18\r\nreplication-offset\r\n:0\r\n$6\r\nhealth\r\n"
           "$6\r\nonline\r\n";
  };
  CHECK(node.Run(session, {"cluster", "shards"}) ==
        "*2\r\n" + shard('1', ":0\r\n:8191\r\n") + shard('3', ":8192\r\n:16383\r\n"));
}

TEST_CASE("cluster: INFO is ok while all slots have a leader, and counts those that have none") {
  FakeNode node;
  Form(node, {1, 2});
  node.links = {{.peer = 2, .messages_sent = 3, .messages_received = 4},
                {.peer = 3, .messages_sent = 5, .messages_received = 6}};
  FakeSession& session = node.Connect(1);
  const std::string up = node.Run(session, {"cluster", "info"});
  CHECK(
      up.substr(up.find("cluster")) ==
      "cluster_state:ok\r\ncluster_slots_assigned:16384\r\ncluster_slots_ok:16384\r\n"
      "cluster_slots_pfail:0\r\ncluster_slots_fail:0\r\ncluster_known_nodes:3\r\ncluster_size:2\r\n"
      "cluster_current_epoch:9\r\ncluster_my_epoch:4\r\ncluster_stats_messages_sent:8\r\n"
      "cluster_stats_messages_received:10\r\ntotal_cluster_links_buffer_limit_exceeded:0\r\n\r\n");
  node.map->partitions[1].leader = raft::kNobody;
  const std::string down = node.Run(session, {"cluster", "info"});
  CHECK(down.find("cluster_state:fail\r\n") != std::string::npos);
  CHECK(
      down.find("cluster_slots_ok:8192\r\ncluster_slots_pfail:0\r\ncluster_slots_fail:8192\r\n") !=
      std::string::npos);
  node.values.cluster_require_full_coverage = false;
  CHECK(node.Run(session, {"cluster", "info"}).find("cluster_state:ok") != std::string::npos);
}

TEST_CASE("cluster: keys of a slot are asked of the slot's partition, if this node has it") {
  FakeNode node;
  Form(node, {1, 2});
  FakeSession& session = node.Connect(1);
  CHECK(node.Run(session, {"cluster", "countkeysinslot", "9000"}).empty());
  CHECK(node.Run(session, {"cluster", "getkeysinslot", "1", "10"}).empty());
  REQUIRE(node.on_partitions.size() == 2);
  CHECK(node.on_partitions[0].first == 1);
  CHECK(node.on_partitions[0].second.slot == 9000);
  CHECK((node.on_partitions[0].second.command->flags & kRead) != 0);
  CHECK(node.on_partitions[1].first == 0);
  node.map->partitions[0].replicas = {2, 3};
  CHECK(node.Run(session, {"cluster", "countkeysinslot", "1"}) == ":0\r\n");
  CHECK(node.Run(session, {"cluster", "getkeysinslot", "1", "10"}) == "*0\r\n");
  CHECK(node.Run(session, {"cluster", "countkeysinslot", "16384"}) == "-ERR Invalid slot\r\n");
  CHECK(node.Run(session, {"cluster", "countkeysinslot", "a"}) ==
        "-ERR value is not an integer or out of range\r\n");
  CHECK(node.Run(session, {"cluster", "getkeysinslot", "1", "-1"}) ==
        "-ERR Invalid slot or number of keys\r\n");
}

TEST_CASE("cluster: small questions have small answers") {
  FakeNode node;
  Form(node, {1});
  node.links = {{.peer = 2, .outgoing = false, .created_ms = 99, .queued_bytes = 7}};
  FakeSession& session = node.Connect(1);
  const std::string name2(40, '2');
  CHECK(node.Run(session, {"cluster", "myid"}) == "$40\r\n" + std::string(40, '1') + "\r\n");
  CHECK(node.Run(session, {"cluster", "keyslot", "a"}) == ":15495\r\n");
  CHECK(node.Run(session, {"cluster", "replicas", name2}) == "*0\r\n");
  CHECK(node.Run(session, {"cluster", "slaves", "x"}) == "-ERR Unknown node x\r\n");
  CHECK(node.Run(session, {"cluster", "count-failure-reports", name2}) == ":0\r\n");
  CHECK(node.Run(session, {"cluster", "links"}) ==
        "*1\r\n*12\r\n$9\r\ndirection\r\n$4\r\nfrom\r\n$4\r\nnode\r\n$40\r\n" + name2 +
            "\r\n$11\r\ncreate-time\r\n:99\r\n$6\r\nevents\r\n$2\r\nrw\r\n"
            "$21\r\nsend-buffer-allocated\r\n:7\r\n$16\r\nsend-buffer-used\r\n:7\r\n");
  CHECK(node.Run(session, {"cluster", "meet", "a", "1"})
            .starts_with("-ERR CLUSTER MEET is not supported"));
}

}  // namespace
}  // namespace server
