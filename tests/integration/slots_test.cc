// Our slots against those of redis-server: both must send a key to the same place.
#include "discovery/slots.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "tests/integration/client.h"
#include "tests/integration/server_process.h"

using integration::Client;
using integration::ServerProcess;
using integration::TemporaryFolder;

namespace {

// Mostly braces and few letters, so that every rule about tags is met; and any bytes.
std::string RandomKey(std::mt19937_64& random) {
  const bool tagged = random() % 2 == 0;
  std::string key(random() % 40, '\0');
  for (char& c : key) c = tagged ? "{}ab"[random() % 4] : static_cast<char>(random() % 256);
  return key;
}

}  // namespace

TEST_CASE("slots: random keys have the slots that redis-server gives them") {
  const char* chosen = std::getenv("LOOM_SEED");
  const uint64_t seed = chosen != nullptr ? std::strtoull(chosen, nullptr, 10) : 1;
  CAPTURE(seed);
  const TemporaryFolder folder;
  ServerProcess redis({.port = 0,
                       .directory = folder.path(),
                       .arguments = {"--save", "", "--cluster-enabled", "yes"},
                       .program = "redis-server"});
  REQUIRE(redis.WaitReady());
  Client client(redis.port());
  std::mt19937_64 random(seed);
  std::vector<std::string> keys;
  for (int i = 0; i < 20000; ++i) {
    keys.push_back(RandomKey(random));
    client.Append({"CLUSTER", "KEYSLOT", keys.back()});
  }
  for (const std::string& key : keys) {
    CAPTURE(key);
    REQUIRE(client.Receive() == std::to_string(discovery::SlotOf(key)));
  }
}
