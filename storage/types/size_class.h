// What an allocation of `bytes` really takes: jemalloc's size classes. Buffers grow to exactly
// these, so no byte is held that the allocator would not hold anyway.
#pragma once

#include <bit>
#include <cstddef>

namespace storage {

constexpr size_t AllocatedSize(size_t bytes) {
  if (bytes == 0) return 0;
  if (bytes <= 8) return 8;
  if (bytes <= 128) return (bytes + 15) & ~size_t{15};
  const size_t step = size_t{1} << (std::bit_width(bytes - 1) - 3);  // Four classes to a doubling.
  return (bytes + step - 1) & ~(step - 1);
}

static_assert(AllocatedSize(129) == 160 && AllocatedSize(256) == 256 && AllocatedSize(257) == 320);
static_assert(AllocatedSize(7000) == 7168 && AllocatedSize(8192) == 8192);

}  // namespace storage
