// Indexes as clients give them: negative ones count from the end, and ranges are cut to what is
// there.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

namespace server::commands {

struct IndexRange {
  size_t first;
  size_t last;  // Inclusive.
};

// Empty when nothing of the range is there.
inline std::optional<IndexRange> ResolveRange(int64_t first, int64_t last, size_t size) {
  const auto count = static_cast<int64_t>(size);
  if (first < 0) first = std::max<int64_t>(count + first, 0);
  if (last < 0) last = count + last;
  if (first > last || first >= count) return std::nullopt;
  return IndexRange{.first = static_cast<size_t>(first),
                    .last = static_cast<size_t>(std::min(last, count - 1))};
}

inline std::optional<size_t> ResolveIndex(int64_t index, size_t size) {
  const auto count = static_cast<int64_t>(size);
  if (index < 0) index += count;
  if (index < 0 || index >= count) return std::nullopt;
  return static_cast<size_t>(index);
}

}  // namespace server::commands
