#include "server/commands/topology.h"

namespace server {

std::string EndpointHost(const ClusterNode& node, bool prefer_hostname) {
  if (!prefer_hostname) return node.host;
  return node.hostname.empty() ? "?" : node.hostname;
}

}  // namespace server
