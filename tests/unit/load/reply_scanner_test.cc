#include "tools/load/reply_scanner.h"

#include <doctest/doctest.h>

#include <string>

using load::ReplySize;

TEST_CASE("reply scanner: every kind of reply ends where it ends") {
  for (const std::string reply :
       {"+OK\r\n", "-ERR no\r\n", ":12\r\n", "$5\r\nhello\r\n", "$0\r\n\r\n", "$-1\r\n", "*0\r\n",
        "*-1\r\n", "*2\r\n:1\r\n:2\r\n", "*2\r\n*1\r\n$1\r\na\r\n*1\r\n+b\r\n"}) {
    CAPTURE(reply);
    CHECK(ReplySize(reply + "+next\r\n") == reply.size());
    for (size_t cut = 0; cut < reply.size(); ++cut) {
      CAPTURE(cut);
      CHECK_FALSE(ReplySize(reply.substr(0, cut)));
    }
  }
}
