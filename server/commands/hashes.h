// Commands on hashes.
#pragma once

#include "server/commands/command.h"

namespace server::commands {

void HSet(Call& call);
void HMSet(Call& call);
void HSetNx(Call& call);
void HGet(Call& call);
void HMGet(Call& call);
void HGetAll(Call& call);
void HKeys(Call& call);
void HVals(Call& call);
void HLen(Call& call);
void HDel(Call& call);
void HExists(Call& call);
void HStrLen(Call& call);
void HIncrBy(Call& call);
void HIncrByFloat(Call& call);
void HScan(Call& call);
void HRandField(Call& call);

// clang-format off
inline constexpr Command kHashCommands[] = {
    {"hset", -4, kWrite | kGrows | kFast, {1, 1, 1}, HSet, nullptr,
     "hash", "2.0.0", "Set the string value of a hash field"},
    {"hmset", -4, kWrite | kGrows | kFast, {1, 1, 1}, HMSet, nullptr,
     "hash", "2.0.0", "Set multiple hash fields to multiple values"},
    {"hsetnx", 4, kWrite | kGrows | kFast, {1, 1, 1}, HSetNx, nullptr,
     "hash", "2.0.0", "Set the value of a hash field, only if the field does not exist"},
    {"hget", 3, kRead | kFast, {1, 1, 1}, HGet, nullptr,
     "hash", "2.0.0", "Get the value of a hash field"},
    {"hmget", -3, kRead | kFast, {1, 1, 1}, HMGet, nullptr,
     "hash", "2.0.0", "Get the values of all the given hash fields"},
    {"hgetall", 2, kRead, {1, 1, 1}, HGetAll, nullptr,
     "hash", "2.0.0", "Get all the fields and values in a hash"},
    {"hkeys", 2, kRead, {1, 1, 1}, HKeys, nullptr,
     "hash", "2.0.0", "Get all the fields in a hash"},
    {"hvals", 2, kRead, {1, 1, 1}, HVals, nullptr,
     "hash", "2.0.0", "Get all the values in a hash"},
    {"hlen", 2, kRead | kFast, {1, 1, 1}, HLen, nullptr,
     "hash", "2.0.0", "Get the number of fields in a hash"},
    {"hdel", -3, kWrite | kFast, {1, 1, 1}, HDel, nullptr,
     "hash", "2.0.0", "Delete one or more hash fields"},
    {"hexists", 3, kRead | kFast, {1, 1, 1}, HExists, nullptr,
     "hash", "2.0.0", "Determine if a hash field exists"},
    {"hstrlen", 3, kRead | kFast, {1, 1, 1}, HStrLen, nullptr,
     "hash", "3.2.0", "Get the length of the value of a hash field"},
    {"hincrby", 4, kWrite | kGrows | kFast, {1, 1, 1}, HIncrBy, nullptr,
     "hash", "2.0.0", "Increment the integer value of a hash field by the given number"},
    {"hincrbyfloat", 4, kWrite | kGrows | kFast, {1, 1, 1}, HIncrByFloat, nullptr,
     "hash", "2.6.0", "Increment the float value of a hash field by the given amount"},
    {"hscan", -3, kRead, {1, 1, 1}, HScan, nullptr,
     "hash", "2.8.0", "Incrementally iterate hash fields and associated values"},
    {"hrandfield", -2, kRead, {1, 1, 1}, HRandField, nullptr,
     "hash", "6.2.0", "Get one or multiple random fields from a hash"},
};
// clang-format on

}  // namespace server::commands
