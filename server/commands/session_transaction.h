// MULTI and what belongs to it. The session runs and watches; here is only who may ask for it when.
#pragma once

#include "server/commands/command.h"
#include "server/commands/session_call.h"

namespace server::commands {

void Discard(SessionCall& call);
void Exec(SessionCall& call);
void Multi(SessionCall& call);
void Unwatch(SessionCall& call);
void Watch(SessionCall& call);

// clang-format off
inline constexpr Command kTransactionCommands[] = {
    {"multi", 1,
     kNoScript | kLoading | kStale | kFast | kAllowBusy | kTransaction, {}, nullptr, Multi,
     "transactions", "1.2.0", "Mark the start of a transaction block"},
    {"exec", 1, kNoScript | kLoading | kStale | kSkipSlowlog | kTransaction, {}, nullptr, Exec,
     "transactions", "1.2.0", "Execute all commands issued after MULTI"},
    {"discard", 1,
     kNoScript | kLoading | kStale | kFast | kAllowBusy | kTransaction, {}, nullptr, Discard,
     "transactions", "2.0.0", "Discard all commands issued after MULTI"},
    {"watch", -2,
     kNoScript | kLoading | kStale | kFast | kAllowBusy | kTransaction, {1, -1, 1}, nullptr, Watch,
     "transactions", "2.2.0",
     "Watch the given keys to determine execution of the MULTI/EXEC block"},
    {"unwatch", 1,
     kNoScript | kLoading | kStale | kFast | kAllowBusy | kTransaction, {}, nullptr, Unwatch,
     "transactions", "2.2.0", "Forget about all watched keys"},
};
// clang-format on

}  // namespace server::commands
