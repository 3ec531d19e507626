#include "server/commands/whole_keyspace.h"

#include "server/commands/call.h"
#include "server/commands/errors.h"
#include "server/commands/numbers.h"
#include "server/commands/scan_options.h"
#include "server/commands/type_name.h"

namespace server::commands {
namespace {

// False after an error reply. Memory is always freed in slices here, so that both words mean the
// same.
bool FlushOptionsAreValid(Call& call) {
  if (call.args.size() == 1) return true;
  const bool known = call.args.size() == 2 && (EqualsIgnoreCase(call.args[1], "async") ||
                                               EqualsIgnoreCase(call.args[1], "sync"));
  if (!known) call.reply.Error(kSyntaxError);
  return known;
}

}  // namespace

void DbSize(Call& call) {
  call.ReadsWholeKeyspace();
  call.reply.Integer(static_cast<int64_t>(call.db().size()));
}

void Keys(Call& call) {
  call.ReadsWholeKeyspace();
  const ScanOptions options{.pattern = call.args[1]};
  CountedBulks found(call.reply.version());
  uint64_t cursor = 0;
  do {
    cursor = call.db().Scan(cursor, call.db().size(), [&](const storage::Item& item) {
      if (options.Matches(item.key()) && !call.IsExpired(item)) found.Add(item.key());
    });
  } while (cursor != 0);
  found.SendTo(call.reply);
}

void Scan(Call& call) {
  const std::optional<uint64_t> cursor = ParseCursor(call.args[1]);
  if (!cursor) return call.reply.Error(kInvalidCursor);
  const std::optional<ScanOptions> options = ParseScanOptions(call, 2, /*type_allowed=*/true);
  if (!options) return;
  call.ReadsWholeKeyspace();

  CountedBulks found(call.reply.version());
  const auto visit = [&](const storage::Item& item) {
    if (!options->type.empty() && !EqualsIgnoreCase(options->type, TypeName(item.type()))) return;
    if (options->Matches(item.key()) && !call.IsExpired(item)) found.Add(item.key());
  };
  const uint64_t next = call.db().Scan(*cursor, options->count, visit);
  ReplyScan(call, next, found);
}

void RandomKey(Call& call) {
  call.ReadsWholeKeyspace();
  // When nearly all keys are expired, one of them is as good an answer as Redis gives.
  constexpr int kTries = 100;
  for (int i = 0; i < kTries; ++i) {
    const storage::Item* item = call.db().Random(call.Random());
    if (item == nullptr) break;
    if (!call.IsExpired(*item) || i + 1 == kTries) return call.reply.Bulk(item->key());
  }
  call.reply.Null();
}

void FlushDb(Call& call) {
  if (!FlushOptionsAreValid(call)) return;
  if (call.db().size() > 0) {
    call.keyspace().Clear(call.database());
    call.LogAsIs();
  }
  call.reply.Ok();
}

void FlushAll(Call& call) {
  if (!FlushOptionsAreValid(call)) return;
  if (call.keyspace().size() > 0) {
    call.keyspace().ClearAll();
    call.LogAsIs();
  }
  call.reply.Ok();
}

}  // namespace server::commands
