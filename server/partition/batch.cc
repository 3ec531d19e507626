#include "server/partition/batch.h"

#include <cassert>
#include <charconv>
#include <cstring>
#include <limits>
#include <utility>

namespace server {
namespace {

constexpr char kVersion = 1;
constexpr size_t kHeaderBytes = 1 + sizeof(int64_t);
constexpr size_t kEffectHeaderBytes = 1 + sizeof(uint32_t);

void AppendDecimal(std::string& out, char sigil, size_t value) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out.push_back(sigil);
  out.append(digits, end);
  out.append("\r\n", 2);
}

// Our own log holds what a client was allowed to send; only memory bounds it here.
resp::Parser::Limits NoLimits() {
  resp::Parser::Limits limits;
  limits.bulk_bytes_max = std::numeric_limits<int64_t>::max() / 4;
  return limits;
}

}  // namespace

void Batch::BeginEffect(int database, size_t size, int64_t now_ms) {
  if (bytes_.empty()) {
    bytes_.reserve(last_taken_bytes_ + last_taken_bytes_ / 4);
    bytes_.push_back(kVersion);
    bytes_.append(reinterpret_cast<const char*>(&now_ms), sizeof now_ms);
  }
  assert(size <= std::numeric_limits<uint32_t>::max());
  const auto size32 = static_cast<uint32_t>(size);
  bytes_.push_back(static_cast<char>(database));
  bytes_.append(reinterpret_cast<const char*>(&size32), sizeof size32);
  ++count_;
}

void Batch::AddRaw(int database, std::string_view resp_command, int64_t now_ms) {
  BeginEffect(database, resp_command.size(), now_ms);
  bytes_.append(resp_command);
}

void Batch::AddCommand(int database, std::span<const std::string_view> args, int64_t now_ms) {
  BeginEffect(database, 0, now_ms);
  const size_t start = bytes_.size();
  AppendDecimal(bytes_, '*', args.size());
  for (const std::string_view arg : args) {
    AppendDecimal(bytes_, '$', arg.size());
    bytes_.append(arg);
    bytes_.append("\r\n", 2);
  }
  const size_t size = bytes_.size() - start;
  assert(size <= std::numeric_limits<uint32_t>::max());
  const auto size32 = static_cast<uint32_t>(size);
  std::memcpy(bytes_.data() + start - sizeof size32, &size32, sizeof size32);
}

std::string Batch::Take() {
  last_taken_bytes_ = bytes_.size() < (64 << 10) ? bytes_.size() : 0;
  count_ = 0;
  return std::exchange(bytes_, {});
}

BatchReader::BatchReader(std::string_view payload) : parser_(NoLimits()) {
  if (payload.size() < kHeaderBytes || payload[0] != kVersion) return;
  std::memcpy(&now_ms_, payload.data() + 1, sizeof now_ms_);
  rest_ = payload.substr(kHeaderBytes);
  valid_ = true;
}

bool BatchReader::Next(int& database, resp::Parser::Command& command) {
  if (!valid_ || rest_.empty()) return false;
  valid_ = false;
  if (rest_.size() < kEffectHeaderBytes) return false;
  database = static_cast<unsigned char>(rest_[0]);
  uint32_t size = 0;
  std::memcpy(&size, rest_.data() + 1, sizeof size);
  rest_.remove_prefix(kEffectHeaderBytes);
  if (size > rest_.size()) return false;
  parser_.Feed(rest_.substr(0, size));
  rest_.remove_prefix(size);
  valid_ = parser_.Next(command) == resp::Parser::Outcome::kCommand && !command.args.empty();
  return valid_;
}

}  // namespace server
