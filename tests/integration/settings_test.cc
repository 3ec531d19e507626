// What settings promise, seen from outside: at start, and changed on a running server.
#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

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

const std::vector<std::string> kInMemory = {"--appendonly", "no", "--save", ""};

std::string InfoField(Client& client, const std::string& name) {
  const std::string info = client.Call({"INFO"});
  const size_t at = info.find("\n" + name + ":");
  if (at == std::string::npos) return "(none)";
  const size_t begin = at + name.size() + 2;
  return info.substr(begin, info.find('\r', begin) - begin);
}

}  // namespace

TEST_CASE("settings: maxmemory refuses what grows at once, and not what reads or deletes") {
  const TemporaryFolder folder;
  ServerProcess server({.port = 0, .directory = folder.path(), .arguments = kInMemory});
  REQUIRE(server.WaitReady());
  Client client(server.port());
  CHECK(client.Call({"CONFIG", "SET", "maxmemory", "2mb"}) == "OK");
  CHECK(client.Call({"SET", "big", std::string(3 << 20, 'x')}) == "OK");
  CHECK(client.Call({"SET", "more", "1"}).starts_with("-OOM "));
  CHECK(client.Call({"STRLEN", "big"}) == std::to_string(3 << 20));
  CHECK(client.Call({"DEL", "big"}) == "1");
  CHECK(client.Call({"SET", "more", "1"}) == "OK");
}

TEST_CASE("settings: proto-max-bulk-len changes for connections that are open") {
  const TemporaryFolder folder;
  ServerProcess server({.port = 0, .directory = folder.path(), .arguments = kInMemory});
  REQUIRE(server.WaitReady());
  // The length alone: a connection that is closed with bytes unread may lose the reply (TCP resets
  // it).
  integration::RawClient open(server.port());
  REQUIRE(open.Send("PING\r\n"));
  CHECK(open.Read(7) == "+PONG\r\n");
  Client client(server.port());
  CHECK(client.Call({"CONFIG", "SET", "proto-max-bulk-len", "1mb"}) == "OK");
  REQUIRE(open.Send("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1048577\r\n"));
  CHECK(open.ReadToEnd() == "-ERR Protocol error: invalid bulk length\r\n");
}

TEST_CASE("settings: a password that is set at run time asks new clients, not those that are in") {
  const TemporaryFolder folder;
  ServerProcess server({.port = 0, .directory = folder.path(), .arguments = kInMemory});
  REQUIRE(server.WaitReady());
  Client first(server.port());
  CHECK(first.Call({"CONFIG", "SET", "requirepass", "secret"}) == "OK");
  CHECK(first.Call({"PING"}) == "PONG");
  Client second(server.port());
  CHECK(second.Call({"PING"}) == "-NOAUTH Authentication required.");
  CHECK(first.Call({"CONFIG", "SET", "requirepass", ""}) == "OK");
  CHECK(second.Call({"PING"}) == "PONG");
}

TEST_CASE("settings: timeout and maxclients act on a running server") {
  const TemporaryFolder folder;
  ServerProcess server({.port = 0, .directory = folder.path(), .arguments = kInMemory});
  REQUIRE(server.WaitReady());
  Client client(server.port());
  CHECK(client.Call({"CONFIG", "SET", "maxclients", "1"}) == "OK");
  RawClient refused(server.port());
  CHECK(refused.ReadToEnd() == "-ERR max number of clients reached\r\n");
  CHECK(client.Call({"CONFIG", "SET", "maxclients", "100", "timeout", "1"}) == "OK");
  RawClient idle(server.port());
  idle.ReadToEnd();
  CHECK(idle.closed());
  CHECK(Client(server.port())
            .Call({"CONFIG", "SET", "maxclients", "4000000000"})
            .starts_with("-ERR CONFIG SET failed (possibly related to argument 'maxclients') - The "
                         "operating system is not able to handle"));
}

TEST_CASE("settings: an output buffer limit ends a client whose output grows beyond it") {
  const TemporaryFolder folder;
  ServerProcess server({.port = 0, .directory = folder.path(), .arguments = kInMemory});
  REQUIRE(server.WaitReady());
  Client client(server.port());
  CHECK(client.Call({"CONFIG", "SET", "client-output-buffer-limit", "normal 8mb 0 0"}) == "OK");
  CHECK(client.Call({"SET", "big", std::string(4 << 20, 'x')}) == "OK");
  RawClient slow(server.port());
  std::string commands;
  for (int i = 0; i < 20; ++i) commands += "GET big\r\n";
  CHECK(slow.Send(commands));
  CHECK(WaitFor([&] { return InfoField(client, "connected_clients") == "1"; }));
}

TEST_CASE("settings: save points make checkpoints, also with a log, and changes are counted") {
  const TemporaryFolder folder;
  ServerProcess server(
      {.port = 0, .directory = folder.path(), .arguments = {"--appendonly", "yes", "--save", ""}});
  REQUIRE(server.WaitReady());
  Client client(server.port());
  for (int i = 0; i < 10; ++i) client.Call({"SET", "k" + std::to_string(i), "v"});
  CHECK(InfoField(client, "rdb_changes_since_last_save") == "10");
  CHECK(client.Call({"CONFIG", "SET", "save", "1 5"}) == "OK");
  CHECK(WaitFor([&] { return InfoField(client, "rdb_changes_since_last_save") == "0"; }));
  CHECK(WaitFor([&] { return client.Call({"LASTSAVE"}) != "0"; }));
}

TEST_CASE("settings: encodings follow their thresholds, at start and at run time") {
  const TemporaryFolder folder;
  std::vector<std::string> arguments = kInMemory;
  arguments.insert(arguments.end(), {"--hash-max-listpack-entries", "1"});
  ServerProcess server({.port = 0, .directory = folder.path(), .arguments = arguments});
  REQUIRE(server.WaitReady());
  Client client(server.port());
  const auto encoding = [&](const char* key) { return client.Call({"OBJECT", "ENCODING", key}); };
  CHECK(client.Call({"HSET", "hash", "a", "1"}) == "1");
  CHECK(encoding("hash") == "listpack");
  CHECK(client.Call({"HSET", "hash", "b", "2"}) == "1");
  CHECK(encoding("hash") == "hashtable");

  const auto set = [&](const char* name, const char* value) {
    CHECK(client.Call({"CONFIG", "SET", name, value}) == "OK");
  };
  set("hash-max-listpack-entries", "512");
  set("hash-max-listpack-value", "3");
  client.Call({"HSET", "few", "a", "123", "b", "456"});
  CHECK(encoding("few") == "listpack");
  client.Call({"HSET", "few", "c", "long"});
  CHECK(encoding("few") == "hashtable");

  set("set-max-intset-entries", "2");
  client.Call({"SADD", "set", "1", "2"});
  CHECK(encoding("set") == "intset");
  client.Call({"SADD", "set", "3"});
  CHECK(encoding("set") == "hashtable");

  set("zset-max-listpack-entries", "2");
  client.Call({"ZADD", "zset", "1", "a", "2", "b"});
  CHECK(encoding("zset") == "listpack");
  client.Call({"ZADD", "zset", "3", "c"});
  CHECK(encoding("zset") == "skiplist");
  set("zset-max-listpack-value", "3");
  client.Call({"ZADD", "other", "1", "long"});
  CHECK(encoding("other") == "skiplist");

  set("list-max-listpack-size", "2");
  client.Call({"RPUSH", "list", "a", "b", "c", "d", "e"});
  CHECK(encoding("list") == "quicklist");
  CHECK(client.Call({"LINSERT", "list", "BEFORE", "c", "x"}) == "6");
  CHECK(client.Call({"LSET", "list", "1", "y"}) == "OK");
  CHECK(client.Call({"LINDEX", "list", "2"}) == "x");
  CHECK(client.Call({"LINDEX", "list", "-1"}) == "e");
}

TEST_CASE("settings: a second server on the same port is refused") {
  for (const char* threads : {"1", "2"}) {
    CAPTURE(threads);
    const TemporaryFolder folder;
    const TemporaryFolder other;
    std::vector<std::string> arguments = kInMemory;
    arguments.insert(arguments.end(), {"--threads", threads});
    ServerProcess server({.port = 0, .directory = folder.path(), .arguments = arguments});
    REQUIRE(server.WaitReady());
    ServerProcess second(
        {.port = server.port(), .directory = other.path(), .arguments = arguments});
    CHECK(WaitFor([&] { return !second.IsRunning(); }));
  }
}

TEST_CASE("settings: bind takes optional addresses that are not there, and IPv6") {
  const TemporaryFolder folder;
  std::vector<std::string> arguments = kInMemory;
  arguments.insert(arguments.end(), {"--bind", "127.0.0.1 -::1 -192.0.2.77"});
  ServerProcess server({.port = 0, .directory = folder.path(), .arguments = arguments});
  REQUIRE(server.WaitReady());
  const int fd = socket(AF_INET6, SOCK_STREAM, 0);
  if (fd < 0) return;  // No IPv6 on this machine.
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  address.sin6_port = htons(server.port());
  CHECK(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  close(fd);
}
