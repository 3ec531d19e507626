// Replies that say where a command is to go, or what became of it. Texts as Redis 7.0 words them
// where it has them (cluster.c); clients act on the first word.
#pragma once

#include <string_view>

namespace server {

// Not executed.
inline constexpr std::string_view kLoadingError = "LOADING Redis is loading the dataset in memory";
inline constexpr std::string_view kClusterDownError = "CLUSTERDOWN The cluster is down";
inline constexpr std::string_view kCrossSlotError =
    "CROSSSLOT Keys in request don't hash to the same slot";
inline constexpr std::string_view kOutOfMemoryError =
    "OOM command not allowed when used memory > 'maxmemory'.";
inline constexpr std::string_view kDiskError =
    "MISCONF Errors writing to the AOF file: No space left on device";
inline constexpr std::string_view kCheckpointFailedError =
    "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to "
    "disk. Commands that may modify the data set are disabled, because this instance is configured "
    "to report errors during writes if RDB snapshotting fails (stop-writes-on-bgsave-error "
    "option). Please check the Redis logs for details about the RDB error.";
inline constexpr std::string_view kClusterDownReadsOnlyError =
    "CLUSTERDOWN The cluster is down and only accepts read commands";
inline constexpr std::string_view kNotExecutedError =
    "TRYAGAIN The command was not executed: leadership moved before it was committed";
// Nobody knows.
inline constexpr std::string_view kUncertainError =
    "UNCERTAIN The command may or may not have been executed: leadership was lost before it was "
    "committed";

}  // namespace server
