// RocksDB as the checkpoint store uses it: options, column families that live as long as someone
// reads them, and errors as ours.
#pragma once

#include <rocksdb/db.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "storage/checkpoint_store.h"
#include "storage/result.h"

namespace storage {

Error RocksError(const rocksdb::Status& status, const std::string& what);

// One partition's rows. A full checkpoint does not overwrite a family but replaces it by the next
// generation of it, so what was there costs nothing any more.
class CheckpointFamily {
 public:
  CheckpointFamily(std::shared_ptr<rocksdb::DB> database, rocksdb::ColumnFamilyHandle* handle,
                   uint64_t generation)
      : database_(std::move(database)), handle_(handle), generation_(generation) {}
  ~CheckpointFamily();
  CheckpointFamily(const CheckpointFamily&) = delete;
  CheckpointFamily& operator=(const CheckpointFamily&) = delete;

  rocksdb::DB& database() const { return *database_; }
  rocksdb::ColumnFamilyHandle* handle() const { return handle_; }
  uint64_t generation() const { return generation_; }

  // Makes the files part of the family, atomically and durably; they are moved away.
  Status Ingest(const std::vector<std::string>& files) const;
  Status Drop() const;

 private:
  std::shared_ptr<rocksdb::DB> database_;
  rocksdb::ColumnFamilyHandle* handle_;
  uint64_t generation_;
};

class CheckpointDatabase {
 public:
  static Result<std::unique_ptr<CheckpointDatabase>> Open(const std::string& directory);

  // Null if the partition has none.
  std::shared_ptr<CheckpointFamily> Find(PartitionId partition);
  // On top of what the partition has.
  Status IngestInto(PartitionId partition, const std::vector<std::string>& files);
  // Instead of what the partition has.
  Status Replace(PartitionId partition, const std::vector<std::string>& files);

  const rocksdb::Options& options() const { return options_; }
  const std::string& directory() const { return directory_; }

 private:
  CheckpointDatabase(std::string directory, rocksdb::Options options)
      : directory_(std::move(directory)), options_(std::move(options)) {}

  Status OpenFamilies();
  Result<std::shared_ptr<CheckpointFamily>> Create(PartitionId partition, uint64_t generation);

  std::string directory_;
  rocksdb::Options options_;
  std::shared_ptr<rocksdb::DB> database_;
  std::unique_ptr<rocksdb::ColumnFamilyHandle> default_family_;
  std::mutex mutex_;
  std::map<PartitionId, std::shared_ptr<CheckpointFamily>> families_;
};

}  // namespace storage
