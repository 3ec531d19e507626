// What a session handler may see and do: commands that concern the connection or the node, not the
// keys of one partition. Session and NodeApi are defined where connections live.
#pragma once

#include <span>
#include <string_view>

#include "resp/writer.h"

namespace server {

class Session;
class NodeApi;

struct SessionCall {
  std::span<const std::string_view> args;  // args[0] is the command's name.
  resp::Writer& reply;
  Session& session;
  NodeApi& node;
};

namespace commands {

// The handler of a container's own row: dispatch runs the subcommand's row when there is one, so
// what comes here names a subcommand that does not exist.
void UnknownSubcommand(SessionCall& call);

}  // namespace commands
}  // namespace server
