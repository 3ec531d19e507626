// ZADD, ZINCRBY, ZREM, ZPOPMIN, ZPOPMAX and reads of single members; ranges are in
// sorted_set_ranges.cc.
#include "server/commands/sorted_sets.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "server/commands/call.h"
#include "server/commands/errors.h"
#include "server/commands/numbers.h"

namespace server::commands {
namespace {

struct AddOptions {
  bool nx = false;
  bool xx = false;
  bool gt = false;
  bool lt = false;
  bool changed = false;    // CH: the reply counts updates, too.
  bool increment = false;  // INCR
};

// Takes the option off, false when the word is none: scores begin there.
bool TakeAddOption(std::string_view word, AddOptions& options) {
  if (EqualsIgnoreCase(word, "nx")) return options.nx = true;
  if (EqualsIgnoreCase(word, "xx")) return options.xx = true;
  if (EqualsIgnoreCase(word, "gt")) return options.gt = true;
  if (EqualsIgnoreCase(word, "lt")) return options.lt = true;
  if (EqualsIgnoreCase(word, "ch")) return options.changed = true;
  if (EqualsIgnoreCase(word, "incr")) return options.increment = true;
  return false;
}

std::string_view Contradiction(const AddOptions& options, size_t pairs) {
  if (options.nx && options.xx) {
    return "ERR XX and NX options at the same time are not compatible";
  }
  if ((options.gt && options.nx) || (options.lt && options.nx) || (options.gt && options.lt)) {
    return "ERR GT, LT, and/or NX options at the same time are not compatible";
  }
  if (options.increment && pairs > 1) {
    return "ERR INCR option supports a single increment-element pair";
  }
  return {};
}

// What is to become of one pair, decided before anything is touched.
struct Outcome {
  bool added = false;
  bool updated = false;
  bool skipped = false;  // The options forbade it.
  bool not_a_number = false;
  double score = 0;
};

Outcome Decide(const storage::SortedSet& set, std::string_view member, double score,
               const AddOptions& options) {
  const std::optional<double> current = set.Score(member);
  Outcome outcome{.score = score};
  if (!current) {
    outcome.skipped = options.xx;
    outcome.added = !options.xx;
    return outcome;
  }
  if (options.increment) outcome.score += *current;
  outcome.not_a_number = std::isnan(outcome.score);
  outcome.skipped = options.nx || (options.lt && outcome.score >= *current) ||
                    (options.gt && outcome.score <= *current);
  if (options.nx) outcome.not_a_number = false;
  outcome.updated = !outcome.skipped && !outcome.not_a_number && outcome.score != *current;
  return outcome;
}

// `pairs` holds score, member, score, member ...
void Add(Call& call, std::span<const std::string_view> pairs, const AddOptions& options) {
  // All scores are checked before any is set. The second reading costs less than keeping them
  // would.
  for (size_t i = 0; i < pairs.size(); i += 2) {
    if (!ParseDouble(pairs[i])) return call.reply.Error(kNotAFloat);
  }
  const storage::HashedKey key = call.Hash(call.args[1]);
  const auto found = call.FindSortedSet(key);
  if (!found.ok) return;
  if (found.item == nullptr && options.xx) {
    return options.increment ? call.reply.Null() : call.reply.Integer(0);
  }
  storage::Item* item =
      found.item != nullptr ? found.item : call.db().Create(key, storage::Type::kSortedSet);

  int64_t added = 0;
  int64_t updated = 0;
  Outcome last;
  {
    std::optional<Change> change;
    storage::SortedSet& set = item->sorted_set();
    for (size_t i = 0; i < pairs.size(); i += 2) {
      last = Decide(set, pairs[i + 1], *ParseDouble(pairs[i]), options);
      if (!last.added && !last.updated) continue;
      if (!change) change.emplace(call, item, key);
      set.Set(pairs[i + 1], last.score, call.thresholds());
      last.added ? ++added : ++updated;
    }
  }
  if (added > 0 || updated > 0) call.LogAsIs();

  if (!options.increment) return call.reply.Integer(options.changed ? added + updated : added);
  if (last.not_a_number) return call.reply.Error(kResultingScoreNan);
  last.skipped ? call.reply.Null() : call.reply.Double(last.score);
}

void Pop(Call& call, bool highest) {
  if (call.args.size() > 3) return call.reply.Error(kSyntaxError);
  const bool has_count = call.args.size() == 3;
  int64_t wanted = 1;
  if (has_count) {
    const std::optional<int64_t> count = ParseInteger(call.args[2]);
    if (!count || *count < 0) return call.reply.Error(kMustBePositive);
    wanted = *count;
  }
  const storage::HashedKey key = call.Hash(call.args[1]);
  const auto found = call.FindSortedSet(key);
  if (!found.ok) return;
  if (found.item == nullptr || wanted == 0) return call.reply.Array(0);

  const size_t count = std::min(static_cast<size_t>(wanted), found.value->size());
  const bool pairs = has_count && call.reply.version() >= 3;
  call.reply.Array(pairs ? count : count * 2);
  {
    const Change change(call, found.item, key);
    std::string member;
    for (size_t i = 0; i < count; ++i) {
      double score = 0;
      found.value->ForRange(0, 0, highest, [&](std::string_view name, double value) {
        member.assign(name);
        score = value;
        return false;
      });
      found.value->Remove(member);
      if (pairs) call.reply.Array(2);
      call.reply.Bulk(member);
      call.reply.Double(score);
    }
  }
  call.LogAsIs();
}

}  // namespace

void ZAdd(Call& call) {
  AddOptions options;
  size_t first = 2;
  while (first < call.args.size() && TakeAddOption(call.args[first], options)) ++first;
  const std::span<const std::string_view> pairs = call.args.subspan(first);
  if (pairs.empty() || pairs.size() % 2 != 0) return call.reply.Error(kSyntaxError);
  const std::string_view contradiction = Contradiction(options, pairs.size() / 2);
  if (!contradiction.empty()) return call.reply.Error(contradiction);
  Add(call, pairs, options);
}

void ZIncrBy(Call& call) { Add(call, call.args.subspan(2), {.increment = true}); }

void ZRem(Call& call) {
  const storage::HashedKey key = call.Hash(call.args[1]);
  const auto found = call.FindSortedSet(key);
  if (!found.ok) return;
  if (found.item == nullptr) return call.reply.Integer(0);
  int64_t removed = 0;
  {
    std::optional<Change> change;
    for (const std::string_view member : call.args.subspan(2)) {
      if (found.value->size() == 0) break;
      if (!found.value->Score(member)) continue;
      if (!change) change.emplace(call, found.item, key);
      found.value->Remove(member);
      ++removed;
    }
  }
  if (removed > 0) call.LogAsIs();
  call.reply.Integer(removed);
}

void ZPopMin(Call& call) { Pop(call, /*highest=*/false); }

void ZPopMax(Call& call) { Pop(call, /*highest=*/true); }

void ZScore(Call& call) {
  const auto found = call.FindSortedSet(call.Hash(call.args[1]));
  if (!found.ok) return;
  const auto score = found.value != nullptr ? found.value->Score(call.args[2]) : std::nullopt;
  score ? call.reply.Double(*score) : call.reply.Null();
}

void ZMScore(Call& call) {
  const auto found = call.FindSortedSet(call.Hash(call.args[1]));
  if (!found.ok) return;
  call.reply.Array(call.args.size() - 2);
  for (const std::string_view member : call.args.subspan(2)) {
    const auto score = found.value != nullptr ? found.value->Score(member) : std::nullopt;
    score ? call.reply.Double(*score) : call.reply.Null();
  }
}

void ZCard(Call& call) {
  const auto found = call.FindSortedSet(call.Hash(call.args[1]));
  if (!found.ok) return;
  call.reply.Integer(found.value != nullptr ? static_cast<int64_t>(found.value->size()) : 0);
}

void ZRank(Call& call) {
  const auto found = call.FindSortedSet(call.Hash(call.args[1]));
  if (!found.ok) return;
  const auto rank = found.value != nullptr ? found.value->Rank(call.args[2]) : std::nullopt;
  rank ? call.reply.Integer(static_cast<int64_t>(*rank)) : call.reply.Null();
}

void ZRevRank(Call& call) {
  const auto found = call.FindSortedSet(call.Hash(call.args[1]));
  if (!found.ok) return;
  const auto rank = found.value != nullptr ? found.value->Rank(call.args[2]) : std::nullopt;
  if (!rank) return call.reply.Null();
  call.reply.Integer(static_cast<int64_t>(found.value->size() - 1 - *rank));
}

}  // namespace server::commands
