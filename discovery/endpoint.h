// Where a peer can be reached, as it was written down. A host is a name or an address, never
// resolved here: an address is never stored as truth, and every dial resolves anew.
#pragma once

#include <cstdint>
#include <string>

namespace discovery {

struct Endpoint {
  std::string host;  // A name, an IPv4 address, or an IPv6 address without brackets.
  uint16_t port = 0;
  bool operator==(const Endpoint&) const = default;
};

// How discovery says that its input is of no use.
struct Error {
  std::string what;  // For a person: which entry, and what is wrong with it.
};

}  // namespace discovery
