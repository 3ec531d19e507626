// Commands on all keys of a database. Each handler serves one partition; the server asks every
// partition and merges the replies.
#pragma once

#include "server/commands/command.h"

namespace server::commands {

void DbSize(Call& call);
void Keys(Call& call);
void Scan(Call& call);
void RandomKey(Call& call);
void FlushDb(Call& call);
void FlushAll(Call& call);

// clang-format off
inline constexpr Command kWholeKeyspaceCommands[] = {
    {"dbsize", 1, kRead | kFast | kAllKeys, {}, DbSize, nullptr,
     "server", "1.0.0", "Return the number of keys in the selected database"},
    {"keys", 2, kRead | kAllKeys | kDangerous, {}, Keys, nullptr,
     "generic", "1.0.0", "Find all keys matching the given pattern"},
    {"scan", -2, kRead | kAllKeys, {}, Scan, nullptr,
     "generic", "2.8.0", "Incrementally iterate the keys space"},
    {"randomkey", 1, kRead | kAllKeys, {}, RandomKey, nullptr,
     "generic", "1.0.0", "Return a random key from the keyspace"},
    {"flushdb", -1, kWrite | kAllKeys | kDangerous, {}, FlushDb, nullptr,
     "server", "1.0.0", "Remove all keys from the current database"},
    {"flushall", -1, kWrite | kAllKeys | kDangerous, {}, FlushAll, nullptr,
     "server", "1.0.0", "Remove all keys from all databases"},
};
// clang-format on

}  // namespace server::commands
