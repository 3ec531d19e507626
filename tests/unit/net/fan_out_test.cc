#include "server/net/fan_out.h"

#include <doctest/doctest.h>

#include <vector>

namespace server {
namespace {

std::string Merge(const std::vector<std::string>& replies) { return MergeReplies(replies); }

}  // namespace

TEST_CASE("fan-out: numbers are added up, arrays joined, and an error stands for all") {
  CHECK(Merge({":1\r\n", ":41\r\n", ":0\r\n"}) == ":42\r\n");
  CHECK(Merge({"*1\r\n$1\r\na\r\n", "*0\r\n", "*2\r\n$1\r\nb\r\n$1\r\nc\r\n"}) ==
        "*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n");
  CHECK(Merge({"+OK\r\n", "+OK\r\n"}) == "+OK\r\n");
  CHECK(Merge({":1\r\n", "-MOVED 1 a:1\r\n"}) == "-MOVED 1 a:1\r\n");
}

TEST_CASE("fan-out: of single values the first that is not null counts") {
  CHECK(Merge({"$-1\r\n", "$1\r\na\r\n", "$1\r\nb\r\n"}) == "$1\r\na\r\n");
  CHECK(Merge({"$-1\r\n", "$-1\r\n"}) == "$-1\r\n");
  CHECK(Merge({"_\r\n", "$1\r\na\r\n"}) == "$1\r\na\r\n");
}

}  // namespace server
