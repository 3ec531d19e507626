// Ranges of sorted sets as clients write them, by score ("(1", "+inf") and by member ("[a", "-").
#pragma once

#include <optional>
#include <string_view>

#include "storage/types/sorted_set.h"

namespace server::commands {

// Ranks from the lowest score up: [begin, end).
struct RankRange {
  size_t begin = 0;
  size_t end = 0;
  size_t size() const { return end > begin ? end - begin : 0; }
};

struct ScoreRange {
  double min = 0;
  double max = 0;
  bool min_excluded = false;
  bool max_excluded = false;

  static std::optional<ScoreRange> Parse(std::string_view min, std::string_view max);
  RankRange In(const storage::SortedSet& set) const;
};

struct LexRange {
  struct Bound {
    enum class Kind { kLowest, kMember, kHighest } kind = Kind::kMember;
    std::string_view member;
    bool excluded = false;
  };
  Bound min;
  Bound max;

  static std::optional<LexRange> Parse(std::string_view min, std::string_view max);
  // Means something only where all scores are equal, as Redis documents.
  RankRange In(const storage::SortedSet& set) const;
};

}  // namespace server::commands
