// Single rules of the core, each by the message that would break it.
#include "raft/core/core.h"

#include <doctest/doctest.h>

namespace {

using namespace raft;

struct NoLog : LogReader {
  std::optional<Term> TermAt(Index) const override { return std::nullopt; }
  std::vector<Entry> Read(Index, size_t) const override { return {}; }
};

// Node 1 of three, following node 2 in term 1 with the log 1/1, 1/2, 1/3, committed up to 1.
struct Follower {
  Follower() : core({.id = 1}, {.snapshot = {{}, {{1, 2, 3}, {}, {}}}}, log) {
    core.Tick(1000);
    core.Step(2, Append{.term = 1, .commit = 1, .entries = Entries(1, 1, 3)});
    Take();
    core.StoredUpTo(3);
  }
  static std::vector<Entry> Entries(Term term, Index first, Index last) {
    std::vector<Entry> entries;
    for (Index i = first; i <= last; ++i)
      entries.push_back({term, i, EntryKind::kCommands, nullptr});
    return entries;
  }
  Core::Output& Take() {
    core.TakeOutput(output);
    return output;
  }
  template <typename Reply>
  Reply LastReply() {
    Take();
    REQUIRE_FALSE(output.messages.empty());
    return std::get<Reply>(output.messages.back().message);
  }
  NoLog log;
  Core core;
  Core::Output output;
};

}  // namespace

TEST_CASE("core: an append that comes late or twice cuts nothing off") {
  Follower f;
  f.core.Step(2, Append{.term = 1, .prev = {1, 1}, .commit = 1, .entries = f.Entries(1, 2, 2)});
  CHECK(f.core.last() == Position{1, 3});
  CHECK(f.LastReply<AppendReply>().match == 2);
  CHECK_FALSE(f.output.truncated_to);
}

TEST_CASE("core: only what was compared with the leader's log is committed") {
  Follower f;
  f.core.Step(3, Append{.term = 2, .prev = {1, 1}, .commit = 3});
  CHECK(f.core.commit() == 1);
  CHECK(f.LastReply<AppendReply>().match == 1);
}

TEST_CASE("core: a conflict replaces the entry and all that follow") {
  Follower f;
  f.core.Step(3, Append{.term = 2, .prev = {1, 1}, .commit = 1, .entries = f.Entries(2, 2, 2)});
  CHECK(f.core.last() == Position{2, 2});
  CHECK(f.Take().truncated_to == 1);
}

TEST_CASE("core: what would truncate a committed entry is ignored") {
  Follower f;
  f.core.Step(3, Append{.term = 2, .prev = {0, 0}, .commit = 1, .entries = f.Entries(2, 1, 1)});
  CHECK(f.core.last() == Position{1, 3});
}

TEST_CASE("core: entries that are received and not stored are not acknowledged at once") {
  Follower f;
  f.core.Step(2, Append{.term = 1, .prev = {1, 3}, .entries = f.Entries(1, 4, 4)});
  f.Take();
  REQUIRE(f.output.messages.size() == 1);
  CHECK(f.output.messages[0].promise);
}

TEST_CASE("core: a forced vote still needs a log that is as complete") {
  Follower f;
  f.core.Step(3, VoteRequest{.term = 2, .last = {1, 2}, .forced = true});
  CHECK_FALSE(f.LastReply<VoteReply>().granted);
  f.core.Step(3, VoteRequest{.term = 3, .last = {1, 3}, .forced = true});
  CHECK(f.LastReply<VoteReply>().granted);
  CHECK(f.output.messages.back().promise);
  CHECK(f.output.hard_state == HardState{3, 3});
  f.core.Step(2, VoteRequest{.term = 3, .last = {9, 9}, .forced = true});
  CHECK_FALSE(f.LastReply<VoteReply>().granted);
}

TEST_CASE("core: nobody gets a vote while a leader may hold a lease on us") {
  Follower f;
  CHECK_FALSE(f.core.Step(3, PreVoteRequest{.term = 2, .last = {1, 9}}));
  CHECK_FALSE(f.core.Step(3, VoteRequest{.term = 2, .last = {1, 9}}));
  CHECK(f.core.term() == 1);
  f.core.Suspect(2);  // May be wrong: its lease is waited for.
  CHECK_FALSE(f.core.Step(3, PreVoteRequest{.term = 2, .last = {1, 9}}));
  f.core.Tick(1499);
  CHECK_FALSE(f.core.Step(3, PreVoteRequest{.term = 2, .last = {1, 9}}));
  f.core.Tick(1500);
  CHECK(f.core.Step(3, PreVoteRequest{.term = 2, .last = {1, 9}}));
}

TEST_CASE("core: a newer term does not end the lease that an older leader has on us") {
  Follower f;
  f.core.Step(3, PreVoteReply{.term = 5, .granted = false});
  REQUIRE(f.core.term() == 5);
  CHECK_FALSE(f.core.Step(3, VoteRequest{.term = 6, .last = {1, 9}}));
}

TEST_CASE("core: a snapshot inside the log keeps what follows") {
  Follower f;
  CHECK_FALSE(f.core.SnapshotInstalled({{1, 2}, {{1, 2, 3}, {}, {}}}));
  CHECK(f.core.last() == Position{1, 3});
  CHECK(f.core.commit() == 2);
}

TEST_CASE("core: a snapshot beside or beyond the log replaces it, a late one does nothing") {
  Follower f;
  CHECK(f.core.SnapshotInstalled({{2, 3}, {{1, 2}, {}, {}}}));
  CHECK(f.core.last() == Position{2, 3});
  CHECK(f.core.configuration() == Configuration{{1, 2}, {}, {}});
  CHECK_FALSE(f.core.SnapshotInstalled({{1, 1}, {{1, 2, 3}, {}, {}}}));
  CHECK(f.core.commit() == 3);
}

TEST_CASE("core: a write that ends after its entries were truncated stands for the rest") {
  Follower f;
  f.core.Step(2, Append{.term = 1, .prev = {1, 3}, .entries = f.Entries(1, 4, 6)});
  f.Take();
  f.core.Step(3, Append{.term = 2, .prev = {1, 4}, .entries = f.Entries(2, 5, 6)});
  f.core.StoredUpTo(6);  // Of the first append.
  CHECK(f.core.log().stored() == 4);
}
