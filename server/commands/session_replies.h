// What several families of session commands reply.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "resp/writer.h"

namespace server::commands {

// The version of Redis that clients may take this for: they choose commands and reply shapes by it.
inline constexpr std::string_view kCompatibleRedisVersion = "7.0.15";

// The lines of a HELP subcommand.
inline void ReplyLines(resp::Writer& reply, std::span<const std::string_view> lines) {
  reply.Array(lines.size());
  for (const std::string_view line : lines) reply.Simple(line);
}

// "cluster|meet" as a person writes it: "CLUSTER MEET".
inline std::string UpperName(std::string_view name) {
  std::string upper(name);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (c == '|') c = ' ';
  }
  return upper;
}

// Whole replies, for what a session's Defer returned.
inline std::string OkReply() { return "+OK\r\n"; }
inline std::string ErrorReply(std::string_view text) {
  std::string reply;
  resp::Writer(reply, 2).Error(text);
  return reply;
}
inline std::string VerbatimReply(std::string_view text, int resp_version) {
  std::string reply;
  resp::Writer(reply, resp_version).Verbatim(text, "txt");
  return reply;
}

}  // namespace server::commands
