#include <doctest/doctest.h>

#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "resp/parser.h"

namespace {

using resp::Parser;

uint64_t Seed() {
  const char* const given = std::getenv("LOOM_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
}

using Random = std::mt19937_64;

size_t Below(Random& random, size_t bound) { return random() % bound; }

std::string RandomCommand(Random& random) {
  std::string wire;
  if (Below(random, 5) == 0) {
    static constexpr std::string_view kWords[] = {"GET",    " ",  "\"a b\"", "'x\\''",
                                                  "\"\\x0", "\t", "k"};
    for (size_t i = Below(random, 6); i > 0; --i) wire += kWords[Below(random, std::size(kWords))];
    return wire + (Below(random, 2) == 0 ? "\r\n" : "\n");
  }
  const size_t count = Below(random, 5);
  wire = "*" + std::to_string(count) + "\r\n";
  for (size_t i = 0; i < count; ++i) {
    const size_t size = Below(random, 10) == 0 ? Below(random, 300) : Below(random, 12);
    wire += "$" + std::to_string(size) + "\r\n" + std::string(size, 'v') + "\r\n";
  }
  return wire;
}

void Mutate(Random& random, std::string& wire) {
  static constexpr std::string_view kBytes = "*$\r\n0123456789-'\"\\x a\0";
  for (size_t i = Below(random, 4); i > 0 && !wire.empty(); --i) {
    const size_t at = Below(random, wire.size());
    switch (Below(random, 3)) {
      case 0:
        wire[at] = kBytes[Below(random, kBytes.size())];
        break;
      case 1:
        wire.erase(at, 1 + Below(random, 3));
        break;
      default:
        wire.insert(at, 1, kBytes[Below(random, kBytes.size())]);
    }
  }
}

// Everything that a reader of the stream can tell, as one text.
std::string Read(const std::string& wire, bool authenticated, Random* cuts, size_t piece_bytes) {
  Parser parser({.bulk_bytes_max = 1000, .inline_bytes_max = 64});
  parser.set_authenticated(authenticated);
  Parser::Command command;
  std::string seen;
  size_t at = 0;
  while (at < wire.size()) {
    const size_t size = cuts != nullptr ? 1 + Below(*cuts, 40) : piece_bytes;
    std::string piece = wire.substr(at, size);
    at += size;
    parser.Feed(piece);
    Parser::Outcome outcome = Parser::Outcome::kNeedMore;
    while ((outcome = parser.Next(command)) == Parser::Outcome::kCommand) {
      for (const std::string_view arg : command.args) (seen += '[').append(arg) += ']';
      (seen += " raw ").append(command.raw) += '\n';
      if (cuts == nullptr || Below(*cuts, 4) != 0) continue;
      parser.KeepUnread();
      piece.assign(piece.size(), '?');
    }
    if (outcome == Parser::Outcome::kProtocolError) return seen + parser.error();
    if (parser.buffered_bytes() > 16 * wire.size()) return seen + "too much memory";
  }
  return seen;
}

TEST_CASE("resp: a damaged stream reads the same however it is cut") {
  const uint64_t seed = Seed();
  CAPTURE(seed);
  Random random(seed);
  for (int round = 0; round < 3000; ++round) {
    CAPTURE(round);
    std::string wire;
    for (size_t i = 1 + Below(random, 8); i > 0; --i) wire += RandomCommand(random);
    Mutate(random, wire);
    const bool authenticated = Below(random, 4) != 0;

    const std::string whole = Read(wire, authenticated, nullptr, wire.size() + 1);
    CHECK(Read(wire, authenticated, nullptr, 1) == whole);
    CHECK(Read(wire, authenticated, nullptr, 7) == whole);
    CHECK(Read(wire, authenticated, &random, 0) == whole);
  }
}

}  // namespace
