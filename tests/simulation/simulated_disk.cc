#include "tests/simulation/simulated_disk.h"

#include <algorithm>
#include <cstring>
#include <optional>

namespace sim {
namespace {

using storage::Code;
using storage::Error;
using storage::Result;
using storage::Status;

void Overwrite(std::string& target, uint64_t offset, std::string_view bytes) {
  if (target.size() < offset + bytes.size()) target.resize(offset + bytes.size());
  std::copy(bytes.begin(), bytes.end(), target.begin() + static_cast<std::ptrdiff_t>(offset));
}

}  // namespace

class SimulatedDisk::SimulatedFile : public storage::File {
 public:
  SimulatedFile(const SimulatedDisk& disk, std::string path, std::shared_ptr<Content> content)
      : disk_(disk), path_(std::move(path)), content_(std::move(content)) {}

  Status WriteAt(uint64_t offset, std::string_view bytes) override {
    if (Status status = disk_.Check("write", path_); !status) return status;
    Overwrite(content_->live, offset, bytes);
    content_->unsynced.emplace_back(offset, bytes);
    return {};
  }

  Status SyncData() override {
    if (Status status = disk_.Check("sync", path_); !status) return status;
    content_->synced = content_->live;
    content_->unsynced.clear();
    return {};
  }

  Result<size_t> ReadAt(uint64_t offset, char* out, size_t size) const override {
    if (Status status = disk_.Check("read", path_); !status) return tl::unexpected(status.error());
    if (offset >= content_->live.size()) return size_t{0};
    const size_t count = std::min<size_t>(size, content_->live.size() - offset);
    std::memcpy(out, content_->live.data() + offset, count);
    return count;
  }

  Result<uint64_t> Size() const override { return content_->live.size(); }

 private:
  const SimulatedDisk& disk_;
  std::string path_;
  std::shared_ptr<Content> content_;
};

Status SimulatedDisk::Check(std::string_view operation, const std::string& path) const {
  if (!fault_) return {};
  if (const std::optional<Error> error = fault_(operation, path)) return tl::unexpected(*error);
  return {};
}

Result<std::unique_ptr<storage::File>> SimulatedDisk::CreatePreallocated(const std::string& path,
                                                                         uint64_t size) {
  if (Status status = Check("create", path); !status) return tl::unexpected(status.error());
  auto content = std::make_shared<Content>();
  content->live.assign(size, '\0');
  content->synced = content->live;
  files_[path] = content;
  return std::make_unique<SimulatedFile>(*this, path, content);
}

Result<std::unique_ptr<storage::File>> SimulatedDisk::Open(const std::string& path) {
  const auto found = files_.find(path);
  if (found == files_.end()) return tl::unexpected(Error{Code::kNotFound, path + " is not there"});
  return std::make_unique<SimulatedFile>(*this, path, found->second);
}

Status SimulatedDisk::Remove(const std::string& path) {
  if (Status status = Check("remove", path); !status) return status;
  if (files_.erase(path) == 0) return tl::unexpected(Error{Code::kNotFound, path});
  return {};
}

Status SimulatedDisk::Rename(const std::string& from, const std::string& to) {
  if (Status status = Check("rename", to); !status) return status;
  const auto found = files_.find(from);
  if (found == files_.end()) return tl::unexpected(Error{Code::kNotFound, from});
  files_[to] = found->second;
  files_.erase(from);
  return {};
}

Status SimulatedDisk::MakeDirectory(const std::string&) { return {}; }

Result<std::vector<std::string>> SimulatedDisk::List(const std::string& directory) const {
  std::vector<std::string> names;
  const std::string prefix = directory + "/";
  for (const auto& [path, content] : files_) {
    if (!path.starts_with(prefix)) continue;
    const std::string name = path.substr(prefix.size());
    if (name.find('/') == std::string::npos) names.push_back(name);
  }
  return names;
}

// The kernel writes back page by page, in any order, so every 4096-byte page of an unsynced write
// has a fate of its own; and the sectors of a page may be torn.
void SimulatedDisk::Crash(std::mt19937_64& random) {
  constexpr uint64_t kPageBytes = 4096;
  for (auto& [path, content] : files_) {
    const bool keeps_all = random() % 4 == 0;
    const bool keeps_none = random() % 4 == 0;
    std::string after = content->synced;
    for (const auto& [offset, bytes] : content->unsynced) {
      for (uint64_t at = 0; at < bytes.size();) {
        const uint64_t page_end = (offset + at) / kPageBytes * kPageBytes + kPageBytes - offset;
        uint64_t count = std::min<uint64_t>(page_end, bytes.size()) - at;
        const uint64_t next = at + count;
        if (!keeps_all && random() % 8 == 0) count = random() % (count + 1);
        if (keeps_all || (!keeps_none && random() % 2 == 0)) {
          Overwrite(after, offset + at, std::string_view(bytes).substr(at, count));
        }
        at = next;
      }
    }
    auto fresh = std::make_shared<Content>();
    fresh->live = after;
    fresh->synced = std::move(after);
    content = std::move(fresh);  // Files left open write to what nobody will read.
  }
  fault_ = nullptr;
}

void SimulatedDisk::SetBytes(const std::string& path, std::string bytes) {
  Content& content = *files_.at(path);
  content.live = bytes;
  content.synced = std::move(bytes);
  content.unsynced.clear();
}

std::vector<std::string> SimulatedDisk::Paths() const {
  std::vector<std::string> paths;
  for (const auto& [path, content] : files_) paths.push_back(path);
  return paths;
}

}  // namespace sim
