// Commands on lists.
#pragma once

#include "server/commands/command.h"

namespace server::commands {

void LPush(Call& call);
void RPush(Call& call);
void LPushX(Call& call);
void RPushX(Call& call);
void LPop(Call& call);
void RPop(Call& call);
void LLen(Call& call);
void LRange(Call& call);
void LIndex(Call& call);
void LSet(Call& call);
void LInsert(Call& call);
void LRem(Call& call);
void LTrim(Call& call);
void LPos(Call& call);
void RPopLPush(Call& call);
void LMove(Call& call);

// clang-format off
inline constexpr Command kListCommands[] = {
    {"lpush", -3, kWrite | kGrows | kFast, {1, 1, 1}, LPush, nullptr,
     "list", "1.0.0", "Prepend one or multiple elements to a list"},
    {"rpush", -3, kWrite | kGrows | kFast, {1, 1, 1}, RPush, nullptr,
     "list", "1.0.0", "Append one or multiple elements to a list"},
    {"lpushx", -3, kWrite | kGrows | kFast, {1, 1, 1}, LPushX, nullptr,
     "list", "2.2.0", "Prepend an element to a list, only if the list exists"},
    {"rpushx", -3, kWrite | kGrows | kFast, {1, 1, 1}, RPushX, nullptr,
     "list", "2.2.0", "Append an element to a list, only if the list exists"},
    {"lpop", -2, kWrite | kFast, {1, 1, 1}, LPop, nullptr,
     "list", "1.0.0", "Remove and get the first elements in a list"},
    {"rpop", -2, kWrite | kFast, {1, 1, 1}, RPop, nullptr,
     "list", "1.0.0", "Remove and get the last elements in a list"},
    {"llen", 2, kRead | kFast, {1, 1, 1}, LLen, nullptr,
     "list", "1.0.0", "Get the length of a list"},
    {"lrange", 4, kRead, {1, 1, 1}, LRange, nullptr,
     "list", "1.0.0", "Get a range of elements from a list"},
    {"lindex", 3, kRead, {1, 1, 1}, LIndex, nullptr,
     "list", "1.0.0", "Get an element from a list by its index"},
    {"lset", 4, kWrite | kGrows, {1, 1, 1}, LSet, nullptr,
     "list", "1.0.0", "Set the value of an element in a list by its index"},
    {"linsert", 5, kWrite | kGrows, {1, 1, 1}, LInsert, nullptr,
     "list", "2.2.0", "Insert an element before or after another element in a list"},
    {"lrem", 4, kWrite, {1, 1, 1}, LRem, nullptr,
     "list", "1.0.0", "Remove elements from a list"},
    {"ltrim", 4, kWrite, {1, 1, 1}, LTrim, nullptr,
     "list", "1.0.0", "Trim a list to the specified range"},
    {"lpos", -3, kRead, {1, 1, 1}, LPos, nullptr,
     "list", "6.0.6", "Return the index of matching elements on a list"},
    {"rpoplpush", 3, kWrite | kGrows, {1, 2, 1}, RPopLPush, nullptr,
     "list", "1.2.0",
     "Remove the last element in a list, prepend it to another list and return it"},
    {"lmove", 5, kWrite | kGrows, {1, 2, 1}, LMove, nullptr,
     "list", "6.2.0", "Pop an element from a list, push it to another list and return it"},
};
// clang-format on

}  // namespace server::commands
