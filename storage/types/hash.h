// A map of fields to values: packed while small, a hash table above.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "storage/function_ref.h"
#include "storage/types/member_table.h"
#include "storage/types/packed.h"
#include "storage/types/thresholds.h"

namespace storage {

class Hash {
 public:
  explicit Hash(uint64_t seed = 0);  // Of the table's hash.
  ~Hash();
  Hash(const Hash&) = delete;
  Hash& operator=(const Hash&) = delete;

  // True if the field is new.
  bool Set(std::string_view field, std::string_view value,
           const Thresholds& thresholds = kDefaultThresholds);
  bool Delete(std::string_view field);
  // Until the next change or the next Get: a packed integer's digits are written into this object.
  std::optional<std::string_view> Get(std::string_view field) const;
  bool Contains(std::string_view field) const;
  size_t size() const { return is_full_ ? full_->table.size() : packed_.count() / 2; }
  // The views live until `visit` returns.
  void ForEach(FunctionRef<void(std::string_view field, std::string_view value)> visit) const;
  // As Database::Scan. A packed hash is visited whole.
  uint64_t Scan(uint64_t cursor, size_t count,
                FunctionRef<void(std::string_view field, std::string_view value)> visit) const;
  // Visits one pair, each with the same probability. Must not be empty.
  void Random(uint64_t random,
              FunctionRef<void(std::string_view field, std::string_view value)> visit) const;

  size_t memory_bytes() const;  // O(1), the object itself included.
  bool packed() const { return is_full_ == 0; }
  const char* encoding() const { return packed() ? "listpack" : "hashtable"; }

  // Appends all there is to know, for a checkpoint. Decode returns null for what EncodeTo has not
  // written.
  void EncodeTo(std::string& out) const;
  static std::unique_ptr<Hash> Decode(std::string_view bytes, uint64_t seed = 0);

 private:
  struct Full {
    explicit Full(uint64_t seed) : table(seed, 0) {}
    MemberTable table;
    size_t node_bytes = 0;
  };

  Packed::Place FindPacked(std::string_view field) const;  // Null if not there.
  bool SetInTable(std::string_view field, std::string_view value);
  void ConvertToTable();
  void BecomeFull();  // Drops what is packed.

  // A keyspace may hold millions of small hashes, so each is kept to 48 bytes besides its contents.
  union {
    Packed packed_;  // Fields and values in turn.
    Full* full_;
  };
  uint32_t seed_ : 31;
  uint32_t is_full_ : 1 = 0;
  mutable IntegerBuffer digits_;
};
static_assert(sizeof(Hash) == 48);

}  // namespace storage
