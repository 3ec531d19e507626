#include "server/net/output_queue.h"

#include <doctest/doctest.h>

#include <vector>

#include "server/partition/partition_log.h"

namespace server {
namespace {

class Nobody : public Partition::Owner, public raft::Transport {
 public:
  void OnGatesOpened(Partition&) override {}
  void OnGatesFailed(Partition&, raft::Index, GateFailure) override {}
  void OnRoleChanged(Partition&) override {}
  void OnStateLost(Partition&, raft::Index) override {}
  void OnSnapshotNeeded(Partition&, raft::NodeId) override {}
  void OnSnapshotChunk(Partition&, raft::NodeId, const raft::SnapshotChunk&) override {}
  bool OutOfMemory() const override { return false; }
  void Send(raft::NodeId, raft::Message) override {}
};

// A partition that nobody has started: it has committed nothing.
struct Fixture {
  Nobody nobody;
  Partition partition{Options(), nobody, nobody, std::make_unique<NoLog>()};
  OutputQueue queue;

  static Partition::Options Options() {
    Partition::Options options;
    options.raft.id = 1;
    return options;
  }
  void Reply(std::string_view text, raft::Index index) {
    queue.buffer() += text;
    queue.Close(index == 0 ? nullptr : &partition, {.index = index, .read = 0});
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture,
                  "output: an ungated reply may leave at once, behind a gated one it waits") {
  Reply("a", 0);
  CHECK(queue.Ready() == "a");
  Reply("b", 5);
  Reply("c", 0);
  CHECK(queue.Ready() == "a");
  queue.Consume(1);
  CHECK(queue.Ready().empty());
  CHECK(queue.waits());
}

TEST_CASE_FIXTURE(Fixture, "output: what waits is handed out once, and never when it may leave") {
  CHECK(queue.TakeBlocked() == nullptr);
  Reply("a", 5);
  const OutputQueue::Blocked* blocked = queue.TakeBlocked();
  REQUIRE(blocked != nullptr);
  CHECK(blocked->partition == &partition);
  CHECK(blocked->gate.index == 5);
  CHECK(queue.TakeBlocked() == nullptr);
}

TEST_CASE_FIXTURE(Fixture, "output: a failed reply is nothing to wait for") {
  Reply("a", 5);
  queue.Fail(&partition, 4, "-E\r\n");
  CHECK(queue.TakeBlocked() == nullptr);  // Also while the socket is full, and Ready not asked.
  CHECK(queue.Ready() == "-E\r\n");
}

TEST_CASE_FIXTURE(Fixture,
                  "output: failing replaces each reply above, leaves those below and keeps order") {
  Reply("one", 3);
  Reply("two", 5);
  Reply("three", 5);
  const uint64_t place = queue.Reserve();
  Reply("four", 6);
  queue.buffer() += "half";
  queue.Fail(&partition, 3, "-E\r\n");
  queue.Discard();
  CHECK(queue.Ready().empty());  // "one" waits still.
  queue.Fail(&partition, 0, "-F\r\n");
  CHECK(queue.Ready() == "-F\r\n-E\r\n-E\r\n");
  queue.Fill(place, "place");
  CHECK(queue.Ready() == "-F\r\n-E\r\n-E\r\nplace-E\r\n");
  queue.Consume(queue.Ready().size());
  CHECK(queue.empty());
  CHECK(queue.size() == 0);
}

TEST_CASE_FIXTURE(Fixture, "output: a read that waits for its round fails with leadership") {
  partition.Start(
      {.snapshot = {.last = {},
                    .configuration = {.voters = {1, 2, 3}, .outgoing = {}, .learners = {}}}});
  queue.buffer() += "value";
  queue.Close(&partition, {.index = 0, .read = 7});
  queue.Fail(&partition, raft::kIndexMax, "-E\r\n");
  CHECK(queue.TakeBlocked() == nullptr);
  CHECK(queue.Ready() == "-E\r\n");
}

TEST_CASE_FIXTURE(Fixture, "output: places are filled in any order and leave in theirs") {
  const uint64_t first = queue.Reserve();
  Reply("between", 0);
  const uint64_t second = queue.Reserve();
  queue.Fill(second, "second");
  CHECK(queue.Ready().empty());
  CHECK(queue.size() == 13);
  queue.Fill(first, "first");
  CHECK(queue.Ready() == "firstbetweensecond");
  queue.Consume(18);
  CHECK(queue.empty());
}

TEST_CASE_FIXTURE(Fixture,
                  "output: a hundred thousand places are filled from the back in no time") {
  std::vector<uint64_t> places;
  for (int i = 0; i < 100'000; ++i) {
    places.push_back(queue.Reserve());
    Reply(".", 0);
  }
  CHECK(queue.unfilled() == 100'000);
  for (auto place = places.rbegin(); place != places.rend(); ++place) queue.Fill(*place, "x");
  CHECK(queue.unfilled() == 0);
  CHECK(queue.Ready().size() == 200'000);
}

}  // namespace server
