// The one source of chance in a simulated run: equal seeds give equal runs, on every platform.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <vector>

namespace sim {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t Next() {  // SplitMix64.
    state_ += 0x9E3779B97F4A7C15u;
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }
  uint64_t Below(uint64_t bound) { return Next() % bound; }
  uint64_t Between(uint64_t low, uint64_t high) { return low + Below(high - low + 1); }
  bool Percent(uint64_t percent) { return Below(100) < percent; }

 private:
  uint64_t state_;
};

// Seeds 1 to `count`, or the one in LOOM_SEED, which replays a failure exactly.
inline std::vector<uint64_t> Seeds(uint64_t count) {
  if (const char* given = std::getenv("LOOM_SEED")) return {std::strtoull(given, nullptr, 10)};
  std::vector<uint64_t> seeds;
  for (uint64_t seed = 1; seed <= count; ++seed) seeds.push_back(seed);
  return seeds;
}

}  // namespace sim
