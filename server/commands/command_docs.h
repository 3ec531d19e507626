// What COMMAND DOCS and COMMAND INFO say of a command beyond its row: complexity, history,
// arguments, tips, key specifications. Generated from redis-server by tools/generate-command-docs.
#pragma once

#include <span>
#include <string_view>

#include "resp/writer.h"

namespace server::commands {

// The texts are RESP3 with one token a line and without lengths: "%2", "~1", "*3" open a map, a set
// and an array, "$text" is a bulk string, "+text" a simple one, ":7" an integer.
struct CommandDoc {
  std::string_view name;
  int extra_pairs;  // In `extra`: the pairs that follow summary, since and group.
  std::string_view extra;
  std::string_view tips;
  std::string_view key_specs;
};

std::span<const CommandDoc> AllCommandDocs();  // Sorted by name.

// Null for a command that redis-server does not know.
const CommandDoc* FindCommandDoc(std::string_view name);

// Replies what the text says.
void ReplyText(resp::Writer& reply, std::string_view text);

// The text of the flags of the specification with this number; empty when there are not so many.
std::string_view KeySpecFlags(std::string_view key_specs, size_t index);

}  // namespace server::commands
