#include "storage/data_directory.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace {

using storage::Code;
using storage::DataDirectory;
using storage::NodeMeta;

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = std::filesystem::temp_directory_path() / "loom-directory-XXXXXX";
    path_ = mkdtemp(pattern.data());
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

struct Fixture {
  TemporaryDirectory temporary;
  std::string path = temporary.path() + "/some/data";
  std::unique_ptr<storage::Disk> disk = storage::MakePosixDisk();

  auto Open(const std::string& boot_id = "boot-1", uint32_t logs = 4) {
    return DataDirectory::Open(*disk, {.path = path, .logs = logs, .boot_id = boot_id});
  }
  void WriteMeta(const std::string& text) {
    std::filesystem::create_directories(path);
    std::ofstream(path + "/node.meta") << text;
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "data directory: a new one draws an id and keeps it") {
  std::string id;
  {
    auto directory = Open();
    REQUIRE(directory);
    CHECK((*directory)->is_new());
    id = (*directory)->meta().node_id;
    CHECK(id.size() == 40);
    CHECK(id.find_first_not_of("0123456789abcdef") == std::string::npos);
    CHECK((*directory)->meta().starts == 1);
    CHECK((*directory)->WalDirectory(3) == path + "/wal/shard-003");
  }
  auto directory = Open("boot-1", 9);
  REQUIRE(directory);
  CHECK_FALSE((*directory)->is_new());
  CHECK((*directory)->meta().node_id == id);
  CHECK((*directory)->meta().logs == 4);  // Not 9: that is for new directories.
  CHECK((*directory)->meta().starts == 2);
}

TEST_CASE_FIXTURE(Fixture, "data directory: what was saved is there after a start") {
  NodeMeta meta;
  {
    auto directory = Open();
    meta = (*directory)->meta();
    meta.cluster_id = "abcd";
    meta.cluster = std::string("any\nbytes\0=\xff", 12);
    REQUIRE((*directory)->Save(meta));
  }
  auto directory = Open();
  CHECK((*directory)->meta().cluster_id == "abcd");
  CHECK((*directory)->meta().cluster == meta.cluster);
}

TEST_CASE_FIXTURE(Fixture, "data directory: a second user is refused, and told which directory") {
  auto first = Open();
  REQUIRE(first);
  auto second = Open();
  REQUIRE_FALSE(second);
  CHECK(second.error().code == Code::kInvalid);
  CHECK(second.error().what == "the data directory " + path + " is in use by another process");
  first->reset();
  CHECK(Open());
}

TEST_CASE_FIXTURE(Fixture, "data directory: unsynced data is lost only with the machine") {
  const auto lost_at = [&](const std::string& boot_id) {
    return (*Open(boot_id))->meta().may_have_lost;
  };
  CHECK_FALSE(lost_at("boot-1"));
  CHECK_FALSE(lost_at("boot-1"));  // Killed, but the kernel lived on.
  CHECK(lost_at("boot-2"));
  CHECK(lost_at("boot-2"));  // It is not forgotten by the next start.
  REQUIRE((*Open("boot-2"))->MarkComplete());
  CHECK_FALSE(lost_at("boot-2"));
  REQUIRE((*Open("boot-2"))->MarkCleanShutdown());
  CHECK_FALSE(lost_at("boot-3"));
  CHECK(lost_at(""));
  REQUIRE((*Open(""))->MarkComplete());
  CHECK(lost_at(""));  // Two unknown boots are not the same one.
}

TEST_CASE_FIXTURE(Fixture, "data directory: a foreign, newer or damaged meta file is refused") {
  REQUIRE(Open());
  std::string good;
  std::getline(std::ifstream(path + "/node.meta"), good, '\0');

  WriteMeta("something else\n");
  CHECK(Open().error().code == Code::kInvalid);
  WriteMeta("");
  CHECK(Open().error().code == Code::kInvalid);
  WriteMeta("loomcache-node-meta 2\nwhatever\n");
  CHECK(Open().error().code == Code::kInvalid);
  CHECK(Open().error().what.find(path + "/node.meta has a format") == 0);
  std::string bad = good;
  bad[bad.find("logs=") + 5] = '9';
  WriteMeta(bad);
  CHECK(Open().error().code == Code::kCorrupt);
  WriteMeta(good.substr(0, good.size() - 5));
  CHECK(Open().error().code == Code::kCorrupt);
  WriteMeta(good);
  CHECK(Open());
}

TEST_CASE_FIXTURE(Fixture,
                  "data directory: logs without a meta file are not taken for a new node") {
  std::filesystem::create_directories(path + "/wal/shard-000");
  CHECK(Open().error().code == Code::kInvalid);
}
