// EXEC and WATCH: the parts of a transaction that reach partitions.
//
// All keys of a transaction lie in one partition, so it runs in one turn of that partition's shard,
// and its effects form one log entry. Commands without keys (PING, SELECT ...) run in the session;
// SELECT also decides which database the commands after it use.
#include <cassert>

#include "server/commands/key_positions.h"
#include "server/commands/session_call.h"
#include "server/net/connection.h"
#include "server/net/shard.h"
#include "server/partition/errors.h"

namespace server {
namespace {

// One queued command that runs on the partition.
struct Step {
  const Command* command;
  std::vector<std::string> args;
  int database;
};

// The session's part of a transaction may answer later; the partition's part waits for it.
struct Plan {
  std::vector<Step> steps;
  std::vector<std::string> session_replies;  // In queue order; empty where a step's reply belongs.
  std::vector<bool> is_step;
  std::shared_ptr<WatchState> watch;
  std::vector<WatchedKey> watched;
  int resp_version = 2;
  bool stale = false;
  size_t missing_replies = 1;  // One is for the session's part as a whole.
  std::function<void()> proceed;

  // Until the transaction has run, perhaps on another shard, its keys stay watched.
  ~Plan() {
    if (watch) watch->abandoned.store(true);
  }
  void ReplyArrived() {
    if (--missing_replies == 0) std::exchange(proceed, nullptr)();  // It holds this plan.
  }
};

bool WatchedChanged(const Plan& plan, Partition& partition) {
  if (!plan.watch) return false;
  // A watched key whose time has come has changed, whether or not somebody looked.
  for (const WatchedKey& key : plan.watched) partition.ExpireIfDue(key.database, key.key);
  return plan.watch->dirty.load(std::memory_order_acquire);
}

Gate RunSteps(Plan& plan, Partition& partition, std::string& out) {
  if (WatchedChanged(plan, partition)) {
    resp::Writer(out, plan.resp_version).NullArray();
    return {};
  }
  Gate last;
  bool wrote = false;
  resp::Writer writer(out, plan.resp_version);
  writer.Array(plan.is_step.size());
  size_t step = 0;
  for (size_t i = 0; i < plan.is_step.size(); ++i) {
    if (!plan.is_step[i]) {
      out += plan.session_replies[i];
      continue;
    }
    const Step& current = plan.steps[step++];
    const std::vector<std::string_view> views(current.args.begin(), current.args.end());
    Request request{.command = current.command,
                    .args = views,
                    .raw = {},
                    .database = current.database,
                    .stale = plan.stale,
                    .first_key = {}};
    const Gate gate = partition.Execute(request, writer);
    wrote = wrote || gate.index == partition.open_index();
    last.index = std::max(last.index, gate.index);
    last.read = std::max(last.read, gate.read);
  }
  // The entry's own commit proves that this was the leader. A round would not: were it lost, the
  // client would be told "not executed" of an entry that may still commit.
  if (wrote) last.read = 0;
  return last;
}

// What admission has to allow for all of a transaction: the most demanding of its commands.
const Command* Strictest(const Command* one, const Command* other) {
  const auto demand = [](const Command* command) {
    if (command == nullptr) return 0;
    if ((command->flags & kGrows) != 0) return 3;
    return (command->flags & kWrite) != 0 ? 2 : 1;
  };
  return demand(other) > demand(one) ? other : one;
}

}  // namespace

// All keys of the queue must lie in one slot. False: the error has been replied.
bool Connection::RouteQueue(const std::vector<QueuedCommand>& commands, resp::Writer& reply,
                            ExecRoute& route) const {
  for (const QueuedCommand& command : commands) {
    if (command.command->handler == nullptr) continue;
    const std::vector<std::string_view> views(command.args.begin(), command.args.end());
    uint32_t partition = 0;
    uint16_t slot = 0;
    std::string error;
    if (!Route(*command.command, views, partition, slot, error)) {
      reply.Error(error);
      return false;
    }
    if (route.strictest != nullptr && slot != route.slot) {
      reply.Error(kCrossSlotError);
      return false;
    }
    route.partition = partition;
    route.slot = slot;
    route.strictest = Strictest(route.strictest, command.command);
  }
  return true;
}

void Connection::Exec(SessionCall& call) {
  // MULTI is left first: the session's commands are not to be queued again.
  std::vector<QueuedCommand> commands = std::exchange(queued, {});
  auto plan = std::make_shared<Plan>();
  plan->watch = std::exchange(watch, nullptr);
  plan->watched = std::exchange(watched, {});
  plan->resp_version = resp_version;
  plan->stale = readonly;
  in_multi = false;
  ExecRoute route;
  const bool routed = RouteQueue(commands, call.reply, route);
  if (routed && route.strictest == nullptr && !plan->watched.empty()) {
    // No key is touched, but whether a watched one has expired is known where it lives.
    route.strictest = &call.command;
    if (shard_.topology()->cluster_enabled) {
      route.slot = discovery::SlotOf(plan->watched.front().key);
      route.partition = shard_.partition_map().PartitionOf(route.slot);
    }
  }
  const bool changed = plan->watch && plan->watch->dirty.load(std::memory_order_acquire);
  if (routed && changed) call.reply.NullArray();
  if (!routed || changed) return;

  plan->session_replies.resize(commands.size());
  const auto answer = Defer();
  plan->proceed = [this, self = self_, plan, route, answer] {
    if (*self == nullptr) return;
    if (route.strictest == nullptr) {  // Nothing touches a key.
      std::string reply;
      resp::Writer(reply, plan->resp_version).Array(plan->is_step.size());
      for (const std::string& part : plan->session_replies) reply += part;
      return answer(std::move(reply));
    }
    Deferred deferred;
    deferred.command = route.strictest;
    deferred.stale = plan->stale;
    deferred.slot = route.slot;
    deferred.run = [plan](Partition& on, std::string& out) { return RunSteps(*plan, on, out); };
    deferred.answer = answer;
    shard_.OnPartition(route.partition, std::move(deferred));
  };
  for (size_t i = 0; i < commands.size(); ++i) {
    const bool is_step = commands[i].command->handler != nullptr;
    plan->is_step.push_back(is_step);
    if (is_step) {
      plan->steps.push_back({commands[i].command, std::move(commands[i].args), database});
    } else {
      RunQueuedInSession(
          commands[i],
          [plan, i](std::string reply) {
            plan->session_replies[i] = std::move(reply);
            plan->ReplyArrived();
          },
          plan->missing_replies);
    }
  }
  plan->ReplyArrived();
}

// A session command of a transaction: `done` gets its reply, at once or later.
void Connection::RunQueuedInSession(const QueuedCommand& command,
                                    std::function<void(std::string)> done, size_t& missing) {
  ++missing;
  std::string reply;
  resp::Writer writer(reply, resp_version);
  const std::vector<std::string_view> views(command.args.begin(), command.args.end());
  SessionCall inner{*command.command, views, writer, *this, shard_};
  captured_ = done;
  command.command->session(inner);
  const bool later = captured_ == nullptr;  // Defer took it.
  captured_ = nullptr;
  if (!later) done(std::move(reply));
}

void Connection::Watch(SessionCall& call) {
  if (!watch) watch = std::make_shared<WatchState>();
  struct Watching {
    size_t missing;
    std::string reply;
    std::function<void(std::string)> answer;
  };
  auto watching = std::make_shared<Watching>();
  watching->missing = call.args.size() - 1;
  watching->answer = Defer();
  for (const std::string_view key : call.args.subspan(1)) {
    watched.push_back({database, std::string(key)});
    Deferred deferred;
    deferred.command = &call.command;
    deferred.stale = readonly;
    deferred.slot = discovery::SlotOf(key);
    deferred.run = [state = watch, own = watched.back()](Partition& on, std::string& out) {
      on.Watch(own.database, own.key, state);
      resp::Writer(out, 2).Ok();
      return Gate{};
    };
    deferred.answer = [watching](std::string reply) {
      if (watching->reply.empty() || reply[0] == '-') watching->reply = std::move(reply);
      if (--watching->missing == 0) watching->answer(std::move(watching->reply));
    };
    const bool many = shard_.topology()->cluster_enabled;
    const uint32_t partition = many ? shard_.partition_map().PartitionOf(deferred.slot) : 0;
    shard_.OnPartition(partition, std::move(deferred));
  }
}

// How many replicas hold what this node has committed and proposed. An acknowledged write is on a
// majority already; WAIT tells of more.
void Connection::Wait(SessionCall&, int64_t replicas, int64_t timeout_ms) {
  shard_.WaitForReplicas(replicas, timeout_ms, [answer = Defer()](int64_t reached) {
    answer(":" + std::to_string(reached) + "\r\n");
  });
}

}  // namespace server
