// Named failpoints: places where a test can make the process crash, wait or fail. Compiled in only
// with LOOM_FAILPOINTS (debug, asan, tsan presets); free otherwise. Configured by the environment:
//   LOOMCACHE_FAILPOINTS=wal.before_sync=crash@100,checkpoint.after_ingest=sleep:50,wal.before_write=fail
// `@N` acts on the Nth pass only; without it, on every pass. A crash is a SIGKILL.
//
//   name                      | where
//   --------------------------+------------------------------------------------------------------
//   wal.before_write          | a batch is about to be written to the shared log
//   wal.after_write           | it was written, and is not synced
//   wal.before_sync           | the shared log is about to be synced
//   wal.after_sync            | it was synced, and nobody knows yet
//   wal.rotate                | the next segment is about to be used (and created, if not prepared)
//   checkpoint.before_finish  | the checkpoint's rows are written, its last file is not closed
//   checkpoint.after_finish   | its files are complete and synced
//   checkpoint.before_ingest  | the files are about to become the current checkpoint
//   checkpoint.after_ingest   | they are, and nobody knows yet
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace storage {

// What a configuration asks for. Thread-safe once parsed.
class FailpointSet {
 public:
  enum class Action { kNone, kCrash, kSleep, kFail };
  struct Decision {
    Action action = Action::kNone;
    uint64_t sleep_ms = 0;
  };

  // Returns what was wrong with the text, or nothing. Keeps what was right.
  std::string Parse(std::string_view text);
  // Counts a pass and says what is to happen.
  Decision Pass(std::string_view name);

 private:
  struct Point {
    std::string name;
    Decision decision;
    uint64_t only_pass = 0;  // 0: every one.
    std::atomic<uint64_t> passes{0};
  };

  std::string ParseOne(std::string_view text);

  std::deque<Point> points_;  // Atomics do not move.
};

#ifdef LOOM_FAILPOINTS
// True when the named operation is to fail. Crashes or sleeps by itself. Any thread.
bool Failpoint(std::string_view name);
#else
constexpr bool Failpoint(std::string_view) { return false; }
#endif

}  // namespace storage
