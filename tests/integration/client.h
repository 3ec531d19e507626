// Two clients for tests: one that speaks the protocol by hiredis, and one that sends any bytes.
#pragma once

#include <hiredis/hiredis.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace integration {

// Shows replies as text, so that a test reads as a dialogue: OK, a bulk string as it is, 7, (nil),
// "-ERR why" for an error, [a, b] for an array. A lost connection is "(closed)".
class Client {
 public:
  explicit Client(uint16_t port);
  explicit Client(const std::string& unix_socket_path);

  bool connected() const { return context_ != nullptr; }
  std::string Call(const std::vector<std::string>& command);

  // For pipelines: sends nothing before the first Receive.
  void Append(const std::vector<std::string>& command);
  std::string Receive();

 private:
  static void IgnoreBrokenPipes();
  struct Deleter {
    void operator()(redisContext* context) const { redisFree(context); }
  };
  std::unique_ptr<redisContext, Deleter> context_;  // Null when there is no connection.
};

class RawClient {
 public:
  explicit RawClient(uint16_t port);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  // Sends without waiting for room; returns how much the kernel took.
  size_t SendSome(std::string_view bytes);
  // False when the server closed the connection meanwhile.
  bool Send(std::string_view bytes);
  // Reads until `bytes` have come, the server closes, or the time is over.
  std::string Read(size_t bytes, std::chrono::milliseconds limit = std::chrono::seconds(5));
  // Everything until the server closes; `closed()` tells whether it did.
  std::string ReadToEnd(std::chrono::milliseconds limit = std::chrono::seconds(5));
  bool closed() const { return closed_; }
  void FinishSending();

 private:
  int socket_ = -1;
  bool closed_ = false;
};

}  // namespace integration
