#include "server/net/listener.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <cstring>

namespace server {
namespace {

// "*" is every IPv4 address and "::*" every IPv6 one, as in Redis.
std::string HostToBind(const std::string& host) {
  if (host.empty() || host == "*") return "0.0.0.0";
  return host == "::*" ? "::" : host;
}

// With `shared`, a socket that several shards can bind to the same port.
int BoundSocket(const Listener::Address& address, std::string& error) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const std::string host = HostToBind(address.host);
  const int result =
      getaddrinfo(host.c_str(), std::to_string(address.port).c_str(), &hints, &found);
  if (result != 0) {
    error = gai_strerror(result);
    errno = EADDRNOTAVAIL;
    return -1;
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
  const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const int on = 1;
  if (fd >= 0 && found->ai_family == AF_INET6)
    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  const bool bound =
      fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
      (!address.shared || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0) &&
      bind(fd, found->ai_addr, found->ai_addrlen) == 0;
  if (bound) return fd;
  const int number = errno;
  error = std::strerror(number);
  if (fd >= 0) close(fd);
  errno = number;
  return -1;
}

}  // namespace

std::unique_ptr<Listener> Listener::Open(uv_loop_t* loop, const Address& address, int backlog,
                                         OnAccept on_accept, std::string& error, int* number) {
  if (number != nullptr) *number = 0;
  std::unique_ptr<Listener> listener(new Listener());
  listener->on_accept_ = std::move(on_accept);
  int result = 0;
  if (address.unix_socket) {
    auto pipe = MakeHandle<uv_pipe_t>([loop](uv_pipe_t* raw) { return uv_pipe_init(loop, raw, 0); },
                                      listener.get());
    unlink(address.host.c_str());  // Left behind by a process that was killed, as Redis does.
    result = uv_pipe_bind(pipe.get(), address.host.c_str());
    if (result == 0) listener->path_ = address.host;
    if (result == 0 && address.permissions != 0) {
      chmod(address.host.c_str(), static_cast<mode_t>(address.permissions));
    }
    listener->server_.reset(reinterpret_cast<uv_stream_t*>(pipe.release()));
  } else {
    const int fd = BoundSocket(address, error);
    if (fd < 0) {
      if (number != nullptr) *number = errno;
      return nullptr;
    }
    auto tcp = MakeHandle<uv_tcp_t>([loop](uv_tcp_t* raw) { return uv_tcp_init(loop, raw); },
                                    listener.get());
    result = uv_tcp_open(tcp.get(), fd);
    if (result != 0) close(fd);
    listener->server_.reset(reinterpret_cast<uv_stream_t*>(tcp.release()));
  }
  if (result == 0) result = uv_listen(listener->server_.get(), backlog, OnConnection);
  if (result == 0) return listener;
  error = uv_strerror(result);
  if (number != nullptr) *number = -result;
  return nullptr;
}

bool Listener::IsMissing(int number) {
  return number == EADDRNOTAVAIL || number == EAFNOSUPPORT || number == EPROTONOSUPPORT ||
         number == EPFNOSUPPORT || number == ESOCKTNOSUPPORT || number == ENOPROTOOPT;
}

Listener::~Listener() {
  if (!path_.empty()) unlink(path_.c_str());
}

void Listener::OnConnection(uv_stream_t* server, int status) {
  auto* listener = static_cast<Listener*>(server->data);
  if (status != 0) return;
  Handle<uv_stream_t> stream;
  if (server->type == UV_NAMED_PIPE) {
    auto pipe = MakeHandle<uv_pipe_t>(
        [&](uv_pipe_t* raw) { return uv_pipe_init(server->loop, raw, 0); }, nullptr);
    stream.reset(reinterpret_cast<uv_stream_t*>(pipe.release()));
  } else {
    auto tcp = MakeHandle<uv_tcp_t>([&](uv_tcp_t* raw) { return uv_tcp_init(server->loop, raw); },
                                    nullptr);
    stream.reset(reinterpret_cast<uv_stream_t*>(tcp.release()));
  }
  if (uv_accept(server, stream.get()) != 0) return;
  listener->on_accept_(std::move(stream));
}

}  // namespace server
