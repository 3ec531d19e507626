#include "server/commands/command_info.h"

#include <algorithm>
#include <string>
#include <vector>

#include "server/commands/command_categories.h"
#include "server/commands/command_docs.h"
#include "server/commands/errors.h"
#include "server/commands/key_positions.h"
#include "server/commands/numbers.h"
#include "server/config/glob.h"

namespace server::commands {
namespace {

// "config|get" names a subcommand.
const Command* FindByFullName(std::string_view name) {
  const size_t bar = name.find('|');
  const Command* row = FindCommand(name.substr(0, bar));
  if (row == nullptr || bar == std::string_view::npos) return row;
  return FindSubcommand(*row, name.substr(bar + 1));
}

void ReplyInfo(resp::Writer& reply, const Command& row) {
  const CommandDoc* doc = FindCommandDoc(row.name);
  reply.Array(10);
  reply.Bulk(row.name);
  reply.Integer(row.arity);
  const std::vector<std::string_view> flags = FlagNames(row);
  reply.Set(flags.size());
  for (const std::string_view flag : flags) reply.Simple(flag);
  reply.Integer(row.keys.first);
  reply.Integer(row.keys.last);
  reply.Integer(row.keys.step);
  const std::vector<std::string_view> categories = CategoryNames(row);
  reply.Set(categories.size());
  for (const std::string_view category : categories) reply.Simple("@" + std::string(category));
  doc != nullptr ? ReplyText(reply, doc->tips) : reply.Set(0);
  doc != nullptr ? ReplyText(reply, doc->key_specs) : reply.Set(0);
  row.subcommands.empty() ? reply.Set(0) : reply.Array(row.subcommands.size());
  for (const Command& subcommand : row.subcommands) ReplyInfo(reply, subcommand);
}

void ReplyDocs(resp::Writer& reply, const Command& row) {
  const CommandDoc* doc = FindCommandDoc(row.name);
  const size_t extra_pairs = doc != nullptr ? static_cast<size_t>(doc->extra_pairs) : 0;
  reply.Bulk(row.name);
  reply.Map(3 + extra_pairs + (row.subcommands.empty() ? 0 : 1));
  reply.Bulk("summary");
  reply.Bulk(row.summary);
  reply.Bulk("since");
  reply.Bulk(row.since);
  reply.Bulk("group");
  reply.Bulk(row.group);
  if (doc != nullptr) ReplyText(reply, doc->extra);
  if (row.subcommands.empty()) return;
  reply.Bulk("subcommands");
  reply.Map(row.subcommands.size());
  for (const Command& subcommand : row.subcommands) ReplyDocs(reply, subcommand);
}

void ReplyAll(resp::Writer& reply) {
  reply.Array(AllCommands().size());
  for (const Command* row : AllCommands()) ReplyInfo(reply, *row);
}

// The row of the call that COMMAND GETKEYS was given, or null after an error reply.
const Command* ResolveGiven(SessionCall& call, std::span<const std::string_view> given) {
  const Command* row = FindCommand(given[0]);
  if (row != nullptr && !row->subcommands.empty() && given.size() > 1) {
    row = FindSubcommand(*row, given[1]);
  }
  if (row == nullptr) {
    call.reply.Error("ERR Invalid command specified");
  } else if (row->keys.first == 0 && row->keys.count_at == 0) {
    call.reply.Error("ERR The command has no key arguments");
  } else if (!ArityFits(*row, given.size())) {
    call.reply.Error("ERR Invalid number of arguments specified for command");
  } else {
    return row;
  }
  return nullptr;
}

std::optional<std::vector<size_t>> KeysOfGiven(SessionCall& call, const Command& row,
                                               std::span<const std::string_view> given) {
  std::vector<size_t> keys;
  if (!ForEachKeyIndex(row, given, [&keys](size_t index) { keys.push_back(index); })) {
    call.reply.Error("ERR Invalid arguments specified for command");
    return std::nullopt;
  }
  return keys;
}

// The names of rows and subcommands that pass.
template <typename Passes>
void ReplyNames(resp::Writer& reply, Passes passes) {
  std::vector<std::string_view> names;
  for (const Command* row : AllCommands()) {
    if (passes(*row)) names.push_back(row->name);
    for (const Command& subcommand : row->subcommands) {
      if (passes(subcommand)) names.push_back(subcommand.name);
    }
  }
  reply.Array(names.size());
  for (const std::string_view name : names) reply.Bulk(name);
}

}  // namespace

void CommandAll(SessionCall& call) { ReplyAll(call.reply); }

void CommandCount(SessionCall& call) {
  call.reply.Integer(static_cast<int64_t>(AllCommands().size()));
}

void CommandInfo(SessionCall& call) {
  if (call.args.size() == 2) return ReplyAll(call.reply);
  call.reply.Array(call.args.size() - 2);
  for (const std::string_view name : call.args.subspan(2)) {
    const Command* row = FindByFullName(name);
    row != nullptr ? ReplyInfo(call.reply, *row) : call.reply.Null();
  }
}

void CommandDocs(SessionCall& call) {
  std::vector<const Command*> rows;
  if (call.args.size() == 2) rows.assign(AllCommands().begin(), AllCommands().end());
  for (const std::string_view name : call.args.subspan(2)) {
    if (const Command* row = FindByFullName(name)) rows.push_back(row);
  }
  call.reply.Map(rows.size());
  for (const Command* row : rows) ReplyDocs(call.reply, *row);
}

void CommandList(SessionCall& call) {
  if (call.args.size() == 2) {
    return ReplyNames(call.reply, [](const Command&) { return true; });
  }
  if (call.args.size() != 5 || !EqualsIgnoreCase(call.args[2], "filterby")) {
    return call.reply.Error(kSyntaxError);
  }
  const std::string_view value = call.args[4];
  if (EqualsIgnoreCase(call.args[3], "module")) return call.reply.Array(0);  // There are none.
  if (EqualsIgnoreCase(call.args[3], "aclcat")) {
    return ReplyNames(call.reply, [value](const Command& row) {
      const std::vector<std::string_view> categories = CategoryNames(row);
      return std::any_of(categories.begin(), categories.end(), [value](std::string_view category) {
        return EqualsIgnoreCase(value, category);
      });
    });
  }
  if (EqualsIgnoreCase(call.args[3], "pattern")) {
    return ReplyNames(call.reply, [value](const Command& row) {
      return GlobMatch(value, row.name, GlobCase::kInsensitive);
    });
  }
  call.reply.Error(kSyntaxError);
}

void CommandGetKeys(SessionCall& call) {
  const std::span<const std::string_view> given = call.args.subspan(2);
  const Command* row = ResolveGiven(call, given);
  if (row == nullptr) return;
  const auto keys = KeysOfGiven(call, *row, given);
  if (!keys) return;
  call.reply.Array(keys->size());
  for (const size_t key : *keys) call.reply.Bulk(given[key]);
}

constexpr std::string_view kFlagsOfSet = "~2\n+OW\n+update";
constexpr std::string_view kFlagsOfSetGet = "~3\n+RW\n+access\n+update";

// SET reads the old value only where GET asks for it. Its row must cover both.
std::string_view FlagsOfSet(std::span<const std::string_view> given) {
  const bool reads = std::any_of(given.begin() + 3, given.end(), [](std::string_view option) {
    return EqualsIgnoreCase(option, "get");
  });
  return reads ? kFlagsOfSetGet : kFlagsOfSet;
}

void CommandGetKeysAndFlags(SessionCall& call) {
  const std::span<const std::string_view> given = call.args.subspan(2);
  const Command* row = ResolveGiven(call, given);
  if (row == nullptr) return;
  const auto keys = KeysOfGiven(call, *row, given);
  if (!keys) return;
  const CommandDoc* doc = FindCommandDoc(row->name);
  call.reply.Array(keys->size());
  // The keys stand in the order of their specifications, and only the last covers more than one.
  std::string_view flags;
  for (size_t i = 0; i < keys->size(); ++i) {
    const std::string_view own = doc != nullptr ? KeySpecFlags(doc->key_specs, i) : flags;
    if (!own.empty()) flags = own;
    if (row->name == "set") flags = FlagsOfSet(given);
    call.reply.Array(2);
    call.reply.Bulk(given[(*keys)[i]]);
    flags.empty() ? call.reply.Set(0) : ReplyText(call.reply, flags);
  }
}

void CommandHelp(SessionCall& call) {
  static constexpr std::string_view kLines[] = {
      "COMMAND <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
      "(no subcommand)",
      "    Return details about all Redis commands.",
      "COUNT",
      "    Return the total number of commands in this Redis server.",
      "LIST",
      "    Return a list of all commands in this Redis server.",
      "INFO [<command-name> ...]",
      "    Return details about multiple Redis commands.",
      "    If no command names are given, documentation details for all",
      "    commands are returned.",
      "DOCS [<command-name> ...]",
      "    Return documentation details about multiple Redis commands.",
      "    If no command names are given, documentation details for all",
      "    commands are returned.",
      "GETKEYS <full-command>",
      "    Return the keys from a full Redis command.",
      "GETKEYSANDFLAGS <full-command>",
      "    Return the keys and the access flags from a full Redis command.",
      "HELP",
      "    Prints this help.",
  };
  call.reply.Array(std::size(kLines));
  for (const std::string_view line : kLines) call.reply.Simple(line);
}

}  // namespace server::commands
