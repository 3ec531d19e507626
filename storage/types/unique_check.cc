#include "storage/types/unique_check.h"

#include <algorithm>
#include <string_view>
#include <vector>

namespace storage {

bool EveryNthIsUnique(const Packed& packed, size_t stride) {
  // Equal elements have equal bytes, so the bytes stand for the values.
  std::vector<std::string_view> elements;
  elements.reserve(packed.count() / stride);
  for (Packed::Place at = packed.begin(); at != packed.end();) {
    const Packed::Place next = Packed::Next(at);
    elements.emplace_back(at, static_cast<size_t>(next - at));
    at = next;
    for (size_t i = 1; i < stride; ++i) at = Packed::Next(at);
  }
  std::sort(elements.begin(), elements.end());
  return std::adjacent_find(elements.begin(), elements.end()) == elements.end();
}

}  // namespace storage
