// The bytes of a checkpoint's keys and of what stands beside its rows. Pure code.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "storage/checkpoint_store.h"
#include "storage/result.h"

namespace storage {

// database + 1 u8 | hash u64 big-endian | key: so bytes compare as (database, hash, key) does.
void EncodeRowKey(std::string& out, int database, uint64_t hash, std::string_view key);
// The parts view `bytes`; `value` is left alone. Nothing when it is no row's key.
std::optional<CheckpointRow> DecodeRowKey(std::string_view bytes);
// The first possible key of the database; that of the next one is the end of it.
std::string FirstRowKey(int database);

// Sorts behind all rows: a checkpoint's info is known when its rows are written.
inline constexpr std::string_view kInfoKey =
    "\xff"
    "info";
inline constexpr int kCheckpointDatabasesMax = 128;

std::string EncodeCheckpointInfo(const CheckpointInfo& info);
Result<CheckpointInfo> DecodeCheckpointInfo(std::string_view bytes);

}  // namespace storage
