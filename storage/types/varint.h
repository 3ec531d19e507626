// Lengths in seven-bit groups, lowest first; the top bit says that more follow.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace storage {

constexpr size_t VarintSize(uint64_t value) {
  size_t size = 1;
  for (; value >= 0x80; value >>= 7) ++size;
  return size;
}

inline char* PutVarint(char* to, uint64_t value) {
  for (; value >= 0x80; value >>= 7) *to++ = static_cast<char>(value | 0x80);
  *to++ = static_cast<char>(value);
  return to;
}

inline void AppendVarint(std::string& out, uint64_t value) {
  char buffer[10];
  out.append(buffer, static_cast<size_t>(PutVarint(buffer, value) - buffer));
}

// Reads what PutVarint wrote; the bytes are trusted.
inline const char* GetVarint(const char* from, uint64_t& value) {
  uint64_t byte = static_cast<uint8_t>(*from++);
  value = byte & 0x7f;
  for (unsigned shift = 7; byte & 0x80; shift += 7) {
    byte = static_cast<uint8_t>(*from++);
    value |= (byte & 0x7f) << shift;
  }
  return from;
}

// Takes a value off untrusted bytes. Refuses what is cut short, too large, or longer than need be.
inline std::optional<uint64_t> TakeVarint(std::string_view& bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes.size() && i < 9; ++i) {
    const uint64_t byte = static_cast<uint8_t>(bytes[i]);
    value |= (byte & 0x7f) << (7 * i);
    if (byte & 0x80) continue;
    if (byte == 0 && i > 0) return std::nullopt;
    bytes.remove_prefix(i + 1);
    return value;
  }
  return std::nullopt;
}

inline void AppendString(std::string& out, std::string_view value) {
  AppendVarint(out, value.size());
  out.append(value);
}

inline std::optional<std::string_view> TakeString(std::string_view& bytes) {
  const std::optional<uint64_t> size = TakeVarint(bytes);
  if (!size || *size > bytes.size()) return std::nullopt;
  const std::string_view value = bytes.substr(0, *size);
  bytes.remove_prefix(*size);
  return value;
}

}  // namespace storage
