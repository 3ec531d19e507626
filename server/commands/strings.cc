// GET, SET and their relatives. Numbers are in string_numbers.cc, parts of strings in
// string_ranges.cc.
#include "server/commands/strings.h"

#include <cassert>
#include <string>

#include "server/commands/call.h"
#include "server/commands/errors.h"
#include "server/commands/expire_time.h"
#include "server/commands/numbers.h"

namespace server::commands {
namespace {

struct SetOptions {
  bool nx = false;
  bool xx = false;
  bool get = false;
  bool keep_ttl = false;
  ExpireOption expire;
};

// Empty when the options contradict each other or one is unknown: a syntax error, as Redis has it.
std::optional<SetOptions> ParseSetOptions(std::span<const std::string_view> options) {
  SetOptions parsed;
  for (size_t i = 0; i < options.size(); ++i) {
    const std::string_view option = options[i];
    const bool has_next = i + 1 < options.size();
    if (EqualsIgnoreCase(option, "nx") && !parsed.xx) {
      parsed.nx = true;
    } else if (EqualsIgnoreCase(option, "xx") && !parsed.nx) {
      parsed.xx = true;
    } else if (EqualsIgnoreCase(option, "get")) {
      parsed.get = true;
    } else if (EqualsIgnoreCase(option, "keepttl") && !parsed.expire.given()) {
      parsed.keep_ttl = true;
    } else if (has_next && !parsed.keep_ttl && parsed.expire.Take(option, options[i + 1])) {
      ++i;
    } else {
      return std::nullopt;
    }
  }
  return parsed;
}

// Stores a value that dies at `deadline_ms`, and logs it in absolute terms.
void PutUntil(Call& call, const storage::HashedKey& key, std::string_view value,
              int64_t deadline_ms) {
  call.db().PutStringUntil(key, value, deadline_ms);
  call.LogEffect({"set", key.key, value, "pxat", Decimal(deadline_ms).view()});
}

void SetWithOptions(Call& call, const storage::HashedKey& key) {
  const std::string_view value = call.args[2];
  const std::optional<SetOptions> options = ParseSetOptions(call.args.subspan(3));
  if (!options) return call.reply.Error(kSyntaxError);

  int64_t deadline_ms = storage::kNoExpiry;
  if (options->expire.given()) {
    const ExpireOption::Deadline deadline = options->expire.DeadlineMs(call.now_ms, "set");
    if (!deadline.error.empty()) return call.reply.Error(deadline.error);
    deadline_ms = deadline.at_ms;
  }

  const storage::Item* old = nullptr;
  if (options->get) {
    const Call::FoundString found = call.FindString(key);
    if (!found.ok) return;
    found.item == nullptr ? call.reply.Null() : call.reply.Bulk(found.value);
    old = found.item;
  } else if (options->nx || options->xx || options->keep_ttl) {
    old = call.Find(key);
  }
  if ((options->nx && old != nullptr) || (options->xx && old == nullptr)) {
    if (!options->get) call.reply.Null();
    return;
  }

  if (deadline_ms != storage::kNoExpiry) {
    PutUntil(call, key, value, deadline_ms);
  } else {
    call.db().PutString(key, value, options->keep_ttl);
    call.LogAsIs();
  }
  if (!options->get) call.reply.Ok();
}

void SetExpiring(Call& call, ExpireOption::Unit unit, std::string_view command) {
  const ExpireOption expire(unit, call.args[2]);
  const ExpireOption::Deadline deadline = expire.DeadlineMs(call.now_ms, command);
  if (!deadline.error.empty()) return call.reply.Error(deadline.error);
  PutUntil(call, call.Hash(call.args[1]), call.args[3], deadline.at_ms);
  call.reply.Ok();
}

}  // namespace

void Set(Call& call) {
  const storage::HashedKey key = call.Hash(call.args[1]);
  if (call.args.size() > 3) return SetWithOptions(call, key);
  call.db().PutString(key, call.args[2]);
  call.LogAsIs();
  call.reply.Ok();
}

void Get(Call& call) {
  const Call::FoundString found = call.FindString(call.Hash(call.args[1]));
  if (!found.ok) return;
  if (found.item == nullptr) return call.reply.Null();
  call.reply.Bulk(found.value);
}

void GetSet(Call& call) {
  const storage::HashedKey key = call.Hash(call.args[1]);
  const Call::FoundString found = call.FindString(key);
  if (!found.ok) return;
  found.item == nullptr ? call.reply.Null() : call.reply.Bulk(found.value);
  call.db().PutString(key, call.args[2]);
  call.LogAsIs();
}

void GetDel(Call& call) {
  const storage::HashedKey key = call.Hash(call.args[1]);
  const Call::FoundString found = call.FindString(key);
  if (!found.ok) return;
  if (found.item == nullptr) return call.reply.Null();
  call.reply.Bulk(found.value);
  call.db().Delete(key);
  call.LogEffect({"del", key.key});
}

void GetEx(Call& call) {
  bool persist = false;
  ExpireOption expire;
  for (size_t i = 2; i < call.args.size(); ++i) {
    const bool has_next = i + 1 < call.args.size();
    if (EqualsIgnoreCase(call.args[i], "persist") && !expire.given()) {
      persist = true;
    } else if (has_next && !persist && expire.Take(call.args[i], call.args[i + 1])) {
      ++i;
    } else {
      return call.reply.Error(kSyntaxError);
    }
  }

  const storage::HashedKey key = call.Hash(call.args[1]);
  const Call::FoundString found = call.FindString(key);
  if (!found.ok) return;
  if (found.item == nullptr) return call.reply.Null();

  ExpireOption::Deadline deadline;
  if (expire.given()) {
    deadline = expire.DeadlineMs(call.now_ms, "getex");
    if (!deadline.error.empty()) return call.reply.Error(deadline.error);
  }
  call.reply.Bulk(found.value);

  if (expire.given()) {
    ExpireKeyAt(call, found.item, key, deadline.at_ms);
  } else if (persist && found.item->expire_at_ms() != storage::kNoExpiry) {
    call.db().SetExpiry(found.item, key, storage::kNoExpiry);
    call.LogEffect({"persist", key.key});
  }
}

void SetNx(Call& call) {
  const storage::HashedKey key = call.Hash(call.args[1]);
  if (call.Find(key) != nullptr) return call.reply.Integer(0);
  call.db().PutString(key, call.args[2]);
  call.LogAsIs();
  call.reply.Integer(1);
}

void SetEx(Call& call) { SetExpiring(call, ExpireOption::Unit::kSeconds, "setex"); }

void PSetEx(Call& call) { SetExpiring(call, ExpireOption::Unit::kMilliseconds, "psetex"); }

void MSet(Call& call) {
  if (call.args.size() % 2 == 0) {
    return call.reply.Error("ERR wrong number of arguments for 'mset' command");
  }
  for (size_t i = 1; i < call.args.size(); i += 2) {
    call.db().PutString(call.Hash(call.args[i]), call.args[i + 1]);
  }
  call.LogAsIs();
  call.reply.Ok();
}

void MSetNx(Call& call) {
  if (call.args.size() % 2 == 0) {
    return call.reply.Error("ERR wrong number of arguments for 'msetnx' command");
  }
  for (size_t i = 1; i < call.args.size(); i += 2) {
    if (call.Find(call.args[i]) != nullptr) return call.reply.Integer(0);
  }
  for (size_t i = 1; i < call.args.size(); i += 2) {
    call.db().PutString(call.Hash(call.args[i]), call.args[i + 1]);
  }
  call.LogAsIs();
  call.reply.Integer(1);
}

void MGet(Call& call) {
  call.reply.Array(call.args.size() - 1);
  for (const std::string_view name : call.args.subspan(1)) {
    storage::Item* item = call.Find(name);
    // A key of another type reads as absent here, rather than fail the whole command.
    const bool is_string = item != nullptr && item->type() == storage::Type::kString;
    is_string ? call.reply.Bulk(item->string()) : call.reply.Null();
  }
}

}  // namespace server::commands
