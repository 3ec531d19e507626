// A command is a row: one row is all the server knows of a command. Dispatch, routing and COMMAND
// all read it.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace server {

class Call;
struct SessionCall;

// What dispatch must know. The names COMMAND INFO prints are derived from these (command_info.cc).
enum Flag : uint32_t {
  kWrite = 1u << 0,         // May change data: runs on the leader only, never on a follower.
  kRead = 1u << 1,          // "readonly": reads keys. Neither kWrite nor kRead: touches no keys.
  kGrows = 1u << 2,         // "denyoom"
  kFast = 1u << 3,          // "fast"
  kAdmin = 1u << 4,         // "admin"
  kPubSub = 1u << 5,        // "pubsub"
  kNoScript = 1u << 6,      // "noscript"
  kBlocking = 1u << 7,      // "blocking"
  kLoading = 1u << 8,       // "loading": allowed while the node loads.
  kStale = 1u << 9,         // "stale"
  kNoAuth = 1u << 10,       // "no_auth"
  kNoMulti = 1u << 11,      // "no_multi": refused inside MULTI.
  kMovableKeys = 1u << 12,  // "movablekeys": `keys` does not tell all keys; `find_keys` does.
  kAllKeys = 1u << 13,      // Acts on the whole keyspace of this node (DBSIZE, KEYS, FLUSHALL ...).
  kDangerous = 1u << 14,    // ACL category @dangerous beyond what kAdmin implies.
  kNoAsyncLoading = 1u << 15,
  kSkipMonitor = 1u << 16,
  kSkipSlowlog = 1u << 17,
  kAllowBusy = 1u << 18,
  kTransaction = 1u << 19,  // MULTI, EXEC, DISCARD, WATCH, UNWATCH: ACL category @transaction.
  kConnection = 1u << 20,   // ACL category @connection.
  kSortedOutput = 1u << 21,
  kAdminCategory = 1u << 22,  // ACL categories of kAdmin without its flag: LASTSAVE, ROLE.
};

// First, last and step, as in COMMAND's reply; first 0 means no keys. last < 0 counts from the end.
// Where arguments tell how many keys there are (SINTERCARD), `count_at` is the place of that
// number, and the keys follow it, behind those of the other three.
struct KeySpec {
  int first = 0;
  int last = 0;
  int step = 0;
  int count_at = 0;
};

// Runs where the keys live, on the partition's thread: consults nothing but the call.
using Handler = void (*)(Call& call);
// Runs where the connection lives: PING, CLIENT, CONFIG, INFO, MULTI ...
using SessionHandler = void (*)(SessionCall& call);

// One row. Exactly one of `handler` and `session` is set (a container such as CONFIG has none, or
// what runs without a subcommand, and
// rows of its own in `subcommands`).
struct Command {
  std::string_view name;  // Lower case; a subcommand is "config|get".
  int arity = 0;          // Counts the name itself; -N means "N or more".
  uint32_t flags = 0;
  KeySpec keys;
  Handler handler = nullptr;
  SessionHandler session = nullptr;
  std::string_view group;    // "string", "generic" ... as COMMAND DOCS names it.
  std::string_view since;    // Redis version.
  std::string_view summary;  // One line.
  std::span<const Command> subcommands = {};
};

// The row for a name in any case, or null. Subcommand rows are found through their container.
const Command* FindCommand(std::string_view name);
const Command* FindSubcommand(const Command& container, std::string_view name);
// All rows, in one visible list (command_table.cc).
std::span<const Command* const> AllCommands();

// Whether `count` arguments (the name included) fit the row's arity.
constexpr bool ArityFits(const Command& command, size_t count) {
  return command.arity >= 0 ? count == static_cast<size_t>(command.arity)
                            : count >= static_cast<size_t>(-command.arity);
}

}  // namespace server
