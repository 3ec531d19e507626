// HSCAN and HRANDFIELD.
#include "server/commands/call.h"
#include "server/commands/errors.h"
#include "server/commands/hashes.h"
#include "server/commands/numbers.h"
#include "server/commands/random_sample.h"
#include "server/commands/scan_options.h"

namespace server::commands {

void HScan(Call& call) {
  const std::optional<uint64_t> cursor = ParseCursor(call.args[2]);
  if (!cursor) return call.reply.Error(kInvalidCursor);
  const auto found = call.FindHash(call.Hash(call.args[1]));
  if (!found.ok) return;
  CountedBulks bulks(call.reply.version());
  // Redis looks for the key before it looks at the options.
  if (found.value == nullptr) return ReplyScan(call, 0, bulks);
  const std::optional<ScanOptions> options = ParseScanOptions(call, 3, /*type_allowed=*/false);
  if (!options) return;

  const uint64_t next = found.value->Scan(*cursor, options->count,
                                          [&](std::string_view field, std::string_view value) {
                                            if (!options->Matches(field)) return;
                                            bulks.Add(field);
                                            bulks.Add(value);
                                          });
  ReplyScan(call, next, bulks);
}

void HRandField(Call& call) {
  const std::optional<SampleRequest> request = ParseSampleRequest(call, "withvalues");
  if (!request) return;
  const auto found = call.FindHash(call.Hash(call.args[1]));
  if (!found.ok) return;
  if (found.value == nullptr) {
    return request->has_count ? call.reply.Array(0) : call.reply.Null();
  }

  const std::optional<std::vector<size_t>> indexes =
      SampleIndexes(call, *request, found.value->size());
  if (!indexes) return;
  const bool pairs = request->with_values && call.reply.version() >= 3;
  const bool flat = request->with_values && !pairs;
  if (request->has_count) call.reply.Array(flat ? indexes->size() * 2 : indexes->size());
  size_t at = 0;
  size_t next = 0;
  found.value->ForEach([&](std::string_view field, std::string_view value) {
    for (; next < indexes->size() && (*indexes)[next] == at; ++next) {
      if (pairs) call.reply.Array(2);
      call.reply.Bulk(field);
      if (request->with_values) call.reply.Bulk(value);
    }
    ++at;
  });
}

}  // namespace server::commands
