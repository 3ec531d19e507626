#include "tools/load/generator.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "discovery/slots.h"
#include "discovery/static_seeds.h"
#include "tools/load/reply_scanner.h"
#include "tools/load/slot_owners.h"

namespace load {
namespace {

using std::chrono::steady_clock;

int ConnectTo(const std::string& node) {
  const auto endpoint = discovery::ParseEndpoint(node);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  if (!endpoint || inet_pton(AF_INET, endpoint->host.c_str(), &address.sin_addr) != 1) return -1;
  address.sin_port = htons(endpoint->port);
  const int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(file, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    close(file);
    return -1;
  }
  const int on = 1;
  setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return file;
}

struct Connection {
  explicit Connection(int socket_file) : file(socket_file) {}
  ~Connection() { close(file); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  bool idle() const { return replies_due == 0; }

  const int file;
  uint32_t node = 0;
  uint32_t replies_due = 0;
  uint32_t operations = 0;  // Of the batch that is under way.
  steady_clock::time_point since;
  std::string out;  // What the kernel has not taken yet.
  bool waits_for_room = false;
  std::string in;
};

class Generator {
 public:
  explicit Generator(const GeneratorOptions& options)
      : options_(options), workload_(options.workload), epoll_(epoll_create1(EPOLL_CLOEXEC)) {}
  ~Generator() { close(epoll_); }
  Generator(const Generator&) = delete;
  Generator& operator=(const Generator&) = delete;

  Report Run() {
    if (options_.cluster) owners_ = FindSlotOwners(options_.nodes);
    if (!Connect()) return Failed("cannot connect");
    report_.latencies_us.reserve(1 << 20);
    start_ = steady_clock::now();
    for (auto& connection : connections_) FeedIfDue(*connection);
    while (under_way_ > 0 || !Exhausted()) {
      if (!Poll()) return Failed("a connection was lost");
    }
    report_.seconds = Since(start_);
    std::ranges::sort(report_.latencies_us);
    return std::move(report_);
  }

 private:
  static double Since(steady_clock::time_point time) {
    return std::chrono::duration<double>(steady_clock::now() - time).count();
  }

  Report Failed(const std::string& why) {
    ++report_.errors;
    if (report_.first_error.empty()) report_.first_error = why;
    report_.seconds = Since(start_);
    std::ranges::sort(report_.latencies_us);
    return std::move(report_);
  }

  bool Connect() {
    for (uint32_t i = 0; i < options_.connections; ++i) {
      const uint32_t node = i % static_cast<uint32_t>(options_.nodes.size());
      const int file = ConnectTo(options_.nodes[node]);
      if (file < 0) return false;
      connections_.push_back(std::make_unique<Connection>(file));
      connections_.back()->node = node;
      epoll_event event = {.events = EPOLLIN, .data = {.ptr = connections_.back().get()}};
      epoll_ctl(epoll_, EPOLL_CTL_ADD, file, &event);
    }
    return true;
  }

  bool Exhausted() const {
    if (options_.requests > 0) return sent_ >= options_.requests;
    return Since(start_) >= options_.seconds;
  }

  // When the next operation should be sent: now, or at its place in the timetable.
  steady_clock::time_point DueAt(steady_clock::time_point now) const {
    if (options_.rate <= 0) return now;
    const std::chrono::duration<double> offset(static_cast<double>(sent_) / options_.rate);
    return start_ + std::chrono::duration_cast<steady_clock::duration>(offset);
  }

  void FeedIfDue(Connection& connection) {
    if (Exhausted()) return;
    const auto now = steady_clock::now();
    const auto due = DueAt(now);
    if (due > now) return;
    // Latency counts from when it should have been sent, so that a stall is not hidden by the load
    // that it holds back ("coordinated omission").
    connection.since = due;
    connection.operations = options_.pipeline;
    if (options_.requests > 0) {
      connection.operations =
          static_cast<uint32_t>(std::min<uint64_t>(options_.pipeline, options_.requests - sent_));
    }
    for (uint32_t i = 0; i < connection.operations; ++i) {
      workload_.AppendCommand(KeyFor(connection), connection.out);
    }
    sent_ += connection.operations;
    connection.replies_due = connection.operations * workload_.replies();
    ++under_way_;
    Flush(connection);
  }

  const std::string& KeyFor(const Connection& connection) {
    while (true) {
      const std::string& key = workload_.NextKey();
      if (owners_.empty() || owners_[discovery::SlotOf(key)] == connection.node) return key;
    }
  }

  void Flush(Connection& connection) {
    const ssize_t sent = send(connection.file, connection.out.data(), connection.out.size(),
                              MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) connection.out.erase(0, static_cast<size_t>(sent));
    const bool wants_room = !connection.out.empty();
    if (wants_room == connection.waits_for_room) return;
    connection.waits_for_room = wants_room;
    epoll_event event = {.events = wants_room ? EPOLLIN | EPOLLOUT : EPOLLIN,
                         .data = {.ptr = &connection}};
    epoll_ctl(epoll_, EPOLL_CTL_MOD, connection.file, &event);
  }

  // Until the timetable asks for the next request, if somebody is idle to send it.
  timespec WaitLimit() const {
    constexpr long kPauseNs = 100'000'000;
    if (options_.rate <= 0 || under_way_ == connections_.size()) return {0, kPauseNs};
    const auto now = steady_clock::now();
    const auto left = std::chrono::nanoseconds(DueAt(now) - now).count();
    return {0, std::clamp<long>(left, 0, kPauseNs)};
  }

  bool Poll() {
    epoll_event events[64];
    const timespec wait = WaitLimit();
    const int count = epoll_pwait2(epoll_, events, 64, &wait, nullptr);
    for (int i = 0; i < count; ++i) {
      auto& connection = *static_cast<Connection*>(events[i].data.ptr);
      if ((events[i].events & EPOLLOUT) != 0) Flush(connection);
      if ((events[i].events & ~static_cast<uint32_t>(EPOLLOUT)) != 0 && !Receive(connection)) {
        return false;
      }
    }
    if (options_.rate > 0) {
      for (auto& connection : connections_) {
        if (connection->idle()) FeedIfDue(*connection);
      }
    }
    return true;
  }

  bool Receive(Connection& connection) {
    char buffer[65536];
    const ssize_t count = recv(connection.file, buffer, sizeof buffer, MSG_DONTWAIT);
    if (count == 0 || (count < 0 && errno != EAGAIN)) return false;
    if (count < 0) return true;
    connection.in.append(buffer, static_cast<size_t>(count));

    size_t at = 0;
    const std::string_view all = connection.in;
    while (connection.replies_due > 0) {
      const std::optional<size_t> size = ReplySize(all.substr(at));
      if (!size) break;
      if (all[at] == '-') NoteError(all.substr(at, *size));
      at += *size;
      if (--connection.replies_due == connection.operations) SendFollowUps(connection);
    }
    connection.in.erase(0, at);
    if (connection.replies_due == 0 && connection.operations > 0) Finish(connection);
    return true;
  }

  void SendFollowUps(Connection& connection) {
    if (workload_.FollowUpApart().empty()) return;
    for (uint32_t i = 0; i < connection.operations; ++i) {
      connection.out.append(workload_.FollowUpApart());
    }
    Flush(connection);
  }

  void NoteError(std::string_view error) {
    ++report_.errors;
    if (report_.first_error.empty()) report_.first_error = error.substr(0, error.find('\r'));
    if (error.starts_with("-MOVED")) owners_ = FindSlotOwners(options_.nodes);
  }

  void Finish(Connection& connection) {
    const auto taken = steady_clock::now() - connection.since;
    report_.latencies_us.push_back(static_cast<uint32_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(taken).count()));
    report_.operations += connection.operations;
    connection.operations = 0;
    --under_way_;
    FeedIfDue(connection);
  }

  const GeneratorOptions options_;
  Workload workload_;
  const int epoll_;
  std::vector<uint32_t> owners_;  // By slot, an index into nodes; empty without a cluster.
  std::vector<std::unique_ptr<Connection>> connections_;
  uint64_t sent_ = 0;
  uint32_t under_way_ = 0;
  steady_clock::time_point start_;
  Report report_;
};

}  // namespace

Report Generate(const GeneratorOptions& options) { return Generator(options).Run(); }

}  // namespace load
