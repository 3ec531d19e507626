// The server's settings, from where they come to what CONFIG does with them.
//
// Sources, each overruling the ones before: defaults, the file, the environment (LOOMCACHE_<NAME>,
// with '_' for '-'), the command line. A setting that is unknown, malformed or at odds with another
// one keeps the server from starting, and the error says where it was set.
//
//   tl::expected<Config, ConfigError> config = Config::Load({.arguments = ..., ...});
//   listen(config->settings().port);
#pragma once

#include <istream>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "server/config/config_file.h"
#include "server/config/setting_table.h"
#include "server/config/settings.h"

namespace server {

class Config {
 public:
  struct Sources {
    std::vector<std::string> arguments = {};    // Without the program's name.
    std::vector<std::string> environment = {};  // "NAME=value", all of it.
    std::istream* standard_input = nullptr;     // Read where the arguments have "-".
  };

  // The text to print, for --version and --help; the program then ends.
  static std::optional<std::string> Information(std::span<const std::string> arguments);

  [[nodiscard]] static tl::expected<Config, ConfigError> Load(const Sources& sources);

  // Stays where it is as long as the Config does, and changes with Set.
  const Settings& settings() const { return settings_; }

  // CONFIG GET: names and values of all that match one of the patterns, each once.
  using NamesAndValues = std::vector<std::pair<std::string, std::string>>;
  NamesAndValues Get(std::span<const std::string_view> patterns) const;

  // CONFIG SET: all of the pairs or none. Returns the settings that were named, for the server to
  // act upon, or the error reply ("ERR ...").
  using SetResult = tl::expected<std::vector<const Setting*>, std::string>;
  [[nodiscard]] SetResult Set(std::span<const std::string_view> names_and_values);

  // CONFIG REWRITE: brings the file up to date with the command line and with Set. What comes from
  // the environment stays there. Returns the error reply ("ERR ...").
  [[nodiscard]] tl::expected<void, std::string> Rewrite() const;

  const std::string& file() const { return file_; }  // Absolute; empty without one.

 private:
  enum class Origin { kDefault, kFile, kEnvironment, kCommandLine, kConfigSet };

  Config();
  tl::expected<void, ConfigError> Apply(const std::vector<Directive>& directives, Origin origin);
  tl::expected<void, ConfigError> Settle();
  Origin& OriginOf(const Setting& setting);

  Settings settings_;
  std::vector<Origin> origins_;  // In the order of AllSettings.
  std::string file_;
};

}  // namespace server
