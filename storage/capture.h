// Takes a checkpoint's rows out of a keyspace without stopping it: the state at the moment Begin
// was called, read out in slices on the owner's thread between commands. A key about to be changed
// that is still to be read out is put aside first (the keyspace's BeginChange, PutString, Delete,
// Clear do that by themselves).
//
// Cost follows what changed since the last capture: clean parts of the table are skipped.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "storage/checkpoint_store.h"
#include "storage/keyspace.h"

namespace storage {

// Rows with bytes of their own, to hand to a worker that writes them. In stored order across
// slices.
class CaptureSlice {
 public:
  Status WriteTo(CheckpointWriter& writer) const;
  size_t bytes() const;
  size_t rows() const;

 private:
  friend class CaptureWalk;
  enum class Kind : uint8_t { kPut = 0, kDelete = 1, kDeleteDatabase = 2 };

  // Between these two the row's value is appended to what BeginRow returns.
  std::string& BeginRow(Kind kind, int database, uint64_t hash, std::string_view key);
  void EndRow();

  std::string rows_;   // Encoded as capture.cc says.
  size_t row_at_ = 0;  // Where the newest row begins.
  size_t count_ = 0;
};

class Capture {
 public:
  // At most one capture of a keyspace at a time. `everything` reads out clean keys also (for a
  // Kind::kFull checkpoint).
  static std::unique_ptr<Capture> Begin(Keyspace& keyspace, bool everything);
  // The checkpoint was not ingested after all: its keys are dirty again.
  // (Destroying a capture without Succeed does the same.)
  virtual ~Capture() = default;

  // Reads out about `bytes_max` more. Empty and done() when there is no more.
  virtual CaptureSlice Next(size_t bytes_max) = 0;
  virtual bool done() const = 0;
  virtual uint64_t keys_at_begin() const = 0;
  virtual void Succeed() = 0;  // The checkpoint is the current one.
};

// Fills an empty keyspace from a checkpoint, a slice at a time: several rows a call. The keys are
// clean afterwards. Rows must come in stored order, each with its hash under the keyspace's seed.
class Loader {
 public:
  static std::unique_ptr<Loader> Begin(Keyspace& keyspace);
  virtual ~Loader() = default;
  virtual Status Add(const CheckpointRow& row) = 0;
};

}  // namespace storage
