// The walk behind Capture: in hash order through each database, merging three sources of rows that
// all come in that order. Those are the dirty items of the table, the items that were put aside
// because they were about to be changed, and the tombstones of keys deleted since the capture
// before.
//
// Where the walk stands is a hash, so that segments may split and merge under it. Everything below
// that hash is read out; a key above it that is about to be changed is put aside.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/capture.h"

namespace storage {

class CaptureWalk : public Capture, public CaptureSink {
 public:
  CaptureWalk(Keyspace& keyspace, bool everything);
  ~CaptureWalk() override;
  CaptureWalk(const CaptureWalk&) = delete;
  CaptureWalk& operator=(const CaptureWalk&) = delete;

  CaptureSlice Next(size_t bytes_max) override;
  bool done() const override { return done_; }
  uint64_t keys_at_begin() const override { return keys_at_begin_; }
  void Succeed() override;

  void BeforeChange(int database, uint64_t hash, Item& item) override;
  void BeforeClear(int database, Table& table) override;

 private:
  // An item of the bucket at hand that is to be read out.
  struct Wanted {
    uint64_t hash;
    std::string_view key;
    Table::Place place;
  };
  // The order of rows within a database.
  struct RowKey {
    uint64_t hash = 0;
    std::string_view key;
    auto operator<=>(const RowKey&) const = default;
  };
  struct AsideKey {
    int database;
    uint64_t hash;
    std::string key;
    auto operator<=>(const AsideKey&) const = default;
  };

  void BeginEpoch();
  bool IsPassed(int database, uint64_t hash) const;
  bool IsWanted(const Item& item) const;
  Table& CurrentTable();
  void Collect(const Table& table, const Table::BucketRange& range);
  bool Advance(CaptureSlice& slice, uint64_t next_hash, size_t rows_bytes_max);
  void EmitItem(CaptureSlice& slice, const Wanted& wanted);
  void EnterDatabase(CaptureSlice& slice);
  void LeaveDatabase();

  Keyspace& keyspace_;
  KeyspaceState& state_;
  const bool everything_;
  const uint64_t keys_at_begin_;
  const uint64_t changes_;  // Before this capture; they count again if it fails.
  std::array<Tombstones, kDatabases> tombstones_;
  std::array<bool, kDatabases> database_deleted_ = {};

  // The walk stands before `position_` of `database_`.
  int database_ = 0;
  uint64_t position_ = 0;
  bool entering_ = true;  // Nothing of `database_` is read out yet.
  bool done_ = false;
  bool succeeded_ = false;
  std::optional<TombstoneReader> tombstone_;  // Of `database_`.
  std::vector<Wanted> wanted_;                // Of one bucket; kept for its memory.
  std::map<AsideKey, std::string> aside_;     // To the encoded value.

  // What a database held before it was cleared during the capture, while it is still to be read
  // out.
  size_t cleared_bytes_ = 0;
  std::array<std::unique_ptr<Table>, kDatabases> cleared_;
};

}  // namespace storage
