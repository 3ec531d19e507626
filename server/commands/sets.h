// Commands on sets.
#pragma once

#include "server/commands/command.h"

namespace server::commands {

void SAdd(Call& call);
void SRem(Call& call);
void SIsMember(Call& call);
void SMIsMember(Call& call);
void SCard(Call& call);
void SMembers(Call& call);
void SPop(Call& call);
void SRandMember(Call& call);
void SScan(Call& call);
void SMove(Call& call);
void SInter(Call& call);
void SUnion(Call& call);
void SDiff(Call& call);
void SInterStore(Call& call);
void SUnionStore(Call& call);
void SDiffStore(Call& call);
void SInterCard(Call& call);

// clang-format off
inline constexpr Command kSetCommands[] = {
    {"sadd", -3, kWrite | kGrows | kFast, {1, 1, 1}, SAdd, nullptr,
     "set", "1.0.0", "Add one or more members to a set"},
    {"srem", -3, kWrite | kFast, {1, 1, 1}, SRem, nullptr,
     "set", "1.0.0", "Remove one or more members from a set"},
    {"sismember", 3, kRead | kFast, {1, 1, 1}, SIsMember, nullptr,
     "set", "1.0.0", "Determine if a given value is a member of a set"},
    {"smismember", -3, kRead | kFast, {1, 1, 1}, SMIsMember, nullptr,
     "set", "6.2.0", "Returns the membership associated with the given elements for a set"},
    {"scard", 2, kRead | kFast, {1, 1, 1}, SCard, nullptr,
     "set", "1.0.0", "Get the number of members in a set"},
    {"smembers", 2, kRead, {1, 1, 1}, SMembers, nullptr,
     "set", "1.0.0", "Get all the members in a set"},
    {"spop", -2, kWrite | kFast, {1, 1, 1}, SPop, nullptr,
     "set", "1.0.0", "Remove and return one or multiple random members from a set"},
    {"srandmember", -2, kRead, {1, 1, 1}, SRandMember, nullptr,
     "set", "1.0.0", "Get one or multiple random members from a set"},
    {"sscan", -3, kRead, {1, 1, 1}, SScan, nullptr,
     "set", "2.8.0", "Incrementally iterate Set elements"},
    {"smove", 4, kWrite | kFast, {1, 2, 1}, SMove, nullptr,
     "set", "1.0.0", "Move a member from one set to another"},
    {"sinter", -2, kRead, {1, -1, 1}, SInter, nullptr,
     "set", "1.0.0", "Intersect multiple sets"},
    {"sunion", -2, kRead, {1, -1, 1}, SUnion, nullptr,
     "set", "1.0.0", "Add multiple sets"},
    {"sdiff", -2, kRead, {1, -1, 1}, SDiff, nullptr,
     "set", "1.0.0", "Subtract multiple sets"},
    {"sinterstore", -3, kWrite | kGrows, {1, -1, 1}, SInterStore, nullptr,
     "set", "1.0.0", "Intersect multiple sets and store the resulting set in a key"},
    {"sunionstore", -3, kWrite | kGrows, {1, -1, 1}, SUnionStore, nullptr,
     "set", "1.0.0", "Add multiple sets and store the resulting set in a key"},
    {"sdiffstore", -3, kWrite | kGrows, {1, -1, 1}, SDiffStore, nullptr,
     "set", "1.0.0", "Subtract multiple sets and store the resulting set in a key"},
    {"sintercard", -3, kRead | kMovableKeys, {0, 0, 0, 1}, SInterCard, nullptr,
     "set", "7.0.0", "Intersect multiple sets and return the cardinality of the result"},
};
// clang-format on

}  // namespace server::commands
