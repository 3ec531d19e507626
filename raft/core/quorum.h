// Majorities, of one set of voters or of both while a change is joint (Raft paper §6).
#pragma once

#include <array>
#include <cassert>
#include <functional>

#include "raft/core/configuration.h"

namespace raft {

namespace internal {

// The largest value that a majority of `voters` has reached.
template <typename ValueOf>
uint64_t MajorityValue(const std::vector<NodeId>& voters, const ValueOf& value_of) {
  assert(!voters.empty() && voters.size() <= kMembersMax);
  std::array<uint64_t, kMembersMax> values;
  for (size_t i = 0; i < voters.size(); ++i) values[i] = value_of(voters[i]);

  const auto end = values.begin() + static_cast<long>(voters.size());
  const auto middle = values.begin() + static_cast<long>(voters.size() / 2);
  std::nth_element(values.begin(), middle, end, std::greater<uint64_t>());
  return *middle;
}

}  // namespace internal

// The largest value that a quorum has reached; 0 if nobody votes.
template <typename ValueOf>
uint64_t QuorumValue(const Configuration& configuration, const ValueOf& value_of) {
  if (configuration.voters.empty()) return 0;
  const uint64_t incoming = internal::MajorityValue(configuration.voters, value_of);
  if (!configuration.joint()) return incoming;
  return std::min(incoming, internal::MajorityValue(configuration.outgoing, value_of));
}

// Whether those for whom `has` is true make a quorum.
template <typename Has>
bool IsQuorum(const Configuration& configuration, const Has& has) {
  return QuorumValue(configuration, [&](NodeId id) -> uint64_t { return has(id) ? 1 : 0; }) == 1;
}

}  // namespace raft
