#include "server/commands/session_client.h"

#include <algorithm>
#include <string>

#include "server/commands/errors.h"
#include "server/commands/node_api.h"
#include "server/commands/numbers.h"
#include "server/commands/session_client_filter.h"
#include "server/commands/session_replies.h"

namespace server::commands {
namespace {

// Reads ON or OFF into `value`; false after an error reply.
bool ParseSwitch(SessionCall& call, bool& value) {
  const bool on = EqualsIgnoreCase(call.args[2], "on");
  if (!on && !EqualsIgnoreCase(call.args[2], "off")) {
    call.reply.Error(kSyntaxError);
    return false;
  }
  value = on;
  return true;
}

}  // namespace

bool IsClientText(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '!' && c <= '~'; });
}

void ClientId(SessionCall& call) { call.reply.Integer(static_cast<int64_t>(call.session.id)); }

void ClientGetName(SessionCall& call) {
  call.session.name.empty() ? call.reply.Null() : call.reply.Bulk(call.session.name);
}

void ClientSetName(SessionCall& call) {
  if (!IsClientText(call.args[2])) return call.reply.Error(kBadClientName);
  call.session.name = call.args[2];
  call.reply.Ok();
}

// Of Redis 7.2: clients send it as they connect, whatever the server's version.
void ClientSetInfo(SessionCall& call) {
  const std::string attribute(call.args[2]);
  const bool is_name = EqualsIgnoreCase(attribute, "lib-name");
  if (!is_name && !EqualsIgnoreCase(attribute, "lib-ver")) {
    return call.reply.Error("ERR Unrecognized option '" + attribute + "'");
  }
  if (!IsClientText(call.args[3])) {
    return call.reply.Error("ERR " + attribute +
                            " cannot contain spaces, newlines or special characters.");
  }
  (is_name ? call.session.library_name : call.session.library_version) = call.args[3];
  call.reply.Ok();
}

void ClientInfo(SessionCall& call) {
  std::string line;
  DescribeClient(call.session, call.node, call.node.wall_ms(), line);
  line += '\n';
  call.reply.Verbatim(line, "txt");
}

// The connection looks at the mode when a reply is complete, and SKIP is over then. SKIP's own
// reply, which is none, is therefore given through Defer first: the next one is the one to be
// dropped.
void ClientReply(SessionCall& call) {
  Session& session = call.session;
  if (EqualsIgnoreCase(call.args[2], "on")) {
    session.reply_mode = ReplyMode::kOn;
    call.reply.Ok();
  } else if (EqualsIgnoreCase(call.args[2], "off")) {
    session.reply_mode = ReplyMode::kOff;
  } else if (EqualsIgnoreCase(call.args[2], "skip")) {
    if (session.reply_mode == ReplyMode::kOff) return;
    session.Defer()({});
    session.reply_mode = ReplyMode::kSkipNext;
  } else {
    call.reply.Error(kSyntaxError);
  }
}

void ClientNoEvict(SessionCall& call) {
  if (ParseSwitch(call, call.session.no_evict)) call.reply.Ok();
}

void ClientNoTouch(SessionCall& call) {
  if (ParseSwitch(call, call.session.no_touch)) call.reply.Ok();
}

// There is no tracking, and these say so.
void ClientGetRedir(SessionCall& call) { call.reply.Integer(-1); }

void ClientTrackingInfo(SessionCall& call) {
  call.reply.Map(3);
  call.reply.Bulk("flags");
  call.reply.Set(1);
  call.reply.Bulk("off");
  call.reply.Bulk("redirect");
  call.reply.Integer(-1);
  call.reply.Bulk("prefixes");
  call.reply.Array(0);
}

void ClientHelp(SessionCall& call) {
  static constexpr std::string_view kLines[] = {
      "CLIENT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
      "GETREDIR",
      "    Return the client ID we are redirecting to when tracking is enabled.",
      "GETNAME",
      "    Return the name of the current connection.",
      "ID",
      "    Return the ID of the current connection.",
      "INFO",
      "    Return information about the current client connection.",
      "KILL <ip:port>",
      "    Kill connection made from <ip:port>.",
      "KILL <option> <value> [<option> <value> [...]]",
      "    Kill connections. Options are:",
      "    * ADDR (<ip:port>|<unixsocket>:0)",
      "      Kill connections made from the specified address",
      "    * LADDR (<ip:port>|<unixsocket>:0)",
      "      Kill connections made to specified local address",
      "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
      "      Kill connections by type.",
      "    * USER <username>",
      "      Kill connections authenticated by <username>.",
      "    * SKIPME (YES|NO)",
      "      Skip killing current connection (default: yes).",
      "LIST [options ...]",
      "    Return information about client connections. Options:",
      "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
      "      Return clients of specified type.",
      "    * ID <client-id> [<client-id> ...]",
      "      Return clients of specified IDs only.",
      "REPLY (ON|OFF|SKIP)",
      "    Control the replies sent to the current connection.",
      "SETINFO (LIB-NAME|LIB-VER) <value>",
      "    Set client meta attr.",
      "SETNAME <name>",
      "    Assign the name <name> to the current connection.",
      "TRACKINGINFO",
      "    Report tracking status for the current connection.",
      "NO-EVICT (ON|OFF)",
      "    Protect current client connection from eviction.",
      "NO-TOUCH (ON|OFF)",
      "    Will not touch LRU/LFU stats when this mode is on.",
      "HELP",
      "    Prints this help.",
  };
  ReplyLines(call.reply, kLines);
}

}  // namespace server::commands
