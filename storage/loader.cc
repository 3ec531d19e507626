#include <cassert>
#include <string>

#include "storage/capture.h"
#include "storage/key_hash.h"
#include "storage/value_codec.h"

namespace storage {
namespace {

Status Corrupt(const char* what) {
  return tl::unexpected(
      Error{.code = Code::kCorrupt, .what = std::string("checkpoint row: ") + what});
}

}  // namespace

class KeyspaceLoader : public Loader {
 public:
  explicit KeyspaceLoader(Keyspace& keyspace) : keyspace_(keyspace) {
    assert(keyspace.size() == 0);
  }

  // Rows come from a disk, so that nothing about them is taken for granted. Their order is what
  // keeps a key from coming twice.
  Status Add(const CheckpointRow& row) override {
    if (row.database < 0 || row.database >= kDatabases) return Corrupt("no such database");
    if (row.hash != KeyHash(row.key, keyspace_.hash_seed())) return Corrupt("hash is another");
    if (!IsAfterLast(row)) return Corrupt("out of order");
    Result<ItemPtr> item = DecodeValue(row.key, row.value, keyspace_.hash_seed());
    if (!item) return tl::unexpected(item.error());

    keyspace_.database(row.database).AddLoaded(row.hash, item->release());
    last_database_ = row.database;
    last_hash_ = row.hash;
    last_key_.assign(row.key);
    return {};
  }

 private:
  bool IsAfterLast(const CheckpointRow& row) const {
    if (row.database != last_database_) return row.database > last_database_;
    if (row.hash != last_hash_) return row.hash > last_hash_;
    return row.key > last_key_;
  }

  Keyspace& keyspace_;
  int last_database_ = -1;
  uint64_t last_hash_ = 0;
  std::string last_key_;
};

std::unique_ptr<Loader> Loader::Begin(Keyspace& keyspace) {
  return std::make_unique<KeyspaceLoader>(keyspace);
}

}  // namespace storage
