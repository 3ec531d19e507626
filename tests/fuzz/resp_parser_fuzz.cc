// libFuzzer target: a stream reads the same whole and in pieces. Build it with clang:
//   clang++ -std=c++20 -g -O1 -fsanitize=fuzzer,address,undefined -I. \
//     tests/fuzz/resp_parser_fuzz.cc resp/parser.cc resp/split_args.cc -o resp_parser_fuzz
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "resp/parser.h"

namespace {

std::string Read(std::string_view wire, size_t piece_bytes, bool authenticated) {
  resp::Parser parser({.bulk_bytes_max = 4096, .inline_bytes_max = 256});
  parser.set_authenticated(authenticated);
  resp::Parser::Command command;
  std::string seen;
  for (size_t at = 0; at < wire.size(); at += piece_bytes) {
    const std::string piece(wire.substr(at, piece_bytes));
    parser.Feed(piece);
    resp::Parser::Outcome outcome = resp::Parser::Outcome::kNeedMore;
    while ((outcome = parser.Next(command)) == resp::Parser::Outcome::kCommand) {
      for (const std::string_view arg : command.args) (seen += '[').append(arg) += ']';
      (seen += " raw ").append(command.raw) += '\n';
    }
    if (outcome == resp::Parser::Outcome::kProtocolError) return seen + parser.error();
  }
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const std::string_view wire(reinterpret_cast<const char*>(data) + 1, size - 1);
  const bool authenticated = (data[0] & 1) != 0;
  const std::string whole = Read(wire, wire.size(), authenticated);
  if (Read(wire, 1, authenticated) != whole) std::abort();
  if (Read(wire, size_t{2} + (data[0] >> 1), authenticated) != whole) std::abort();
  return 0;
}
