#include "server/config/special_values.h"

#include <algorithm>
#include <charconv>
#include <cstddef>

namespace server {
namespace {

constexpr size_t kBindAddressesMax = 16;

std::optional<int64_t> ParseNatural(std::string_view text, int base = 10) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

std::string Join(std::span<const std::string> words, char separator) {
  std::string joined;
  for (const std::string& word : words) {
    if (!joined.empty()) joined.push_back(separator);
    joined += word;
  }
  return joined;
}

std::string ParseBind(Settings& settings, Arguments arguments) {
  if (arguments.size() > kBindAddressesMax) return "Too many bind addresses specified.";
  settings.bind.assign(arguments.begin(), arguments.end());
  return {};
}

std::string FormatBind(const Settings& settings) { return Join(settings.bind, ' '); }

std::string ParseSave(Settings& settings, Arguments arguments) {
  if (arguments.size() % 2 != 0) return "Invalid save parameters";
  if (arguments.empty()) settings.save.clear();  // save "" takes back the lines before it.
  for (size_t i = 0; i < arguments.size(); i += 2) {
    const std::optional<int64_t> seconds = ParseNatural(arguments[i]);
    const std::optional<int64_t> changes = ParseNatural(arguments[i + 1]);
    if (!seconds || *seconds < 1 || !changes) return "Invalid save parameters";
    settings.save.push_back({.seconds = *seconds, .changes = *changes});
  }
  return {};
}

std::string FormatSave(const Settings& settings) {
  std::string text;
  for (const SavePoint& point : settings.save) {
    if (!text.empty()) text.push_back(' ');
    text += std::to_string(point.seconds) + ' ' + std::to_string(point.changes);
  }
  return text;
}

std::optional<ClientClass> ParseClientClass(std::string_view name) {
  if (name == "normal") return kNormalClient;
  if (name == "slave" || name == "replica") return kReplicaClient;
  if (name == "pubsub") return kPubSubClient;
  return std::nullopt;
}

std::string ParseOutputBufferLimits(Settings& settings, Arguments arguments) {
  if (arguments.empty() || arguments.size() % 4 != 0) {
    return "Wrong number of arguments in buffer limit configuration.";
  }
  for (size_t i = 0; i < arguments.size(); i += 4) {
    const std::optional<ClientClass> client_class = ParseClientClass(arguments[i]);
    if (!client_class) return "Invalid client class specified in buffer limit configuration.";
    const std::optional<int64_t> hard = ParseMemory(arguments[i + 1]);
    const std::optional<int64_t> soft = ParseMemory(arguments[i + 2]);
    const std::optional<int64_t> seconds = ParseNatural(arguments[i + 3]);
    if (!hard || !soft || !seconds) {
      return "Error in hard, soft or soft_seconds setting in buffer limit configuration.";
    }
    settings.client_output_buffer_limit[*client_class] = {
        .hard_bytes = *hard, .soft_bytes = *soft, .soft_seconds = *seconds};
  }
  return {};
}

std::string FormatOutputBufferLimits(const Settings& settings) {
  static constexpr std::string_view kNames[kClientClasses] = {"normal", "slave", "pubsub"};
  std::string text;
  for (size_t i = 0; i < kClientClasses; ++i) {
    const OutputBufferLimit& limit = settings.client_output_buffer_limit[i];
    if (i > 0) text.push_back(' ');
    text.append(kNames[i]).push_back(' ');
    text += std::to_string(limit.hard_bytes) + ' ' + std::to_string(limit.soft_bytes) + ' ' +
            std::to_string(limit.soft_seconds);
  }
  return text;
}

bool IsHostAndPort(std::string_view seed) {
  const size_t colon = seed.rfind(':');
  if (colon == seed.npos || colon == 0) return false;
  const std::string_view host = seed.substr(0, colon);
  // A bare IPv6 address would leave open where its port begins.
  const bool is_bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (host.find(':') != host.npos && !is_bracketed) return false;
  const std::optional<int64_t> port = ParseNatural(seed.substr(colon + 1));
  return port && *port > 0 && *port <= 65535;
}

std::string ParseSeeds(Settings& settings, Arguments arguments) {
  settings.seeds.clear();
  for (const std::string& argument : arguments) {
    std::string_view rest = argument;
    while (!rest.empty()) {
      const size_t comma = std::min(rest.find(','), rest.size());
      const std::string seed(rest.substr(0, comma));
      rest.remove_prefix(std::min(comma + 1, rest.size()));
      if (seed.empty()) continue;
      if (!IsHostAndPort(seed)) return "seed '" + seed + "' is not host:port";
      settings.seeds.push_back(seed);
    }
  }
  return {};
}

std::string FormatSeeds(const Settings& settings) { return Join(settings.seeds, ','); }

std::string ParseUnixSocketPerm(Settings& settings, Arguments arguments) {
  if (arguments.size() != 1) return "wrong number of arguments";
  const std::optional<int64_t> bits = ParseNatural(arguments[0], 8);
  if (!bits) return "argument couldn't be parsed as an octal number";
  if (*bits > 0777) return "argument must be between 0 and 777 inclusive";
  settings.unixsocketperm = *bits;
  return {};
}

std::string FormatUnixSocketPerm(const Settings& settings) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof(digits), settings.unixsocketperm, 8).ptr;
  return std::string(digits, end);
}

}  // namespace

SpecialKind BindValue() { return {ParseBind, FormatBind, nullptr}; }
SpecialKind SaveValue() {
  return {ParseSave, FormatSave, [](Settings& settings) { settings.save.clear(); }};
}
SpecialKind OutputBufferLimitValue() {
  return {ParseOutputBufferLimits, FormatOutputBufferLimits, nullptr};
}
SpecialKind SeedsValue() { return {ParseSeeds, FormatSeeds, nullptr}; }
SpecialKind UnixSocketPermValue() { return {ParseUnixSocketPerm, FormatUnixSocketPerm, nullptr}; }

}  // namespace server
