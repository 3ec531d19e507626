// COMMAND and its subcommands, answered out of the rows and the generated documentation.
#pragma once

#include "server/commands/command.h"
#include "server/commands/session_call.h"

namespace server::commands {

void CommandCount(SessionCall& call);
void CommandDocs(SessionCall& call);
void CommandGetKeys(SessionCall& call);
void CommandGetKeysAndFlags(SessionCall& call);
void CommandHelp(SessionCall& call);
void CommandInfo(SessionCall& call);
void CommandList(SessionCall& call);
void CommandAll(SessionCall& call);

// clang-format off
inline constexpr Command kCommandSubcommands[] = {
    {"command|count", 2, kLoading | kStale | kConnection, {}, nullptr, CommandCount,
     "server", "2.8.13", "Get total number of Redis commands"},
    {"command|docs", -2, kLoading | kStale | kConnection, {}, nullptr, CommandDocs,
     "server", "7.0.0", "Get array of specific Redis command documentation"},
    {"command|getkeys", -4, kLoading | kStale | kConnection, {}, nullptr, CommandGetKeys,
     "server", "2.8.13", "Extract keys given a full Redis command"},
    {"command|getkeysandflags", -4, kLoading | kStale | kConnection, {}, nullptr, CommandGetKeysAndFlags,
     "server", "7.0.0", "Extract keys and access flags given a full Redis command"},
    {"command|help", 2, kLoading | kStale | kConnection, {}, nullptr, CommandHelp,
     "server", "5.0.0", "Show helpful text about the different subcommands"},
    {"command|info", -2, kLoading | kStale | kConnection, {}, nullptr, CommandInfo,
     "server", "2.8.13",
     "Get array of specific Redis command details, or all when no argument is given."},
    {"command|list", -2, kLoading | kStale | kConnection, {}, nullptr, CommandList,
     "server", "7.0.0", "Get an array of Redis command names"},
};
// clang-format on

// clang-format off
inline constexpr Command kCommandCommands[] = {
    {"command", -1, kLoading | kStale | kConnection, {}, nullptr, CommandAll,
     "server", "2.8.13", "Get array of Redis command details", kCommandSubcommands},
};
// clang-format on

}  // namespace server::commands
