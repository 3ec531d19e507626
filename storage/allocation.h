// How many bytes the allocator really gives for a request. Requests are rounded up to jemalloc's
// size classes before they are made, so that the whole of an allocation is known to be ours, can be
// counted without asking the allocator, and is the same in every build.
#pragma once

#include <bit>
#include <cstddef>

namespace storage {

// jemalloc's classes: multiples of 16 up to 128, then four to each doubling.
constexpr size_t AllocationBytes(size_t request_bytes) {
  if (request_bytes <= 128) return request_bytes <= 16 ? 16 : (request_bytes + 15) & ~size_t{15};
  const auto doubling = static_cast<int>(std::bit_width(request_bytes - 1)) - 1;
  const size_t step = size_t{1} << (doubling - 2);
  return (request_bytes + step - 1) & ~(step - 1);
}

static_assert(AllocationBytes(64) == 64 && AllocationBytes(65) == 80);
static_assert(AllocationBytes(129) == 160 && AllocationBytes(257) == 320);
static_assert(AllocationBytes(4096) == 4096 && AllocationBytes(4097) == 5120);

}  // namespace storage
