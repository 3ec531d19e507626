#include "server/partition/snapshot_transfer.h"

#include <cassert>
#include <cstring>
#include <vector>

namespace server {
namespace {

constexpr size_t kChunkBytes = 256 << 10;
constexpr uint64_t kChunksInFlight = 8;
constexpr size_t kRowHeaderBytes = 8 + 1 + 4 + 4;

template <typename T>
void AppendNumber(T value, std::string& out) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <typename T>
T ReadNumber(const char* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

}  // namespace

void AppendSnapshotRow(const storage::CheckpointRow& row, std::string& out) {
  AppendNumber(row.hash, out);
  AppendNumber(static_cast<uint8_t>(row.database), out);
  AppendNumber(static_cast<uint32_t>(row.key.size()), out);
  AppendNumber(static_cast<uint32_t>(row.value.size()), out);
  out.append(row.key);
  out.append(row.value);
}

std::optional<storage::CheckpointRow> TakeSnapshotRow(std::string_view& bytes) {
  if (bytes.size() < kRowHeaderBytes) return std::nullopt;
  storage::CheckpointRow row;
  row.hash = ReadNumber<uint64_t>(bytes.data());
  row.database = ReadNumber<uint8_t>(bytes.data() + 8);
  const size_t key_size = ReadNumber<uint32_t>(bytes.data() + 9);
  const size_t value_size = ReadNumber<uint32_t>(bytes.data() + 13);
  bytes.remove_prefix(kRowHeaderBytes);
  if (bytes.size() < key_size + value_size) return std::nullopt;
  row.key = bytes.substr(0, key_size);
  row.value = bytes.substr(key_size, value_size);
  bytes.remove_prefix(key_size + value_size);
  return row;
}

struct SnapshotSender::Reading {
  SnapshotSender* sender = nullptr;  // Null once it is gone. The owner's thread only.
  // The executor's, while a read is under way.
  std::unique_ptr<storage::CheckpointReader> reader;
  std::string bytes;
  bool done = false;
  bool failed = false;
};

SnapshotSender::SnapshotSender(const Options& options, storage::CheckpointStore& store,
                               Executor& executor, Send send, Ended ended)
    : options_(options),
      store_(store),
      executor_(executor),
      send_(std::move(send)),
      ended_(std::move(ended)),
      reading_(std::make_shared<Reading>()) {
  reading_->sender = this;
  ReadOn();
}

SnapshotSender::~SnapshotSender() { reading_->sender = nullptr; }

void SnapshotSender::ReadOn() {
  if (read_under_way_ || all_sent_ || next_sequence_ >= acknowledged_ + kChunksInFlight) return;
  read_under_way_ = true;
  executor_.Run(
      [reading = reading_, &store = store_, partition = options_.partition] {
        if (!reading->reader) {
          auto reader = store.NewReader(partition);
          if (!reader) {
            reading->failed = true;
            return;
          }
          reading->reader = std::move(*reader);
        }
        while (reading->bytes.size() < kChunkBytes && !reading->done) {
          auto row = reading->reader->Next();
          if (!row) {
            reading->failed = true;
            return;
          }
          if (*row) {
            AppendSnapshotRow(**row, reading->bytes);
          } else {
            reading->done = true;
          }
        }
      },
      [reading = reading_] {
        if (reading->sender != nullptr) reading->sender->OnRead();
      });
}

void SnapshotSender::OnRead() {
  read_under_way_ = false;
  if (reading_->failed) return End(false);
  raft::SnapshotChunk chunk;
  chunk.term = options_.term;
  chunk.info = reading_->reader->info().snapshot;
  last_ = chunk.info.last;
  chunk.hash_seed = reading_->reader->info().hash_seed;
  chunk.sequence = next_sequence_++;
  chunk.bytes = std::make_shared<const std::string>(std::exchange(reading_->bytes, {}));
  chunk.done = all_sent_ = reading_->done;
  send_(options_.follower, std::move(chunk));
  ReadOn();
}

void SnapshotSender::OnReply(const raft::SnapshotReply& reply) {
  // Before the first chunk the reader is the executor's, and a reply belongs to an earlier
  // transfer.
  if (next_sequence_ == 0 || reply.term != options_.term || reply.last != last_) return;
  if (!reply.accepted) return End(false);
  if (reply.sequence <= acknowledged_) return;
  acknowledged_ = reply.sequence;
  last_progress_ms_ = now_ms_;
  if (all_sent_ && acknowledged_ >= next_sequence_) return End(true);
  ReadOn();
}

void SnapshotSender::OnLinkBroken() { End(false); }

void SnapshotSender::Tick(uint64_t monotonic_ms) {
  now_ms_ = monotonic_ms;
  if (last_progress_ms_ == 0) last_progress_ms_ = monotonic_ms;
  if (monotonic_ms - last_progress_ms_ > options_.patience_ms) End(false);
}

void SnapshotSender::End(bool ok) {
  if (std::exchange(ended_called_, true)) return;
  ended_(ok);
}

struct SnapshotReceiver::Writing {
  SnapshotReceiver* receiver = nullptr;  // Null once it is gone. The owner's thread only.
  bool failed = false;                   // The owner's thread's view.
  // The executor's.
  std::unique_ptr<storage::CheckpointWriter> writer;
  storage::Status status;
  uint64_t keys = 0;

  void Open(storage::CheckpointStore& store, storage::PartitionId partition) {
    auto opened = store.NewWriter(partition, storage::CheckpointStore::Kind::kFull);
    if (opened) {
      writer = std::move(*opened);
    } else {
      status = tl::unexpected(opened.error());
    }
  }

  void Write(std::string_view bytes) {
    while (status && !bytes.empty()) {
      const auto row = TakeSnapshotRow(bytes);
      if (!row) {
        status = tl::unexpected(
            storage::Error{storage::Code::kCorrupt, "a snapshot's chunk is malformed"});
        return;
      }
      ++keys;
      status = writer->Put(*row);
    }
  }
};

SnapshotReceiver::SnapshotReceiver(storage::PartitionId partition, storage::CheckpointStore& store,
                                   Executor& executor, const raft::SnapshotChunk& first,
                                   Reply reply, Ingested ingested)
    : store_(store),
      executor_(executor),
      term_(first.term),
      info_(first.info),
      reply_(std::move(reply)),
      ingested_(std::move(ingested)),
      writing_(std::make_shared<Writing>()) {
  writing_->receiver = this;
  executor_.Run([writing = writing_, &store, partition] { writing->Open(store, partition); },
                [] {});
}

SnapshotReceiver::~SnapshotReceiver() {
  writing_->receiver = nullptr;
  // The files of an unfinished transfer go on the executor, after the steps that may still use
  // them.
  executor_.Run([writing = writing_] { writing->writer.reset(); }, [] {});
}

bool SnapshotReceiver::Continues(const raft::SnapshotChunk& chunk) const {
  return chunk.term == term_ && chunk.info.last == info_.last &&
         chunk.info.configuration == info_.configuration;
}

bool SnapshotReceiver::failed() const { return writing_->failed; }

void SnapshotReceiver::OnChunk(const raft::SnapshotChunk& chunk) {
  if (writing_->failed) return;
  if (chunk.sequence < next_sequence_) return;  // Seen before.
  if (chunk.sequence > next_sequence_) {        // One was lost: start over.
    writing_->failed = true;
    return reply_(next_sequence_, false);
  }
  ++next_sequence_;
  executor_.Run(
      [writing = writing_, chunk, info = info_] {
        if (chunk.bytes) writing->Write(*chunk.bytes);
        if (!chunk.done || !writing->status) return;
        const storage::CheckpointInfo checkpoint{
            .snapshot = info, .hash_seed = chunk.hash_seed, .keys = writing->keys};
        writing->status = writing->writer->Finish(checkpoint);
        if (writing->status) writing->status = writing->writer->Ingest();
      },
      [writing = writing_, sequence = chunk.sequence, done = chunk.done] {
        SnapshotReceiver* receiver = writing->receiver;
        if (receiver == nullptr || writing->failed) return;
        writing->failed = !writing->status;
        receiver->reply_(sequence + 1, !writing->failed);
        if (done && !writing->failed) receiver->ingested_(receiver->info_);
      });
}

}  // namespace server
