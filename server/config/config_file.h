// Reads and rewrites files in the syntax of redis.conf: one directive on a line, "#" comments,
// quoting as resp::SplitArgs has it, and "include" with glob patterns.
#pragma once

#include <istream>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "server/config/setting_table.h"

namespace server {

// Why the server cannot start with these settings, worded for the person who wrote them.
struct ConfigError {
  std::string what;
};

// One line of a source of settings.
struct Directive {
  std::string where;              // "Reading the configuration file, at line 3 of x.conf"
  std::string text;               // The line, for error messages.
  std::vector<std::string> args;  // The first is the setting's name.
};

ConfigError BadDirective(const Directive& directive, const std::string& why);

using Directives = tl::expected<std::vector<Directive>, ConfigError>;
Directives ReadConfigFile(const std::string& path);
Directives ReadConfigStream(std::istream& stream, const std::string& name);

// Replaces the file by one in which each given setting has the given line: in the place of the last
// line that set it, or at the end, after a comment that says so. All other lines stay as they are.
// The file is there at all times, the old one or the new one. Returns what the system said.
struct NewLine {
  const Setting* setting;
  std::string line;
};
tl::expected<void, std::string> RewriteConfigFile(const std::string& path,
                                                  const std::vector<NewLine>& lines);

}  // namespace server
