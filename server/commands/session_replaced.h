// Commands of Redis whose work is done in another way here, or not at all: each says what to use
// instead.
#pragma once

#include "server/commands/command.h"
#include "server/commands/session_call.h"

namespace server::commands {

void ModuleHelp(SessionCall& call);
void ModuleList(SessionCall& call);
void NoFailover(SessionCall& call);
void NoModules(SessionCall& call);
void NoReplicationStream(SessionCall& call);
void ReplicaOf(SessionCall& call);

// clang-format off
inline constexpr Command kModuleSubcommands[] = {
    {"module|help", 2, kLoading | kStale, {}, nullptr, ModuleHelp,
     "server", "5.0.0", "Show helpful text about the different subcommands"},
    {"module|list", 2, kAdmin | kNoScript, {}, nullptr, ModuleList,
     "server", "4.0.0", "List all modules loaded by the server"},
    {"module|load", -3, kAdmin | kNoScript | kNoAsyncLoading, {}, nullptr, NoModules,
     "server", "4.0.0", "Load a module"},
    {"module|loadex", -3, kAdmin | kNoScript | kNoAsyncLoading, {}, nullptr, NoModules,
     "server", "7.0.0", "Load a module with extended parameters"},
    {"module|unload", 3, kAdmin | kNoScript | kNoAsyncLoading, {}, nullptr, NoModules,
     "server", "4.0.0", "Unload a module"},
};
// clang-format on

// clang-format off
inline constexpr Command kReplacedCommands[] = {
    {"failover", -1, kAdmin | kNoScript | kStale, {}, nullptr, NoFailover,
     "server", "6.2.0",
     "Start a coordinated failover between this server and one of its replicas."},
    {"module", -2, 0, {}, nullptr, nullptr,
     "server", "4.0.0", "A container for module commands", kModuleSubcommands},
    {"psync", -3, kAdmin | kNoScript | kNoAsyncLoading | kNoMulti, {}, nullptr, NoReplicationStream,
     "server", "2.8.0", "Internal command used for replication"},
    {"replconf", -1,
     kAdmin | kNoScript | kLoading | kStale | kAllowBusy, {}, nullptr, NoReplicationStream,
     "server", "3.0.0", "An internal command for configuring the replication stream"},
    {"replicaof", 3, kAdmin | kNoScript | kStale | kNoAsyncLoading, {}, nullptr, ReplicaOf,
     "server", "5.0.0", "Make the server a replica of another instance, or promote it as master."},
    {"slaveof", 3, kAdmin | kNoScript | kStale | kNoAsyncLoading, {}, nullptr, ReplicaOf,
     "server", "1.0.0", "Make the server a replica of another instance, or promote it as master."},
    {"sync", 1, kAdmin | kNoScript | kNoAsyncLoading | kNoMulti, {}, nullptr, NoReplicationStream,
     "server", "1.0.0", "Internal command used for replication"},
};
// clang-format on

}  // namespace server::commands
