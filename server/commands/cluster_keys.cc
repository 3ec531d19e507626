// CLUSTER COUNTKEYSINSLOT and GETKEYSINSLOT: they run where the slot's partition is.
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "discovery/partition_map.h"
#include "server/commands/call.h"
#include "server/commands/cluster_commands.h"
#include "server/commands/cluster_enabled.h"
#include "server/commands/errors.h"
#include "server/commands/node_api.h"
#include "server/commands/numbers.h"

namespace server::commands {
namespace {

// Visits the keys of a slot until `visit` returns false. Keys are not indexed by slot, which would
// cost memory and time on every write for what operators ask now and then: this walks all keys of
// the partition, about 1 / partitions of what the cluster holds, in one turn.
template <typename Visit>
void ForEachKeyInSlot(Call& call, int64_t slot, Visit visit) {
  call.ReadsWholeKeyspace();
  constexpr size_t kStep = 1024;
  uint64_t cursor = 0;
  bool more = true;
  do {
    cursor = call.db().Scan(cursor, kStep, [&](const storage::Item& item) {
      if (!more || discovery::SlotOf(item.key()) != slot || call.IsExpired(item)) return;
      more = visit(item.key());
    });
  } while (more && cursor != 0);
}

// The parts that run on the partition. Their arguments have been checked in the session.
void CountKeysOnPartition(Call& call) {
  int64_t count = 0;
  ForEachKeyInSlot(call, *ParseInteger(call.args[2]), [&count](std::string_view) {
    ++count;
    return true;
  });
  call.reply.Integer(count);
}

void GetKeysOnPartition(Call& call) {
  const auto count_max = static_cast<size_t>(*ParseInteger(call.args[3]));
  std::vector<std::string> keys;
  if (count_max > 0) {
    ForEachKeyInSlot(call, *ParseInteger(call.args[2]), [&](std::string_view key) {
      keys.emplace_back(key);
      return keys.size() < count_max;
    });
  }
  call.reply.Array(keys.size());
  for (const std::string& key : keys) call.reply.Bulk(key);
}

// Rows of their own: as reads they are admitted and gated, while COMMAND INFO shows what Redis's
// rows show.
constexpr Command kCountKeys = {"cluster|countkeysinslot", 3,       kRead,     {},
                                CountKeysOnPartition,      nullptr, "cluster", "3.0.0",
                                "On the partition."};
constexpr Command kGetKeys = {"cluster|getkeysinslot", 4,       kRead,     {},
                              GetKeysOnPartition,      nullptr, "cluster", "3.0.0",
                              "On the partition."};

// Runs `row` with the call's arguments on the slot's partition. False: this node has no part of it.
bool RunOnPartition(SessionCall& call, const Command& row, uint16_t slot) {
  const Topology& topology = *call.node.topology();
  if (topology.partitions.empty()) return false;
  const discovery::PartitionMap map(static_cast<uint32_t>(topology.partitions.size()));
  const uint32_t partition = map.PartitionOf(slot);
  const std::vector<raft::NodeId>& replicas = topology.partitions[partition].replicas;
  if (std::find(replicas.begin(), replicas.end(), topology.self) == replicas.end()) return false;

  auto own = std::make_shared<std::vector<std::string>>(call.args.begin(), call.args.end());
  Deferred deferred;
  deferred.command = &row;
  deferred.stale = true;  // They ask what this node holds, as a leader or as a follower.
  deferred.slot = slot;
  deferred.bytes = sizeof(Deferred);
  deferred.run = [own, &row, version = call.reply.version()](Partition& on, std::string& out) {
    const std::vector<std::string_view> views(own->begin(), own->end());
    resp::Writer writer(out, version);
    return on.Execute(
        {.command = &row, .args = views, .raw = {}, .database = 0, .stale = true, .first_key = {}},
        writer);
  };
  deferred.answer = call.session.Defer();
  call.node.OnPartition(partition, std::move(deferred));
  return true;
}

bool IsSlot(int64_t slot) { return slot >= 0 && slot < discovery::kSlots; }

}  // namespace

void ClusterCountKeysInSlot(SessionCall& call) {
  if (!RequireCluster(call)) return;
  const std::optional<int64_t> slot = ParseInteger(call.args[2]);
  if (!slot) return call.reply.Error(kNotAnInteger);
  if (!IsSlot(*slot)) return call.reply.Error("ERR Invalid slot");
  if (!RunOnPartition(call, kCountKeys, static_cast<uint16_t>(*slot))) call.reply.Integer(0);
}

void ClusterGetKeysInSlot(SessionCall& call) {
  if (!RequireCluster(call)) return;
  const std::optional<int64_t> slot = ParseInteger(call.args[2]);
  if (!slot) return call.reply.Error(kNotAnInteger);
  const std::optional<int64_t> count_max = ParseInteger(call.args[3]);
  if (!count_max) return call.reply.Error(kNotAnInteger);
  if (!IsSlot(*slot) || *count_max < 0) {
    return call.reply.Error("ERR Invalid slot or number of keys");
  }
  if (!RunOnPartition(call, kGetKeys, static_cast<uint16_t>(*slot))) call.reply.Array(0);
}

}  // namespace server::commands
