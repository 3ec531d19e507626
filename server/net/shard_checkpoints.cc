// Checkpoints of a shard's partitions: paced between commands, one after another when asked for
// all.
#include <spdlog/spdlog.h>

#include <algorithm>

#include "server/net/shard.h"

namespace server {
namespace {

// A running checkpoint reads out so much each so often: a small part of a millisecond's work, so
// that commands in between hardly notice, and about 100 MB a second.
constexpr size_t kCheckpointSliceBytes = 128 << 10;
constexpr uint64_t kCheckpointPaceMs = 1;

}  // namespace

void Shard::PaceCheckpoints() {
  const bool running = std::any_of(hosts_.begin(), hosts_.end(),
                                   [](const auto& host) { return host->checkpoint_running(); });
  if (running == pacing_) return;
  pacing_ = running;
  if (!running) {
    uv_timer_stop(pace_.get());
    return;
  }
  uv_timer_start(
      pace_.get(),
      [](uv_timer_t* handle) { static_cast<Shard*>(handle->data)->AdvanceCheckpoints(); },
      kCheckpointPaceMs, kCheckpointPaceMs);
}

void Shard::AdvanceCheckpoints() {
  size_t running = 0;
  for (const auto& host : hosts_) running += host->checkpoint_running() ? 1 : 0;
  for (const auto& host : hosts_) {
    if (host->checkpoint_running()) host->AdvanceCheckpoint(kCheckpointSliceBytes / running);
  }
}

void Shard::CheckpointAll(std::function<void(std::string error)> done) {
  if (checkpoint_round_) return done("a checkpoint is under way");
  checkpoint_round_ = std::make_unique<CheckpointRound>();
  checkpoint_round_->done = std::move(done);
  NextCheckpoint();
}

void Shard::NextCheckpoint() {
  while (checkpoint_round_->next < hosts_.size()) {
    PartitionHost& host = *hosts_[checkpoint_round_->next++];
    if (host.checkpoint_running() || host.StartCheckpoint()) {
      OnActive(host);
      return;  // OnCheckpointEnded goes on.
    }
  }
  const auto ended = std::move(checkpoint_round_);
  ended->done(ended->error);
}

void Shard::OnCheckpointEnded(PartitionHost& host, const Checkpointer::Result& result) {
  if (result.ok) {
    stats_.checkpoints.Add();
    spdlog::info("partition {} checkpoint done log={}/{} keys={} bytes={} ms={}", host.id(),
                 result.last.term, result.last.index, result.keys, result.bytes,
                 result.duration_ms);
  } else {
    stats_.checkpoint_failures.Add();
    spdlog::error("partition {} checkpoint failed: {}", host.id(), result.error);
  }
  RefuseWrites();
  if (!checkpoint_round_) return;
  if (!result.ok && checkpoint_round_->error.empty()) checkpoint_round_->error = result.error;
  NextCheckpoint();
}

}  // namespace server
