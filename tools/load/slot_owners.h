// Who leads which slot, asked of the cluster once.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace load {

// For each slot the index in `nodes` ("host:port") of its leader, by CLUSTER SLOTS. Empty when no
// node answers. Blocks.
std::vector<uint32_t> FindSlotOwners(const std::vector<std::string>& nodes);

}  // namespace load
