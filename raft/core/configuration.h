// Configurations as bytes, as steps from one to the next, and as they follow each other in a log.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "raft/core/types.h"

namespace raft {

// More members than this are refused everywhere, so that quorums are counted without allocating.
inline constexpr size_t kMembersMax = 32;

// The payload of a kConfiguration entry.
std::string EncodeConfiguration(const Configuration& configuration);
std::optional<Configuration> DecodeConfiguration(std::string_view bytes);

// Has a voter, none twice, nobody unnamed, no more than kMembersMax in a list.
bool IsSound(const Configuration& configuration);

// The first step from `from` towards the voters and learners of `target`: joint if the voters
// change (Raft paper §6), else `target` itself.
Configuration StepTowards(const Configuration& from, const Configuration& target);

// The second half of a joint change.
Configuration LeaveJoint(const Configuration& joint);

// The configurations of a log from the last committed one on. One takes effect when it is appended
// and is taken back when its entry is truncated (FAULTS C8).
class ConfigurationHistory {
 public:
  ConfigurationHistory(Index index, Configuration configuration);

  const Configuration& current() const { return steps_.back().configuration; }
  Index current_index() const { return steps_.back().index; }
  // The one in force at `index`, which must not be before the last committed one.
  const Configuration& At(Index index) const;

  void Append(Index index, Configuration configuration);
  // Returns true if the current configuration is another one now.
  bool TruncateTo(Index last_kept);
  void CommitTo(Index commit);

 private:
  struct Step {
    Index index;
    Configuration configuration;
  };
  std::vector<Step> steps_;  // Never empty.
};

}  // namespace raft
