#include "storage/tombstones.h"

#include <algorithm>
#include <cstring>

namespace storage {

void Tombstones::Add(uint64_t hash, std::string_view key) {
  if (bins_.empty()) bins_.resize(size_t{1} << kBinBits);
  std::string& bin = bins_[hash >> (64 - kBinBits)];
  const auto size = static_cast<uint32_t>(key.size());
  bin.append(reinterpret_cast<const char*>(&hash), sizeof(hash));
  bin.append(reinterpret_cast<const char*>(&size), sizeof(size));
  bin.append(key);
}

void Tombstones::AddAll(const Tombstones& other) {
  if (other.empty()) return;
  if (bins_.empty()) bins_.resize(other.bins_.size());
  for (size_t i = 0; i < bins_.size(); ++i) bins_[i].append(other.bins_[i]);
}

void TombstoneReader::Advance() {
  ++next_;
  Settle();
}

void TombstoneReader::Settle() {
  while (next_ == sorted_.size()) {
    sorted_.clear();
    next_ = 0;
    if (next_bin_ == tombstones_.bins_.size()) {
      done_ = true;
      return;
    }
    const std::string_view bin = tombstones_.bins_[next_bin_++];
    for (size_t at = 0; at < bin.size();) {
      uint64_t hash;
      uint32_t size;
      std::memcpy(&hash, bin.data() + at, sizeof(hash));
      std::memcpy(&size, bin.data() + at + sizeof(hash), sizeof(size));
      at += sizeof(hash) + sizeof(size);
      sorted_.emplace_back(hash, bin.substr(at, size));
      at += size;
    }
    std::sort(sorted_.begin(), sorted_.end());
    sorted_.erase(std::unique(sorted_.begin(), sorted_.end()), sorted_.end());
  }
}

}  // namespace storage
