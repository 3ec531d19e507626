#include "server/net/announcement.h"

#include <algorithm>

#include "server/net/text_lines.h"

namespace server {
namespace {

constexpr size_t kNameDigits = 40;
constexpr size_t kLeadsMax = 16384;

bool IsName(std::string_view text) {
  return text.size() == kNameDigits && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

bool IsPort(int port) { return port > 0 && port < 65536; }

std::vector<std::pair<uint32_t, raft::Term>> DecodeLeads(std::string_view text) {
  std::vector<std::pair<uint32_t, raft::Term>> leads;
  ForEachPart(text, ',', [&](std::string_view part) {
    const size_t colon = part.find(':');
    if (colon == std::string_view::npos || leads.size() >= kLeadsMax) return;
    const auto partition = ParseNumber<uint32_t>(part.substr(0, colon));
    const auto term = ParseNumber<raft::Term>(part.substr(colon + 1));
    if (partition && term) leads.emplace_back(*partition, *term);
  });
  return leads;
}

}  // namespace

std::string Encode(const Announcement& announcement) {
  std::string text =
      "protocol=" + std::to_string(announcement.protocol) + "\ncluster=" + announcement.cluster +
      "\nnode=" + announcement.node + "\nport=" + std::to_string(announcement.port) +
      "\nbus-port=" + std::to_string(announcement.bus_port) + "\nip=" + announcement.ip +
      "\nhostname=" + announcement.hostname + "\nzone=" + announcement.zone + "\nleads=";
  for (const auto& [partition, term] : announcement.leads) {
    text += std::to_string(partition) + ":" + std::to_string(term) + ",";
  }
  return text + "\n";
}

std::optional<Announcement> DecodeAnnouncement(std::string_view text) {
  Announcement announcement;
  announcement.protocol = 0;
  ForEachLine(text, [&](std::string_view key, std::string_view value) {
    if (key == "protocol") announcement.protocol = ParseNumber<int>(value).value_or(0);
    if (key == "cluster") announcement.cluster = value;
    if (key == "node") announcement.node = value;
    if (key == "port") announcement.port = ParseNumber<int>(value).value_or(0);
    if (key == "bus-port") announcement.bus_port = ParseNumber<int>(value).value_or(0);
    if (key == "ip") announcement.ip = value;
    if (key == "hostname") announcement.hostname = value;
    if (key == "zone") announcement.zone = value;
    if (key == "leads") announcement.leads = DecodeLeads(value);
  });
  const bool sound = announcement.protocol > 0 && NodeIdOf(announcement.node) &&
                     (announcement.cluster.empty() || IsName(announcement.cluster)) &&
                     IsPort(announcement.port) && IsPort(announcement.bus_port);
  if (!sound) return std::nullopt;
  return announcement;
}

std::optional<raft::NodeId> NodeIdOf(std::string_view name) {
  if (!IsName(name)) return std::nullopt;
  const auto id = ParseNumber<raft::NodeId>(name.substr(0, 16), 16);
  if (!id || *id == raft::kNobody) return std::nullopt;
  return id;
}

}  // namespace server
