// The connections of a shard, and what their session commands ask of the node.
#include <arpa/inet.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>

#include "server/net/node.h"
#include "server/net/shard.h"

namespace server {
namespace {

constexpr uint64_t kSlotBits =
    20;  // A million connections of a shard; the rest of a number is a generation.

std::string AddressText(const sockaddr_storage& address) {
  char host[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    inet_ntop(AF_INET, &v4.sin_addr, host, sizeof host);
    return std::string(host) + ":" + std::to_string(ntohs(v4.sin_port));
  }
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
  inet_ntop(AF_INET6, &v6.sin6_addr, host, sizeof host);
  return "[" + std::string(host) + "]:" + std::to_string(ntohs(v6.sin6_port));
}

bool IsLoopback(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    return ntohl(reinterpret_cast<const sockaddr_in&>(address).sin_addr.s_addr) >> 24 == 127;
  }
  const in6_addr& v6 = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
  return IN6_IS_ADDR_LOOPBACK(&v6) || (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127);
}

void SendAndForget(uv_stream_t* stream, std::string_view text) {
  uv_buf_t buffer = uv_buf_init(const_cast<char*>(text.data()), static_cast<unsigned>(text.size()));
  (void)uv_try_write(stream, &buffer, 1);
}

}  // namespace

bool Shard::Listen() {
  const auto accept = [this](bool unix_socket) {
    return
        [this, unix_socket](Handle<uv_stream_t> stream) { Accept(std::move(stream), unix_socket); };
  };
  const int backlog = static_cast<int>(settings_->tcp_backlog);
  std::string error;
  if (settings_->port != 0) {
    for (const std::string& address : settings_->bind) {
      const bool optional = address.starts_with('-');
      const std::string host = optional ? address.substr(1) : address;
      auto listener = Listener::Open(
          &loop_, {.host = host, .port = static_cast<int>(settings_->port), .first = index_ == 0},
          backlog, accept(false), error);
      if (listener) {
        listeners_.push_back(std::move(listener));
      } else if (!optional) {
        spdlog::error("cannot listen on {}:{}: {}", host, settings_->port, error);
        return false;
      }
    }
  }
  if (index_ == 0 && !settings_->unixsocket.empty()) {
    auto listener = Listener::Open(&loop_,
                                   {.host = settings_->unixsocket,
                                    .unix_socket = true,
                                    .permissions = static_cast<int>(settings_->unixsocketperm)},
                                   backlog, accept(true), error);
    if (!listener) {
      spdlog::error("cannot listen on {}: {}", settings_->unixsocket, error);
      return false;
    }
    listeners_.push_back(std::move(listener));
  }
  return true;
}

// protected-mode: without a password only clients on this machine are let in, as in Redis.
bool Shard::IsProtectedFrom(uv_stream_t* stream) const {
  if (!settings_->protected_mode || !settings_->requirepass.empty()) return false;
  sockaddr_storage address{};
  int size = sizeof address;
  auto* tcp = reinterpret_cast<uv_tcp_t*>(stream);
  const int result = uv_tcp_getpeername(tcp, reinterpret_cast<sockaddr*>(&address), &size);
  return result != 0 || !IsLoopback(address);
}

void Shard::Accept(Handle<uv_stream_t> stream, bool unix_socket) {
  stats_.connections_received.Add();
  if (!unix_socket && IsProtectedFrom(stream.get())) {
    stats_.connections_rejected.Add();
    SendAndForget(
        stream.get(),
        "-DENIED The server runs in protected mode: no password is set, so only clients on "
        "this machine are accepted. Set requirepass, or 'protected-mode no' to let in "
        "everyone who can reach it.\r\n");
    return;
  }
  if (!node_.AdmitClient()) {
    stats_.connections_rejected.Add();
    SendAndForget(stream.get(), "-ERR max number of clients reached\r\n");
    return;
  }
  uint32_t slot = 0;
  if (free_slots_.empty()) {
    slot = static_cast<uint32_t>(connections_.size());
    connections_.emplace_back();
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
  }
  const uint64_t number = (++last_generation_ << kSlotBits) | slot;
  uv_stream_t* raw = stream.get();
  auto connection = std::make_unique<Connection>(*this, std::move(stream), number);
  connection->id = node_.NextClientId();
  connection->unix_socket = unix_socket;
  connection->created_ms = connection->last_active_ms = turn_wall_ms_;
  int fd = -1;
  uv_fileno(reinterpret_cast<uv_handle_t*>(raw), &fd);
  connection->file_descriptor = fd;
  if (unix_socket) {
    connection->address = connection->local_address = settings_->unixsocket + ":0";
  } else {
    auto* tcp = reinterpret_cast<uv_tcp_t*>(raw);
    uv_tcp_nodelay(tcp, 1);
    if (settings_->tcp_keepalive > 0) {
      uv_tcp_keepalive(tcp, 1, static_cast<unsigned>(settings_->tcp_keepalive));
    }
    sockaddr_storage address{};
    int size = sizeof address;
    if (uv_tcp_getpeername(tcp, reinterpret_cast<sockaddr*>(&address), &size) == 0) {
      connection->address = AddressText(address);
    }
    size = sizeof address;
    if (uv_tcp_getsockname(tcp, reinterpret_cast<sockaddr*>(&address), &size) == 0) {
      connection->local_address = AddressText(address);
    }
  }
  connections_[slot] = std::move(connection);
  stats_.connections.Set(stats_.connections.get() + 1);
  if (reads_clients_ && !connections_[slot]->Start()) connections_[slot]->Close();
}

// Where there is little to load nobody sees -LOADING, as nobody does with Redis: who connects
// meanwhile is read from when it is done, or when it turns out to take long.
void Shard::ReadClientsOnceLoaded() {
  constexpr uint64_t kPatienceTicks = 100;
  if (reads_clients_ || (node_.loading() && ticks_ < kPatienceTicks)) return;
  reads_clients_ = true;
  for (size_t i = 0; i < connections_.size(); ++i) {
    Connection* connection = connections_[i].get();
    if (connection != nullptr && !connection->Start()) connection->Close();
  }
}

Connection* Shard::FindConnection(uint64_t number) {
  const uint64_t slot = number & ((uint64_t{1} << kSlotBits) - 1);
  if (slot >= connections_.size()) return nullptr;
  Connection* connection = connections_[slot].get();
  return connection != nullptr && connection->number() == number ? connection : nullptr;
}

void Shard::Remove(Connection& connection) {
  const uint64_t slot = connection.number() & ((uint64_t{1} << kSlotBits) - 1);
  removed_.push_back(std::move(connections_[slot]));
  free_slots_.push_back(static_cast<uint32_t>(slot));
  stats_.connections.Set(stats_.connections.get() - 1);
  node_.ClientGone();
}

void Shard::WantsFlush(Connection& connection) {
  if (connection.wants_flush_) return;
  connection.wants_flush_ = true;
  to_flush_.push_back(connection.number());
}

void Shard::ReapClients() {
  for (size_t i = 0; i < connections_.size(); ++i) {
    Connection* connection = connections_[i].get();
    if (connection == nullptr) continue;
    connection->CheckOutputLimits();
    if (settings_->timeout == 0 || connection->closed()) continue;
    if (turn_wall_ms_ - connection->last_active_ms > settings_->timeout * 1000) connection->Close();
  }
}

void Shard::StopListening() { listeners_.clear(); }

bool Shard::replies_waiting() const {
  for (const auto& connection : connections_) {
    if (connection != nullptr && connection->owes_replies()) return true;
  }
  return false;
}

void Shard::SetSettings(std::shared_ptr<const Settings> settings) {
  settings_ = std::move(settings);
  log_writer_.set_mode(Node::SyncModeOf(*settings_));
  for (const auto& connection : connections_) {
    if (connection != nullptr) connection->OnSettings(*settings_);
  }
  for (const auto& host : hosts_) host->SetLive(Node::LiveOptionsOf(*settings_, partitions()));
  RefuseWrites();
  WatchMemory();
}

// --- NodeApi

void Shard::ConfigGet(std::vector<std::string> patterns, int resp_version,
                      std::function<void(std::string)> answer) {
  node_.OnHome(
      *this,
      [patterns = std::move(patterns), resp_version](Node& node) {
        return node.ConfigGet(patterns, resp_version);
      },
      std::move(answer));
}

void Shard::ConfigSet(std::vector<std::pair<std::string, std::string>> pairs,
                      std::function<void(std::string)> answer) {
  node_.OnHome(
      *this, [pairs = std::move(pairs)](Node& node) { return node.ConfigSet(pairs); },
      std::move(answer));
}

void Shard::ConfigRewrite(std::function<void(std::string)> answer) {
  node_.OnHome(
      *this, [](Node& node) { return node.ConfigRewrite(); }, std::move(answer));
}

void Shard::ConfigResetStat() {
  node_.OnHome(
      *this,
      [](Node& node) {
        node.ResetStats();
        return std::string();
      },
      [](const std::string&) {});
}

void Shard::Info(std::vector<std::string> sections, std::function<void(std::string)> answer) {
  node_.Info(*this, std::move(sections), std::move(answer));
}

void Shard::ForEachSession(SessionWork work, std::function<void(std::string)> answer) {
  node_.OnEveryShard(
      *this,
      [work = std::move(work)](Shard& shard) {
        std::string out;
        // By index: the work may close connections.
        for (size_t i = 0; i < shard.connections_.size(); ++i) {
          if (shard.connections_[i] != nullptr) work(*shard.connections_[i], out);
        }
        return out;
      },
      std::move(answer));
}

void Shard::CloseSession(Session& session, bool after_reply) {
  auto& connection = static_cast<Connection&>(session);
  if (after_reply) {
    connection.close_after_reply = true;
    connection.shard_.WantsFlush(connection);
  } else {
    connection.Close();
  }
}

uint64_t Shard::input_bytes(const Session& session) const {
  return static_cast<const Connection&>(session).input_bytes();
}

uint64_t Shard::output_bytes(const Session& session) const {
  return static_cast<const Connection&>(session).output_bytes();
}

void Shard::Checkpoint(std::function<void(std::string)> answer) {
  node_.Checkpoint(*this, std::move(answer));
}

bool Shard::checkpoint_running() const { return node_.checkpoint_running(); }

int64_t Shard::last_checkpoint_s() const { return node_.last_checkpoint_s(); }

void Shard::Shutdown(bool save, std::function<void(std::string)> failed) {
  node_.RequestShutdown(*this, save, std::move(failed));
}

}  // namespace server
