// ZRANGE in all its forms: by rank, score or member, forwards or backwards, to the client or to a
// key.
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "server/commands/call.h"
#include "server/commands/errors.h"
#include "server/commands/index_range.h"
#include "server/commands/numbers.h"
#include "server/commands/score_range.h"
#include "server/commands/sorted_sets.h"

namespace server::commands {
namespace {

enum class By { kAuto, kRank, kScore, kLex };
enum class Direction { kAuto, kForward, kReverse };

// What one range command asks for. kAuto is what ZRANGE leaves to its options.
struct RangeQuery {
  size_t key_at = 1;  // The key's argument; the two bounds follow.
  bool store = false;
  By by = By::kAuto;
  Direction direction = Direction::kAuto;
  bool with_scores = false;
  int64_t offset = 0;
  int64_t limit = -1;

  ScoreRange scores = {};
  LexRange members = {};
  int64_t first = 0;
  int64_t last = 0;
};

// The options behind the bounds. False after an error reply, as everywhere in this file.
bool ParseOptions(Call& call, RangeQuery& query) {
  for (size_t i = query.key_at + 3; i < call.args.size(); ++i) {
    const std::string_view word = call.args[i];
    const size_t left = call.args.size() - i - 1;
    if (!query.store && EqualsIgnoreCase(word, "withscores")) {
      query.with_scores = true;
    } else if (left >= 2 && EqualsIgnoreCase(word, "limit")) {
      const std::optional<int64_t> offset = ParseInteger(call.args[i + 1]);
      const std::optional<int64_t> limit = ParseInteger(call.args[i + 2]);
      if (!offset || !limit) {
        call.reply.Error(kNotAnInteger);
        return false;
      }
      query.offset = *offset;
      query.limit = *limit;
      i += 2;
    } else if (query.direction == Direction::kAuto && EqualsIgnoreCase(word, "rev")) {
      query.direction = Direction::kReverse;
    } else if (query.by == By::kAuto && EqualsIgnoreCase(word, "bylex")) {
      query.by = By::kLex;
    } else if (query.by == By::kAuto && EqualsIgnoreCase(word, "byscore")) {
      query.by = By::kScore;
    } else {
      call.reply.Error(kSyntaxError);
      return false;
    }
  }
  if (query.direction == Direction::kAuto) query.direction = Direction::kForward;
  if (query.by == By::kAuto) query.by = By::kRank;
  return true;
}

bool OptionsAgree(Call& call, const RangeQuery& query) {
  if (query.limit != -1 && query.by == By::kRank) {
    call.reply.Error(
        "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX");
    return false;
  }
  if (query.with_scores && query.by == By::kLex) {
    call.reply.Error("ERR syntax error, WITHSCORES not supported in combination with BYLEX");
    return false;
  }
  return true;
}

bool ParseBounds(Call& call, RangeQuery& query) {
  std::string_view min = call.args[query.key_at + 1];
  std::string_view max = call.args[query.key_at + 2];
  // A backward range by score or member is given from the top.
  if (query.direction == Direction::kReverse && query.by != By::kRank) std::swap(min, max);
  switch (query.by) {
    case By::kScore: {
      const std::optional<ScoreRange> range = ScoreRange::Parse(min, max);
      if (!range) call.reply.Error(kMinOrMaxNotAFloat);
      query.scores = range.value_or(ScoreRange{});
      return range.has_value();
    }
    case By::kLex: {
      const std::optional<LexRange> range = LexRange::Parse(min, max);
      if (!range) call.reply.Error(kMinOrMaxNotALexRange);
      query.members = range.value_or(LexRange{});
      return range.has_value();
    }
    default: {
      const std::optional<int64_t> first = ParseInteger(min);
      const std::optional<int64_t> last = ParseInteger(max);
      if (!first || !last) call.reply.Error(kNotAnInteger);
      query.first = first.value_or(0);
      query.last = last.value_or(0);
      return first && last;
    }
  }
}

// Ranks in the query's direction, counted from its own end.
std::optional<IndexRange> Resolve(const RangeQuery& query, const storage::SortedSet& set) {
  if (query.by == By::kRank) return ResolveRange(query.first, query.last, set.size());
  const RankRange ranks = query.by == By::kScore ? query.scores.In(set) : query.members.In(set);
  if (ranks.size() == 0 || query.offset < 0 || query.limit == 0) return std::nullopt;
  if (static_cast<uint64_t>(query.offset) >= ranks.size()) return std::nullopt;

  const bool reverse = query.direction == Direction::kReverse;
  const auto offset = static_cast<size_t>(query.offset);
  const size_t first = (reverse ? set.size() - ranks.end : ranks.begin) + offset;
  size_t count = ranks.size() - offset;
  if (query.limit > 0) count = std::min(count, static_cast<size_t>(query.limit));
  return IndexRange{.first = first, .last = first + count - 1};
}

void ReplyRange(Call& call, const RangeQuery& query, const storage::SortedSet& set) {
  const std::optional<IndexRange> range = Resolve(query, set);
  if (!range) return call.reply.Array(0);
  const size_t count = range->last - range->first + 1;
  const bool pairs = query.with_scores && call.reply.version() >= 3;
  call.reply.Array(query.with_scores && !pairs ? count * 2 : count);
  set.ForRange(range->first, range->last, query.direction == Direction::kReverse,
               [&](std::string_view member, double score) {
                 if (pairs) call.reply.Array(2);
                 call.reply.Bulk(member);
                 if (query.with_scores) call.reply.Double(score);
                 return true;
               });
}

void StoreRange(Call& call, const RangeQuery& query, const storage::SortedSet* set) {
  std::vector<std::pair<std::string, double>> found;
  const std::optional<IndexRange> range = set != nullptr ? Resolve(query, *set) : std::nullopt;
  if (range) {
    set->ForRange(range->first, range->last, query.direction == Direction::kReverse,
                  [&](std::string_view member, double score) {
                    found.emplace_back(member, score);
                    return true;
                  });
  }
  const storage::HashedKey target = call.Hash(call.args[1]);
  const bool existed = call.Find(target) != nullptr;
  if (existed) call.db().Delete(target);
  if (!found.empty()) {
    storage::Item* item = call.db().Create(target, storage::Type::kSortedSet);
    const Change change(call, item, target);
    for (const auto& [member, score] : found)
      item->sorted_set().Set(member, score, call.thresholds());
  }
  if (existed || !found.empty()) call.LogAsIs();
  call.reply.Integer(static_cast<int64_t>(found.size()));
}

void Run(Call& call, RangeQuery query) {
  if (!ParseOptions(call, query)) return;
  if (!OptionsAgree(call, query)) return;
  if (!ParseBounds(call, query)) return;
  const auto found = call.FindSortedSet(call.Hash(call.args[query.key_at]));
  if (!found.ok) return;
  if (query.store) return StoreRange(call, query, found.value);
  if (found.value == nullptr) return call.reply.Array(0);
  ReplyRange(call, query, *found.value);
}

}  // namespace

void ZRange(Call& call) { Run(call, {}); }

void ZRangeStore(Call& call) { Run(call, {.key_at = 2, .store = true}); }

void ZRevRange(Call& call) { Run(call, {.by = By::kRank, .direction = Direction::kReverse}); }

void ZRangeByScore(Call& call) { Run(call, {.by = By::kScore, .direction = Direction::kForward}); }

void ZRevRangeByScore(Call& call) {
  Run(call, {.by = By::kScore, .direction = Direction::kReverse});
}

void ZRangeByLex(Call& call) { Run(call, {.by = By::kLex, .direction = Direction::kForward}); }

void ZRevRangeByLex(Call& call) { Run(call, {.by = By::kLex, .direction = Direction::kReverse}); }

}  // namespace server::commands
