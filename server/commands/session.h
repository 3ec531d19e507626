// What the server knows of one client connection, apart from its socket. Owned by the connection,
// on its shard's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/commands/command.h"
#include "server/commands/watch_state.h"

namespace server {

struct SessionCall;

enum class ReplyMode { kOn, kOff, kSkipNext };  // CLIENT REPLY

// A command kept for EXEC, with bytes of its own.
struct QueuedCommand {
  const Command* command;
  std::vector<std::string> args;
};

struct WatchedKey {
  int database;
  std::string key;
};

class Session {
 public:
  virtual ~Session() = default;

  uint64_t id = 0;
  std::string address;  // "ip:port", or the socket's path followed by ":0".
  std::string local_address;
  int file_descriptor = -1;  // For CLIENT LIST only.
  int64_t created_ms = 0;    // Unix time.
  int64_t last_active_ms = 0;
  const Command* last_command = nullptr;

  int database = 0;
  int resp_version = 2;
  std::string name;
  std::string library_name;
  std::string library_version;
  std::string user = "default";
  bool authenticated = true;
  bool no_evict = false;
  bool no_touch = false;
  bool unix_socket = false;
  ReplyMode reply_mode = ReplyMode::kOn;

  bool readonly = false;  // READONLY: followers may answer.
  bool asking = false;

  bool in_multi = false;
  bool multi_failed = false;  // A command could not be queued: EXEC answers EXECABORT.
  std::vector<QueuedCommand> queued;
  std::shared_ptr<WatchState> watch;  // Null while nothing is watched.
  std::vector<WatchedKey> watched;

  bool close_after_reply = false;

  // The running command's reply comes later, through the returned function: call it once, on this
  // session's shard, with the whole reply. Replies keep their order; the session may be gone by
  // then.
  virtual std::function<void(std::string reply)> Defer() = 0;
  virtual void Exec(SessionCall& call) = 0;   // Runs `queued`.
  virtual void Watch(SessionCall& call) = 0;  // Watches the keys args[1..].
  virtual void Wait(SessionCall& call, int64_t replicas, int64_t timeout_ms) = 0;

  void ForgetTransaction() {
    in_multi = false;
    multi_failed = false;
    queued.clear();
    Unwatch();
  }
  void Unwatch() {
    if (watch) watch->abandoned.store(true);
    watch.reset();
    watched.clear();
  }
};

}  // namespace server
