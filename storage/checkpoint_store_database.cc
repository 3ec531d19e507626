#include "storage/checkpoint_store_database.h"

#include <rocksdb/cache.h>
#include <rocksdb/rate_limiter.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <cstdio>
#include <optional>

#include "storage/checkpoint_store_codec.h"

namespace storage {
namespace {

// The values are read in bulk at a start and never again, so caching them is of no use.
constexpr size_t kBlockCacheBytes = 4 << 20;
constexpr size_t kBlockBytes = 64 << 10;
constexpr int kOpenFilesMax = 256;
constexpr int64_t kCompactionBytesPerSecond = 64 << 20;

rocksdb::Options MakeOptions() {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.max_open_files = kOpenFilesMax;
  options.keep_log_file_num = 2;
  options.max_log_file_size = 1 << 20;
  options.info_log_level = rocksdb::WARN_LEVEL;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;

  // Nothing is ever written to a memtable; it only has to exist.
  options.write_buffer_size = 64 << 10;
  options.max_write_buffer_number = 2;

  // One quiet thread: the processors belong to the shards.
  options.max_background_jobs = 1;
  options.max_subcompactions = 1;
  options.rate_limiter.reset(rocksdb::NewGenericRateLimiter(kCompactionBytesPerSecond));
  options.bytes_per_sync = 1 << 20;
  options.compaction_readahead_size = 1 << 20;
  options.target_file_size_base = 64 << 20;
  options.max_bytes_for_level_base = 256 << 20;
  options.level_compaction_dynamic_level_bytes = true;
  options.level0_file_num_compaction_trigger = 4;
  // No writer is ever to be slowed down: there is only ingestion.
  options.level0_slowdown_writes_trigger = 1 << 20;
  options.level0_stop_writes_trigger = 1 << 20;
  options.soft_pending_compaction_bytes_limit = 0;
  options.hard_pending_compaction_bytes_limit = 0;

  rocksdb::BlockBasedTableOptions table;
  table.block_size = kBlockBytes;
  table.block_cache = rocksdb::NewLRUCache(kBlockCacheBytes, /*num_shard_bits=*/1);
  table.cache_index_and_filter_blocks = true;  // Bounded with the rest.
  table.format_version = 5;
  table.checksum = rocksdb::kXXH3;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  options.compression = rocksdb::kLZ4Compression;
  return options;
}

// partition-0007, and partition-0007.2 for its generation 2.
std::string FamilyName(PartitionId partition, uint64_t generation) {
  char name[64];
  std::snprintf(name, sizeof(name), "partition-%04u", partition);
  return generation == 0 ? name : std::string(name) + "." + std::to_string(generation);
}

struct FamilyId {
  PartitionId partition;
  uint64_t generation;
};

std::optional<FamilyId> ParseFamilyName(const std::string& name) {
  unsigned partition = 0;
  unsigned long long generation = 0;
  if (std::sscanf(name.c_str(), "partition-%u.%llu", &partition, &generation) < 1) {
    return std::nullopt;
  }
  return FamilyId{partition, generation};
}

uint64_t GenerationOf(const std::string& name) {
  const std::optional<FamilyId> id = ParseFamilyName(name);
  return id ? id->generation : 0;
}

bool HasInfo(const CheckpointFamily& family) {
  std::string value;
  const rocksdb::Slice key(kInfoKey.data(), kInfoKey.size());
  const rocksdb::Status status =
      family.database().Get(rocksdb::ReadOptions(), family.handle(), key, &value);
  return !status.IsNotFound();  // A damaged one counts: its reader will say so.
}

}  // namespace

Error RocksError(const rocksdb::Status& status, const std::string& what) {
  Code code = Code::kIo;
  if (status.IsCorruption()) code = Code::kCorrupt;
  if (status.IsNotFound()) code = Code::kNotFound;
  if (status.IsNoSpace()) code = Code::kNoSpace;
  if (status.IsInvalidArgument() || status.IsNotSupported()) code = Code::kInvalid;
  if (status.IsPathNotFound()) code = Code::kCorrupt;  // A file of ours is missing.
  return {code, what + ": " + status.ToString()};
}

CheckpointFamily::~CheckpointFamily() { database_->DestroyColumnFamilyHandle(handle_); }

Status CheckpointFamily::Ingest(const std::vector<std::string>& files) const {
  rocksdb::IngestExternalFileOptions options;
  options.move_files = true;
  options.failed_move_fall_back_to_copy = false;
  options.write_global_seqno = false;  // The manifest holds it; the file stays as it was synced.
  const rocksdb::Status status = database_->IngestExternalFile(handle_, files, options);
  if (!status.ok()) return tl::unexpected(RocksError(status, "ingest " + files.front()));
  return {};
}

Status CheckpointFamily::Drop() const {
  const rocksdb::Status status = database_->DropColumnFamily(handle_);
  if (!status.ok()) return tl::unexpected(RocksError(status, "drop " + handle_->GetName()));
  return {};
}

Result<std::unique_ptr<CheckpointDatabase>> CheckpointDatabase::Open(const std::string& directory) {
  std::unique_ptr<CheckpointDatabase> opened(new CheckpointDatabase(directory, MakeOptions()));
  if (Status status = opened->OpenFamilies(); !status) return tl::unexpected(status.error());
  return opened;
}

Status CheckpointDatabase::OpenFamilies() {
  std::vector<std::string> names;
  const rocksdb::Status listed = rocksdb::DB::ListColumnFamilies(options_, directory_, &names);
  if (!listed.ok() && !listed.IsPathNotFound() && !listed.IsNotFound()) {
    return tl::unexpected(RocksError(listed, "open " + directory_));
  }
  if (names.empty()) names = {rocksdb::kDefaultColumnFamilyName};
  std::sort(names.begin(), names.end(), [](const std::string& a, const std::string& b) {
    return GenerationOf(a) < GenerationOf(b);
  });

  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (const std::string& name : names) descriptors.emplace_back(name, options_);
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* raw = nullptr;
  const rocksdb::Status status =
      rocksdb::DB::Open(options_, directory_, descriptors, &handles, &raw);
  if (!status.ok()) return tl::unexpected(RocksError(status, "open " + directory_));
  database_.reset(raw);

  std::vector<std::shared_ptr<CheckpointFamily>> superseded;
  for (size_t i = 0; i < handles.size(); ++i) {
    const std::optional<FamilyId> id = ParseFamilyName(names[i]);
    if (!id) {
      default_family_.reset(handles[i]);
      continue;
    }
    auto family = std::make_shared<CheckpointFamily>(database_, handles[i], id->generation);
    std::shared_ptr<CheckpointFamily>& current = families_[id->partition];
    // A newer generation without an info is one whose ingestion did not come to be.
    const bool newer = !current || family->generation() > current->generation();
    if (newer && (!current || HasInfo(*family))) std::swap(current, family);
    if (family) superseded.push_back(family);
  }
  for (const std::shared_ptr<CheckpointFamily>& family : superseded) {
    if (Status dropped = family->Drop(); !dropped) return dropped;
  }
  return {};
}

std::shared_ptr<CheckpointFamily> CheckpointDatabase::Find(PartitionId partition) {
  const std::lock_guard lock(mutex_);
  const auto found = families_.find(partition);
  return found == families_.end() ? nullptr : found->second;
}

Result<std::shared_ptr<CheckpointFamily>> CheckpointDatabase::Create(PartitionId partition,
                                                                     uint64_t generation) {
  const std::string name = FamilyName(partition, generation);
  rocksdb::ColumnFamilyHandle* handle = nullptr;
  const rocksdb::Status status = database_->CreateColumnFamily(options_, name, &handle);
  if (!status.ok()) return tl::unexpected(RocksError(status, "create " + directory_ + " " + name));
  return std::make_shared<CheckpointFamily>(database_, handle, generation);
}

Status CheckpointDatabase::IngestInto(PartitionId partition,
                                      const std::vector<std::string>& files) {
  const std::shared_ptr<CheckpointFamily> family = Find(partition);
  if (!family) return Replace(partition, files);
  return family->Ingest(files);
}

// A crash between the steps leaves two generations; the newer one counts if its files came to be in
// it.
Status CheckpointDatabase::Replace(PartitionId partition, const std::vector<std::string>& files) {
  const std::shared_ptr<CheckpointFamily> old = Find(partition);
  Result<std::shared_ptr<CheckpointFamily>> fresh =
      Create(partition, old ? old->generation() + 1 : 0);
  if (!fresh) return tl::unexpected(fresh.error());
  if (Status status = (*fresh)->Ingest(files); !status) {
    // Its name is taken until the next start if this fails too; the checkpoint is not there anyway.
    if (Status dropped = (*fresh)->Drop(); !dropped) return dropped;
    return status;
  }
  {
    const std::lock_guard lock(mutex_);
    families_[partition] = *fresh;
  }
  return old ? old->Drop() : Status();
}

}  // namespace storage
