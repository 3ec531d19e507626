// Randomness from the system, for what must differ between nodes and between starts.
#pragma once

#include <sys/random.h>

#include <cstdint>

namespace server {

inline uint64_t RandomBits() {
  uint64_t bits = 0;
  while (getrandom(&bits, sizeof bits, 0) != sizeof bits) {
  }
  return bits;
}

}  // namespace server
