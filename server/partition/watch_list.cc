#include "server/partition/watch_list.h"

#include <algorithm>
#include <iterator>

namespace server {

namespace {

bool Gone(const std::shared_ptr<WatchState>& watcher) {
  return watcher->abandoned.load() || watcher->dirty.load();
}

}  // namespace

std::string WatchList::NameOf(int database, std::string_view key) {
  std::string name(1, static_cast<char>(database));
  name.append(key);
  return name;
}

void WatchList::MarkDirty(const Watchers& watchers) {
  for (const auto& watcher : watchers) watcher->dirty.store(true, std::memory_order_release);
}

void WatchList::Add(int database, std::string_view key, std::shared_ptr<WatchState> watcher) {
  Watchers& watchers = watchers_[NameOf(database, key)];
  // Those who stopped watching are dropped when their key is met again, so a key's list stays as
  // long as its living watchers.
  std::erase_if(watchers, Gone);
  if (std::find(watchers.begin(), watchers.end(), watcher) == watchers.end()) {
    watchers.push_back(std::move(watcher));
  }
  if (watchers_.size() >= 2 * swept_size_ + 64) Sweep();
}

void WatchList::Sweep() {
  for (auto entry = watchers_.begin(); entry != watchers_.end();) {
    std::erase_if(entry->second, Gone);
    entry = entry->second.empty() ? watchers_.erase(entry) : std::next(entry);
  }
  swept_size_ = watchers_.size();
}

void WatchList::KeyChanged(int database, std::string_view key) {
  const auto found = watchers_.find(NameOf(database, key));
  if (found == watchers_.end()) return;
  MarkDirty(found->second);
  watchers_.erase(found);
}

void WatchList::DatabaseCleared(int database,
                                const std::function<bool(std::string_view key)>& exists) {
  std::erase_if(watchers_, [database, &exists](const auto& entry) {
    if (entry.first[0] != static_cast<char>(database)) return false;
    if (!exists(std::string_view(entry.first).substr(1))) return false;
    MarkDirty(entry.second);
    return true;
  });
}

void WatchList::AllChanged() {
  for (const auto& [name, watchers] : watchers_) MarkDirty(watchers);
  watchers_.clear();
}

}  // namespace server
