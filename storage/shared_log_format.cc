#include "storage/shared_log_format.h"

#include <xxhash.h>

#include <bit>
#include <cassert>
#include <cstring>

namespace storage {
namespace {

static_assert(std::endian::native == std::endian::little, "the format is written as it lies");

constexpr size_t kChecksummedFrom = 12;  // After the length and the checksum itself.
constexpr std::string_view kMagic = "LOOMWAL\n";

template <typename T>
void Store(char* at, T value) {
  std::memcpy(at, &value, sizeof(value));
}

template <typename T>
T Load(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof(value));
  return value;
}

}  // namespace

// A record, little-endian:
//   length u32 | XXH3 u64 of all that follows | kind u8 | entry kind u8 | 0 u16 | partition u32 |
//   ordinal u32 | term u64 | index u64 | payload | zeros up to a multiple of 8
//
// The length counts what is checksummed; it is not zero, so a zero-filled tail is no record.
void EncodeRecord(char* at, uint64_t seed, const RecordHeader& header, std::string_view payload) {
  assert(payload.size() <= kRecordPayloadBytesMax);
  const size_t length = kRecordHeaderBytes - kChecksummedFrom + payload.size();
  Store(at, static_cast<uint32_t>(length));
  Store(at + 12, static_cast<uint8_t>(header.kind));
  Store(at + 13, static_cast<uint8_t>(header.entry_kind));
  Store(at + 14, uint16_t{0});
  Store(at + 16, header.partition);
  Store(at + 20, header.ordinal);
  Store(at + 24, header.term);
  Store(at + 32, header.index);
  if (!payload.empty()) std::memcpy(at + kRecordHeaderBytes, payload.data(), payload.size());
  const size_t end = kRecordHeaderBytes + payload.size();
  std::memset(at + end, 0, RecordBytes(payload.size()) - end);
  Store(at + 4, static_cast<uint64_t>(XXH3_64bits_withSeed(at + kChecksummedFrom, length, seed)));
}

void AppendRecord(std::string& out, uint64_t seed, const RecordHeader& header,
                  std::string_view payload) {
  const size_t begin = out.size();
  out.resize(begin + RecordBytes(payload.size()));
  EncodeRecord(out.data() + begin, seed, header, payload);
}

size_t ClaimedRecordBytes(std::string_view bytes) {
  if (bytes.size() < sizeof(uint32_t)) return 0;
  const size_t length = Load<uint32_t>(bytes.data());
  if (length < kRecordHeaderBytes - kChecksummedFrom) return 0;
  return RecordBytes(length + kChecksummedFrom - kRecordHeaderBytes);
}

std::optional<Record> DecodeRecord(std::string_view bytes, uint64_t seed) {
  const size_t size = ClaimedRecordBytes(bytes);
  if (size == 0 || size > bytes.size()) return std::nullopt;
  const char* at = bytes.data();
  const size_t length = Load<uint32_t>(at);
  if (XXH3_64bits_withSeed(at + kChecksummedFrom, length, seed) != Load<uint64_t>(at + 4)) {
    return std::nullopt;
  }
  Record record;
  record.header.kind = static_cast<RecordKind>(Load<uint8_t>(at + 12));
  record.header.entry_kind = static_cast<raft::EntryKind>(Load<uint8_t>(at + 13));
  record.header.partition = Load<uint32_t>(at + 16);
  record.header.ordinal = Load<uint32_t>(at + 20);
  record.header.term = Load<uint64_t>(at + 24);
  record.header.index = Load<uint64_t>(at + 32);
  record.payload = bytes.substr(kRecordHeaderBytes, length + kChecksummedFrom - kRecordHeaderBytes);
  record.size = size;
  return record;
}

// A batch header is a record whose term is the batch's number, whose index is the durable one, and
// whose payload is: bytes u64 | offset u64
void EncodeBatchHeader(char* at, uint64_t seed, const BatchHeader& batch) {
  char payload[16];
  Store(payload, batch.bytes);
  Store(payload + 8, batch.offset);
  const RecordHeader header{
      .kind = RecordKind::kBatch, .term = batch.number, .index = batch.durable};
  EncodeRecord(at, seed, header, {payload, sizeof(payload)});
}

std::optional<BatchHeader> DecodeBatchHeader(std::string_view bytes, uint64_t seed,
                                             uint64_t offset) {
  // The claimed size is looked at first: a search tries every eighth byte of a segment.
  if (bytes.size() < kBatchHeaderBytes) return std::nullopt;
  if (ClaimedRecordBytes(bytes) != kBatchHeaderBytes) return std::nullopt;
  const std::optional<Record> record = DecodeRecord(bytes.substr(0, kBatchHeaderBytes), seed);
  if (!record || record->header.kind != RecordKind::kBatch || record->payload.size() != 16) {
    return std::nullopt;
  }
  const BatchHeader batch{.number = record->header.term,
                          .durable = record->header.index,
                          .bytes = Load<uint64_t>(record->payload.data()),
                          .offset = Load<uint64_t>(record->payload.data() + 8)};
  if (batch.offset != offset || batch.bytes < kBatchHeaderBytes) return std::nullopt;
  return batch;
}

// A partition's state: term u64 | vote u64 | last term u64 | last index u64 |
//   released term u64 | released index u64 | corrupt u8
std::string EncodePartitionState(const PartitionState& state) {
  std::string out(49, '\0');
  Store(out.data(), state.hard_state.term);
  Store(out.data() + 8, state.hard_state.voted_for);
  Store(out.data() + 16, state.last.term);
  Store(out.data() + 24, state.last.index);
  Store(out.data() + 32, state.released.term);
  Store(out.data() + 40, state.released.index);
  Store(out.data() + 48, static_cast<uint8_t>(state.corrupt));
  return out;
}

std::optional<PartitionState> DecodePartitionState(std::string_view payload) {
  if (payload.size() != 49) return std::nullopt;
  PartitionState state;
  state.hard_state.term = Load<uint64_t>(payload.data());
  state.hard_state.voted_for = Load<uint64_t>(payload.data() + 8);
  state.last.term = Load<uint64_t>(payload.data() + 16);
  state.last.index = Load<uint64_t>(payload.data() + 24);
  state.released.term = Load<uint64_t>(payload.data() + 32);
  state.released.index = Load<uint64_t>(payload.data() + 40);
  state.corrupt = payload[48] != 0;
  return state;
}

// A segment's header, 4096 bytes, zeros between the ids and the checksum:
//   magic 8 bytes | version u32 | shard u32 | number u64 | epoch u64 | bytes u64 |
//   cluster id: u16 length, bytes | node id: u16 length, bytes | ... | XXH3 u64 of all before
std::string EncodeSegmentHeader(const SegmentHeader& header) {
  assert(header.cluster_id.size() <= 1000);
  assert(header.node_id.size() <= 1000);
  std::string out(kSegmentHeaderBytes, '\0');
  std::memcpy(out.data(), kMagic.data(), kMagic.size());
  Store(out.data() + 8, kSegmentVersion);
  Store(out.data() + 12, header.shard);
  Store(out.data() + 16, header.number);
  Store(out.data() + 24, header.epoch);
  Store(out.data() + 32, header.bytes);
  size_t at = 40;
  for (const std::string* id : {&header.cluster_id, &header.node_id}) {
    Store(out.data() + at, static_cast<uint16_t>(id->size()));
    std::memcpy(out.data() + at + 2, id->data(), id->size());
    at += 2 + id->size();
  }
  const size_t checksum_at = kSegmentHeaderBytes - 8;
  Store(out.data() + checksum_at, static_cast<uint64_t>(XXH3_64bits(out.data(), checksum_at)));
  return out;
}

Result<SegmentHeader> DecodeSegmentHeader(std::string_view bytes) {
  const size_t checksum_at = kSegmentHeaderBytes - 8;
  if (bytes.size() < kSegmentHeaderBytes ||
      Load<uint64_t>(bytes.data() + checksum_at) != XXH3_64bits(bytes.data(), checksum_at) ||
      bytes.substr(0, kMagic.size()) != kMagic) {
    return tl::unexpected(Error{Code::kCorrupt, "damaged segment header"});
  }
  const uint32_t version = Load<uint32_t>(bytes.data() + 8);
  if (version != kSegmentVersion) {
    return tl::unexpected(Error{Code::kInvalid, "log format version " + std::to_string(version) +
                                                    " is not one that this program knows"});
  }
  SegmentHeader header;
  header.shard = Load<uint32_t>(bytes.data() + 12);
  header.number = Load<uint64_t>(bytes.data() + 16);
  header.epoch = Load<uint64_t>(bytes.data() + 24);
  header.bytes = Load<uint64_t>(bytes.data() + 32);
  size_t at = 40;
  for (std::string* id : {&header.cluster_id, &header.node_id}) {
    const size_t size = Load<uint16_t>(bytes.data() + at);
    if (size > 1000) return tl::unexpected(Error{Code::kCorrupt, "segment header with a long id"});
    id->assign(bytes.substr(at + 2, size));
    at += 2 + size;
  }
  return header;
}

uint64_t SegmentSeed(std::string_view node_id, uint32_t shard, uint64_t number) {
  const uint64_t node = XXH3_64bits_withSeed(node_id.data(), node_id.size(), shard);
  return XXH3_64bits_withSeed(&number, sizeof(number), node);
}

}  // namespace storage
