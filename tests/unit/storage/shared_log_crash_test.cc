// Random workloads on several partitions with power losses at random places, against a model: what
// is recovered must be exactly what some prefix of all records says, at least all durable ones.
#include <doctest/doctest.h>

#include <cstdlib>
#include <map>
#include <random>

#include "storage/shared_log.h"
#include "tests/simulation/simulated_disk.h"

namespace {

using storage::PartitionId;
using storage::SharedLog;

struct ModelPartition {
  raft::HardState hard_state;
  raft::Position base;
  std::map<raft::Index, raft::Entry> entries;

  raft::Position last() const {
    if (entries.empty()) return base;
    return {.term = entries.rbegin()->second.term, .index = entries.rbegin()->first};
  }
};
using Model = std::map<PartitionId, ModelPartition>;

struct Operation {
  enum class Kind { kEntry, kHardState, kReset, kRelease } kind;
  PartitionId partition;
  uint64_t sequence = 0;
  raft::Entry entry = {};
  raft::HardState hard_state = {};
  raft::Position position = {};
};

void Apply(Model& model, const Operation& operation) {
  ModelPartition& partition = model[operation.partition];
  switch (operation.kind) {
    case Operation::Kind::kEntry:
      partition.entries.erase(partition.entries.lower_bound(operation.entry.index),
                              partition.entries.end());
      partition.entries[operation.entry.index] = operation.entry;
      return;
    case Operation::Kind::kHardState:
      partition.hard_state = operation.hard_state;
      return;
    case Operation::Kind::kReset:
      partition.entries.clear();
      partition.base = operation.position;
      return;
    case Operation::Kind::kRelease:
      while (!partition.entries.empty() &&
             partition.entries.begin()->first <= operation.position.index) {
        partition.base = {.term = partition.entries.begin()->second.term,
                          .index = partition.entries.begin()->first};
        partition.entries.erase(partition.entries.begin());
      }
      return;
  }
}

class Workload {
 public:
  Workload(uint64_t seed, bool sync) : random_(seed), sync_(sync) {
    options_ = {.directory = "wal",
                .segment_bytes = uint64_t{16384} << (random_() % 3),
                .cluster_id = "c",
                .node_id = "n"};
    partitions_ = static_cast<PartitionId>(1 + random_() % 6);
  }

  void Run(int lives) {
    for (int life = 0; life < lives; ++life) {
      CAPTURE(life);
      Open();
      const int steps = static_cast<int>(random_() % 150);
      for (int step = 0; step < steps; ++step) Step();
      job_.reset();
      prepare_.reset();
      log_.reset();
      if (random_() % 4 != 0) disk_.Crash(random_);  // Else the process was killed, no more.
    }
  }

 private:
  void Open() {
    auto log = SharedLog::Open(disk_, options_, nullptr);
    if (!log) FAIL(log.error().what);
    log_ = std::move(*log);
    if (!log_->damage().empty()) FAIL(log_->damage()[0].what);
    for (const auto& [id, recovered] : log_->TakeRecovered()) REQUIRE_FALSE(recovered.corrupt);
    CheckRecovered();
    operations_.clear();
    durable_ = 0;
  }

  // Looks for the prefix that the log holds, and goes on from there.
  void CheckRecovered() {
    size_t next = 0;
    while (next < operations_.size() && operations_[next].sequence <= durable_) {
      Apply(model_, operations_[next++]);
    }
    while (!Matches()) {
      REQUIRE(next < operations_.size());  // No prefix matches: lost, reordered or invented.
      Apply(model_, operations_[next++]);
    }
  }

  bool Matches() const {
    for (PartitionId id = 0; id < partitions_; ++id) {
      const auto found = model_.find(id);
      const ModelPartition expected = found == model_.end() ? ModelPartition{} : found->second;
      if (log_->Last(id) != expected.last()) return false;
      const auto recovered = log_->TakeRecovered();
      const auto its = recovered.find(id);
      if (its != recovered.end()) {
        if (its->second.hard_state != expected.hard_state) return false;
        if (its->second.start != expected.base) return false;
      } else if (expected.last() != raft::Position{} || expected.hard_state != raft::HardState{}) {
        return false;
      }
      const auto entries = log_->Read(id, expected.base.index + 1, SIZE_MAX);
      if (entries.size() != expected.entries.size()) return false;
      for (const raft::Entry& entry : entries) {
        const raft::Entry& stored = expected.entries.at(entry.index);
        if (entry.term != stored.term || entry.kind != stored.kind) return false;
        if (entry.payload_bytes() != stored.payload_bytes()) return false;
        if (entry.payload && *entry.payload != *stored.payload) return false;
      }
    }
    return true;
  }

  ModelPartition Newest(PartitionId id) const {
    Model newest = model_;
    for (const Operation& operation : operations_) {
      if (operation.partition == id) Apply(newest, operation);
    }
    return newest[id];
  }

  void Step() {
    const PartitionId id = static_cast<PartitionId>(random_() % partitions_);
    switch (random_() % 16) {
      case 0:
        return HardState(id);
      case 1:
        return random_() % 8 == 0 ? Reset(id) : Release(id);
      case 2:
        for (const std::string& path : log_->TakeObsoleteSegments()) REQUIRE(disk_.Remove(path));
        return;
      case 3:
        return Prepare();
      case 4:
        log_->AppendSyncMarker();
        return;
      case 5:
      case 6:
      case 7:
      case 8:
        return Write();
      default:
        return Entries(id);
    }
  }

  void Entries(PartitionId id) {
    const ModelPartition now = Newest(id);
    raft::Term term = now.last().term + (random_() % 10 == 0 ? 1 : 0);
    raft::Index index = now.last().index + 1;
    if (random_() % 10 == 0 && !now.entries.empty()) {  // Another leader knew better.
      index -= random_() % now.entries.size();
      ++term;
    }
    std::vector<raft::Entry> entries;
    for (size_t count = 1 + random_() % 8; count > 0; --count, ++index) {
      const size_t bytes = random_() % 20 == 0 ? random_() % 20000 : random_() % 300;
      std::string payload(bytes, static_cast<char>('a' + random_() % 26));
      entries.push_back({.term = term,
                         .index = index,
                         .kind = static_cast<raft::EntryKind>(random_() % 3),
                         .payload = std::make_shared<const std::string>(std::move(payload))});
    }
    const uint64_t sequence = log_->AppendEntries(id, entries);
    for (const raft::Entry& entry : entries) {
      operations_.push_back({Operation::Kind::kEntry, id, sequence, entry});
    }
  }

  void HardState(PartitionId id) {
    const raft::HardState hard_state = {.term = random_() % 100, .voted_for = random_() % 5};
    const uint64_t sequence = log_->AppendHardState(id, hard_state);
    operations_.push_back({Operation::Kind::kHardState, id, sequence, {}, hard_state});
  }

  void Reset(PartitionId id) {
    const raft::Position last = Newest(id).last();
    const raft::Position start = {.term = last.term + random_() % 2,
                                  .index = last.index + random_() % 100};
    const uint64_t sequence = log_->Reset(id, start);
    operations_.push_back({Operation::Kind::kReset, id, sequence, {}, {}, start});
  }

  void Release(PartitionId id) {
    const ModelPartition now = Newest(id);
    if (now.entries.empty()) return;
    const raft::Index index = now.base.index + 1 + random_() % now.entries.size();
    const uint64_t sequence = log_->Release(id, index);
    operations_.push_back({Operation::Kind::kRelease, id, sequence, {}, {}, {0, index}});
  }

  void Prepare() {
    if (prepare_) {
      prepare_->Run();
      REQUIRE(log_->CompletePrepare(std::move(prepare_)));
    } else {
      prepare_ = log_->TakePrepareJob();
    }
  }

  void Write() {
    if (!job_) {
      job_ = log_->TakeJob(sync_ || random_() % 4 == 0);
    } else {
      job_->Run();
      REQUIRE(log_->Complete(std::move(job_)));
      durable_ = log_->durable_sequence();
    }
  }

  std::mt19937_64 random_;
  bool sync_;
  SharedLog::Options options_;
  PartitionId partitions_ = 1;
  sim::SimulatedDisk disk_;
  std::unique_ptr<SharedLog> log_;
  std::unique_ptr<SharedLog::WriteJob> job_;
  std::unique_ptr<SharedLog::WriteJob> prepare_;
  Model model_;
  std::vector<Operation> operations_;
  uint64_t durable_ = 0;
};

void RunSeeds(uint64_t first, uint64_t count, bool sync) {
  if (const char* text = std::getenv("LOOM_SEED")) {
    first = std::strtoull(text, nullptr, 10);
    count = 1;
  }
  for (uint64_t seed = first; seed < first + count; ++seed) {
    CAPTURE(seed);
    Workload(seed, sync).Run(12);
  }
}

}  // namespace

TEST_CASE("shared log: a power loss takes nothing that was durable, and adds nothing") {
  RunSeeds(1, 60, /*sync=*/true);
}

TEST_CASE("shared log: without a sync per write a power loss leaves a prefix") {
  RunSeeds(1000, 60, /*sync=*/false);
}

namespace {

// A log of three partitions, all of it durable and marked so; returns what it holds.
std::map<PartitionId, std::vector<raft::Entry>> WriteMarkedLog(sim::SimulatedDisk& disk,
                                                               const SharedLog::Options& options,
                                                               std::mt19937_64& random) {
  std::map<PartitionId, std::vector<raft::Entry>> entries;
  auto opened = SharedLog::Open(disk, options, nullptr);
  REQUIRE(opened);
  SharedLog& log = **opened;
  const auto write = [&] {
    auto job = log.TakeJob(true);
    job->Run();
    REQUIRE(log.Complete(std::move(job)));
  };
  for (int turn = 0; turn < 60; ++turn) {
    for (size_t count = 1 + random() % 4; count > 0; --count) {
      const PartitionId id = static_cast<PartitionId>(random() % 3);
      const raft::Entry entry = {
          .term = 1,
          .index = entries[id].size() + 1,
          .kind = raft::EntryKind::kCommands,
          .payload = std::make_shared<const std::string>(random() % 500, 'x')};
      log.AppendEntries(id, std::span(&entry, 1));
      entries[id].push_back(entry);
      if (random() % 10 == 0) log.AppendHardState(id, {.term = entry.index, .voted_for = id});
    }
    write();
  }
  for (PartitionId id = 0; id < 3; ++id) log.AppendHardState(id, {.term = 1000, .voted_for = id});
  write();
  log.AppendSyncMarker();
  write();
  return entries;
}

}  // namespace

TEST_CASE("shared log: whatever is damaged, no partition is silently wrong") {
  uint64_t first = 1;
  uint64_t last = 150;
  if (const char* text = std::getenv("LOOM_SEED")) {
    first = last = std::strtoull(text, nullptr, 10);
  }
  uint64_t corrupt = 0;
  uint64_t sound = 0;
  for (uint64_t seed = first; seed <= last; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    sim::SimulatedDisk disk;
    const SharedLog::Options options = {
        .directory = "wal", .segment_bytes = 16384, .cluster_id = "c", .node_id = "n"};
    const auto entries = WriteMarkedLog(disk, options, random);

    const std::vector<std::string> paths = disk.Paths();
    const std::string path = paths[random() % paths.size()];
    std::string bytes = disk.Bytes(path);
    if (random() % 4 == 0) {  // A lost page.
      bytes.replace(random() % 4 * 4096, 4096, 4096, '\0');
    } else {
      char& byte = bytes[random() % bytes.size()];
      byte = static_cast<char>(byte ^ (1 << random() % 8));
    }
    disk.SetBytes(path, bytes);

    auto log = SharedLog::Open(disk, options, nullptr);
    if (!log) FAIL(log.error().what);
    const auto recovered = (*log)->TakeRecovered();
    for (const auto& [id, expected] : entries) {
      const auto found = recovered.find(id);
      if (found == recovered.end() || found->second.corrupt) {
        CHECK_FALSE((*log)->damage().empty());
        ++corrupt;
        continue;
      }
      ++sound;
      REQUIRE(found->second.last.index == expected.size());
      REQUIRE(found->second.hard_state == raft::HardState{.term = 1000, .voted_for = id});
      REQUIRE((*log)->Read(id, 1, SIZE_MAX).size() == expected.size());
    }
  }
  CHECK((first == last || corrupt > 0));  // Or the test tests nothing.
  CHECK((first == last || sound > 0));
}
