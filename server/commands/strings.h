// Commands on strings.
#pragma once

#include "server/commands/command.h"

namespace server::commands {

void Set(Call& call);
void Get(Call& call);
void GetSet(Call& call);
void GetDel(Call& call);
void GetEx(Call& call);
void SetNx(Call& call);
void SetEx(Call& call);
void PSetEx(Call& call);
void MSet(Call& call);
void MSetNx(Call& call);
void MGet(Call& call);
void Append(Call& call);
void StrLen(Call& call);
void Incr(Call& call);
void Decr(Call& call);
void IncrBy(Call& call);
void DecrBy(Call& call);
void IncrByFloat(Call& call);
void GetRange(Call& call);
void SubStr(Call& call);
void SetRange(Call& call);

// clang-format off
inline constexpr Command kStringCommands[] = {
    {"set", -3, kWrite | kGrows, {1, 1, 1}, Set, nullptr,
     "string", "1.0.0", "Set the string value of a key"},
    {"get", 2, kRead | kFast, {1, 1, 1}, Get, nullptr,
     "string", "1.0.0", "Get the value of a key"},
    {"getset", 3, kWrite | kGrows | kFast, {1, 1, 1}, GetSet, nullptr,
     "string", "1.0.0", "Set the string value of a key and return its old value"},
    {"getdel", 2, kWrite | kFast, {1, 1, 1}, GetDel, nullptr,
     "string", "6.2.0", "Get the value of a key and delete the key"},
    {"getex", -2, kWrite | kFast, {1, 1, 1}, GetEx, nullptr,
     "string", "6.2.0", "Get the value of a key and optionally set its expiration"},
    {"setnx", 3, kWrite | kGrows | kFast, {1, 1, 1}, SetNx, nullptr,
     "string", "1.0.0", "Set the value of a key, only if the key does not exist"},
    {"setex", 4, kWrite | kGrows, {1, 1, 1}, SetEx, nullptr,
     "string", "2.0.0", "Set the value and expiration of a key"},
    {"psetex", 4, kWrite | kGrows, {1, 1, 1}, PSetEx, nullptr,
     "string", "2.6.0", "Set the value and expiration in milliseconds of a key"},
    {"mset", -3, kWrite | kGrows, {1, -1, 2}, MSet, nullptr,
     "string", "1.0.1", "Set multiple keys to multiple values"},
    {"msetnx", -3, kWrite | kGrows, {1, -1, 2}, MSetNx, nullptr,
     "string", "1.0.1", "Set multiple keys to multiple values, only if none of the keys exist"},
    {"mget", -2, kRead | kFast, {1, -1, 1}, MGet, nullptr,
     "string", "1.0.0", "Get the values of all the given keys"},
    {"append", 3, kWrite | kGrows | kFast, {1, 1, 1}, Append, nullptr,
     "string", "2.0.0", "Append a value to a key"},
    {"strlen", 2, kRead | kFast, {1, 1, 1}, StrLen, nullptr,
     "string", "2.2.0", "Get the length of the value stored in a key"},
    {"incr", 2, kWrite | kGrows | kFast, {1, 1, 1}, Incr, nullptr,
     "string", "1.0.0", "Increment the integer value of a key by one"},
    {"decr", 2, kWrite | kGrows | kFast, {1, 1, 1}, Decr, nullptr,
     "string", "1.0.0", "Decrement the integer value of a key by one"},
    {"incrby", 3, kWrite | kGrows | kFast, {1, 1, 1}, IncrBy, nullptr,
     "string", "1.0.0", "Increment the integer value of a key by the given amount"},
    {"decrby", 3, kWrite | kGrows | kFast, {1, 1, 1}, DecrBy, nullptr,
     "string", "1.0.0", "Decrement the integer value of a key by the given number"},
    {"incrbyfloat", 3, kWrite | kGrows | kFast, {1, 1, 1}, IncrByFloat, nullptr,
     "string", "2.6.0", "Increment the float value of a key by the given amount"},
    {"getrange", 4, kRead, {1, 1, 1}, GetRange, nullptr,
     "string", "2.4.0", "Get a substring of the string stored at a key"},
    {"substr", 4, kRead, {1, 1, 1}, SubStr, nullptr,
     "string", "1.0.0", "Get a substring of the string stored at a key"},
    {"setrange", 4, kWrite | kGrows, {1, 1, 1}, SetRange, nullptr,
     "string", "2.2.0", "Overwrite part of a string at key starting at the specified offset"},
};
// clang-format on

}  // namespace server::commands
