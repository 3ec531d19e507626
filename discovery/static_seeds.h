// Peers from a fixed list: the setting `seeds` under `discovery static`.
#pragma once

#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "discovery/endpoint.h"

namespace discovery {

// Reads "host:port,host:port,[v6]:port". Spaces around an entry are ignored, an empty list is an
// empty result, and an entry named twice is refused, since it can only be a slip of the pen.
tl::expected<std::vector<Endpoint>, Error> ParseSeeds(std::string_view text);

// Reads one "host:port" or "[v6]:port".
tl::expected<Endpoint, Error> ParseEndpoint(std::string_view text);

// The inverse of ParseEndpoint: brackets around what holds a colon.
std::string ToString(const Endpoint& endpoint);

}  // namespace discovery
