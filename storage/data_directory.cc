#include "storage/data_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <optional>

namespace storage {
namespace {

constexpr std::string_view kFirstLine = "loomcache-node-meta 1\n";
constexpr std::string_view kFirstWord = "loomcache-node-meta ";
constexpr size_t kNodeIdDigits = 40;

tl::unexpected<Error> Invalid(std::string what) {
  return tl::unexpected(Error{Code::kInvalid, std::move(what)});
}

std::string ToHex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const char byte : bytes) {
    out.push_back(kDigits[static_cast<unsigned char>(byte) >> 4]);
    out.push_back(kDigits[static_cast<unsigned char>(byte) & 15]);
  }
  return out;
}

std::optional<std::string> FromHex(std::string_view digits) {
  if (digits.size() % 2 != 0) return std::nullopt;
  std::string out;
  for (size_t i = 0; i < digits.size(); i += 2) {
    unsigned value = 0;
    const char* end = digits.data() + i + 2;
    const auto [at, error] = std::from_chars(digits.data() + i, end, value, 16);
    if (error != std::errc() || at != end) return std::nullopt;
    out.push_back(static_cast<char>(value));
  }
  return out;
}

std::string Checksum(std::string_view text) {
  char digits[17];
  std::snprintf(digits, sizeof(digits), "%016llx",
                static_cast<unsigned long long>(XXH3_64bits(text.data(), text.size())));
  return digits;
}

Result<std::string> DrawNodeId() {
  std::array<char, kNodeIdDigits / 2> bytes;
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    return tl::unexpected(Error{Code::kIo, std::string("getrandom: ") + std::strerror(errno)});
  }
  return ToHex({bytes.data(), bytes.size()});
}

// Takes `name=value\n` off the front.
std::optional<std::string> TakeLine(std::string_view& text, std::string_view name) {
  const size_t end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  std::string_view line = text.substr(0, end);
  if (!line.starts_with(name) || line.substr(name.size(), 1) != "=") return std::nullopt;
  text.remove_prefix(end + 1);
  return std::string(line.substr(name.size() + 1));
}

template <typename T>
bool ParseInto(const std::optional<std::string>& text, T& out) {
  if (!text) return false;
  const char* end = text->data() + text->size();
  const auto [at, error] = std::from_chars(text->data(), end, out);
  return error == std::errc() && at == end;
}

}  // namespace

// Text, for people to read; the lines stand in this order, and the checksum is of all lines before
// it. The membership document is opaque, so it is written in hexadecimal.
std::string EncodeNodeMeta(const NodeMeta& meta) {
  std::string out(kFirstLine);
  out += "node_id=" + meta.node_id + "\n";
  out += "cluster_id=" + meta.cluster_id + "\n";
  out += "logs=" + std::to_string(meta.logs) + "\n";
  out += "starts=" + std::to_string(meta.starts) + "\n";
  out += "boot_id=" + meta.boot_id + "\n";
  out += std::string("clean_shutdown=") + (meta.clean_shutdown ? "1" : "0") + "\n";
  out += std::string("may_have_lost=") + (meta.may_have_lost ? "1" : "0") + "\n";
  out += "cluster=" + ToHex(meta.cluster) + "\n";
  return out + "checksum=" + Checksum(out) + "\n";
}

Result<NodeMeta> DecodeNodeMeta(std::string_view text) {
  if (!text.starts_with(kFirstWord)) return Invalid("is not a node's meta file");
  if (!text.starts_with(kFirstLine)) {
    return Invalid("has a format that this version does not know (" +
                   std::string(text.substr(0, text.find('\n'))) + ")");
  }
  const size_t checksum_at = text.rfind("checksum=");
  const std::string_view body = text.substr(0, checksum_at);
  if (checksum_at == std::string_view::npos ||
      text.substr(checksum_at) != "checksum=" + Checksum(body) + "\n") {
    return tl::unexpected(Error{Code::kCorrupt, "is damaged (its checksum does not match)"});
  }
  std::string_view rest = body.substr(kFirstLine.size());
  NodeMeta meta;
  const std::optional<std::string> node_id = TakeLine(rest, "node_id");
  const std::optional<std::string> cluster_id = TakeLine(rest, "cluster_id");
  bool ok = node_id && cluster_id && node_id->size() == kNodeIdDigits;
  ok = ok && ParseInto(TakeLine(rest, "logs"), meta.logs) && meta.logs > 0;
  ok = ok && ParseInto(TakeLine(rest, "starts"), meta.starts);
  const std::optional<std::string> boot_id = TakeLine(rest, "boot_id");
  int clean = 0;
  ok = ok && boot_id && ParseInto(TakeLine(rest, "clean_shutdown"), clean);
  int lost = 0;
  ok = ok && ParseInto(TakeLine(rest, "may_have_lost"), lost);
  const std::optional<std::string> hex = TakeLine(rest, "cluster");
  const std::optional<std::string> cluster = hex ? FromHex(*hex) : std::nullopt;
  if (!ok || !cluster || !rest.empty()) {
    return tl::unexpected(Error{Code::kCorrupt, "lacks a line that belongs there"});
  }
  meta.node_id = *node_id;
  meta.cluster_id = *cluster_id;
  meta.boot_id = *boot_id;
  meta.clean_shutdown = clean != 0;
  meta.may_have_lost = lost != 0;
  meta.cluster = *cluster;
  return meta;
}

std::string CurrentBootId() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id;  // Empty where there is none: then every boot counts as another one.
}

Result<std::unique_ptr<DataDirectory>> DataDirectory::Open(Disk& disk, const Options& options) {
  std::unique_ptr<DataDirectory> directory(new DataDirectory(disk, options.path));
  if (Status status = disk.MakeDirectory(options.path); !status) {
    return tl::unexpected(status.error());
  }
  if (Status status = directory->Lock(); !status) return tl::unexpected(status.error());
  if (Status status = directory->Load(options); !status) return tl::unexpected(status.error());
  return directory;
}

DataDirectory::~DataDirectory() {
  if (lock_ >= 0) close(lock_);  // Releases the lock. The file stays: removing it would race.
}

std::string DataDirectory::WalDirectory(uint32_t log) const {
  char name[32];
  std::snprintf(name, sizeof(name), "/wal/shard-%03u", log);
  return path_ + name;
}

Status DataDirectory::Lock() {
  const std::string path = path_ + "/LOCK";
  lock_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock_ < 0) {
    return tl::unexpected(Error{Code::kIo, "open " + path + ": " + std::strerror(errno)});
  }
  if (flock(lock_, LOCK_EX | LOCK_NB) == 0) return {};
  if (errno == EWOULDBLOCK) {
    return Invalid("the data directory " + path_ + " is in use by another process");
  }
  return tl::unexpected(Error{Code::kIo, "lock " + path + ": " + std::strerror(errno)});
}

Status DataDirectory::Load(const Options& options) {
  const std::string path = path_ + "/node.meta";
  const Result<std::unique_ptr<File>> file = disk_.Open(path);
  NodeMeta meta;
  if (file) {
    const Result<uint64_t> size = (*file)->Size();
    if (!size) return tl::unexpected(size.error());
    std::string text(*size, '\0');
    const Result<size_t> read = (*file)->ReadAt(0, text.data(), text.size());
    if (!read) return tl::unexpected(read.error());
    text.resize(*read);
    Result<NodeMeta> decoded = DecodeNodeMeta(text);
    if (!decoded) {
      return tl::unexpected(Error{decoded.error().code, path + " " + decoded.error().what});
    }
    meta = std::move(*decoded);
    const bool same_boot = !meta.boot_id.empty() && meta.boot_id == options.boot_id;
    if (!meta.clean_shutdown && !same_boot) meta.may_have_lost = true;
  } else if (file.error().code == Code::kNotFound) {
    // A node that lost its name must not pass for a new one: its logs speak for the old one.
    const Result<std::vector<std::string>> wal = disk_.List(path_ + "/wal");
    if (wal && !wal->empty()) return Invalid(path + " is missing, but there are logs in " + path_);
    Result<std::string> node_id = DrawNodeId();
    if (!node_id) return tl::unexpected(node_id.error());
    meta.node_id = std::move(*node_id);
    meta.logs = options.logs;
    is_new_ = true;
  } else {
    return tl::unexpected(file.error());
  }
  meta_.node_id = meta.node_id;
  meta_.logs = meta.logs;
  meta.boot_id = options.boot_id;
  meta.clean_shutdown = false;
  ++meta.starts;
  return Save(meta);
}

Status DataDirectory::Save(const NodeMeta& meta) {
  assert(meta.node_id == meta_.node_id);
  assert(meta.logs == meta_.logs);
  const std::string path = path_ + "/node.meta";
  const std::string text = EncodeNodeMeta(meta);
  Result<std::unique_ptr<File>> file = disk_.CreatePreallocated(path + ".tmp", text.size());
  if (!file) return tl::unexpected(file.error());
  if (Status status = (*file)->WriteAt(0, text); !status) return status;
  if (Status status = (*file)->SyncData(); !status) return status;
  if (Status status = disk_.Rename(path + ".tmp", path); !status) return status;
  meta_ = meta;
  return {};
}

Status DataDirectory::MarkComplete() {
  if (!meta_.may_have_lost) return {};
  NodeMeta meta = meta_;
  meta.may_have_lost = false;
  return Save(meta);
}

Status DataDirectory::MarkCleanShutdown() {
  NodeMeta meta = meta_;
  meta.clean_shutdown = true;
  return Save(meta);
}

}  // namespace storage
