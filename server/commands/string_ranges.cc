// Parts of strings: APPEND, STRLEN, GETRANGE, SETRANGE.
#include <algorithm>

#include "server/commands/call.h"
#include "server/commands/errors.h"
#include "server/commands/numbers.h"
#include "server/commands/strings.h"

namespace server::commands {
namespace {

constexpr int64_t kStringBytesMax = 512LL << 20;  // proto-max-bulk-len

}  // namespace

void Append(Call& call) {
  const storage::HashedKey key = call.Hash(call.args[1]);
  const Call::FoundString found = call.FindString(key);
  if (!found.ok) return;
  const std::string_view suffix = call.args[2];
  const auto size = static_cast<int64_t>(found.value.size() + suffix.size());
  if (found.item != nullptr && size > kStringBytesMax) return call.reply.Error(kStringTooLong);

  if (found.item == nullptr) {
    call.db().PutString(key,
                        suffix);  // Not a string made to grow, as far as OBJECT ENCODING tells.
  } else {
    call.db().WriteString(key, found.value.size(), suffix);
  }
  call.LogAsIs();
  call.reply.Integer(size);
}

void StrLen(Call& call) {
  const Call::FoundString found = call.FindString(call.Hash(call.args[1]));
  if (found.ok) call.reply.Integer(static_cast<int64_t>(found.value.size()));
}

void GetRange(Call& call) {
  const std::optional<int64_t> first = ParseInteger(call.args[2]);
  if (!first) return call.reply.Error(kNotAnInteger);
  const std::optional<int64_t> last = ParseInteger(call.args[3]);
  if (!last) return call.reply.Error(kNotAnInteger);
  const Call::FoundString found = call.FindString(call.Hash(call.args[1]));
  if (!found.ok) return;

  const auto size = static_cast<int64_t>(found.value.size());
  if (*first < 0 && *last < 0 && *first > *last) return call.reply.Bulk("");
  const int64_t begin = std::max<int64_t>(*first < 0 ? size + *first : *first, 0);
  int64_t end = std::max<int64_t>(*last < 0 ? size + *last : *last, 0);
  end = std::min(end, size - 1);
  if (begin > end || size == 0) return call.reply.Bulk("");
  call.reply.Bulk(
      found.value.substr(static_cast<size_t>(begin), static_cast<size_t>(end - begin + 1)));
}

void SubStr(Call& call) { GetRange(call); }

void SetRange(Call& call) {
  const std::optional<int64_t> offset = ParseInteger(call.args[2]);
  if (!offset) return call.reply.Error(kNotAnInteger);
  if (*offset < 0) return call.reply.Error(kOffsetOutOfRange);
  const storage::HashedKey key = call.Hash(call.args[1]);
  const Call::FoundString found = call.FindString(key);
  if (!found.ok) return;

  const std::string_view part = call.args[3];
  if (part.empty()) return call.reply.Integer(static_cast<int64_t>(found.value.size()));
  if (*offset > kStringBytesMax - static_cast<int64_t>(part.size())) {
    return call.reply.Error(kStringTooLong);
  }

  const auto begin = static_cast<size_t>(*offset);
  const size_t size = std::max(found.value.size(), begin + part.size());
  call.db().WriteString(key, begin, part);
  call.LogAsIs();
  call.reply.Integer(static_cast<int64_t>(size));
}

}  // namespace server::commands
