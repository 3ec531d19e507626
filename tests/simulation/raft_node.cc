#include "tests/simulation/raft_node.h"

#include <cassert>

#include "raft/bytes.h"

namespace sim {
namespace {

std::string Serialize(const State& state) {
  std::string out;
  for (const auto& [index, value] : state) {
    raft::PutInteger<uint64_t>(index, out);
    raft::PutInteger(static_cast<uint32_t>(value.size()), out);
    out += value;
  }
  return out;
}

State Deserialize(std::string_view bytes) {
  State state;
  raft::Reader in(bytes);
  while (in.ok() && in.rest() > 0) {
    const auto index = in.Take<uint64_t>();
    const auto size = in.Take<uint32_t>();
    state[index] = in.TakeBytes(size);
  }
  assert(in.ok());
  return state;
}

}  // namespace

RaftNode::RaftNode(const raft::Core::Options& options, raft::Configuration first_members,
                   Hooks hooks)
    : options_(options), hooks_(std::move(hooks)) {
  checkpoint_.configuration = std::move(first_members);
}

void RaftNode::Start(uint64_t now_ms) {
  assert(!running());
  now_ms_ = now_ms;
  state_ = checkpoint_state_;
  committed_ = checkpoint_.last.index;
  rebuild_due_ = false;
  snapshot_deadline_ms_.clear();
  // A checkpoint beyond the log's end, or beside it, was installed just before the crash.
  if (log_.TermAt(checkpoint_.last.index) != checkpoint_.last.term) log_.ResetTo(checkpoint_);
  const raft::Replica::Restored restored{.hard_state = log_.durable().hard_state,
                                         .snapshot = checkpoint_,
                                         .last = log_.durable().last(),
                                         .executed = checkpoint_.last.index};
  replica_ = std::make_unique<raft::Replica>(options_, restored, *this, log_, *this);
  replica_->Tick(now_ms);
}

void RaftNode::Crash() {
  replica_.reset();
  log_.Crash();
}

std::optional<raft::Index> RaftNode::Propose(const std::string& value) {
  if (!replica_->CanPropose()) return std::nullopt;
  const raft::Index index = replica_->core().last().index + 1;
  state_[index] = value;
  const auto proposed =
      replica_->Propose(raft::EntryKind::kCommands, std::make_shared<const std::string>(value));
  assert(proposed == index);  // What was admitted cannot be refused any more.
  return proposed;
}

void RaftNode::Flush() { replica_->Flush(); }

void RaftNode::SyncOne() {
  if (const auto ticket = log_.Sync()) replica_->OnStored(*ticket);
}

void RaftNode::Checkpoint() {
  const raft::Core& core = replica_->core();
  const raft::Index index = std::min(core.commit(), log_.durable().last().index);
  if (index <= checkpoint_.last.index || rebuild_due_ || replica_->executed() < index) return;
  checkpoint_ = {{*log_.TermAt(index), index}, core.ConfigurationAt(index)};
  checkpoint_state_ = State(state_.begin(), state_.upper_bound(index));
  log_.Compact(index);
  replica_->TrimWindow(index);
}

void RaftNode::DoChores(uint64_t now_ms) {
  now_ms_ = now_ms;
  if (rebuild_due_) Rebuild();
  for (auto it = snapshot_deadline_ms_.begin(); it != snapshot_deadline_ms_.end();) {
    if (now_ms < it->second) {
      ++it;
      continue;
    }
    replica_->SnapshotSent(it->first, false);
    it = snapshot_deadline_ms_.erase(it);
  }
}

void RaftNode::Rebuild() {
  rebuild_due_ = false;
  state_ = checkpoint_state_;
  raft::Index executed = checkpoint_.last.index;
  for (const raft::Entry& entry : log_.Read(executed + 1, SIZE_MAX)) {
    if (entry.index > replica_->core().commit()) break;
    if (entry.kind == raft::EntryKind::kCommands) state_[entry.index] = *entry.payload;
    executed = entry.index;
  }
  replica_->Rebuilt(executed);
}

void RaftNode::Apply(const raft::Entry& entry) {
  assert(!rebuild_due_);
  assert(state_.empty() || state_.rbegin()->first < entry.index);  // In order, none twice.
  state_[entry.index] = *entry.payload;
}

void RaftNode::OnCommitted(raft::Index commit) {
  assert(commit > committed_);
  hooks_.committed(*this, committed_, commit);
  committed_ = commit;
}

void RaftNode::OnTruncated(raft::Index) { rebuild_due_ = true; }

void RaftNode::OnSnapshotNeeded(raft::NodeId follower) {
  constexpr uint64_t kPatienceMs = 400;
  snapshot_deadline_ms_[follower] = now_ms_ + kPatienceMs;
  raft::SnapshotChunk chunk;
  chunk.term = replica_->core().term();
  chunk.info = checkpoint_;
  chunk.bytes = std::make_shared<const std::string>(Serialize(checkpoint_state_));
  chunk.done = true;
  hooks_.send(id(), follower, chunk);
}

void RaftNode::OnSnapshotChunk(raft::NodeId from, const raft::SnapshotChunk& chunk) {
  if (replica_->WantsSnapshot(chunk.info)) {
    checkpoint_ = chunk.info;
    checkpoint_state_ = Deserialize(chunk.bytes ? *chunk.bytes : "");
    state_ = checkpoint_state_;
    rebuild_due_ = false;
    replica_->SnapshotInstalled(chunk.info);
  }
  hooks_.send(id(), from,
              raft::SnapshotReply{.term = chunk.term,
                                  .last = chunk.info.last,
                                  .sequence = chunk.sequence + 1,
                                  .accepted = true});
}

void RaftNode::OnSnapshotReply(raft::NodeId from, const raft::SnapshotReply& reply) {
  snapshot_deadline_ms_.erase(from);
  replica_->SnapshotSent(from, reply.accepted);
}

void RaftNode::Send(raft::NodeId to, raft::Message message) { hooks_.send(id(), to, message); }

}  // namespace sim
