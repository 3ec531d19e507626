#include "raft/core/configuration.h"

#include <cassert>
#include <utility>

namespace raft {
namespace {

void PutList(const std::vector<NodeId>& ids, std::string& out) {
  assert(ids.size() <= kMembersMax);
  out.push_back(static_cast<char>(ids.size()));
  for (const NodeId id : ids) {
    for (int shift = 0; shift < 64; shift += 8) out.push_back(static_cast<char>(id >> shift));
  }
}

std::optional<std::vector<NodeId>> TakeList(std::string_view& bytes) {
  if (bytes.empty()) return std::nullopt;
  const size_t count = static_cast<uint8_t>(bytes[0]);
  bytes.remove_prefix(1);
  if (count > kMembersMax || bytes.size() < count * 8) return std::nullopt;

  std::vector<NodeId> ids(count);
  for (NodeId& id : ids) {
    for (size_t i = 0; i < 8; ++i) id |= NodeId{static_cast<uint8_t>(bytes[i])} << (8 * i);
    bytes.remove_prefix(8);
  }
  return ids;
}

bool HasNoTwins(std::vector<NodeId> ids) {
  std::sort(ids.begin(), ids.end());
  return std::adjacent_find(ids.begin(), ids.end()) == ids.end() &&
         (ids.empty() || ids.front() != kNobody);
}

bool SameMembers(std::vector<NodeId> a, std::vector<NodeId> b) {
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  return a == b;
}

}  // namespace

// A configuration as bytes, little-endian; voters, outgoing, learners one after the other, each:
//   count u8 | count times id u64
std::string EncodeConfiguration(const Configuration& configuration) {
  std::string out;
  PutList(configuration.voters, out);
  PutList(configuration.outgoing, out);
  PutList(configuration.learners, out);
  return out;
}

std::optional<Configuration> DecodeConfiguration(std::string_view bytes) {
  auto voters = TakeList(bytes);
  if (!voters) return std::nullopt;
  auto outgoing = TakeList(bytes);
  if (!outgoing) return std::nullopt;
  auto learners = TakeList(bytes);
  if (!learners || !bytes.empty()) return std::nullopt;
  return Configuration{std::move(*voters), std::move(*outgoing), std::move(*learners)};
}

bool IsSound(const Configuration& configuration) {
  if (configuration.voters.empty()) return false;
  for (const auto* list :
       {&configuration.voters, &configuration.outgoing, &configuration.learners}) {
    if (list->size() > kMembersMax || !HasNoTwins(*list)) return false;
  }
  // A member cannot end up as both. One that is being demoted is in `outgoing` and `learners`.
  for (const NodeId id : configuration.learners) {
    if (std::find(configuration.voters.begin(), configuration.voters.end(), id) !=
        configuration.voters.end()) {
      return false;
    }
  }
  return true;
}

Configuration StepTowards(const Configuration& from, const Configuration& target) {
  assert(!from.joint());
  if (SameMembers(from.voters, target.voters)) return {from.voters, {}, target.learners};
  return {target.voters, from.voters, target.learners};
}

Configuration LeaveJoint(const Configuration& joint) {
  assert(joint.joint());
  return {joint.voters, {}, joint.learners};
}

ConfigurationHistory::ConfigurationHistory(Index index, Configuration configuration) {
  steps_.push_back({index, std::move(configuration)});
}

const Configuration& ConfigurationHistory::At(Index index) const {
  for (size_t i = steps_.size(); i-- > 1;) {
    if (steps_[i].index <= index) return steps_[i].configuration;
  }
  return steps_.front().configuration;
}

void ConfigurationHistory::Append(Index index, Configuration configuration) {
  assert(index > steps_.back().index);
  steps_.push_back({index, std::move(configuration)});
}

bool ConfigurationHistory::TruncateTo(Index last_kept) {
  const size_t before = steps_.size();
  while (steps_.size() > 1 && steps_.back().index > last_kept) steps_.pop_back();
  return steps_.size() != before;
}

void ConfigurationHistory::CommitTo(Index commit) {
  size_t committed = 0;
  while (committed + 1 < steps_.size() && steps_[committed + 1].index <= commit) ++committed;
  if (committed > 0) steps_.erase(steps_.begin(), steps_.begin() + static_cast<long>(committed));
}

}  // namespace raft
