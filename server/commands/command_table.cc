// All commands, in one visible list, and a hash table over their names that the compiler builds.
#include <algorithm>
#include <array>
#include <cassert>

#include "server/commands/command.h"
#include "server/commands/command_info.h"
#include "server/commands/expiry.h"
#include "server/commands/generic.h"
#include "server/commands/hashes.h"
#include "server/commands/lists.h"
#include "server/commands/numbers.h"
#include "server/commands/session_commands.h"
#include "server/commands/sets.h"
#include "server/commands/sorted_sets.h"
#include "server/commands/strings.h"
#include "server/commands/whole_keyspace.h"

namespace server {
namespace {

using namespace commands;  // NOLINT: the rows of every family, and nothing else.

constexpr std::span<const Command> kFamilies[] = {
    kStringCommands, kGenericCommands, kExpiryCommands,    kWholeKeyspaceCommands, kHashCommands,
    kListCommands,   kSetCommands,     kSortedSetCommands, kCommandCommands,       kSessionCommands,
};

constexpr size_t CountRows() {
  size_t count = 0;
  for (const std::span<const Command>& family : kFamilies) count += family.size();
  return count;
}

constexpr size_t kRows = CountRows();

constexpr auto kAllRows = [] {
  std::array<const Command*, kRows> rows{};
  size_t next = 0;
  for (const std::span<const Command>& family : kFamilies) {
    for (const Command& row : family) rows[next++] = &row;
  }
  return rows;
}();

// Handlers are looked at in a unit test: GCC's UBSan forbids to compare their addresses here.
constexpr bool WellFormed(const Command& row) {
  if (row.name.empty() || row.arity == 0 || row.summary.empty() || row.group.empty()) return false;
  if ((row.flags & kWrite) != 0 && (row.flags & kRead) != 0) return false;
  return std::all_of(row.subcommands.begin(), row.subcommands.end(), WellFormed);
}
static_assert(std::all_of(kAllRows.begin(), kAllRows.end(),
                          [](const Command* row) { return WellFormed(*row); }));

// --- Lookup ---

constexpr size_t kBuckets =
    1024;  // A power of two, and at least four times the rows: short probes.
static_assert(kRows * 2 < kBuckets);

constexpr size_t kLongestName = [] {
  size_t longest = 0;
  for (const Command* row : kAllRows) longest = std::max(longest, row->name.size());
  return longest;
}();

// Folds the case by setting one bit. That also makes a few signs equal ('@' and '`'): they only
// share a bucket then, the comparison tells them apart.
constexpr size_t Bucket(std::string_view name) {
  uint32_t hash = static_cast<uint32_t>(name.size());
  for (const char c : name) {
    hash = (hash ^ (static_cast<unsigned char>(c) | 0x20u)) * 0x9E3779B1u;
  }
  return (hash >> 20) % kBuckets;
}

// Row number plus one in each bucket; 0 is empty. Open addressing, by steps of one.
constexpr auto kIndex = [] {
  std::array<uint16_t, kBuckets> index{};
  for (size_t row = 0; row < kRows; ++row) {
    size_t bucket = Bucket(kAllRows[row]->name);
    while (index[bucket] != 0) bucket = (bucket + 1) % kBuckets;
    index[bucket] = static_cast<uint16_t>(row + 1);
  }
  return index;
}();

}  // namespace

const Command* FindCommand(std::string_view name) {
  if (name.size() > kLongestName) return nullptr;
  for (size_t bucket = Bucket(name); kIndex[bucket] != 0; bucket = (bucket + 1) % kBuckets) {
    const Command* row = kAllRows[kIndex[bucket] - 1u];
    if (EqualsIgnoreCase(name, row->name)) return row;
  }
  return nullptr;
}

const Command* FindSubcommand(const Command& container, std::string_view name) {
  for (const Command& row : container.subcommands) {
    assert(row.name.starts_with(container.name));  // "config|get" stands under "config".
    if (EqualsIgnoreCase(name, row.name.substr(container.name.size() + 1))) return &row;
  }
  return nullptr;
}

std::span<const Command* const> AllCommands() { return kAllRows; }

}  // namespace server
