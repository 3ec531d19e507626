// Commands on hashes; numbers in fields are in hash_numbers.cc, scans and samples in hash_walks.cc.
#include "server/commands/hashes.h"

#include <optional>
#include <string>

#include "server/commands/call.h"
#include "server/commands/errors.h"

namespace server::commands {
namespace {

void SetFields(Call& call, std::string_view command) {
  if (call.args.size() % 2 != 0) {
    return call.reply.Error("ERR wrong number of arguments for '" + std::string(command) +
                            "' command");
  }
  const storage::HashedKey key = call.Hash(call.args[1]);
  Call::Found<storage::Hash> found = call.FindHash(key);
  if (!found.ok) return;
  storage::Item* item =
      found.item != nullptr ? found.item : call.db().Create(key, storage::Type::kHash);

  int64_t added = 0;
  {
    const Change change(call, item, key);
    storage::Hash& hash = item->hash();
    for (size_t i = 2; i < call.args.size(); i += 2) {
      if (hash.Set(call.args[i], call.args[i + 1], call.thresholds())) ++added;
    }
  }
  call.LogAsIs();
  command == "hset" ? call.reply.Integer(added) : call.reply.Ok();
}

}  // namespace

void HSet(Call& call) { SetFields(call, "hset"); }

void HMSet(Call& call) { SetFields(call, "hmset"); }

void HSetNx(Call& call) {
  const storage::HashedKey key = call.Hash(call.args[1]);
  Call::Found<storage::Hash> found = call.FindHash(key);
  if (!found.ok) return;
  if (found.value != nullptr && found.value->Get(call.args[2])) return call.reply.Integer(0);
  storage::Item* item =
      found.item != nullptr ? found.item : call.db().Create(key, storage::Type::kHash);
  {
    const Change change(call, item, key);
    item->hash().Set(call.args[2], call.args[3], call.thresholds());
  }
  call.LogAsIs();
  call.reply.Integer(1);
}

void HGet(Call& call) {
  const auto found = call.FindHash(call.Hash(call.args[1]));
  if (!found.ok) return;
  const auto value = found.value != nullptr ? found.value->Get(call.args[2]) : std::nullopt;
  value ? call.reply.Bulk(*value) : call.reply.Null();
}

void HMGet(Call& call) {
  const auto found = call.FindHash(call.Hash(call.args[1]));
  if (!found.ok) return;
  call.reply.Array(call.args.size() - 2);
  for (const std::string_view field : call.args.subspan(2)) {
    const auto value = found.value != nullptr ? found.value->Get(field) : std::nullopt;
    value ? call.reply.Bulk(*value) : call.reply.Null();
  }
}

void HGetAll(Call& call) {
  const auto found = call.FindHash(call.Hash(call.args[1]));
  if (!found.ok) return;
  if (found.value == nullptr) return call.reply.Map(0);
  call.reply.Map(found.value->size());
  found.value->ForEach([&call](std::string_view field, std::string_view value) {
    call.reply.Bulk(field);
    call.reply.Bulk(value);
  });
}

void HKeys(Call& call) {
  const auto found = call.FindHash(call.Hash(call.args[1]));
  if (!found.ok) return;
  if (found.value == nullptr) return call.reply.Array(0);
  call.reply.Array(found.value->size());
  found.value->ForEach(
      [&call](std::string_view field, std::string_view) { call.reply.Bulk(field); });
}

void HVals(Call& call) {
  const auto found = call.FindHash(call.Hash(call.args[1]));
  if (!found.ok) return;
  if (found.value == nullptr) return call.reply.Array(0);
  call.reply.Array(found.value->size());
  found.value->ForEach(
      [&call](std::string_view, std::string_view value) { call.reply.Bulk(value); });
}

void HLen(Call& call) {
  const auto found = call.FindHash(call.Hash(call.args[1]));
  if (!found.ok) return;
  call.reply.Integer(found.value != nullptr ? static_cast<int64_t>(found.value->size()) : 0);
}

void HDel(Call& call) {
  const storage::HashedKey key = call.Hash(call.args[1]);
  Call::Found<storage::Hash> found = call.FindHash(key);
  if (!found.ok) return;
  if (found.value == nullptr) return call.reply.Integer(0);
  int64_t deleted = 0;
  {
    // Begun by the first field that is there: otherwise nothing is touched.
    std::optional<Change> change;
    for (const std::string_view field : call.args.subspan(2)) {
      if (found.value->size() == 0) break;
      if (!found.value->Get(field)) continue;
      if (!change) change.emplace(call, found.item, key);
      found.value->Delete(field);
      ++deleted;
    }
  }
  if (deleted > 0) call.LogAsIs();
  call.reply.Integer(deleted);
}

void HExists(Call& call) {
  const auto found = call.FindHash(call.Hash(call.args[1]));
  if (!found.ok) return;
  call.reply.Integer(found.value != nullptr && found.value->Get(call.args[2]) ? 1 : 0);
}

void HStrLen(Call& call) {
  const auto found = call.FindHash(call.Hash(call.args[1]));
  if (!found.ok) return;
  const auto value = found.value != nullptr ? found.value->Get(call.args[2]) : std::nullopt;
  call.reply.Integer(value ? static_cast<int64_t>(value->size()) : 0);
}

}  // namespace server::commands
