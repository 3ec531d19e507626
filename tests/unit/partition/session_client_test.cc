#include <doctest/doctest.h>

#include "tests/unit/partition/session_fakes.h"

namespace server {
namespace {

constexpr std::string_view kSyntax = "-ERR syntax error\r\n";

std::vector<std::string> Lines(std::string_view bulk) {
  std::vector<std::string> lines;
  for (size_t end = bulk.find('\n'); end != std::string_view::npos; end = bulk.find('\n')) {
    if (bulk.starts_with("id=")) lines.emplace_back(bulk.substr(0, end));
    bulk.remove_prefix(end + 1);
  }
  return lines;
}

TEST_CASE("client: a line has the fields of Redis 7.0, in their order") {
  FakeNode node;
  FakeSession& session = node.Connect(3);
  session.name = "bob";
  session.last_command = FindCommand("get");
  const std::string line = Lines(node.Run(session, {"client", "info"}))[0];
  CHECK(line.substr(0, line.find(" tot-mem=")) ==
        "id=3 addr=127.0.0.1:50003 laddr=127.0.0.1:6379 fd=-1 name=bob age=10 idle=6 flags=N db=0 "
        "sub=0 psub=0 ssub=0 multi=-1 qbuf=26 qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 rbp=0 obl=0 "
        "oll=0 omem=0");
  CHECK(line.substr(line.find(" events=")) == " events=r cmd=get user=default redir=-1 resp=2");
}

TEST_CASE("client: flags and the transaction show in the line") {
  FakeNode node;
  FakeSession& session = node.Connect(1);
  session.in_multi = true;
  session.readonly = true;
  session.no_evict = true;
  const std::string line = node.Run(session, {"client", "info"});
  CHECK(line.find(" flags=xre ") != std::string::npos);
  CHECK(line.find(" multi=0 ") != std::string::npos);
}

TEST_CASE("client: LIST names all by id, or those of a type or with an id") {
  FakeNode node;
  FakeSession& session = node.Connect(12);
  node.Connect(3);
  node.Connect(5);
  const std::vector<std::string> all = Lines(node.Run(session, {"client", "list"}));
  REQUIRE(all.size() == 3);
  CHECK(all[0].starts_with("id=3 "));
  CHECK(all[2].starts_with("id=12 "));
  CHECK(Lines(node.Run(session, {"client", "list", "type", "normal"})).size() == 3);
  CHECK(node.Run(session, {"client", "list", "type", "replica"}) == "$0\r\n\r\n");
  CHECK(node.Run(session, {"client", "list", "type", "foo"}) ==
        "-ERR Unknown client type 'foo'\r\n");
  CHECK(Lines(node.Run(session, {"client", "list", "id", "5", "3", "99"})).size() == 2);
  CHECK(node.Run(session, {"client", "list", "id", "x"}) == "-ERR Invalid client ID\r\n");
  CHECK(node.Run(session, {"client", "list", "id"}) == kSyntax);
  CHECK(node.Run(session, {"client", "list", "foo"}) == kSyntax);
}

TEST_CASE("client: KILL by address ends one, and may be oneself, after the reply") {
  FakeNode node;
  FakeSession& session = node.Connect(1);
  node.Connect(2);
  CHECK(node.Run(session, {"client", "kill", "nobody:1"}) == "-ERR No such client\r\n");
  CHECK(node.Run(session, {"client", "kill", "127.0.0.1:50002"}) == "+OK\r\n");
  CHECK(node.closed == std::vector<uint64_t>{2});
  CHECK(node.Run(session, {"client", "kill", "127.0.0.1:50001"}) == "+OK\r\n");
  CHECK(node.closed_after_reply == std::vector<uint64_t>{1});
}

TEST_CASE("client: KILL by options counts, and spares the one that asks unless told") {
  FakeNode node;
  FakeSession& session = node.Connect(1);
  node.Connect(2);
  node.Connect(3);
  CHECK(node.Run(session, {"client", "kill", "type", "normal"}) == ":2\r\n");
  CHECK(node.closed == std::vector<uint64_t>{2, 3});
  CHECK(node.Run(session, {"client", "kill", "id", "3", "skipme", "no"}) == ":1\r\n");
  CHECK(node.Run(session, {"client", "kill", "skipme", "no"}) == ":3\r\n");
  CHECK(node.closed_after_reply == std::vector<uint64_t>{1});
  CHECK(node.Run(session, {"client", "kill", "laddr", "127.0.0.1:1"}) == ":0\r\n");
  CHECK(node.Run(session, {"client", "kill", "user", "default", "id", "2"}) == ":1\r\n");
}

TEST_CASE("client: KILL refuses what it does not understand") {
  FakeNode node;
  FakeSession& session = node.Connect(1);
  CHECK(node.Run(session, {"client", "kill", "id", "0"}) ==
        "-ERR client-id should be greater than 0\r\n");
  CHECK(node.Run(session, {"client", "kill", "type", "foo"}) ==
        "-ERR Unknown client type 'foo'\r\n");
  CHECK(node.Run(session, {"client", "kill", "user", "foo"}) == "-ERR No such user 'foo'\r\n");
  CHECK(node.Run(session, {"client", "kill", "skipme", "x"}) == kSyntax);
  CHECK(node.Run(session, {"client", "kill", "skipme", "yes", "foo"}) == kSyntax);
  CHECK(node.Run(session, {"client", "kill", "a", "b"}) == kSyntax);
  CHECK(node.closed.empty());
}

TEST_CASE("client: names and library info are kept if they fit into the line") {
  FakeNode node;
  FakeSession& session = node.Connect(1);
  CHECK(node.Run(session, {"client", "getname"}) == "$-1\r\n");
  CHECK(node.Run(session, {"client", "setname", "a b"}) ==
        "-ERR Client names cannot contain spaces, newlines or special characters.\r\n");
  CHECK(node.Run(session, {"client", "setname", "bob"}) == "+OK\r\n");
  CHECK(node.Run(session, {"client", "getname"}) == "$3\r\nbob\r\n");
  CHECK(node.Run(session, {"client", "setinfo", "LIB-NAME", "x"}) == "+OK\r\n");
  CHECK(node.Run(session, {"client", "setinfo", "lib-ver", "1 2"}) ==
        "-ERR lib-ver cannot contain spaces, newlines or special characters.\r\n");
  CHECK(node.Run(session, {"client", "setinfo", "foo", "x"}) ==
        "-ERR Unrecognized option 'foo'\r\n");
  CHECK(node.Run(session, {"client", "info"}).find(" lib-name=x\n") != std::string::npos);
}

TEST_CASE("client: REPLY answers only when replies are on") {
  FakeNode node;
  FakeSession& session = node.Connect(1);
  CHECK(node.Run(session, {"client", "reply", "skip"}).empty());
  CHECK(session.reply_mode == ReplyMode::kSkipNext);
  CHECK(node.Run(session, {"client", "reply", "off"}).empty());
  CHECK(node.Run(session, {"client", "reply", "skip"}).empty());
  CHECK(session.reply_mode == ReplyMode::kOff);
  CHECK(node.Run(session, {"client", "reply", "on"}) == "+OK\r\n");
  CHECK(node.Run(session, {"client", "reply", "x"}) == kSyntax);
}

TEST_CASE("client: tracking is off, in both protocols") {
  FakeNode node;
  FakeSession& session = node.Connect(1);
  CHECK(node.Run(session, {"client", "getredir"}) == ":-1\r\n");
  CHECK(
      node.Run(session, {"client", "trackinginfo"}) ==
      "*6\r\n$5\r\nflags\r\n*1\r\n$3\r\noff\r\n$8\r\nredirect\r\n:-1\r\n$8\r\nprefixes\r\n*0\r\n");
  session.resp_version = 3;
  CHECK(
      node.Run(session, {"client", "trackinginfo"}) ==
      "%3\r\n$5\r\nflags\r\n~1\r\n$3\r\noff\r\n$8\r\nredirect\r\n:-1\r\n$8\r\nprefixes\r\n*0\r\n");
}

}  // namespace
}  // namespace server
