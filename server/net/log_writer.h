// Drives the shard's log: who writes and syncs when, as `appendfsync` asks.
//
//   always         a worker writes and syncs; while it does, appends gather for its next round
//   (group commit) everysec, no   the shard writes at the end of the turn, before the replies
//   leave; everysec has a worker sync
//                  each second, beside the writing
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "server/net/mailbox.h"
#include "server/net/stats.h"
#include "server/net/worker.h"
#include "storage/shared_log.h"

namespace server {

class LogWriter {
 public:
  using OnSafe = std::function<void(uint64_t sequence)>;
  using OnFailed = std::function<void(const std::string& what)>;

  using OnFull = std::function<void(bool full)>;

  LogWriter(Mailbox& home, ShardStats& stats, OnSafe on_safe, OnFailed on_failed, OnFull on_full);
  ~LogWriter();

  void Open(storage::SharedLog* log, storage::Disk* disk, storage::SyncMode mode, int shard);
  void set_mode(storage::SyncMode mode) { mode_ = mode; }
  // At the end of a turn. Returns true if the log became safe further in this call (OnSafe was
  // called).
  bool Write();
  void Tick(uint64_t monotonic_ms);
  void SyncNow(
      std::function<void()> done);  // What was appended so far, whatever the mode; then `done`.
  bool failed() const { return failed_; }
  void
  Stop();  // Finishes what is under way, and joins the threads. No further call but the destructor.

 private:
  // Letters are copyable, so a job travels in a box.
  using Job = std::shared_ptr<std::unique_ptr<storage::SharedLog::WriteJob>>;

  void StartJob(bool sync);
  void PrepareNext();
  void OnJobDone(const Job& job);
  void SyncWritten();
  void Announce();
  void RemoveObsolete();
  void MarkWhenQuiet(uint64_t monotonic_ms);
  void Fail(const std::string& what);

  Mailbox& home_;
  ShardStats& stats_;
  OnSafe on_safe_;
  OnFailed on_failed_;
  OnFull on_full_;  // There is no space for the next segment, or there is again.
  storage::SharedLog* log_ = nullptr;
  storage::Disk* disk_ = nullptr;
  storage::SyncMode mode_ = storage::SyncMode::kAlways;
  std::unique_ptr<Worker> worker_;
  std::unique_ptr<Worker> preparer_;
  bool job_out_ = false;
  bool preparing_ = false;
  bool syncing_ = false;
  bool failed_ = false;
  bool full_ = false;
  uint64_t last_prepare_ms_ = 0;
  uint64_t last_sync_ms_ = 0;
  uint64_t quiet_since_ms_ = 0;
  uint64_t quiet_sequence_ = 0;  // The last that was appended when it became quiet.
  uint64_t announced_ = 0;

  struct Waiting {
    uint64_t sequence;
    std::function<void()> done;
  };
  std::vector<Waiting> waiting_;
};

}  // namespace server
