#include "storage/partition_log.h"

#include <cassert>

namespace storage {

raft::Position PartitionLog::last() const {
  if (places_.empty()) return base_;
  return {.term = places_.back().term, .index = base_.index + places_.size()};
}

void PartitionLog::Append(raft::Index index, const EntryPlace& place) {
  assert(index > base_.index);
  assert(index <= base_.index + places_.size() + 1);
  while (base_.index + places_.size() >= index) {
    payload_bytes_ -= places_.back().payload_bytes;
    places_.pop_back();
  }
  places_.push_back(place);
  payload_bytes_ += place.payload_bytes;
}

void PartitionLog::Reset(raft::Position start) {
  places_.clear();
  payload_bytes_ = 0;
  base_ = start;
  released = start;
  corrupt = false;
}

void PartitionLog::Release(raft::Position position) {
  while (!places_.empty() && base_.index < position.index) {
    payload_bytes_ -= places_.front().payload_bytes;
    base_ = {.term = places_.front().term, .index = base_.index + 1};
    places_.pop_front();
  }
  if (base_.index == position.index) base_ = position;
  if (released.index < position.index) released = position;
}

void PartitionLog::Rebase(raft::Index index) {
  assert(index > released.index);
  assert(index <= base_.index);
  places_.clear();
  payload_bytes_ = 0;
  // A term that is not known here is told by a release to come, or the log has a gap.
  base_ = index == released.index + 1 ? released : raft::Position{.index = index - 1};
}

const EntryPlace* PartitionLog::Find(raft::Index index) const {
  if (index <= base_.index || index > base_.index + places_.size()) return nullptr;
  return &places_[index - base_.index - 1];
}

std::optional<raft::Term> PartitionLog::TermAt(raft::Index index) const {
  if (index == base_.index) return base_.term;
  const EntryPlace* place = Find(index);
  if (place == nullptr) return std::nullopt;
  return place->term;
}

}  // namespace storage
