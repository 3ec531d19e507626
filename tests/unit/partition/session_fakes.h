// A node and its sessions, to run session commands on without sockets and partitions.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "resp/writer.h"
#include "server/commands/node_api.h"
#include "server/commands/session.h"
#include "server/commands/session_call.h"

namespace server {

class FakeSession final : public Session {
 public:
  std::function<void(std::string reply)> Defer() override {
    return [late = late_](std::string reply) { *late += reply; };
  }
  void Exec(SessionCall& call) override {
    ForgetTransaction();
    call.reply.Simple("exec ran");
  }
  void Watch(SessionCall& call) override { call.reply.Ok(); }
  void Wait(SessionCall& call, int64_t replicas, int64_t timeout_ms) override {
    call.reply.Integer(replicas * 1000 + timeout_ms);
  }

  std::string TakeLate() { return std::exchange(*late_, {}); }

 private:
  std::shared_ptr<std::string> late_ = std::make_shared<std::string>();
};

class FakeNode final : public NodeApi {
 public:
  Settings values;
  std::shared_ptr<Topology> map = std::make_shared<Topology>();
  std::vector<std::unique_ptr<FakeSession>> sessions;
  std::vector<uint64_t> closed;
  std::vector<uint64_t> closed_after_reply;
  std::vector<std::string> asked;  // What CONFIG and INFO were asked for.
  std::vector<std::pair<uint32_t, Deferred>> on_partitions;
  std::vector<LinkStatus> links;
  std::function<void(std::string error)> checkpoint;  // The one that runs.
  std::vector<bool> shutdowns;                        // Each with its `save`.
  std::string shutdown_error;                         // Of one that saves; empty: it succeeds.

  FakeSession& Connect(uint64_t id) {
    auto& session = *sessions.emplace_back(std::make_unique<FakeSession>());
    session.id = id;
    session.address = "127.0.0.1:" + std::to_string(50000 + id);
    session.local_address = "127.0.0.1:6379";
    session.created_ms = 1'000'000;
    session.last_active_ms = 1'004'000;
    return session;
  }

  // Runs a command as dispatch would, and returns what came at once and later.
  std::string Run(FakeSession& session, const std::vector<std::string_view>& args) {
    const Command* row = FindCommand(args[0]);
    if (row != nullptr && !row->subcommands.empty()) row = FindSubcommand(*row, args[1]);
    if (row == nullptr || row->session == nullptr) return "no such row";
    if (!ArityFits(*row, args.size())) return "wrong arity";
    std::string out;
    resp::Writer writer(out, session.resp_version);
    SessionCall call{*row, args, writer, session, *this};
    row->session(call);
    return out + session.TakeLate();
  }

  const Settings& settings() const override { return values; }
  const TopologyPtr& topology() const override {
    held_ = map;
    return held_;
  }
  int64_t wall_ms() const override { return 1'010'000; }
  void ConfigGet(std::vector<std::string> patterns, int,
                 std::function<void(std::string reply)> answer) override {
    asked = std::move(patterns);
    answer("+get\r\n");
  }
  void ConfigSet(std::vector<std::pair<std::string, std::string>> pairs,
                 std::function<void(std::string reply)> answer) override {
    for (const auto& [name, value] : pairs) asked.push_back(name + "=" + value);
    answer("+set\r\n");
  }
  void ConfigRewrite(std::function<void(std::string reply)> answer) override {
    answer("+rewritten\r\n");
  }
  void ConfigResetStat() override { asked.push_back("resetstat"); }
  void Info(std::vector<std::string> sections,
            std::function<void(std::string text)> answer) override {
    asked = std::move(sections);
    answer("# Server\r\n");
  }
  void ForEachSession(SessionWork work, std::function<void(std::string joined)> answer) override {
    std::string joined;
    for (const auto& session : sessions) work(*session, joined);
    answer(std::move(joined));
  }
  void CloseSession(Session& session, bool after_reply) override {
    (after_reply ? closed_after_reply : closed).push_back(session.id);
  }
  uint64_t input_bytes(const Session&) const override { return 26; }
  uint64_t output_bytes(const Session&) const override { return 0; }
  void Checkpoint(std::function<void(std::string error)> answer) override {
    checkpoint = std::move(answer);
  }
  bool checkpoint_running() const override { return checkpoint != nullptr; }
  int64_t last_checkpoint_s() const override { return 777; }
  void Shutdown(bool save, std::function<void(std::string error)> failed) override {
    shutdowns.push_back(save);
    if (save && !shutdown_error.empty()) failed(shutdown_error);
  }
  void OnPartition(uint32_t partition, Deferred command) override {
    on_partitions.emplace_back(partition, std::move(command));
  }
  std::vector<LinkStatus> PeerLinks() const override { return links; }
  bool TransferLeadership(uint32_t, raft::NodeId) override { return false; }

 private:
  mutable TopologyPtr held_;
};

}  // namespace server
