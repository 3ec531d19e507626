// Hash fields that hold numbers.
#include <cmath>
#include <string>

#include "server/commands/call.h"
#include "server/commands/errors.h"
#include "server/commands/hashes.h"
#include "server/commands/numbers.h"

namespace server::commands {
namespace {

void SetField(Call& call, const storage::HashedKey& key, storage::Item* item,
              std::string_view value) {
  if (item == nullptr) item = call.db().Create(key, storage::Type::kHash);
  const Change change(call, item, key);
  item->hash().Set(call.args[2], value, call.thresholds());
}

}  // namespace

void HIncrBy(Call& call) {
  const std::optional<int64_t> delta = ParseInteger(call.args[3]);
  if (!delta) return call.reply.Error(kNotAnInteger);
  const storage::HashedKey key = call.Hash(call.args[1]);
  const auto found = call.FindHash(key);
  if (!found.ok) return;
  const auto stored = found.value != nullptr ? found.value->Get(call.args[2]) : std::nullopt;
  const std::optional<int64_t> value = stored ? ParseInteger(*stored) : std::optional<int64_t>(0);
  if (!value) return call.reply.Error(kHashValueNotAnInteger);
  const std::optional<int64_t> sum = AddWithoutOverflow(*value, *delta);
  if (!sum) return call.reply.Error(kOverflow);

  SetField(call, key, found.item, Decimal(*sum).view());
  call.LogAsIs();
  call.reply.Integer(*sum);
}

// Logs the sum, as INCRBYFLOAT does and for the same reason.
void HIncrByFloat(Call& call) {
  const std::optional<long double> delta = ParseLongDouble(call.args[3]);
  if (!delta) return call.reply.Error(kNotAFloat);
  if (std::isinf(*delta)) return call.reply.Error("ERR value is NaN or Infinity");
  const storage::HashedKey key = call.Hash(call.args[1]);
  const auto found = call.FindHash(key);
  if (!found.ok) return;
  const auto stored = found.value != nullptr ? found.value->Get(call.args[2]) : std::nullopt;
  const std::optional<long double> value =
      stored ? ParseLongDouble(*stored) : std::optional<long double>(0);
  if (!value) return call.reply.Error(kHashValueNotAFloat);
  const long double sum = *value + *delta;
  if (std::isnan(sum) || std::isinf(sum)) return call.reply.Error(kNanOrInfinity);

  const std::string text = FormatLongDouble(sum);
  SetField(call, key, found.item, text);
  call.LogEffect({"hset", key.key, call.args[2], text});
  call.reply.Bulk(text);
}

}  // namespace server::commands
