// Reading entries of a shared log back, from the disk or from what is still to be written.
#include <algorithm>

#include "storage/shared_log.h"
#include "storage/shared_log_segment.h"

namespace storage {
namespace {

const LogPart* PartHolding(const std::vector<LogPart>& parts, const EntryPlace& place) {
  for (const LogPart& part : parts) {
    if (part.segment == place.segment && place.offset >= part.offset && place.offset < part.end()) {
      return &part;
    }
  }
  return nullptr;
}

}  // namespace

// The record and what follows it, if it has not been written for certain; empty if it has.
std::string_view SharedLog::Unwritten(const EntryPlace& place) const {
  const LogPart* part = PartHolding(pending_, place);
  if (part == nullptr && in_flight_ != nullptr) part = PartHolding(*in_flight_, place);
  if (part == nullptr) return {};
  return std::string_view(part->bytes).substr(place.offset - part->offset);
}

// Files of their own, since the worker writes through the other ones meanwhile.
Result<const File*> SharedLog::ReaderOf(uint64_t segment) const {
  std::unique_ptr<File>& reader = readers_[segment];
  if (!reader) {
    Result<std::unique_ptr<File>> file = disk_.Open(SegmentPath(place_.directory, segment));
    if (!file) return tl::unexpected(file.error());
    reader = std::move(*file);
  }
  return reader.get();
}

std::vector<raft::Entry> SharedLog::Read(PartitionId partition, raft::Index first,
                                         size_t bytes_max) const {
  std::vector<raft::Entry> entries;
  const auto found = partitions_.find(partition);
  if (found == partitions_.end()) return entries;
  const PartitionLog& log = found->second;

  std::optional<FileWindow> window;
  uint64_t window_segment = 0;
  size_t bytes = 0;
  for (raft::Index index = first; const EntryPlace* place = log.Find(index); ++index) {
    if (!entries.empty() && bytes + place->payload_bytes > bytes_max) break;
    std::string_view raw = Unwritten(*place);
    if (raw.empty()) {
      if (!window || window_segment != place->segment) {
        const Result<const File*> file = ReaderOf(place->segment);
        if (!file) {
          read_error_ = file.error();
          break;
        }
        window.emplace(**file, UINT64_MAX);
        window_segment = place->segment;
      }
      const Result<std::string_view> read =
          window->At(place->offset, RecordBytes(place->payload_bytes));
      if (!read) {
        read_error_ = read.error();
        break;
      }
      raw = *read;
    }
    const std::optional<Record> record =
        DecodeRecord(raw, SegmentSeed(place_.header.node_id, place_.header.shard, place->segment));
    if (!record || record->header.kind != RecordKind::kEntry ||
        record->header.partition != partition || record->header.index != index ||
        record->header.term != place->term) {
      read_error_ =
          Error{Code::kCorrupt, SegmentPath(place_.directory, place->segment) + " at " +
                                    std::to_string(place->offset) + ": the entry is damaged"};
      break;
    }
    bytes += record->payload.size();
    entries.push_back({.term = record->header.term,
                       .index = index,
                       .kind = record->header.entry_kind,
                       .payload = record->payload.empty()
                                      ? nullptr
                                      : std::make_shared<const std::string>(record->payload)});
  }
  return entries;
}

}  // namespace storage
