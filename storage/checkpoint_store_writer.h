// Writes one checkpoint's rows into SST files in the staging directory.
#pragma once

#include <rocksdb/sst_file_writer.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "storage/checkpoint_store.h"
#include "storage/checkpoint_store_database.h"

namespace storage {

// Where a checkpoint deletes whole databases, each file deletes just what lies in its own stretch
// of keys. The rows of the same file are spared, since a file's rows and deletions have one
// sequence number and a deletion acts on lower ones only; the other files lie elsewhere. So the
// files of a checkpoint never overlap, and can go to the lowest level that is free there.
class SstCheckpointWriter : public CheckpointWriter {
 public:
  // `stem` is the path that the files' names begin with.
  SstCheckpointWriter(CheckpointDatabase& database, PartitionId partition,
                      CheckpointStore::Kind kind, std::string stem, uint64_t file_bytes);
  ~SstCheckpointWriter() override;

  Status Put(const CheckpointRow& row) override;
  Status Delete(int database, uint64_t hash, std::string_view key) override;
  Status DeleteDatabase(int database) override;
  uint64_t bytes() const override;
  Status Finish(const CheckpointInfo& info) override;
  Status Ingest() override;

 private:
  enum class State { kWriting, kFinished, kIngested, kFailed };

  Status MoveTo(int database, uint64_t hash, std::string_view key);
  Status OpenFile(std::string begin);
  Status CloseFile(const std::string& end);
  Status Fail(const rocksdb::Status& status);

  CheckpointDatabase& database_;
  const PartitionId partition_;
  const CheckpointStore::Kind kind_;
  const std::string stem_;
  const uint64_t file_bytes_;
  State state_ = State::kWriting;

  std::unique_ptr<rocksdb::SstFileWriter> file_;  // Null between files.
  std::string begin_;                             // Of the open file's stretch of keys.
  std::vector<std::string> paths_;                // The open one is the last.
  uint64_t closed_bytes_ = 0;
  std::string key_;  // The last one.
  std::set<int> deleted_databases_;
};

}  // namespace storage
