#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

#include "server/commands/command.h"
#include "server/commands/command_docs.h"
#include "server/commands/key_positions.h"

namespace server {
namespace {

using Args = std::vector<std::string_view>;

std::vector<std::string_view> KeysOf(const Args& args) {
  const Command* row = FindCommand(args[0]);
  std::vector<std::string_view> keys;
  const bool found = ForEachKey(*row, args, [&keys](std::string_view key) { keys.push_back(key); });
  if (!found) keys = {"<invalid>"};
  return keys;
}

TEST_CASE("command table: every row is found by its name in any case") {
  std::set<std::string_view> names;
  for (const Command* row : AllCommands()) {
    CAPTURE(row->name);
    CHECK(names.insert(row->name).second);
    CHECK((FindCommand(row->name) == row));
    std::string upper(row->name);
    for (char& c : upper) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
    CHECK((FindCommand(upper) == row));
    for (const Command& subcommand : row->subcommands) {
      CAPTURE(subcommand.name);
      const std::string_view own = subcommand.name.substr(row->name.size() + 1);
      CHECK((FindSubcommand(*row, own) == &subcommand));
    }
  }
}

void CheckHandlers(const Command& row) {
  CAPTURE(row.name);
  const bool on_partition = row.handler != nullptr;
  const bool in_session = row.session != nullptr;
  CHECK(!(on_partition && in_session));
  // Only a container may have neither: dispatch runs its subcommands, and refuses anything else.
  const bool runs = on_partition || in_session;
  CHECK((runs || !row.subcommands.empty()));
  // Admission hangs on it.
  const bool tells_access = (row.flags & (kWrite | kRead)) != 0;
  CHECK((tells_access || !on_partition));
  for (const Command& subcommand : row.subcommands) CheckHandlers(subcommand);
}

TEST_CASE("command table: a row runs in one place, and on a partition it reads or writes") {
  for (const Command* row : AllCommands()) CheckHandlers(*row);
}

TEST_CASE("command table: other names are not found") {
  for (const std::string_view name :
       {"", "ge", "gett", "get ", "g\x45T\x01", "GE\x34", "nosuchcommand",
        "a name much longer than that of any command there is"}) {
    CAPTURE(name);
    CHECK((FindCommand(name) == nullptr));
  }
  CHECK((FindSubcommand(*FindCommand("object"), "nothing") == nullptr));
}

TEST_CASE("command table: keys are told by first, last and step, or by their count") {
  CHECK(KeysOf({"get", "a"}) == Args{"a"});
  CHECK(KeysOf({"del", "a", "b", "c"}) == Args{"a", "b", "c"});
  CHECK(KeysOf({"mset", "a", "1", "b", "2"}) == Args{"a", "b"});
  CHECK(KeysOf({"lmove", "a", "b", "left", "right"}) == Args{"a", "b"});
  CHECK(KeysOf({"dbsize"}).empty());
  CHECK(KeysOf({"sintercard", "2", "a", "b", "limit", "1"}) == Args{"a", "b"});
  CHECK(KeysOf({"sintercard", "3", "a", "b"}) == Args{"<invalid>"});
  CHECK(KeysOf({"sintercard", "x", "a", "b"}) == Args{"<invalid>"});
}

TEST_CASE("command docs: the generated texts are found, and read back as RESP2 and RESP3") {
  const commands::CommandDoc* doc = commands::FindCommandDoc("get");
  REQUIRE((doc != nullptr));
  CHECK((commands::FindCommandDoc("nosuchcommand") == nullptr));
  CHECK(commands::KeySpecFlags(doc->key_specs, 0) == "~2\n+RO\n+access");
  CHECK(commands::KeySpecFlags(doc->key_specs, 1).empty());

  std::string out;
  resp::Writer writer(out, 3);
  commands::ReplyText(writer, "%1\n$a\n~2\n+b\n:3");
  CHECK(out == "%1\r\n$1\r\na\r\n~2\r\n+b\r\n:3\r\n");
  out.clear();
  writer.set_version(2);
  commands::ReplyText(writer, "%1\n$a\n~2\n+b\n:3");
  CHECK(out == "*2\r\n$1\r\na\r\n*2\r\n+b\r\n:3\r\n");
}

}  // namespace
}  // namespace server
