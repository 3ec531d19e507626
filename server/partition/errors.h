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
    "MISCONF The log cannot be written on this node; writes are disabled. See the server's log.";
inline constexpr std::string_view kNotExecutedError =
    "TRYAGAIN The command was not executed: leadership moved before it was committed";
// Nobody knows.
inline constexpr std::string_view kUncertainError =
    "UNCERTAIN The command may or may not have been executed: leadership was lost before it was "
    "committed";

}  // namespace server
