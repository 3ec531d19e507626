#include "resp/writer.h"

#include <cassert>
#include <charconv>
#include <cmath>
#include <cstring>

namespace resp {
namespace {

constexpr size_t kIntegerCharsMax = 20;  // "-9223372036854775808"
constexpr size_t kDoubleCharsMax = 32;   // "-1.7976931348623157e+308" and then some.

constexpr size_t kSmallBulkBytes = 128;

size_t FormatInteger(int64_t value, char* out) {
  // Most lengths have one digit or two; to_chars would first count them.
  if (value >= 0 && value < 100) {
    if (value >= 10) *out++ = static_cast<char>('0' + value / 10);
    *out = static_cast<char>('0' + value % 10);
    return value < 10 ? 1 : 2;
  }
  return static_cast<size_t>(std::to_chars(out, out + kIntegerCharsMax, value).ptr - out);
}

// As printf's "%.17g", which is what Redis 7.0 prints with.
size_t FormatDouble(double value, char* out) {
  // Most scores are whole numbers, and up to 17 digits "%.17g" prints these as integers.
  if (std::fabs(value) < 1e16 && value == std::trunc(value) &&
      !(value == 0 && std::signbit(value))) {
    return FormatInteger(static_cast<int64_t>(value), out);
  }
  const auto end =
      std::to_chars(out, out + kDoubleCharsMax, value, std::chars_format::general, 17).ptr;
  return static_cast<size_t>(end - out);
}

}  // namespace

void Writer::Header(char sigil, int64_t value) {
  char buffer[kIntegerCharsMax + 3];
  buffer[0] = sigil;
  size_t size = 1 + FormatInteger(value, buffer + 1);
  buffer[size++] = '\r';
  buffer[size++] = '\n';
  out_->append(buffer, size);
}

void Writer::Ok() { out_->append("+OK\r\n", 5); }

void Writer::Simple(std::string_view text) {
  out_->push_back('+');
  out_->append(text);
  out_->append("\r\n", 2);
}

void Writer::Error(std::string_view text) {
  out_->push_back('-');
  for (const char c : text) out_->push_back(c == '\r' || c == '\n' ? ' ' : c);
  out_->append("\r\n", 2);
}

void Writer::Integer(int64_t value) { Header(':', value); }

void Writer::Bulk(std::string_view bytes) {
  if (bytes.size() <= kSmallBulkBytes) {
    // Put together here and appended at once: copying a small value twice is cheaper than asking
    // the string three times for room.
    char buffer[kSmallBulkBytes + 8];
    buffer[0] = '$';
    char* at = buffer + 1;
    at += FormatInteger(static_cast<int64_t>(bytes.size()), at);
    *at++ = '\r';
    *at++ = '\n';
    if (!bytes.empty()) std::memcpy(at, bytes.data(), bytes.size());
    at += bytes.size();
    *at++ = '\r';
    *at++ = '\n';
    out_->append(buffer, static_cast<size_t>(at - buffer));
    return;
  }
  Header('$', static_cast<int64_t>(bytes.size()));
  out_->append(bytes);
  out_->append("\r\n", 2);
}

void Writer::Bulk(int64_t value) {
  char digits[kIntegerCharsMax];
  Bulk(std::string_view(digits, FormatInteger(value, digits)));
}

void Writer::Null() {
  if (version_ == 2) {
    out_->append("$-1\r\n", 5);
  } else {
    out_->append("_\r\n", 3);
  }
}

void Writer::NullArray() {
  if (version_ == 2) {
    out_->append("*-1\r\n", 5);
  } else {
    out_->append("_\r\n", 3);
  }
}

void Writer::Array(size_t count) { Header('*', static_cast<int64_t>(count)); }

void Writer::Map(size_t pairs) {
  if (version_ == 2) {
    Header('*', static_cast<int64_t>(2 * pairs));
  } else {
    Header('%', static_cast<int64_t>(pairs));
  }
}

void Writer::Set(size_t count) { Header(version_ == 2 ? '*' : '~', static_cast<int64_t>(count)); }

void Writer::Push(size_t count) { Header(version_ == 2 ? '*' : '>', static_cast<int64_t>(count)); }

void Writer::Double(double value) {
  char digits[kDoubleCharsMax];
  const std::string_view text(digits, FormatDouble(value, digits));
  if (version_ == 2) return Bulk(text);

  out_->push_back(',');
  out_->append(text);
  out_->append("\r\n", 2);
}

void Writer::Bool(bool value) {
  if (version_ == 2) {
    out_->append(value ? ":1\r\n" : ":0\r\n", 4);
  } else {
    out_->append(value ? "#t\r\n" : "#f\r\n", 4);
  }
}

void Writer::Verbatim(std::string_view bytes, std::string_view format) {
  assert(format.size() == 3);  // The protocol has no separator but the fixed place.
  if (version_ == 2) return Bulk(bytes);

  Header('=', static_cast<int64_t>(bytes.size() + 4));
  out_->append(format);
  out_->push_back(':');
  out_->append(bytes);
  out_->append("\r\n", 2);
}

}  // namespace resp
