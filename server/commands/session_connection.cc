#include "server/commands/session_connection.h"

#include <cassert>
#include <cstdint>
#include <optional>
#include <string>

#include "server/commands/cluster_enabled.h"
#include "server/commands/errors.h"
#include "server/commands/node_api.h"
#include "server/commands/numbers.h"
#include "server/commands/session_client.h"
#include "server/commands/session_replies.h"
#include "storage/keyspace.h"

namespace server::commands {
namespace {

constexpr std::string_view kWrongPassword =
    "WRONGPASS invalid username-password pair or user is disabled.";

// Takes a time that hangs on the length of what the client sent only, so that nobody can find the
// password out byte by byte.
bool IsPassword(std::string_view given, std::string_view password) {
  assert(!password.empty());
  unsigned difference = given.size() == password.size() ? 0 : 1;
  for (size_t i = 0; i < given.size(); ++i) {
    const char expected = password[i % password.size()];
    difference |= static_cast<unsigned>(static_cast<unsigned char>(given[i])) ^
                  static_cast<unsigned>(static_cast<unsigned char>(expected));
  }
  return difference == 0;
}

// There is one user, and without `requirepass` any password is as good as another.
bool Authenticate(SessionCall& call, std::string_view user, std::string_view password) {
  const std::string& required = call.node.settings().requirepass;
  const bool right = required.empty() || IsPassword(password, required);
  if (user != "default" || !right) return false;
  call.session.user = "default";
  call.session.authenticated = true;
  return true;
}

void ReplyHello(SessionCall& call) {
  resp::Writer& reply = call.reply;
  reply.Map(7);
  reply.Bulk("server");
  reply.Bulk("redis");  // Clients compare it.
  reply.Bulk("version");
  reply.Bulk(kCompatibleRedisVersion);
  reply.Bulk("proto");
  reply.Integer(call.session.resp_version);
  reply.Bulk("id");
  reply.Integer(static_cast<int64_t>(call.session.id));
  reply.Bulk("mode");
  reply.Bulk(call.node.settings().cluster_enabled ? "cluster" : "standalone");
  reply.Bulk("role");
  reply.Bulk("master");
  reply.Bulk("modules");
  reply.Array(0);
}

}  // namespace

void Ping(SessionCall& call) {
  if (call.args.size() > 2) {
    return call.reply.Error("ERR wrong number of arguments for 'ping' command");
  }
  call.args.size() == 1 ? call.reply.Simple("PONG") : call.reply.Bulk(call.args[1]);
}

void Echo(SessionCall& call) { call.reply.Bulk(call.args[1]); }

void Select(SessionCall& call) {
  const std::optional<int64_t> index = ParseInteger(call.args[1]);
  if (!index) return call.reply.Error(kNotAnInteger);
  if (*index < INT32_MIN || *index > INT32_MAX) {
    return call.reply.Error(
        "ERR value is out of range, value must between -2147483648 and 2147483647");
  }
  if (call.node.settings().cluster_enabled && *index != 0) {
    return call.reply.Error("ERR SELECT is not allowed in cluster mode");
  }
  if (*index < 0 || *index >= storage::kDatabases) {
    return call.reply.Error("ERR DB index is out of range");
  }
  call.session.database = static_cast<int>(*index);
  call.reply.Ok();
}

void Quit(SessionCall& call) {
  call.session.close_after_reply = true;
  call.reply.Ok();
}

void Auth(SessionCall& call) {
  if (call.args.size() > 3) return call.reply.Error(kSyntaxError);
  const bool names_user = call.args.size() == 3;
  if (!names_user && call.node.settings().requirepass.empty()) {
    return call.reply.Error(
        "ERR AUTH <password> called without any password configured for the default user. Are you "
        "sure your configuration is correct?");
  }
  const std::string_view user = names_user ? call.args[1] : "default";
  if (!Authenticate(call, user, call.args.back())) return call.reply.Error(kWrongPassword);
  call.reply.Ok();
}

void Hello(SessionCall& call) {
  int version = call.session.resp_version;
  if (call.args.size() > 1) {
    const std::optional<int64_t> asked = ParseInteger(call.args[1]);
    if (!asked) {
      return call.reply.Error("ERR Protocol version is not an integer or out of range");
    }
    if (*asked != 2 && *asked != 3) {
      return call.reply.Error("NOPROTO unsupported protocol version");
    }
    version = static_cast<int>(*asked);
  }
  for (size_t i = 2; i < call.args.size(); ++i) {
    const size_t more = call.args.size() - 1 - i;
    if (EqualsIgnoreCase(call.args[i], "auth") && more >= 2) {
      if (!Authenticate(call, call.args[i + 1], call.args[i + 2])) {
        return call.reply.Error(kWrongPassword);
      }
      i += 2;
    } else if (EqualsIgnoreCase(call.args[i], "setname") && more >= 1) {
      if (!IsClientText(call.args[i + 1])) return call.reply.Error(kBadClientName);
      call.session.name = call.args[++i];
    } else {
      return call.reply.Error("ERR Syntax error in HELLO option '" + std::string(call.args[i]) +
                              "'");
    }
  }
  if (!call.session.authenticated) {
    return call.reply.Error(
        "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO "
        "AUTH "
        "<user> <pass> option can be used to authenticate the client and select the RESP protocol "
        "version at the same time");
  }
  call.session.resp_version = version;
  call.reply.set_version(version);
  ReplyHello(call);
}

void Reset(SessionCall& call) {
  Session& session = call.session;
  session.ForgetTransaction();
  session.database = 0;
  session.resp_version = 2;
  call.reply.set_version(2);
  session.user = "default";
  session.authenticated = call.node.settings().requirepass.empty();
  session.name.clear();
  session.readonly = false;
  session.asking = false;
  session.no_touch = false;
  session.reply_mode = ReplyMode::kOn;
  call.reply.Simple("RESET");
}

void Asking(SessionCall& call) {
  if (!RequireCluster(call)) return;
  call.session.asking = true;
  call.reply.Ok();
}

void ReadOnly(SessionCall& call) {
  if (!RequireCluster(call)) return;
  call.session.readonly = true;
  call.reply.Ok();
}

void ReadWrite(SessionCall& call) {
  if (!RequireCluster(call)) return;
  call.session.readonly = false;
  call.reply.Ok();
}

}  // namespace server::commands
