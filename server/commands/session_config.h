// CONFIG. The node has one configuration, so that all of it answers later.
#pragma once

#include "server/commands/command.h"
#include "server/commands/session_call.h"

namespace server::commands {

void ConfigGet(SessionCall& call);
void ConfigHelp(SessionCall& call);
void ConfigResetStat(SessionCall& call);
void ConfigRewrite(SessionCall& call);
void ConfigSet(SessionCall& call);

// clang-format off
inline constexpr Command kConfigSubcommands[] = {
    {"config|get", -3, kAdmin | kNoScript | kLoading | kStale, {}, nullptr, ConfigGet,
     "server", "2.0.0", "Get the values of configuration parameters"},
    {"config|help", 2, kLoading | kStale, {}, nullptr, ConfigHelp,
     "server", "5.0.0", "Show helpful text about the different subcommands"},
    {"config|resetstat", 2, kAdmin | kNoScript | kLoading | kStale, {}, nullptr, ConfigResetStat,
     "server", "2.0.0", "Reset the stats returned by INFO"},
    {"config|rewrite", 2, kAdmin | kNoScript | kLoading | kStale, {}, nullptr, ConfigRewrite,
     "server", "2.8.0", "Rewrite the configuration file with the in memory configuration"},
    {"config|set", -4, kAdmin | kNoScript | kLoading | kStale, {}, nullptr, ConfigSet,
     "server", "2.0.0", "Set configuration parameters to the given values"},
};
// clang-format on

// clang-format off
inline constexpr Command kConfigCommands[] = {
    {"config", -2, 0, {}, nullptr, nullptr,
     "server", "2.0.0", "A container for server configuration commands", kConfigSubcommands},
};
// clang-format on

}  // namespace server::commands
