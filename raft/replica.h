// One partition's member of a Raft group: joins the pure core to a log, a transport and a state
// machine. Runs on one thread; knows no file, socket or clock of its own.
//
// The owner calls Propose and OnMessage as they come, Tick as time passes, and Flush once per loop
// turn: Flush carries out what the core decided. The order of its steps is the safety argument.
// Each turn begins with a Tick whose time was read after the turn's bytes had arrived (see core.h).
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "raft/core/core.h"
#include "raft/core/log_reader.h"
#include "raft/core/message.h"
#include "raft/core/types.h"

namespace raft {

// Sends to another member of this group. May drop, delay, duplicate and reorder; never blocks.
class Transport {
 public:
  virtual ~Transport() = default;
  virtual void Send(NodeId to, Message message) = 0;
};

// The durable log of this group. Store hands over work and returns at once; when all of it (and all
// that came before) is durable, the owner calls Replica::OnStored with the same ticket.
class LogStorage : public LogReader {
 public:
  // Entries are contiguous; the first may be at or below an index stored before, and then replaces
  // it and all that follow. A ticket is greater than every earlier one.
  virtual void Store(uint64_t ticket, const std::optional<HardState>& hard_state,
                     std::span<const Entry> entries) = 0;

  // The state machine was replaced by a snapshot: the log is to be empty and to go on after
  // `info.last`.
  virtual void ResetTo(const SnapshotInfo& info) = 0;
};

// What the log drives. All calls come from within the replica's Flush.
class StateMachine {
 public:
  virtual ~StateMachine() = default;

  // Runs an entry of kind kCommands; the other kinds only move executed() on. Called in index
  // order, exactly once for each entry that this state machine did not propose itself (a leader has
  // executed those already).
  virtual void Apply(const Entry& entry) = 0;

  // Everything up to `commit` is committed now: gated replies may leave.
  virtual void OnCommitted(Index commit) = 0;

  // Entries above `last_kept` were replaced by another leader's. Called only if some of them had
  // been executed: the state has to be rebuilt (Replica::Rebuilt tells when it is).
  virtual void OnTruncated(Index last_kept) = 0;

  // Role, term or known leader changed.
  virtual void OnRoleChanged() = 0;

  // `follower` needs entries that were compacted away: stream a snapshot to it.
  virtual void OnSnapshotNeeded(NodeId follower) = 0;

  // A piece of a snapshot from the current leader.
  virtual void OnSnapshotChunk(NodeId from, const SnapshotChunk& chunk) = 0;

  // A follower's answer to a piece of a snapshot that this leader sends.
  virtual void OnSnapshotReply(NodeId /*from*/, const SnapshotReply& /*reply*/) {}
};

class Replica {
 public:
  struct Restored {
    HardState hard_state = {};
    // What the state machine was loaded from; {0,0} and the first members (or none) when new.
    SnapshotInfo snapshot = {};
    Position last = {};  // End of the durable log.
    Index executed = 0;  // The state machine reflects entries up to here (at least snapshot.last).
  };

  Replica(const Core::Options& options, const Restored& restored, Transport& transport,
          LogStorage& log, StateMachine& machine);

  // Appends a kCommands entry that the state machine HAS executed. nullopt if this replica cannot
  // propose (asked before executing: CanPropose).
  std::optional<Index> Propose(EntryKind kind, Payload payload);
  bool CanPropose() const;  // Leader, serving, no transfer under way, log not backed up.
  // Starts a change of the members: see Core::ProposeConfiguration.
  bool ProposeConfiguration(const Configuration& target);

  void OnMessage(NodeId from, const Message& message);
  void Tick(uint64_t now_ms);      // Monotonic milliseconds; never goes back.
  void OnStored(uint64_t ticket);  // Everything stored under tickets up to this one is durable.
  // Carries out what was decided since the last Flush. Call it again soon if HasMoreToApply.
  void Flush();

  // A leader whose first own entry is committed and which has executed its whole log.
  bool IsServing() const;
  // True if no other leader can have been elected as of `now_ms`. Raft thesis §6.4.1.
  bool HasLease(uint64_t now_ms) const;
  // Starts a ReadIndex round; ReadConfirmed() >= the returned id once leadership was confirmed
  // after this call. Raft thesis §6.4.
  uint64_t StartRead();
  uint64_t ReadConfirmed() const;

  void TransferLeadership(NodeId to);
  // The owner believes `node` is dead: if it leads, ask for votes as soon as its lease must be
  // over.
  void Suspect(NodeId node);
  // The follower has confirmed the snapshot that OnSnapshotNeeded asked for, or it came to nothing.
  void SnapshotSent(NodeId follower, bool ok);
  // Whether this snapshot is ahead of what is committed here; if not, it must not be installed.
  bool WantsSnapshot(const SnapshotInfo& info) const;
  void SnapshotInstalled(const SnapshotInfo& info);  // The state machine now equals this snapshot.
  // After OnTruncated: the state machine reflects entries up to here, and only committed ones.
  void Rebuilt(Index executed);
  void TrimWindow(Index up_to);  // Entries up to here need not stay in memory.

  const Core& core() const { return core_; }
  Index executed() const { return executed_; }
  bool rebuilding() const { return rebuilding_; }
  // The last Flush left work for the next: a long backlog is applied in pieces.
  bool HasMoreToApply() const { return more_to_apply_; }

 private:
  // Work handed to the log, and what may be done once it is durable.
  struct Stored {
    uint64_t ticket;
    Index last;  // The last entry that it made durable; less if that was truncated since.
    bool hard_state;
    std::vector<Core::Envelope> promises;
  };

  void CarryOut();
  void Store();
  void SendMessages();
  void HandOver();
  void Truncated(Index last_kept);
  void Execute();
  size_t ExecuteOne(const Entry& entry);
  void Notify();

  Core core_;
  Transport& transport_;
  LogStorage& log_;
  StateMachine& machine_;

  Index executed_ = 0;
  Index executed_command_ = 0;  // The last entry that changed the state machine, or may have.
  Index notified_commit_ = 0;
  bool rebuilding_ = false;
  bool more_to_apply_ = false;

  uint64_t last_ticket_ = 0;
  size_t hard_states_in_flight_ = 0;
  std::deque<Stored> in_flight_;
  Core::Output output_;  // Kept for its memory.
  std::vector<Entry> read_;
  std::vector<std::pair<NodeId, SnapshotChunk>> chunks_;
  std::vector<std::pair<NodeId, SnapshotReply>> snapshot_replies_;
};

}  // namespace raft
