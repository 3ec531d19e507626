// Slots to partitions: N contiguous ranges whose sizes differ by one slot at most.
#pragma once

#include <cassert>
#include <cstdint>

#include "discovery/slots.h"

namespace discovery {

// A value; copy it freely. The number of partitions is fixed when the cluster is created.
class PartitionMap {
 public:
  // `partitions` is between 1 and kSlots.
  explicit constexpr PartitionMap(uint32_t partitions) : partitions_(partitions) {
    assert(partitions >= 1);
    assert(partitions <= kSlots);
  }

  constexpr uint32_t partitions() const { return partitions_; }

  constexpr uint32_t PartitionOf(uint16_t slot) const {
    assert(slot < kSlots);
    return slot * partitions_ / kSlots;  // A multiplication and a shift.
  }

  constexpr uint16_t FirstSlot(uint32_t partition) const {
    assert(partition < partitions_);
    return static_cast<uint16_t>(Begin(partition));
  }

  constexpr uint16_t LastSlot(uint32_t partition) const {
    assert(partition < partitions_);
    return static_cast<uint16_t>(Begin(partition + 1) - 1);
  }

 private:
  // The least slot s for which s * partitions / kSlots reaches `partition`.
  constexpr uint32_t Begin(uint32_t partition) const {
    return (partition * kSlots + partitions_ - 1) / partitions_;
  }

  uint32_t partitions_;
};

}  // namespace discovery
