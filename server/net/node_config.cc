// CONFIG, and what follows from a changed setting.
#include <spdlog/spdlog.h>

#include "resp/writer.h"
#include "server/net/node.h"

namespace server {

storage::SyncMode Node::SyncModeOf(const Settings& settings) {
  switch (settings.appendfsync) {
    case AppendFsync::kAlways:
      return storage::SyncMode::kAlways;
    case AppendFsync::kEverySec:
      return storage::SyncMode::kEverySecond;
    case AppendFsync::kNo:
      break;
  }
  return storage::SyncMode::kNever;
}

std::string Node::ConfigGet(const std::vector<std::string>& patterns, int resp_version) {
  const std::vector<std::string_view> views(patterns.begin(), patterns.end());
  const Config::NamesAndValues found = config_.Get(views);
  std::string reply;
  resp::Writer writer(reply, resp_version);
  writer.Map(found.size());
  for (const auto& [name, value] : found) {
    writer.Bulk(name);
    writer.Bulk(value);
  }
  return reply;
}

std::string Node::ConfigSet(const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::vector<std::string_view> flat;
  for (const auto& [name, value] : pairs) {
    flat.push_back(name);
    flat.push_back(value);
  }
  std::string reply;
  resp::Writer writer(reply, 2);
  const Config before = config_;
  const Config::SetResult result = config_.Set(flat);
  if (!result) {
    writer.Error(result.error());
    return reply;
  }
  if (const int64_t possible = ClientsPossible(config_.settings().maxclients);
      config_.settings().maxclients != before.settings().maxclients &&
      config_.settings().maxclients > possible) {
    config_ = before;
    writer.Error(
        "ERR CONFIG SET failed (possibly related to argument 'maxclients') - The operating system "
        "is not able to handle the specified number of clients, try with " +
        std::to_string(possible));
    return reply;
  }
  ApplySettings();
  writer.Ok();
  return reply;
}

std::string Node::ConfigRewrite() {
  std::string reply;
  resp::Writer writer(reply, 2);
  if (const auto result = config_.Rewrite(); result) {
    writer.Ok();
  } else {
    writer.Error(result.error());
  }
  return reply;
}

void Node::ApplySettings() {
  settings_ = std::make_shared<const Settings>(config_.settings());
  LimitClients();
  ApplyLogLevel(*settings_);
  OnAllShards([settings = settings_](Shard& shard) { shard.SetSettings(settings); });
}

void Node::ApplyLogLevel(const Settings& settings) {
  switch (settings.loglevel) {
    case LogLevel::kDebug:
      return spdlog::set_level(spdlog::level::debug);
    case LogLevel::kVerbose:
    case LogLevel::kNotice:
      return spdlog::set_level(spdlog::level::info);
    case LogLevel::kWarning:
      return spdlog::set_level(spdlog::level::warn);
  }
}

void Node::ResetStats() {
  OnAllShards([](Shard& shard) { shard.ResetStats(); });
}

}  // namespace server
