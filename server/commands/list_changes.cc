// LSET, LINSERT, LREM, LTRIM, and LPOS, which looks for elements as they do.
#include <algorithm>
#include <limits>
#include <vector>

#include "server/commands/call.h"
#include "server/commands/errors.h"
#include "server/commands/index_range.h"
#include "server/commands/lists.h"
#include "server/commands/numbers.h"

namespace server::commands {
namespace {

// Where the element stands, from the front on or from the back on. At most `matches_max` places,
// and only among the first `compared_max` elements looked at.
std::vector<size_t> FindAll(const storage::List& list, std::string_view element, bool from_back,
                            size_t matches_max, size_t compared_max) {
  const size_t size = list.size();
  const size_t looked_at = std::min(size, compared_max);
  std::vector<size_t> places;
  if (looked_at == 0) return places;
  const size_t first = from_back ? size - looked_at : 0;
  size_t at = first;
  list.ForRange(first, first + looked_at - 1, [&](std::string_view candidate) {
    if (candidate == element && (from_back || places.size() < matches_max)) places.push_back(at);
    ++at;
  });
  if (from_back) {
    std::reverse(places.begin(), places.end());
    if (places.size() > matches_max) places.resize(matches_max);
  }
  return places;
}

constexpr size_t kAll = std::numeric_limits<size_t>::max();

struct PositionOptions {
  int64_t rank = 1;
  std::optional<int64_t> count;
  int64_t compared_max = 0;  // 0: all.
};

std::optional<PositionOptions> ParsePositionOptions(Call& call) {
  PositionOptions options;
  const auto fail = [&call](std::string_view error) {
    call.reply.Error(error);
    return std::nullopt;
  };
  for (size_t i = 3; i < call.args.size(); i += 2) {
    if (i + 1 == call.args.size()) return fail(kSyntaxError);
    const std::optional<int64_t> value = ParseInteger(call.args[i + 1]);
    if (EqualsIgnoreCase(call.args[i], "rank")) {
      if (!value) return fail(kNotAnInteger);
      if (*value == 0) {
        return fail(
            "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or "
            "use negative to start from the end of the list");
      }
      options.rank = *value;
    } else if (EqualsIgnoreCase(call.args[i], "count")) {
      if (!value || *value < 0) return fail("ERR COUNT can't be negative");
      options.count = *value;
    } else if (EqualsIgnoreCase(call.args[i], "maxlen")) {
      if (!value || *value < 0) return fail("ERR MAXLEN can't be negative");
      options.compared_max = *value;
    } else {
      return fail(kSyntaxError);
    }
  }
  return options;
}

}  // namespace

void LSet(Call& call) {
  const storage::HashedKey key = call.Hash(call.args[1]);
  const auto found = call.FindList(key);
  if (!found.ok) return;
  if (found.item == nullptr) return call.reply.Error(kNoSuchKey);
  const std::optional<int64_t> index = ParseInteger(call.args[2]);
  if (!index) return call.reply.Error(kNotAnInteger);
  const std::optional<size_t> at = ResolveIndex(*index, found.value->size());
  if (!at) return call.reply.Error(kIndexOutOfRange);
  {
    const Change change(call, found.item, key);
    found.value->Replace(*at, call.args[3], call.thresholds());
  }
  call.LogAsIs();
  call.reply.Ok();
}

void LInsert(Call& call) {
  const bool after = EqualsIgnoreCase(call.args[2], "after");
  if (!after && !EqualsIgnoreCase(call.args[2], "before")) return call.reply.Error(kSyntaxError);
  const storage::HashedKey key = call.Hash(call.args[1]);
  const auto found = call.FindList(key);
  if (!found.ok) return;
  if (found.item == nullptr) return call.reply.Integer(0);
  const std::vector<size_t> places =
      FindAll(*found.value, call.args[3], /*from_back=*/false, 1, kAll);
  if (places.empty()) return call.reply.Integer(-1);
  size_t size = 0;
  {
    const Change change(call, found.item, key);
    found.value->InsertBefore(places[0] + (after ? 1 : 0), call.args[4], call.thresholds());
    size = found.value->size();
  }
  call.LogAsIs();
  call.reply.Integer(static_cast<int64_t>(size));
}

void LRem(Call& call) {
  const std::optional<int64_t> count = ParseInteger(call.args[2]);
  if (!count) return call.reply.Error(kNotAnInteger);
  const storage::HashedKey key = call.Hash(call.args[1]);
  const auto found = call.FindList(key);
  if (!found.ok) return;
  if (found.item == nullptr) return call.reply.Integer(0);

  const bool from_back = *count < 0;
  // -2^63 has no negative, and more than that many there are not.
  const bool all = *count == 0 || *count == std::numeric_limits<int64_t>::min();
  const size_t wanted = all ? kAll : static_cast<size_t>(from_back ? -*count : *count);
  std::vector<size_t> places = FindAll(*found.value, call.args[3], from_back, wanted, kAll);
  if (!places.empty()) {
    // The highest first, so that the other places stay true.
    if (!from_back) std::reverse(places.begin(), places.end());
    const Change change(call, found.item, key);
    for (const size_t place : places) found.value->Erase(place, 1);
    call.LogAsIs();
  }
  call.reply.Integer(static_cast<int64_t>(places.size()));
}

void LTrim(Call& call) {
  const std::optional<int64_t> first = ParseInteger(call.args[2]);
  const std::optional<int64_t> last = ParseInteger(call.args[3]);
  if (!first || !last) return call.reply.Error(kNotAnInteger);
  const storage::HashedKey key = call.Hash(call.args[1]);
  const auto found = call.FindList(key);
  if (!found.ok) return;
  if (found.item == nullptr) return call.reply.Ok();

  const size_t size = found.value->size();
  const std::optional<IndexRange> kept = ResolveRange(*first, *last, size);
  const bool changes = !kept || kept->first > 0 || kept->last + 1 < size;
  if (changes) {
    const Change change(call, found.item, key);
    if (!kept) {
      found.value->Erase(0, size);
    } else {
      if (kept->last + 1 < size) found.value->Erase(kept->last + 1, size - kept->last - 1);
      if (kept->first > 0) found.value->Erase(0, kept->first);
    }
    call.LogAsIs();
  }
  call.reply.Ok();
}

void LPos(Call& call) {
  const std::optional<PositionOptions> options = ParsePositionOptions(call);
  if (!options) return;
  const auto found = call.FindList(call.Hash(call.args[1]));
  if (!found.ok) return;

  std::vector<size_t> places;
  const bool from_back = options->rank < 0;
  const auto rank = static_cast<uint64_t>(options->rank);
  const size_t skipped = (from_back ? 0 - rank : rank) - 1;
  if (found.value != nullptr) {
    const size_t wanted = options->count ? static_cast<size_t>(*options->count) : 1;
    const size_t matches_max = wanted == 0 || wanted > kAll - skipped ? kAll : wanted + skipped;
    const size_t compared_max =
        options->compared_max == 0 ? kAll : static_cast<size_t>(options->compared_max);
    places = FindAll(*found.value, call.args[2], from_back, matches_max, compared_max);
  }
  const size_t matches = places.size() > skipped ? places.size() - skipped : 0;
  if (!options->count) {
    if (matches == 0) return call.reply.Null();
    return call.reply.Integer(static_cast<int64_t>(places[skipped]));
  }
  call.reply.Array(matches);
  for (size_t i = skipped; i < places.size(); ++i) {
    call.reply.Integer(static_cast<int64_t>(places[i]));
  }
}

}  // namespace server::commands
