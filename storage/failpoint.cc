#include "storage/failpoint.h"

#include <signal.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <thread>

namespace storage {
namespace {

std::optional<uint64_t> ParseNumber(std::string_view text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::string FailpointSet::Parse(std::string_view text) {
  std::string errors;
  while (!text.empty()) {
    const size_t comma = text.find(',');
    const std::string_view one = text.substr(0, comma);
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
    if (!one.empty()) errors += ParseOne(one);
  }
  return errors;
}

std::string FailpointSet::ParseOne(std::string_view text) {
  const std::string error = "failpoint '" + std::string(text) + "' is not name=action\n";
  const size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) return error;
  const std::string_view name = text.substr(0, equals);
  std::string_view action = text.substr(equals + 1);

  uint64_t only_pass = 0;
  if (const size_t at = action.find('@'); at != std::string_view::npos) {
    const std::optional<uint64_t> pass = ParseNumber(action.substr(at + 1));
    if (!pass || *pass == 0) return error;
    only_pass = *pass;
    action = action.substr(0, at);
  }
  Decision decision;
  if (action == "crash") {
    decision.action = Action::kCrash;
  } else if (action == "fail") {
    decision.action = Action::kFail;
  } else if (action.starts_with("sleep:")) {
    const std::optional<uint64_t> ms = ParseNumber(action.substr(6));
    if (!ms) return error;
    decision = {.action = Action::kSleep, .sleep_ms = *ms};
  } else {
    return error;
  }
  Point& point = points_.emplace_back();
  point.name = name;
  point.decision = decision;
  point.only_pass = only_pass;
  return {};
}

FailpointSet::Decision FailpointSet::Pass(std::string_view name) {
  Decision decision;
  for (Point& point : points_) {
    if (point.name != name) continue;
    const uint64_t pass = point.passes.fetch_add(1, std::memory_order_relaxed) + 1;
    if (point.only_pass == 0 || point.only_pass == pass) decision = point.decision;
  }
  return decision;
}

#ifdef LOOM_FAILPOINTS

namespace {

// The one piece of state that belongs to the process: so does the environment that it comes from.
FailpointSet& FromEnvironment() {
  static FailpointSet& set = *[] {
    auto* parsed = new FailpointSet;
    const char* text = std::getenv("LOOMCACHE_FAILPOINTS");
    const std::string errors = parsed->Parse(text == nullptr ? "" : text);
    if (!errors.empty()) std::fputs(errors.c_str(), stderr);
    return parsed;
  }();
  return set;
}

}  // namespace

bool Failpoint(std::string_view name) {
  const FailpointSet::Decision decision = FromEnvironment().Pass(name);
  switch (decision.action) {
    case FailpointSet::Action::kNone:
      return false;
    case FailpointSet::Action::kCrash:
      kill(getpid(), SIGKILL);
      return true;
    case FailpointSet::Action::kSleep:
      std::this_thread::sleep_for(std::chrono::milliseconds(decision.sleep_ms));
      return false;
    case FailpointSet::Action::kFail:
      return true;
  }
  return false;
}

#endif

}  // namespace storage
