#include "server/commands/score_range.h"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <string>

namespace server::commands {
namespace {

// More forgiving than a score in ZADD, as in Redis: leading spaces pass, and nothing at all is
// zero.
std::optional<double> ParseBound(std::string_view text) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error == std::errc() && stop == end && std::isfinite(value)) return value;

  const std::string terminated(text);
  char* parsed_end = nullptr;
  value = std::strtod(terminated.c_str(), &parsed_end);
  if (*parsed_end != '\0' || std::isnan(value)) return std::nullopt;
  return value;
}

std::optional<LexRange::Bound> ParseLexBound(std::string_view text) {
  using Kind = LexRange::Bound::Kind;
  if (text == "-") return LexRange::Bound{.kind = Kind::kLowest, .member = {}};
  if (text == "+") return LexRange::Bound{.kind = Kind::kHighest, .member = {}};
  if (!text.starts_with('(') && !text.starts_with('[')) return std::nullopt;
  return LexRange::Bound{
      .kind = Kind::kMember, .member = text.substr(1), .excluded = text[0] == '('};
}

}  // namespace

std::optional<ScoreRange> ScoreRange::Parse(std::string_view min, std::string_view max) {
  ScoreRange range;
  range.min_excluded = min.starts_with('(');
  range.max_excluded = max.starts_with('(');
  const std::optional<double> low = ParseBound(min.substr(range.min_excluded ? 1 : 0));
  const std::optional<double> high = ParseBound(max.substr(range.max_excluded ? 1 : 0));
  if (!low || !high) return std::nullopt;
  range.min = *low;
  range.max = *high;
  return range;
}

RankRange ScoreRange::In(const storage::SortedSet& set) const {
  return {.begin = min_excluded ? set.CountAtOrBelow(min) : set.CountBelow(min),
          .end = max_excluded ? set.CountBelow(max) : set.CountAtOrBelow(max)};
}

std::optional<LexRange> LexRange::Parse(std::string_view min, std::string_view max) {
  const std::optional<Bound> low = ParseLexBound(min);
  const std::optional<Bound> high = ParseLexBound(max);
  if (!low || !high) return std::nullopt;
  return LexRange{.min = *low, .max = *high};
}

RankRange LexRange::In(const storage::SortedSet& set) const {
  RankRange range;
  if (min.kind == Bound::Kind::kHighest) range.begin = set.size();
  if (min.kind == Bound::Kind::kMember) {
    range.begin = min.excluded ? set.CountAtOrBelow(min.member) : set.CountBelow(min.member);
  }
  if (max.kind == Bound::Kind::kHighest) range.end = set.size();
  if (max.kind == Bound::Kind::kMember) {
    range.end = max.excluded ? set.CountBelow(max.member) : set.CountAtOrBelow(max.member);
  }
  return range;
}

}  // namespace server::commands
