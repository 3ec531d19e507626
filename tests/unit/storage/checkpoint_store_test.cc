#include "storage/checkpoint_store.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <tuple>

namespace {

using storage::CheckpointInfo;
using storage::CheckpointStore;
using storage::Code;
using Kind = storage::CheckpointStore::Kind;

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = std::filesystem::temp_directory_path() / "loom-checkpoint-XXXXXX";
    path_ = mkdtemp(pattern.data());
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

using RowKey = std::tuple<int, uint64_t, std::string>;
using Model = std::map<RowKey, std::string>;

constexpr CheckpointStore::Options kSmallFiles = {.file_bytes = 4096};

std::unique_ptr<CheckpointStore> Open(const std::string& path) {
  auto store = CheckpointStore::Open(path, kSmallFiles);
  if (!store) FAIL(store.error().what);
  return std::move(*store);
}

CheckpointInfo InfoAt(raft::Index index) {
  CheckpointInfo info;
  info.snapshot.last = {.term = 3, .index = index};
  info.snapshot.configuration.voters = {1, 2, 3};
  info.snapshot.configuration.learners = {4};
  info.hash_seed = 99;
  info.keys = index * 2;
  return info;
}

// One checkpoint as a test describes it; nullopt deletes.
struct Changes {
  std::set<int> cleared;
  std::map<RowKey, std::optional<std::string>> rows;
};

void WriteRows(storage::CheckpointWriter& writer, const Changes& changes) {
  for (const int database : changes.cleared) REQUIRE(writer.DeleteDatabase(database));
  for (const auto& [key, value] : changes.rows) {
    const auto& [database, hash, name] = key;
    if (value) {
      REQUIRE(writer.Put({.hash = hash, .database = database, .key = name, .value = *value}));
    } else {
      REQUIRE(writer.Delete(database, hash, name));
    }
  }
}

void Write(CheckpointStore& store, storage::PartitionId partition, Kind kind,
           const Changes& changes, raft::Index index) {
  auto writer = store.NewWriter(partition, kind);
  REQUIRE(writer);
  WriteRows(**writer, changes);
  REQUIRE((*writer)->Finish(InfoAt(index)));
  const storage::Status ingested = (*writer)->Ingest();
  if (!ingested) FAIL(ingested.error().what);
}

void Apply(Model& model, Kind kind, const Changes& changes) {
  if (kind == Kind::kFull) model.clear();
  std::erase_if(model,
                [&](const auto& row) { return changes.cleared.contains(std::get<0>(row.first)); });
  for (const auto& [key, value] : changes.rows) {
    model.erase(key);
    if (value) model[key] = *value;
  }
}

Model ReadRest(storage::CheckpointReader& reader) {
  Model rows;
  RowKey previous{-1, 0, ""};
  while (true) {
    const auto row = reader.Next();
    if (!row) FAIL(row.error().what);
    if (!*row) return rows;
    RowKey key{(*row)->database, (*row)->hash, std::string((*row)->key)};
    REQUIRE(previous < key);
    previous = key;
    rows[key] = std::string((*row)->value);
  }
}

Model Read(CheckpointStore& store, storage::PartitionId partition) {
  auto reader = store.NewReader(partition);
  if (!reader) FAIL(reader.error().what);
  return ReadRest(**reader);
}

Changes RandomChanges(std::mt19937_64& random, Kind kind) {
  Changes changes;
  if (kind == Kind::kIncremental) {
    for (int database = 0; database < 16; ++database) {
      if (random() % 12 == 0) changes.cleared.insert(database);
    }
  }
  const size_t rows = random() % 10 == 0 ? 0 : random() % 400;
  for (size_t i = 0; i < rows; ++i) {
    const uint64_t number = random() % 300;
    RowKey key{static_cast<int>(random() % 16), number * 0x0123456789abcdef,
               "key" + std::to_string(number % 7)};
    const bool deletes = kind == Kind::kIncremental && random() % 4 == 0;
    std::string value(random() % 100, static_cast<char>('a' + random() % 26));
    changes.rows[key] = deletes ? std::nullopt : std::optional(value);
  }
  return changes;
}

std::string NewestFile(const std::string& directory) {
  std::string newest;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().extension() == ".sst" && entry.path().string() > newest) {
      newest = entry.path();
    }
  }
  return newest;
}

}  // namespace

TEST_CASE("checkpoint store: a partition without a checkpoint has none") {
  TemporaryDirectory directory;
  auto store = Open(directory.path());
  CHECK_FALSE(store->Info(7)->has_value());
  CHECK(store->NewReader(7).error().code == Code::kNotFound);
}

TEST_CASE("checkpoint store: info and rows come back, also after a start") {
  TemporaryDirectory directory;
  const Changes changes = {.cleared = {},
                           .rows = {{{0, 5, "a"}, "1"},
                                    {{0, 5, "b"}, ""},
                                    {{0, UINT64_MAX, std::string("\0\xff", 2)}, "2"},
                                    {{15, 0, ""}, "3"}}};
  Model model;
  Apply(model, Kind::kFull, changes);
  auto store = Open(directory.path());
  Write(*store, 7, Kind::kFull, changes, 42);
  for (int start = 0; start < 2; ++start) {
    const auto info = store->Info(7);
    REQUIRE(info);
    REQUIRE(info->has_value());
    CHECK((*info)->snapshot.last == raft::Position{.term = 3, .index = 42});
    CHECK((*info)->snapshot.configuration == InfoAt(42).snapshot.configuration);
    CHECK((*info)->hash_seed == 99);
    CHECK((*info)->keys == 84);
    CHECK(Read(*store, 7) == model);
    CHECK_FALSE(store->Info(8)->has_value());
    store.reset();
    store = Open(directory.path());
  }
}

TEST_CASE("checkpoint store: checkpoints of all kinds add up to what a model says") {
  uint64_t first = 1;
  uint64_t last = 2;
  if (const char* text = std::getenv("LOOM_SEED")) {
    first = last = std::strtoull(text, nullptr, 10);
  }
  for (uint64_t seed = first; seed <= last; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    TemporaryDirectory directory;
    auto store = Open(directory.path());
    std::map<storage::PartitionId, Model> models;
    for (raft::Index index = 1; index <= 20; ++index) {
      CAPTURE(index);
      const storage::PartitionId partition = random() % 2;
      const Kind kind = random() % 6 == 0 ? Kind::kFull : Kind::kIncremental;
      const Changes changes = RandomChanges(random, kind);
      Write(*store, partition, kind, changes, index);
      Apply(models[partition], kind, changes);
      if (random() % 6 == 0) {
        store.reset();
        store = Open(directory.path());
      }
      for (const auto& [id, model] : models) REQUIRE(Read(*store, id) == model);
      CHECK((*store->Info(partition))->snapshot.last.index == index);
    }
  }
}

TEST_CASE("checkpoint store: deleting a database spares the rows of the same checkpoint") {
  TemporaryDirectory directory;
  auto store = Open(directory.path());
  Changes before;
  Changes after;
  after.cleared = {0, 1};
  for (uint64_t i = 0; i < 5000; ++i) {  // Many files' worth.
    before.rows[{static_cast<int>(i % 3), i << 40, "old"}] = std::string(20, 'o');
    after.rows[{static_cast<int>(i % 3), i << 40 | 1, "new"}] = std::string(20, 'n');
  }
  Model model;
  Apply(model, Kind::kFull, before);
  Write(*store, 0, Kind::kFull, before, 1);
  Apply(model, Kind::kIncremental, after);
  Write(*store, 0, Kind::kIncremental, after, 2);
  CHECK(Read(*store, 0) == model);
  store.reset();
  CHECK(Read(*Open(directory.path()), 0) == model);
}

TEST_CASE(
    "checkpoint store: nothing is visible before Ingest, and a dropped writer leaves nothing") {
  TemporaryDirectory directory;
  auto store = Open(directory.path());
  Write(*store, 0, Kind::kFull, {.cleared = {}, .rows = {{{0, 1, "k"}, "old"}}}, 1);
  {
    auto writer = store->NewWriter(0, Kind::kIncremental);
    WriteRows(**writer, {.cleared = {}, .rows = {{{0, 1, "k"}, "new"}}});
    REQUIRE((*writer)->Finish(InfoAt(2)));
    CHECK((*store->Info(0))->snapshot.last.index == 1);
    CHECK_FALSE(std::filesystem::is_empty(directory.path() + "/staging"));
  }
  CHECK(Read(*store, 0) == Model{{{0, 1, "k"}, "old"}});
  CHECK(std::filesystem::is_empty(directory.path() + "/staging"));
}

TEST_CASE("checkpoint store: files left by a crash are removed at the next start") {
  TemporaryDirectory directory;
  Open(directory.path());
  std::ofstream(directory.path() + "/staging/partition-0-0-0.sst") << "half a file";
  auto store = Open(directory.path());
  CHECK(std::filesystem::is_empty(directory.path() + "/staging"));
  CHECK_FALSE(store->Info(0)->has_value());
}

TEST_CASE("checkpoint store: a reader keeps what it saw while later checkpoints come") {
  TemporaryDirectory directory;
  auto store = Open(directory.path());
  Changes changes;
  for (uint64_t i = 0; i < 2000; ++i) changes.rows[{0, i, "key"}] = "first";
  Model first;
  Apply(first, Kind::kFull, changes);
  Write(*store, 0, Kind::kFull, changes, 1);

  for (const Kind kind : {Kind::kIncremental, Kind::kFull}) {
    auto reader = store->NewReader(0);
    REQUIRE(reader);
    const raft::Index index = (*reader)->info().snapshot.last.index;
    const Model expected = Read(*store, 0);
    REQUIRE((*reader)->Next());
    Changes later;
    later.cleared = {0};
    for (uint64_t i = 1000; i < 3000; ++i) later.rows[{0, i, "key"}] = "later";
    if (kind == Kind::kFull) later.cleared.clear();
    Write(*store, 0, kind, later, index + 1);
    Model rest = ReadRest(**reader);
    rest.insert(*expected.begin());
    CHECK(rest == expected);
    CHECK((*reader)->info().snapshot.last.index == index);
    CHECK((*store->Info(0))->snapshot.last.index == index + 1);
  }
  auto reader = store->NewReader(0);
  store.reset();  // The reader may outlive the store.
  CHECK(ReadRest(**reader).size() == 2000);
}

TEST_CASE("checkpoint store: a damaged file is found, and a full checkpoint heals it") {
  TemporaryDirectory directory;
  {
    auto store = CheckpointStore::Open(directory.path());
    REQUIRE(store);
    Changes changes;
    for (uint64_t i = 0; i < 20000; ++i) changes.rows[{0, i << 32, "k"}] = std::to_string(i * 77);
    Write(**store, 0, Kind::kFull, changes, 1);
  }
  const std::string path = NewestFile(directory.path());
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(70000);
  file.put('\x55');
  file.put('\xaa');
  file.close();

  auto store = Open(directory.path());
  auto reader = store->NewReader(0);
  REQUIRE(reader);
  std::optional<Code> code;
  while (!code) {
    const auto row = (*reader)->Next();
    if (!row) code = row.error().code;
    if (row && !*row) break;
  }
  REQUIRE(code);
  CHECK(*code == Code::kCorrupt);

  const Changes fresh = {.cleared = {}, .rows = {{{0, 1, "k"}, "sound"}}};
  Write(*store, 0, Kind::kFull, fresh, 2);
  CHECK(Read(*store, 0) == Model{{{0, 1, "k"}, "sound"}});
}

TEST_CASE("checkpoint store: rows out of order are refused") {
  TemporaryDirectory directory;
  auto store = Open(directory.path());
  auto writer = store->NewWriter(0, Kind::kIncremental);
  REQUIRE((*writer)->Put({.hash = 5, .database = 1, .key = "b", .value = ""}));
  CHECK((*writer)->DeleteDatabase(1).error().code == Code::kInvalid);
  CHECK((*writer)->Put({.hash = 5, .database = 1, .key = "a", .value = ""}).error().code ==
        Code::kInvalid);
  CHECK_FALSE((*writer)->Finish(InfoAt(1)));
}
