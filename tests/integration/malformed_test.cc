// What bytes a server must not be harmed by. The replies are those of redis-server 7.0.15.
#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/integration/client.h"
#include "tests/integration/server_process.h"

using integration::Client;
using integration::RawClient;
using integration::ServerProcess;
using integration::TemporaryFolder;
using integration::WaitFor;

namespace {

struct Case {
  std::string name;
  std::string sent;
  std::string reply;
  bool closes;
};

std::string ProtocolError(const std::string& what) {
  return "-ERR Protocol error: " + what + "\r\n";
}

std::vector<Case> Cases() {
  const std::string bad_bulk = ProtocolError("invalid bulk length");
  const std::string bad_multibulk = ProtocolError("invalid multibulk length");
  return {
      {"negative count, then a command", "*-1\r\nPING\r\n", "+PONG\r\n", false},
      {"no arguments, then a command", "*0\r\nPING\r\n", "+PONG\r\n", false},
      {"empty lines", "\r\n\nPING\r\n", "+PONG\r\n", false},
      {"line feed only", "PING\n", "+PONG\r\n", false},
      {"blanks around", "  PING  \r\n", "+PONG\r\n", false},
      {"quotes", "SET a \"b c\"\r\nGET a\r\n", "+OK\r\n$3\r\nb c\r\n", false},
      {"open quotes", "SET a \"b\r\n", ProtocolError("unbalanced quotes in request"), true},
      {"null bulk", "*1\r\n$-1\r\n", bad_bulk, true},
      {"negative bulk", "*1\r\n$-2\r\n", bad_bulk, true},
      {"huge count", "*99999999999\r\n", bad_multibulk, true},
      {"count beyond int", "*2147483648\r\n", bad_multibulk, true},
      {"bulk of 512 MB and one", "*1\r\n$536870913\r\n", bad_bulk, true},
      {"bulk beyond 64 bit", "*1\r\n$99999999999999999999\r\n", bad_bulk, true},
      {"status as argument", "*1\r\n+PING\r\n", ProtocolError("expected '$', got '+'"), true},
      {"count not a number", "*abc\r\n", bad_multibulk, true},
      {"length not a number", "*1\r\n$abc\r\n", bad_bulk, true},
      {"leading zero in count", "*01\r\n$4\r\nPING\r\n", bad_multibulk, true},
      {"leading zero in length", "*1\r\n$04\r\nPING\r\n", bad_bulk, true},
      {"blank in count", "* 1\r\n$4\r\nPING\r\n", bad_multibulk, true},
      {"plus sign", "*1\r\n$+4\r\nPING\r\n", bad_bulk, true},
      {"count without end", "*" + std::string(70000, '1'),
       ProtocolError("too big mbulk count string"), true},
      {"length without end", "*1\r\n$" + std::string(70000, '1'),
       ProtocolError("too big bulk count string"), true},
      {"inline of 70 kB", std::string(70000, 'x'), ProtocolError("too big inline request"), true},
      {"empty name", "*1\r\n$0\r\n\r\n", "-ERR unknown command '', with args beginning with: \r\n",
       false},
      {"HTTP", "POST / HTTP/1.1\r\nHost: a\r\n", "", true},
  };
}

}  // namespace

TEST_CASE("malformed: every input is answered or refused as Redis does, and the server goes on") {
  const TemporaryFolder folder;
  ServerProcess server(
      {.port = 0, .directory = folder.path(), .arguments = {"--appendonly", "no", "--save", ""}});
  REQUIRE(server.WaitReady());
  for (const Case& one : Cases()) {
    CAPTURE(one.name);
    RawClient client(server.port());
    client.Send(one.sent);
    if (one.closes) {
      CHECK(client.ReadToEnd() == one.reply);
      CHECK(client.closed());
    } else {
      CHECK(client.Read(one.reply.size()) == one.reply);
      REQUIRE(client.Send("PING\r\n"));
      CHECK(client.Read(7) == "+PONG\r\n");
    }
    REQUIRE(server.IsRunning());
  }
  CHECK(Client(server.port()).Call({"PING"}) == "PONG");
}

TEST_CASE("malformed: a command cut anywhere waits for its rest, and its end frees it") {
  const TemporaryFolder folder;
  ServerProcess server(
      {.port = 0, .directory = folder.path(), .arguments = {"--appendonly", "no", "--save", ""}});
  REQUIRE(server.WaitReady());
  const std::string wire = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nhello\r\n";
  for (size_t cut = 1; cut < wire.size(); ++cut) {
    CAPTURE(cut);
    RawClient client(server.port());
    REQUIRE(client.Send(wire.substr(0, cut)));
    REQUIRE(Client(server.port()).Call({"PING"}) == "PONG");  // Half a frame holds up nobody else.
    REQUIRE(client.Send(wire.substr(cut)));
    REQUIRE(client.Read(5) == "+OK\r\n");
  }
  RawClient half(server.port());
  REQUIRE(half.Send(wire.substr(0, 10)));
  half.FinishSending();
  CHECK(half.ReadToEnd().empty());
  CHECK(half.closed());
}

TEST_CASE("malformed: an inline command of 1 MB is refused without keeping it") {
  const TemporaryFolder folder;
  ServerProcess server(
      {.port = 0, .directory = folder.path(), .arguments = {"--appendonly", "no", "--save", ""}});
  REQUIRE(server.WaitReady());
  const uint64_t before = server.ResidentBytes();
  for (int i = 0; i < 20; ++i) {
    RawClient client(server.port());
    client.Send(std::string(1 << 20, 'x') + "\r\n");
    client.ReadToEnd();
    CHECK(client.closed());
  }
  CHECK(Client(server.port()).Call({"PING"}) == "PONG");
  CHECK(server.ResidentBytes() < before + (16 << 20));
}

TEST_CASE("malformed: lengths that are only announced cost no memory") {
  const TemporaryFolder folder;
  ServerProcess server(
      {.port = 0, .directory = folder.path(), .arguments = {"--appendonly", "no", "--save", ""}});
  REQUIRE(server.WaitReady());
  const uint64_t before = server.ResidentBytes();
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 200; ++i) {
    clients.push_back(std::make_unique<RawClient>(server.port()));
    REQUIRE(
        clients.back()->Send(i % 2 == 0 ? "*2\r\n$3\r\nGET\r\n$536870912\r\n" : "*1000000\r\n"));
  }
  CHECK(Client(server.port()).Call({"PING"}) == "PONG");
  CHECK(server.ResidentBytes() < before + (32 << 20));
}

TEST_CASE("malformed: a client that never reads its replies is closed, and memory stays bounded") {
  const TemporaryFolder folder;
  ServerProcess server({.port = 0,
                        .directory = folder.path(),
                        .arguments = {"--appendonly", "no", "--save", "",
                                      "--client-output-buffer-limit", "normal 8mb 0 0"}});
  REQUIRE(server.WaitReady());
  CHECK(Client(server.port()).Call({"SET", "big", std::string(1 << 20, 'x')}) == "OK");
  const uint64_t before = server.ResidentBytes();

  RawClient deaf(server.port());
  std::string many;
  for (int i = 0; i < 200; ++i) many += "GET big\r\n";
  REQUIRE(deaf.Send(many));
  CHECK(WaitFor([&] {
    deaf.SendSome("PING\r\n");
    return deaf.closed();
  }));
  CHECK(Client(server.port()).Call({"PING"}) == "PONG");
  CHECK(server.ResidentBytes() < before + (64 << 20));
}
