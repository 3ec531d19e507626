// Keys that die by the clock, without anyone asking for them (DESIGN §2).
#include <doctest/doctest.h>

#include "tests/unit/partition/host_fixture.h"

namespace server {
namespace {

constexpr size_t kSampleKeys = 64;

}  // namespace

TEST_CASE("expiry: 100,000 keys that are due at once are gone after one walk over them") {
  constexpr size_t kKeys = 100000;
  HostFixture node({1});
  for (uint64_t ms = 0; !node.host->partition().serving() && ms < 5000; ms += 10) node.At(ms);
  Partition& partition = node.host->partition();
  REQUIRE(partition.serving());
  const std::string deadline = std::to_string(node.now_ms + 1000);
  for (size_t i = 0; i < kKeys; ++i) {
    node.Submit({"SET", "k" + std::to_string(i), "v", "PXAT", deadline});
    if (i % 1000 == 0) node.host->Flush();
  }
  node.Submit({"SET", "stays", "v"});
  node.host->Flush();
  storage::Database& database = partition.keyspace().database(0);
  REQUIRE(database.size() == kKeys + 1);

  CHECK_FALSE(partition.ExpireSome(kSampleKeys));  // Their time has not come.
  CHECK(partition.key_counts().expired == 0);
  node.At(node.now_ms + 1001);

  const raft::Index before = node.last().index;
  size_t calls = 1;
  while (partition.ExpireSome(kSampleKeys)) ++calls;
  CHECK(calls <= 2 * kKeys / kSampleKeys);
  CHECK(database.size() == 1);
  CHECK(database.expiring_size() == 0);
  CHECK(partition.key_counts().expired == kKeys);
  node.host->Flush();
  CHECK(node.last().index == before + 1);  // A turn's deaths are one entry.
}

TEST_CASE("expiry: reads count whether they found their key, writes do not") {
  HostFixture node({1});
  for (uint64_t ms = 0; !node.host->partition().serving() && ms < 5000; ms += 10) node.At(ms);
  Partition& partition = node.host->partition();
  REQUIRE(partition.serving());
  node.Submit({"SET", "k", "v", "PX", "100"});
  node.Submit({"GET", "k"});
  node.Submit({"GET", "absent"});
  node.Submit({"APPEND", "k", "w"});
  CHECK(partition.key_counts().hits == 1);
  CHECK(partition.key_counts().misses == 1);
  node.At(node.now_ms + 101);
  node.Submit({"GET", "k"});
  CHECK(partition.key_counts().hits == 1);
  CHECK(partition.key_counts().misses == 2);
  CHECK(partition.key_counts().expired == 1);
}

}  // namespace server
