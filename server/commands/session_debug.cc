// DEBUG: the subcommands that tests of clients use, where they are real.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>

#include "server/commands/numbers.h"
#include "server/commands/session_replies.h"
#include "server/commands/session_server.h"

namespace server::commands {
namespace {

// Blocks the shard's thread, as it does in Redis: that is what it is for. What is not a number is
// zero, as strtod reads it.
void Sleep(SessionCall& call) {
  const double seconds = std::strtod(std::string(call.args[2]).c_str(), nullptr);
  constexpr double kLongestSeconds = 86'400;
  if (seconds > 0) {
    std::this_thread::sleep_for(std::chrono::duration<double>(std::min(seconds, kLongestSeconds)));
  }
  call.reply.Ok();
}

// One reply of each type, for tests of a client's parser.
void Protocol(SessionCall& call) {
  const std::string_view type = call.args[2];
  resp::Writer& reply = call.reply;
  if (EqualsIgnoreCase(type, "string")) return reply.Bulk("Hello World");
  if (EqualsIgnoreCase(type, "integer")) return reply.Integer(12345);
  if (EqualsIgnoreCase(type, "double")) return reply.Double(3.141);
  if (EqualsIgnoreCase(type, "null")) return reply.Null();
  if (EqualsIgnoreCase(type, "true")) return reply.Bool(true);
  if (EqualsIgnoreCase(type, "false")) return reply.Bool(false);
  if (EqualsIgnoreCase(type, "verbatim"))
    return reply.Verbatim("This is a verbatim\nstring", "txt");
  if (EqualsIgnoreCase(type, "array") || EqualsIgnoreCase(type, "set")) {
    EqualsIgnoreCase(type, "array") ? reply.Array(3) : reply.Set(3);
    for (int i = 0; i < 3; ++i) reply.Integer(i);
    return;
  }
  if (EqualsIgnoreCase(type, "map")) {
    reply.Map(3);
    for (int i = 0; i < 3; ++i) {
      reply.Integer(i);
      reply.Bool(i == 1);
    }
    return;
  }
  reply.Error(
      "ERR Wrong protocol type name. Please use one of the following: "
      "string|integer|double|null|array|set|map|verbatim|true|false");
}

void Help(SessionCall& call) {
  static constexpr std::string_view kLines[] = {
      "DEBUG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
      "ERROR <string>",
      "    Return a Redis protocol error with <string> as message. Useful for clients",
      "    unit tests to simulate Redis errors.",
      "PROTOCOL <type>",
      "    Reply with a test value of the specified type. <type> can be: string,",
      "    integer, double, null, array, set, map, verbatim, true, false.",
      "SLEEP <seconds>",
      "    Stop the server for <seconds>. Decimals allowed.",
      "HELP",
      "    Prints this help.",
  };
  ReplyLines(call.reply, kLines);
}

}  // namespace

void Debug(SessionCall& call) {
  const std::string_view name = call.args[1];
  const size_t count = call.args.size();
  if (EqualsIgnoreCase(name, "sleep") && count == 3) return Sleep(call);
  if (EqualsIgnoreCase(name, "error") && count == 3) return call.reply.Error(call.args[2]);
  if (EqualsIgnoreCase(name, "protocol") && count == 3) return Protocol(call);
  if (EqualsIgnoreCase(name, "help") && count == 2) return Help(call);
  call.reply.Error("ERR unknown subcommand or wrong number of arguments for '" +
                   std::string(name.substr(0, 128)) + "'. Try DEBUG HELP.");
}

}  // namespace server::commands
