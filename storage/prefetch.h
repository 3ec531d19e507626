// Asks the processor to bring a cache line nearer.
#pragma once

namespace storage {

inline void PrefetchLine(const void* address) {
  __builtin_prefetch(address);
  // GCC 12 takes a function that only prefetches for a pure one and drops the calls to it; an asm
  // statement, even an empty one, is a side effect that it must keep.
  asm volatile("");
}

}  // namespace storage
