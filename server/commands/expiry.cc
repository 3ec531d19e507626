#include "server/commands/expiry.h"

#include "server/commands/call.h"
#include "server/commands/errors.h"
#include "server/commands/expire_time.h"
#include "server/commands/numbers.h"

namespace server::commands {
namespace {

struct Conditions {
  bool nx = false;
  bool xx = false;
  bool gt = false;
  bool lt = false;
};

// False after an error reply.
bool ParseConditions(Call& call, Conditions& conditions) {
  for (const std::string_view option : call.args.subspan(3)) {
    if (EqualsIgnoreCase(option, "nx")) {
      conditions.nx = true;
    } else if (EqualsIgnoreCase(option, "xx")) {
      conditions.xx = true;
    } else if (EqualsIgnoreCase(option, "gt")) {
      conditions.gt = true;
    } else if (EqualsIgnoreCase(option, "lt")) {
      conditions.lt = true;
    } else {
      call.reply.Error("ERR Unsupported option " + std::string(option));
      return false;
    }
  }
  if (conditions.nx && (conditions.xx || conditions.gt || conditions.lt)) {
    call.reply.Error("ERR NX and XX, GT or LT options at the same time are not compatible");
    return false;
  }
  if (conditions.gt && conditions.lt) {
    call.reply.Error("ERR GT and LT options at the same time are not compatible");
    return false;
  }
  return true;
}

// A key without a deadline lives for ever: nothing is greater than that, and everything is less.
bool Holds(const Conditions& conditions, int64_t current_ms, int64_t wanted_ms) {
  const bool persistent = current_ms == storage::kNoExpiry;
  if (conditions.nx && !persistent) return false;
  if (conditions.xx && persistent) return false;
  if (conditions.gt && (persistent || wanted_ms <= current_ms)) return false;
  if (conditions.lt && !persistent && wanted_ms >= current_ms) return false;
  return true;
}

enum class Unit { kSeconds, kMilliseconds };

void SetDeadline(Call& call, int64_t base_ms, Unit unit, std::string_view command) {
  Conditions conditions;
  if (!ParseConditions(call, conditions)) return;
  const std::optional<int64_t> amount = ParseInteger(call.args[2]);
  if (!amount) return call.reply.Error(kNotAnInteger);
  int64_t deadline_ms = *amount;
  if (unit == Unit::kSeconds && __builtin_mul_overflow(*amount, 1000, &deadline_ms)) {
    return call.reply.Error(InvalidExpireTime(command));
  }
  if (__builtin_add_overflow(deadline_ms, base_ms, &deadline_ms)) {
    return call.reply.Error(InvalidExpireTime(command));
  }

  const storage::HashedKey key = call.Hash(call.args[1]);
  storage::Item* item = call.Find(key);
  if (item == nullptr || !Holds(conditions, item->expire_at_ms(), deadline_ms)) {
    return call.reply.Integer(0);
  }
  ExpireKeyAt(call, item, key, deadline_ms);
  call.reply.Integer(1);
}

constexpr int64_t kNoKey = -2;
constexpr int64_t kNeverExpires = -1;

// What `tell` makes of the key's deadline.
template <typename Tell>
void ReplyDeadline(Call& call, Tell tell) {
  const storage::Item* item = call.Find(call.args[1]);
  if (item == nullptr) return call.reply.Integer(kNoKey);
  if (item->expire_at_ms() == storage::kNoExpiry) return call.reply.Integer(kNeverExpires);
  call.reply.Integer(tell(item->expire_at_ms()));
}

// Half a second more than the latest possible time is not a time any more, so seconds are told
// apart first.
int64_t RoundedSeconds(int64_t milliseconds) {
  return milliseconds / 1000 + (milliseconds % 1000 + 500) / 1000;
}

}  // namespace

void Expire(Call& call) { SetDeadline(call, call.now_ms, Unit::kSeconds, "expire"); }

void PExpire(Call& call) { SetDeadline(call, call.now_ms, Unit::kMilliseconds, "pexpire"); }

void ExpireAt(Call& call) { SetDeadline(call, 0, Unit::kSeconds, "expireat"); }

void PExpireAt(Call& call) { SetDeadline(call, 0, Unit::kMilliseconds, "pexpireat"); }

void Ttl(Call& call) {
  ReplyDeadline(call, [&](int64_t at_ms) { return RoundedSeconds(at_ms - call.now_ms); });
}

void PTtl(Call& call) {
  ReplyDeadline(call, [&](int64_t at_ms) { return at_ms - call.now_ms; });
}

void ExpireTime(Call& call) { ReplyDeadline(call, RoundedSeconds); }

void PExpireTime(Call& call) {
  ReplyDeadline(call, [](int64_t at_ms) { return at_ms; });
}

void Persist(Call& call) {
  const storage::HashedKey key = call.Hash(call.args[1]);
  storage::Item* item = call.Find(key);
  if (item == nullptr || item->expire_at_ms() == storage::kNoExpiry) return call.reply.Integer(0);
  call.db().SetExpiry(item, key, storage::kNoExpiry);
  call.LogAsIs();
  call.reply.Integer(1);
}

}  // namespace server::commands
