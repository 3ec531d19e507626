// What becomes of replies that wait when leadership is lost (DESIGN §2, rules 3 and 6).
#include <doctest/doctest.h>

#include "tests/unit/partition/host_fixture.h"

namespace server {
namespace {

using raft::Append;
using raft::Entry;

// Node 3 leads `term` and its log goes on after `prev` with an empty entry of its own.
Append FirstOf(raft::Term term, raft::Position prev, raft::Index commit) {
  return {.term = term,
          .prev = prev,
          .commit = commit,
          .round = 1,
          .entries = {Entry{term, prev.index + 1, raft::EntryKind::kNoop, nullptr}}};
}

}  // namespace

TEST_CASE("gates: a write's reply leaves once its entry is committed") {
  HostFixture node;
  node.Lead();
  REQUIRE(node.host->partition().serving());
  const auto reply = node.Submit({"SET", "k", "v"});
  node.host->Flush();
  CHECK(*reply == "");
  node.Acknowledge();
  CHECK(*reply == "+OK\r\n");
}

TEST_CASE("gates: a write whose entry is kept by a new leader waits for its commit") {
  HostFixture node;
  node.Lead();
  const auto kept = node.Submit({"SET", "a", "1"});
  node.host->Flush();
  const raft::Position after_kept = node.last();
  const auto replaced = node.Submit({"SET", "b", "2"});
  node.host->Flush();
  const raft::Term next = node.term() + 1;

  node.From(3, FirstOf(next, after_kept, after_kept.index - 1));
  CHECK(replaced->starts_with("-TRYAGAIN"));
  CHECK(*kept == "");  // Nobody knows yet.
  REQUIRE(node.owner.failures.size() == 1);
  CHECK(node.owner.failures[0] == std::pair(after_kept.index, GateFailure::kNotExecuted));

  node.From(3, raft::Heartbeat{.term = next, .commit = after_kept.index, .round = 2});
  CHECK(*kept == "+OK\r\n");
}

TEST_CASE("gates: in a group of five a replaced entry may still be committed by another member") {
  HostFixture node({1, 2, 3, 4, 5});
  for (uint64_t ms = 0; !node.host->partition().IsLeader() && ms < 5000; ms += 10) {
    node.At(ms);
    if (node.transport.Of<raft::PreVoteRequest>().empty()) continue;
    for (const raft::NodeId voter : {2, 4}) {
      node.From(voter, raft::PreVoteReply{.term = node.term() + 1, .granted = true});
    }
    for (const raft::NodeId voter : {2, 4}) {
      node.From(voter, raft::VoteReply{.term = node.term(), .granted = true});
    }
  }
  node.At(node.now_ms + 60);
  for (const raft::NodeId voter : {2, 4}) {
    node.From(voter,
              raft::AppendReply{.term = node.term(), .round = 1, .match = node.last().index});
  }
  REQUIRE(node.host->partition().serving());
  const raft::Position before = node.last();
  const auto reply = node.Submit({"SET", "a", "1"});
  node.host->Flush();
  node.From(3, FirstOf(node.term() + 1, before, before.index));
  CHECK(reply->starts_with("-UNCERTAIN"));
}

TEST_CASE("gates: a deposed leader that learns nothing more answers that it does not know") {
  HostFixture node;
  node.Lead();
  const auto reply = node.Submit({"SET", "a", "1"});
  node.host->Flush();
  for (uint64_t ms = node.now_ms; ms < node.now_ms + 1000 && node.host->partition().IsLeader();) {
    node.At(ms += 10);
  }
  REQUIRE_FALSE(node.host->partition().IsLeader());
  CHECK(*reply == "");
  node.At(node.now_ms + 3000);
  CHECK(reply->starts_with("-UNCERTAIN"));
}

TEST_CASE("gates: a read that waits for a round of confirmation fails with its leadership") {
  HostFixture node({1, 2, 3}, /*reads_by_round=*/true);
  node.Lead();
  const auto reply = node.Submit({"GET", "a"});
  node.host->Flush();
  CHECK(*reply == "");
  node.From(3, raft::Heartbeat{.term = node.term() + 1, .commit = 0, .round = 1});
  CHECK(reply->starts_with("-TRYAGAIN"));
}

TEST_CASE("gates: a snapshot leaves the fate of what was not committed unknown") {
  HostFixture node;
  node.Lead();
  const auto reply = node.Submit({"SET", "a", "1"});
  node.host->Flush();
  const raft::Term next = node.term() + 1;
  node.From(3, raft::Heartbeat{.term = next, .commit = 0, .round = 1});
  const raft::SnapshotInfo info{.last = {next, node.last().index + 100},
                                .configuration = {{1, 2, 3}, {}, {}}};
  node.host->partition().InstallSnapshot(std::make_unique<storage::Keyspace>(7), info);
  node.host->Flush();
  CHECK(reply->starts_with("-UNCERTAIN"));
  CHECK(node.host->partition().commit() == info.last.index);
}

TEST_CASE("gates: a leader that slept does not serve a read that came while it slept") {
  HostFixture node;
  node.Lead();
  CHECK(*node.Submit({"GET", "a"}) == "$-1\r\n");
  // Its clock was read after the bytes were; the tick that would step down comes later in the turn.
  node.ReadClock(node.now_ms + 5000);
  const auto reply = node.Submit({"GET", "a"});
  CHECK(*reply == "");
}

TEST_CASE("gates: a message counts from when it was read, not from the tick before a pause") {
  HostFixture node;
  node.At(1000);
  node.From(2, raft::Heartbeat{.term = 5, .commit = 0, .round = 1});
  // It sleeps; meanwhile its leader goes on, and the next heartbeat waits in the socket.
  node.ReadClock(9000);
  node.From(2, raft::Heartbeat{.term = 5, .commit = 0, .round = 99});
  node.transport.sent.clear();
  // Our answer gives node 2 a lease: nobody else gets a vote while it may run.
  node.ReadClock(9100);
  node.From(3, raft::PreVoteRequest{.term = 6, .last = {5, 10}});
  CHECK(node.transport.Of<raft::PreVoteReply>().empty());
}

}  // namespace server
