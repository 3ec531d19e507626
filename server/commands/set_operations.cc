// Commands over several sets: SMOVE, and intersections, unions and differences.
#include <algorithm>
#include <string>
#include <unordered_set>
#include <vector>

#include "server/commands/call.h"
#include "server/commands/errors.h"
#include "server/commands/numbers.h"
#include "server/commands/sets.h"

namespace server::commands {
namespace {

enum class Operation { kInter, kUnion, kDiff };

using Members = std::vector<std::string>;

// The sets under these keys, null where there is none. Empty after an error reply. Finding a key
// may delete it for its age and moves others then, so that all are looked for before any pointer is
// kept.
std::optional<std::vector<const storage::Set*>> FindSets(Call& call,
                                                         std::span<const std::string_view> names) {
  for (const std::string_view name : names) {
    if (!call.FindSet(call.Hash(name)).ok) return std::nullopt;
  }
  std::vector<const storage::Set*> sets;
  for (const std::string_view name : names) {
    storage::Item* item = call.db().Find(call.Hash(name));
    const bool live = item != nullptr && !call.IsExpired(*item);
    sets.push_back(live ? &item->set() : nullptr);
  }
  return sets;
}

bool InAll(const std::vector<const storage::Set*>& sets, std::string_view member) {
  return std::all_of(sets.begin(), sets.end(),
                     [&](const storage::Set* set) { return set->Contains(member); });
}

Members Intersect(std::vector<const storage::Set*> sets) {
  if (std::find(sets.begin(), sets.end(), nullptr) != sets.end()) return {};
  // The smallest is walked, and bounds the work.
  std::sort(sets.begin(), sets.end(),
            [](const auto* a, const auto* b) { return a->size() < b->size(); });
  const storage::Set* smallest = sets[0];
  sets.erase(sets.begin());
  Members members;
  smallest->ForEach([&](std::string_view member) {
    if (InAll(sets, member)) members.emplace_back(member);
  });
  return members;
}

Members Unite(const std::vector<const storage::Set*>& sets) {
  std::unordered_set<std::string> members;
  for (const storage::Set* set : sets) {
    if (set != nullptr) set->ForEach([&](std::string_view member) { members.emplace(member); });
  }
  return {members.begin(), members.end()};
}

Members Subtract(const std::vector<const storage::Set*>& sets) {
  Members members;
  if (sets[0] == nullptr) return members;
  sets[0]->ForEach([&](std::string_view member) {
    const bool elsewhere = std::any_of(sets.begin() + 1, sets.end(), [&](const storage::Set* set) {
      return set != nullptr && set->Contains(member);
    });
    if (!elsewhere) members.emplace_back(member);
  });
  return members;
}

Members Combine(Operation operation, const std::vector<const storage::Set*>& sets) {
  switch (operation) {
    case Operation::kInter:
      return Intersect(sets);
    case Operation::kUnion:
      return Unite(sets);
    case Operation::kDiff:
      return Subtract(sets);
  }
  return {};
}

void ReplyCombined(Call& call, Operation operation) {
  const auto sets = FindSets(call, call.args.subspan(1));
  if (!sets) return;
  const Members members = Combine(operation, *sets);
  call.reply.Set(members.size());
  for (const std::string& member : members) call.reply.Bulk(member);
}

void StoreCombined(Call& call, Operation operation) {
  const auto sets = FindSets(call, call.args.subspan(2));
  if (!sets) return;
  const Members members = Combine(operation, *sets);

  // The target may be of any type: it is replaced. It may be one of the sources, too.
  const storage::HashedKey target = call.Hash(call.args[1]);
  const bool existed = call.Find(target) != nullptr;
  if (existed) call.db().Delete(target);
  if (!members.empty()) {
    storage::Item* item = call.db().Create(target, storage::Type::kSet);
    const Change change(call, item, target);
    for (const std::string& member : members) item->set().Add(member, call.thresholds());
  }
  if (existed || !members.empty()) call.LogAsIs();
  call.reply.Integer(static_cast<int64_t>(members.size()));
}

}  // namespace

void SInter(Call& call) { ReplyCombined(call, Operation::kInter); }
void SUnion(Call& call) { ReplyCombined(call, Operation::kUnion); }
void SDiff(Call& call) { ReplyCombined(call, Operation::kDiff); }
void SInterStore(Call& call) { StoreCombined(call, Operation::kInter); }
void SUnionStore(Call& call) { StoreCombined(call, Operation::kUnion); }
void SDiffStore(Call& call) { StoreCombined(call, Operation::kDiff); }

void SInterCard(Call& call) {
  const std::optional<int64_t> key_count = ParseInteger(call.args[1]);
  if (!key_count || *key_count < 1) {
    return call.reply.Error("ERR numkeys should be greater than 0");
  }
  if (*key_count > static_cast<int64_t>(call.args.size()) - 2) {
    return call.reply.Error("ERR Number of keys can't be greater than number of args");
  }
  const auto keys_end = 2 + static_cast<size_t>(*key_count);
  int64_t limit = 0;  // 0: none.
  for (size_t i = keys_end; i < call.args.size(); i += 2) {
    if (!EqualsIgnoreCase(call.args[i], "limit") || i + 1 == call.args.size()) {
      return call.reply.Error(kSyntaxError);
    }
    const std::optional<int64_t> value = ParseInteger(call.args[i + 1]);
    if (!value || *value < 0) return call.reply.Error("ERR LIMIT can't be negative");
    limit = *value;
  }

  const auto sets = FindSets(call, call.args.subspan(2, keys_end - 2));
  if (!sets) return;
  const auto count = static_cast<int64_t>(Intersect(*sets).size());
  call.reply.Integer(limit > 0 ? std::min(count, limit) : count);
}

void SMove(Call& call) {
  const storage::HashedKey from = call.Hash(call.args[1]);
  const storage::HashedKey to = call.Hash(call.args[2]);
  const std::string_view member = call.args[3];
  const auto source = call.FindSet(from);
  if (!source.ok) return;
  if (source.item == nullptr) return call.reply.Integer(0);
  if (!call.FindSet(to).ok) return;
  // Finding the second key may have deleted it for its age: no pointer outlives a change.
  storage::Item* item = call.db().Find(from);
  const bool is_member = item->set().Contains(member);
  if (from.key == to.key || !is_member) return call.reply.Integer(is_member ? 1 : 0);

  {
    const Change change(call, item, from);
    item->set().Remove(member);
  }
  storage::Item* target = call.db().Find(to);
  if (target == nullptr) target = call.db().Create(to, storage::Type::kSet);
  {
    const Change change(call, target, to);
    target->set().Add(member, call.thresholds());
  }
  call.LogAsIs();
  call.reply.Integer(1);
}

}  // namespace server::commands
