// When a key dies: the EX, PX, EXAT and PXAT options, and setting the deadline so that every
// replica agrees on it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "server/commands/call.h"

namespace server::commands {

class ExpireOption {
 public:
  enum class Unit { kNone, kSeconds, kMilliseconds, kUnixSeconds, kUnixMilliseconds };

  struct Deadline {
    int64_t at_ms = storage::kNoExpiry;
    std::string error;  // Empty when `at_ms` holds.
  };

  ExpireOption() = default;
  ExpireOption(Unit unit, std::string_view amount) : unit_(unit), amount_(amount) {}

  // Takes `EX 10` and its like. False when `name` is none of them, or contradicts what was given:
  // the same one twice is fine, and the later counts, as in Redis.
  bool Take(std::string_view name, std::string_view amount);
  bool given() const { return unit_ != Unit::kNone; }

  // Must be given. `command` is for the error's text.
  Deadline DeadlineMs(int64_t now_ms, std::string_view command) const;

 private:
  Unit unit_ = Unit::kNone;
  std::string_view amount_;
};

std::string InvalidExpireTime(std::string_view command);

// Sets the deadline of a live key, or deletes the key if the leader's clock has passed it, and logs
// which of the two it was. While applying only the log decides: the deadline is set, whatever the
// clock says.
void ExpireKeyAt(Call& call, storage::Item* item, const storage::HashedKey& key,
                 int64_t deadline_ms);

}  // namespace server::commands
