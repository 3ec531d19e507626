#include "storage/checkpoint_store.h"

#include <rocksdb/iterator.h>

#include <atomic>
#include <utility>

#include "storage/checkpoint_store_codec.h"
#include "storage/checkpoint_store_database.h"
#include "storage/checkpoint_store_writer.h"
#include "storage/file.h"

namespace storage {
namespace {

constexpr size_t kReadaheadBytes = 1 << 20;

std::string_view ViewOf(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

// One iterator sees one state of the family, info and rows alike, and keeps the files it needs.
class FamilyReader : public CheckpointReader {
 public:
  FamilyReader(std::shared_ptr<CheckpointFamily> family, PartitionId partition)
      : family_(std::move(family)), what_("checkpoint of partition " + std::to_string(partition)) {
    rocksdb::ReadOptions options;
    options.fill_cache = false;
    options.verify_checksums = true;
    options.readahead_size = kReadaheadBytes;
    iterator_.reset(family_->database().NewIterator(options, family_->handle()));
  }

  Status Begin() {
    const rocksdb::Slice key(kInfoKey.data(), kInfoKey.size());
    iterator_->Seek(key);
    if (!iterator_->status().ok()) {
      return tl::unexpected(RocksError(iterator_->status(), what_));
    }
    if (!iterator_->Valid() || iterator_->key() != key) {
      return tl::unexpected(Error{Code::kNotFound, what_ + " is not there"});
    }
    Result<CheckpointInfo> info = DecodeCheckpointInfo(ViewOf(iterator_->value()));
    if (!info) return tl::unexpected(Error{info.error().code, what_ + ": " + info.error().what});
    info_ = std::move(*info);
    return {};
  }

  const CheckpointInfo& info() const override { return info_; }

  Result<std::optional<CheckpointRow>> Next() override {
    if (std::exchange(started_, true)) {
      iterator_->Next();
    } else {
      iterator_->SeekToFirst();
    }
    if (!iterator_->Valid()) {
      if (!iterator_->status().ok()) {
        return tl::unexpected(RocksError(iterator_->status(), what_));
      }
      return tl::unexpected(Error{Code::kCorrupt, what_ + " ends without its info"});
    }
    const std::string_view key = ViewOf(iterator_->key());
    if (key == kInfoKey) {
      started_ = false;  // A call after the end begins again; nobody does that.
      return std::optional<CheckpointRow>();
    }
    std::optional<CheckpointRow> row = DecodeRowKey(key);
    if (!row) return tl::unexpected(Error{Code::kCorrupt, what_ + " has a key that is no row's"});
    row->value = ViewOf(iterator_->value());
    return row;
  }

 private:
  std::shared_ptr<CheckpointFamily> family_;
  std::string what_;
  std::unique_ptr<rocksdb::Iterator> iterator_;
  CheckpointInfo info_;
  bool started_ = false;
};

class RocksCheckpointStore : public CheckpointStore {
 public:
  RocksCheckpointStore(std::unique_ptr<CheckpointDatabase> database, std::string staging,
                       const Options& options)
      : database_(std::move(database)), staging_(std::move(staging)), options_(options) {}

  Result<std::optional<CheckpointInfo>> Info(PartitionId partition) override {
    const Result<std::unique_ptr<CheckpointReader>> reader = NewReader(partition);
    if (reader) return std::optional((*reader)->info());
    if (reader.error().code == Code::kNotFound) return std::optional<CheckpointInfo>();
    return tl::unexpected(reader.error());
  }

  Result<std::unique_ptr<CheckpointWriter>> NewWriter(PartitionId partition, Kind kind) override {
    const uint64_t number = next_writer_.fetch_add(1, std::memory_order_relaxed);
    std::string stem =
        staging_ + "/partition-" + std::to_string(partition) + "-" + std::to_string(number);
    return std::make_unique<SstCheckpointWriter>(*database_, partition, kind, std::move(stem),
                                                 options_.file_bytes);
  }

  Result<std::unique_ptr<CheckpointReader>> NewReader(PartitionId partition) override {
    std::shared_ptr<CheckpointFamily> family = database_->Find(partition);
    if (!family) {
      return tl::unexpected(
          Error{Code::kNotFound, "partition " + std::to_string(partition) + " has no checkpoint"});
    }
    auto reader = std::make_unique<FamilyReader>(std::move(family), partition);
    if (Status status = reader->Begin(); !status) return tl::unexpected(status.error());
    return reader;
  }

 private:
  std::unique_ptr<CheckpointDatabase> database_;
  std::string staging_;
  Options options_;
  std::atomic<uint64_t> next_writer_{0};
};

Status Empty(Disk& disk, const std::string& directory) {
  const Result<std::vector<std::string>> names = disk.List(directory);
  if (!names) return tl::unexpected(names.error());
  for (const std::string& name : *names) {
    if (Status status = disk.Remove(directory + "/" + name); !status) return status;
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<CheckpointStore>> CheckpointStore::Open(const std::string& directory,
                                                               const Options& options) {
  const std::unique_ptr<Disk> disk = MakePosixDisk();
  const std::string staging = directory + "/staging";  // Beside the database: files are moved.
  if (Status status = disk->MakeDirectory(staging); !status) return tl::unexpected(status.error());
  if (Status status = Empty(*disk, staging); !status) return tl::unexpected(status.error());

  Result<std::unique_ptr<CheckpointDatabase>> database = CheckpointDatabase::Open(directory);
  if (!database) return tl::unexpected(database.error());
  return std::make_unique<RocksCheckpointStore>(std::move(*database), staging, options);
}

}  // namespace storage
