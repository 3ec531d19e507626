// Work that would stall a loop: syncs, RocksDB, freeing much memory. Runs elsewhere, comes back as
// a value.
#pragma once

#include <functional>

namespace server {

class Executor {
 public:
  virtual ~Executor() = default;
  // Runs `work` on another thread and then `done` on the caller's, in order of submission. Neither
  // is run once the executor is being destroyed. `work` must not touch what the caller's thread
  // owns.
  virtual void Run(std::function<void()> work, std::function<void()> done) = 0;
};

}  // namespace server
