#include "server/net/peer_link.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "server/net/peers.h"

namespace server {
namespace {

constexpr size_t kBufferBytesMax = 64 << 20;
constexpr size_t kAnswerBytesMax = 1 << 20;  // A peer that we dialled only ever announces itself.
constexpr uint64_t kBackoffFirstMs = 20;
constexpr uint64_t kBackoffMaxMs = 500;
constexpr uint64_t kDialPatienceMs = 2000;
constexpr unsigned kUserTimeoutMs =
    5000;  // Unacknowledged bytes for so long: the peer has vanished (FAULTS N6).

std::string HostText(const sockaddr* address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address->sa_family == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(address)->sin_addr, text, sizeof text);
  } else {
    inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr, text,
              sizeof text);
  }
  return text;
}

}  // namespace

// What libuv's callbacks of one dial need.
struct PeerLink::Dial {
  uv_getaddrinfo_t lookup{};
  uv_connect_t connect{};
  std::shared_ptr<PeerLink*> self;
  uint64_t generation = 0;

  PeerLink* link() const {
    PeerLink* found = *self;
    return found != nullptr && found->generation_ == generation ? found : nullptr;
  }
};

struct PeerLink::Sending {
  uv_write_t request{};
  std::string bytes;
  std::shared_ptr<PeerLink*> self;
  uint64_t generation = 0;
};

PeerLink::PeerLink(uv_loop_t* loop, discovery::Endpoint endpoint, Events events)
    : loop_(loop),
      endpoint_(std::move(endpoint)),
      events_(std::move(events)),
      self_(std::make_shared<PeerLink*>(this)) {}

PeerLink::~PeerLink() { *self_ = nullptr; }

void PeerLink::Tick(uint64_t monotonic_ms) {
  now_ms_ = monotonic_ms;
  if (stream_ == nullptr && !dialling_ && monotonic_ms >= redial_at_ms_) Resolve();
  const bool stuck =
      !up() && (dialling_ || stream_ != nullptr) && now_ms_ - dial_started_ms_ > kDialPatienceMs;
  if (stuck) Break(/*refused=*/false);
}

// Every dial resolves: an address is never stored as truth.
void PeerLink::Resolve() {
  dialling_ = true;
  dial_started_ms_ = now_ms_;
  ++generation_;
  auto dial = std::make_unique<Dial>();
  dial->self = self_;
  dial->generation = generation_;
  dial->lookup.data = dial.get();
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  const int result = uv_getaddrinfo(
      loop_, &dial->lookup,
      [](uv_getaddrinfo_t* lookup, int status, addrinfo* found) {
        const std::unique_ptr<Dial> own(static_cast<Dial*>(lookup->data));
        if (PeerLink* link = own->link()) {
          if (status == 0) {
            link->Connect(found->ai_addr);
          } else {
            link->Break(/*refused=*/false);
          }
        }
        if (found != nullptr) uv_freeaddrinfo(found);
      },
      endpoint_.host.c_str(), std::to_string(endpoint_.port).c_str(), &hints);
  if (result != 0) return Break(/*refused=*/false);
  dial.release();  // The callback, which libuv calls exactly once, takes it back.
}

void PeerLink::Connect(const sockaddr* address) {
  host_ = HostText(address);
  auto tcp = MakeHandle<uv_tcp_t>([this](uv_tcp_t* raw) { return uv_tcp_init(loop_, raw); }, this);
  uv_tcp_nodelay(tcp.get(), 1);
  auto dial = std::make_unique<Dial>();
  dial->self = self_;
  dial->generation = generation_;
  dial->connect.data = dial.get();
  const int result =
      uv_tcp_connect(&dial->connect, tcp.get(), address, [](uv_connect_t* connect, int status) {
        const std::unique_ptr<Dial> own(static_cast<Dial*>(connect->data));
        if (PeerLink* link = own->link()) link->OnConnected(status);
      });
  stream_.reset(reinterpret_cast<uv_stream_t*>(tcp.release()));
  if (result != 0) return Break(result == UV_ECONNREFUSED);
  dial.release();
}

void PeerLink::OnConnected(int status) {
  dialling_ = false;
  if (status != 0) return Break(status == UV_ECONNREFUSED);
  int fd = -1;
  if (uv_fileno(reinterpret_cast<uv_handle_t*>(stream_.get()), &fd) == 0) {
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &kUserTimeoutMs, sizeof kUserTimeoutMs);
  }
  reader_ = std::make_unique<raft::FrameReader>(kAnswerBytesMax);
  buffer_ = greeting_;
  uv_read_start(
      stream_.get(),
      [](uv_handle_t*, size_t, uv_buf_t* buffer) {
        buffer->base = static_cast<char*>(std::malloc(4096));
        buffer->len = 4096;
      },
      [](uv_stream_t* stream, ssize_t size, const uv_buf_t* buffer) {
        const std::unique_ptr<char, decltype(&std::free)> owner(buffer->base, std::free);
        auto* link = static_cast<PeerLink*>(stream->data);
        if (size < 0) return link->Break(/*refused=*/false);
        link->OnBytes({buffer->base, static_cast<size_t>(size)});
      });
  Flush();
}

void PeerLink::OnBytes(std::string_view bytes) {
  reader_->Feed(bytes);
  raft::FrameReader::Frame frame;
  while (true) {
    const auto outcome = reader_->Next(frame);
    if (outcome == raft::FrameReader::Outcome::kNeedMore) return;
    if (outcome == raft::FrameReader::Outcome::kCorrupt) return Break(/*refused=*/false);
    if (up() || frame.header.kind != static_cast<uint8_t>(PeerFrame::kAnnouncement)) continue;
    const std::optional<Announcement> announcement = DecodeAnnouncement(frame.payload);
    if (!announcement || !events_.on_up(*this, *announcement, host_)) {
      backoff_ms_ = kBackoffMaxMs;
      return Break(/*refused=*/false);
    }
    node_ = *NodeIdOf(announcement->node);
    backoff_ms_ = 0;
  }
}

std::string* PeerLink::Buffer() {
  if (!up() || buffer_.size() + sending_bytes_ > kBufferBytesMax) return nullptr;
  return &buffer_;
}

void PeerLink::Flush() {
  if (stream_ == nullptr || dialling_ || buffer_.empty() || sending_bytes_ != 0) return;
  uv_buf_t buffer = uv_buf_init(buffer_.data(), static_cast<unsigned>(buffer_.size()));
  const int sent = uv_try_write(stream_.get(), &buffer, 1);
  if (sent < 0 && sent != UV_EAGAIN) return Break(/*refused=*/false);
  if (sent == static_cast<int>(buffer_.size())) return buffer_.clear();

  auto sending = std::make_unique<Sending>();
  sending->bytes = buffer_.substr(sent > 0 ? static_cast<size_t>(sent) : 0);
  sending->self = self_;
  sending->generation = generation_;
  sending->request.data = sending.get();
  buffer_.clear();
  const uv_buf_t rest =
      uv_buf_init(sending->bytes.data(), static_cast<unsigned>(sending->bytes.size()));
  const int result =
      uv_write(&sending->request, stream_.get(), &rest, 1, [](uv_write_t* request, int status) {
        const std::unique_ptr<Sending> own(static_cast<Sending*>(request->data));
        PeerLink* link = *own->self;
        if (link == nullptr || link->generation_ != own->generation) return;
        link->sending_bytes_ = 0;
        if (status != 0) return link->Break(/*refused=*/false);
        link->Flush();
      });
  if (result != 0) return Break(/*refused=*/false);
  sending_bytes_ = rest.len;
  sending.release();
}

void PeerLink::Break(bool refused) {
  const bool was_up = up();
  if (was_up) events_.on_down(*this);
  if (refused) events_.on_refused(*this);
  ++generation_;
  stream_.reset();
  reader_.reset();
  node_ = raft::kNobody;
  dialling_ = false;
  buffer_.clear();
  heartbeats.clear();
  heartbeat_replies.clear();
  sending_bytes_ = 0;
  // At once after a break: whether the peer's port is closed tells a dead process from a slow
  // network.
  redial_at_ms_ = now_ms_ + (was_up ? 0 : backoff_ms_);
  backoff_ms_ = std::clamp(backoff_ms_ * 2, kBackoffFirstMs, kBackoffMaxMs);
}

}  // namespace server
