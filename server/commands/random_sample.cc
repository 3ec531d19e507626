#include "server/commands/random_sample.h"

#include <algorithm>
#include <cassert>
#include <limits>
#include <set>

#include "server/commands/errors.h"
#include "server/commands/numbers.h"

namespace server::commands {
namespace {

// Redis answers as many as are asked for until its memory is gone (CVE-2023-22458 was its
// overflow).
constexpr size_t kRepeatedMax = 1 << 24;

}  // namespace

std::optional<SampleRequest> ParseSampleRequest(Call& call, std::string_view with_values_word) {
  SampleRequest request;
  if (call.args.size() < 3) return request;
  const std::optional<int64_t> count = ParseInteger(call.args[2]);
  if (!count) {
    call.reply.Error(kNotAnInteger);
    return std::nullopt;
  }
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  if (*count < -kMax) {
    call.reply.Error(
        "ERR value is out of range, value must between -9223372036854775807 and "
        "9223372036854775807");
    return std::nullopt;
  }
  if (call.args.size() > 3) {
    const bool valid = call.args.size() == 4 && !with_values_word.empty() &&
                       EqualsIgnoreCase(call.args[3], with_values_word);
    if (!valid) {
      call.reply.Error(kSyntaxError);
      return std::nullopt;
    }
    request.with_values = true;
    // Twice as many replies as elements must still be a number.
    if (*count < -kMax / 2 || *count > kMax / 2) {
      call.reply.Error(kOutOfRange);
      return std::nullopt;
    }
  }
  request.has_count = true;
  request.distinct = *count >= 0;
  request.count = static_cast<size_t>(*count < 0 ? -*count : *count);
  return request;
}

std::optional<std::vector<size_t>> SampleIndexes(Call& call, const SampleRequest& request,
                                                 size_t size) {
  assert(size > 0);
  std::vector<size_t> indexes;
  if (!request.distinct) {
    if (request.count > kRepeatedMax) {
      call.reply.Error(kOutOfRange);
      return std::nullopt;
    }
    indexes.resize(request.count);
    for (size_t& index : indexes) index = call.Random() % size;
    std::sort(indexes.begin(), indexes.end());
    return indexes;
  }
  if (request.count >= size) {
    indexes.resize(size);
    for (size_t i = 0; i < size; ++i) indexes[i] = i;
    return indexes;
  }
  // Floyd's algorithm: each set of `count` is as likely as any other, in `count` steps.
  std::set<size_t> chosen;
  for (size_t last = size - request.count; last < size; ++last) {
    const size_t index = call.Random() % (last + 1);
    if (!chosen.insert(index).second) chosen.insert(last);
  }
  indexes.assign(chosen.begin(), chosen.end());
  return indexes;
}

}  // namespace server::commands
