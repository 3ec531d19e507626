// Where other threads leave work for a shard: a lock-free list, and one wake-up for as much as is
// there.
#pragma once

#include <atomic>
#include <functional>

#include "server/net/handle.h"

namespace server {

class Mailbox {
 public:
  using Letter = std::function<void()>;

  explicit Mailbox(uv_loop_t* loop);
  ~Mailbox();
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  // Any thread. Letters of one sender are opened in the order sent.
  void Post(Letter letter);

 private:
  struct Node {
    Letter letter;
    Node* next;
  };

  void OpenAll();  // The loop's thread.

  std::atomic<Node*> newest_ = nullptr;
  Handle<uv_async_t> wake_;
};

}  // namespace server
