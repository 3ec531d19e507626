#include "server/net/peers.h"

#include <spdlog/spdlog.h>

#include <cstring>

#include "raft/codec.h"
#include "server/net/node.h"
#include "server/net/shard.h"
#include "server/net/text_lines.h"

namespace server {
namespace {

// The largest entry is one command of proto-max-bulk-len and what a turn added to it.
constexpr size_t kFrameBytesMax = size_t{1} << 30;
constexpr size_t kGreetingBytesMax = 64 << 10;  // Until a peer has said who it is.

template <typename T>
void AppendNumber(T value, std::string& out) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <typename T>
T TakeNumber(std::string_view& bytes) {
  T value;
  std::memcpy(&value, bytes.data(), sizeof value);
  bytes.remove_prefix(sizeof value);
  return value;
}

}  // namespace

// A connection that a peer dialled: says who it is first, then frames come, and we answer only with
// our own announcement.
class Peers::Inbound {
 public:
  Inbound(Peers& peers, Handle<uv_stream_t> stream)
      : peers_(peers), stream_(std::move(stream)), reader_(kGreetingBytesMax) {
    stream_->data = this;
    buffer_ = std::make_unique<char[]>(kBufferBytes);
    const auto allocate = [](uv_handle_t* handle, size_t, uv_buf_t* buffer) {
      *buffer = uv_buf_init(static_cast<Inbound*>(handle->data)->buffer_.get(), kBufferBytes);
    };
    const auto read = [](uv_stream_t* from, ssize_t size, const uv_buf_t* buffer) {
      auto* inbound = static_cast<Inbound*>(from->data);
      if (size < 0) return inbound->Close();
      inbound->OnBytes({buffer->base, static_cast<size_t>(size)});
    };
    uv_read_start(stream_.get(), allocate, read);
  }

  void Close() {
    if (stream_ == nullptr) return;
    stream_.reset();
    peers_.OnInboundClosed(*this);
  }
  bool closed() const { return stream_ == nullptr; }
  raft::NodeId node() const { return node_; }
  int64_t created_ms() const { return created_ms_; }
  uint64_t messages_received() const { return messages_received_; }

 private:
  static constexpr unsigned kBufferBytes = 64 << 10;

  void OnBytes(std::string_view bytes) {
    peers_.shard_.RefreshMonotonicTime();
    reader_.Feed(bytes);
    raft::FrameReader::Frame frame;
    while (!closed()) {
      const auto outcome = reader_.Next(frame);
      if (outcome == raft::FrameReader::Outcome::kNeedMore) return;
      if (outcome == raft::FrameReader::Outcome::kCorrupt)
        return Close();  // A stranger, or a broken link.
      ++messages_received_;
      if (frame.header.kind == static_cast<uint8_t>(PeerFrame::kAnnouncement)) {
        if (!OnAnnouncement(frame.payload)) return Close();
      } else if (node_ == raft::kNobody) {
        return Close();
      } else {
        peers_.OnFrame(announcement_, node_, frame);
      }
    }
  }

  bool OnAnnouncement(std::string_view text) {
    std::optional<Announcement> announcement = DecodeAnnouncement(text);
    if (!announcement || !peers_.Acceptable(*announcement)) return false;
    const bool first = node_ == raft::kNobody;
    node_ = *NodeIdOf(announcement->node);
    announcement_ = std::move(*announcement);
    if (first) {
      reader_.set_payload_bytes_max(kFrameBytesMax);
      const std::string greeting = peers_.Greeting();
      uv_buf_t buffer =
          uv_buf_init(const_cast<char*>(greeting.data()), static_cast<unsigned>(greeting.size()));
      (void)uv_try_write(stream_.get(), &buffer, 1);
    }
    peers_.shard_.node().OnAnnouncement(announcement_);
    return true;
  }

  Peers& peers_;
  Handle<uv_stream_t> stream_;
  std::unique_ptr<char[]> buffer_;
  raft::FrameReader reader_;
  Announcement announcement_;
  raft::NodeId node_ = raft::kNobody;
  int64_t created_ms_ = peers_.shard_.wall_ms();
  uint64_t messages_received_ = 0;
};

class Peers::PartitionTransport final : public raft::Transport {
 public:
  PartitionTransport(Peers& peers, uint32_t partition) : peers_(peers), partition_(partition) {}
  void Send(raft::NodeId to, raft::Message message) override {
    peers_.SendRaft(partition_, to, message);
  }

 private:
  Peers& peers_;
  const uint32_t partition_;
};

Peers::Peers(Shard& shard) : shard_(shard) {}
Peers::~Peers() = default;

bool Peers::Start(const std::vector<discovery::Endpoint>& endpoints, const std::string& bind,
                  int bus_port) {
  std::string error;
  auto listener = Listener::Open(
      shard_.loop(), {.host = bind, .port = bus_port, .first = shard_.index() == 0}, 128,
      [this](Handle<uv_stream_t> stream) {
        inbound_.push_back(std::make_unique<Inbound>(*this, std::move(stream)));
      },
      error);
  if (!listener) {
    spdlog::error("cannot listen for peers on port {}: {}", bus_port, error);
    return false;
  }
  listeners_.push_back(std::move(listener));
  for (const discovery::Endpoint& endpoint : endpoints) {
    links_.push_back(std::make_unique<PeerLink>(
        shard_.loop(), endpoint,
        PeerLink::Events{
            .on_up =
                [this](PeerLink& link, const Announcement& announcement, const std::string& host) {
                  if (!Acceptable(announcement)) return false;
                  const raft::NodeId id = *NodeIdOf(announcement.node);
                  shard_.node().OnReached(announcement, host);
                  if (announcement.node == announcement_.node) return false;  // Ourselves.
                  by_node_[id] = &link;
                  link.created_ms = shard_.wall_ms();
                  link.messages_sent = 0;
                  return true;
                },
            .on_down =
                [this](PeerLink& link) {
                  const auto found = by_node_.find(link.node());
                  if (found != by_node_.end() && found->second == &link) by_node_.erase(found);
                  last_node_[&link] = link.node();
                },
            .on_refused =
                [this](PeerLink& link) {
                  // It was there, and now nobody listens on its port: its process is gone.
                  const auto found = last_node_.find(&link);
                  if (found == last_node_.end()) return;
                  shard_.Suspect(found->second);
                  last_node_.erase(found);
                }}));
    links_.back()->set_greeting(Greeting());
  }
  return true;
}

bool Peers::Acceptable(const Announcement& announcement) const {
  if (announcement.protocol != kPeerProtocol) {
    spdlog::warn("node {} speaks peer protocol {}, this node speaks {}", announcement.node,
                 announcement.protocol, kPeerProtocol);
    return false;
  }
  // Two clusters that meet by mistake refuse each other; one that knows none yet may listen.
  return announcement.cluster.empty() || cluster_id_.empty() || announcement.cluster == cluster_id_;
}

void Peers::SetCluster(const std::string& cluster_id) {
  cluster_id_ = cluster_id;
  incarnation_ = ParseNumber<uint64_t>(std::string_view(cluster_id).substr(0, 16), 16).value_or(0);
}

std::string Peers::Greeting() const {
  std::string frame;
  raft::AppendFrame({.kind = static_cast<uint8_t>(PeerFrame::kAnnouncement)}, announcement_text_,
                    frame);
  return frame;
}

void Peers::Announce(const Announcement& announcement) {
  announcement_ = announcement;
  announcement_text_ = Encode(announcement);
  const std::string greeting = Greeting();
  for (const auto& link : links_) {
    link->set_greeting(greeting);
    if (std::string* buffer = link->Buffer()) buffer->append(greeting);
  }
}

raft::Transport& Peers::TransportFor(uint32_t partition) {
  std::unique_ptr<PartitionTransport>& transport = transports_[partition];
  if (!transport) transport = std::make_unique<PartitionTransport>(*this, partition);
  return *transport;
}

PeerLink* Peers::LinkTo(raft::NodeId node) const {
  const auto found = by_node_.find(node);
  return found == by_node_.end() ? nullptr : found->second;
}

std::vector<NodeApi::LinkStatus> Peers::Status() const {
  std::vector<NodeApi::LinkStatus> status;
  for (const auto& [node, link] : by_node_) {
    status.push_back({.peer = node,
                      .outgoing = true,
                      .created_ms = link->created_ms,
                      .queued_bytes = link->queued_bytes(),
                      .messages_sent = link->messages_sent,
                      .messages_received = 0});
  }
  for (const auto& inbound : inbound_) {
    if (inbound->node() == raft::kNobody) continue;
    status.push_back({.peer = inbound->node(),
                      .outgoing = false,
                      .created_ms = inbound->created_ms(),
                      .queued_bytes = 0,
                      .messages_sent = 0,
                      .messages_received = inbound->messages_received()});
  }
  return status;
}

bool Peers::connected(raft::NodeId node) const { return LinkTo(node) != nullptr; }

void Peers::Send(raft::NodeId to, PeerFrame kind, std::string_view payload) {
  PeerLink* link = LinkTo(to);
  std::string* buffer = link != nullptr ? link->Buffer() : nullptr;
  if (buffer == nullptr) return;
  raft::AppendFrame({.kind = static_cast<uint8_t>(kind), .incarnation = incarnation_}, payload,
                    *buffer);
}

void Peers::SendRaft(uint32_t partition, raft::NodeId to, const raft::Message& message) {
  PeerLink* link = LinkTo(to);
  std::string* buffer = link != nullptr ? link->Buffer() : nullptr;
  if (buffer == nullptr) return;
  if (const auto* heartbeat = std::get_if<raft::Heartbeat>(&message)) {
    AppendNumber(partition, link->heartbeats);
    AppendNumber(heartbeat->term, link->heartbeats);
    AppendNumber(heartbeat->commit, link->heartbeats);
    AppendNumber(heartbeat->round, link->heartbeats);
    return;
  }
  if (const auto* reply = std::get_if<raft::HeartbeatReply>(&message)) {
    AppendNumber(partition, link->heartbeat_replies);
    AppendNumber(reply->term, link->heartbeat_replies);
    AppendNumber(reply->round, link->heartbeat_replies);
    return;
  }
  const size_t begin = raft::BeginFrame({.kind = static_cast<uint8_t>(PeerFrame::kRaft),
                                         .partition = partition,
                                         .incarnation = incarnation_},
                                        *buffer);
  raft::Encode(message, *buffer);
  raft::EndFrame(begin, *buffer);
  ++link->messages_sent;
}

void Peers::Flush() {
  for (const auto& link : links_) {
    if (std::string* buffer = link->Buffer()) {
      const auto append = [&](PeerFrame kind, std::string& payload) {
        if (payload.empty()) return;
        raft::AppendFrame({.kind = static_cast<uint8_t>(kind), .incarnation = incarnation_},
                          payload, *buffer);
        payload.clear();
        ++link->messages_sent;
      };
      append(PeerFrame::kHeartbeats, link->heartbeats);
      append(PeerFrame::kHeartbeatReplies, link->heartbeat_replies);
    }
    link->Flush();
  }
  removed_inbound_.clear();
}

void Peers::Tick(uint64_t monotonic_ms) {
  for (const auto& link : links_) link->Tick(monotonic_ms);
}

void Peers::OnInboundClosed(Inbound& inbound) {
  for (auto& held : inbound_) {
    if (held.get() != &inbound) continue;
    removed_inbound_.push_back(std::move(held));
    std::swap(held, inbound_.back());
    inbound_.pop_back();
    return;
  }
}

void Peers::OnFrame(const Announcement& from, raft::NodeId from_id,
                    const raft::FrameReader::Frame& frame) {
  switch (static_cast<PeerFrame>(frame.header.kind)) {
    case PeerFrame::kPrepare:
    case PeerFrame::kPrepared:
    case PeerFrame::kCommit:
      return shard_.node().OnFormingFrame(from.node, static_cast<PeerFrame>(frame.header.kind),
                                          frame.payload);
    default:
      break;
  }
  // A frame of another cluster, or of this node's life before it joined.
  if (cluster_id_.empty() || frame.header.incarnation != incarnation_) return;
  switch (static_cast<PeerFrame>(frame.header.kind)) {
    case PeerFrame::kRaft:
      if (std::optional<raft::Message> message = raft::Decode(frame.payload)) {
        Deliver(frame.header.partition, from_id, std::move(*message));
      }
      return;
    case PeerFrame::kHeartbeats:
      return OnHeartbeats(from_id, frame.payload);
    case PeerFrame::kHeartbeatReplies:
      return OnHeartbeatReplies(from_id, frame.payload);
    default:
      return;  // A newer version's.
  }
}

void Peers::Deliver(uint32_t partition, raft::NodeId from, raft::Message message) {
  if (PartitionHost* host = shard_.host(partition)) return host->OnMessage(from, message);
  Shard* owner = shard_.node().ShardOf(partition);
  if (owner == &shard_) return;  // No replica here.
  owner->mailbox().Post([owner, partition, from, message = std::move(message)] {
    owner->RefreshMonotonicTime();
    if (PartitionHost* host = owner->host(partition)) host->OnMessage(from, message);
  });
}

void Peers::OnHeartbeats(raft::NodeId from, std::string_view payload) {
  constexpr size_t kSize = 4 + 8 + 8 + 8;
  while (payload.size() >= kSize) {
    const auto partition = TakeNumber<uint32_t>(payload);
    raft::Heartbeat heartbeat;
    heartbeat.term = TakeNumber<uint64_t>(payload);
    heartbeat.commit = TakeNumber<uint64_t>(payload);
    heartbeat.round = TakeNumber<uint64_t>(payload);
    Deliver(partition, from, heartbeat);
  }
}

void Peers::OnHeartbeatReplies(raft::NodeId from, std::string_view payload) {
  constexpr size_t kSize = 4 + 8 + 8;
  while (payload.size() >= kSize) {
    const auto partition = TakeNumber<uint32_t>(payload);
    raft::HeartbeatReply reply;
    reply.term = TakeNumber<uint64_t>(payload);
    reply.round = TakeNumber<uint64_t>(payload);
    Deliver(partition, from, reply);
  }
}

}  // namespace server
