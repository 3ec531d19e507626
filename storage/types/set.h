// Distinct strings: sorted integers, then packed, then a hash table.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "storage/function_ref.h"
#include "storage/types/intset.h"
#include "storage/types/member_table.h"
#include "storage/types/packed.h"
#include "storage/types/thresholds.h"

namespace storage {

class Set {
 public:
  explicit Set(uint64_t seed = 0);  // Of the table's hash.
  ~Set();
  Set(const Set&) = delete;
  Set& operator=(const Set&) = delete;

  // True if it is new.
  bool Add(std::string_view member, const Thresholds& thresholds = kDefaultThresholds);
  bool Remove(std::string_view member);  // True if it was there.
  bool Contains(std::string_view member) const;
  // Each with the same probability. Must not be empty. The view lives until the next change or the
  // next call of Random: an integer's digits are written into this object.
  std::string_view Random(uint64_t random) const;
  size_t size() const;
  // The view lives until `visit` returns.
  void ForEach(FunctionRef<void(std::string_view)> visit) const;
  // As Database::Scan. A set that is no table is visited whole.
  uint64_t Scan(uint64_t cursor, size_t count, FunctionRef<void(std::string_view)> visit) const;
  size_t memory_bytes() const;  // O(1), the object itself included.
  // "intset" or "hashtable": Redis 7.0 packs no sets of strings, so that we do does not show.
  const char* encoding() const { return kind() == Kind::kIntegers ? "intset" : "hashtable"; }

  // Appends all there is to know, for a checkpoint. Decode returns null for what EncodeTo has not
  // written.
  void EncodeTo(std::string& out) const;
  static std::unique_ptr<Set> Decode(std::string_view bytes, uint64_t seed = 0);

 private:
  enum class Kind : uint8_t { kIntegers = 0, kPacked = 1, kTable = 2 };  // Stored.
  struct Full {
    explicit Full(uint64_t seed) : table(seed, 0) {}
    MemberTable table;
    size_t node_bytes = 0;
  };

  Kind kind() const { return static_cast<Kind>(kind_); }
  void Become(Kind kind);  // Empty, whatever it was.

  Packed::Place FindPacked(std::string_view member) const;  // Null if not there.
  bool AddToTable(std::string_view member);
  bool DecodeIntegers(std::string_view bytes, uint64_t count);
  // Out of the integers, into what takes this member also.
  void ConvertFor(std::string_view member, const Thresholds& thresholds);
  void ConvertToTable();

  // A keyspace may hold millions of small sets, so each is kept to 48 bytes besides its contents.
  union {
    IntSet integers_;
    Packed packed_;
    Full* full_;
  };
  uint32_t seed_ : 30;
  uint32_t kind_ : 2 = 0;
  mutable IntegerBuffer digits_;
};
static_assert(sizeof(Set) == 48);

}  // namespace storage
