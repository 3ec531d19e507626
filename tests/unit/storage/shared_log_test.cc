#include "storage/shared_log.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "storage/shared_log_segment.h"
#include "tests/simulation/simulated_disk.h"

namespace {

using storage::PartitionId;
using storage::SharedLog;

const SharedLog::Options kOptions = {.directory = "wal/shard-000",
                                     .segment_bytes = 32 << 10,
                                     .cluster_id = "cluster-a",
                                     .node_id = "node-a"};

std::unique_ptr<SharedLog> Open(sim::SimulatedDisk& disk,
                                const SharedLog::Options& options = kOptions) {
  auto log = SharedLog::Open(disk, options, nullptr);
  if (!log) FAIL(log.error().what);
  return std::move(*log);
}

raft::Entry Entry(raft::Term term, raft::Index index, const std::string& payload) {
  return {.term = term,
          .index = index,
          .kind = raft::EntryKind::kCommands,
          .payload = std::make_shared<const std::string>(payload)};
}

uint64_t Append(SharedLog& log, PartitionId partition, const raft::Entry& entry) {
  return log.AppendEntries(partition, std::span(&entry, 1));
}

bool Write(SharedLog& log, bool sync = true) {
  std::unique_ptr<SharedLog::WriteJob> job = log.TakeJob(sync);
  if (!job) return true;
  job->Run();
  return log.Complete(std::move(job)).has_value();
}

void RemoveObsolete(sim::SimulatedDisk& disk, SharedLog& log) {
  for (const std::string& path : log.TakeObsoleteSegments()) REQUIRE(disk.Remove(path));
}

// Appends entries first..last, each in a write of its own.
void Fill(SharedLog& log, PartitionId partition, raft::Index first, raft::Index last,
          size_t payload_bytes = 100) {
  for (raft::Index index = first; index <= last; ++index) {
    Append(log, partition, Entry(1, index, std::string(payload_bytes, 'x')));
    REQUIRE(Write(log));
  }
}

// Flips one bit of the record that holds the entry.
void DamageEntry(sim::SimulatedDisk& disk, const std::string& payload) {
  for (const std::string& path : disk.Paths()) {
    std::string bytes = disk.Bytes(path);
    const size_t at = bytes.find(payload);
    if (at == std::string::npos) continue;
    bytes[at] = static_cast<char>(bytes[at] ^ 4);
    return disk.SetBytes(path, bytes);
  }
  FAIL("no such entry on disk");
}

}  // namespace

TEST_CASE("shared log: a new one is empty, and stays so when it is opened again") {
  sim::SimulatedDisk disk;
  CHECK(Open(disk)->TakeRecovered().empty());
  auto log = Open(disk);
  CHECK(log->TakeRecovered().empty());
  CHECK(log->damage().empty());
  CHECK_FALSE(log->HasPending());
  CHECK(log->TakeJob(true) == nullptr);
}

TEST_CASE("shared log: what was synced is there after a start") {
  sim::SimulatedDisk disk;
  {
    auto log = Open(disk);
    log->AppendHardState(3, {.term = 7, .voted_for = 2});
    Append(*log, 3, Entry(6, 1, "one"));
    Append(*log, 3, Entry(7, 2, "two"));
    Append(*log, 4, Entry(1, 1, "other"));
    REQUIRE(Write(*log));
  }
  auto log = Open(disk);
  auto recovered = log->TakeRecovered();
  REQUIRE(recovered.size() == 2);
  CHECK(recovered[3].hard_state == raft::HardState{.term = 7, .voted_for = 2});
  CHECK(recovered[3].first == 1);
  CHECK(recovered[3].last == raft::Position{.term = 7, .index = 2});
  CHECK_FALSE(recovered[3].corrupt);
  const std::vector<raft::Entry> entries = log->Read(3, 1, 1000);
  REQUIRE(entries.size() == 2);
  CHECK(*entries[0].payload == "one");
  CHECK(*entries[1].payload == "two");
  CHECK(entries[1].kind == raft::EntryKind::kCommands);
  CHECK(log->TermAt(3, 1) == 6);
  CHECK_FALSE(log->TermAt(3, 3).has_value());
}

TEST_CASE("shared log: entries can be read before, while and after they are written") {
  sim::SimulatedDisk disk;
  auto log = Open(disk);
  Append(*log, 0, Entry(1, 1, "first"));
  CHECK(*log->Read(0, 1, 100).at(0).payload == "first");
  auto job = log->TakeJob(true);
  Append(*log, 0, Entry(1, 2, "second"));
  CHECK(log->Read(0, 1, 100).size() == 2);
  job->Run();
  CHECK(log->Read(0, 1, 100).size() == 2);
  REQUIRE(log->Complete(std::move(job)));
  CHECK(*log->Read(0, 1, 100).at(1).payload == "second");
  REQUIRE(Write(*log));
  CHECK(*log->Read(0, 2, 100).at(0).payload == "second");
  CHECK(log->Read(0, 1, 1).size() == 1);  // At least one, whatever the limit.
  CHECK(log->Read(0, 3, 100).empty());
}

TEST_CASE("shared log: sequences tell what is written and what is durable") {
  sim::SimulatedDisk disk;
  auto log = Open(disk);
  const uint64_t first = Append(*log, 0, Entry(1, 1, "a"));
  CHECK(log->written_sequence() < first);
  auto job = log->TakeJob(false);
  CHECK(log->TakeJob(true) == nullptr);  // One at a time.
  const uint64_t second = Append(*log, 0, Entry(1, 2, "b"));
  job->Run();
  REQUIRE(log->Complete(std::move(job)));
  CHECK(log->written_sequence() == first);
  CHECK(log->durable_sequence() < first);
  REQUIRE(Write(*log, false));
  CHECK(log->written_sequence() == second);
  REQUIRE(Write(*log, true));  // Nothing is pending, but something is unsynced.
  CHECK(log->durable_sequence() == second);
  CHECK(log->TakeJob(true) == nullptr);

  const uint64_t vote = log->AppendHardState(0, {.term = 2, .voted_for = 1});
  REQUIRE(Write(*log, false));
  CHECK(log->durable_sequence() == vote);  // A vote is never left unsynced.
}

TEST_CASE("shared log: an entry stored again replaces it and all that follow") {
  sim::SimulatedDisk disk;
  {
    auto log = Open(disk);
    Fill(*log, 0, 1, 5);
    Append(*log, 0, Entry(2, 3, "new"));
    CHECK(log->Last(0) == raft::Position{.term = 2, .index = 3});
    REQUIRE(Write(*log));
  }
  auto log = Open(disk);
  CHECK(log->Last(0) == raft::Position{.term = 2, .index = 3});
  CHECK(*log->Read(0, 3, 10).at(0).payload == "new");
}

TEST_CASE("shared log: after a reset it goes on behind the given position") {
  sim::SimulatedDisk disk;
  {
    auto log = Open(disk);
    log->AppendHardState(0, {.term = 4, .voted_for = 9});
    Fill(*log, 0, 1, 5);
    log->Reset(0, {.term = 4, .index = 100});
    CHECK(log->FirstIndex(0) == 0);
    REQUIRE(Write(*log));
  }
  {
    auto log = Open(disk);
    auto recovered = log->TakeRecovered();
    CHECK(recovered[0].start == raft::Position{.term = 4, .index = 100});
    CHECK(recovered[0].first == 0);
    CHECK(recovered[0].last == raft::Position{});
    CHECK(recovered[0].hard_state.voted_for == 9);
    CHECK_FALSE(recovered[0].corrupt);
    Append(*log, 0, Entry(4, 101, "next"));
    REQUIRE(Write(*log));
  }
  CHECK(Open(disk)->FirstIndex(0) == 101);
}

TEST_CASE("shared log: segments rotate, and released ones go, oldest first") {
  sim::SimulatedDisk disk;
  auto log = Open(disk);
  log->AppendHardState(0, {.term = 1, .voted_for = 5});
  Append(*log, 1, Entry(1, 1, "holds back"));
  Fill(*log, 0, 1, 1000);
  const size_t segments = disk.Paths().size();
  CHECK(segments >= 5);
  log->Release(0, 1000);
  REQUIRE(Write(*log));
  RemoveObsolete(disk, *log);
  RemoveObsolete(disk, *log);
  CHECK(disk.Paths().size() == segments);  // Partition 1 needs the first.
  log->Release(1, 1);
  REQUIRE(Write(*log));
  RemoveObsolete(disk, *log);
  RemoveObsolete(disk, *log);
  CHECK(disk.Paths().size() == 1);

  Fill(*log, 0, 1001, 1003);
  log = Open(disk);
  auto recovered = log->TakeRecovered();
  CHECK(recovered[0].first == 1001);
  CHECK(recovered[0].start == raft::Position{.term = 1, .index = 1000});
  CHECK(recovered[0].hard_state.voted_for == 5);
  CHECK_FALSE(recovered[0].corrupt);
  CHECK(recovered[1].start.index == 1);
  CHECK_FALSE(recovered[1].corrupt);
}

TEST_CASE("shared log: an obsolete segment stays until its release is durable") {
  sim::SimulatedDisk disk;
  auto log = Open(disk);
  Fill(*log, 0, 1, 600);
  log->Release(0, 600);
  CHECK(log->TakeObsoleteSegments().empty());
  CHECK(log->TakeObsoleteSegments().empty());
  REQUIRE(Write(*log));
  CHECK_FALSE(log->TakeObsoleteSegments().empty());
}

TEST_CASE("shared log: a record larger than a segment is stored all the same") {
  sim::SimulatedDisk disk;
  const std::string large(100 << 10, 'L');
  {
    auto log = Open(disk);
    Append(*log, 0, Entry(1, 1, "small"));
    Append(*log, 0, Entry(1, 2, large));
    Append(*log, 0, Entry(1, 3, "after"));
    REQUIRE(Write(*log));
  }
  auto log = Open(disk);
  const std::vector<raft::Entry> entries = log->Read(0, 1, 1 << 20);
  REQUIRE(entries.size() == 3);
  CHECK(*entries[1].payload == large);
  CHECK(*entries[2].payload == "after");
}

TEST_CASE("shared log: a prepared segment is used, and a write waits for one under way") {
  sim::SimulatedDisk disk;
  auto log = Open(disk);
  CHECK(log->TakePrepareJob() == nullptr);  // The first one is as good as empty.
  Fill(*log, 0, 1, 100);
  auto prepare = log->TakePrepareJob();
  REQUIRE(prepare != nullptr);
  CHECK(log->TakePrepareJob() == nullptr);
  raft::Index index = 101;
  for (; index < 200; ++index) {
    Append(*log, 0, Entry(1, index, std::string(100, 'y')));
    Write(*log);
  }
  CHECK(log->HasPending());
  CHECK(log->TakeJob(true) == nullptr);
  prepare->Run();
  REQUIRE(log->CompletePrepare(std::move(prepare)));
  REQUIRE(Write(*log));
  CHECK_FALSE(log->HasPending());
  CHECK(disk.Paths().size() == 2);
  log = Open(disk);
  CHECK(log->Last(0).index == index - 1);
}

TEST_CASE("shared log: no space for a segment to prepare is not the end") {
  sim::SimulatedDisk disk;
  auto log = Open(disk);
  Fill(*log, 0, 1, 100);
  disk.set_fault([](std::string_view operation, const std::string&) {
    return operation == "create" ? std::optional(storage::Error{storage::Code::kNoSpace, "full"})
                                 : std::nullopt;
  });
  auto prepare = log->TakePrepareJob();
  prepare->Run();
  CHECK(log->CompletePrepare(std::move(prepare)).error().code == storage::Code::kNoSpace);

  // What needs the segment waits for it, and what came before is written.
  raft::Index index = 100;
  do {
    Append(*log, 0, Entry(1, ++index, std::string(100, 'x')));
    if (auto job = log->TakeJob(true)) {
      job->Run();
      REQUIRE(log->Complete(std::move(job)));
    }
  } while (!log->HasPending());
  REQUIRE(index < 1000);
  CHECK_FALSE(log->error());

  disk.set_fault(nullptr);
  prepare = log->TakePrepareJob();
  REQUIRE(prepare != nullptr);
  prepare->Run();
  REQUIRE(log->CompletePrepare(std::move(prepare)));
  REQUIRE(Write(*log));
  CHECK_FALSE(log->HasPending());
  CHECK(Open(disk)->Last(0).index == index);
}

TEST_CASE("shared log: after a failed write or sync it accepts nothing any more") {
  for (const std::string failing : {"write", "sync"}) {
    CAPTURE(failing);
    sim::SimulatedDisk disk;
    auto log = Open(disk);
    Fill(*log, 0, 1, 3);
    const uint64_t durable = log->durable_sequence();
    disk.set_fault([&](std::string_view operation, const std::string&) {
      return operation == failing ? std::optional(storage::Error{storage::Code::kIo, "EIO"})
                                  : std::nullopt;
    });
    Append(*log, 0, Entry(1, 4, "lost"));
    CHECK_FALSE(Write(*log));
    disk.set_fault(nullptr);  // The next sync would succeed; that proves nothing.
    const uint64_t later = Append(*log, 0, Entry(1, 5, "later"));
    CHECK_FALSE(log->HasPending());
    CHECK(log->TakeJob(true) == nullptr);
    CHECK(log->durable_sequence() == durable);
    CHECK(later > durable);
    REQUIRE(log->error());
    CHECK(log->error()->code == storage::Code::kIo);
  }
}

TEST_CASE("shared log: no space when a segment is needed is told as such") {
  sim::SimulatedDisk disk;
  auto log = Open(disk);
  disk.set_fault([](std::string_view operation, const std::string&) {
    return operation == "create" ? std::optional(storage::Error{storage::Code::kNoSpace, "full"})
                                 : std::nullopt;
  });
  bool failed = false;
  for (raft::Index index = 1; index < 1000 && !failed; ++index) {
    Append(*log, 0, Entry(1, index, std::string(100, 'x')));
    failed = !Write(*log);
  }
  REQUIRE(failed);
  CHECK(log->error()->code == storage::Code::kNoSpace);
}

TEST_CASE("shared log: damage to synced entries concerns only their partition") {
  sim::SimulatedDisk disk;
  {
    auto log = Open(disk);
    for (raft::Index index = 1; index <= 10; ++index) {
      for (PartitionId partition = 0; partition < 3; ++partition) {
        Append(
            *log, partition,
            Entry(1, index, "p" + std::to_string(partition) + "i" + std::to_string(index) + ";"));
      }
      REQUIRE(Write(*log));
    }
  }
  DamageEntry(disk, "p1i5;");
  for (int start = 0; start < 3; ++start) {  // It stays so from start to start.
    auto log = Open(disk);
    auto recovered = log->TakeRecovered();
    CHECK(log->damage().size() == 1);
    CHECK(recovered[1].corrupt);
    for (const PartitionId sound : {0u, 2u}) {
      CHECK_FALSE(recovered[sound].corrupt);
      CHECK(recovered[sound].last.index == 10);
      CHECK(log->Read(sound, 1, 1000).size() == 10);
    }
  }
  {
    auto log = Open(disk);
    log->AppendHardState(1, {.term = 3});
    log->Reset(1, {.term = 1, .index = 50});
    REQUIRE(Write(*log));
  }
  auto recovered = Open(disk)->TakeRecovered();
  CHECK_FALSE(recovered[1].corrupt);
  CHECK(recovered[1].start.index == 50);
}

TEST_CASE(
    "shared log: a partition that shows no more after damage cannot prove that it lost nothing") {
  sim::SimulatedDisk disk;
  {
    auto log = Open(disk);
    Append(*log, 0, Entry(1, 1, "quiet"));
    Append(*log, 1, Entry(1, 1, "victim"));
    REQUIRE(Write(*log));
    Append(*log, 1, Entry(1, 2, "after"));
    REQUIRE(Write(*log));
    Append(*log, 1, Entry(1, 3, "after"));
    REQUIRE(Write(*log));
  }
  DamageEntry(disk, "victim");
  auto recovered = Open(disk)->TakeRecovered();
  CHECK(recovered[1].corrupt);
  CHECK(recovered[0].corrupt);
}

TEST_CASE("shared log: damage to a last write that a marker covers is no torn write") {
  for (const bool marked : {false, true}) {
    CAPTURE(marked);
    sim::SimulatedDisk disk;
    {
      auto log = Open(disk);
      Append(*log, 0, Entry(1, 1, "first"));
      REQUIRE(Write(*log));
      Append(*log, 0, Entry(1, 2, "second"));
      REQUIRE(Write(*log));
      if (marked) log->AppendSyncMarker();
      CHECK(log->HasPending() == marked);
      REQUIRE(Write(*log, false));
      log->AppendSyncMarker();
      if (marked) CHECK_FALSE(log->HasPending());  // One is enough.
    }
    DamageEntry(disk, "second");
    auto log = Open(disk);
    auto recovered = log->TakeRecovered();
    CHECK(recovered[0].corrupt == marked);
    if (!marked) CHECK(recovered[0].last.index == 1);
  }
}

TEST_CASE("shared log: a missing segment is corruption, whichever it is") {
  for (const size_t missing : {0u, 1u, 2u, 3u}) {
    CAPTURE(missing);
    sim::SimulatedDisk disk;
    {
      auto log = Open(disk);
      Fill(*log, 0, 1, 1000);
    }
    REQUIRE(disk.Paths().size() > 4);
    REQUIRE(disk.Remove(disk.Paths()[missing]));
    CHECK(Open(disk)->TakeRecovered()[0].corrupt);
  }
}

TEST_CASE("shared log: a segment cut short or with a damaged header is corruption") {
  sim::SimulatedDisk disk;
  {
    auto log = Open(disk);
    Fill(*log, 0, 1, 100);
  }
  const std::string path = disk.Paths()[0];
  const std::string good = disk.Bytes(path);
  disk.SetBytes(path, good.substr(0, 10000));
  CHECK(Open(disk)->TakeRecovered()[0].corrupt);

  std::string bad = good;
  bad[20] = 'x';
  disk.SetBytes(path, bad);
  auto log = Open(disk);
  CHECK(log->damage().size() == 1);
}

TEST_CASE("shared log: a foreign, misplaced or newer segment is refused") {
  sim::SimulatedDisk disk;
  {
    auto log = Open(disk);
    Fill(*log, 0, 1, 10);
  }
  auto refused = [&](const SharedLog::Options& options) {
    auto log = SharedLog::Open(disk, options, nullptr);
    return !log && log.error().code == storage::Code::kInvalid;
  };
  SharedLog::Options options = kOptions;
  options.cluster_id = "cluster-b";
  CHECK(refused(options));
  options = kOptions;
  options.node_id = "node-b";
  CHECK(refused(options));
  options = kOptions;
  options.shard = 1;
  CHECK(refused(options));

  const std::string path = disk.Paths()[0];
  REQUIRE(disk.Rename(path, kOptions.directory + "/00000000000000000002.dat"));
  CHECK(refused(kOptions));
}

TEST_CASE("shared log: a zero-filled or unfinished segment at the end holds nothing") {
  sim::SimulatedDisk disk;
  {
    auto log = Open(disk);
    Fill(*log, 0, 1, 100);
    auto prepare = log->TakePrepareJob();
    prepare->Run();  // And the process ends before it is used.
    REQUIRE(disk.CreatePreallocated(kOptions.directory + "/00000000000000000003.dat.tmp", 100));
  }
  auto log = Open(disk);
  CHECK(log->TakeRecovered()[0].last.index == 100);
  CHECK_FALSE(log->TakeRecovered()[0].corrupt);
  CHECK(disk.Paths().size() == 1);
}

TEST_CASE("shared log: an entry damaged on disk is not given out") {
  sim::SimulatedDisk disk;
  auto log = Open(disk);
  Append(*log, 0, Entry(1, 1, "good"));
  Append(*log, 0, Entry(1, 2, "evil"));
  REQUIRE(Write(*log));
  DamageEntry(disk, "evil");
  CHECK(log->Read(0, 1, 1000).size() == 1);
  CHECK(log->read_error()->code == storage::Code::kCorrupt);
  CHECK(log->Read(0, 2, 1000).empty());
}

TEST_CASE("shared log: a worker writes to real files while the shard appends and reads") {
  const std::string directory =
      std::filesystem::temp_directory_path() / ("loom-log-" + std::to_string(getpid()));
  const std::unique_ptr<storage::Disk> disk = storage::MakePosixDisk();
  SharedLog::Options options = kOptions;
  options.directory = directory + "/wal/shard-000";
  options.segment_bytes = 64 << 10;
  raft::Index last = 0;
  {
    auto opened = SharedLog::Open(*disk, options, nullptr);
    REQUIRE(opened);
    SharedLog& log = **opened;
    for (int turn = 0; turn < 60; ++turn) {
      Append(log, 0, Entry(1, ++last, std::string(1000, 'a')));
      auto job = log.TakeJob(true);
      auto prepare = log.TakePrepareJob();
      std::thread worker([&] {
        if (job) job->Run();
        if (prepare) prepare->Run();
      });
      for (int i = 0; i < 3; ++i) {
        Append(log, 0, Entry(1, ++last, std::string(1000, 'b')));
        CHECK(log.Read(0, last - 1, 10000).size() == 2);
      }
      if (turn % 10 == 9) log.Release(0, last - 5);
      worker.join();
      if (job) REQUIRE(log.Complete(std::move(job)));
      if (prepare) REQUIRE(log.CompletePrepare(std::move(prepare)));
      for (const std::string& path : log.TakeObsoleteSegments()) REQUIRE(disk->Remove(path));
    }
    REQUIRE(Write(log));
  }
  auto log = SharedLog::Open(*disk, options, nullptr);
  REQUIRE(log);
  CHECK((*log)->Last(0).index == last);
  CHECK(disk->List(options.directory)->size() <= 3);
  std::filesystem::remove_all(directory);
}
