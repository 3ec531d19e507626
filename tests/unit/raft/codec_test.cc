#include "raft/codec.h"

#include <doctest/doctest.h>

#include "raft/frame.h"
#include "tests/simulation/random.h"

namespace {

using namespace raft;

Payload Bytes(std::string_view bytes) { return std::make_shared<const std::string>(bytes); }

std::vector<Message> OneOfEach() {
  return {
      PreVoteRequest{.term = 1, .last = {2, 3}},
      PreVoteReply{.term = 4, .granted = true},
      VoteRequest{.term = 5, .last = {6, 7}, .forced = true},
      VoteReply{.term = 8, .granted = true},
      Append{.term = 9,
             .prev = {8, 11},
             .commit = 12,
             .round = 13,
             .entries = {{8, 12, EntryKind::kNoop, nullptr},
                         {9, 13, EntryKind::kCommands, Bytes(std::string("a\0b", 3))},
                         {9, 14, EntryKind::kConfiguration, Bytes("not looked at here")}}},
      AppendReply{
          .term = 14, .round = 15, .rejected = true, .match = 16, .prev = 17, .hint = {18, 19}},
      Heartbeat{.term = 20, .commit = 21, .round = 22},
      HeartbeatReply{.term = 23, .round = UINT64_MAX},
      TimeoutNow{.term = kTermMax},
      SnapshotChunk{.term = 24,
                    .info = {{25, 26}, {{1, 2}, {3}, {4, 5, UINT64_MAX}}},
                    .hash_seed = 27,
                    .sequence = 28,
                    .bytes = Bytes("bytes"),
                    .done = true},
      SnapshotReply{.term = 29, .last = {30, 31}, .sequence = 32, .accepted = true},
  };
}

std::string Encoded(const Message& message) {
  std::string out;
  Encode(message, out);
  return out;
}

}  // namespace

TEST_CASE("codec: every kind of message comes back as it was") {
  const std::vector<Message> messages = OneOfEach();
  REQUIRE(messages.size() == std::variant_size_v<Message>);
  for (size_t i = 0; i < messages.size(); ++i) {
    CAPTURE(i);
    CHECK(messages[i].index() == i);
    const std::string wire = Encoded(messages[i]);
    const std::optional<Message> back = Decode(wire);
    REQUIRE(back);
    CHECK(back->index() == i);
    CHECK(Encoded(*back) == wire);
  }
}

TEST_CASE("codec: the fields of an append come back as they were") {
  const std::optional<Message> back = Decode(Encoded(OneOfEach()[4]));
  REQUIRE(back);
  const auto& append = std::get<Append>(*back);
  CHECK(append.term == 9);
  CHECK(append.prev == Position{8, 11});
  CHECK(append.commit == 12);
  CHECK(append.round == 13);
  REQUIRE(append.entries.size() == 3);
  CHECK(append.entries[0].index == 12);
  CHECK(append.entries[1].index == 13);
  CHECK(*append.entries[1].payload == std::string("a\0b", 3));
  CHECK(append.entries[2].kind == EntryKind::kConfiguration);
}

TEST_CASE("codec: the fields of a snapshot's piece come back as they were") {
  const std::optional<Message> back = Decode(Encoded(OneOfEach()[9]));
  REQUIRE(back);
  const auto& chunk = std::get<SnapshotChunk>(*back);
  CHECK(chunk.info.last == Position{25, 26});
  CHECK(chunk.info.configuration == Configuration{{1, 2}, {3}, {4, 5, UINT64_MAX}});
  CHECK(chunk.hash_seed == 27);
  CHECK(chunk.sequence == 28);
  CHECK(*chunk.bytes == "bytes");
  CHECK(chunk.done);
}

TEST_CASE("codec: a message cut short or with bytes behind it is refused") {
  for (const Message& message : OneOfEach()) {
    const std::string wire = Encoded(message);
    CAPTURE(message.index());
    for (size_t cut = 0; cut < wire.size(); ++cut) {
      CAPTURE(cut);
      CHECK_FALSE(Decode(std::string_view(wire).substr(0, cut)));
    }
    CHECK_FALSE(Decode(wire + "x"));
  }
}

TEST_CASE("codec: terms and indexes that would overflow are refused") {
  CHECK_FALSE(Decode(Encoded(TimeoutNow{.term = kTermMax + 1})));
  CHECK_FALSE(Decode(Encoded(VoteRequest{.term = 1, .last = {1, kIndexMax + 1}})));
}

TEST_CASE("codec: a count that the bytes cannot hold is refused before memory is taken") {
  std::string wire = Encoded(Append{.term = 1, .prev = {0, 0}});
  wire.replace(wire.size() - 4, 4, "\xff\xff\xff\xff");
  CHECK_FALSE(Decode(wire));
}

TEST_CASE("codec: damaged messages are refused or read as what they now say") {
  for (const uint64_t seed : sim::Seeds(200)) {
    CAPTURE(seed);
    sim::Random random(seed);
    for (const Message& message : OneOfEach()) {
      std::string wire = Encoded(message);
      for (uint64_t flips = random.Between(1, 8); flips > 0; --flips) {
        wire[random.Below(wire.size())] = static_cast<char>(random.Below(256));
      }
      const std::optional<Message> back = Decode(wire);
      if (back) CHECK(Encoded(*back) == wire);  // Nothing was invented, nothing passed over.
    }
  }
}

TEST_CASE("frame: frames cut at any byte come out whole, one after the other") {
  std::string wire;
  const FrameHeader first{.kind = 1, .partition = 7, .incarnation = 99};
  const FrameHeader second{.kind = 2, .partition = 8, .incarnation = 100};
  AppendFrame(first, "hello", wire);
  AppendFrame(second, "", wire);
  for (size_t cut = 0; cut <= wire.size(); ++cut) {
    CAPTURE(cut);
    FrameReader reader(1024);
    FrameReader::Frame frame;
    std::vector<std::string> payloads;
    for (const std::string& part : {wire.substr(0, cut), wire.substr(cut)}) {
      reader.Feed(part);
      while (reader.Next(frame) == FrameReader::Outcome::kFrame) {
        CHECK(frame.header == (payloads.empty() ? first : second));
        payloads.emplace_back(frame.payload);
      }
    }
    CHECK(payloads == std::vector<std::string>{"hello", ""});
    CHECK(reader.Next(frame) == FrameReader::Outcome::kNeedMore);
  }
}

TEST_CASE("frame: any flipped bit is noticed") {
  std::string good;
  AppendFrame({.kind = 1, .partition = 7, .incarnation = 99}, "payload", good);
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    CAPTURE(bit);
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
    FrameReader reader(1024);
    FrameReader::Frame frame;
    reader.Feed(bad);
    CHECK(reader.Next(frame) != FrameReader::Outcome::kFrame);
  }
}

TEST_CASE("frame: a length beyond the limit is refused by its first bytes") {
  std::string wire;
  AppendFrame({}, std::string(1025, 'x'), wire);
  FrameReader reader(1024);
  FrameReader::Frame frame;
  reader.Feed(std::string_view(wire).substr(0, 4));
  CHECK(reader.Next(frame) == FrameReader::Outcome::kCorrupt);
  reader.Feed(std::string_view(wire).substr(4));
  CHECK(reader.Next(frame) == FrameReader::Outcome::kCorrupt);
}

TEST_CASE("frame: what a stranger sends is refused") {
  FrameReader reader(1024);
  FrameReader::Frame frame;
  reader.Feed("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CHECK(reader.Next(frame) == FrameReader::Outcome::kCorrupt);
}
