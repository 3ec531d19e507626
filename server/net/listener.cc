#include "server/net/listener.h"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <cstring>

namespace server {
namespace {

// A socket that several shards can bind to the same port. The first of them finds out whether another
// process has it: among those who share a port the kernel would deal out our clients.
int BoundSocket(const Listener::Address& address, bool shared, std::string& error) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const char* host = address.host.c_str();
  if (address.host.empty() || address.host == "*") host = "0.0.0.0";
  if (address.host == "::*") host = "::";  // As Redis writes "every IPv6 address".
  const int result = getaddrinfo(host, std::to_string(address.port).c_str(), &hints, &found);
  if (result != 0) {
    error = gai_strerror(result);
    return -1;
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
  const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const int on = 1;
  if (fd >= 0 && found->ai_family == AF_INET6)
    setsockopt(fd, IPPROTO_IPV6, 26 /*IPV6_V6ONLY*/, &on, sizeof on);
  const bool bound = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
                     (!shared || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0) &&
                     bind(fd, found->ai_addr, found->ai_addrlen) == 0;
  if (bound) return fd;
  error = std::strerror(errno);
  if (fd >= 0) close(fd);
  return -1;
}

}  // namespace

std::unique_ptr<Listener> Listener::Open(uv_loop_t* loop, const Address& address, int backlog,
                                         OnAccept on_accept, std::string& error) {
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
    if (address.first) {
      const int probe = BoundSocket(address, /*shared=*/false, error);
      if (probe < 0) return nullptr;
      close(probe);
    }
    const int fd = BoundSocket(address, /*shared=*/true, error);
    if (fd < 0) return nullptr;
    auto tcp = MakeHandle<uv_tcp_t>([loop](uv_tcp_t* raw) { return uv_tcp_init(loop, raw); },
                                    listener.get());
    result = uv_tcp_open(tcp.get(), fd);
    if (result != 0) close(fd);
    listener->server_.reset(reinterpret_cast<uv_stream_t*>(tcp.release()));
  }
  if (result == 0) result = uv_listen(listener->server_.get(), backlog, OnConnection);
  if (result == 0) return listener;
  error = uv_strerror(result);
  return nullptr;
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
