#include "server/net/worker.h"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

namespace server {
namespace {

constexpr int kBackgroundNice = 10;

}  // namespace

Worker::Worker(const std::string& thread_name, bool background)
    : thread_([this, background] { Work(background); }) {
  pthread_setname_np(thread_.native_handle(), thread_name.substr(0, 15).c_str());
}

Worker::~Worker() { Stop(); }

void Worker::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  ready_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Worker::Submit(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    queue_.push_back(std::move(work));
  }
  ready_.notify_one();
}

void Worker::Work(bool background) {
  if (background) {
    // Linux keeps a nice value for each thread. Best effort: without it the work is done all the
    // same.
    (void)setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kBackgroundNice);
  }
  std::unique_lock lock(mutex_);
  while (true) {
    ready_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) return;
    const std::function<void()> work = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    work();
    lock.lock();
  }
}

void ShardExecutor::Run(std::function<void()> work, std::function<void()> done) {
  worker_.Submit([&home = home_, work = std::move(work), done = std::move(done)]() mutable {
    work();
    work = nullptr;  // What it holds is freed before the other thread goes on.
    home.Post(std::move(done));
  });
}

}  // namespace server
