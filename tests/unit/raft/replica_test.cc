// The replica by itself: what the network of simulated members does not show.
#include "raft/replica.h"

#include <doctest/doctest.h>

#include "tests/simulation/random.h"

namespace {

using namespace raft;

// A log that is durable at once and says so from within Store, as with `appendonly no`.
struct ImmediateLog : LogStorage {
  std::optional<Term> TermAt(Index) const override { return std::nullopt; }
  std::vector<Entry> Read(Index, size_t) const override { return {}; }
  void Store(uint64_t ticket, const std::optional<HardState>&, std::span<const Entry>) override {
    ++stores;
    replica->OnStored(ticket);
  }
  void ResetTo(const SnapshotInfo&) override {}

  Replica* replica = nullptr;
  size_t stores = 0;
};

struct Outbox : Transport {
  void Send(NodeId to, Message message) override { sent.emplace_back(to, std::move(message)); }
  std::vector<std::pair<NodeId, Message>> sent;
};

struct Machine : StateMachine {
  void Apply(const Entry&) override { ++applied; }
  void OnCommitted(Index commit) override { committed = commit; }
  void OnTruncated(Index) override {}
  void OnRoleChanged() override {}
  void OnSnapshotNeeded(NodeId) override {}
  void OnSnapshotChunk(NodeId, const SnapshotChunk&) override {}
  size_t applied = 0;
  Index committed = 0;
};

struct Alone {
  explicit Alone(Core::Options options, Configuration members = {{1}, {}, {}}) {
    options.id = 1;
    replica = std::make_unique<Replica>(
        options, Replica::Restored{.hard_state = {}, .snapshot = {{}, members}, .last = {}}, outbox,
        log, machine);
    log.replica = replica.get();
  }
  Outbox outbox;
  ImmediateLog log;
  Machine machine;
  std::unique_ptr<Replica> replica;
};

Payload Bytes(size_t count) { return std::make_shared<const std::string>(count, 'x'); }

}  // namespace

TEST_CASE("replica: a group of one leads from its first tick and commits within a flush") {
  Alone alone({});
  CHECK_FALSE(alone.replica->CanPropose());
  alone.replica->Tick(1000);
  alone.replica->Flush();
  REQUIRE(alone.replica->IsServing());
  CHECK(alone.replica->HasLease(1'000'000));

  const auto index = alone.replica->Propose(EntryKind::kCommands, Bytes(10));
  REQUIRE(index);
  CHECK(alone.machine.committed < *index);
  alone.replica->Flush();
  CHECK(alone.machine.committed == *index);
  CHECK(alone.machine.applied == 0);  // What it proposed it had executed.
  CHECK(alone.outbox.sent.empty());
}

TEST_CASE("replica: all entries of a turn go to the log in one write") {
  Alone alone({});
  alone.replica->Tick(1000);
  alone.replica->Flush();
  const size_t before = alone.log.stores;
  for (int i = 0; i < 100; ++i) REQUIRE(alone.replica->Propose(EntryKind::kCommands, Bytes(10)));
  alone.replica->Flush();
  CHECK(alone.log.stores == before + 1);
  alone.replica->Tick(2000);
  alone.replica->Flush();
  CHECK(alone.log.stores == before + 1);  // Nothing to do, nothing done.
}

TEST_CASE("replica: a group of one keeps no entry in memory that is committed") {
  Alone alone({});
  alone.replica->Tick(1000);
  alone.replica->Flush();
  for (int i = 0; i < 100; ++i) {
    REQUIRE(alone.replica->Propose(EntryKind::kCommands, Bytes(10'000)));
    alone.replica->Flush();
  }
  CHECK(alone.replica->core().log().window_bytes() == 0);
}

TEST_CASE("replica: proposals are refused while too much is not committed") {
  struct LaterLog : ImmediateLog {
    void Store(uint64_t ticket, const std::optional<HardState>&, std::span<const Entry>) override {
      newest = ticket;
    }
    uint64_t newest = 0;
  };
  Outbox outbox;
  LaterLog log;
  Machine machine;
  Core::Options options;
  options.id = 1;
  options.uncommitted_bytes_max = 1000;
  Replica replica(options,
                  {.hard_state = {}, .snapshot = {{}, {{1}, {}, {}}}, .last = {}, .executed = 0},
                  outbox, log, machine);
  replica.Tick(1000);
  replica.Flush();
  replica.OnStored(log.newest);
  replica.Flush();
  REQUIRE(replica.CanPropose());
  REQUIRE(replica.Propose(EntryKind::kCommands, Bytes(999)));
  REQUIRE(replica.Propose(EntryKind::kCommands, Bytes(1)));
  CHECK_FALSE(replica.CanPropose());
  replica.Flush();
  CHECK_FALSE(replica.CanPropose());
  replica.OnStored(log.newest);
  replica.Flush();
  CHECK(replica.CanPropose());
}

TEST_CASE("replica: a group that was told no members stays quiet for ever") {
  Alone alone({}, {});
  for (uint64_t now = 1000; now < 100'000; now += 100) {
    alone.replica->Tick(now);
    alone.replica->Flush();
  }
  CHECK(alone.outbox.sent.empty());
  CHECK(alone.log.stores == 0);
}

TEST_CASE("core: whatever a peer says, nothing breaks") {
  for (const uint64_t seed : sim::Seeds(300)) {
    CAPTURE(seed);
    sim::Random random(seed);
    Alone node({}, {{1, 2, 3}, {}, {}});
    uint64_t now = 1000;
    node.replica->Tick(now);
    const auto small = [&] { return random.Below(6); };
    const auto entry = [&](Index index) {
      return Entry{small(), index, static_cast<EntryKind>(random.Below(3)), Bytes(small())};
    };
    for (int i = 0; i < 200; ++i) {
      Message message;
      const Term term =
          random.Percent(2) ? kTermMax + 5 : node.replica->core().term() + small() / 3;
      switch (random.Below(9)) {
        case 0:
          message = PreVoteRequest{.term = term, .last = {small(), small()}};
          break;
        case 1:
          message = PreVoteReply{.term = term, .granted = random.Percent(70)};
          break;
        case 2:
          message = VoteRequest{.term = term, .last = {small(), small()}, .forced = true};
          break;
        case 3:
          message = VoteReply{.term = term, .granted = random.Percent(70)};
          break;
        case 4: {
          Append append{
              .term = term, .prev = {small(), small()}, .commit = small(), .round = small()};
          for (uint64_t n = small(); n > 0; --n) {
            append.entries.push_back(entry(append.prev.index + append.entries.size() + 1));
          }
          message = append;
          break;
        }
        case 5:
          message = AppendReply{.term = term,
                                .round = small(),
                                .rejected = random.Percent(50),
                                .match = small(),
                                .prev = small(),
                                .hint = {small(), small()}};
          break;
        case 6:
          message = Heartbeat{.term = term, .commit = small(), .round = small()};
          break;
        case 7:
          message = HeartbeatReply{.term = term, .round = small()};
          break;
        case 8:
          message = TimeoutNow{.term = term};
          break;
      }
      node.replica->OnMessage(random.Between(0, 4), message);
      now += random.Below(100);
      node.replica->Tick(now);
      node.replica->Flush();
    }
  }
}

TEST_CASE("replica: a write does not make the entries durable that replaced its own") {
  struct LaterLog : ImmediateLog {
    void Store(uint64_t ticket, const std::optional<HardState>&, std::span<const Entry>) override {
      tickets.push_back(ticket);
    }
    std::vector<uint64_t> tickets;
  };
  Outbox outbox;
  LaterLog log;
  Machine machine;
  Replica replica({.id = 1}, {.snapshot = {{}, {{1, 2, 3}, {}, {}}}}, outbox, log, machine);
  const auto noop = [](Term term, Index index) {
    return Entry{term, index, EntryKind::kNoop, nullptr};
  };
  replica.Tick(1000);
  replica.OnMessage(2, Append{.term = 1, .entries = {noop(1, 1), noop(1, 2), noop(1, 3)}});
  replica.Flush();
  replica.OnMessage(3, Append{.term = 2, .prev = {1, 1}, .entries = {noop(2, 2), noop(2, 3)}});
  replica.Flush();
  REQUIRE(log.tickets.size() == 2);
  replica.OnStored(log.tickets[0]);
  CHECK(replica.core().log().stored() == 1);
  CHECK(outbox.sent.empty());  // The acknowledgement of an old term helps nobody.
  replica.OnStored(log.tickets[1]);
  CHECK(replica.core().log().stored() == 3);
  CHECK(outbox.sent.size() == 1);
}
