// Commands on the node: checkpoints under the names of RDB and AOF, its end, what it tells of
// itself.
#pragma once

#include "server/commands/command.h"
#include "server/commands/session_call.h"

namespace server::commands {

void BackgroundRewrite(SessionCall& call);
void BackgroundSave(SessionCall& call);
void Debug(SessionCall& call);
void Info(SessionCall& call);
void LastSave(SessionCall& call);
void Lolwut(SessionCall& call);
void Role(SessionCall& call);
void Save(SessionCall& call);
void Shutdown(SessionCall& call);
void Time(SessionCall& call);
void Wait(SessionCall& call);

// clang-format off
inline constexpr Command kServerCommands[] = {
    {"time", 1, kLoading | kStale | kFast, {}, nullptr, Time,
     "server", "2.6.0", "Return the current server time"},
    {"wait", 3, kNoScript | kConnection, {}, nullptr, Wait,
     "generic", "3.0.0",
     "Wait for the synchronous replication of all the write commands sent in the context of the "
     "current connection"},
    {"save", 1, kAdmin | kNoScript | kNoAsyncLoading | kNoMulti, {}, nullptr, Save,
     "server", "1.0.0", "Synchronously save the dataset to disk"},
    {"bgsave", -1, kAdmin | kNoScript | kNoAsyncLoading, {}, nullptr, BackgroundSave,
     "server", "1.0.0", "Asynchronously save the dataset to disk"},
    {"lastsave", 1, kLoading | kStale | kFast | kAdminCategory, {}, nullptr, LastSave,
     "server", "1.0.0", "Get the UNIX time stamp of the last successful save to disk"},
    {"bgrewriteaof", 1, kAdmin | kNoScript | kNoAsyncLoading, {}, nullptr, BackgroundRewrite,
     "server", "1.0.0", "Asynchronously rewrite the append-only file"},
    {"shutdown", -1,
     kAdmin | kNoScript | kLoading | kStale | kNoMulti | kAllowBusy, {}, nullptr, Shutdown,
     "server", "1.0.0", "Synchronously save the dataset to disk and then shut down the server"},
    {"info", -1, kLoading | kStale | kDangerous, {}, nullptr, Info,
     "server", "1.0.0", "Get information and statistics about the server"},
    {"debug", -2, kAdmin | kNoScript | kLoading | kStale, {}, nullptr, Debug,
     "server", "1.0.0", "A container for debugging commands"},
    {"role", 1, kNoScript | kLoading | kStale | kFast | kAdminCategory, {}, nullptr, Role,
     "server", "2.8.12", "Return the role of the instance in the context of replication"},
    {"lolwut", -1, kRead | kFast, {}, nullptr, Lolwut,
     "server", "5.0.0", "Display some computer art and the Redis version"},
};
// clang-format on

}  // namespace server::commands
