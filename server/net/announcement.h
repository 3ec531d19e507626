// What nodes tell each other about themselves: when a link is made, and from then on several times
// a second.
//
// Text, a "key=value" a line, so that versions can add keys that others skip:
//   protocol=1  cluster=<40 hex or empty>  node=<40 hex>  port=7001  bus-port=17001  ip=  hostname=
//   zone= leads=<partition>:<term>,...
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "raft/core/types.h"

namespace server {

inline constexpr int kPeerProtocol = 1;

struct Announcement {
  int protocol = kPeerProtocol;
  std::string cluster;  // Empty: knows none yet.
  std::string node;     // 40 hex digits.
  int port = 0;
  int bus_port = 0;
  std::string ip;        // cluster-announce-ip, or empty: what the peer sees.
  std::string hostname;  // cluster-announce-hostname, or empty.
  std::string zone;
  std::vector<std::pair<uint32_t, raft::Term>> leads;
};

std::string Encode(const Announcement& announcement);
// Nullopt for text that is not an announcement; bytes from outside, so nothing is asserted.
std::optional<Announcement> DecodeAnnouncement(std::string_view text);

// The first 64 bits of a node's name, never kNobody for a valid one. Nullopt if the name is
// malformed.
std::optional<raft::NodeId> NodeIdOf(std::string_view name);

}  // namespace server
