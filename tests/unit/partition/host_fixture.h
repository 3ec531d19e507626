// One partition's host, without files, whose peers are played by the test.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/partition/partition_host.h"

namespace server {

struct QuietOwner final : PartitionHost::Owner {
  void OnActive(PartitionHost&) override {}
  void OnGatesOpened(PartitionHost& host) override { host.ServeWaiters(); }
  void OnGatesFailed(PartitionHost&, raft::Index above, GateFailure failure) override {
    failures.emplace_back(above, failure);
  }
  void OnRoleChanged(PartitionHost&) override {}
  void OnReady(const std::vector<uint64_t>& connections) override {
    ready.insert(ready.end(), connections.begin(), connections.end());
  }
  bool OutOfMemory() const override { return false; }
  std::string MovedError(uint16_t, raft::NodeId) const override { return "MOVED"; }
  void Report(PartitionHost&, bool, const std::string&) override {}

  std::vector<std::pair<raft::Index, GateFailure>> failures;
  std::vector<uint64_t> ready;
};

// Keeps what it is given: a test decides when, and whether, it runs.
struct HeldExecutor final : Executor {
  void Run(std::function<void()> work, std::function<void()> done) override {
    held.emplace_back(std::move(work), std::move(done));
  }
  std::deque<std::pair<std::function<void()>, std::function<void()>>> held;
};

struct SentMessages final : raft::Transport {
  void Send(raft::NodeId to, raft::Message message) override {
    sent.emplace_back(to, std::move(message));
  }
  template <typename T>
  std::vector<T> Of() const {
    std::vector<T> found;
    for (const auto& [to, message] : sent) {
      if (const T* one = std::get_if<T>(&message)) found.push_back(*one);
    }
    return found;
  }
  std::vector<std::pair<raft::NodeId, raft::Message>> sent;
};

// Member 1 of a group; time is what the test says.
class HostFixture {
 public:
  explicit HostFixture(std::vector<raft::NodeId> voters = {1, 2, 3}, bool reads_by_round = false) {
    PartitionHost::Options options;
    options.partition.raft.id = 1;
    options.partition.reads_by_round = reads_by_round;
    options.initial.voters = std::move(voters);
    host = std::make_unique<PartitionHost>(
        options, PartitionHost::Environment{owner, executor, nullptr, nullptr, transport});
    host->Load();
    At(0);
  }

  // The clock was read, and the tick ran.
  void At(uint64_t ms) {
    ReadClock(ms);
    host->Tick(now_ms);
    host->Flush();
  }
  void ReadClock(uint64_t ms) {
    now_ms = ms;
    host->partition().SetTime(static_cast<int64_t>(ms), ms);
  }
  void From(raft::NodeId node, const raft::Message& message) {
    host->OnMessage(node, message);
    host->Flush();
  }
  raft::Term term() { return host->partition().replica().core().term(); }
  raft::Position last() { return host->partition().replica().core().last(); }

  // Member 2 votes for us, and takes our first entry.
  void Lead() {
    const uint64_t start_ms = now_ms;
    for (uint64_t ms = start_ms; !host->partition().IsLeader() && ms < start_ms + 5000; ms += 10) {
      At(ms);
      if (transport.Of<raft::PreVoteRequest>().empty()) continue;
      From(2, raft::PreVoteReply{.term = term() + 1, .granted = true});
      From(2, raft::VoteReply{.term = term(), .granted = true});
    }
    Acknowledge();
    At(now_ms + 60);
    Acknowledge();
  }
  // Member 2 has all that was sent to it so far.
  void Acknowledge() {
    const auto heartbeats = transport.Of<raft::Heartbeat>();
    const uint64_t round = heartbeats.empty() ? 0 : heartbeats.back().round;
    From(2, raft::AppendReply{.term = term(), .round = round, .match = last().index});
  }

  // Runs a command as a shard does for a client that is elsewhere. Empty until it is answered.
  std::shared_ptr<std::string> Submit(std::vector<std::string> args) {
    auto answer = std::make_shared<std::string>();
    Deferred deferred;
    deferred.command = FindCommand(args[0]);
    deferred.run = [args = std::move(args)](Partition& on, std::string& out) {
      const std::vector<std::string_view> views(args.begin(), args.end());
      resp::Writer writer(out, 2);
      Request request;
      request.command = FindCommand(views[0]);
      request.args = views;
      return on.Execute(request, writer);
    };
    deferred.answer = [answer](std::string reply) { *answer = std::move(reply); };
    host->Submit(std::move(deferred));
    return answer;
  }

  QuietOwner owner;
  HeldExecutor executor;
  SentMessages transport;
  std::unique_ptr<PartitionHost> host;
  uint64_t now_ms = 0;
};

}  // namespace server
