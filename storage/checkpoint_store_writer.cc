#include "storage/checkpoint_store_writer.h"

#include <rocksdb/experimental.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>

#include "storage/checkpoint_store_codec.h"
#include "storage/failpoint.h"

namespace storage {
namespace {

rocksdb::Slice SliceOf(std::string_view bytes) { return {bytes.data(), bytes.size()}; }

Status FailedAt(const char* failpoint) {
  return tl::unexpected(Error{Code::kIo, std::string("failpoint ") + failpoint});
}

}  // namespace

SstCheckpointWriter::SstCheckpointWriter(CheckpointDatabase& database, PartitionId partition,
                                         CheckpointStore::Kind kind, std::string stem,
                                         uint64_t file_bytes)
    : database_(database),
      partition_(partition),
      kind_(kind),
      stem_(std::move(stem)),
      file_bytes_(file_bytes) {}

SstCheckpointWriter::~SstCheckpointWriter() {
  file_.reset();
  if (state_ == State::kIngested) return;
  for (const std::string& path : paths_) unlink(path.c_str());  // At worst the next start does it.
}

Status SstCheckpointWriter::Put(const CheckpointRow& row) {
  if (Status status = MoveTo(row.database, row.hash, row.key); !status) return status;
  const rocksdb::Status status = file_->Put(key_, SliceOf(row.value));
  return status.ok() ? Status() : Fail(status);
}

Status SstCheckpointWriter::Delete(int database, uint64_t hash, std::string_view key) {
  if (Status status = MoveTo(database, hash, key); !status) return status;
  const rocksdb::Status status = file_->Delete(key_);
  return status.ok() ? Status() : Fail(status);
}

Status SstCheckpointWriter::DeleteDatabase(int database) {
  assert(state_ == State::kWriting);
  if (key_ >= FirstRowKey(database)) {
    return tl::unexpected(
        Error{Code::kInvalid, stem_ + ": a database is deleted before its rows are written"});
  }
  deleted_databases_.insert(database);
  return {};
}

uint64_t SstCheckpointWriter::bytes() const {
  return closed_bytes_ + (file_ ? file_->FileSize() : 0);
}

// Takes the next key; it goes into the open file or begins one.
Status SstCheckpointWriter::MoveTo(int database, uint64_t hash, std::string_view key) {
  assert(state_ == State::kWriting || state_ == State::kFailed);
  if (state_ == State::kFailed) {
    return tl::unexpected(Error{Code::kIo, stem_ + ": an earlier write failed"});
  }
  EncodeRowKey(key_, database, hash, key);  // RocksDB refuses one that does not rise.
  if (file_ && file_->FileSize() >= file_bytes_) {
    if (Status status = CloseFile(key_); !status) return status;
  }
  if (file_) return {};
  return OpenFile(paths_.empty() ? FirstRowKey(0) : key_);
}

Status SstCheckpointWriter::OpenFile(std::string begin) {
  begin_ = std::move(begin);
  paths_.push_back(stem_ + "-" + std::to_string(paths_.size()) + ".sst");
  file_ = std::make_unique<rocksdb::SstFileWriter>(rocksdb::EnvOptions(), database_.options());
  const rocksdb::Status status = file_->Open(paths_.back());
  return status.ok() ? Status() : Fail(status);
}

// Ends the file, whose stretch of keys ends before `end`.
Status SstCheckpointWriter::CloseFile(const std::string& end) {
  for (const int database : deleted_databases_) {
    const std::string from = std::max(begin_, FirstRowKey(database));
    const std::string to = std::min(end, FirstRowKey(database + 1));
    if (from >= to) continue;
    const rocksdb::Status status = file_->DeleteRange(from, to);
    if (!status.ok()) return Fail(status);
  }
  rocksdb::ExternalSstFileInfo info;
  const rocksdb::Status status = file_->Finish(&info);  // Syncs it.
  if (!status.ok()) return Fail(status);
  closed_bytes_ += info.file_size;
  file_.reset();
  return {};
}

Status SstCheckpointWriter::Fail(const rocksdb::Status& status) {
  state_ = State::kFailed;
  return tl::unexpected(RocksError(status, paths_.back()));
}

Status SstCheckpointWriter::Finish(const CheckpointInfo& info) {
  if (Failpoint("checkpoint.before_finish")) return FailedAt("checkpoint.before_finish");
  if (state_ == State::kFailed) {
    return tl::unexpected(Error{Code::kIo, stem_ + ": an earlier write failed"});
  }
  assert(state_ == State::kWriting);
  if (!file_) {
    if (Status status = OpenFile(FirstRowKey(0)); !status) return status;
  }
  const rocksdb::Status put = file_->Put(SliceOf(kInfoKey), EncodeCheckpointInfo(info));
  if (!put.ok()) return Fail(put);
  if (Status status = CloseFile(std::string(kInfoKey)); !status) return status;
  state_ = State::kFinished;
  if (Failpoint("checkpoint.after_finish")) return FailedAt("checkpoint.after_finish");
  return {};
}

Status SstCheckpointWriter::Ingest() {
  assert(state_ == State::kFinished);
  if (Failpoint("checkpoint.before_ingest")) return FailedAt("checkpoint.before_ingest");
  const Status status = kind_ == CheckpointStore::Kind::kFull
                            ? database_.Replace(partition_, paths_)
                            : database_.IngestInto(partition_, paths_);
  if (!status) return status;
  state_ = State::kIngested;
  if (!deleted_databases_.empty()) {
    // Else what was deleted would lie there until other writes happen to push it down.
    if (const std::shared_ptr<CheckpointFamily> family = database_.Find(partition_)) {
      rocksdb::experimental::SuggestCompactRange(&family->database(), family->handle(), nullptr,
                                                 nullptr);
    }
  }
  if (Failpoint("checkpoint.after_ingest")) return FailedAt("checkpoint.after_ingest");
  return {};
}

}  // namespace storage
