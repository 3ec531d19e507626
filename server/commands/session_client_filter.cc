#include "server/commands/session_client_filter.h"

#include <algorithm>

#include "server/commands/numbers.h"

namespace server::commands {
namespace {

void Field(std::string& out, std::string_view name, std::string_view value) {
  if (!out.empty() && out.back() != '\n') out += ' ';
  out += name;
  out += '=';
  out += value;
}

void Field(std::string& out, std::string_view name, int64_t value) {
  Field(out, name, Decimal(value).view());
}

std::string Flags(const Session& session) {
  std::string flags;
  if (session.in_multi) flags += 'x';
  if (session.watch && session.watch->dirty.load(std::memory_order_relaxed)) flags += 'd';
  if (session.close_after_reply) flags += 'c';
  if (session.unix_socket) flags += 'U';
  if (session.readonly) flags += 'r';
  if (session.no_evict) flags += 'e';
  if (session.no_touch) flags += 'T';
  if (flags.empty()) flags += 'N';
  return flags;
}

int64_t QueuedBytes(const Session& session) {
  size_t bytes = 0;
  for (const QueuedCommand& command : session.queued) {
    for (const std::string& arg : command.args) bytes += arg.size() + sizeof arg;
  }
  return static_cast<int64_t>(bytes);
}

int64_t SecondsSince(int64_t then_ms, int64_t now_ms) {
  return std::max<int64_t>(now_ms - then_ms, 0) / 1000;
}

}  // namespace

std::optional<ClientType> ParseClientType(std::string_view name) {
  if (EqualsIgnoreCase(name, "normal")) return ClientType::kNormal;
  if (EqualsIgnoreCase(name, "slave")) return ClientType::kReplica;
  if (EqualsIgnoreCase(name, "replica")) return ClientType::kReplica;
  if (EqualsIgnoreCase(name, "pubsub")) return ClientType::kPubSub;
  if (EqualsIgnoreCase(name, "master")) return ClientType::kMaster;
  return std::nullopt;
}

bool ClientFilter::Matches(const Session& session) const {
  if (address && *address != session.address) return false;
  if (local_address && *local_address != session.local_address) return false;
  if (user && *user != session.user) return false;
  if (type && *type != ClientType::kNormal) return false;
  if (!ids.empty() && std::find(ids.begin(), ids.end(), session.id) == ids.end()) return false;
  return !but_not || *but_not != session.id;
}

void DescribeClient(const Session& session, const NodeApi& node, int64_t now_ms, std::string& out) {
  const auto input_bytes = static_cast<int64_t>(node.input_bytes(session));
  const auto output_bytes = static_cast<int64_t>(node.output_bytes(session));
  const int64_t queued_bytes = QueuedBytes(session);
  const auto queued = static_cast<int64_t>(session.queued.size());
  Field(out, "id", static_cast<int64_t>(session.id));
  Field(out, "addr", session.address);
  Field(out, "laddr", session.local_address);
  Field(out, "fd", session.file_descriptor);
  Field(out, "name", session.name);
  Field(out, "age", SecondsSince(session.created_ms, now_ms));
  Field(out, "idle", SecondsSince(session.last_active_ms, now_ms));
  Field(out, "flags", Flags(session));
  Field(out, "db", session.database);
  Field(out, "sub", 0);
  Field(out, "psub", 0);
  Field(out, "ssub", 0);
  Field(out, "multi", session.in_multi ? queued : -1);
  Field(out, "qbuf", input_bytes);
  Field(out, "qbuf-free", 0);
  Field(out, "argv-mem", 0);
  Field(out, "multi-mem", queued_bytes);
  Field(out, "rbs", 0);
  Field(out, "rbp", 0);
  Field(out, "obl", 0);
  Field(out, "oll", output_bytes > 0 ? 1 : 0);
  Field(out, "omem", output_bytes);
  Field(out, "tot-mem",
        static_cast<int64_t>(sizeof session) + input_bytes + output_bytes + queued_bytes);
  Field(out, "events", output_bytes > 0 ? "rw" : "r");
  Field(out, "cmd", session.last_command != nullptr ? session.last_command->name : "NULL");
  Field(out, "user", session.user);
  Field(out, "redir", -1);
  Field(out, "resp", session.resp_version);
  // Of Redis 7.2, with CLIENT SETINFO; who does not use it sees the line of 7.0.
  if (!session.library_name.empty()) Field(out, "lib-name", session.library_name);
  if (!session.library_version.empty()) Field(out, "lib-ver", session.library_version);
}

}  // namespace server::commands
