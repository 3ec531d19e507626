#include "storage/checkpoint_store_codec.h"

#include <xxhash.h>

#include <cassert>
#include <vector>

namespace storage {
namespace {

constexpr size_t kRowKeyPrefixBytes = 9;
constexpr uint64_t kInfoVersion = 1;

void PutBigEndian(std::string& out, uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}

uint64_t GetBigEndian(std::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < 8; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

// Takes numbers off the front; `ok` turns false when there are none left.
class Numbers {
 public:
  explicit Numbers(std::string_view bytes) : bytes_(bytes) {}

  uint64_t Next() {
    if (bytes_.size() < 8) {
      ok_ = false;
      return 0;
    }
    const uint64_t value = GetBigEndian(bytes_);
    bytes_.remove_prefix(8);
    return value;
  }

  std::vector<raft::NodeId> NextList() {
    std::vector<raft::NodeId> list;
    const uint64_t count = Next();
    if (count > bytes_.size() / 8) ok_ = false;
    for (uint64_t i = 0; ok_ && i < count; ++i) list.push_back(Next());
    return list;
  }

  bool AllTaken() const { return ok_ && bytes_.empty(); }

 private:
  std::string_view bytes_;
  bool ok_ = true;
};

}  // namespace

void EncodeRowKey(std::string& out, int database, uint64_t hash, std::string_view key) {
  assert(database >= 0);
  assert(database < kCheckpointDatabasesMax);
  out.clear();
  out.push_back(static_cast<char>(database + 1));
  PutBigEndian(out, hash);
  out.append(key);
}

std::optional<CheckpointRow> DecodeRowKey(std::string_view bytes) {
  if (bytes.size() < kRowKeyPrefixBytes) return std::nullopt;
  const int database = static_cast<unsigned char>(bytes[0]) - 1;
  if (database < 0 || database >= kCheckpointDatabasesMax) return std::nullopt;
  CheckpointRow row;
  row.database = database;
  row.hash = GetBigEndian(bytes.substr(1));
  row.key = bytes.substr(kRowKeyPrefixBytes);
  return row;
}

std::string FirstRowKey(int database) { return std::string(1, static_cast<char>(database + 1)); }

// All numbers are u64, big-endian like those in the keys:
//   version | term | index | voters, outgoing, learners (each: count, ids) | hash seed | keys |
//   XXH3 of all before
std::string EncodeCheckpointInfo(const CheckpointInfo& info) {
  std::string out;
  PutBigEndian(out, kInfoVersion);
  PutBigEndian(out, info.snapshot.last.term);
  PutBigEndian(out, info.snapshot.last.index);
  const raft::Configuration& configuration = info.snapshot.configuration;
  for (const auto* list :
       {&configuration.voters, &configuration.outgoing, &configuration.learners}) {
    PutBigEndian(out, list->size());
    for (const raft::NodeId id : *list) PutBigEndian(out, id);
  }
  PutBigEndian(out, info.hash_seed);
  PutBigEndian(out, info.keys);
  PutBigEndian(out, XXH3_64bits(out.data(), out.size()));
  return out;
}

Result<CheckpointInfo> DecodeCheckpointInfo(std::string_view bytes) {
  const auto corrupt = tl::unexpected(Error{Code::kCorrupt, "damaged checkpoint info"});
  if (bytes.size() < 16) return corrupt;
  const std::string_view body = bytes.substr(0, bytes.size() - 8);
  if (GetBigEndian(bytes.substr(body.size())) != XXH3_64bits(body.data(), body.size())) {
    return corrupt;
  }
  Numbers numbers(body);
  if (const uint64_t version = numbers.Next(); version != kInfoVersion) {
    return tl::unexpected(Error{Code::kInvalid, "checkpoint format version " +
                                                    std::to_string(version) +
                                                    " is not one that this program knows"});
  }
  CheckpointInfo info;
  info.snapshot.last.term = numbers.Next();
  info.snapshot.last.index = numbers.Next();
  info.snapshot.configuration.voters = numbers.NextList();
  info.snapshot.configuration.outgoing = numbers.NextList();
  info.snapshot.configuration.learners = numbers.NextList();
  info.hash_seed = numbers.Next();
  info.keys = numbers.Next();
  if (!numbers.AllTaken()) return corrupt;
  return info;
}

}  // namespace storage
