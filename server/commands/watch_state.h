// What WATCH leaves behind: one per connection that watches, shared with the partitions that hold
// the keys. The only atomic on a command's way, and only for connections that WATCH: keys and
// connection may be on different shards.
#pragma once

#include <atomic>

namespace server {

struct WatchState {
  std::atomic<bool> dirty = false;  // A watched key changed, or may have.
  std::atomic<bool> abandoned =
      false;  // Nobody asks any more; partitions forget it when they meet it.
};

}  // namespace server
