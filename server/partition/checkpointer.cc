#include "server/partition/checkpointer.h"

#include <cassert>
#include <chrono>

#include "server/partition/partition.h"

namespace server {
namespace {

// Slices on their way to the worker: enough to keep it busy, little enough to bound memory.
constexpr int kSlicesInFlightMax = 4;

}  // namespace

struct Checkpointer::Running {
  std::unique_ptr<storage::Capture>
      capture;  // Owner's thread only; null once the keyspace is gone.
  std::unique_ptr<storage::CheckpointWriter> writer;  // The worker's, while a step is there.
  storage::CheckpointInfo info;
  storage::Status
      status;  // First failure; written by the worker's steps, which run one after another.
  uint64_t bytes = 0;
  int slices_in_flight = 0;
  bool full = false;
  bool finishing = false;
  bool aborted = false;
  std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
};

Checkpointer::Checkpointer(Partition& partition, storage::CheckpointStore& store,
                           Executor& executor)
    : partition_(partition), store_(store), executor_(executor) {}

Checkpointer::~Checkpointer() { Abort(); }

bool Checkpointer::Start() {
  if (running_ != nullptr || !partition_.started()) return false;
  const raft::Index index = partition_.executed();
  const std::optional<raft::Term> term = partition_.replica().core().log().TermAt(index);
  if (!term || index == 0) return false;

  running_ = std::make_shared<Running>();
  running_->info.snapshot.last = {*term, index};
  running_->info.snapshot.configuration = partition_.replica().core().ConfigurationAt(index);
  running_->info.hash_seed = partition_.keyspace().hash_seed();
  running_->info.keys = partition_.keyspace().size();
  running_->capture = storage::Capture::Begin(partition_.keyspace(), full_next_);
  running_->full = full_next_;

  executor_.Run(
      [run = running_, &store = store_, id = partition_.id()] {
        using Kind = storage::CheckpointStore::Kind;
        auto writer = store.NewWriter(id, run->full ? Kind::kFull : Kind::kIncremental);
        if (writer) {
          run->writer = std::move(*writer);
        } else {
          run->status = tl::unexpected(writer.error());
        }
      },
      [] {});
  return true;
}

void Checkpointer::WriteSlice(storage::CaptureSlice slice) {
  ++running_->slices_in_flight;
  auto shared = std::make_shared<storage::CaptureSlice>(std::move(slice));
  executor_.Run(
      [run = running_, shared] {
        if (run->status) run->status = shared->WriteTo(*run->writer);
      },
      [run = running_, shared] {
        run->bytes += shared->bytes();
        --run->slices_in_flight;
      });
}

bool Checkpointer::Advance(size_t bytes_max) {
  if (running_ == nullptr || running_->finishing) return false;
  if (!running_->capture->done()) {
    if (running_->slices_in_flight >= kSlicesInFlightMax) return false;
    storage::CaptureSlice slice = running_->capture->Next(bytes_max);
    if (slice.rows() > 0) WriteSlice(std::move(slice));
    return true;
  }
  // The state at the captured index is real only once that entry is committed (DESIGN §6).
  const raft::Position captured = running_->info.snapshot.last;
  if (partition_.commit() < captured.index) return false;
  const std::optional<raft::Term> term = partition_.replica().core().log().TermAt(captured.index);
  if (term && *term != captured.term) {
    Abort();  // Another leader's entry has taken its place, and nothing was lost by that but this.
    return false;
  }
  FinishAndIngest();
  return false;
}

void Checkpointer::FinishAndIngest() {
  running_->finishing = true;
  executor_.Run(
      [run = running_] {
        if (run->status) run->status = run->writer->Finish(run->info);
        if (run->status) run->status = run->writer->Ingest();
        run->writer.reset();
      },
      [this, run = running_] {
        if (run->aborted) return;  // `this` may be gone.
        Result result;
        result.ok = run->status.has_value();
        if (!result.ok) result.error = run->status.error().what;
        result.last = run->info.snapshot.last;
        result.keys = run->info.keys;
        result.bytes = run->bytes;
        result.duration_ms =
            static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                      std::chrono::steady_clock::now() - run->started)
                                      .count());
        End(std::move(result));
      });
}

void Checkpointer::End(Result result) {
  if (result.ok) {
    running_->capture->Succeed();
    newest_ = result.last;
    if (running_->full) full_next_ = false;
  }
  running_.reset();
  result_ = std::move(result);
}

void Checkpointer::Abort() {
  if (running_ == nullptr) return;
  running_->aborted = true;
  running_->capture.reset();
  // The writer's files go on the worker, after the steps that may still use it.
  executor_.Run([run = running_] { run->writer.reset(); }, [] {});
  running_.reset();
  Result result;
  result.error = "the state it was taken of was replaced";
  result_ = std::move(result);
}

std::optional<Checkpointer::Result> Checkpointer::TakeResult() {
  return std::exchange(result_, std::nullopt);
}

}  // namespace server
