// A command's way from its connection: checks in the order in which Redis makes them (server.c,
// processCommand), then to the session, to a partition of this shard, or to where its partition
// lives.
#include <algorithm>
#include <cassert>

#include "server/commands/key_positions.h"
#include "server/commands/session_call.h"
#include "server/net/connection.h"
#include "server/net/fan_out.h"
#include "server/net/shard.h"
#include "server/partition/errors.h"

namespace server {
namespace {

using Args = std::span<const std::string_view>;

bool Is(const Command& command, std::string_view name) { return command.name == name; }

std::string UnknownCommand(Args args) {
  std::string text = "ERR unknown command '" + std::string(args[0].substr(0, 128)) +
                     "', with args beginning with: ";
  std::string shown;
  for (size_t i = 1; i < args.size() && shown.size() < 128; ++i) {
    shown += "'" + std::string(args[i].substr(0, 128 - shown.size())) + "' ";
  }
  return text + shown;
}

std::string UnknownSubcommand(Args args) {
  std::string container(args[0]);
  std::transform(container.begin(), container.end(), container.begin(),
                 [](unsigned char c) { return std::toupper(c); });
  return "ERR unknown subcommand '" + std::string(args[1].substr(0, 128)) + "'. Try " + container +
         " HELP.";
}

std::string WrongArity(const Command& command) {
  return "ERR wrong number of arguments for '" + std::string(command.name) + "' command";
}

// What runs at once inside MULTI instead of being queued.
bool RunsInsideMulti(const Command& command) {
  return Is(command, "exec") || Is(command, "discard") || Is(command, "multi") ||
         Is(command, "watch") || Is(command, "quit") || Is(command, "reset");
}

}  // namespace

void Connection::Dispatch(Pending& pending) {
  shard_.stats().commands.Add();
  resp::Writer reply(output_.buffer(), resp_version);
  std::string error;
  if (Refuse(pending, error)) [[unlikely]] {
    if (closed()) return;
    shard_.stats().errors.Add();
    if (pending.command != nullptr && Is(*pending.command, "exec")) {
      // A transaction whose EXEC is refused is over.
      ForgetTransaction();
      error = "EXECABORT Transaction discarded because of: " +
              (error.starts_with("ERR ") ? error.substr(4) : error);
    } else if (in_multi) {
      multi_failed = true;
    }
    reply.Error(error);
    return CloseReply(nullptr, {});
  }
  const Command& command = *pending.command;
  last_command = &command;
  if (in_multi && !RunsInsideMulti(command)) return Enqueue(pending, reply);
  if (command.session != nullptr) return RunInSession(command, pending.parsed.args);
  RunOnPartition(pending, reply);
}

// True: unknown, malformed or not allowed, and `error` says why, or the connection is closed.
bool Connection::Refuse(Pending& pending, std::string& error) {
  const Args args = pending.parsed.args;
  if (pending.command == nullptr) [[unlikely]] {
    // A browser that was tricked into talking to us (cross-protocol attack) must not go on.
    if (commands::EqualsIgnoreCase(args[0], "post") ||
        commands::EqualsIgnoreCase(args[0], "host:")) {
      Close();
      return true;
    }
    error = UnknownCommand(args);
    return true;
  }
  const Command*& command = pending.command;
  if (!command->subcommands.empty() && args.size() >= 2) {
    const Command* subcommand = FindSubcommand(*command, args[1]);
    if (subcommand == nullptr) {
      error = UnknownSubcommand(args);
      return true;
    }
    command = subcommand;
  }
  if (!ArityFits(*command, args.size())) {
    error = WrongArity(*command);
    return true;
  }
  if (!authenticated && (command->flags & kNoAuth) == 0) [[unlikely]] {
    error = "NOAUTH Authentication required.";
    return true;
  }
  if (shard_.loading() && (command->flags & kLoading) == 0) [[unlikely]] {
    error = kLoadingError;
    return true;
  }
  return false;
}

void Connection::Enqueue(const Pending& pending, resp::Writer& reply) {
  const Command& command = *pending.command;
  const auto refuse = [&](std::string_view error) {
    multi_failed = true;
    reply.Error(error);
    CloseReply(nullptr, {});
  };
  if ((command.flags & kNoMulti) != 0)
    return refuse("ERR Command not allowed inside a transaction");
  // What waits for EXEC takes memory whatever it does later.
  if (shard_.out_of_memory()) return refuse(kOutOfMemoryError);
  if (command.handler != nullptr) {
    uint32_t partition = 0;
    uint16_t slot = 0;
    std::string error;
    if (!Route(command, pending.parsed.args, partition, slot, error)) return refuse(error);
  }
  QueuedCommand queued_command{&command, {}};
  queued_command.args.reserve(pending.parsed.args.size());
  for (const std::string_view arg : pending.parsed.args) queued_command.args.emplace_back(arg);
  queued.push_back(std::move(queued_command));
  reply.Simple("QUEUED");
  CloseReply(nullptr, {});
}

void Connection::RunInSession(const Command& command, Args args) {
  resp::Writer reply(output_.buffer(), resp_version);
  SessionCall call{command, args, reply, *this, shard_};
  reply_reserved_ = false;
  command.session(call);
  if (!reply_reserved_) CloseReply(nullptr, {});
  reply_reserved_ = false;
}

// The partition that holds the command's keys. False: it cannot be told, and `error` says why.
bool Connection::Route(const Command& command, Args args, uint32_t& partition, uint16_t& slot,
                       std::string& error) const {
  partition = 0;
  slot = 0;
  if (!shard_.topology()->cluster_enabled) return true;
  bool first = true;
  bool same = true;
  // Where the arguments cannot be right there is no key, and the handler of any partition will say
  // so.
  const auto visit = [&](std::string_view key) {
    const uint16_t key_slot = discovery::SlotOf(key);
    same = same && (first || key_slot == slot);
    slot = key_slot;
    first = false;
  };
  (void)ForEachKey(command, args, visit);
  if (!same) {
    error = kCrossSlotError;
    return false;
  }
  if (!shard_.topology()->formed) {
    error = "CLUSTERDOWN Hash slot not served";
    return false;
  }
  if (shard_.cluster_is_down()) [[unlikely]] {
    const bool reads = shard_.settings().cluster_allow_reads_when_down;
    if (!reads || (command.flags & kWrite) != 0) {
      error = reads ? kClusterDownReadsOnlyError : kClusterDownError;
      return false;
    }
  }
  partition = shard_.partition_map().PartitionOf(slot);
  return true;
}

void Connection::RunOnPartition(Pending& pending, resp::Writer& reply) {
  const Command& command = *pending.command;
  const bool many = shard_.topology()->cluster_enabled;
  if ((command.flags & kAllKeys) != 0 && many) return RunOnAllPartitions(pending);

  uint32_t partition_id = 0;
  uint16_t slot = 0;
  if (many) {
    std::string error;
    if (!Route(command, pending.parsed.args, partition_id, slot, error)) {
      reply.Error(error);
      return CloseReply(nullptr, {});
    }
  }
  PartitionHost* host = shard_.host(partition_id);
  if (host == nullptr) return Forward(pending, partition_id, slot);
  if (host->has_waiting()) return Forward(pending, partition_id, slot);

  Partition& partition = host->partition();
  switch (partition.Admit(command, readonly, shard_.monotonic_ms())) {
    case Admission::kYes:
      break;
    case Admission::kNoLeader:
      return Forward(pending, partition_id, slot);
    case Admission::kMoved:
      reply.Error(shard_.MovedError(slot, partition.leader()));
      shard_.stats().moved.Add();
      return CloseReply(nullptr, {});
    case Admission::kLoading:
      reply.Error(kLoadingError);
      return CloseReply(nullptr, {});
    case Admission::kOutOfMemory:
      reply.Error(kOutOfMemoryError);
      return CloseReply(nullptr, {});
    case Admission::kCheckpointFailed:
      reply.Error(kCheckpointFailedError);
      return CloseReply(nullptr, {});
    case Admission::kDiskError:
      reply.Error(kDiskError);
      return CloseReply(nullptr, {});
  }
  shard_.Activate(*host);
  Request request{.command = &command,
                  .args = pending.parsed.args,
                  .raw = pending.parsed.raw,
                  .database = database,
                  .stale = readonly,
                  .first_key = {}};
  if (pending.has_key && pending.host == host) request.first_key = pending.first_key;
  const Gate gate = partition.Execute(request, reply);
  CloseReply(&partition, gate);
}

namespace {

// A command with bytes of its own, to run in another turn or on another shard.
Deferred DeferredOf(const Command& command, Args args, int database, bool stale, int resp_version,
                    uint16_t slot) {
  auto own = std::make_shared<std::vector<std::string>>(args.begin(), args.end());
  Deferred deferred;
  deferred.command = &command;
  deferred.stale = stale;
  deferred.slot = slot;
  for (const std::string& arg : *own) deferred.bytes += arg.size() + sizeof arg;
  deferred.run = [own, &command, database, stale, resp_version](Partition& partition,
                                                                std::string& out) {
    const std::vector<std::string_view> views(own->begin(), own->end());
    resp::Writer writer(out, resp_version);
    return partition.Execute({.command = &command,
                              .args = views,
                              .raw = {},
                              .database = database,
                              .stale = stale,
                              .first_key = {}},
                             writer);
  };
  return deferred;
}

}  // namespace

void Connection::Forward(const Pending& pending, uint32_t partition, uint16_t slot) {
  Deferred deferred =
      DeferredOf(*pending.command, pending.parsed.args, database, readonly, resp_version, slot);
  reply_reserved_ = false;
  deferred.answer = Defer();
  reply_reserved_ = false;
  shard_.OnPartition(partition, std::move(deferred));
}

void Connection::RunOnAllPartitions(const Pending& pending) {
  reply_reserved_ = false;
  FanOut::Run(shard_, *pending.command, pending.parsed.args, resp_version, Defer());
  reply_reserved_ = false;
}

}  // namespace server
