// A checkpoint store in memory: what was ingested outlives the crash of a simulated node.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "storage/checkpoint_store.h"

namespace sim {

class MemoryStore final : public storage::CheckpointStore {
 public:
  using Key = std::tuple<int, uint64_t, std::string>;  // Database, hash, key: the stored order.
  using Rows = std::map<Key, std::string>;
  struct Image {
    storage::CheckpointInfo info;
    Rows rows;
  };

  // What an operation ("open", "put", "finish", "ingest", "read") is to return instead of working.
  std::function<storage::Status(std::string_view operation)> fault;

  const Image* Find(storage::PartitionId partition) const {
    const auto found = images_.find(partition);
    return found == images_.end() ? nullptr : &found->second;
  }
  size_t ingested() const { return ingested_; }
  size_t open_writers() const { return open_writers_; }

  storage::Result<std::optional<storage::CheckpointInfo>> Info(
      storage::PartitionId partition) override {
    const Image* image = Find(partition);
    if (image == nullptr) return std::optional<storage::CheckpointInfo>();
    return std::optional(image->info);
  }

  storage::Result<std::unique_ptr<storage::CheckpointWriter>> NewWriter(
      storage::PartitionId partition, Kind kind) override {
    if (auto status = Check("open"); !status) return tl::unexpected(status.error());
    Image start;
    if (const Image* image = Find(partition); image != nullptr && kind == Kind::kIncremental) {
      start = *image;
    }
    return std::make_unique<Writer>(*this, partition, std::move(start));
  }

  storage::Result<std::unique_ptr<storage::CheckpointReader>> NewReader(
      storage::PartitionId partition) override {
    const Image* image = Find(partition);
    if (image == nullptr) {
      return tl::unexpected(storage::Error{storage::Code::kNotFound, "no checkpoint"});
    }
    return std::make_unique<Reader>(*this, *image);
  }

 private:
  class Writer final : public storage::CheckpointWriter {
   public:
    Writer(MemoryStore& store, storage::PartitionId partition, Image start)
        : store_(store), partition_(partition), image_(std::move(start)) {
      ++store_.open_writers_;
    }
    ~Writer() override { --store_.open_writers_; }

    storage::Status Put(const storage::CheckpointRow& row) override {
      if (auto status = store_.Check("put"); !status) return status;
      image_.rows[{row.database, row.hash, std::string(row.key)}] = row.value;
      bytes_ += row.key.size() + row.value.size();
      return {};
    }
    storage::Status Delete(int database, uint64_t hash, std::string_view key) override {
      image_.rows.erase({database, hash, std::string(key)});
      return {};
    }
    storage::Status DeleteDatabase(int database) override {
      std::erase_if(image_.rows,
                    [&](const auto& row) { return std::get<0>(row.first) == database; });
      return {};
    }
    uint64_t bytes() const override { return bytes_; }
    storage::Status Finish(const storage::CheckpointInfo& info) override {
      if (auto status = store_.Check("finish"); !status) return status;
      image_.info = info;
      return {};
    }
    storage::Status Ingest() override {
      if (auto status = store_.Check("ingest"); !status) return status;
      store_.images_[partition_] = std::move(image_);
      ++store_.ingested_;
      return {};
    }

   private:
    MemoryStore& store_;
    const storage::PartitionId partition_;
    Image image_;
    uint64_t bytes_ = 0;
  };

  class Reader final : public storage::CheckpointReader {
   public:
    Reader(MemoryStore& store, Image image)
        : store_(store), image_(std::move(image)), next_(image_.rows.begin()) {}
    const storage::CheckpointInfo& info() const override { return image_.info; }
    storage::Result<std::optional<storage::CheckpointRow>> Next() override {
      if (auto status = store_.Check("read"); !status) return tl::unexpected(status.error());
      if (next_ == image_.rows.end()) return std::optional<storage::CheckpointRow>();
      const auto& [key, value] = *next_++;
      return std::optional(storage::CheckpointRow{.hash = std::get<1>(key),
                                                  .database = std::get<0>(key),
                                                  .key = std::get<2>(key),
                                                  .value = value});
    }

   private:
    MemoryStore& store_;
    const Image image_;
    Rows::const_iterator next_;
  };

  storage::Status Check(std::string_view operation) const {
    return fault ? fault(operation) : storage::Status();
  }

  std::map<storage::PartitionId, Image> images_;
  size_t ingested_ = 0;
  size_t open_writers_ = 0;
};

}  // namespace sim
