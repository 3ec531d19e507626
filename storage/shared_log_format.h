// The bytes of a shared log: segment headers and records. Pure code, no I/O.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "raft/core/types.h"
#include "storage/result.h"

namespace storage {

using PartitionId = uint32_t;

enum class RecordKind : uint8_t {
  kBatch = 1,      // Opens what one write appends. Alone it is a sync marker.
  kEntry = 2,      // One entry of one partition.
  kHardState = 3,  // Term and vote: `term`, `index` (the vote).
  kReset = 4,      // The partition's log is empty and goes on after (`term`, `index`).
  kRelease = 5,    // Entries up to (`term`, `index`) are no longer needed.
  kState = 6,      // All that is known of a partition: older segments are not needed for it.
};

struct RecordHeader {
  RecordKind kind = RecordKind::kEntry;
  raft::EntryKind entry_kind = raft::EntryKind::kNoop;
  PartitionId partition = 0;
  // Counts the partition's records: a lost one is noticed by the next, whatever it was.
  uint32_t ordinal = 0;
  uint64_t term = 0;
  uint64_t index = 0;
};

struct Record {
  RecordHeader header;
  std::string_view payload;
  size_t size = 0;  // On disk, padding included.
};

inline constexpr size_t kRecordHeaderBytes = 40;
inline constexpr size_t kRecordPayloadBytesMax = (size_t{1} << 32) - 64;

constexpr size_t RecordBytes(size_t payload_bytes) {
  return (kRecordHeaderBytes + payload_bytes + 7) & ~size_t{7};
}

void AppendRecord(std::string& out, uint64_t seed, const RecordHeader& header,
                  std::string_view payload);
// Writes over `at`, which has room for RecordBytes(payload.size()).
void EncodeRecord(char* at, uint64_t seed, const RecordHeader& header, std::string_view payload);
// Nothing when `bytes` do not begin with a whole, undamaged record. Zeros never do.
std::optional<Record> DecodeRecord(std::string_view bytes, uint64_t seed);
// How long the record at `bytes` says it is, checked against nothing; 0 when that cannot be.
size_t ClaimedRecordBytes(std::string_view bytes);

// What one write begins with.
struct BatchHeader {
  uint64_t number = 0;   // Rises by one from batch to batch, over all segments.
  uint64_t durable = 0;  // Batches up to this one were synced before this one was written.
  uint64_t bytes = 0;    // Of the batch, this header included.
  uint64_t offset = 0;   // Where in the segment it begins.
};
inline constexpr size_t kBatchHeaderBytes = RecordBytes(16);
void EncodeBatchHeader(char* at, uint64_t seed, const BatchHeader& batch);
std::optional<BatchHeader> DecodeBatchHeader(std::string_view bytes, uint64_t seed,
                                             uint64_t offset);

// What kState and kReset say of a partition beside the fields of their record.
struct PartitionState {
  raft::HardState hard_state;
  raft::Position last;
  raft::Position released;
  bool corrupt = false;
};
std::string EncodePartitionState(const PartitionState& state);
std::optional<PartitionState> DecodePartitionState(std::string_view payload);

struct SegmentHeader {
  uint64_t number = 0;
  uint32_t shard = 0;
  uint64_t epoch = 0;  // The process start that created the segment; for people.
  uint64_t bytes = 0;  // Of the file as created: a shorter one was cut by someone.
  std::string cluster_id;
  std::string node_id;
};
inline constexpr size_t kSegmentHeaderBytes = 4096;  // Keeps the records' pages free of it.
inline constexpr uint32_t kSegmentVersion = 1;
std::string EncodeSegmentHeader(const SegmentHeader& header);
// kCorrupt when damaged, kInvalid when written by a newer version. `what` lacks the path.
Result<SegmentHeader> DecodeSegmentHeader(std::string_view bytes);

// The seed of a segment's checksums: a record of another segment, shard or node does not validate.
uint64_t SegmentSeed(std::string_view node_id, uint32_t shard, uint64_t number);

}  // namespace storage
