// Members ordered by (score, member): packed while small, a B+-tree with a hash table above.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "storage/function_ref.h"
#include "storage/types/member_table.h"
#include "storage/types/packed.h"
#include "storage/types/score_tree.h"
#include "storage/types/thresholds.h"

namespace storage {

class SortedSet {
 public:
  explicit SortedSet(uint64_t seed = 0);  // Of the table's hash.
  ~SortedSet();
  SortedSet(const SortedSet&) = delete;
  SortedSet& operator=(const SortedSet&) = delete;

  // Adds the member or changes its score (not NaN). True if it is new.
  bool Set(std::string_view member, double score,
           const Thresholds& thresholds = kDefaultThresholds);
  bool Remove(std::string_view member);
  std::optional<double> Score(std::string_view member) const;
  std::optional<size_t> Rank(std::string_view member) const;  // From 0, lowest score first.
  size_t size() const { return is_full_ ? full_->tree.size() : packed_.count() / 2; }
  // Visits ranks first..last (inclusive, both < size()), from the lowest score up, or with
  // `reverse` ranks counted from the highest score down. Stops when `visit` returns false. A view
  // lives until then.
  void ForRange(size_t first, size_t last, bool reverse,
                FunctionRef<bool(std::string_view member, double score)> visit) const;
  // How many members sort before (score, any member) / at or before it: rank bounds for
  // ZRANGEBYSCORE.
  size_t CountBelow(double score) const;
  size_t CountAtOrBelow(double score) const;
  // The same by member, where all scores are equal (ZRANGEBYLEX).
  size_t CountBelow(std::string_view member) const;
  size_t CountAtOrBelow(std::string_view member) const;
  uint64_t Scan(uint64_t cursor, size_t count,
                FunctionRef<void(std::string_view member, double score)> visit) const;
  // Any rank with the same probability, to be read through ForRange. Must not be empty.
  size_t RandomRank(uint64_t random) const { return random % size(); }
  size_t memory_bytes() const;  // O(1), the object itself included.
  bool packed() const { return is_full_ == 0; }
  const char* encoding() const { return packed() ? "listpack" : "skiplist"; }  // As Redis names it.

  // Appends all there is to know, for a checkpoint. Decode returns null for what EncodeTo has not
  // written.
  void EncodeTo(std::string& out) const;
  static std::unique_ptr<SortedSet> Decode(std::string_view bytes, uint64_t seed = 0);

 private:
  struct Full {
    explicit Full(uint64_t seed);
    MemberTable table;  // Owns the nodes, in the sense that ~SortedSet frees them through it.
    ScoreTree tree;
    size_t node_bytes = 0;
  };

  Packed::Place FindPacked(std::string_view member) const;  // Null if not there.
  void InsertPacked(std::string_view member, double score);
  bool SetInFull(std::string_view member, double score);
  void ConvertToFull();
  void BecomeFull();  // Drops what is packed.
  size_t CountWhile(FunctionRef<bool(std::string_view member, double score)> is_before) const;

  // A keyspace may hold millions of small sorted sets, so each is kept to 32 bytes besides its
  // contents.
  union {
    Packed packed_;  // Members and scores in turn, in order.
    Full* full_;
  };
  uint32_t seed_ : 31;
  uint32_t is_full_ : 1 = 0;
};
static_assert(sizeof(SortedSet) == 32);

}  // namespace storage
