// Where the keys of a call stand among its arguments, as its row tells.
#pragma once

#include <span>
#include <string_view>

#include "server/commands/command.h"
#include "server/commands/numbers.h"

namespace server {

// Calls `visit(index)` for each argument that is a key, in order, without allocation. False when
// the arguments cannot be right (a count of keys that is no number, or larger than what follows):
// the handler will refuse the call, and no key may be relied on.
template <typename Visit>
bool ForEachKeyIndex(const Command& row, std::span<const std::string_view> args, Visit&& visit) {
  const KeySpec& keys = row.keys;
  const auto count = static_cast<int>(args.size());
  if (keys.first > 0) {
    if (keys.first >= count) return false;
    const int last = keys.last < 0 ? count + keys.last : keys.last;
    if (last >= count) return false;
    for (int i = keys.first; i <= last; i += keys.step) visit(static_cast<size_t>(i));
  }
  if (keys.count_at > 0) {
    if (keys.count_at >= count) return false;
    const auto number = commands::ParseInteger(args[static_cast<size_t>(keys.count_at)]);
    if (!number || *number < 1 || *number > count - keys.count_at - 1) return false;
    for (int i = 1; i <= *number; ++i) visit(static_cast<size_t>(keys.count_at + i));
  }
  return true;
}

// The same with the keys themselves.
template <typename Visit>
bool ForEachKey(const Command& row, std::span<const std::string_view> args, Visit&& visit) {
  return ForEachKeyIndex(row, args, [&](size_t index) { visit(args[index]); });
}

// Whether the row's keys are just args[first] alone, the case of nearly every command.
constexpr bool HasOneKey(const Command& row) {
  return row.keys.first > 0 && row.keys.last == row.keys.first && row.keys.count_at == 0;
}

}  // namespace server
