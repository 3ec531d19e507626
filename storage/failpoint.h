// Named failpoints: places where a test can make the process crash, wait or fail. Compiled in only with
// LOOM_FAILPOINTS (debug, asan, tsan presets); free otherwise. Configured by the environment:
//   LOOMCACHE_FAILPOINTS=wal.before_sync=crash@100,checkpoint.after_ingest=sleep:50,wal.write=fail
// `@N` acts on the Nth pass only; without it, on every pass.
#pragma once

#include <string_view>

namespace storage {

#ifdef LOOM_FAILPOINTS
// True when the named operation is to fail. Crashes or sleeps by itself. Any thread.
bool Failpoint(std::string_view name);
#else
constexpr bool Failpoint(std::string_view) { return false; }
#endif

}  // namespace storage
