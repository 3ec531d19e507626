#include "tools/crash/checker.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace crash {
namespace {

constexpr size_t kSamplesMax = 10;

std::string Quote(std::string_view key) { return "\"" + std::string(key) + "\""; }

}  // namespace

void Verdict::Note(std::string sample) {
  if (samples.size() < kSamplesMax) samples.push_back(std::move(sample));
}

void Verdict::Add(const Verdict& other) {
  lost += other.lost;
  applied_twice += other.applied_twice;
  refused_yet_applied += other.refused_yet_applied;
  torn += other.torn;
  for (const std::string& sample : other.samples) Note(sample);
}

Verdict CheckRegister(std::string_view key, std::string_view written, Fate fate,
                      const std::optional<std::string>& stored) {
  Verdict verdict;
  if (fate == Fate::kAcknowledged && stored != written) {
    verdict.lost = 1;
    verdict.Note(Quote(key) + " was acknowledged, and holds " + stored.value_or("nothing"));
  }
  if (fate == Fate::kRefused && stored) {
    verdict.refused_yet_applied = 1;
    verdict.Note(Quote(key) + " was refused, and is there");
  }
  return verdict;
}

Verdict CheckCounter(std::string_view key, const CounterHistory& history, int64_t stored) {
  Verdict verdict;
  std::vector<int64_t> returned = history.returned;
  std::ranges::sort(returned);
  for (size_t i = 1; i < returned.size(); ++i) {
    if (returned[i] != returned[i - 1]) continue;
    ++verdict.applied_twice;
    verdict.Note(Quote(key) + " gave " + std::to_string(returned[i]) + " to two clients");
  }

  // Increments by one: the answer n says that n of them had happened, all of which must still be
  // there.
  const int64_t acknowledged = static_cast<int64_t>(returned.size());
  const int64_t least = returned.empty() ? 0 : std::max(acknowledged, returned.back());
  if (stored < least) {
    verdict.lost += static_cast<uint64_t>(least - stored);
    verdict.Note(Quote(key) + " holds " + std::to_string(stored) + ", at least " +
                 std::to_string(least) + " was acknowledged");
  }
  const int64_t most = acknowledged + static_cast<int64_t>(history.unknown);
  if (stored > most) {
    verdict.applied_twice += static_cast<uint64_t>(stored - most);
    verdict.Note(Quote(key) + " holds " + std::to_string(stored) + ", only " +
                 std::to_string(most) + " were sent and not refused");
  }
  return verdict;
}

Verdict CheckList(std::string_view key, const ListHistory& history,
                  const std::vector<std::string>& stored) {
  Verdict verdict;
  std::map<std::string_view, uint64_t> times;
  for (const std::string& id : stored) ++times[id];

  for (const auto& [id, fate] : history) {
    const auto found = times.find(id);
    const uint64_t count = found == times.end() ? 0 : found->second;
    if (count == 0 && fate == Fate::kAcknowledged) {
      ++verdict.lost;
      verdict.Note(Quote(key) + " lost " + id);
    }
    if (count > 1) {
      ++verdict.applied_twice;
      verdict.Note(Quote(key) + " holds " + id + " " + std::to_string(count) + " times");
    }
    if (count > 0 && fate == Fate::kRefused) {
      ++verdict.refused_yet_applied;
      verdict.Note(Quote(key) + " holds " + id + ", which was refused");
    }
    if (found != times.end()) times.erase(found);
  }
  for (const auto& [id, count] : times) {
    verdict.refused_yet_applied += count;
    verdict.Note(Quote(key) + " holds " + std::string(id) + ", which nobody sent");
  }
  return verdict;
}

Verdict CheckTransfers(std::string_view key, const ListHistory& history, int64_t from, int64_t to,
                       const std::vector<std::string>& journal) {
  Verdict verdict = CheckList(key, history, journal);
  int64_t sum = 0;
  for (const std::string& id : journal) {
    const size_t colon = id.rfind(':');
    if (colon != std::string::npos) sum += std::strtoll(id.c_str() + colon + 1, nullptr, 10);
  }
  if (from != -sum || to != sum) {
    verdict.torn = 1;
    verdict.Note(Quote(key) + " moved " + std::to_string(sum) + " by its journal, and holds " +
                 std::to_string(from) + " and " + std::to_string(to));
  }
  return verdict;
}

}  // namespace crash
