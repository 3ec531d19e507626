// Commands on sorted sets.
#pragma once

#include "server/commands/command.h"

namespace server::commands {

void ZAdd(Call& call);
void ZIncrBy(Call& call);
void ZRem(Call& call);
void ZScore(Call& call);
void ZMScore(Call& call);
void ZCard(Call& call);
void ZCount(Call& call);
void ZRank(Call& call);
void ZRevRank(Call& call);
void ZRange(Call& call);
void ZRangeStore(Call& call);
void ZRevRange(Call& call);
void ZRangeByScore(Call& call);
void ZRevRangeByScore(Call& call);
void ZRangeByLex(Call& call);
void ZRevRangeByLex(Call& call);
void ZLexCount(Call& call);
void ZPopMin(Call& call);
void ZPopMax(Call& call);
void ZScan(Call& call);
void ZRemRangeByRank(Call& call);
void ZRemRangeByScore(Call& call);
void ZRemRangeByLex(Call& call);
void ZRandMember(Call& call);

// clang-format off
inline constexpr Command kSortedSetCommands[] = {
    {"zadd", -4, kWrite | kGrows | kFast, {1, 1, 1}, ZAdd, nullptr,
     "sorted-set", "1.2.0",
     "Add one or more members to a sorted set, or update its score if it already exists"},
    {"zincrby", 4, kWrite | kGrows | kFast, {1, 1, 1}, ZIncrBy, nullptr,
     "sorted-set", "1.2.0", "Increment the score of a member in a sorted set"},
    {"zrem", -3, kWrite | kFast, {1, 1, 1}, ZRem, nullptr,
     "sorted-set", "1.2.0", "Remove one or more members from a sorted set"},
    {"zscore", 3, kRead | kFast, {1, 1, 1}, ZScore, nullptr,
     "sorted-set", "1.2.0", "Get the score associated with the given member in a sorted set"},
    {"zmscore", -3, kRead | kFast, {1, 1, 1}, ZMScore, nullptr,
     "sorted-set", "6.2.0", "Get the score associated with the given members in a sorted set"},
    {"zcard", 2, kRead | kFast, {1, 1, 1}, ZCard, nullptr,
     "sorted-set", "1.2.0", "Get the number of members in a sorted set"},
    {"zcount", 4, kRead | kFast, {1, 1, 1}, ZCount, nullptr,
     "sorted-set", "2.0.0",
     "Count the members in a sorted set with scores within the given values"},
    {"zrank", 3, kRead | kFast, {1, 1, 1}, ZRank, nullptr,
     "sorted-set", "2.0.0", "Determine the index of a member in a sorted set"},
    {"zrevrank", 3, kRead | kFast, {1, 1, 1}, ZRevRank, nullptr,
     "sorted-set", "2.0.0",
     "Determine the index of a member in a sorted set, with scores ordered from high to low"},
    {"zrange", -4, kRead, {1, 1, 1}, ZRange, nullptr,
     "sorted-set", "1.2.0", "Return a range of members in a sorted set"},
    {"zrangestore", -5, kWrite | kGrows, {1, 2, 1}, ZRangeStore, nullptr,
     "sorted-set", "6.2.0", "Store a range of members from sorted set into another key"},
    {"zrevrange", -4, kRead, {1, 1, 1}, ZRevRange, nullptr,
     "sorted-set", "1.2.0",
     "Return a range of members in a sorted set, by index, with scores ordered from high to low"},
    {"zrangebyscore", -4, kRead, {1, 1, 1}, ZRangeByScore, nullptr,
     "sorted-set", "1.0.5", "Return a range of members in a sorted set, by score"},
    {"zrevrangebyscore", -4, kRead, {1, 1, 1}, ZRevRangeByScore, nullptr,
     "sorted-set", "2.2.0",
     "Return a range of members in a sorted set, by score, with scores ordered from high to low"},
    {"zrangebylex", -4, kRead, {1, 1, 1}, ZRangeByLex, nullptr,
     "sorted-set", "2.8.9", "Return a range of members in a sorted set, by lexicographical range"},
    {"zrevrangebylex", -4, kRead, {1, 1, 1}, ZRevRangeByLex, nullptr,
     "sorted-set", "2.8.9",
     "Return a range of members in a sorted set, by lexicographical range, ordered from "
     "higher to lower strings."},
    {"zlexcount", 4, kRead | kFast, {1, 1, 1}, ZLexCount, nullptr,
     "sorted-set", "2.8.9",
     "Count the number of members in a sorted set between a given lexicographical range"},
    {"zpopmin", -2, kWrite | kFast, {1, 1, 1}, ZPopMin, nullptr,
     "sorted-set", "5.0.0", "Remove and return members with the lowest scores in a sorted set"},
    {"zpopmax", -2, kWrite | kFast, {1, 1, 1}, ZPopMax, nullptr,
     "sorted-set", "5.0.0", "Remove and return members with the highest scores in a sorted set"},
    {"zscan", -3, kRead, {1, 1, 1}, ZScan, nullptr,
     "sorted-set", "2.8.0", "Incrementally iterate sorted sets elements and associated scores"},
    {"zremrangebyrank", 4, kWrite, {1, 1, 1}, ZRemRangeByRank, nullptr,
     "sorted-set", "2.0.0", "Remove all members in a sorted set within the given indexes"},
    {"zremrangebyscore", 4, kWrite, {1, 1, 1}, ZRemRangeByScore, nullptr,
     "sorted-set", "1.2.0", "Remove all members in a sorted set within the given scores"},
    {"zremrangebylex", 4, kWrite, {1, 1, 1}, ZRemRangeByLex, nullptr,
     "sorted-set", "2.8.9",
     "Remove all members in a sorted set between the given lexicographical range"},
    {"zrandmember", -2, kRead, {1, 1, 1}, ZRandMember, nullptr,
     "sorted-set", "6.2.0", "Get one or multiple random elements from a sorted set"},
};
// clang-format on

}  // namespace server::commands
