#include "server/config/config.h"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <filesystem>
#include <system_error>

#include "server/config/glob.h"
#include "server/config/sources.h"
#include "server/config/version.h"

namespace server {
namespace {

constexpr int64_t kClusterPortOffset = 10000;  // As in Redis Cluster.

constexpr std::string_view kUsage =
    R"(Usage: loomcache [/path/to/loomcache.conf] [--setting value ...] [-]
       loomcache - (read the configuration from standard input)
       loomcache -v or --version
       loomcache -h or --help

Every setting can also be given as an environment variable: LOOMCACHE_MAXMEMORY for maxmemory.
The command line overrules the environment, and the environment the file.

Examples:
       loomcache (run with the defaults)
       echo 'maxmemory 128mb' | loomcache -
       loomcache /etc/loomcache.conf --loglevel verbose
       loomcache --port 7001 --dir a --cluster-enabled yes --bootstrap-expect 3
                 --seeds 127.0.0.1:17001,127.0.0.1:17002,127.0.0.1:17003
)";

tl::unexpected<ConfigError> Refuse(const std::string& why) {
  return tl::unexpected(
      ConfigError{"*** FATAL CONFIG ERROR (LoomCache " + std::string(kVersion) + ") ***\n" + why});
}

// What is wrong with a cluster node's settings taken together; empty when nothing is.
std::string FaultOfCluster(const Settings& settings) {
  if (!settings.appendonly) {
    return "'cluster-enabled yes' needs 'appendonly yes': a node that forgets its log and its "
           "votes "
           "could undo acknowledged writes";
  }
  if (settings.seeds.empty()) {
    return "'cluster-enabled yes' needs 'seeds host:port,...', the cluster ports of the nodes";
  }
  if (settings.port == 0) return "'cluster-enabled yes' needs a 'port' that clients can be sent to";
  if (settings.cluster_port > UINT16_MAX) {
    return "'cluster-port' is 'port' + 10000 unless set, which is above 65535 here: set "
           "'cluster-port', or a 'port' of 55535 or less";
  }
  if (settings.cluster_port == settings.port) return "'cluster-port' and 'port' must differ";
  return {};
}

std::string ConfigSetError(std::string_view name, const std::string& why) {
  return "ERR CONFIG SET failed (possibly related to argument '" + std::string(name) + "') - " +
         why;
}

void Clear(const Setting& setting, Settings& settings) {
  const auto* const special = std::get_if<SpecialKind>(&setting.kind);
  if (special != nullptr && special->clear != nullptr) special->clear(settings);
}

int64_t ClampHz(int64_t hz) { return std::clamp<int64_t>(hz, 1, 500); }  // As Redis does.

}  // namespace

std::optional<std::string> Config::Information(std::span<const std::string> arguments) {
  if (arguments.empty()) return std::nullopt;
  if (arguments[0] == "--version" || arguments[0] == "-v") {
    return "LoomCache server v=" + std::string(kVersion) + " bits=64\n";
  }
  if (arguments[0] == "--help" || arguments[0] == "-h") return std::string(kUsage);
  return std::nullopt;
}

Config::Config() : origins_(AllSettings().size(), Origin::kDefault) {
  for (const Setting& setting : AllSettings()) {
    if (setting.is_refused()) continue;
    const std::string text(setting.default_text);
    const std::string fault = SetFromArguments(setting, Arguments(&text, 1), settings_);
    assert(fault.empty());  // The table's defaults are within its own limits.
  }
}

tl::expected<Config, ConfigError> Config::Load(const Sources& sources) {
  const auto command_line = ReadCommandLine(sources.arguments);
  if (!command_line) return tl::unexpected(command_line.error());

  Config config;
  std::vector<Directive> file_directives;
  if (!command_line->file.empty()) {
    Directives read = ReadConfigFile(command_line->file);
    if (!read) return tl::unexpected(read.error());
    file_directives = std::move(*read);
    // The server changes its working directory, and Rewrite must find the file all the same.
    std::error_code ignored;
    config.file_ = std::filesystem::absolute(command_line->file, ignored).string();
  }
  if (command_line->reads_standard_input && sources.standard_input != nullptr) {
    Directives read = ReadConfigStream(*sources.standard_input, "standard input");
    if (!read) return tl::unexpected(read.error());
    file_directives.insert(file_directives.end(), read->begin(), read->end());
  }
  const Directives environment = ReadEnvironment(sources.environment);
  if (!environment) return tl::unexpected(environment.error());

  if (auto applied = config.Apply(file_directives, Origin::kFile); !applied) {
    return tl::unexpected(applied.error());
  }
  if (auto applied = config.Apply(*environment, Origin::kEnvironment); !applied) {
    return tl::unexpected(applied.error());
  }
  if (auto applied = config.Apply(command_line->directives, Origin::kCommandLine); !applied) {
    return tl::unexpected(applied.error());
  }
  if (auto settled = config.Settle(); !settled) return tl::unexpected(settled.error());
  return config;
}

Config::Origin& Config::OriginOf(const Setting& setting) {
  return origins_[static_cast<size_t>(&setting - AllSettings().data())];
}

tl::expected<void, ConfigError> Config::Apply(const std::vector<Directive>& directives,
                                              Origin origin) {
  for (const Directive& directive : directives) {
    const Setting* const setting = FindSetting(directive.args[0]);
    if (setting == nullptr) {
      return tl::unexpected(BadDirective(directive, "Bad directive or wrong number of arguments"));
    }
    // Lists grow by several lines of one source, and begin anew with the next source.
    if (OriginOf(*setting) != origin) Clear(*setting, settings_);
    const std::string fault =
        SetFromArguments(*setting, Arguments(directive.args).subspan(1), settings_);
    if (!fault.empty()) return tl::unexpected(BadDirective(directive, fault));
    OriginOf(*setting) = origin;
  }
  return {};
}

// Fills in the defaults that hang on other settings, and looks at what must agree.
tl::expected<void, ConfigError> Config::Settle() {
  settings_.hz = ClampHz(settings_.hz);
  if (settings_.heartbeat_interval_ms * 2 > settings_.election_timeout_ms) {
    return Refuse(
        "'heartbeat-interval-ms' must be at most half of 'election-timeout-ms', or every "
        "lost message would cause an election");
  }
  if (!settings_.cluster_enabled) {
    if (settings_.port == 0 && settings_.unixsocket.empty()) {
      return Refuse("Configured to not listen anywhere: 'port' is 0 and there is no 'unixsocket'");
    }
    return {};
  }
  if (OriginOf(*FindSetting("appendfsync")) == Origin::kDefault) {
    settings_.appendfsync =
        AppendFsync::kAlways;  // An acknowledged write is on a majority's disks.
  }
  if (settings_.cluster_port == 0) settings_.cluster_port = settings_.port + kClusterPortOffset;
  if (settings_.bootstrap_expect == 0) {
    settings_.bootstrap_expect = static_cast<int64_t>(settings_.seeds.size());
  }
  const std::string fault = FaultOfCluster(settings_);
  if (!fault.empty()) return Refuse(fault);
  return {};
}

Config::NamesAndValues Config::Get(std::span<const std::string_view> patterns) const {
  NamesAndValues found;
  const auto add_if_wanted = [&](std::string_view name, const Setting& setting) {
    const bool wanted = std::any_of(patterns.begin(), patterns.end(), [&](std::string_view p) {
      return GlobMatch(p, name, GlobCase::kInsensitive);
    });
    if (wanted) found.emplace_back(name, FormatValue(setting, settings_));
  };
  for (const Setting& setting : AllSettings()) {
    if (setting.is_refused()) continue;
    add_if_wanted(setting.name, setting);
    if (!setting.alias.empty()) add_if_wanted(setting.alias, setting);
  }
  return found;
}

Config::SetResult Config::Set(std::span<const std::string_view> names_and_values) {
  if (names_and_values.empty() || names_and_values.size() % 2 != 0) {
    return tl::unexpected(std::string("ERR syntax error"));
  }
  // Redis finds fault with all names before it looks at any value.
  std::vector<const Setting*> named;
  for (size_t i = 0; i < names_and_values.size(); i += 2) {
    const std::string_view name = names_and_values[i];
    const Setting* const setting = FindSetting(name);
    if (setting == nullptr) {
      return tl::unexpected("ERR Unknown option or number of arguments for CONFIG SET - '" +
                            std::string(name) + "'");
    }
    if (!setting->is_refused() && setting->when == When::kAtStart) {
      return tl::unexpected(ConfigSetError(name, "can't set immutable config"));
    }
    if (std::find(named.begin(), named.end(), setting) != named.end()) {
      return tl::unexpected(ConfigSetError(name, "duplicate parameter"));
    }
    named.push_back(setting);
  }

  Settings changed = settings_;
  for (size_t i = 0; i < named.size(); ++i) {
    const std::string value(names_and_values[2 * i + 1]);
    Clear(*named[i], changed);
    const std::string fault = SetFromArguments(*named[i], Arguments(&value, 1), changed);
    if (!fault.empty()) return tl::unexpected(ConfigSetError(names_and_values[2 * i], fault));
  }
  changed.hz = ClampHz(changed.hz);
  settings_ = std::move(changed);
  for (const Setting* setting : named) OriginOf(*setting) = Origin::kConfigSet;
  return named;
}

tl::expected<void, std::string> Config::Rewrite() const {
  if (file_.empty()) {
    return tl::unexpected(std::string("ERR The server is running without a config file"));
  }
  std::vector<NewLine> lines;
  for (size_t i = 0; i < origins_.size(); ++i) {
    if (origins_[i] != Origin::kCommandLine && origins_[i] != Origin::kConfigSet) continue;
    const Setting& setting = AllSettings()[i];
    lines.push_back({.setting = &setting, .line = FormatLine(setting, settings_)});
  }
  if (auto rewritten = RewriteConfigFile(file_, lines); !rewritten) {
    return tl::unexpected("ERR Rewriting config file: " + rewritten.error());
  }
  return {};
}

}  // namespace server
