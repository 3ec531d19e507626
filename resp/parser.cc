#include "resp/parser.h"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <cstring>
#include <optional>
#include <utility>

#include "resp/split_args.h"

namespace resp {
namespace {

// What an idle connection may keep allocated; more is given back at the next Feed.
constexpr size_t kIdleBytesMax = 4096;

// The shortest an argument can be on the wire: "$0\r\n\r\n".
constexpr size_t kArgumentBytesMin = 6;

// Integers as Redis reads them in the protocol (string2ll): no blanks, no plus, no leading zeros.
std::optional<int64_t> ParseLength(std::string_view digits) {
  if (digits == "0") return 0;
  const size_t first = !digits.empty() && digits[0] == '-' ? 1 : 0;
  if (digits.size() == first || digits[first] < '1' || digits[first] > '9') return std::nullopt;

  int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

// Reads "D\r\n" to "DDDDDDD\r\n" without leading zeros, and moves behind it. -1 for anything else,
// or when fewer than four bytes are there; the caller then takes the thorough way.
inline int ReadSmallLength(const char*& at, const char* end) {
  if (end - at < 4) return -1;
  const int first = at[0] - '0';
  if (first < 0 || first > 9) return -1;
  if (at[1] == '\r' && at[2] == '\n') {
    at += 3;
    return first;
  }
  if (first == 0) return -1;
  const char* const last = end - at > 9 ? at + 7 : end - 2;  // Where "\r" may stand at the latest.
  int value = first;
  for (const char* digit = at + 1; digit <= last; ++digit) {
    if (digit[0] == '\r' && digit[1] == '\n') {
      at = digit + 2;
      return value;
    }
    if (digit[0] < '0' || digit[0] > '9') return -1;
    value = value * 10 + (digit[0] - '0');
  }
  return -1;
}

void ReleaseIfLarge(std::vector<char>& bytes) {
  bytes.clear();
  if (bytes.capacity() > kIdleBytesMax) std::vector<char>().swap(bytes);
}

}  // namespace

void Parser::Feed(std::string_view bytes) {
  ReleaseIfLarge(whole_);
  unquoted_.clear();
  if (!error_.empty()) return;
  if (input_.empty()) {
    ReleaseIfLarge(kept_);
    input_ = bytes;
    return;
  }
  // More of a pipeline that the caller had stopped. Only what KeepUnread copied can still be here.
  const size_t unread = input_.size();
  assert(unread <= kept_.size() && input_.data() == kept_.data() + (kept_.size() - unread));
  if (unread < kept_.size() / 2) {
    kept_.erase(kept_.begin(), kept_.end() - static_cast<ptrdiff_t>(unread));
  }
  kept_.insert(kept_.end(), bytes.begin(), bytes.end());
  input_ =
      std::string_view(kept_.data(), kept_.size()).substr(kept_.size() - unread - bytes.size());
}

void Parser::KeepUnread() {
  if (input_.empty()) return;
  const bool is_kept = !kept_.empty() && input_.data() >= kept_.data() &&
                       input_.data() < kept_.data() + kept_.size();
  if (is_kept) return;
  kept_.assign(input_.begin(), input_.end());
  input_ = std::string_view(kept_.data(), kept_.size());
}

size_t Parser::buffered_bytes() const {
  const bool is_kept = !kept_.empty() && !input_.empty();
  return pending_.size() + spans_.size() * sizeof(Span) + (is_kept ? input_.size() : 0);
}

Parser::Outcome Parser::Next(Command& command) {
  if (!error_.empty()) return Outcome::kProtocolError;
  while (!input_.empty()) {
    const bool in_pieces = !pending_.empty();
    if (in_pieces) {
      const size_t size = BytesToPull();
      Append(input_.substr(0, size));
      input_.remove_prefix(size);
    } else if (ReadSmallCommand(command)) {
      return Outcome::kCommand;
    }

    const std::string_view window =
        in_pieces ? std::string_view(pending_.data(), pending_.size()) : input_;
    const Step step = Read(window, command);
    if (step == Step::kFailed) return Outcome::kProtocolError;
    if (step == Step::kNeedMore) {
      if (in_pieces) continue;
      Append(input_);
      input_ = {};
      break;
    }
    if (in_pieces) {
      assert(scan_ == pending_.size());  // Nothing behind the command was pulled in.
      whole_.swap(pending_);
      ReleaseIfLarge(pending_);
    } else {
      input_.remove_prefix(scan_);
    }
    FinishCommand();
    if (step == Step::kWhole) return Outcome::kCommand;
  }
  return Outcome::kNeedMore;
}

// The hot path: a bulk array that lies whole in the input, with lengths of at most seven digits.
// Takes nothing and returns false for everything else, faults included.
bool Parser::ReadSmallCommand(Command& command) {
  const char* at = input_.data();
  const char* const end = at + input_.size();
  if (*at != '*' || !authenticated_) return false;

  ++at;
  const int count = ReadSmallLength(at, end);
  if (count <= 0 || count > limits_.arguments_max ||
      static_cast<size_t>(end - at) < static_cast<size_t>(count) * kArgumentBytesMin) {
    return false;
  }
  command.args.resize(static_cast<size_t>(count));  // Allocates only for more than ever before.
  for (std::string_view& arg : command.args) {
    if (at == end || *at != '$') return false;
    ++at;
    const int size = ReadSmallLength(at, end);
    if (size < 0 || size > limits_.bulk_bytes_max || end - at < size + 2) return false;
    arg = std::string_view(at, static_cast<size_t>(size));
    at += size + 2;
  }
  const auto size = static_cast<size_t>(at - input_.data());
  command.raw = input_.substr(0, size);
  input_.remove_prefix(size);
  return true;
}

// Reads on from where the last call stopped. The window begins with the command's first byte.
Parser::Step Parser::Read(std::string_view window, Command& command) {
  for (;;) {
    Step step = Step::kContinue;
    switch (state_) {
      case State::kStart:
        state_ = window[0] == '*' ? State::kCount : State::kInline;
        break;
      case State::kInline:
        step = ReadInline(window, command);
        break;
      case State::kCount:
        step = ReadCount(window);
        break;
      case State::kBulkLength:
        step = ReadBulkLength(window);
        break;
      case State::kBulkData:
        step = ReadBulkData(window, command);
        break;
    }
    if (step != Step::kContinue) return step;
  }
}

Parser::Step Parser::ReadInline(std::string_view window, Command& command) {
  size_t newline = 0;
  const Step step = FindLineEnd(window, '\n', "too big inline request", newline);
  if (step != Step::kContinue) return step;

  const std::string_view line = window.substr(0, newline);  // A "\r" before it counts as a blank.
  command.raw = {};
  scan_ = newline + 1;
  if (!HasQuotes(line)) {
    SplitUnquoted(line, command.args);
  } else {
    std::optional<std::vector<std::string>> args = SplitArgs(line);
    if (!args) return Fail("unbalanced quotes in request");
    unquoted_.push_front(std::move(*args));
    command.args.assign(unquoted_.front().begin(), unquoted_.front().end());
  }
  return command.args.empty() ? Step::kNothing : Step::kWhole;
}

Parser::Step Parser::ReadCount(std::string_view window) {
  size_t end = 0;
  const Step step = FindLineEnd(window, '\r', "too big mbulk count string", end);
  if (step != Step::kContinue) return step;

  const std::optional<int64_t> count = ParseLength(window.substr(1, end - 1));
  if (!count || *count > limits_.arguments_max) return Fail("invalid multibulk length");
  if (!authenticated_ && *count > limits_.unauthenticated_arguments_max) {
    return Fail("unauthenticated multibulk length");
  }
  scan_ = searched_ = end + 2;
  if (*count <= 0) return Step::kNothing;

  arguments_left_ = *count;
  state_ = State::kBulkLength;
  return Step::kContinue;
}

Parser::Step Parser::ReadBulkLength(std::string_view window) {
  size_t end = 0;
  const Step step = FindLineEnd(window, '\r', "too big bulk count string", end);
  if (step != Step::kContinue) return step;

  const char sigil = window[scan_];
  if (sigil != '$') {
    const bool breaks_line = sigil == '\r' || sigil == '\n';
    return Fail(std::string("expected '$', got '") + (breaks_line ? ' ' : sigil) + "'");
  }
  const std::optional<int64_t> size = ParseLength(window.substr(scan_ + 1, end - scan_ - 1));
  if (!size || *size < 0 || *size > limits_.bulk_bytes_max) return Fail("invalid bulk length");
  if (!authenticated_ && *size > limits_.unauthenticated_bulk_bytes_max) {
    return Fail("unauthenticated bulk length");
  }
  scan_ = end + 2;
  bulk_bytes_ = static_cast<size_t>(*size);
  state_ = State::kBulkData;
  return Step::kContinue;
}

Parser::Step Parser::ReadBulkData(std::string_view window, Command& command) {
  if (window.size() - scan_ < bulk_bytes_ + 2) return Step::kNeedMore;

  spans_.push_back({.offset = scan_, .size = bulk_bytes_});
  scan_ += bulk_bytes_ + 2;
  searched_ = scan_;
  state_ = State::kBulkLength;
  if (--arguments_left_ > 0) return Step::kContinue;

  command.args.clear();
  for (const Span& span : spans_) command.args.push_back(window.substr(span.offset, span.size));
  command.raw = window.substr(0, scan_);
  return Step::kWhole;
}

// Finds the byte that ends the line at scan_. As in Redis, "\r" is followed by one more byte,
// whatever that is, and is not found before it has come.
Parser::Step Parser::FindLineEnd(std::string_view window, char end, std::string_view too_big,
                                 size_t& found) {
  const size_t searchable = std::min(window.size(), scan_ + limits_.inline_bytes_max + 1);
  const size_t from = std::max(searched_, scan_);
  const void* const hit =
      from < searchable ? std::memchr(window.data() + from, end, searchable - from) : nullptr;
  if (hit == nullptr) {
    searched_ = searchable;
    return searchable - scan_ > limits_.inline_bytes_max ? Fail(too_big) : Step::kNeedMore;
  }
  found = static_cast<size_t>(static_cast<const char*>(hit) - window.data());
  searched_ = found;
  if (end == '\r' && found + 1 == window.size()) return Step::kNeedMore;
  return Step::kContinue;
}

Parser::Step Parser::Fail(std::string_view why) {
  error_ = "Protocol error: ";
  error_.append(why);
  input_ = {};
  return Step::kFailed;
}

void Parser::FinishCommand() {
  state_ = State::kStart;
  scan_ = searched_ = 0;
  if (spans_.capacity() * sizeof(Span) > kIdleBytesMax) std::vector<Span>().swap(spans_);
  spans_.clear();
}

// How much of the input belongs, for certain, to the command in pending_.
size_t Parser::BytesToPull() const {
  assert(state_ != State::kStart);  // A first byte has been looked at.
  if (state_ == State::kBulkData) {
    return std::min(input_.size(), scan_ + bulk_bytes_ + 2 - pending_.size());
  }
  const size_t line_bytes = pending_.size() - scan_;
  if (state_ != State::kInline && line_bytes > 0 && pending_.back() == '\r') return 1;

  // No more than proves the line too long.
  const size_t room = limits_.inline_bytes_max + 1 - std::min(line_bytes, limits_.inline_bytes_max);
  const size_t size = std::min(input_.size(), room);
  const size_t hit = input_.substr(0, size).find(state_ == State::kInline ? '\n' : '\r');
  return hit == input_.npos ? size : hit + 1;
}

// Grows by doubling, so that an argument in many pieces costs what its size is; but never beyond
// what the argument needs, since a large one is freed as soon as it is read.
void Parser::Append(std::string_view bytes) {
  const size_t size = pending_.size() + bytes.size();
  if (size > pending_.capacity()) {
    size_t capacity = std::max<size_t>(2 * size, 64);
    if (state_ == State::kBulkData && arguments_left_ == 1) {
      capacity = std::max(size, std::min(capacity, scan_ + bulk_bytes_ + 2));
    }
    pending_.reserve(capacity);
  }
  pending_.insert(pending_.end(), bytes.begin(), bytes.end());
}

}  // namespace resp
