// The nouns of consensus, as the Raft paper spells them. Everyone may include this header.
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace raft {

using NodeId = uint64_t;  // 0 names nobody.
using Term = uint64_t;    // 0 is before the first election.
using Index = uint64_t;   // 0 is before the first entry.

inline constexpr NodeId kNobody = 0;

// A place in a log. Compares term first, then index: the order of Raft paper §5.4.1.
struct Position {
  Term term = 0;
  Index index = 0;
  auto operator<=>(const Position&) const = default;
};

enum class EntryKind : uint8_t {
  kNoop = 0,           // A leader's first entry of its term. Raft paper §8.
  kCommands = 1,       // A batch of effects; the state machine knows the format.
  kConfiguration = 2,  // An encoded Configuration; takes effect when appended.
};

// Shared, since an entry sits in the log window, in messages and in disk writes at once.
using Payload = std::shared_ptr<const std::string>;

struct Entry {
  Term term = 0;
  Index index = 0;
  EntryKind kind = EntryKind::kNoop;
  Payload payload;  // Null means empty.

  size_t payload_bytes() const { return payload ? payload->size() : 0; }
};

// Must be on disk before any message that depends on it leaves. Raft paper figure 2.
struct HardState {
  Term term = 0;
  NodeId voted_for = kNobody;
  bool operator==(const HardState&) const = default;
};

// Who votes and who listens. While `outgoing` is not empty the change is joint: both majorities are
// needed (Raft paper §6).
struct Configuration {
  std::vector<NodeId> voters;    // The incoming voters.
  std::vector<NodeId> outgoing;  // The old voters while the change is joint, or empty.
  std::vector<NodeId> learners;  // Receive the log and never vote.
  bool operator==(const Configuration&) const = default;

  bool joint() const { return !outgoing.empty(); }
  bool IsVoter(NodeId id) const { return Has(voters, id) || Has(outgoing, id); }
  bool IsLearner(NodeId id) const { return Has(learners, id); }
  bool IsMember(NodeId id) const { return IsVoter(id) || IsLearner(id); }

 private:
  static bool Has(const std::vector<NodeId>& ids, NodeId id) {
    return std::find(ids.begin(), ids.end(), id) != ids.end();
  }
};

// What a snapshot stands for: all entries up to `last`, and the members at that place.
struct SnapshotInfo {
  Position last;
  Configuration configuration;
};

}  // namespace raft
