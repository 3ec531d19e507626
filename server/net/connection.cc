#include "server/net/connection.h"

#include <algorithm>
#include <cassert>

#include "server/net/shard.h"

namespace server {
namespace {

constexpr size_t kPipelineMax = 64;  // Commands that are prefetched together.
// A client that does not read its replies is not read from any more once so much waits for it.
constexpr size_t kOutputPauseBytes = 64 << 20;
// Nor while so many of its replies are still to come from elsewhere: a pipeline of forwarded
// commands must not grow without bound.
constexpr size_t kRepliesMissingMax = 10'000;
constexpr size_t kOutputPauseBytesUnauthenticated = 16 << 10;  // CVE-2025-21605

}  // namespace

// Bytes on their way through libuv.
struct Connection::Sending {
  uv_write_t request{};
  std::string bytes;
  size_t begin = 0;  // Of what is to be sent; what is before has been.
  std::shared_ptr<Connection*> self;
  size_t size() const { return bytes.size() - begin; }
};

Connection::Connection(Shard& shard, Handle<uv_stream_t> stream, uint64_t number)
    : shard_(shard),
      stream_(std::move(stream)),
      number_(number),
      parser_({.bulk_bytes_max = shard.settings().proto_max_bulk_len}),
      self_(std::make_shared<Connection*>(this)) {
  stream_->data = this;
  authenticated = shard.settings().requirepass.empty();
  parser_.set_authenticated(authenticated);
}

Connection::~Connection() {
  *self_ = nullptr;
  Unwatch();
}

bool Connection::Start() {
  reading_ = uv_read_start(stream_.get(), OnAllocate, OnRead) == 0;
  return reading_;
}

void Connection::OnAllocate(uv_handle_t* handle, size_t, uv_buf_t* buffer) {
  // One buffer serves all connections of a shard: what a command leaves behind is kept by its
  // parser.
  const auto* connection = static_cast<Connection*>(handle->data);
  *buffer = uv_buf_init(connection->shard_.read_buffer(), Shard::kReadBufferBytes);
}

void Connection::OnRead(uv_stream_t* stream, ssize_t size, const uv_buf_t* buffer) {
  auto* connection = static_cast<Connection*>(stream->data);
  if (size == UV_EOF) return connection->OnEnd();
  if (size < 0) return connection->Close();
  if (size == 0) return;
  connection->Receive({buffer->base, static_cast<size_t>(size)});
}

// The client sends no more; what it has sent is answered first.
void Connection::OnEnd() {
  if (output_.empty()) return Close();
  uv_read_stop(stream_.get());
  reading_ = false;
  close_after_reply = true;
  shard_.WantsFlush(*this);
}

void Connection::Receive(std::string_view bytes) {
  shard_.stats().input_bytes.Add(bytes.size());
  last_active_ms = shard_.wall_ms();
  // Read after the bytes were: a lease that holds now held after the commands were sent.
  shard_.RefreshMonotonicTime();
  parser_.Feed(bytes);
  RunCommands();
}

void Connection::RunCommands() {
  unread_ = false;
  while (!closed() && !close_after_reply) {
    // Who has not authenticated may do so with the next command, and is held to other limits until
    // then.
    const size_t count_max = authenticated ? kPipelineMax : 1;
    ReadPipeline(count_max);
    Prefetch();
    for (size_t i = 0; i < pipeline_size_ && !closed() && !close_after_reply; ++i) {
      Dispatch(pipeline_[i]);
    }
    parser_.set_authenticated(authenticated);
    CheckOutputLimits();  // Before the next commands: their replies may be large.
    if (pipeline_size_ < count_max) break;
    if (!closed() && !TakesMore()) {
      // So much waits for this client already: the rest of what it sent runs when it has read some
      // of that.
      if (sending_bytes_ == 0) Write();
      if (closed() || TakesMore()) continue;
      parser_.KeepUnread();
      unread_ = true;
      break;
    }
  }
  if (!closed() && !close_after_reply && !parser_.error().empty()) FailProtocol();
  if (closed()) return;
  if (static_cast<int64_t>(input_bytes()) > shard_.settings().client_query_buffer_limit) {
    return Close();
  }
  shard_.WantsFlush(*this);
}

void Connection::ReadPipeline(size_t count_max) {
  pipeline_size_ = 0;
  while (pipeline_size_ < count_max) {
    if (pipeline_size_ == pipeline_.size()) pipeline_.emplace_back();
    Pending& pending = pipeline_[pipeline_size_];
    if (parser_.Next(pending.parsed) != resp::Parser::Outcome::kCommand) return;
    Prepare(pending);
    ++pipeline_size_;
  }
}

// Finds out where the command's first key lives, so that its memory is on its way while others run.
void Connection::Prepare(Pending& pending) {
  const auto& args = pending.parsed.args;
  pending.command = FindCommand(args[0]);
  pending.host = nullptr;
  pending.has_key = false;
  if (pending.command == nullptr || pending.command->keys.first != 1 || args.size() < 2) return;
  if (pending.command->handler == nullptr) return;
  uint32_t partition = 0;
  if (shard_.partitions() > 1) {
    partition = shard_.partition_map().PartitionOf(discovery::SlotOf(args[1]));
  }
  pending.host = shard_.host(partition);
  if (pending.host == nullptr) return;
  storage::Keyspace& keyspace = pending.host->partition().keyspace();
  pending.first_key = keyspace.Hash(args[1]);
  pending.has_key = true;
  keyspace.database(database).Prefetch(pending.first_key.hash);
}

void Connection::Prefetch() {
  if (pipeline_size_ < 2) return;
  for (size_t i = 0; i < pipeline_size_; ++i) {
    const Pending& pending = pipeline_[i];
    if (!pending.has_key) continue;
    pending.host->partition().keyspace().database(database).PrefetchItem(pending.first_key.hash);
  }
}

void Connection::FailProtocol() {
  resp::Writer(output_.buffer(), resp_version).Error("ERR " + parser_.error());
  CloseReply(nullptr, {});
  close_after_reply = true;
}

void Connection::CloseReply(Partition* partition, const Gate& gate) {
  if (reply_mode != ReplyMode::kOn) [[unlikely]] {
    output_.Discard();
    if (reply_mode == ReplyMode::kSkipNext) reply_mode = ReplyMode::kOn;
    return;
  }
  output_.Close(partition, gate);
}

std::function<void(std::string reply)> Connection::Defer() {
  if (captured_) return std::exchange(captured_, nullptr);
  assert(!reply_reserved_);
  reply_reserved_ = true;
  // With replies off the place stays empty.
  const bool discard = reply_mode != ReplyMode::kOn;
  if (reply_mode == ReplyMode::kSkipNext) reply_mode = ReplyMode::kOn;
  return [self = self_, place = output_.Reserve(), discard](std::string reply) {
    Connection* connection = *self;
    if (connection == nullptr || connection->closed()) return;
    connection->output_.Fill(place, discard ? std::string() : std::move(reply));
    connection->shard_.WantsFlush(*connection);
  };
}

void Connection::FlushOutput() {
  if (closed()) return;
  if (sending_bytes_ == 0) Write();
  CheckOutputLimits();
  if (closed()) return;
  if (const OutputQueue::Blocked* blocked = output_.TakeBlocked()) {
    shard_.host(blocked->partition->id())->AddConnectionWaiter(blocked->gate, number_);
  }
  PauseOrResume();
}

void Connection::Write() {
  if (const std::string_view ready = output_.Ready(); !ready.empty()) {
    uv_buf_t buffer =
        uv_buf_init(const_cast<char*>(ready.data()), static_cast<unsigned>(ready.size()));
    const int sent = uv_try_write(stream_.get(), &buffer, 1);
    if (sent < 0 && sent != UV_EAGAIN) return Close();
    if (sent > 0) {
      shard_.stats().output_bytes.Add(static_cast<uint64_t>(sent));
      output_.Consume(static_cast<size_t>(sent));  // May move what is left.
    }
  }
  const std::string_view left = output_.Ready();
  if (left.empty()) {
    if (close_after_reply && output_.empty()) Close();
    return;
  }
  // The socket is full: libuv sends the rest when it can, and the queue waits until then.
  auto sending = std::make_unique<Sending>();
  sending->bytes = output_.TakeReady(sending->begin);
  sending->self = self_;
  sending->request.data = sending.get();
  const uv_buf_t rest =
      uv_buf_init(sending->bytes.data() + sending->begin, static_cast<unsigned>(sending->size()));
  if (uv_write(&sending->request, stream_.get(), &rest, 1, OnWritten) != 0) return Close();
  sending_bytes_ = rest.len;
  sending.release();  // OnWritten takes it back: libuv calls it exactly once, also when the stream
                      // is closed.
}

void Connection::OnWritten(uv_write_t* request, int status) {
  const std::unique_ptr<Sending> sent(static_cast<Sending*>(request->data));
  Connection* connection = *sent->self;
  if (connection == nullptr || connection->closed()) return;
  connection->sending_bytes_ = 0;
  if (status != 0) return connection->Close();
  connection->shard_.stats().output_bytes.Add(sent->size());
  connection->shard_.WantsFlush(*connection);
}

void Connection::OnGatesFailed(const Partition* partition, raft::Index above,
                               std::string_view error) {
  output_.Fail(partition, above, error);
  shard_.WantsFlush(*this);
}

// Output buffer limits as Redis has them for normal clients. The shard asks each second too: a soft
// limit's time runs out without anything happening here.
void Connection::CheckOutputLimits() {
  const OutputBufferLimit& limit = shard_.settings().client_output_buffer_limit[kNormalClient];
  const auto waiting = static_cast<int64_t>(output_bytes());
  if (limit.hard_bytes != 0 && waiting > limit.hard_bytes) return Close();
  if (limit.soft_bytes == 0 || waiting <= limit.soft_bytes) {
    over_soft_limit_since_ms_ = 0;
    return;
  }
  if (over_soft_limit_since_ms_ == 0) over_soft_limit_since_ms_ = shard_.wall_ms();
  if (shard_.wall_ms() - over_soft_limit_since_ms_ > limit.soft_seconds * 1000) Close();
}

void Connection::OnSettings(const Settings& settings) {
  parser_.set_bulk_bytes_max(settings.proto_max_bulk_len);
  // Without a password nobody needs to authenticate. Who was in before there was one stays in, as
  // in Redis.
  if (settings.requirepass.empty()) authenticated = true;
  parser_.set_authenticated(authenticated);
}

bool Connection::TakesMore() const {
  const size_t limit = authenticated ? kOutputPauseBytes : kOutputPauseBytesUnauthenticated;
  return output_bytes() < limit && output_.unfilled() < kRepliesMissingMax;
}

void Connection::PauseOrResume() {
  if (closed() || close_after_reply) return;
  if (unread_ && TakesMore()) {
    shard_.RefreshMonotonicTime();  // Leases are checked anew, as for commands that just came.
    RunCommands();
  }
  if (closed() || close_after_reply) return;
  const bool want = TakesMore() && !unread_;
  if (want == reading_) return;
  if (want) {
    reading_ = uv_read_start(stream_.get(), OnAllocate, OnRead) == 0;
  } else {
    uv_read_stop(stream_.get());
    reading_ = false;
  }
}

void Connection::Close() {
  if (closed()) return;
  *self_ = nullptr;
  stream_.reset();
  shard_.Remove(*this);
}

}  // namespace server
