// Commands on the time a key has left.
#pragma once

#include "server/commands/command.h"

namespace server::commands {

void Expire(Call& call);
void PExpire(Call& call);
void ExpireAt(Call& call);
void PExpireAt(Call& call);
void Ttl(Call& call);
void PTtl(Call& call);
void ExpireTime(Call& call);
void PExpireTime(Call& call);
void Persist(Call& call);

// clang-format off
inline constexpr Command kExpiryCommands[] = {
    {"expire", -3, kWrite | kFast, {1, 1, 1}, Expire, nullptr,
     "generic", "1.0.0", "Set a key's time to live in seconds"},
    {"pexpire", -3, kWrite | kFast, {1, 1, 1}, PExpire, nullptr,
     "generic", "2.6.0", "Set a key's time to live in milliseconds"},
    {"expireat", -3, kWrite | kFast, {1, 1, 1}, ExpireAt, nullptr,
     "generic", "1.2.0", "Set the expiration for a key as a UNIX timestamp"},
    {"pexpireat", -3, kWrite | kFast, {1, 1, 1}, PExpireAt, nullptr,
     "generic", "2.6.0",
     "Set the expiration for a key as a UNIX timestamp specified in milliseconds"},
    {"ttl", 2, kRead | kFast, {1, 1, 1}, Ttl, nullptr,
     "generic", "1.0.0", "Get the time to live for a key in seconds"},
    {"pttl", 2, kRead | kFast, {1, 1, 1}, PTtl, nullptr,
     "generic", "2.6.0", "Get the time to live for a key in milliseconds"},
    {"expiretime", 2, kRead | kFast, {1, 1, 1}, ExpireTime, nullptr,
     "generic", "7.0.0", "Get the expiration Unix timestamp for a key"},
    {"pexpiretime", 2, kRead | kFast, {1, 1, 1}, PExpireTime, nullptr,
     "generic", "7.0.0", "Get the expiration Unix timestamp for a key in milliseconds"},
    {"persist", 2, kWrite | kFast, {1, 1, 1}, Persist, nullptr,
     "generic", "2.2.0", "Remove the expiration from a key"},
};
// clang-format on

}  // namespace server::commands
