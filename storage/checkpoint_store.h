// The newest checkpoint of each partition, in one RocksDB with one column family per partition.
// RocksDB's own log and memtables are not used: a checkpoint is a set of SST files, ingested
// atomically, so a crash leaves the old one or the new one.
//
// Keys are stored in the order of the keyspace's iteration (by hash, then key), so that writing and
// loading are sequential, for RocksDB and for the table.
//
// Threads: the store may be used from any thread; a writer or reader by one at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "raft/core/types.h"
#include "storage/result.h"
#include "storage/shared_log.h"

namespace storage {

struct CheckpointInfo {
  raft::SnapshotInfo snapshot;
  uint64_t hash_seed = 0;
  uint64_t keys = 0;  // In all databases.
};

// A key as a checkpoint holds it: `value` is opaque here (value_codec.h writes it).
struct CheckpointRow {
  uint64_t hash = 0;
  int database = 0;
  std::string_view key;
  std::string_view value;
};

// Collects one checkpoint in SST files beside the database. Rows (put or deleted) come in strictly
// rising order of (database, hash, key); anything else is refused.
class CheckpointWriter {
 public:
  virtual ~CheckpointWriter() = default;
  virtual Status Put(const CheckpointRow& row) = 0;
  virtual Status Delete(int database, uint64_t hash, std::string_view key) = 0;
  // Everything that earlier checkpoints hold of this database goes, before any Put of this one
  // counts. Comes before the rows of this database and of those after it.
  virtual Status DeleteDatabase(int database) = 0;
  virtual uint64_t bytes() const = 0;
  // Closes and syncs the files. Nothing is visible yet.
  virtual Status Finish(const CheckpointInfo& info) = 0;
  // Makes the checkpoint the current one, atomically and durably. After Finish, once its index is
  // committed.
  virtual Status Ingest() = 0;
  // Destroying a writer that was not ingested removes its files.
};

// A consistent view of one checkpoint, in stored order. Later checkpoints do not change it.
class CheckpointReader {
 public:
  virtual ~CheckpointReader() = default;
  virtual const CheckpointInfo& info() const = 0;
  // The next row, viewing memory of the reader until the next call; nullopt at the end.
  virtual Result<std::optional<CheckpointRow>> Next() = 0;
};

class CheckpointStore {
 public:
  enum class Kind {
    kIncremental,  // On top of the checkpoint that is there.
    kFull,         // Replaces everything that was there (a snapshot was received).
  };

  struct Options {
    uint64_t file_bytes = 64 << 20;  // About how large a checkpoint's files become.
  };

  // Opens or creates `<directory>`; removes files of checkpoints that were never ingested.
  static Result<std::unique_ptr<CheckpointStore>> Open(const std::string& directory,
                                                       const Options& options);
  static Result<std::unique_ptr<CheckpointStore>> Open(const std::string& directory) {
    return Open(directory, Options());
  }
  virtual ~CheckpointStore() = default;

  virtual Result<std::optional<CheckpointInfo>> Info(PartitionId partition) = 0;
  virtual Result<std::unique_ptr<CheckpointWriter>> NewWriter(PartitionId partition, Kind kind) = 0;
  virtual Result<std::unique_ptr<CheckpointReader>> NewReader(
      PartitionId partition) = 0;  // kNotFound if none.
};

}  // namespace storage
