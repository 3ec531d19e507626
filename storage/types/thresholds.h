// Up to where a collection keeps its compact encoding. A node's settings; the defaults are
// Redis 7.0's.
#pragma once

#include <cstddef>

namespace storage {

struct Thresholds {
  size_t hash_entries_max = 512;  // hash-max-listpack-entries
  size_t hash_value_max = 64;     // hash-max-listpack-value, bytes of a field or a value
  size_t zset_entries_max = 128;  // zset-max-listpack-entries
  size_t zset_value_max = 64;     // zset-max-listpack-value
  size_t set_intset_max = 512;    // set-max-intset-entries
  // list-max-listpack-size: bytes of a block, and where the setting is a positive count, elements
  // of one.
  size_t list_block_bytes = 8192;
  size_t list_block_entries = ~size_t{0};
  // Redis 7.0 has no packed sets, so no setting: above these a search through the bytes costs more
  // than the table it saves.
  size_t set_packed_entries = 32;
  size_t set_packed_value = 64;
};

inline constexpr Thresholds kDefaultThresholds;

}  // namespace storage
