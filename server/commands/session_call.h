// What a session handler may see: PING, CLIENT, CONFIG, INFO, CLUSTER, MULTI ... run where the
// connection lives, on its shard's thread, and never touch a key.
#pragma once

#include <span>
#include <string_view>

#include "resp/writer.h"

namespace server {

class Session;
class NodeApi;
struct Command;

struct SessionCall {
  const Command& command;  // The row that was called; a subcommand's own row if it has one.
  std::span<const std::string_view> args;
  resp::Writer& reply;
  Session& session;
  NodeApi& node;
};

}  // namespace server
