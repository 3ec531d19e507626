// What the tests of the collections share: seeded randomness and mutated encodings.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>

namespace storage {

inline uint64_t TestSeed() {
  const char* seed = std::getenv("LOOM_SEED");
  return seed != nullptr ? std::strtoull(seed, nullptr, 10) : std::random_device{}();
}

class Chance {
 public:
  explicit Chance(uint64_t seed) : engine_(seed) {}
  uint64_t Bits() { return engine_(); }
  uint64_t Below(uint64_t limit) { return engine_() % limit; }
  bool OneIn(uint64_t n) { return Below(n) == 0; }

  // Integers at the edges of every width, digits that are no integer, binary, empty and long
  // strings.
  std::string Element(uint64_t variety, bool with_long = true) {
    const uint64_t number = Below(variety);
    switch (Below(8)) {
      case 0: {
        const int64_t edge = int64_t{1} << Below(63);
        return std::to_string((OneIn(2) ? edge : -edge) + static_cast<int64_t>(Below(3)) - 1);
      }
      case 1:
        return "0" + std::to_string(number);
      case 2:
        return std::string(Below(4), '\0');
      case 3:
        return OneIn(16) && with_long ? std::string(number % 5000, 'x') : "y";
      case 4:
        return "member:" + std::to_string(number);
      default:
        return std::to_string(number);
    }
  }

 private:
  std::mt19937_64 engine_;
};

// Truncations and flipped bits: whatever Decode takes must be sound enough to be used.
template <typename Decode>
void MutateAndDecode(const std::string& encoded, uint64_t seed, const Decode& decode) {
  const size_t step = encoded.size() / 150 + 1;
  for (size_t size = 0; size < encoded.size(); size += step) decode(encoded.substr(0, size));
  Chance chance(seed);
  for (int i = 0; i < 300; ++i) {
    std::string mutated = encoded;
    for (uint64_t flips = 1 + chance.Below(3); flips > 0 && !mutated.empty(); --flips) {
      mutated[chance.Below(chance.OneIn(2) ? mutated.size()
                                           : std::min<size_t>(mutated.size(), 16))] ^=
          static_cast<char>(1 << chance.Below(8));
    }
    decode(mutated);
  }
}

}  // namespace storage
