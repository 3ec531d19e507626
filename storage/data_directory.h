// The directory that holds all of a node's data: locked against a second process, with the few
// facts that a node must remember about itself.
//
//   <dir>/LOCK         held with flock while the process lives
//   <dir>/node.meta    the facts below, replaced as a whole
//   <dir>/wal/, <dir>/checkpoints/
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "storage/file.h"
#include "storage/result.h"

namespace storage {

struct NodeMeta {
  std::string node_id;         // 40 hexadecimal digits, drawn at the first start; never changes.
  std::string cluster_id;      // Empty until known.
  uint32_t logs = 1;           // Shared logs; fixed at the first start (`partition % logs`).
  uint64_t starts = 0;         // Counts process starts, this one included.
  std::string boot_id;         // Of the machine's boot in which the node last ran.
  bool clean_shutdown = true;  // False while a process runs.
  // The machine went down under a running process, and what was written and not synced may be gone.
  // Stays until MarkComplete, over any number of starts.
  bool may_have_lost = false;
  std::string cluster;  // The membership document; opaque here.
  bool operator==(const NodeMeta&) const = default;
};

class DataDirectory {
 public:
  struct Options {
    std::string path;
    uint32_t logs = 1;    // For a new directory; an existing one keeps its own.
    std::string boot_id;  // This boot's; CurrentBootId() outside of tests.
  };

  // Creates what is missing. kInvalid, with a message for a person, when another process uses the
  // directory, or when it is not one of ours or of a newer version.
  static Result<std::unique_ptr<DataDirectory>> Open(Disk& disk, const Options& options);
  ~DataDirectory();
  DataDirectory(const DataDirectory&) = delete;
  DataDirectory& operator=(const DataDirectory&) = delete;

  const std::string& path() const { return path_; }
  std::string WalDirectory(uint32_t log) const;  // <dir>/wal/shard-000
  std::string CheckpointDirectory() const { return path_ + "/checkpoints"; }

  bool is_new() const { return is_new_; }
  const NodeMeta& meta() const { return meta_; }
  // Durable when it returns. The node id and the number of logs must not change.
  Status Save(const NodeMeta& meta);
  // Nothing is missing (all was synced when it was acknowledged) or has come back from the peers.
  Status MarkComplete();
  // The last thing that a process does, once all its logs are synced.
  Status MarkCleanShutdown();

 private:
  DataDirectory(Disk& disk, std::string path) : disk_(disk), path_(std::move(path)) {}

  Status Lock();
  Status Load(const Options& options);

  Disk& disk_;
  std::string path_;
  int lock_ = -1;
  bool is_new_ = false;
  NodeMeta meta_;
};

std::string CurrentBootId();

// The document's text, and back. For DataDirectory, and for tools that look at one.
std::string EncodeNodeMeta(const NodeMeta& meta);
Result<NodeMeta> DecodeNodeMeta(std::string_view text);

}  // namespace storage
