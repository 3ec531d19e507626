#include "resp/parser.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace {

using resp::Parser;
using Outcome = resp::Parser::Outcome;

// What reading a stream came to: each command's arguments, then the error or nothing.
struct Reading {
  std::vector<std::vector<std::string>> commands;
  std::vector<std::string> raws;
  std::string error;
  bool operator==(const Reading&) const = default;
};

void ReadAll(Parser& parser, std::string_view bytes, Reading& reading) {
  const std::string copy(bytes);  // The parser must not rely on it once it asks for more.
  Parser::Command command;
  parser.Feed(copy);
  Outcome outcome = Outcome::kNeedMore;
  while ((outcome = parser.Next(command)) == Outcome::kCommand) {
    reading.commands.emplace_back(command.args.begin(), command.args.end());
    reading.raws.emplace_back(command.raw);
  }
  if (outcome == Outcome::kProtocolError) reading.error = parser.error();
}

Reading ReadInPieces(const std::string& wire, size_t piece_bytes, Parser::Limits limits = {}) {
  Parser parser(limits);
  Reading reading;
  for (size_t at = 0; at < wire.size(); at += piece_bytes) {
    ReadAll(parser, std::string_view(wire).substr(at, piece_bytes), reading);
  }
  return reading;
}

Reading ReadWhole(const std::string& wire, Parser::Limits limits = {}) {
  return ReadInPieces(wire, wire.size(), limits);
}

using Commands = std::vector<std::vector<std::string>>;

TEST_CASE("resp: a command cut at any byte reads the same as a whole one") {
  const std::string wire =
      "*3\r\n$3\r\nSET\r\n$5\r\nhello\r\n$12\r\nlonger value\r\nPING \"a b\"\r\n\r\n*0\r\n*-1\r\n"
      "*1\r\n$0\r\n\r\n*2\r\n$3\r\nGET\r\n$5\r\nhello\r\n";
  const Reading whole = ReadWhole(wire);
  CHECK(whole.commands ==
        Commands{{"SET", "hello", "longer value"}, {"PING", "a b"}, {""}, {"GET", "hello"}});
  CHECK(whole.raws[0] == wire.substr(0, 43));
  CHECK(whole.raws[1].empty());
  CHECK(whole.raws[3] == "*2\r\n$3\r\nGET\r\n$5\r\nhello\r\n");
  CHECK(whole.error.empty());

  for (size_t cut = 1; cut < wire.size(); ++cut) {
    CAPTURE(cut);
    Parser parser{Parser::Limits{}};
    Reading reading;
    ReadAll(parser, wire.substr(0, cut), reading);
    ReadAll(parser, wire.substr(cut), reading);
    CHECK(reading == whole);
  }
  for (size_t piece = 1; piece < 20; ++piece) {
    CAPTURE(piece);
    CHECK(ReadInPieces(wire, piece) == whole);
  }
}

TEST_CASE("resp: inline commands are split and unquoted as Redis does") {
  const auto args = [](const std::string& line) { return ReadWhole(line + "\n").commands; };
  CHECK(args("PING") == Commands{{"PING"}});
  CHECK(args("PING\r") == Commands{{"PING"}});
  CHECK(args("  SET\ta   b  \r") == Commands{{"SET", "a", "b"}});
  CHECK(args("ECHO \"\"") == Commands{{"ECHO", ""}});
  CHECK(args("ECHO a\"b\"") == Commands{{"ECHO", "ab"}});
  CHECK(args("ECHO 'a\\'b\\n'") == Commands{{"ECHO", "a'b\\n"}});
  CHECK(args("ECHO \"\\x41\\xzz\\n\\q\"") == Commands{{"ECHO", "Axzz\nq"}});
  CHECK(args("ECHO a\\b") == Commands{{"ECHO", "a\\b"}});
  CHECK(args("\vECHO a\vb") == Commands{{"ECHO", "a\vb"}});
  CHECK(args("ECHO \"a\"\vx") == Commands{{"ECHO", "a", "x"}});
  CHECK(args("").empty());
  CHECK(args(" \r").empty());
  CHECK(args("\n\r\n  \nPING") == Commands{{"PING"}});
}

TEST_CASE("resp: a count of nothing is passed over") {
  CHECK(ReadWhole("*0\r\n*-1\r\n*-5\r\nPING\r\n").commands == Commands{{"PING"}});
}

TEST_CASE("resp: faults get the error texts of Redis") {
  const auto error = [](const std::string& wire) {
    const std::string text = ReadWhole(wire).error;
    CHECK(ReadInPieces(wire, 1).error == text);
    return text;
  };
  for (const char* count : {"a", "99999999999", "2147483648", "", "01", "+1", "-0", " 1",
                            "9223372036854775808", "1 "}) {
    CAPTURE(count);
    CHECK(error("*" + std::string(count) + "\r\n") == "Protocol error: invalid multibulk length");
  }
  for (const char* size : {"-1", "a", "536870913", "04", "", "99999999999999999999", "3x"}) {
    CAPTURE(size);
    CHECK(error("*1\r\n$" + std::string(size) + "\r\n") == "Protocol error: invalid bulk length");
  }
  CHECK(error("*1\r\nPING\r\n") == "Protocol error: expected '$', got 'P'");
  CHECK(error("*1\r\n+PING\r\n") == "Protocol error: expected '$', got '+'");
  CHECK(error("*1\r\n\r\n") == "Protocol error: expected '$', got ' '");
  CHECK(error("*1\r\n\n\r\n") == "Protocol error: expected '$', got ' '");
  CHECK(error("PING \"a\r\n") == "Protocol error: unbalanced quotes in request");
  CHECK(error("ECHO \"a\"b\r\n") == "Protocol error: unbalanced quotes in request");
  CHECK(error("ECHO \"a\\\"\r\n") == "Protocol error: unbalanced quotes in request");
  CHECK(error("*1\r\n" + std::string(70000, '$')) == "Protocol error: too big bulk count string");
  CHECK(error(std::string(70000, '*')) == "Protocol error: too big mbulk count string");
  CHECK(error(std::string(65537, 'a')) == "Protocol error: too big inline request");
  CHECK(error(std::string(1 << 20, 'a') + "\n") == "Protocol error: too big inline request");
  CHECK(error(std::string(65536, 'a')).empty());
  CHECK(ReadWhole(std::string(65536, 'a') + "\n").commands.size() == 1);
  CHECK(error("*1\r\n$536870912\r\n").empty());
  CHECK(error("*2147483647\r\n").empty());
}

TEST_CASE("resp: commands before a fault are served, and the fault is final") {
  Parser parser{Parser::Limits{}};
  Reading reading;
  ReadAll(parser, "PING\r\n*1\r\n$1\r\na\r\n*x\r\nPING\r\n", reading);
  CHECK(reading.commands == Commands{{"PING"}, {"a"}});
  CHECK(reading.error == "Protocol error: invalid multibulk length");

  Parser::Command command;
  parser.Feed("PING\r\n");
  CHECK(parser.Next(command) == Outcome::kProtocolError);
}

TEST_CASE("resp: line ends are skipped unread where Redis does so") {
  const Reading reading = ReadWhole("*1\rX$4\rxPINGyy*1\r\n$4\r\nPING\r\n");
  CHECK(reading.commands == Commands{{"PING"}, {"PING"}});
  CHECK(reading.raws[0] == "*1\rX$4\rxPINGyy");
  CHECK(ReadInPieces("*1\rX$4\rxPINGyy*1\r\n$4\r\nPING\r\n", 1) == reading);
}

TEST_CASE("resp: an unauthenticated client is held to small commands") {
  const auto error = [](const std::string& wire) {
    Parser parser{Parser::Limits{}};
    parser.set_authenticated(false);
    Reading reading;
    ReadAll(parser, wire, reading);
    return reading.error;
  };
  CHECK(error("*11\r\n") == "Protocol error: unauthenticated multibulk length");
  CHECK(error("*10\r\n").empty());
  CHECK(error("*1\r\n$16385\r\n") == "Protocol error: unauthenticated bulk length");
  CHECK(error("*1\r\n$16384\r\n").empty());
}

TEST_CASE("resp: the limits can be set") {
  const Parser::Limits limits{.bulk_bytes_max = 5, .arguments_max = 2, .inline_bytes_max = 8};
  CHECK(ReadWhole("*2\r\n$5\r\nhello\r\n$1\r\na\r\n", limits).commands.size() == 1);
  CHECK(ReadWhole("*1\r\n$6\r\nhello!\r\n", limits).error == "Protocol error: invalid bulk length");
  CHECK(ReadWhole("*3\r\n$1\r\na\r\n$1\r\na\r\n$1\r\na\r\n", limits).error ==
        "Protocol error: invalid multibulk length");
  CHECK(ReadWhole("123456789\n", limits).error == "Protocol error: too big inline request");
}

TEST_CASE("resp: nothing is held for what was only announced") {
  Parser parser{Parser::Limits{}};
  Parser::Command command;
  parser.Feed("*1000000\r\n$536870912\r\n");
  CHECK(parser.Next(command) == Outcome::kNeedMore);
  CHECK(parser.buffered_bytes() < 100);
  CHECK(command.args.capacity() < 100);
}

TEST_CASE("resp: a whole pipeline is read where it lies, and nothing is held after it") {
  const std::string one =
      "*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$1000\r\n" + std::string(1000, 'v') + "\r\n";
  const std::string wire = one + one + one;
  Parser parser{Parser::Limits{}};
  Parser::Command command;
  const std::string_view* slots = nullptr;
  parser.Feed(wire);
  for (size_t i = 0; i < 3; ++i) {
    REQUIRE(parser.Next(command) == Outcome::kCommand);
    CHECK(command.raw.data() == wire.data() + i * one.size());
    CHECK(command.raw == one);
    if (i == 0) slots = command.args.data();
    CHECK(command.args.data() == slots);  // The caller's vector is used again as it is.
    for (const std::string_view arg : command.args) {
      CHECK(arg.data() > wire.data());
      CHECK(arg.data() < wire.data() + wire.size());
    }
  }
  CHECK(parser.Next(command) == Outcome::kNeedMore);
  CHECK(parser.buffered_bytes() == 0);
}

TEST_CASE("resp: commands of one feed stay valid together until the next") {
  const std::string first = "*2\r\n$4\r\nECHO\r\n$30\r\nabcdefghij";
  const std::string second = "klmnopqrstuvwxyz0123\r\nECHO 'b b'\r\nECHO 'c c'\r\n*2\r\n$4\r\nEC";
  Parser parser{Parser::Limits{}};
  Parser::Command a, b, c, rest;
  parser.Feed(first);
  REQUIRE(parser.Next(a) == Outcome::kNeedMore);
  parser.Feed(second);
  REQUIRE(parser.Next(a) == Outcome::kCommand);
  REQUIRE(parser.Next(b) == Outcome::kCommand);
  REQUIRE(parser.Next(c) == Outcome::kCommand);
  REQUIRE(parser.Next(rest) == Outcome::kNeedMore);
  CHECK(a.args[1] == "abcdefghijklmnopqrstuvwxyz0123");
  CHECK(a.raw == first + second.substr(0, 22));
  CHECK(b.args[1] == "b b");
  CHECK(c.args[1] == "c c");
}

TEST_CASE("resp: a caller that stops within a pipeline gets its buffer back") {
  Parser parser{Parser::Limits{}};
  Parser::Command command;
  std::string buffer = "PING 1\r\n*2\r\n$4\r\nPING\r\n$1\r\n2\r\nPING 3\r\nPI";
  parser.Feed(buffer);
  REQUIRE(parser.Next(command) == Outcome::kCommand);
  parser.KeepUnread();
  CHECK(parser.buffered_bytes() == buffer.size() - 8);
  buffer.assign(buffer.size(), 'x');

  REQUIRE(parser.Next(command) == Outcome::kCommand);
  CHECK(command.args[1] == "2");
  parser.KeepUnread();
  parser.Feed("NG 4\r\nPING 5\r\n");
  for (const char* number : {"3", "4", "5"}) {
    REQUIRE(parser.Next(command) == Outcome::kCommand);
    CHECK(command.args[1] == number);
  }
  CHECK(parser.Next(command) == Outcome::kNeedMore);
  CHECK(parser.buffered_bytes() == 0);
}

TEST_CASE("resp: a large argument in many pieces is read in linear time and then let go") {
  constexpr size_t kBytes = 64 << 20;
  Parser parser{Parser::Limits{}};
  Parser::Command command;
  const std::string piece(16384, 'x');
  const std::string head = "*2\r\n$4\r\nECHO\r\n$" + std::to_string(kBytes) + "\r\n";
  parser.Feed(head);
  REQUIRE(parser.Next(command) == Outcome::kNeedMore);
  for (size_t fed = 0; fed < kBytes; fed += piece.size()) {
    parser.Feed(piece);
    REQUIRE(parser.Next(command) == Outcome::kNeedMore);
    REQUIRE(parser.buffered_bytes() < fed + piece.size() + 100);
  }
  parser.Feed("\r\n");
  REQUIRE(parser.Next(command) == Outcome::kCommand);
  CHECK(command.args[1].size() == kBytes);
  CHECK(command.raw.size() > kBytes);
  CHECK(parser.buffered_bytes() == 0);
}

}  // namespace
