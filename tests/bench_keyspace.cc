// What the keyspace costs: nanoseconds per Find and PutString, with and without prefetching, bytes
// per key, the longest single insert while growing, and checkpoints. Run alone on a quiet machine:
//   bench_keyspace [keys]
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "storage/capture.h"
#include "storage/keyspace.h"
#include "storage/value_codec.h"

namespace storage {
namespace {

// The thread's CPU time: other processes on the machine do not count.
struct Clock {
  static double now() {
    timespec time = {};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
  }
};

double Nanoseconds(double since) { return Clock::now() - since; }

// Keeps the processor from overlapping one command with the next, which a server's parsing and
// replying does not let it do either.
void EndCommand() {
#ifdef __x86_64__
  __builtin_ia32_lfence();
#endif
}

size_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  size_t total_pages = 0;
  size_t resident_pages = 0;
  statm >> total_pages >> resident_pages;
  return resident_pages * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

void Report(const char* what, size_t count, double nanoseconds) {
  std::printf("  %-44s %8.1f ns\n", what, nanoseconds / static_cast<double>(count));
}

class Names {
 public:
  explicit Names(size_t count) : count_(count) {}
  // 16 bytes, as redis-benchmark makes them.
  std::string_view Random(std::mt19937_64& random) { return At(random() % count_); }
  std::string_view At(size_t index) {
    std::snprintf(name_, sizeof(name_), "key:%012zu", index);
    return {name_, 16};
  }

 private:
  size_t count_;
  char name_[32];
};

// Does `act` for random keys in batches, as a pipeline does; names are made beforehand, not
// measured.
template <typename Act>
void Measure(const char* what, Keyspace& keyspace, size_t keys, size_t batch, bool prefetch,
             const Act& act) {
  constexpr size_t kOperations = 1 << 20;
  std::mt19937_64 random(99);
  Names names(keys);
  std::vector<std::string> made;
  for (size_t i = 0; i < kOperations; ++i) made.emplace_back(names.Random(random));
  Database& database = keyspace.database(0);
  std::vector<HashedKey> hashed(batch);
  const double start = Clock::now();
  for (size_t at = 0; at + batch <= kOperations; at += batch) {
    for (size_t i = 0; i < batch; ++i) hashed[i] = keyspace.Hash(made[at + i]);
    if (prefetch) {
      for (const HashedKey& key : hashed) database.Prefetch(key.hash);
      for (const HashedKey& key : hashed) database.PrefetchItem(key.hash);
    }
    for (const HashedKey& key : hashed) {
      act(database, key);
      EndCommand();
    }
  }
  Report(what, kOperations, Nanoseconds(start));
}

class CountingWriter : public CheckpointWriter {
 public:
  Status Put(const CheckpointRow& row) override {
    bytes_ += row.key.size() + row.value.size();
    return {};
  }
  Status Delete(int, uint64_t, std::string_view) override { return {}; }
  Status DeleteDatabase(int) override { return {}; }
  uint64_t bytes() const override { return bytes_; }
  Status Finish(const CheckpointInfo&) override { return {}; }
  Status Ingest() override { return {}; }

 private:
  uint64_t bytes_ = 0;
};

void MeasureCapture(const char* what, Keyspace& keyspace) {
  const std::unique_ptr<Capture> capture = Capture::Begin(keyspace, false);
  double longest = 0;
  double sum = 0;
  size_t rows = 0;
  while (!capture->done()) {
    const double start = Clock::now();
    const CaptureSlice slice = capture->Next(64 << 10);
    const double took = Nanoseconds(start);
    longest = std::max(longest, took);
    sum += took;
    rows += slice.rows();
  }
  capture->Succeed();
  std::printf("  %-44s %8.1f ms, %zu rows, longest slice of 64 KiB %.0f us\n", what, sum / 1e6,
              rows, longest / 1e3);
}

void MeasureLoading(Keyspace& from, size_t keys) {
  struct Row {
    uint64_t hash;
    std::string key;
    std::string value;
  };
  std::vector<Row> rows;
  from.database(0).Scan(0, SIZE_MAX, [&](const Item& item) {
    rows.push_back({from.Hash(item.key()).hash, std::string(item.key()), {}});
    EncodeValue(item, rows.back().value);
  });
  std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.hash < b.hash; });
  Keyspace loaded(from.hash_seed());
  const std::unique_ptr<Loader> loader = Loader::Begin(loaded);
  const double start = Clock::now();
  for (const Row& row : rows) {
    if (!loader->Add({.hash = row.hash, .database = 0, .key = row.key, .value = row.value})) {
      std::abort();
    }
  }
  Report("Loader::Add in stored order", keys, Nanoseconds(start));
  std::printf("  %-44s %8.1f B\n", "bytes per key when loaded",
              static_cast<double>(loaded.memory_bytes()) / static_cast<double>(keys));
}

void MeasureInserts(size_t keys) {
  Keyspace keyspace(77);
  Database& database = keyspace.database(0);
  const std::string value(32, 'x');
  Names names(keys);
  const double start = Clock::now();
  for (size_t i = 0; i < keys; ++i) database.PutString(keyspace.Hash(names.At(i)), value);
  Report("name, hash and PutString of a new key", keys, Nanoseconds(start));
}

void Run(size_t keys) {
  std::printf("%zu keys of 16 bytes with values of 32\n", keys);
  const std::string value(32, 'x');
  const size_t resident_before = ResidentBytes();
  Keyspace keyspace(0x1234'5678'9abc'def0ULL);
  Database& database = keyspace.database(0);
  Names names(keys);
  std::vector<double> longest;
  for (size_t i = 0; i < keys; ++i) {
    const HashedKey key = keyspace.Hash(names.At(i));
    const double start = Clock::now();
    database.PutString(key, value);
    const double took = Nanoseconds(start);
    if (took > 50'000 || longest.empty()) longest.push_back(took);
  }
  std::sort(longest.begin(), longest.end(), std::greater<>());
  std::printf("  %-44s", "longest inserts");
  for (size_t i = 0; i < std::min<size_t>(5, longest.size()); ++i) {
    std::printf(" %.0f", longest[i] / 1e3);
  }
  std::printf(" us (%zu above 50 us)\n", longest.size());
  std::printf("  %-44s %8.1f B counted, %.1f B resident\n", "bytes per key",
              static_cast<double>(keyspace.memory_bytes()) / static_cast<double>(keys),
              static_cast<double>(ResidentBytes() - resident_before) / static_cast<double>(keys));

  size_t found = 0;
  const auto find = [&](Database& in, const HashedKey& key) {
    const Item* item = in.Find(key);
    found += item != nullptr ? static_cast<size_t>(item->string()[0]) : 0;
  };
  const auto put = [&](Database& in, const HashedKey& key) { in.PutString(key, value); };
  MeasureInserts(keys);
  Measure("hash and Find", keyspace, keys, 16, false, find);
  Measure("hash and Find, prefetched 16 at once", keyspace, keys, 16, true, find);
  MeasureCapture("capture of every key", keyspace);
  Measure("PutString in place, clean", keyspace, keys, 16, false, put);
  MeasureCapture("capture of 1 M random changes", keyspace);
  MeasureCapture("capture of nothing", keyspace);
  Measure("PutString in place, 16 prefetched, clean", keyspace, keys, 16, true, put);
  Measure("PutString in place, dirty", keyspace, keys, 16, false, put);
  Measure("PutString in place, 16 prefetched, dirty", keyspace, keys, 16, true, put);
  MeasureLoading(keyspace, keys);
  if (found == 0) std::abort();
}

}  // namespace
}  // namespace storage

int main(int argc, char** argv) {
  if (argc > 1) {
    storage::Run(std::strtoull(argv[1], nullptr, 10));
  } else {
    storage::Run(1'000'000);
    storage::Run(5'000'000);
  }
  return 0;
}
