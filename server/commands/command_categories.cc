#include "server/commands/command_categories.h"

namespace server::commands {
namespace {

struct FlagName {
  uint32_t flag;
  std::string_view name;
};

// In the order in which Redis 7.0 prints them.
constexpr FlagName kFlagNames[] = {
    {kWrite, "write"},
    {kRead, "readonly"},
    {kGrows, "denyoom"},
    {kAdmin, "admin"},
    {kPubSub, "pubsub"},
    {kNoScript, "noscript"},
    {kBlocking, "blocking"},
    {kLoading, "loading"},
    {kStale, "stale"},
    {kSkipMonitor, "skip_monitor"},
    {kSkipSlowlog, "skip_slowlog"},
    {kFast, "fast"},
    {kNoAuth, "no_auth"},
    {kNoAsyncLoading, "no_async_loading"},
    {kNoMulti, "no_multi"},
    {kMovableKeys, "movablekeys"},
    {kAllowBusy, "allow_busy"},
};

struct GroupCategory {
  std::string_view group;
  std::string_view category;
};

// Groups whose name implies a category, in the order of categories in Redis 7.0.
constexpr GroupCategory kGroupCategories[] = {
    {"set", "set"},
    {"sorted-set", "sortedset"},
    {"list", "list"},
    {"hash", "hash"},
    {"string", "string"},
    {"bitmap", "bitmap"},
    {"hyperloglog", "hyperloglog"},
    {"geo", "geo"},
    {"stream", "stream"},
};

}  // namespace

std::vector<std::string_view> FlagNames(const Command& row) {
  std::vector<std::string_view> names;
  for (const FlagName& entry : kFlagNames) {
    if ((row.flags & entry.flag) != 0) names.push_back(entry.name);
  }
  return names;
}

std::vector<std::string_view> CategoryNames(const Command& row) {
  const auto has = [&row](uint32_t flag) { return (row.flags & flag) != 0; };
  std::vector<std::string_view> names;
  // A container touches no key itself, its subcommands do.
  const bool on_keys =
      row.group == "generic" && row.subcommands.empty() && !has(kConnection | kTransaction);
  if (on_keys || has(kAllKeys)) names.push_back("keyspace");
  if (has(kRead)) names.push_back("read");
  if (has(kWrite)) names.push_back("write");
  for (const GroupCategory& entry : kGroupCategories) {
    if (row.group == entry.group) names.push_back(entry.category);
  }
  if (has(kPubSub)) names.push_back("pubsub");
  if (has(kAdmin | kAdminCategory)) names.push_back("admin");
  names.push_back(has(kFast) ? "fast" : "slow");
  if (has(kBlocking)) names.push_back("blocking");
  if (has(kDangerous | kAdmin | kAdminCategory)) names.push_back("dangerous");
  if (has(kConnection)) names.push_back("connection");
  if (has(kTransaction)) names.push_back("transaction");
  if (row.group == "scripting") names.push_back("scripting");
  return names;
}

}  // namespace server::commands
