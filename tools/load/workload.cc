#include "tools/load/workload.h"

#include <algorithm>
#include <cctype>
#include <sstream>

namespace load {
namespace {

std::string Bulk(const std::string& text) {
  return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
}

std::string Encode(const std::string& line) {
  std::istringstream words(line);
  std::string encoded;
  int count = 0;
  for (std::string word; words >> word; ++count) encoded += Bulk(word);
  return count == 0 ? "" : "*" + std::to_string(count) + "\r\n" + encoded;
}

}  // namespace

Workload::Workload(const WorkloadOptions& options)
    : options_(options),
      random_(options.seed),
      key_(options.key_bytes, '0'),
      follow_up_(Encode(options.follow_up)) {
  const bool has_value = options.operation == "set";
  std::string name = options.operation;
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::toupper(c); });
  head_ =
      (has_value ? "*3\r\n" : "*2\r\n") + Bulk(name) + "$" + std::to_string(key_.size()) + "\r\n";
  tail_ = "\r\n" + (has_value ? Bulk(std::string(options.value_bytes, 'x')) : "");
  const std::string prefix = "key:";
  key_.replace(0, std::min(prefix.size(), key_.size()), prefix, 0, key_.size());
}

const std::string& Workload::NextKey() {
  uint64_t number = options_.sequential ? next_++ % options_.keys : random_() % options_.keys;
  for (size_t at = key_.size(); at > 4; --at, number /= 10) {
    key_[at - 1] = static_cast<char>('0' + number % 10);
  }
  return key_;
}

void Workload::AppendCommand(const std::string& key, std::string& out) const {
  out.append(head_).append(key).append(tail_);
  if (!options_.follow_up_apart) out.append(follow_up_);
}

}  // namespace load
