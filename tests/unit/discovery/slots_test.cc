#include "discovery/slots.h"

#include <doctest/doctest.h>

#include <string>

#include "discovery/partition_map.h"

using discovery::Crc16;
using discovery::kSlots;
using discovery::PartitionMap;
using discovery::SlotOf;

// Whole ranges of random keys are compared with redis-server in tests/integration/slots_test.cc.
TEST_CASE("slots: the checksum is CRC-16/XMODEM at every length around the stride") {
  static_assert(Crc16::Of("123456789") == 0x31C3);  // The check value of the catalogue of CRCs.
  static_assert(Crc16::Of("") == 0);

  std::string text;
  for (int length = 0; length < 70; ++length) {
    CAPTURE(length);
    uint32_t crc = 0;  // Bit by bit, as the definition says it.
    for (const char c : text) {
      crc ^= static_cast<uint32_t>(static_cast<unsigned char>(c)) << 8;
      for (int bit = 0; bit < 8; ++bit)
        crc = (crc & 0x8000U) != 0 ? (crc << 1) ^ 0x1021U : crc << 1;
      crc &= 0xffffU;
    }
    CHECK(Crc16::Of(text) == crc);
    text.push_back(static_cast<char>(length * 37 + 200));
  }
}

TEST_CASE("slots: known keys have the slots that Redis gives them") {
  CHECK(SlotOf("foo") == 12182);
  CHECK(SlotOf("bar") == 5061);
  CHECK(SlotOf("hello") == 866);
  CHECK(SlotOf("") == 0);
}

TEST_CASE("slots: only the first pair of braces counts, and only when it holds something") {
  CHECK(SlotOf("{user1000}.following") == SlotOf("user1000"));
  CHECK(SlotOf("{user1000}.followers") == SlotOf("user1000"));
  CHECK(SlotOf("foo{bar}{zap}") == SlotOf("bar"));
  CHECK(SlotOf("foo{{bar}}zap") == SlotOf("{bar"));
  CHECK(SlotOf("}{a}") == SlotOf("a"));
  CHECK(discovery::HashedPart("foo{}{bar}") == "foo{}{bar}");
  CHECK(discovery::HashedPart("foo{bar") == "foo{bar");
  CHECK(discovery::HashedPart("{}") == "{}");
  CHECK(discovery::HashedPart("{") == "{");
}

TEST_CASE("partition map: ranges are contiguous, even, and agree with the slots in them") {
  for (const uint32_t partitions : {1U, 2U, 3U, 7U, 16U, 100U, 1000U, 5461U, 16383U, kSlots}) {
    CAPTURE(partitions);
    const PartitionMap map(partitions);
    uint32_t next_slot = 0;
    bool right = true;
    for (uint32_t partition = 0; partition < partitions; ++partition) {
      const uint32_t first = map.FirstSlot(partition);
      const uint32_t last = map.LastSlot(partition);
      const uint32_t size = last - first + 1;
      right &= first == next_slot;
      right &= size == kSlots / partitions || size == kSlots / partitions + 1;
      for (uint32_t slot = first; slot <= last; ++slot) {
        right &= map.PartitionOf(static_cast<uint16_t>(slot)) == partition;
      }
      next_slot = last + 1;
    }
    CHECK(right);
    CHECK(next_slot == kSlots);
  }
}
