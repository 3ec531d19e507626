#include "server/config/glob.h"

#include <doctest/doctest.h>

#include <string>

namespace {

using server::GlobCase;
using server::GlobMatch;

TEST_CASE("glob: patterns match as in Redis") {
  CHECK(GlobMatch("*", "anything"));
  CHECK(GlobMatch("h?llo", "hello"));
  CHECK_FALSE(GlobMatch("h?llo", "hllo"));
  CHECK(GlobMatch("h*llo", "heeeello"));
  CHECK(GlobMatch("h[ae]llo", "hallo"));
  CHECK_FALSE(GlobMatch("h[ae]llo", "hillo"));
  CHECK(GlobMatch("h[^e]llo", "hallo"));
  CHECK_FALSE(GlobMatch("h[^e]llo", "hello"));
  CHECK(GlobMatch("h[a-c]llo", "hbllo"));
  CHECK(GlobMatch("h[c-a]llo", "hbllo"));
  CHECK(GlobMatch("h\\*llo", "h*llo"));
  CHECK_FALSE(GlobMatch("h\\*llo", "hello"));
  CHECK(GlobMatch("a[\\]]b", "a]b"));
  CHECK(GlobMatch("a[bc", "ab"));
  CHECK(GlobMatch("a\\", "a\\"));
  CHECK(GlobMatch("*a*b*c", "xxaxxbxxbxxc"));
  CHECK_FALSE(GlobMatch("*a*b*c", "xxaxxbxxbxxcx"));
  CHECK(GlobMatch("a**", "a"));
  CHECK_FALSE(GlobMatch("", "a"));
  CHECK(GlobMatch("", ""));
}

TEST_CASE("glob: case is folded only on demand") {
  CHECK_FALSE(GlobMatch("HELLO", "hello"));
  CHECK(GlobMatch("HELLO", "hello", GlobCase::kInsensitive));
  CHECK(GlobMatch("h[A-F]llo", "hello", GlobCase::kInsensitive));
  CHECK(GlobMatch("max*", "MAXMEMORY", GlobCase::kInsensitive));
}

TEST_CASE("glob: a pattern of many stars takes no exponential time") {
  std::string pattern;
  for (int i = 0; i < 200; ++i) pattern += "a*";
  CHECK_FALSE(GlobMatch(pattern + "b", std::string(20000, 'a')));
}

}  // namespace
