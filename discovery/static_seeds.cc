#include "discovery/static_seeds.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

namespace discovery {
namespace {

constexpr size_t kHostBytesMax = 253;  // The longest name that DNS knows.

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

tl::unexpected<Error> Bad(std::string_view entry, std::string_view why) {
  std::string what = "seed \"";
  what.append(entry).append("\": ").append(why);
  return tl::unexpected(Error{std::move(what)});
}

std::optional<uint16_t> ParsePort(std::string_view text) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

bool IsNameByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_';
}

// An IPv6 address may carry a zone: fe80::1%eth0.
bool IsAddressByte(char c) { return IsNameByte(c) || c == ':' || c == '%'; }

}  // namespace

tl::expected<Endpoint, Error> ParseEndpoint(std::string_view text) {
  const bool bracketed = text.starts_with('[');
  std::string_view host;
  std::string_view rest;
  if (bracketed) {
    const size_t close = text.find(']');
    if (close == std::string_view::npos) return Bad(text, "the bracket is not closed");
    host = text.substr(1, close - 1);
    rest = text.substr(close + 1);
    if (!std::ranges::all_of(host, IsAddressByte)) return Bad(text, "not an address");
  } else {
    const size_t colon = text.find(':');
    if (colon != std::string_view::npos && text.find(':', colon + 1) != std::string_view::npos) {
      return Bad(text, "an IPv6 address needs brackets: [::1]:17001");
    }
    host = text.substr(0, colon);
    rest = colon == std::string_view::npos ? std::string_view() : text.substr(colon);
    if (!std::ranges::all_of(host, IsNameByte)) return Bad(text, "not a host name");
  }

  if (host.empty()) return Bad(text, "the host is missing");
  if (host.size() > kHostBytesMax) return Bad(text, "the host is too long");
  if (!rest.starts_with(':')) return Bad(text, "the port is missing, expected host:port");
  const std::optional<uint16_t> port = ParsePort(rest.substr(1));
  if (!port) return Bad(text, "the port must be a number from 1 to 65535");
  return Endpoint{.host = std::string(host), .port = *port};
}

tl::expected<std::vector<Endpoint>, Error> ParseSeeds(std::string_view text) {
  std::vector<Endpoint> seeds;
  if (Trim(text).empty()) return seeds;

  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view entry = Trim(text.substr(begin, end - begin));
    if (entry.empty()) return Bad(entry, "an entry of the list is empty");

    tl::expected<Endpoint, Error> seed = ParseEndpoint(entry);
    if (!seed) return tl::unexpected(std::move(seed).error());
    if (std::ranges::find(seeds, *seed) != seeds.end()) return Bad(entry, "is named twice");
    seeds.push_back(*std::move(seed));
    begin = end + 1;
  }
  return seeds;
}

std::string ToString(const Endpoint& endpoint) {
  const bool bracketed = endpoint.host.find(':') != std::string::npos;
  return (bracketed ? "[" + endpoint.host + "]" : endpoint.host) + ":" +
         std::to_string(endpoint.port);
}

}  // namespace discovery
