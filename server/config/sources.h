// The environment and the command line, as directives.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "server/config/config_file.h"

namespace server {

// Variables that begin with LOOMCACHE_. Those that Kubernetes injects for Services are passed over,
// unless one has the name of a setting: then the pod has to do without service links.
Directives ReadEnvironment(std::span<const std::string> environment);

struct CommandLine {
  std::string file;  // Empty: none.
  bool reads_standard_input = false;
  std::vector<Directive> directives;
};
tl::expected<CommandLine, ConfigError> ReadCommandLine(std::span<const std::string> arguments);

}  // namespace server
