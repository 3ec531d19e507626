// Counts and removals of ranges of sorted sets, ZSCAN and ZRANDMEMBER.
#include <algorithm>
#include <string>
#include <vector>

#include "server/commands/call.h"
#include "server/commands/errors.h"
#include "server/commands/index_range.h"
#include "server/commands/numbers.h"
#include "server/commands/random_sample.h"
#include "server/commands/scan_options.h"
#include "server/commands/score_range.h"
#include "server/commands/sorted_sets.h"

namespace server::commands {
namespace {

// Either kind of range, from args[2] and args[3].
template <typename Range>
std::optional<Range> ParseRange(Call& call, std::string_view error) {
  const std::optional<Range> range = Range::Parse(call.args[2], call.args[3]);
  if (!range) call.reply.Error(error);
  return range;
}

template <typename Range>
void Count(Call& call, std::string_view error) {
  const std::optional<Range> range = ParseRange<Range>(call, error);
  if (!range) return;
  const auto found = call.FindSortedSet(call.Hash(call.args[1]));
  if (!found.ok) return;
  const size_t count = found.value != nullptr ? range->In(*found.value).size() : 0;
  call.reply.Integer(static_cast<int64_t>(count));
}

// `ranks_in` tells which ranks are to go.
template <typename RanksIn>
void Remove(Call& call, RanksIn ranks_in) {
  const storage::HashedKey key = call.Hash(call.args[1]);
  const auto found = call.FindSortedSet(key);
  if (!found.ok) return;
  if (found.item == nullptr) return call.reply.Integer(0);
  const RankRange ranks = ranks_in(*found.value);
  if (ranks.size() == 0) return call.reply.Integer(0);

  std::vector<std::string> members;
  members.reserve(ranks.size());
  found.value->ForRange(ranks.begin, ranks.end - 1, /*reverse=*/false,
                        [&](std::string_view member, double) {
                          members.emplace_back(member);
                          return true;
                        });
  {
    const Change change(call, found.item, key);
    for (const std::string& member : members) found.value->Remove(member);
  }
  call.LogAsIs();
  call.reply.Integer(static_cast<int64_t>(members.size()));
}

}  // namespace

void ZCount(Call& call) { Count<ScoreRange>(call, kMinOrMaxNotAFloat); }

void ZLexCount(Call& call) { Count<LexRange>(call, kMinOrMaxNotALexRange); }

void ZRemRangeByRank(Call& call) {
  const std::optional<int64_t> first = ParseInteger(call.args[2]);
  const std::optional<int64_t> last = ParseInteger(call.args[3]);
  if (!first || !last) return call.reply.Error(kNotAnInteger);
  Remove(call, [&](const storage::SortedSet& set) {
    const std::optional<IndexRange> range = ResolveRange(*first, *last, set.size());
    return range ? RankRange{.begin = range->first, .end = range->last + 1} : RankRange{};
  });
}

void ZRemRangeByScore(Call& call) {
  const auto range = ParseRange<ScoreRange>(call, kMinOrMaxNotAFloat);
  if (range) Remove(call, [&](const storage::SortedSet& set) { return range->In(set); });
}

void ZRemRangeByLex(Call& call) {
  const auto range = ParseRange<LexRange>(call, kMinOrMaxNotALexRange);
  if (range) Remove(call, [&](const storage::SortedSet& set) { return range->In(set); });
}

void ZScan(Call& call) {
  const std::optional<uint64_t> cursor = ParseCursor(call.args[2]);
  if (!cursor) return call.reply.Error(kInvalidCursor);
  const auto found = call.FindSortedSet(call.Hash(call.args[1]));
  if (!found.ok) return;
  CountedBulks bulks(call.reply.version());
  if (found.value == nullptr) return ReplyScan(call, 0, bulks);
  const std::optional<ScanOptions> options = ParseScanOptions(call, 3, /*type_allowed=*/false);
  if (!options) return;
  const uint64_t next =
      found.value->Scan(*cursor, options->count, [&](std::string_view member, double score) {
        if (!options->Matches(member)) return;
        bulks.Add(member);
        bulks.Add(FormatScore(score));
      });
  ReplyScan(call, next, bulks);
}

void ZRandMember(Call& call) {
  const std::optional<SampleRequest> request = ParseSampleRequest(call, "withscores");
  if (!request) return;
  const auto found = call.FindSortedSet(call.Hash(call.args[1]));
  if (!found.ok) return;
  if (found.value == nullptr) {
    return request->has_count ? call.reply.Array(0) : call.reply.Null();
  }
  const std::optional<std::vector<size_t>> indexes =
      SampleIndexes(call, *request, found.value->size());
  if (!indexes) return;
  const bool pairs = request->with_values && call.reply.version() >= 3;
  const bool flat = request->with_values && !pairs;
  if (request->has_count) call.reply.Array(flat ? indexes->size() * 2 : indexes->size());
  for (const size_t rank : *indexes) {
    found.value->ForRange(rank, rank, /*reverse=*/false,
                          [&](std::string_view member, double score) {
                            if (pairs) call.reply.Array(2);
                            call.reply.Bulk(member);
                            if (request->with_values) call.reply.Double(score);
                            return true;
                          });
  }
}

}  // namespace server::commands
