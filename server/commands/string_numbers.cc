// Strings that hold numbers: INCR and its relatives.
#include <cmath>
#include <limits>

#include "server/commands/call.h"
#include "server/commands/errors.h"
#include "server/commands/numbers.h"
#include "server/commands/strings.h"

namespace server::commands {
namespace {

void Add(Call& call, int64_t delta) {
  const storage::HashedKey key = call.Hash(call.args[1]);
  const Call::FoundString found = call.FindString(key);
  if (!found.ok) return;
  const std::optional<int64_t> value =
      found.item == nullptr ? std::optional<int64_t>(0) : ParseInteger(found.value);
  if (!value) return call.reply.Error(kNotAnInteger);
  const std::optional<int64_t> sum = AddWithoutOverflow(*value, delta);
  if (!sum) return call.reply.Error(kOverflow);

  call.db().PutString(key, Decimal(*sum).view(), /*keep_expiry=*/true);
  call.LogAsIs();
  call.reply.Integer(*sum);
}

}  // namespace

void Incr(Call& call) { Add(call, 1); }

void Decr(Call& call) { Add(call, -1); }

void IncrBy(Call& call) {
  const std::optional<int64_t> delta = ParseInteger(call.args[2]);
  if (!delta) return call.reply.Error(kNotAnInteger);
  Add(call, *delta);
}

void DecrBy(Call& call) {
  const std::optional<int64_t> delta = ParseInteger(call.args[2]);
  if (!delta) return call.reply.Error(kNotAnInteger);
  if (*delta == std::numeric_limits<int64_t>::min()) return call.reply.Error(kDecrementOverflow);
  Add(call, -*delta);
}

// Logs the sum: how precise a long double is depends on the machine.
void IncrByFloat(Call& call) {
  const storage::HashedKey key = call.Hash(call.args[1]);
  const Call::FoundString found = call.FindString(key);
  if (!found.ok) return;
  const std::optional<long double> value =
      found.item == nullptr ? std::optional<long double>(0) : ParseLongDouble(found.value);
  const std::optional<long double> delta = ParseLongDouble(call.args[2]);
  if (!value || !delta) return call.reply.Error(kNotAFloat);
  const long double sum = *value + *delta;
  if (std::isnan(sum) || std::isinf(sum)) return call.reply.Error(kNanOrInfinity);

  const std::string text = FormatLongDouble(sum);
  call.db().PutString(key, text, /*keep_expiry=*/true);
  call.LogEffect({"set", key.key, text, "keepttl"});
  call.reply.Bulk(text);
}

}  // namespace server::commands
