#include "server/commands/session_replaced.h"

#include <string>

#include "server/commands/numbers.h"
#include "server/commands/session_replies.h"

namespace server::commands {

void NoReplicationStream(SessionCall& call) {
  call.reply.Error("ERR " + UpperName(call.command.name) +
                   " is not supported: every partition is replicated by Raft and there is no "
                   "replication stream to follow; add nodes to the cluster instead");
}

void ReplicaOf(SessionCall& call) {
  // This node is a master already, and scripts say so to every node to make sure.
  if (EqualsIgnoreCase(call.args[1], "no") && EqualsIgnoreCase(call.args[2], "one")) {
    return call.reply.Ok();
  }
  call.reply.Error(
      "ERR REPLICAOF is not supported: every partition is replicated by Raft; set cluster-enabled "
      "yes, seeds and replication-factor");
}

void NoFailover(SessionCall& call) {
  call.reply.Error(
      "ERR FAILOVER is not supported: Raft elects the leader of every partition by itself, and "
      "SHUTDOWN hands leadership over first");
}

void NoModules(SessionCall& call) { call.reply.Error("ERR Modules are not supported"); }

void ModuleList(SessionCall& call) { call.reply.Array(0); }

void ModuleHelp(SessionCall& call) {
  static constexpr std::string_view kLines[] = {
      "MODULE <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
      "LIST",
      "    Return a list of loaded modules.",
      "HELP",
      "    Prints this help.",
  };
  ReplyLines(call.reply, kLines);
}

}  // namespace server::commands
