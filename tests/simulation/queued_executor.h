// Work that is done when told so, in order. What was not done when the node crashed never is.
#pragma once

#include <deque>
#include <functional>
#include <utility>

#include "server/partition/executor.h"

namespace sim {

class QueuedExecutor final : public server::Executor {
 public:
  void Run(std::function<void()> work, std::function<void()> done) override {
    queue_.push_back({std::move(work), std::move(done)});
  }

  bool idle() const { return queue_.empty(); }

  // Half a task: its work, or what follows on the owner's thread. False if there was none.
  bool Step() {
    if (queue_.empty()) return false;
    if (std::exchange(working_, !working_)) {
      const auto done = std::move(queue_.front().done);
      queue_.pop_front();
      done();
    } else {
      queue_.front().work();
    }
    return true;
  }

  void Clear() {
    queue_.clear();
    working_ = false;
  }

  void RunAll() {
    while (Step()) {
    }
  }

 private:
  struct Task {
    std::function<void()> work;
    std::function<void()> done;
  };
  std::deque<Task> queue_;
  bool working_ = false;  // The front's work has been done.
};

}  // namespace sim
