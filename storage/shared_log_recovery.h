// Reads all segments of a shared log after a start: what each partition holds, where the log ends,
// and what was damaged. Changes nothing on disk.
//
// A bad record is a torn write if nothing says that it was ever synced, and then the log ends
// before the write (batch) it belongs to. Every batch says which batches were durable when it was
// written, so damage to a durable one is known for what it is: corruption. Whom it concerns is told
// by the ordinals: a partition that shows up later with the expected ordinal lost nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "storage/file.h"
#include "storage/partition_log.h"
#include "storage/shared_log_format.h"

namespace storage {

struct RecoveredLog {
  std::map<PartitionId, PartitionLog> partitions;
  std::vector<uint64_t> segments;  // Present and to be kept, rising.
  std::vector<uint64_t> dropped;   // Behind the cut; to be removed, falling.
  uint64_t end_segment = 0;        // The log goes on here; 0 when there is no segment.
  uint64_t end_offset = 0;
  uint64_t last_batch = 0;    // Number of the last batch read.
  std::vector<Error> damage;  // Each place that was damaged, for a person.
};

struct RecoveryOptions {
  std::string directory;
  std::string cluster_id;
  std::string node_id;
  uint32_t shard = 0;
};

// An error only when the disk cannot be read, or the segments are foreign or newer.
Result<RecoveredLog> RecoverSharedLog(Disk& disk, const RecoveryOptions& options,
                                      const std::function<void(uint64_t, uint64_t)>& progress);

}  // namespace storage
