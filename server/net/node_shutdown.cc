// Shutting down in order: a checkpoint if it is asked for, leaderships handed over, logs synced,
// replies sent.
#include <spdlog/spdlog.h>

#include <csignal>
#include <utility>

#include "server/net/node.h"

namespace server {
namespace {

constexpr uint64_t kHandOverPatienceMs = 3000;
constexpr uint64_t kReplyPatienceMs = 500;
constexpr uint64_t kQuietMs = 50;  // Longer than clients take to follow a MOVED.

}  // namespace

void Node::OnSignal(int signal) {
  spdlog::info("received {}, shutting down", signal == SIGTERM ? "SIGTERM" : "SIGINT");
  if (stage_ != Stage::kServing) {
    spdlog::warn("not waiting for the rest");
    exit_code_ = 1;
    return Finish();
  }
  // As Redis: what a log would keep a save point's checkpoint keeps.
  BeginShutdown(!settings_->appendonly && !settings_->save.empty());
}

void Node::RequestShutdown(Shard& asker, bool save, std::function<void(std::string)> failed) {
  OnShard(*shards_[0], [this, &asker, save, failed = std::move(failed)](Shard&) {
    if (stage_ != Stage::kServing) return;
    shutdown_failed_ = [this, &asker, failed](const std::string& error) {
      OnShard(asker, [failed, error](Shard&) { failed(error); });
    };
    BeginShutdown(save);
  });
}

void Node::BeginShutdown(bool save) {
  if (!save) return HandOver();
  stage_ = Stage::kSaving;
  Checkpoint(*shards_[0], [this](const std::string& error) {
    if (error.empty()) return HandOver();
    spdlog::error("checkpoint before shutting down failed: {}", error);
    stage_ = Stage::kServing;
    if (shutdown_failed_) shutdown_failed_(error);
  });
}

void Node::HandOver() {
  stage_ = Stage::kHandingOver;
  stage_deadline_ms_ = now_ms_ + kHandOverPatienceMs;
}

void Node::ContinueShutdown() {
  if (stage_ == Stage::kHandingOver && !asking_shards_) {
    asking_shards_ = true;
    OnEveryShard(
        *shards_[0],
        [this](Shard& shard) {
          // Again and again: a transfer may fail, or a leadership come back.
          if (cluster_) shard.GiveUpLeaderships();
          return std::string(cluster_ && shard.leads_any() ? 1 : 0, 'x');
        },
        [this](const std::string& leading) {
          asking_shards_ = false;
          if (leading.empty() || now_ms_ >= stage_deadline_ms_) SyncAll();
        });
  }
  if (stage_ == Stage::kReplying && !asking_shards_) {
    asking_shards_ = true;
    OnEveryShard(
        *shards_[0], [](Shard& shard) { return std::string(shard.replies_waiting() ? 1 : 0, 'x'); },
        [this](const std::string& waiting) {
          asking_shards_ = false;
          // Clients that still send are told where to go. A command that meets a closed connection
          // has an unknown fate.
          uint64_t commands = 0;
          for (const auto& shard : shards_) commands += shard->stats().commands.get();
          if (!waiting.empty() || commands != std::exchange(commands_before_, commands)) {
            last_busy_ms_ = now_ms_;
          }
          const bool quiet =
              waiting.empty() && now_ms_ - last_busy_ms_ >= (cluster_ ? kQuietMs : 0);
          if (quiet || now_ms_ >= stage_deadline_ms_) Finish();
        });
  }
}

// What was acknowledged is on disk already, as appendfsync promises; a shutdown in order leaves
// nothing to chance.
void Node::SyncAll() {
  stage_ = Stage::kSyncing;
  auto missing = std::make_shared<size_t>(shards_.size());
  OnAllShards([this, missing](Shard& shard) {
    shard.StopListening();
    shard.SyncLog([this, missing] {
      OnShard(*shards_[0], [this, missing](Shard&) {
        if (--*missing != 0) return;
        stage_ = Stage::kReplying;
        last_busy_ms_ = now_ms_;
        stage_deadline_ms_ = now_ms_ + kReplyPatienceMs;
      });
    });
  });
}

void Node::Finish() {
  stage_ = Stage::kDone;
  OnAllShards([](Shard& shard) { shard.Stop(); });
}

void Node::OnFatal(const std::string& what) {
  OnShard(*shards_[0], [this, what](Shard&) {
    spdlog::error("stopping: {}", what);
    exit_code_ = 1;
    Finish();
  });
}

}  // namespace server
