// Commands on keys of any type.
#pragma once

#include "server/commands/command.h"
#include "server/commands/command_info.h"
#include "server/commands/session_call.h"

namespace server::commands {

void Del(Call& call);
void Unlink(Call& call);
void Exists(Call& call);
void Type(Call& call);
void Touch(Call& call);
void Rename(Call& call);
void RenameNx(Call& call);
void Copy(Call& call);
void ObjectEncoding(Call& call);
void ObjectFreq(Call& call);
void ObjectHelp(SessionCall& call);
void ObjectRefCount(Call& call);

// clang-format off
inline constexpr Command kObjectSubcommands[] = {
    {"object|encoding", 3, kRead, {2, 2, 1}, ObjectEncoding, nullptr,
     "generic", "2.2.3", "Inspect the internal encoding of a Redis object"},
    {"object|freq", 3, kRead, {2, 2, 1}, ObjectFreq, nullptr,
     "generic", "4.0.0", "Get the logarithmic access frequency counter of a Redis object"},
    {"object|help", 2, kLoading | kStale, {}, nullptr, ObjectHelp,
     "generic", "6.2.0", "Show helpful text about the different subcommands"},
    {"object|refcount", 3, kRead, {2, 2, 1}, ObjectRefCount, nullptr,
     "generic", "2.2.3", "Get the number of references to the value of the key"},
};
// clang-format on

// clang-format off
inline constexpr Command kGenericCommands[] = {
    {"del", -2, kWrite, {1, -1, 1}, Del, nullptr,
     "generic", "1.0.0", "Delete a key"},
    {"unlink", -2, kWrite | kFast, {1, -1, 1}, Unlink, nullptr,
     "generic", "4.0.0",
     "Delete a key asynchronously in another thread. Otherwise it is just as DEL, but non "
     "blocking."},
    {"exists", -2, kRead | kFast, {1, -1, 1}, Exists, nullptr,
     "generic", "1.0.0", "Determine if a key exists"},
    {"type", 2, kRead | kFast, {1, 1, 1}, Type, nullptr,
     "generic", "1.0.0", "Determine the type stored at key"},
    {"touch", -2, kRead | kFast, {1, -1, 1}, Touch, nullptr,
     "generic", "3.2.1",
     "Alters the last access time of a key(s). Returns the number of existing keys specified."},
    {"rename", 3, kWrite, {1, 2, 1}, Rename, nullptr,
     "generic", "1.0.0", "Rename a key"},
    {"renamenx", 3, kWrite | kFast, {1, 2, 1}, RenameNx, nullptr,
     "generic", "1.0.0", "Rename a key, only if the new key does not exist"},
    {"copy", -3, kWrite | kGrows, {1, 2, 1}, Copy, nullptr,
     "generic", "6.2.0", "Copy a key"},
    {"object", -2, 0, {}, nullptr, nullptr,
     "generic", "2.2.3", "A container for object introspection commands", kObjectSubcommands},
};
// clang-format on

}  // namespace server::commands
