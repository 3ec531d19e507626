#include "server/config/sources.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "resp/split_args.h"

namespace server {
namespace {

constexpr std::string_view kPrefix = "LOOMCACHE_";

// LOOMCACHE_CLUSTER_PORT to cluster-port.
std::string SettingNameOf(std::string_view variable) {
  std::string name(variable.substr(kPrefix.size()));
  for (char& c : name) {
    if (c == '_') c = '-';
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return name;
}

bool Contains(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

// What the kubelet sets in every pod for a Service named loomcache or loomcache-something:
// LOOMCACHE_SERVICE_HOST, _SERVICE_PORT[_NAME], _PORT, _PORT_6379_TCP[_PROTO|_PORT|_ADDR].
bool IsServiceLink(std::string_view variable, std::string_view value) {
  if (Contains(variable, "_SERVICE_HOST") || Contains(variable, "_SERVICE_PORT")) return true;
  for (const std::string_view scheme : {"tcp://", "udp://", "sctp://"}) {
    if (value.starts_with(scheme) && Contains(variable, "_PORT")) return true;
  }
  for (const std::string_view protocol : {"_TCP", "_UDP", "_SCTP"}) {
    if (Contains(variable, "_PORT_") && Contains(variable, protocol)) return true;
  }
  return false;
}

std::string QuotedText(const std::vector<std::string>& args) {
  std::string text = args[0];
  for (size_t i = 1; i < args.size(); ++i) {
    text.push_back(' ');
    resp::AppendQuoted(args[i], text);
  }
  return text;
}

}  // namespace

Directives ReadEnvironment(std::span<const std::string> environment) {
  std::vector<Directive> directives;
  for (const std::string& entry : environment) {
    if (!entry.starts_with(kPrefix)) continue;
    const size_t equals = std::min(entry.find('='), entry.size());
    const std::string variable = entry.substr(0, equals);
    const std::string value = equals < entry.size() ? entry.substr(equals + 1) : std::string();

    Directive directive{.where = "Reading the environment",
                        .text = entry,
                        .args = {SettingNameOf(variable), value}};
    if (IsServiceLink(variable, value)) {
      if (FindSetting(directive.args[0]) == nullptr) continue;
      return tl::unexpected(BadDirective(
          directive,
          "Kubernetes has set this variable, because there is a Service of that name: it is not a "
          "setting. Set 'enableServiceLinks: false' in the pod's spec"));
    }
    // The value of a variable that we do not know may be a secret of someone else's.
    if (FindSetting(directive.args[0]) == nullptr) directive.text = variable;
    directives.push_back(std::move(directive));
  }
  return directives;
}

tl::expected<CommandLine, ConfigError> ReadCommandLine(std::span<const std::string> arguments) {
  CommandLine line;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    const bool is_option = argument.size() > 2 && argument.starts_with("--");
    if (i == 0 && !argument.starts_with("-")) {
      line.file = argument;
    } else if (argument == "-" && (i == 0 || i + 1 == arguments.size())) {
      line.reads_standard_input = true;
    } else if (is_option) {
      line.directives.push_back(
          {.where = "Reading the command line", .text = {}, .args = {argument.substr(2)}});
    } else if (!line.directives.empty()) {
      line.directives.back().args.push_back(argument);
    } else {
      const Directive stray{.where = "Reading the command line", .text = argument, .args = {}};
      return tl::unexpected(BadDirective(stray, "Bad directive or wrong number of arguments"));
    }
  }
  for (Directive& directive : line.directives) {
    // As in Redis, a bare --save means no save points.
    if (directive.args.size() == 1 && directive.args[0] == "save") directive.args.emplace_back();
    directive.text = QuotedText(directive.args);
  }
  return line;
}

}  // namespace server
