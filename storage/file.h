// Disk, through an interface that the simulator replaces. Errors carry the path and the system's
// message.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "storage/result.h"

namespace storage {

// A file that is written at offsets and synced. Any one thread at a time.
class File {
 public:
  virtual ~File() = default;
  virtual Status WriteAt(uint64_t offset, std::string_view bytes) = 0;  // All of it, or an error.
  virtual Status SyncData() = 0;  // fdatasync. After an error nobody knows what is on disk.
  virtual Result<size_t> ReadAt(uint64_t offset, char* out,
                                size_t size) const = 0;  // Short only at the end.
  virtual Result<uint64_t> Size() const = 0;
};

class Disk {
 public:
  virtual ~Disk() = default;
  // Creates a file of `size` bytes of zeros, its blocks allocated and synced, and syncs its
  // directory.
  virtual Result<std::unique_ptr<File>> CreatePreallocated(const std::string& path,
                                                           uint64_t size) = 0;
  virtual Result<std::unique_ptr<File>> Open(const std::string& path) = 0;  // Read and write.
  virtual Status Remove(const std::string& path) = 0;  // And syncs the directory.
  virtual Status Rename(const std::string& from,
                        const std::string& to) = 0;           // And syncs the directory.
  virtual Status MakeDirectory(const std::string& path) = 0;  // With parents; fine if it is there.
  virtual Result<std::vector<std::string>> List(
      const std::string& directory) const = 0;  // Names, sorted.
};

std::unique_ptr<Disk> MakePosixDisk();

}  // namespace storage
