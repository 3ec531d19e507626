// Checkpoints of the whole node: BGSAVE, SAVE, and Redis's save points.
#include <spdlog/spdlog.h>

#include <ctime>

#include "server/net/node.h"

namespace server {
namespace {

constexpr uint64_t kSaveAgainMs = 5000;  // Redis's CONFIG_BGSAVE_RETRY_DELAY.

}  // namespace

void Node::Checkpoint(Shard& asker, std::function<void(std::string)> answer) {
  if (checkpoints_running_.exchange(1) != 0) return answer("a checkpoint is under way");
  struct Gathering {
    size_t missing;
    std::string error;
  };
  auto gathering = std::make_shared<Gathering>(Gathering{shards_.size(), ""});
  for (const auto& shard : shards_) {
    OnShard(*shard, [this, &asker, gathering, answer](Shard& here) {
      here.CheckpointAll([this, &asker, gathering, answer](const std::string& error) {
        OnShard(asker, [this, gathering, answer, error](Shard&) {
          if (gathering->error.empty()) gathering->error = error;
          if (--gathering->missing != 0) return;
          checkpoints_running_ = 0;
          if (gathering->error.empty()) last_checkpoint_s_ = std::time(nullptr);
          last_checkpoint_ok_ = gathering->error.empty();
          answer(gathering->error);
        });
      });
    });
  }
}

// Redis's save points, for those who rely on them; the log's size alone asks for checkpoints too.
void Node::CheckSavePoints(uint64_t monotonic_ms) {
  if (monotonic_ms - last_save_check_ms_ < 1000) return;
  last_save_check_ms_ = monotonic_ms;
  if (settings_->save.empty() || checkpoint_running() || loading()) return;
  // From the last checkpoint that was asked for, by whomever; a failed one is tried again.
  if (last_save_ms_ == 0 || last_save_seen_s_ != last_checkpoint_s()) last_save_ms_ = monotonic_ms;
  last_save_seen_s_ = last_checkpoint_s();
  if (!last_checkpoint_ok_ && monotonic_ms - last_save_try_ms_ < kSaveAgainMs) return;
  uint64_t changes = 0;
  for (const auto& shard : shards_) changes += shard->stats().keys_changed.get();
  const uint64_t seconds = (monotonic_ms - last_save_ms_) / 1000;
  for (const SavePoint& point : settings_->save) {
    if (seconds < static_cast<uint64_t>(point.seconds) ||
        changes < static_cast<uint64_t>(point.changes) || changes == 0)
      continue;
    last_save_try_ms_ = monotonic_ms;
    return Checkpoint(*shards_[0], [](const std::string& error) {
      if (!error.empty()) spdlog::error("checkpoint by save point failed: {}", error);
    });
  }
}

}  // namespace server
