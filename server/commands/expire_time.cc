#include "server/commands/expire_time.h"

#include <limits>

#include "server/commands/errors.h"
#include "server/commands/numbers.h"

namespace server::commands {

bool ExpireOption::Take(std::string_view name, std::string_view amount) {
  Unit unit = Unit::kNone;
  if (EqualsIgnoreCase(name, "ex")) unit = Unit::kSeconds;
  if (EqualsIgnoreCase(name, "px")) unit = Unit::kMilliseconds;
  if (EqualsIgnoreCase(name, "exat")) unit = Unit::kUnixSeconds;
  if (EqualsIgnoreCase(name, "pxat")) unit = Unit::kUnixMilliseconds;
  if (unit == Unit::kNone || (given() && unit != unit_)) return false;
  unit_ = unit;
  amount_ = amount;
  return true;
}

ExpireOption::Deadline ExpireOption::DeadlineMs(int64_t now_ms, std::string_view command) const {
  const std::optional<int64_t> amount = ParseInteger(amount_);
  if (!amount) return {.error = std::string(kNotAnInteger)};
  if (*amount <= 0) return {.error = InvalidExpireTime(command)};

  int64_t at_ms = *amount;
  const bool in_seconds = unit_ == Unit::kSeconds || unit_ == Unit::kUnixSeconds;
  if (in_seconds && __builtin_mul_overflow(at_ms, 1000, &at_ms)) {
    return {.error = InvalidExpireTime(command)};
  }
  const bool relative = unit_ == Unit::kSeconds || unit_ == Unit::kMilliseconds;
  if (relative && __builtin_add_overflow(at_ms, now_ms, &at_ms)) {
    return {.error = InvalidExpireTime(command)};
  }
  return {.at_ms = at_ms, .error = {}};
}

std::string InvalidExpireTime(std::string_view command) {
  return "ERR invalid expire time in '" + std::string(command) + "' command";
}

void ExpireKeyAt(Call& call, storage::Item* item, const storage::HashedKey& key,
                 int64_t deadline_ms) {
  if (!call.applying() && deadline_ms <= call.now_ms) {
    call.db().Delete(key);
    call.LogEffect({"del", key.key});
    return;
  }
  call.db().SetExpiry(item, key, deadline_ms);
  call.LogEffect({"pexpireat", key.key, Decimal(deadline_ms).view()});
}

}  // namespace server::commands
