// Accepts on one address for one shard: every shard listens on the same port, and the kernel
// spreads the connections (SO_REUSEPORT).
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "server/net/handle.h"

namespace server {

class Listener {
 public:
  using OnAccept = std::function<void(Handle<uv_stream_t> stream)>;

  struct Address {
    std::string host;  // Or the socket's path.
    int port = 0;
    bool first = true;  // This process's first listener there; more of them share the port.
    bool unix_socket = false;
    int permissions = 0;  // Of a unix socket; 0 leaves what the umask gives.
  };

  // Null when the address cannot be listened on; `error` says why.
  static std::unique_ptr<Listener> Open(uv_loop_t* loop, const Address& address, int backlog,
                                        OnAccept on_accept, std::string& error);
  ~Listener();

 private:
  Listener() = default;
  static void OnConnection(uv_stream_t* server, int status);

  Handle<uv_stream_t> server_;
  std::string path_;  // A unix socket's, removed at the end.
  OnAccept on_accept_;
};

}  // namespace server
