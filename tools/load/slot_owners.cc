#include "tools/load/slot_owners.h"

#include <hiredis/hiredis.h>

#include <algorithm>

#include "discovery/slots.h"
#include "discovery/static_seeds.h"

namespace load {
namespace {

bool ReadOwners(const redisReply& reply, const std::vector<std::string>& nodes,
                std::vector<uint32_t>& owners) {
  if (reply.type != REDIS_REPLY_ARRAY || reply.elements == 0) return false;
  for (size_t i = 0; i < reply.elements; ++i) {
    const redisReply& range = *reply.element[i];
    const redisReply& leader = *range.element[2];
    const std::string name =
        std::string(leader.element[0]->str) + ":" + std::to_string(leader.element[1]->integer);
    const auto found = std::ranges::find(nodes, name);
    if (found == nodes.end()) return false;
    for (long long slot = range.element[0]->integer; slot <= range.element[1]->integer; ++slot) {
      owners[static_cast<size_t>(slot)] = static_cast<uint32_t>(found - nodes.begin());
    }
  }
  return true;
}

}  // namespace

std::vector<uint32_t> FindSlotOwners(const std::vector<std::string>& nodes) {
  for (const std::string& node : nodes) {
    const auto endpoint = discovery::ParseEndpoint(node);
    if (!endpoint) continue;
    redisContext* context = redisConnect(endpoint->host.c_str(), endpoint->port);
    if (context == nullptr) continue;
    auto* reply = static_cast<redisReply*>(redisCommand(context, "CLUSTER SLOTS"));
    std::vector<uint32_t> owners(discovery::kSlots, 0);
    const bool found = reply != nullptr && ReadOwners(*reply, nodes, owners);
    if (reply != nullptr) freeReplyObject(reply);
    redisFree(context);
    if (found) return owners;
  }
  return {};
}

}  // namespace load
