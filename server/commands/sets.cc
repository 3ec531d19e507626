// Commands on single sets; those over several are in set_operations.cc.
#include "server/commands/sets.h"

#include <optional>
#include <string>
#include <vector>

#include "server/commands/call.h"
#include "server/commands/errors.h"
#include "server/commands/numbers.h"
#include "server/commands/random_sample.h"
#include "server/commands/scan_options.h"

namespace server::commands {
namespace {

// Takes members out at random. Logs which they were.
void PopMany(Call& call, const storage::HashedKey& key, storage::Item* item, size_t count) {
  storage::Set& set = item->set();
  std::vector<std::string> members;
  members.reserve(count);
  {
    const Change change(call, item, key);
    while (members.size() < count) {
      members.emplace_back(set.Random(call.Random()));
      set.Remove(members.back());
    }
  }
  std::vector<std::string_view> effect = {"srem", key.key};
  effect.insert(effect.end(), members.begin(), members.end());
  call.LogEffect(effect);
  call.reply.Set(count);
  for (const std::string& member : members) call.reply.Bulk(member);
}

void PopAll(Call& call, const storage::HashedKey& key, const storage::Set& set) {
  call.reply.Set(set.size());
  set.ForEach([&call](std::string_view member) { call.reply.Bulk(member); });
  call.db().Delete(key);
  call.LogEffect({"del", key.key});
}

}  // namespace

void SAdd(Call& call) {
  const storage::HashedKey key = call.Hash(call.args[1]);
  const auto found = call.FindSet(key);
  if (!found.ok) return;
  storage::Item* item =
      found.item != nullptr ? found.item : call.db().Create(key, storage::Type::kSet);
  int64_t added = 0;
  {
    // Begun by the first member that is new: a set that has them all is not touched.
    std::optional<Change> change;
    storage::Set& set = item->set();
    for (const std::string_view member : call.args.subspan(2)) {
      if (!change) {
        if (set.Contains(member)) continue;
        change.emplace(call, item, key);
      }
      if (set.Add(member, call.thresholds())) ++added;
    }
  }
  if (added > 0) call.LogAsIs();
  call.reply.Integer(added);
}

void SRem(Call& call) {
  const storage::HashedKey key = call.Hash(call.args[1]);
  const auto found = call.FindSet(key);
  if (!found.ok) return;
  if (found.item == nullptr) return call.reply.Integer(0);
  int64_t removed = 0;
  {
    std::optional<Change> change;
    for (const std::string_view member : call.args.subspan(2)) {
      if (found.value->size() == 0) break;
      if (!found.value->Contains(member)) continue;
      if (!change) change.emplace(call, found.item, key);
      found.value->Remove(member);
      ++removed;
    }
  }
  if (removed > 0) call.LogAsIs();
  call.reply.Integer(removed);
}

void SIsMember(Call& call) {
  const auto found = call.FindSet(call.Hash(call.args[1]));
  if (!found.ok) return;
  call.reply.Integer(found.value != nullptr && found.value->Contains(call.args[2]) ? 1 : 0);
}

void SMIsMember(Call& call) {
  const auto found = call.FindSet(call.Hash(call.args[1]));
  if (!found.ok) return;
  call.reply.Array(call.args.size() - 2);
  for (const std::string_view member : call.args.subspan(2)) {
    call.reply.Integer(found.value != nullptr && found.value->Contains(member) ? 1 : 0);
  }
}

void SCard(Call& call) {
  const auto found = call.FindSet(call.Hash(call.args[1]));
  if (!found.ok) return;
  call.reply.Integer(found.value != nullptr ? static_cast<int64_t>(found.value->size()) : 0);
}

void SMembers(Call& call) {
  const auto found = call.FindSet(call.Hash(call.args[1]));
  if (!found.ok) return;
  if (found.value == nullptr) return call.reply.Set(0);
  call.reply.Set(found.value->size());
  found.value->ForEach([&call](std::string_view member) { call.reply.Bulk(member); });
}

void SPop(Call& call) {
  const bool has_count = call.args.size() == 3;
  if (call.args.size() > 3) return call.reply.Error(kSyntaxError);
  int64_t wanted = 1;
  if (has_count) {
    const std::optional<int64_t> count = ParseInteger(call.args[2]);
    if (!count || *count < 0) return call.reply.Error(kMustBePositive);
    wanted = *count;
  }
  const storage::HashedKey key = call.Hash(call.args[1]);
  const auto found = call.FindSet(key);
  if (!found.ok) return;
  if (found.item == nullptr) return has_count ? call.reply.Set(0) : call.reply.Null();
  if (has_count) {
    if (wanted == 0) return call.reply.Set(0);
    if (static_cast<size_t>(wanted) >= found.value->size()) return PopAll(call, key, *found.value);
    return PopMany(call, key, found.item, static_cast<size_t>(wanted));
  }

  const std::string member(found.value->Random(call.Random()));
  {
    const Change change(call, found.item, key);
    found.value->Remove(member);
  }
  call.LogEffect({"srem", key.key, member});
  call.reply.Bulk(member);
}

void SRandMember(Call& call) {
  const bool has_count = call.args.size() > 2;
  if (call.args.size() > 3) return call.reply.Error(kSyntaxError);
  const std::optional<SampleRequest> request = ParseSampleRequest(call, {});
  if (!request) return;
  const auto found = call.FindSet(call.Hash(call.args[1]));
  if (!found.ok) return;
  if (found.value == nullptr) return has_count ? call.reply.Array(0) : call.reply.Null();
  if (!has_count) return call.reply.Bulk(found.value->Random(call.Random()));

  const std::optional<std::vector<size_t>> indexes =
      SampleIndexes(call, *request, found.value->size());
  if (!indexes) return;
  call.reply.Array(indexes->size());
  size_t at = 0;
  size_t next = 0;
  found.value->ForEach([&](std::string_view member) {
    for (; next < indexes->size() && (*indexes)[next] == at; ++next) call.reply.Bulk(member);
    ++at;
  });
}

void SScan(Call& call) {
  const std::optional<uint64_t> cursor = ParseCursor(call.args[2]);
  if (!cursor) return call.reply.Error(kInvalidCursor);
  const auto found = call.FindSet(call.Hash(call.args[1]));
  if (!found.ok) return;
  CountedBulks bulks(call.reply.version());
  if (found.value == nullptr) return ReplyScan(call, 0, bulks);
  const std::optional<ScanOptions> options = ParseScanOptions(call, 3, /*type_allowed=*/false);
  if (!options) return;
  const uint64_t next = found.value->Scan(*cursor, options->count, [&](std::string_view member) {
    if (options->Matches(member)) bulks.Add(member);
  });
  ReplyScan(call, next, bulks);
}

}  // namespace server::commands
