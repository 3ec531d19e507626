#include "server/net/mailbox.h"

#include <cassert>
#include <memory>
#include <utility>

namespace server {

Mailbox::Mailbox(uv_loop_t* loop)
    : wake_(MakeHandle<uv_async_t>(
          [loop](uv_async_t* raw) {
            return uv_async_init(loop, raw, [](uv_async_t* async) {
              static_cast<Mailbox*>(async->data)->OpenAll();
            });
          },
          this)) {
  assert(wake_ != nullptr);
}

Mailbox::~Mailbox() {
  for (Node* node = newest_.exchange(nullptr); node != nullptr;)
    delete std::exchange(node, node->next);
}

void Mailbox::Post(Letter letter) {
  Node* before = newest_.load(std::memory_order_relaxed);
  auto* node = new Node{std::move(letter), before};
  while (!newest_.compare_exchange_weak(before, node, std::memory_order_release,
                                        std::memory_order_relaxed)) {
    node->next = before;
  }
  // The node is the loop's now, and perhaps gone already. Whoever found the list empty wakes the
  // loop; it takes all that is there by then.
  if (before == nullptr) uv_async_send(wake_.get());
}

void Mailbox::OpenAll() {
  Node* newest = newest_.exchange(nullptr, std::memory_order_acquire);
  Node* oldest = nullptr;
  while (newest != nullptr) {  // The list is newest first.
    Node* next = newest->next;
    newest->next = oldest;
    oldest = newest;
    newest = next;
  }
  while (oldest != nullptr) {
    const std::unique_ptr<Node> node(oldest);
    oldest = node->next;
    node->letter();
  }
}

}  // namespace server
