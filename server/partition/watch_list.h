// Which connections watch which keys of a partition, for WATCH.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "server/commands/watch_state.h"

namespace server {

class WatchList {
 public:
  bool empty() const { return watchers_.empty(); }
  void Add(int database, std::string_view key, std::shared_ptr<WatchState> watcher);
  void KeyChanged(int database, std::string_view key);
  // Before a database is cleared: `exists(key)` tells whether that takes a key away.
  void DatabaseCleared(int database, const std::function<bool(std::string_view key)>& exists);
  void AllChanged();

 private:
  using Watchers = std::vector<std::shared_ptr<WatchState>>;
  static std::string NameOf(int database, std::string_view key);
  static void MarkDirty(const Watchers& watchers);
  void Sweep();  // Forgets those who stopped watching.

  std::unordered_map<std::string, Watchers> watchers_;
  size_t swept_size_ = 0;
};

}  // namespace server
