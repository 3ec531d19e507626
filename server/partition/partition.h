// One partition of the keyspace on this node: its keys, its Raft replica, and the rules that make
// replies linearizable (DESIGN §2). Runs on its shard's thread; knows neither sockets nor libuv, so
// the simulator runs it as it is.
//
// A command's way: Admit says whether it may run; Execute runs it at once, collects its effects in
// the open batch and says which commit index its reply waits for; once per loop turn Seal proposes
// the batch as one log entry. Whoever waits for a gate asks IsOpen, or leaves a waiter.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "raft/replica.h"
#include "resp/writer.h"
#include "server/commands/call.h"
#include "server/commands/command.h"
#include "server/partition/batch.h"
#include "server/partition/hazard_table.h"
#include "server/partition/watch_list.h"
#include "storage/keyspace.h"
#include "storage/shared_log.h"

namespace server {

// What a reply waits for: entry `index` committed and leadership confirmed by round `read`.
struct Gate {
  raft::Index index = 0;
  uint64_t read = 0;
  bool operator==(const Gate&) const = default;
  bool open() const { return index == 0 && read == 0; }
  // A closed gate that will not open once entries above `above` are lost and leadership with them:
  // a read's round confirms nothing for a later term.
  bool FailsAbove(raft::Index above) const { return index > above || read != 0; }
};

enum class Admission {
  kYes,
  kMoved,        // Another node leads: leader() names it.
  kNoLeader,     // Nobody is known to lead, or this leader cannot prove that it does: wait, then
                 // CLUSTERDOWN.
  kLoading,      // The keyspace is not there yet.
  kOutOfMemory,  // -OOM
  kDiskError,    // -MISCONF: the log has no room.
  kCheckpointFailed,  // -MISCONF: stop-writes-on-bgsave-error.
};

enum class GateFailure {
  kNotExecuted,  // The entry was replaced by another leader's for good, or it was only a read: the
                 // command certainly did not happen.
  kUnknown,      // Nobody can say here whether it was or will be committed.
};

// One command to run.
struct Request {
  const Command* command = nullptr;
  std::span<const std::string_view> args;
  std::string_view raw;  // As it came, if it came as a bulk array.
  int database = 0;
  bool stale = false;  // READONLY: a follower may answer.
  std::optional<storage::HashedKey> first_key;
};

class Partition final : public raft::StateMachine,
                        private EffectLog,
                        private ReadGate,
                        private storage::ChangeObserver {
 public:
  // What a partition tells its shard. Calls come from within Execute, Seal, OnMessage, Tick and
  // OnStored.
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void OnGatesOpened(Partition& partition) = 0;  // Commit moved: waiters may be ready.
    // Those closed gates that Gate::FailsAbove names; the others stay.
    virtual void OnGatesFailed(Partition& partition, raft::Index above, GateFailure failure) = 0;
    virtual void OnRoleChanged(Partition& partition) = 0;
    virtual void OnStateLost(Partition& partition,
                             raft::Index last_kept) = 0;  // Rebuild the keyspace.
    virtual void OnSnapshotNeeded(Partition& partition, raft::NodeId follower) = 0;
    virtual void OnSnapshotChunk(Partition& partition, raft::NodeId from,
                                 const raft::SnapshotChunk& chunk) = 0;
    virtual bool OutOfMemory() const = 0;
  };

  struct Options {
    storage::PartitionId id = 0;
    raft::Core::Options raft;
    uint64_t hash_seed = 0;
    uint64_t random_seed = 0;
    bool log_effects = true;         // False: nobody reads the log (alone, and without files).
    bool reads_by_round = false;     // read-consistency readindex; see set_reads_by_round.
    storage::Thresholds thresholds;  // See set_thresholds.
    int64_t unknown_after_ms =
        1500;  // A gated reply waits this long without a leader, then is "unknown".
  };

  Partition(const Options& options, Owner& owner, raft::Transport& transport,
            std::unique_ptr<raft::LogStorage> log);
  ~Partition() override;

  // The keyspace is loaded up to `restored.executed`: take part from now on.
  void Start(const raft::Replica::Restored& restored);
  bool started() const { return replica_ != nullptr; }

  storage::PartitionId id() const { return options_.id; }
  storage::Keyspace& keyspace() { return *keyspace_; }
  const storage::Keyspace& keyspace() const { return *keyspace_; }
  // Before Start. Afterwards one of the next two.
  void ReplaceKeyspace(std::unique_ptr<storage::Keyspace> keyspace);
  // What OnStateLost asked for: committed state up to `executed`.
  void Rebuilt(std::unique_ptr<storage::Keyspace> keyspace, raft::Index executed);
  void InstallSnapshot(std::unique_ptr<storage::Keyspace> keyspace, const raft::SnapshotInfo& info);
  raft::Replica& replica() { return *replica_; }
  const raft::Replica& replica() const { return *replica_; }
  raft::LogStorage& log() { return *log_; }

  // The clocks, once per loop turn: Unix milliseconds, and monotonic ones.
  void SetTime(int64_t wall_ms, uint64_t monotonic_ms);
  uint64_t monotonic_ms() const { return monotonic_ms_; }

  // Decided before a command runs (DESIGN §2, rule 0). `monotonic_ms` must have been read after the
  // command was, or a pause in between would serve a stale read (FAULTS C4, P2).
  Admission Admit(const Command& command, bool stale, uint64_t monotonic_ms) const;
  void set_reads_by_round(bool by_round) { reads_by_round_ = by_round; }
  // Values take other encodings when they are written next.
  void set_thresholds(const storage::Thresholds& thresholds) { thresholds_ = thresholds; }
  // What Admit says to writes that it would have run; kYes lets them.
  void RefuseWrites(Admission refused) { writes_refused_ = refused; }
  bool serving() const { return serving_; }
  bool IsLeader() const { return replica_->core().role() == raft::Role::kLeader; }
  raft::NodeId leader() const;

  // Runs an admitted command; the reply is appended to `reply` and may leave when the gate is open.
  Gate Execute(const Request& request, resp::Writer& reply);
  void Watch(int database, std::string_view key, std::shared_ptr<WatchState> watcher);
  // True if a watched key has expired since: EXEC must fail.
  void ExpireIfDue(int database, std::string_view key);

  bool IsOpen(const Gate& gate) const {
    return gate.index <= commit_ && (gate.read == 0 || ReadConfirmed(gate.read));
  }
  // `token` is handed back through TakeReady once the gate is open. Waiters are served in order.
  void AddWaiter(const Gate& gate, uint64_t token);
  void TakeReady(std::vector<uint64_t>& tokens);

  // Looks at about `sample_keys` keys of each database that have a deadline, and deletes those that
  // are past it, on the leader. True if many of them were: more seem to be due.
  bool ExpireSome(size_t sample_keys);

  // Once per loop turn, and before anything that may change the role: proposes the open batch.
  void Seal();
  void OnMessage(raft::NodeId from, const raft::Message& message);
  void Tick(uint64_t monotonic_ms);
  void OnStored(uint64_t ticket);
  void Flush();  // Seals, and lets the replica act.

  raft::Index commit() const { return commit_; }
  raft::Index open_index() const;  // The index that the open batch will get.
  raft::Index executed() const { return replica_->executed(); }

  KeyCounts& key_counts() { return key_counts_; }

 private:
  struct Waiter {
    Gate gate;
    uint64_t token;
    uint64_t since_ms;
  };

  // raft::StateMachine
  void Apply(const raft::Entry& entry) override;
  void OnCommitted(raft::Index commit) override;
  void OnTruncated(raft::Index last_kept) override;
  void OnRoleChanged() override;
  void OnSnapshotNeeded(raft::NodeId follower) override;
  void OnSnapshotChunk(raft::NodeId from, const raft::SnapshotChunk& chunk) override;
  // EffectLog
  void LogAsIs(int database) override;
  void Log(int database, std::span<const std::string_view> command) override;
  // ReadGate
  void OnRead(uint64_t key_hash) override;
  void OnReadAll() override;
  // storage::ChangeObserver
  void OnChange(int database, const storage::HashedKey& key) override;
  void OnClear(int database) override;

  Call::Context ContextFor(const Request& request);
  void DeleteDue(int database, std::span<const std::string> keys);
  bool ReadConfirmed(uint64_t round) const;
  void FailUndecided();
  void FailGates(raft::Index above, GateFailure failure);
  bool ReplacedForGood() const;
  void FollowLog();  // The core may have appended entries of its own.

  const Options options_;
  Owner& owner_;
  raft::Transport& transport_;
  std::unique_ptr<raft::LogStorage> log_;
  std::unique_ptr<storage::Keyspace> keyspace_;
  std::unique_ptr<raft::Replica> replica_;

  Batch batch_;
  HazardTable hazards_;
  WatchList watches_;
  std::deque<Waiter> waiters_;
  KeyCounts key_counts_;

  // The command that runs now.
  const Request* running_ = nullptr;
  bool running_wrote_ = false;
  raft::Index running_read_gate_ = 0;

  bool unlogged_changes_ = false;  // log_effects is off, and this turn changed something.
  bool applying_ = false;
  raft::Index applying_index_ = 0;  // Of an entry that is not committed yet; else 0.
  bool serving_ = false;
  bool reads_by_round_ = false;
  storage::Thresholds thresholds_;
  Admission writes_refused_ = Admission::kYes;
  raft::Index commit_ = 0;
  raft::Index open_index_ = 1;
  uint64_t turn_read_round_ = 0;  // readindex: one round serves a turn's reads.
  int64_t wall_ms_ = 0;
  uint64_t monotonic_ms_ = 0;
  raft::Term read_term_ = 0;  // Reads wait for rounds of this term.
  uint64_t random_;
  std::array<uint64_t, storage::kDatabases> expire_cursors_{};
  std::vector<std::string> due_;  // ExpireSome's, kept for their memory.
  std::string scratch_;
};

}  // namespace server
