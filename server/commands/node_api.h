// What session commands may ask of the node, on the thread of the session's shard. Implemented by
// the shard; no libuv here, and no waiting: what takes time answers later.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/commands/session.h"
#include "server/commands/topology.h"
#include "server/config/settings.h"
#include "server/partition/deferred.h"

namespace server {

class NodeApi {
 public:
  virtual ~NodeApi() = default;

  virtual const Settings& settings() const = 0;
  virtual const TopologyPtr& topology() const = 0;
  virtual int64_t wall_ms() const = 0;  // Unix time of this loop turn.

  // CONFIG. They answer later, with whole replies: the node has one configuration.
  virtual void ConfigGet(std::vector<std::string> patterns, int resp_version,
                         std::function<void(std::string reply)> answer) = 0;
  virtual void ConfigSet(std::vector<std::pair<std::string, std::string>> pairs,
                         std::function<void(std::string reply)> answer) = 0;
  virtual void ConfigRewrite(std::function<void(std::string reply)> answer) = 0;
  virtual void ConfigResetStat() = 0;

  // INFO's text, all shards together.
  virtual void Info(std::vector<std::string> sections,
                    std::function<void(std::string text)> answer) = 0;

  // Runs `work` on every shard, for each of its sessions, and hands over what came of it, joined.
  using SessionWork = std::function<void(Session& session, std::string& out)>;
  virtual void ForEachSession(SessionWork work, std::function<void(std::string joined)> answer) = 0;
  // Ends a session of this shard; called from within ForEachSession's work. `self` is the one that
  // asks: it is closed after its reply.
  virtual void CloseSession(Session& session, bool after_reply) = 0;
  virtual uint64_t input_bytes(const Session& session) const = 0;
  virtual uint64_t output_bytes(const Session& session) const = 0;

  // Checkpoints of all partitions of this node. `answer` gets an empty string, or what went wrong.
  virtual void Checkpoint(std::function<void(std::string error)> answer) = 0;
  virtual bool checkpoint_running() const = 0;
  virtual int64_t last_checkpoint_s() const = 0;

  // Hands over leadership, makes what was acknowledged durable, and ends the process. `save`: a
  // checkpoint first; if that fails `failed` is called, and the node goes on.
  virtual void Shutdown(bool save, std::function<void(std::string error)> failed) = 0;

  // Runs on the partition's shard, in its turn. See Deferred.
  virtual void OnPartition(uint32_t partition, Deferred command) = 0;

  // This shard's links to peers, for CLUSTER LINKS and CLUSTER INFO. Those that dial or wait are
  // left out.
  struct LinkStatus {
    raft::NodeId peer = raft::kNobody;
    bool outgoing = true;       // This node dialled.
    int64_t created_ms = 0;     // Unix time.
    uint64_t queued_bytes = 0;  // To be sent.
    uint64_t messages_sent = 0;
    uint64_t messages_received = 0;
  };
  virtual std::vector<LinkStatus> PeerLinks() const = 0;

  // Hands the leadership of a partition that this node leads to another of its replicas.
  virtual bool TransferLeadership(uint32_t partition, raft::NodeId to) = 0;
};

}  // namespace server
