#include "server/commands/call.h"

#include <cassert>

#include "server/commands/errors.h"

namespace server {

// SplitMix64: one addition and a few multiplications, and any seed is a good one.
uint64_t Call::Random() {
  assert(context_.random != nullptr);
  uint64_t bits = (*context_.random += 0x9E3779B97F4A7C15u);
  bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9u;
  bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EBu;
  return bits ^ (bits >> 31);
}

bool Call::IsExpired(const storage::Item& item) const {
  if (context_.applying) return false;  // A key lives until the log says otherwise.
  const int64_t deadline_ms = item.expire_at_ms();
  return deadline_ms != storage::kNoExpiry && deadline_ms <= now_ms;
}

storage::Item* Call::ExpireIfDue(int database, storage::Item* item, const storage::HashedKey& key) {
  if (!IsExpired(*item)) return item;
  // A stale read on a follower hides the key, and leaves it for the leader to delete.
  if (context_.may_expire) {
    db(database).Delete(key);
    if (context_.deaths != nullptr) ++context_.deaths->expired;
    if (context_.log != nullptr) {
      const std::string_view effect[] = {"del", key.key};
      context_.log->Log(database, effect);
    }
  }
  return nullptr;
}

Call::FoundString Call::FindString(const storage::HashedKey& key) {
  storage::Item* item = Find(key);
  if (item == nullptr) return {};
  if (item->type() != storage::Type::kString) {
    reply.Error(commands::kWrongType);
    return {.ok = false, .item = nullptr, .value = {}};
  }
  return {.ok = true, .item = item, .value = item->string()};
}

Call::Found<storage::Hash> Call::FindHash(const storage::HashedKey& key) {
  storage::Item* item = FindTyped(key, storage::Type::kHash);
  if (item == nullptr) return {.ok = !wrong_type_};
  return {.ok = true, .item = item, .value = &item->hash()};
}

Call::Found<storage::List> Call::FindList(const storage::HashedKey& key) {
  storage::Item* item = FindTyped(key, storage::Type::kList);
  if (item == nullptr) return {.ok = !wrong_type_};
  return {.ok = true, .item = item, .value = &item->list()};
}

Call::Found<storage::Set> Call::FindSet(const storage::HashedKey& key) {
  storage::Item* item = FindTyped(key, storage::Type::kSet);
  if (item == nullptr) return {.ok = !wrong_type_};
  return {.ok = true, .item = item, .value = &item->set()};
}

Call::Found<storage::SortedSet> Call::FindSortedSet(const storage::HashedKey& key) {
  storage::Item* item = FindTyped(key, storage::Type::kSortedSet);
  if (item == nullptr) return {.ok = !wrong_type_};
  return {.ok = true, .item = item, .value = &item->sorted_set()};
}

storage::Item* Call::FindTyped(const storage::HashedKey& key, storage::Type type) {
  wrong_type_ = false;
  storage::Item* item = Find(key);
  if (item == nullptr || item->type() == type) return item;
  reply.Error(commands::kWrongType);
  wrong_type_ = true;
  return nullptr;
}

void Call::LogEffect(std::initializer_list<std::string_view> command) {
  LogEffect(std::span<const std::string_view>(command.begin(), command.size()));
}

void Call::LogEffect(std::span<const std::string_view> command) {
  if (context_.log != nullptr) context_.log->Log(context_.database, command);
}

void Call::ReadsWholeKeyspace() {
  if (context_.gate != nullptr) context_.gate->OnReadAll();
}

}  // namespace server
