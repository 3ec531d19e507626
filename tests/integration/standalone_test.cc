// One server, spoken to as any Redis client would.
#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
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
const std::vector<std::string> kDurable = {"--appendonly", "yes", "--appendfsync", "always"};

std::vector<std::string> With(std::vector<std::string> base, const std::vector<std::string>& more) {
  base.insert(base.end(), more.begin(), more.end());
  return base;
}

}  // namespace

TEST_CASE("standalone: what was acknowledged is there after kill -9") {
  const TemporaryFolder folder;
  ServerProcess server({.port = 0, .directory = folder.path(), .arguments = kDurable});
  REQUIRE(server.WaitReady());
  {
    Client client(server.port());
    for (int i = 0; i < 500; ++i) {
      const std::string n = std::to_string(i);
      REQUIRE(client.Call({"SET", "key" + n, "value" + n}) == "OK");
    }
    CHECK(client.Call({"RPUSH", "list", "a", "b", "c"}) == "3");
    CHECK(client.Call({"SADD", "set", "m"}) == "1");
    CHECK(client.Call({"HSET", "hash", "f", "v"}) == "1");
    CHECK(client.Call({"ZADD", "zset", "1.5", "m"}) == "1");
    CHECK(client.Call({"DEL", "key0"}) == "1");
    CHECK(client.Call({"PEXPIREAT", "key1", "33000000000000"}) == "1");
    CHECK(client.Call({"SELECT", "9"}) == "OK");
    CHECK(client.Call({"SET", "in9", "9"}) == "OK");
  }

  for (int round = 0; round < 2; ++round) {  // The second time from what the first recovery wrote.
    CAPTURE(round);
    server.Kill();
    server.Start();
    REQUIRE(server.WaitReady());
    Client client(server.port());
    REQUIRE(WaitFor([&] { return client.Call({"DBSIZE"}) == "503"; }));
    CHECK(client.Call({"GET", "key0"}) == "(nil)");
    for (int i = 1; i < 500; ++i) {
      const std::string n = std::to_string(i);
      REQUIRE(client.Call({"GET", "key" + n}) == "value" + n);
    }
    CHECK(client.Call({"LRANGE", "list", "0", "-1"}) == "[a, b, c]");
    CHECK(client.Call({"SMEMBERS", "set"}) == "[m]");
    CHECK(client.Call({"HGET", "hash", "f"}) == "v");
    CHECK(client.Call({"ZSCORE", "zset", "m"}) == "1.5");
    CHECK(client.Call({"PEXPIRETIME", "key1"}) == "33000000000000");
    CHECK(client.Call({"SELECT", "9"}) == "OK");
    CHECK(client.Call({"GET", "in9"}) == "9");
  }
}

TEST_CASE("standalone: SIGTERM ends the server cleanly, and nothing is missing afterwards") {
  const TemporaryFolder folder;
  ServerProcess server({.port = 0, .directory = folder.path(), .arguments = kDurable});
  REQUIRE(server.WaitReady());
  CHECK(Client(server.port()).Call({"SET", "k", "v"}) == "OK");
  CHECK(server.Terminate());
  server.Start();
  REQUIRE(server.WaitReady());
  CHECK(Client(server.port()).Call({"GET", "k"}) == "v");
}

TEST_CASE("standalone: a checkpoint and what came after it are both there after kill -9") {
  const TemporaryFolder folder;
  ServerProcess server({.port = 0, .directory = folder.path(), .arguments = kDurable});
  REQUIRE(server.WaitReady());
  {
    Client client(server.port());
    CHECK(client.Call({"SET", "before", "1"}) == "OK");
    CHECK(client.Call({"SET", "deleted", "1"}) == "OK");
    CHECK(client.Call({"SAVE"}) == "OK");
    CHECK(client.Call({"SET", "after", "2"}) == "OK");
    CHECK(client.Call({"DEL", "deleted"}) == "1");
  }
  server.Kill();
  server.Start();
  REQUIRE(server.WaitReady());
  Client client(server.port());
  CHECK(client.Call({"MGET", "before", "after", "deleted"}) == "[1, 2, (nil)]");
}

TEST_CASE("standalone: replies of a pipeline come in the order of the commands") {
  const TemporaryFolder folder;
  ServerProcess server({.port = 0, .directory = folder.path(), .arguments = kDurable});
  REQUIRE(server.WaitReady());
  Client client(server.port());
  for (int i = 0; i < 1000; ++i) {
    const std::string n = std::to_string(i);
    client.Append({"SET", "k", n});
    client.Append({"GET", "k"});
    client.Append({"ECHO", n});
    client.Append({"NOSUCHCOMMAND"});
  }
  for (int i = 0; i < 1000; ++i) {
    CAPTURE(i);
    REQUIRE(client.Receive() == "OK");
    REQUIRE(client.Receive() == std::to_string(i));
    REQUIRE(client.Receive() == std::to_string(i));
    REQUIRE(client.Receive().starts_with("-ERR unknown command 'NOSUCHCOMMAND'"));
  }
}

TEST_CASE("standalone: MULTI is atomic, WATCH sees other clients, errors abort") {
  const TemporaryFolder folder;
  ServerProcess server({.port = 0, .directory = folder.path(), .arguments = kDurable});
  REQUIRE(server.WaitReady());
  Client client(server.port());
  Client other(server.port());

  CHECK(client.Call({"MULTI"}) == "OK");
  CHECK(client.Call({"INCR", "n"}) == "QUEUED");
  CHECK(other.Call({"GET", "n"}) == "(nil)");
  CHECK(client.Call({"RPUSH", "l", "a"}) == "QUEUED");
  CHECK(client.Call({"EXEC"}) == "[1, 1]");

  CHECK(client.Call({"WATCH", "n"}) == "OK");
  CHECK(other.Call({"INCR", "n"}) == "2");
  CHECK(client.Call({"MULTI"}) == "OK");
  CHECK(client.Call({"SET", "n", "100"}) == "QUEUED");
  CHECK(client.Call({"EXEC"}) == "(nil)");
  CHECK(client.Call({"GET", "n"}) == "2");

  // A watched key that has expired has changed, even if the transaction touches no key.
  CHECK(client.Call({"SET", "brief", "v", "PX", "10"}) == "OK");
  CHECK(client.Call({"WATCH", "brief"}) == "OK");
  CHECK(WaitFor([&] { return other.Call({"EXISTS", "brief"}) == "0"; }));
  CHECK(client.Call({"MULTI"}) == "OK");
  CHECK(client.Call({"PING"}) == "QUEUED");
  CHECK(client.Call({"EXEC"}) == "(nil)");

  CHECK(client.Call({"MULTI"}) == "OK");
  CHECK(client.Call({"SET", "n"}) == "-ERR wrong number of arguments for 'set' command");
  CHECK(client.Call({"EXEC"}) == "-EXECABORT Transaction discarded because of previous errors.");

  CHECK(client.Call({"MULTI"}) == "OK");
  CHECK(client.Call({"SET", "n", "7"}) == "QUEUED");
  CHECK(client.Call({"DISCARD"}) == "OK");
  CHECK(client.Call({"GET", "n"}) == "2");
  CHECK(client.Call({"EXEC"}) == "-ERR EXEC without MULTI");
}

TEST_CASE("standalone: with two threads no update under WATCH is lost") {
  const TemporaryFolder folder;
  ServerProcess server(
      {.port = 0, .directory = folder.path(), .arguments = With(kInMemory, {"--threads", "2"})});
  REQUIRE(server.WaitReady());
  constexpr int kClients = 6;
  constexpr int kUpdates = 30;
  std::vector<std::thread> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.emplace_back([port = server.port()] {
      Client client(port);
      for (int done = 0; done < kUpdates;) {
        client.Call({"WATCH", "n"});
        const std::string now = client.Call({"GET", "n"});
        const int next = now == "(nil)" ? 1 : std::stoi(now) + 1;
        client.Call({"MULTI"});
        client.Call({"SET", "n", std::to_string(next)});
        if (client.Call({"EXEC"}) == "[OK]") ++done;
      }
    });
  }
  for (std::thread& client : clients) client.join();
  CHECK(Client(server.port()).Call({"GET", "n"}) == std::to_string(kClients * kUpdates));
}

TEST_CASE("standalone: keys expire, by reading and by themselves") {
  const TemporaryFolder folder;
  ServerProcess server({.port = 0, .directory = folder.path(), .arguments = kInMemory});
  REQUIRE(server.WaitReady());
  Client client(server.port());
  CHECK(client.Call({"SET", "k", "v", "PX", "100"}) == "OK");
  CHECK(client.Call({"GET", "k"}) == "v");
  CHECK(WaitFor([&] { return client.Call({"GET", "k"}) == "(nil)"; }, std::chrono::seconds(2)));
  CHECK(client.Call({"TTL", "k"}) == "-2");

  for (int i = 0; i < 100; ++i) {
    CHECK(client.Call({"SET", "k" + std::to_string(i), "v", "PX", "50"}) == "OK");
  }
  CHECK(WaitFor([&] { return client.Call({"DBSIZE"}) == "0"; }, std::chrono::seconds(10)));
}

TEST_CASE("standalone: there are 16 databases that do not see each other") {
  const TemporaryFolder folder;
  ServerProcess server({.port = 0, .directory = folder.path(), .arguments = kInMemory});
  REQUIRE(server.WaitReady());
  Client client(server.port());
  for (int i = 0; i < 16; ++i) {
    CHECK(client.Call({"SELECT", std::to_string(i)}) == "OK");
    CHECK(client.Call({"GET", "k"}) == "(nil)");
    CHECK(client.Call({"SET", "k", std::to_string(i)}) == "OK");
  }
  CHECK(client.Call({"SELECT", "16"}) == "-ERR DB index is out of range");
  CHECK(client.Call({"SELECT", "-1"}) == "-ERR DB index is out of range");
  CHECK(client.Call({"SELECT", "3"}) == "OK");
  CHECK(client.Call({"FLUSHDB"}) == "OK");
  CHECK(client.Call({"DBSIZE"}) == "0");
  CHECK(client.Call({"SELECT", "4"}) == "OK");
  CHECK(client.Call({"GET", "k"}) == "4");
  CHECK(client.Call({"FLUSHALL"}) == "OK");
  CHECK(client.Call({"DBSIZE"}) == "0");
}

TEST_CASE("standalone: CONFIG reads by pattern, sets, and refuses what makes no sense") {
  const TemporaryFolder folder;
  ServerProcess server({.port = 0, .directory = folder.path(), .arguments = kInMemory});
  REQUIRE(server.WaitReady());
  Client client(server.port());
  CHECK(client.Call({"CONFIG", "GET", "maxmemory"}) == "[maxmemory, 0]");
  CHECK(client.Call({"CONFIG", "SET", "maxmemory", "100mb"}) == "OK");
  CHECK(client.Call({"CONFIG", "GET", "maxmemory"}) == "[maxmemory, 104857600]");
  CHECK(client.Call({"CONFIG", "GET", "maxmemor[y]"}) == "[maxmemory, 104857600]");
  CHECK(client.Call({"CONFIG", "GET", "no-such-setting"}) == "[]");
  CHECK(client.Call({"CONFIG", "SET", "maxmemory", "many"}).starts_with("-ERR CONFIG SET failed"));
  CHECK(client.Call({"CONFIG", "SET", "no-such-setting", "1"}).starts_with("-ERR Unknown option"));
  CHECK(client.Call({"CONFIG", "GET", "maxmemory"}) == "[maxmemory, 104857600]");
}

TEST_CASE("standalone: an unknown setting or a bad value is refused at the start") {
  const TemporaryFolder folder;
  for (const std::vector<std::string>& wrong :
       {std::vector<std::string>{"--no-such-setting", "1"}, {"--maxclients", "many"}}) {
    ServerProcess server({.port = 0, .directory = folder.path(), .arguments = wrong});
    CHECK(WaitFor([&] { return !server.IsRunning(); }));
  }
}

TEST_CASE("standalone: a port that another server listens on is refused") {
  const TemporaryFolder folder;
  const TemporaryFolder other_folder;
  ServerProcess server({.port = 0, .directory = folder.path(), .arguments = kInMemory});
  REQUIRE(server.WaitReady());
  ServerProcess other(
      {.port = server.port(), .directory = other_folder.path(), .arguments = kInMemory});
  CHECK(WaitFor([&] { return !other.IsRunning(); }));
}

TEST_CASE("standalone: maxclients turns away the next client with an error") {
  const TemporaryFolder folder;
  ServerProcess server({.port = 0,
                        .directory = folder.path(),
                        .arguments = With(kInMemory, {"--maxclients", "10"})});
  REQUIRE(server.WaitReady());
  std::vector<std::unique_ptr<Client>> clients;
  WaitFor([&] {  // Those of WaitReady may take a moment to be gone.
    clients.clear();
    for (int i = 0; i < 10; ++i) clients.push_back(std::make_unique<Client>(server.port()));
    for (const auto& client : clients) {
      if (client->Call({"PING"}) != "PONG") return false;
    }
    return true;
  });
  RawClient eleventh(server.port());
  CHECK(eleventh.ReadToEnd() == "-ERR max number of clients reached\r\n");
  CHECK(eleventh.closed());

  clients.pop_back();
  CHECK(WaitFor([&] { return Client(server.port()).Call({"PING"}) == "PONG"; }));
}

TEST_CASE("standalone: a unix socket serves as well as TCP") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/socket";
  ServerProcess server({.port = 0,
                        .directory = folder.path(),
                        .arguments = With(kInMemory, {"--unixsocket", path})});
  REQUIRE(server.WaitReady());
  Client by_socket(path);
  REQUIRE(by_socket.connected());
  CHECK(by_socket.Call({"SET", "k", "v"}) == "OK");
  CHECK(Client(server.port()).Call({"GET", "k"}) == "v");
}

TEST_CASE("standalone: RESP3 has its own nil, maps and doubles, and HELLO 2 goes back") {
  const TemporaryFolder folder;
  ServerProcess server({.port = 0, .directory = folder.path(), .arguments = kInMemory});
  REQUIRE(server.WaitReady());
  RawClient client(server.port());
  REQUIRE(client.Send("HELLO 3\r\n"));
  CHECK(client.Read(1) == "%");
  // The rest of HELLO's map is as long as the version is; a marker ends it.
  REQUIRE(client.Send("ECHO end\r\n"));
  std::string hello;
  REQUIRE(WaitFor([&] { return (hello += client.Read(1)).ends_with("$3\r\nend\r\n"); }));
  CHECK(hello.find("$5\r\nproto\r\n:3\r\n") != std::string::npos);

  REQUIRE(client.Send("GET none\r\nHSET h f v\r\nHGETALL h\r\nZADD z 1.5 m\r\nZSCORE z m\r\n"));
  const std::string replies = "_\r\n:1\r\n%1\r\n$1\r\nf\r\n$1\r\nv\r\n:1\r\n,1.5\r\n";
  CHECK(client.Read(replies.size()) == replies);

  REQUIRE(client.Send("HELLO 2\r\n"));
  CHECK(client.Read(1) == "*");
  REQUIRE(client.Send("HELLO 4\r\n"));
  REQUIRE(WaitFor([&] {
    return (hello += client.Read(1)).ends_with("-NOPROTO unsupported protocol version\r\n");
  }));
}

TEST_CASE("standalone: a password is asked for before anything else") {
  const TemporaryFolder folder;
  ServerProcess server({.port = 0,
                        .directory = folder.path(),
                        .arguments = With(kInMemory, {"--requirepass", "secret"})});
  REQUIRE(WaitFor([&] { return Client(server.port()).connected(); }));
  Client client(server.port());
  CHECK(client.Call({"GET", "k"}) == "-NOAUTH Authentication required.");
  CHECK(client.Call({"AUTH", "wrong"}).starts_with("-WRONGPASS"));
  CHECK(client.Call({"AUTH", "secret"}) == "OK");
  CHECK(client.Call({"SET", "k", "v"}) == "OK");
}

TEST_CASE("standalone: replies far larger than a socket's buffer arrive as they were written") {
  const TemporaryFolder folder;
  ServerProcess server({.port = 0, .directory = folder.path(), .arguments = kInMemory});
  REQUIRE(server.WaitReady());
  // No two stretches are alike, so that bytes at a wrong place are seen.
  std::string value;
  for (int i = 0; value.size() < (8 << 20); ++i) value += std::to_string(i) + ",";
  Client client(server.port());
  REQUIRE(client.Call({"SET", "big", value}) == "OK");

  RawClient raw(server.port());
  constexpr int kReplies = 4;
  std::string expected;
  std::string asked;
  for (int i = 0; i < kReplies; ++i) {
    expected += "$" + std::to_string(value.size()) + "\r\n" + value + "\r\n";
    asked += "GET big\r\n";
  }
  REQUIRE(raw.Send(asked));
  CHECK((raw.Read(expected.size()) == expected));
}

TEST_CASE("standalone: a refused EXEC ends its transaction") {
  const TemporaryFolder folder;
  ServerProcess server({.port = 0, .directory = folder.path(), .arguments = kInMemory});
  REQUIRE(server.WaitReady());
  RawClient raw(server.port());
  REQUIRE(raw.Send("MULTI\r\nEXEC x\r\nEXEC\r\n"));
  const std::string expected =
      "+OK\r\n-EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' "
      "command\r\n-ERR EXEC without MULTI\r\n";
  CHECK(raw.Read(expected.size()) == expected);
}

TEST_CASE(
    "standalone: without a log the last checkpoint outlives the process, with and without one") {
  const TemporaryFolder folder;
  for (const char* appendonly : {"no", "no", "yes", "yes"}) {
    CAPTURE(appendonly);
    ServerProcess server(
        {.port = 0, .directory = folder.path(), .arguments = {"--appendonly", appendonly}});
    REQUIRE(WaitFor([&] { return Client(server.port()).connected(); }));
    Client client(server.port());
    REQUIRE(WaitFor([&] { return !client.Call({"GET", "k"}).starts_with("-LOADING"); }));
    client.Call({"APPEND", "k", "x"});
    CHECK(client.Call({"SAVE"}) == "OK");
  }
  ServerProcess server({.port = 0, .directory = folder.path(), .arguments = {}});
  REQUIRE(WaitFor([&] { return Client(server.port()).connected(); }));
  Client client(server.port());
  REQUIRE(WaitFor([&] { return !client.Call({"GET", "k"}).starts_with("-LOADING"); }));
  CHECK(client.Call({"GET", "k"}) == "xxxx");
}
