#include "tests/integration/client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>

namespace integration {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr timeval kTimeout = {.tv_sec = 10, .tv_usec = 0};

std::string Show(const redisReply& reply) {
  switch (reply.type) {
    case REDIS_REPLY_INTEGER:
      return std::to_string(reply.integer);
    case REDIS_REPLY_NIL:
      return "(nil)";
    case REDIS_REPLY_ERROR:
      return "-" + std::string(reply.str, reply.len);
    case REDIS_REPLY_ARRAY: {
      std::string text = "[";
      for (size_t i = 0; i < reply.elements; ++i) {
        text += (i == 0 ? "" : ", ") + Show(*reply.element[i]);
      }
      return text + "]";
    }
    default:
      return std::string(reply.str, reply.len);
  }
}

}  // namespace

// A server that closes a connection while we write to it is a result, not the end of the test.
void Client::IgnoreBrokenPipes() { std::signal(SIGPIPE, SIG_IGN); }

Client::Client(uint16_t port) : context_(redisConnectWithTimeout("127.0.0.1", port, kTimeout)) {
  IgnoreBrokenPipes();
  if (context_ != nullptr && context_->err != 0) context_.reset();
  if (connected()) redisSetTimeout(context_.get(), kTimeout);
}

Client::Client(const std::string& unix_socket_path)
    : context_(redisConnectUnixWithTimeout(unix_socket_path.c_str(), kTimeout)) {
  IgnoreBrokenPipes();
  if (context_ != nullptr && context_->err != 0) context_.reset();
  if (connected()) redisSetTimeout(context_.get(), kTimeout);
}

std::string Client::Call(const std::vector<std::string>& command) {
  Append(command);
  return Receive();
}

void Client::Append(const std::vector<std::string>& command) {
  if (!connected()) return;
  std::vector<const char*> data;
  std::vector<size_t> sizes;
  for (const std::string& argument : command) {
    data.push_back(argument.data());
    sizes.push_back(argument.size());
  }
  redisAppendCommandArgv(context_.get(), static_cast<int>(data.size()), data.data(), sizes.data());
}

std::string Client::Receive() {
  if (!connected()) return "(closed)";
  void* raw = nullptr;
  if (redisGetReply(context_.get(), &raw) != REDIS_OK) {
    context_.reset();
    return "(closed)";
  }
  auto* reply = static_cast<redisReply*>(raw);
  std::string text = Show(*reply);
  freeReplyObject(reply);
  return text;
}

RawClient::RawClient(uint16_t port) : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  closed_ = connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0;
}

RawClient::~RawClient() { close(socket_); }

size_t RawClient::SendSome(std::string_view bytes) {
  const ssize_t sent = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent < 0 && errno != EAGAIN) closed_ = true;
  return sent < 0 ? 0 : static_cast<size_t>(sent);
}

bool RawClient::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

std::string RawClient::Read(size_t bytes, milliseconds limit) {
  const auto deadline = steady_clock::now() + limit;
  std::string text;
  while (text.size() < bytes && !closed_) {
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now());
    pollfd poll_socket = {.fd = socket_, .events = POLLIN, .revents = 0};
    if (left.count() <= 0 || poll(&poll_socket, 1, static_cast<int>(left.count())) <= 0) break;
    char buffer[16384];
    const ssize_t count = recv(socket_, buffer, std::min(sizeof buffer, bytes - text.size()), 0);
    closed_ = count <= 0;
    if (count > 0) text.append(buffer, static_cast<size_t>(count));
  }
  return text;
}

std::string RawClient::ReadToEnd(milliseconds limit) { return Read(SIZE_MAX, limit); }

void RawClient::FinishSending() { shutdown(socket_, SHUT_WR); }

}  // namespace integration
