#include "server/net/log_writer.h"

namespace server {
namespace {

constexpr uint64_t kSyncEveryMs = 1000;  // appendfsync everysec
constexpr uint64_t kQuietMs = 200;
constexpr uint64_t kPrepareAgainMs = 250;  // On a disk that is full.

std::shared_ptr<std::unique_ptr<storage::SharedLog::WriteJob>> Box(
    std::unique_ptr<storage::SharedLog::WriteJob> job) {
  if (!job) return nullptr;
  return std::make_shared<std::unique_ptr<storage::SharedLog::WriteJob>>(std::move(job));
}

}  // namespace

LogWriter::LogWriter(Mailbox& home, ShardStats& stats, OnSafe on_safe, OnFailed on_failed,
                     OnFull on_full)
    : home_(home),
      stats_(stats),
      on_safe_(std::move(on_safe)),
      on_failed_(std::move(on_failed)),
      on_full_(std::move(on_full)) {}

LogWriter::~LogWriter() = default;

void LogWriter::Open(storage::SharedLog* log, storage::Disk* disk, storage::SyncMode mode,
                     int shard) {
  log_ = log;
  disk_ = disk;
  mode_ = mode;
  worker_ = std::make_unique<Worker>("log-" + std::to_string(shard));
  announced_ = log_->durable_sequence();
}

bool LogWriter::Write() {
  if (log_ == nullptr || failed_) return false;
  if (!log_->HasPending()) return false;
  if (!full_) PrepareNext();
  if (job_out_) return false;
  if (mode_ == storage::SyncMode::kAlways || !waiting_.empty()) {
    StartJob(/*sync=*/true);
    return false;
  }
  // In the page cache before the replies leave: a killed process loses nothing that it
  // acknowledged.
  const Job job = Box(log_->TakeJob(/*sync=*/false));
  if (!job) return false;
  (*job)->Run();
  OnJobDone(job);
  return true;
}

void LogWriter::StartJob(bool sync) {
  const Job job = Box(log_->TakeJob(sync));
  if (!job) return;
  job_out_ = true;
  worker_->Submit([this, job] {
    (*job)->Run();
    home_.Post([this, job] { OnJobDone(job); });
  });
}

// The next segment is made ready beside the writing, so that no write waits for it.
void LogWriter::PrepareNext() {
  if (preparing_) return;
  const Job job = Box(log_->TakePrepareJob());
  if (!job) return;
  preparing_ = true;
  if (!preparer_) preparer_ = std::make_unique<Worker>("log-prepare");
  preparer_->Submit([this, job] {
    (*job)->Run();
    home_.Post([this, job] {
      preparing_ = false;
      // A failure is not final: what needs the segment waits for it, and we try again.
      const storage::Status status = log_->CompletePrepare(std::move(*job));
      const bool full = !status && status.error().code == storage::Code::kNoSpace;
      if (full == full_) return;
      full_ = full;
      on_full_(full);
    });
  });
}

void LogWriter::OnJobDone(const Job& job) {
  job_out_ = false;
  const storage::Status status = log_->Complete(std::move(*job));
  if (!status) {
    return Fail(status.error().what);
  }
  stats_.log_writes.Add();
  RemoveObsolete();
  Announce();
}

void LogWriter::Announce() {
  const uint64_t safe =
      mode_ == storage::SyncMode::kAlways ? log_->durable_sequence() : log_->written_sequence();
  std::vector<std::function<void()>> done;
  std::erase_if(waiting_, [&](Waiting& waiting) {
    if (waiting.sequence > log_->durable_sequence()) return false;
    done.push_back(std::move(waiting.done));
    return true;
  });
  if (safe > announced_) {
    announced_ = safe;
    on_safe_(safe);
  }
  for (const auto& call : done) call();
}

void LogWriter::RemoveObsolete() {
  std::vector<std::string> paths = log_->TakeObsoleteSegments();
  if (paths.empty()) return;
  worker_->Submit([&disk = *disk_, paths = std::move(paths)] {
    for (const std::string& path : paths) {
      // Left behind, it is found released at the next start, and removed then.
      if (!disk.Remove(path)) return;
    }
  });
}

void LogWriter::Tick(uint64_t monotonic_ms) {
  if (log_ == nullptr || failed_) return;
  if (mode_ == storage::SyncMode::kEverySecond && monotonic_ms - last_sync_ms_ >= kSyncEveryMs) {
    last_sync_ms_ = monotonic_ms;
    SyncWritten();
  }
  MarkWhenQuiet(monotonic_ms);
  RemoveObsolete();
  if (full_ && monotonic_ms - last_prepare_ms_ >= kPrepareAgainMs) {
    last_prepare_ms_ = monotonic_ms;
    PrepareNext();
  }
}

// After the last write of a busy time: what is damaged later is then known to have been durable.
void LogWriter::MarkWhenQuiet(uint64_t monotonic_ms) {
  const bool idle = !job_out_ && !syncing_ && !log_->HasPending() &&
                    log_->durable_sequence() == log_->last_sequence();
  if (!idle || log_->last_sequence() != quiet_sequence_) {
    quiet_sequence_ = log_->last_sequence();
    quiet_since_ms_ = monotonic_ms;
  } else if (monotonic_ms - quiet_since_ms_ >= kQuietMs) {
    log_->AppendSyncMarker();  // Once: then nothing is left to mark.
  }
}

// Syncs what is written, beside further writes.
void LogWriter::SyncWritten() {
  if (syncing_) return;
  const Job job = Box(log_->TakeSyncJob());
  if (!job) return;
  syncing_ = true;
  worker_->Submit([this, job] {
    (*job)->Run();
    home_.Post([this, job] {
      syncing_ = false;
      const storage::Status status = log_->CompleteSync(std::move(*job));
      if (!status) {
        return Fail(status.error().what);
      }
      Announce();
    });
  });
}

// Nobody knows what is on disk now: nothing more is promised (fsyncgate).
void LogWriter::Fail(const std::string& what) {
  failed_ = true;
  on_failed_(what);
}

void LogWriter::Stop() {
  worker_.reset();
  preparer_.reset();
  if (log_ == nullptr || failed_ || log_->HasPending()) return;
  if (log_->durable_sequence() != log_->last_sequence()) return;
  log_->AppendSyncMarker();
  const Job job = Box(log_->TakeJob(/*sync=*/false));
  if (!job) return;
  (*job)->Run();
  (void)log_->Complete(std::move(*job));  // Without the marker all is as it was.
}

void LogWriter::SyncNow(std::function<void()> done) {
  if (log_ == nullptr || failed_) return done();
  if (!log_->HasPending() && !job_out_ && log_->durable_sequence() >= log_->written_sequence()) {
    return done();
  }
  waiting_.push_back({log_->last_sequence(), std::move(done)});
  if (!job_out_) StartJob(/*sync=*/true);
}

}  // namespace server
