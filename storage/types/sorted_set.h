// Members ordered by (score, member): packed while small, a skip list or B+-tree with a hash table above.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

namespace storage {

class SortedSet {
 public:
  // Adds the member or changes its score (not NaN). True if it is new.
  bool Set(std::string_view member, double score);
  bool Remove(std::string_view member);
  std::optional<double> Score(std::string_view member) const;
  std::optional<size_t> Rank(std::string_view member) const;  // From 0, lowest score first.
  size_t size() const;
  // Visits ranks first..last (inclusive, both < size()), from the lowest score up, or with `reverse` ranks
  // counted from the highest score down. Stops when `visit` returns false.
  void ForRange(size_t first, size_t last, bool reverse,
                const std::function<bool(std::string_view member, double score)>& visit) const;
  // How many members sort before (score, any member) / at or before it: rank bounds for ZRANGEBYSCORE.
  size_t CountBelow(double score) const;
  size_t CountAtOrBelow(double score) const;
  // The same by member, where all scores are equal (ZRANGEBYLEX).
  size_t CountBelow(std::string_view member) const;
  size_t CountAtOrBelow(std::string_view member) const;
  uint64_t Scan(uint64_t cursor, size_t count, const std::function<void(std::string_view, double)>& visit) const;
  size_t memory_bytes() const;  // O(1).
  bool packed() const;
};

}  // namespace storage
