#include "server/commands/command_docs.h"

#include <algorithm>
#include <cassert>

#include "server/commands/numbers.h"

namespace server::commands {
namespace {

std::string_view TakeLine(std::string_view& text) {
  const size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

// Our own generated text: a token that does not parse is a bug.
void ReplyToken(resp::Writer& reply, std::string_view token) {
  const std::string_view rest = token.substr(1);
  if (token[0] == '$') return reply.Bulk(rest);
  if (token[0] == '+') return reply.Simple(rest);
  const std::optional<int64_t> number = ParseInteger(rest);
  assert(number.has_value());
  if (token[0] == ':') return reply.Integer(*number);
  const auto count = static_cast<size_t>(*number);
  if (token[0] == '%') return reply.Map(count);
  if (token[0] == '~') return reply.Set(count);
  assert(token[0] == '*');
  reply.Array(count);
}

}  // namespace

const CommandDoc* FindCommandDoc(std::string_view name) {
  const std::span<const CommandDoc> docs = AllCommandDocs();
  const auto found = std::lower_bound(
      docs.begin(), docs.end(), name,
      [](const CommandDoc& doc, std::string_view wanted) { return doc.name < wanted; });
  return found != docs.end() && found->name == name ? &*found : nullptr;
}

void ReplyText(resp::Writer& reply, std::string_view text) {
  while (!text.empty()) ReplyToken(reply, TakeLine(text));
}

std::string_view KeySpecFlags(std::string_view key_specs, size_t index) {
  constexpr std::string_view kHead = "$flags\n";
  size_t at = key_specs.find(kHead);
  for (; index > 0 && at != std::string_view::npos; --index) {
    at = key_specs.find(kHead, at + 1);
  }
  if (at == std::string_view::npos) return {};
  const size_t begin = at + kHead.size();
  const size_t end = key_specs.find("\n$", begin);
  return key_specs.substr(begin, end - begin);
}

}  // namespace server::commands
