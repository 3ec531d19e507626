// A seed for a randomised test: LOOM_SEED if set, so that a failure can be replayed.
#pragma once

#include <cstdint>
#include <cstdlib>

namespace storage {

inline uint64_t TestSeed(uint64_t otherwise) {
  const char* text = std::getenv("LOOM_SEED");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

}  // namespace storage
