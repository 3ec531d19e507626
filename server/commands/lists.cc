// Commands at the ends of lists, and reads; changes inside a list are in list_changes.cc.
#include "server/commands/lists.h"

#include <algorithm>
#include <limits>
#include <string>

#include "server/commands/call.h"
#include "server/commands/errors.h"
#include "server/commands/index_range.h"
#include "server/commands/numbers.h"

namespace server::commands {
namespace {

enum class End { kFront, kBack };

void PushOne(const Call& call, storage::List& list, End end, std::string_view element) {
  end == End::kFront ? list.PushFront(element, call.thresholds())
                     : list.PushBack(element, call.thresholds());
}

std::string PopOne(storage::List& list, End end) {
  return end == End::kFront ? list.PopFront() : list.PopBack();
}

void Push(Call& call, End end, bool only_if_exists) {
  const storage::HashedKey key = call.Hash(call.args[1]);
  const auto found = call.FindList(key);
  if (!found.ok) return;
  if (found.item == nullptr && only_if_exists) return call.reply.Integer(0);
  storage::Item* item =
      found.item != nullptr ? found.item : call.db().Create(key, storage::Type::kList);
  size_t size = 0;
  {
    const Change change(call, item, key);
    storage::List& list = item->list();
    for (const std::string_view element : call.args.subspan(2)) PushOne(call, list, end, element);
    size = list.size();
  }
  call.LogAsIs();
  call.reply.Integer(static_cast<int64_t>(size));
}

void Pop(Call& call, End end, std::string_view command) {
  const bool has_count = call.args.size() == 3;
  if (call.args.size() > 3) {
    return call.reply.Error("ERR wrong number of arguments for '" + std::string(command) +
                            "' command");
  }
  int64_t wanted = 1;
  if (has_count) {
    const std::optional<int64_t> count = ParseInteger(call.args[2]);
    if (!count || *count < 0) return call.reply.Error(kMustBePositive);
    wanted = *count;
  }
  const storage::HashedKey key = call.Hash(call.args[1]);
  const auto found = call.FindList(key);
  if (!found.ok) return;
  if (found.item == nullptr) return has_count ? call.reply.NullArray() : call.reply.Null();
  if (wanted == 0) return call.reply.Array(0);

  const size_t count = std::min(static_cast<size_t>(wanted), found.value->size());
  if (has_count) call.reply.Array(count);
  {
    const Change change(call, found.item, key);
    for (size_t i = 0; i < count; ++i) call.reply.Bulk(PopOne(*found.value, end));
  }
  call.LogAsIs();
}

std::optional<End> ParseEnd(std::string_view word) {
  if (EqualsIgnoreCase(word, "left")) return End::kFront;
  if (EqualsIgnoreCase(word, "right")) return End::kBack;
  return std::nullopt;
}

void MoveElement(Call& call, End from_end, End to_end) {
  const storage::HashedKey from = call.Hash(call.args[1]);
  const storage::HashedKey to = call.Hash(call.args[2]);
  auto source = call.FindList(from);
  if (!source.ok) return;
  if (source.item == nullptr) return call.reply.Null();
  // Finding one key may delete it for its age, and no pointer outlives a change: look again after
  // it.
  if (from.key != to.key && !call.FindList(to).ok) return;
  source.item = call.db().Find(from);

  if (from.key == to.key) {
    const Change change(call, source.item, from);
    storage::List& list = source.item->list();
    const std::string element = PopOne(list, from_end);
    PushOne(call, list, to_end, element);
    call.reply.Bulk(element);
  } else {
    std::string element;
    {
      const Change change(call, source.item, from);
      element = PopOne(source.item->list(), from_end);
    }
    storage::Item* target = call.db().Find(to);
    if (target == nullptr) target = call.db().Create(to, storage::Type::kList);
    const Change change(call, target, to);
    PushOne(call, target->list(), to_end, element);
    call.reply.Bulk(element);
  }
  call.LogAsIs();
}

}  // namespace

void LPush(Call& call) { Push(call, End::kFront, /*only_if_exists=*/false); }

void RPush(Call& call) { Push(call, End::kBack, /*only_if_exists=*/false); }

void LPushX(Call& call) { Push(call, End::kFront, /*only_if_exists=*/true); }

void RPushX(Call& call) { Push(call, End::kBack, /*only_if_exists=*/true); }

void LPop(Call& call) { Pop(call, End::kFront, "lpop"); }

void RPop(Call& call) { Pop(call, End::kBack, "rpop"); }

void RPopLPush(Call& call) { MoveElement(call, End::kBack, End::kFront); }

void LMove(Call& call) {
  const std::optional<End> from = ParseEnd(call.args[3]);
  const std::optional<End> to = ParseEnd(call.args[4]);
  if (!from || !to) return call.reply.Error(kSyntaxError);
  MoveElement(call, *from, *to);
}

void LLen(Call& call) {
  const auto found = call.FindList(call.Hash(call.args[1]));
  if (!found.ok) return;
  call.reply.Integer(found.value != nullptr ? static_cast<int64_t>(found.value->size()) : 0);
}

void LRange(Call& call) {
  const std::optional<int64_t> first = ParseInteger(call.args[2]);
  const std::optional<int64_t> last = ParseInteger(call.args[3]);
  if (!first || !last) return call.reply.Error(kNotAnInteger);
  const auto found = call.FindList(call.Hash(call.args[1]));
  if (!found.ok) return;
  const auto range =
      found.value != nullptr ? ResolveRange(*first, *last, found.value->size()) : std::nullopt;
  if (!range) return call.reply.Array(0);
  call.reply.Array(range->last - range->first + 1);
  found.value->ForRange(range->first, range->last,
                        [&call](std::string_view element) { call.reply.Bulk(element); });
}

void LIndex(Call& call) {
  const auto found = call.FindList(call.Hash(call.args[1]));
  if (!found.ok) return;
  if (found.value == nullptr) return call.reply.Null();
  const std::optional<int64_t> index = ParseInteger(call.args[2]);
  if (!index) return call.reply.Error(kNotAnInteger);
  const std::optional<size_t> at = ResolveIndex(*index, found.value->size());
  at ? call.reply.Bulk(*found.value->At(*at)) : call.reply.Null();
}

}  // namespace server::commands
