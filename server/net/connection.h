// One client: reads commands, runs or forwards them, and sends their replies in order. Lives on its
// shard's thread.
#pragma once

#include <string>
#include <vector>

#include "resp/parser.h"
#include "server/commands/session.h"
#include "server/config/settings.h"
#include "server/net/handle.h"
#include "server/net/output_queue.h"
#include "server/partition/deferred.h"

namespace server {

class PartitionHost;
class Shard;

class Connection final : public Session {
 public:
  // `number` names this connection among the shard's, and is never used again.
  Connection(Shard& shard, Handle<uv_stream_t> stream, uint64_t number);
  ~Connection() override;

  bool Start();  // Begins to read; false if that is not possible.
  uint64_t number() const { return number_; }

  // Sends what may leave. Called by the shard at the end of a turn. May close (and destroy) the
  // connection.
  void FlushOutput();
  // Replies of this partition that wait for an index above `above` become an error.
  void OnGatesFailed(const Partition* partition, raft::Index above, std::string_view error);
  void Close();  // Now; destroys this at the end of the turn.
  // Closes a client that lets too much wait for it (client-output-buffer-limit).
  void CheckOutputLimits();
  void OnSettings(const Settings& settings);  // They have changed.
  bool closed() const { return stream_ == nullptr; }

  size_t output_bytes() const { return output_.size() + sending_bytes_; }
  // Some command has not had its reply yet, which may not even be known.
  bool owes_replies() const { return output_bytes() > 0 || output_.waits(); }
  size_t input_bytes() const { return parser_.buffered_bytes(); }

  // Session
  std::function<void(std::string reply)> Defer() override;
  void Exec(SessionCall& call) override;
  void Watch(SessionCall& call) override;
  void Wait(SessionCall& call, int64_t replicas, int64_t timeout_ms) override;

 private:
  // A command of the pipeline that is being read, and what is known of it before it runs.
  struct Pending {
    resp::Parser::Command parsed;
    const Command* command = nullptr;  // Null: unknown.
    PartitionHost* host = nullptr;     // Set when its first key's partition is on this shard.
    storage::HashedKey first_key;
    bool has_key = false;
  };

  static void OnAllocate(uv_handle_t* handle, size_t suggested, uv_buf_t* buffer);
  static void OnRead(uv_stream_t* stream, ssize_t size, const uv_buf_t* buffer);
  void OnEnd();
  void Receive(std::string_view bytes);
  void RunCommands();
  bool TakesMore() const;  // Little enough waits for this client.
  void ReadPipeline(size_t count_max);
  void Prepare(Pending& pending);
  void Prefetch();
  void FailProtocol();

  // Dispatch, in the order in which Redis checks (server.c, processCommand).
  void Dispatch(Pending& pending);
  bool Refuse(Pending& pending, std::string& error);
  void Enqueue(const Pending& pending, resp::Writer& reply);
  void RunInSession(const Command& command, std::span<const std::string_view> args);
  void RunOnPartition(Pending& pending, resp::Writer& reply);
  void RunOnAllPartitions(const Pending& pending);
  void Forward(const Pending& pending, uint32_t partition, uint16_t slot);
  void CloseReply(Partition* partition, const Gate& gate);

  // Transactions (transaction.cc).
  struct ExecRoute {
    uint32_t partition = 0;
    uint16_t slot = 0;
    const Command* strictest = nullptr;  // Null: no command touches a key.
  };
  bool RouteQueue(const std::vector<QueuedCommand>& commands, resp::Writer& reply,
                  ExecRoute& route) const;
  void RunQueuedInSession(const QueuedCommand& command, std::function<void(std::string)> done,
                          size_t& missing);
  bool Route(const Command& command, std::span<const std::string_view> args, uint32_t& partition,
             uint16_t& slot, std::string& error) const;

  struct Sending;
  void Write();
  static void OnWritten(uv_write_t* request, int status);
  void PauseOrResume();

  Shard& shard_;
  Handle<uv_stream_t> stream_;
  const uint64_t number_;
  resp::Parser parser_;
  OutputQueue output_;
  std::vector<Pending> pipeline_;  // Reused; `pipeline_size_` of them are in use.
  size_t pipeline_size_ = 0;

  size_t sending_bytes_ = 0;  // With libuv, until OnWritten.
  int64_t over_soft_limit_since_ms_ = 0;
  bool reading_ = false;
  bool unread_ =
      false;  // The parser holds commands that have not run: too much waited for the client.
  bool wants_flush_ = false;
  bool reply_reserved_ = false;                // The running session command called Defer.
  std::function<void(std::string)> captured_;  // Set while a transaction's session command runs.
  std::shared_ptr<Connection*> self_;  // Null inside once this is gone: late replies ask it.

  friend class Shard;
};

}  // namespace server
