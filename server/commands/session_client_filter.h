// Which connections CLIENT LIST and CLIENT KILL mean, and how one line describes a connection.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/commands/node_api.h"

namespace server::commands {

// Redis's classes of connections. Ours are all kNormal: peers speak Raft on a port of their own,
// and there is no replication stream.
enum class ClientType { kNormal, kMaster, kReplica, kPubSub };
std::optional<ClientType> ParseClientType(std::string_view name);

// A value with text of its own: it travels to every shard.
struct ClientFilter {
  std::optional<std::string> address;
  std::optional<std::string> local_address;
  std::optional<std::string> user;
  std::optional<ClientType> type;
  std::vector<uint64_t> ids;        // Empty: all.
  std::optional<uint64_t> but_not;  // The session that asks, where it is to be passed over.

  bool Matches(const Session& session) const;
};

// Appends the line of CLIENT LIST, without its line break. Redis 7.0, networking.c,
// catClientInfoString. What has no counterpart here (its own reply buffers, blocked reads of the
// argument vector) is 0.
void DescribeClient(const Session& session, const NodeApi& node, int64_t now_ms, std::string& out);

}  // namespace server::commands
