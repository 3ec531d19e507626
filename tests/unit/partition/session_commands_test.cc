#include <doctest/doctest.h>

#include "tests/unit/partition/session_fakes.h"

namespace server {
namespace {

constexpr std::string_view kSyntax = "-ERR syntax error\r\n";

TEST_CASE("session: PING, ECHO and QUIT answer as Redis does") {
  FakeNode node;
  FakeSession& session = node.Connect(1);
  CHECK(node.Run(session, {"ping"}) == "+PONG\r\n");
  CHECK(node.Run(session, {"ping", "x"}) == "$1\r\nx\r\n");
  CHECK(node.Run(session, {"ping", "x", "y"}) ==
        "-ERR wrong number of arguments for 'ping' command\r\n");
  CHECK(node.Run(session, {"echo", "x"}) == "$1\r\nx\r\n");
  CHECK(node.Run(session, {"quit"}) == "+OK\r\n");
  CHECK(session.close_after_reply);
}

TEST_CASE("session: SELECT takes 16 databases, and only the first in a cluster") {
  FakeNode node;
  FakeSession& session = node.Connect(1);
  CHECK(node.Run(session, {"select", "15"}) == "+OK\r\n");
  CHECK(session.database == 15);
  CHECK(node.Run(session, {"select", "16"}) == "-ERR DB index is out of range\r\n");
  CHECK(node.Run(session, {"select", "-1"}) == "-ERR DB index is out of range\r\n");
  CHECK(node.Run(session, {"select", "a"}) == "-ERR value is not an integer or out of range\r\n");
  CHECK(node.Run(session, {"select", "99999999999"}) ==
        "-ERR value is out of range, value must between -2147483648 and 2147483647\r\n");
  CHECK(session.database == 15);
  node.values.cluster_enabled = true;
  CHECK(node.Run(session, {"select", "1"}) == "-ERR SELECT is not allowed in cluster mode\r\n");
  CHECK(node.Run(session, {"select", "0"}) == "+OK\r\n");
}

TEST_CASE("session: AUTH without a password configured tells so, unless it names the user") {
  FakeNode node;
  FakeSession& session = node.Connect(1);
  CHECK(node.Run(session, {"auth", "x"}) ==
        "-ERR AUTH <password> called without any password configured for the default user. Are you "
        "sure your configuration is correct?\r\n");
  CHECK(node.Run(session, {"auth", "default", "x"}) == "+OK\r\n");
  CHECK(node.Run(session, {"auth", "other", "x"}) ==
        "-WRONGPASS invalid username-password pair or user is disabled.\r\n");
  CHECK(node.Run(session, {"auth", "a", "b", "c"}) == kSyntax);
}

TEST_CASE("session: AUTH lets in with the very password only") {
  FakeNode node;
  node.values.requirepass = "secret";
  FakeSession& session = node.Connect(1);
  session.authenticated = false;
  for (const std::string_view wrong : {"", "s", "secre", "secretsecret", "Secret", "secret "}) {
    CAPTURE(wrong);
    CHECK(node.Run(session, {"auth", wrong}).starts_with("-WRONGPASS"));
    CHECK_FALSE(session.authenticated);
  }
  CHECK(node.Run(session, {"auth", "secret"}) == "+OK\r\n");
  CHECK(session.authenticated);
  CHECK(node.Run(session, {"reset"}) == "+RESET\r\n");
  CHECK_FALSE(session.authenticated);
}

TEST_CASE("session: HELLO switches the protocol only when all of it is right") {
  FakeNode node;
  FakeSession& session = node.Connect(7);
  CHECK(node.Run(session, {"hello", "4"}) == "-NOPROTO unsupported protocol version\r\n");
  CHECK(node.Run(session, {"hello", "x"}) ==
        "-ERR Protocol version is not an integer or out of range\r\n");
  CHECK(node.Run(session, {"hello", "3", "foo"}) == "-ERR Syntax error in HELLO option 'foo'\r\n");
  CHECK(node.Run(session, {"hello", "3", "setname", "a b"}) ==
        "-ERR Client names cannot contain spaces, newlines or special characters.\r\n");
  CHECK(session.resp_version == 2);
  CHECK(
      node.Run(session, {"hello", "3", "auth", "default", "z", "setname", "bob"}) ==
      "%7\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$6\r\n7.0.15\r\n$5\r\nproto\r\n:3\r\n"
      "$2\r\nid\r\n:7\r\n$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n"
      "$7\r\nmodules\r\n*0\r\n");
  CHECK(session.resp_version == 3);
  CHECK(session.name == "bob");
}

TEST_CASE("session: HELLO wants to know who asks, and may be told in the same breath") {
  FakeNode node;
  node.values.requirepass = "secret";
  FakeSession& session = node.Connect(1);
  session.authenticated = false;
  CHECK(node.Run(session, {"hello", "3"})
            .starts_with("-NOAUTH HELLO must be called with the client"));
  CHECK(node.Run(session, {"hello", "3", "auth", "default", "no"}).starts_with("-WRONGPASS"));
  CHECK(session.resp_version == 2);
  CHECK(node.Run(session, {"hello", "3", "auth", "default", "secret"}).starts_with("%7\r\n"));
}

TEST_CASE("session: RESET gives up all but what Redis keeps") {
  FakeNode node;
  FakeSession& session = node.Connect(1);
  session.in_multi = true;
  session.database = 3;
  session.resp_version = 3;
  session.name = "bob";
  session.readonly = true;
  session.no_evict = true;
  CHECK(node.Run(session, {"reset"}) == "+RESET\r\n");
  CHECK_FALSE(session.in_multi);
  CHECK(session.database == 0);
  CHECK(session.resp_version == 2);
  CHECK(session.name.empty());
  CHECK_FALSE(session.readonly);
  CHECK(session.no_evict);
}

TEST_CASE("session: a transaction begins, runs and ends in the right order only") {
  FakeNode node;
  FakeSession& session = node.Connect(1);
  CHECK(node.Run(session, {"exec"}) == "-ERR EXEC without MULTI\r\n");
  CHECK(node.Run(session, {"discard"}) == "-ERR DISCARD without MULTI\r\n");
  CHECK(node.Run(session, {"watch", "a"}) == "+OK\r\n");
  CHECK(node.Run(session, {"multi"}) == "+OK\r\n");
  CHECK(node.Run(session, {"multi"}) == "-ERR MULTI calls can not be nested\r\n");
  CHECK(node.Run(session, {"watch", "a"}) == "-ERR WATCH inside MULTI is not allowed\r\n");
  CHECK(node.Run(session, {"exec"}) == "+exec ran\r\n");
  CHECK(node.Run(session, {"multi"}) == "+OK\r\n");
  session.multi_failed = true;
  CHECK(node.Run(session, {"exec"}) ==
        "-EXECABORT Transaction discarded because of previous errors.\r\n");
  CHECK_FALSE(session.in_multi);
  CHECK_FALSE(session.multi_failed);
  CHECK(node.Run(session, {"multi"}) == "+OK\r\n");
  CHECK(node.Run(session, {"discard"}) == "+OK\r\n");
  CHECK(node.Run(session, {"unwatch"}) == "+OK\r\n");
}

TEST_CASE("session: WAIT checks its numbers before it waits") {
  FakeNode node;
  FakeSession& session = node.Connect(1);
  CHECK(node.Run(session, {"wait", "a", "1"}) ==
        "-ERR value is not an integer or out of range\r\n");
  CHECK(node.Run(session, {"wait", "1", "a"}) ==
        "-ERR timeout is not an integer or out of range\r\n");
  CHECK(node.Run(session, {"wait", "1", "-1"}) == "-ERR timeout is negative\r\n");
  CHECK(node.Run(session, {"wait", "2", "30"}) == ":2030\r\n");
}

TEST_CASE("session: SAVE answers when the checkpoint has ended, BGSAVE when it has begun") {
  FakeNode node;
  FakeSession& session = node.Connect(1);
  CHECK(node.Run(session, {"save"}).empty());
  CHECK(node.Run(session, {"bgsave"}) == "-ERR Background save already in progress\r\n");
  CHECK(node.Run(session, {"bgrewriteaof"}) ==
        "-ERR Background append only file rewriting already in progress\r\n");
  std::exchange(node.checkpoint, nullptr)("");
  CHECK(session.TakeLate() == "+OK\r\n");
  CHECK(node.Run(session, {"save"}).empty());
  std::exchange(node.checkpoint, nullptr)("disk full");
  CHECK(session.TakeLate() == "-ERR disk full\r\n");
  CHECK(node.Run(session, {"bgsave", "x"}) == kSyntax);
  CHECK(node.Run(session, {"bgsave", "schedule"}) == "+Background saving started\r\n");
  std::exchange(node.checkpoint, nullptr)("");
  CHECK(node.Run(session, {"bgrewriteaof"}) ==
        "+Background append only file rewriting started\r\n");
  CHECK(node.Run(session, {"lastsave"}) == ":777\r\n");
}

TEST_CASE("session: SHUTDOWN saves as configured or as told, and FORCE ends the node anyway") {
  FakeNode node;
  FakeSession& session = node.Connect(1);
  CHECK(node.Run(session, {"shutdown", "x"}) == kSyntax);
  CHECK(node.Run(session, {"shutdown", "save", "nosave"}) == kSyntax);
  CHECK(node.Run(session, {"shutdown", "abort", "now"}) == kSyntax);
  CHECK(node.Run(session, {"shutdown", "abort"}) == "-ERR No shutdown in progress.\r\n");
  CHECK(node.shutdowns.empty());
  CHECK(node.Run(session, {"shutdown"}).empty());
  node.values.save = {{3600, 1}};
  CHECK(node.Run(session, {"shutdown", "now"}).empty());
  CHECK(node.Run(session, {"shutdown", "nosave"}).empty());
  CHECK(node.shutdowns == std::vector<bool>{false, true, false});
  node.shutdown_error = "disk full";
  CHECK(node.Run(session, {"shutdown"}) == "-ERR Errors trying to SHUTDOWN. Check logs.\r\n");
  node.shutdowns.clear();
  CHECK(node.Run(session, {"shutdown", "force"}).empty());
  CHECK(node.shutdowns == std::vector<bool>{true, false});
}

TEST_CASE("session: CONFIG and INFO hand on what they were asked, and their answer") {
  FakeNode node;
  FakeSession& session = node.Connect(1);
  CHECK(node.Run(session, {"config", "get", "a*", "b"}) == "+get\r\n");
  CHECK(node.asked == std::vector<std::string>{"a*", "b"});
  node.asked.clear();
  CHECK(node.Run(session, {"config", "set", "a", "1", "b", "2"}) == "+set\r\n");
  CHECK(node.asked == std::vector<std::string>{"a=1", "b=2"});
  CHECK(node.Run(session, {"config", "set", "a"}) == "wrong arity");
  CHECK(node.Run(session, {"config", "set", "a", "1", "b"}) == kSyntax);
  CHECK(node.Run(session, {"config", "resetstat"}) == "+OK\r\n");
  CHECK(node.Run(session, {"config", "rewrite"}) == "+rewritten\r\n");
  CHECK(node.Run(session, {"info", "SERVER"}) == "$10\r\n# Server\r\n\r\n");
  CHECK(node.asked == std::vector<std::string>{"server"});
  session.resp_version = 3;
  CHECK(node.Run(session, {"info"}) == "=14\r\ntxt:# Server\r\n\r\n");
}

TEST_CASE("session: DEBUG knows what is real, and says so of the rest") {
  FakeNode node;
  FakeSession& session = node.Connect(1);
  CHECK(node.Run(session, {"debug", "sleep", "0"}) == "+OK\r\n");
  CHECK(node.Run(session, {"debug", "error", "FOO bar"}) == "-FOO bar\r\n");
  CHECK(node.Run(session, {"debug", "protocol", "map"}) ==
        "*6\r\n:0\r\n:0\r\n:1\r\n:1\r\n:2\r\n:0\r\n");
  CHECK(node.Run(session, {"debug", "sleep"}) ==
        "-ERR unknown subcommand or wrong number of arguments for 'sleep'. Try DEBUG HELP.\r\n");
}

TEST_CASE("session: what Raft replaces says what to use instead") {
  FakeNode node;
  FakeSession& session = node.Connect(1);
  CHECK(node.Run(session, {"replicaof", "no", "one"}) == "+OK\r\n");
  CHECK(node.Run(session, {"replicaof", "a", "1"}) ==
        "-ERR REPLICAOF is not supported: every partition is replicated by Raft; set "
        "cluster-enabled yes, seeds and replication-factor\r\n");
  CHECK(node.Run(session, {"psync", "?", "-1"}).starts_with("-ERR PSYNC is not supported"));
  CHECK(node.Run(session, {"module", "load", "x"}) == "-ERR Modules are not supported\r\n");
  CHECK(node.Run(session, {"module", "list"}) == "*0\r\n");
  CHECK(node.Run(session, {"role"}) == "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n");
}

}  // namespace
}  // namespace server
