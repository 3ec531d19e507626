#include "storage/capture.h"

#include <cassert>
#include <cstring>

#include "storage/capture_walk.h"

namespace storage {
namespace {

// A row of a slice; native byte order, since it never leaves the process.
struct RowHeader {
  uint64_t hash;
  uint32_t key_size;
  uint32_t value_size;
  uint8_t kind;
  uint8_t database;
};

}  // namespace

std::string& CaptureSlice::BeginRow(Kind kind, int database, uint64_t hash, std::string_view key) {
  RowHeader header = {};
  header.hash = hash;
  header.key_size = static_cast<uint32_t>(key.size());
  header.kind = static_cast<uint8_t>(kind);
  header.database = static_cast<uint8_t>(database);
  row_at_ = rows_.size();
  rows_.append(reinterpret_cast<const char*>(&header), sizeof(header));
  rows_.append(key);
  ++count_;
  return rows_;
}

void CaptureSlice::EndRow() {
  RowHeader header;
  std::memcpy(&header, rows_.data() + row_at_, sizeof(header));
  const size_t value_size = rows_.size() - row_at_ - sizeof(header) - header.key_size;
  assert(value_size <= UINT32_MAX);  // No value comes near: strings end at 512 MB.
  header.value_size = static_cast<uint32_t>(value_size);
  std::memcpy(rows_.data() + row_at_, &header, sizeof(header));
}

Status CaptureSlice::WriteTo(CheckpointWriter& writer) const {
  const std::string_view rows = rows_;
  for (size_t at = 0; at < rows.size();) {
    RowHeader header;
    std::memcpy(&header, rows.data() + at, sizeof(header));
    const std::string_view key = rows.substr(at + sizeof(header), header.key_size);
    at += sizeof(header) + header.key_size;
    const std::string_view value = rows.substr(at, header.value_size);
    at += header.value_size;
    Status status;
    switch (static_cast<Kind>(header.kind)) {
      case Kind::kPut:
        status = writer.Put(
            {.hash = header.hash, .database = header.database, .key = key, .value = value});
        break;
      case Kind::kDelete:
        status = writer.Delete(header.database, header.hash, key);
        break;
      case Kind::kDeleteDatabase:
        status = writer.DeleteDatabase(header.database);
        break;
    }
    if (!status) return status;
  }
  return {};
}

size_t CaptureSlice::bytes() const { return rows_.size(); }
size_t CaptureSlice::rows() const { return count_; }

std::unique_ptr<Capture> Capture::Begin(Keyspace& keyspace, bool everything) {
  return std::make_unique<CaptureWalk>(keyspace, everything);
}

}  // namespace storage
