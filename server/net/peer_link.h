// One outgoing link: dials its endpoint until it is up, again when it breaks, and sends what a turn
// has gathered.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "discovery/endpoint.h"
#include "raft/frame.h"
#include "server/net/announcement.h"
#include "server/net/handle.h"

namespace server {

class PeerLink {
 public:
  struct Events {
    // The peer has said who it is. False refuses it: the link is closed, and dialled again later.
    std::function<bool(PeerLink& link, const Announcement& announcement, const std::string& host)>
        on_up;
    // An established link broke; `refused`: and the peer's port is closed now, so its process is
    // gone.
    std::function<void(PeerLink& link)> on_down;
    std::function<void(PeerLink& link)> on_refused;
  };

  PeerLink(uv_loop_t* loop, discovery::Endpoint endpoint, Events events);
  ~PeerLink();

  const discovery::Endpoint& endpoint() const { return endpoint_; }
  raft::NodeId node() const { return node_; }  // kNobody while it is not up.
  bool up() const { return node_ != raft::kNobody; }
  void set_greeting(std::string frame) { greeting_ = std::move(frame); }

  // Where frames are appended; Flush sends them. Null while the link is down, or is so far behind
  // that more would only be memory (FAULTS N8): what is not sent is lost, and Raft sends it again.
  std::string* Buffer();
  void Flush();
  void Tick(uint64_t monotonic_ms);

  // For CLUSTER LINKS.
  int64_t created_ms = 0;  // Unix time at which it came up.
  uint64_t messages_sent = 0;
  size_t queued_bytes() const { return buffer_.size() + sending_bytes_; }

  // Heartbeats gathered for one frame each.
  std::string heartbeats;
  std::string heartbeat_replies;

 private:
  struct Dial;
  struct Sending;
  void Resolve();
  void Connect(const sockaddr* address);
  void OnConnected(int status);
  void OnBytes(std::string_view bytes);
  void Break(bool refused);

  uv_loop_t* loop_;
  const discovery::Endpoint endpoint_;
  Events events_;
  std::string greeting_;
  Handle<uv_stream_t> stream_;
  std::shared_ptr<PeerLink*> self_;  // Null inside once this is gone: callbacks of libuv ask it.
  std::unique_ptr<raft::FrameReader> reader_;
  std::string host_;  // That the connection reached.
  raft::NodeId node_ = raft::kNobody;
  bool dialling_ = false;
  uint64_t generation_ = 0;  // Of the connection: late callbacks of an earlier one are ignored.
  std::string buffer_;
  size_t sending_bytes_ = 0;
  uint64_t now_ms_ = 0;
  uint64_t redial_at_ms_ = 0;
  uint64_t dial_started_ms_ = 0;
  uint64_t backoff_ms_ = 0;
};

}  // namespace server
