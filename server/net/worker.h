// A thread that does what would stall a loop. One for a shard's log, one for the node's
// checkpoints: a slow disk under one never keeps the other waiting (FAULTS O6).
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "server/net/mailbox.h"
#include "server/partition/executor.h"

namespace server {

class Worker {
 public:
  // A `background` thread gives way to others: it never costs the loops their turn on a busy
  // machine.
  explicit Worker(const std::string& thread_name, bool background = false);
  ~Worker();
  void Submit(std::function<void()> work);  // Any thread.
  // Finishes what was submitted and ends the thread; what is submitted later is dropped.
  void Stop();

 private:
  void Work(bool background);

  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::function<void()>> queue_;
  bool stopping_ = false;
  std::thread thread_;
};

// A worker as one shard uses it: outcomes come back through the shard's mailbox.
class ShardExecutor final : public Executor {
 public:
  ShardExecutor(Worker& worker, Mailbox& home) : worker_(worker), home_(home) {}
  void Run(std::function<void()> work, std::function<void()> done) override;

 private:
  Worker& worker_;
  Mailbox& home_;
};

}  // namespace server
