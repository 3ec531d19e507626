// Keys to slots, exactly as Redis Cluster does it, so that every cluster-aware client agrees with
// us.
//
// Runs once for each key of each command: table driven, inline, and without allocation.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace discovery {

inline constexpr uint32_t kSlots = 16384;

// CRC-16/XMODEM: polynomial 0x1021, initial value 0, no reflection. Redis calls it crc16.
class Crc16 {
 public:
  static constexpr uint16_t Of(std::string_view bytes) {
    uint16_t crc = 0;
    size_t at = 0;
    for (; at + kStride <= bytes.size(); at += kStride)
      crc = Stride(crc, bytes.substr(at, kStride));
    for (; at < bytes.size(); ++at) {
      crc = static_cast<uint16_t>((crc << 8) ^ kTables[0][(crc >> 8) ^ Byte(bytes[at])]);
    }
    return crc;
  }

 private:
  // Eight bytes a step ("slicing by 8"): the lookups of one step do not wait for each other, where
  // a byte at a time is one long chain of dependent loads.
  static constexpr size_t kStride = 8;
  // Table k holds the checksum of each byte followed by k zero bytes.
  using Tables = std::array<std::array<uint16_t, 256>, kStride>;

  static constexpr size_t Byte(char c) { return static_cast<unsigned char>(c); }

  static constexpr uint16_t Stride(uint16_t crc, std::string_view bytes) {
    uint32_t next = kTables[7][Byte(bytes[0]) ^ (crc >> 8)];
    next ^= kTables[6][Byte(bytes[1]) ^ (crc & 0xffU)];
    for (size_t i = 2; i < kStride; ++i) next ^= kTables[kStride - 1 - i][Byte(bytes[i])];
    return static_cast<uint16_t>(next);
  }

  static constexpr Tables MakeTables() {
    Tables tables{};
    for (uint32_t byte = 0; byte < 256; ++byte) {
      uint32_t crc = byte << 8;
      for (int bit = 0; bit < 8; ++bit)
        crc = (crc & 0x8000U) != 0 ? (crc << 1) ^ 0x1021U : crc << 1;
      tables[0][byte] = static_cast<uint16_t>(crc);
    }
    for (size_t k = 1; k < kStride; ++k) {
      for (size_t byte = 0; byte < 256; ++byte) {
        const uint16_t crc = tables[k - 1][byte];
        tables[k][byte] = static_cast<uint16_t>((crc << 8) ^ tables[0][crc >> 8]);
      }
    }
    return tables;
  }

  static const Tables kTables;
};

inline constexpr Crc16::Tables Crc16::kTables = Crc16::MakeTables();

// What of a key is hashed: the bytes between the first '{' and the first '}' after it, or the whole
// key where there is no such pair or nothing in between. Keys with the same tag share a slot.
constexpr std::string_view HashedPart(std::string_view key) {
  const size_t open = key.find('{');
  if (open == std::string_view::npos) return key;
  const size_t close = key.find('}', open + 1);
  if (close == std::string_view::npos || close == open + 1) return key;
  return key.substr(open + 1, close - open - 1);
}

constexpr uint16_t SlotOf(std::string_view key) {
  static_assert((kSlots & (kSlots - 1)) == 0);  // So that the remainder is a mask.
  return static_cast<uint16_t>(Crc16::Of(HashedPart(key)) & (kSlots - 1));
}

}  // namespace discovery
