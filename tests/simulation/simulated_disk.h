// A disk in memory that loses power. Each file has what is on the platter and the writes that were
// made since its last sync; a crash keeps an arbitrary part of those, torn at any byte. Names
// (creations, renames, removals) are durable at once, as the Disk interface promises.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "storage/file.h"

namespace sim {

class SimulatedDisk : public storage::Disk {
 public:
  struct Content {
    std::string live;    // What a reader sees.
    std::string synced;  // What is certain to outlive a crash.
    std::vector<std::pair<uint64_t, std::string>> unsynced;
  };

  storage::Result<std::unique_ptr<storage::File>> CreatePreallocated(const std::string& path,
                                                                     uint64_t size) override;
  storage::Result<std::unique_ptr<storage::File>> Open(const std::string& path) override;
  storage::Status Remove(const std::string& path) override;
  storage::Status Rename(const std::string& from, const std::string& to) override;
  storage::Status MakeDirectory(const std::string& path) override;
  storage::Result<std::vector<std::string>> List(const std::string& directory) const override;

  // Power is lost: of the writes since each file's last sync, some are kept, some torn, some
  // dropped. Files that are open stay usable only to be destroyed.
  void Crash(std::mt19937_64& random);

  // The bytes of a file, to be damaged. Changes count as synced.
  std::string Bytes(const std::string& path) const { return files_.at(path)->live; }
  void SetBytes(const std::string& path, std::string bytes);
  std::vector<std::string> Paths() const;

  // What the next operations return: given the operation ("write", "sync", "create") and the path.
  // Empty means: go on. A failed sync leaves it open what was synced.
  using Fault = std::function<std::optional<storage::Error>(std::string_view, const std::string&)>;
  void set_fault(Fault fault) { fault_ = std::move(fault); }

 private:
  class SimulatedFile;

  storage::Status Check(std::string_view operation, const std::string& path) const;

  std::map<std::string, std::shared_ptr<Content>> files_;
  Fault fault_;
};

}  // namespace sim
