#include "discovery/static_seeds.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

using discovery::Endpoint;
using discovery::ParseEndpoint;
using discovery::ParseSeeds;

TEST_CASE("seeds: names, addresses and bracketed addresses are read in order") {
  const auto seeds = ParseSeeds("127.0.0.1:17001, node-2.example_net:17002 ,[fe80::1%eth0]:65535");
  REQUIRE(seeds);
  CHECK(*seeds == std::vector<Endpoint>{{"127.0.0.1", 17001},
                                        {"node-2.example_net", 17002},
                                        {"fe80::1%eth0", 65535}});
}

TEST_CASE("seeds: an empty list is no seeds") {
  CHECK(ParseSeeds("").value().empty());
  CHECK(ParseSeeds("  ").value().empty());
}

TEST_CASE("seeds: what is written is read back") {
  for (const std::string text : {"a:1", "10.0.0.1:6379", "[::1]:17001"}) {
    CHECK(ToString(ParseEndpoint(text).value()) == text);
  }
}

TEST_CASE("seeds: an error names the entry and the reason") {
  const std::pair<std::string, std::string> kBad[] = {
      {"a:1,b", "seed \"b\": the port is missing, expected host:port"},
      {"a:1,,b:2", "seed \"\": an entry of the list is empty"},
      {"a:1,", "seed \"\": an entry of the list is empty"},
      {":17001", "seed \":17001\": the host is missing"},
      {"[]:17001", "seed \"[]:17001\": the host is missing"},
      {"a:", "seed \"a:\": the port must be a number from 1 to 65535"},
      {"a:0", "seed \"a:0\": the port must be a number from 1 to 65535"},
      {"a:65536", "seed \"a:65536\": the port must be a number from 1 to 65535"},
      {"a:-1", "seed \"a:-1\": the port must be a number from 1 to 65535"},
      {"a:1x", "seed \"a:1x\": the port must be a number from 1 to 65535"},
      {"::1:17001", "seed \"::1:17001\": an IPv6 address needs brackets: [::1]:17001"},
      {"[::1:17001", "seed \"[::1:17001\": the bracket is not closed"},
      {"[::1]17001", "seed \"[::1]17001\": the port is missing, expected host:port"},
      {"a b:1", "seed \"a b:1\": not a host name"},
      {"a:1,a:1", "seed \"a:1\": is named twice"},
  };
  for (const auto& [entry, what] : kBad) {
    const std::string& text = entry;  // A binding cannot be captured.
    CAPTURE(text);
    const auto seeds = ParseSeeds(text);
    REQUIRE_FALSE(seeds);
    CHECK(seeds.error().what == what);
  }
}
