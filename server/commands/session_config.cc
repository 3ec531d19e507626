#include "server/commands/session_config.h"

#include <string>
#include <utility>
#include <vector>

#include "server/commands/errors.h"
#include "server/commands/node_api.h"
#include "server/commands/session_replies.h"

namespace server::commands {

void ConfigGet(SessionCall& call) {
  const auto patterns = call.args.subspan(2);
  auto answer = call.session.Defer();
  call.node.ConfigGet({patterns.begin(), patterns.end()}, call.reply.version(), std::move(answer));
}

void ConfigSet(SessionCall& call) {
  const auto given = call.args.subspan(2);
  if (given.size() % 2 != 0) return call.reply.Error(kSyntaxError);
  std::vector<std::pair<std::string, std::string>> pairs;
  for (size_t i = 0; i < given.size(); i += 2) pairs.emplace_back(given[i], given[i + 1]);
  auto answer = call.session.Defer();
  call.node.ConfigSet(std::move(pairs), std::move(answer));
}

void ConfigRewrite(SessionCall& call) {
  auto answer = call.session.Defer();
  call.node.ConfigRewrite(std::move(answer));
}

void ConfigResetStat(SessionCall& call) {
  call.node.ConfigResetStat();
  call.reply.Ok();
}

void ConfigHelp(SessionCall& call) {
  static constexpr std::string_view kLines[] = {
      "CONFIG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
      "GET <pattern>",
      "    Return parameters matching the glob-like <pattern> and their values.",
      "SET <directive> <value>",
      "    Set the configuration <directive> to <value>.",
      "RESETSTAT",
      "    Reset statistics reported by the INFO command.",
      "REWRITE",
      "    Rewrite the configuration file.",
      "HELP",
      "    Prints this help.",
  };
  ReplyLines(call.reply, kLines);
}

}  // namespace server::commands
