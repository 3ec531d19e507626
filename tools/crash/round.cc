#include "tools/crash/round.h"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <random>
#include <thread>
#include <utility>

#include "discovery/partition_map.h"
#include "discovery/slots.h"

namespace crash {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr size_t kCounters = 32;
constexpr size_t kLists = 16;
constexpr size_t kAccounts = 16;
constexpr size_t kVerifiers = 16;
constexpr size_t kRegistersInCheck = 500;

template <typename T>
std::vector<std::unique_ptr<T>> MakeAll(size_t count) {
  std::vector<std::unique_ptr<T>> all;
  for (size_t i = 0; i < count; ++i) all.push_back(std::make_unique<T>());
  return all;
}

std::optional<std::string> StringOf(const Result& result) {
  if (result.reply->type != REDIS_REPLY_STRING) return std::nullopt;
  return std::string(result.reply->str, result.reply->len);
}

std::vector<std::string> StringsOf(const Result& result) {
  std::vector<std::string> strings;
  for (size_t i = 0; i < result.reply->elements; ++i) {
    const redisReply& element = *result.reply->element[i];
    strings.emplace_back(element.str, element.len);
  }
  return strings;
}

int64_t NumberOf(const Result& result) {
  const std::optional<std::string> text = StringOf(result);
  return text ? std::strtoll(text->c_str(), nullptr, 10) : 0;
}

// Answers that every cluster gives while it heals; any other is worth showing.
bool IsOrdinaryRefusal(std::string_view error) {
  for (const std::string_view prefix : {"MOVED", "ASK", "CLUSTERDOWN", "TRYAGAIN", "LOADING",
                                        "MASTERDOWN", "READONLY", "cannot connect"}) {
    if (error.starts_with(prefix)) return true;
  }
  return false;
}

}  // namespace

void Tally::Count(const Result& result) {
  if (result.fate == Fate::kAcknowledged) ++acknowledged;
  if (result.fate == Fate::kUnknown) ++unknown;
  if (result.fate == Fate::kRefused) {
    ++refused;
    if (refusal.empty() && !IsOrdinaryRefusal(result.error)) refusal = result.error;
  }
}

void Tally::Add(const Tally& other) {
  acknowledged += other.acknowledged;
  unknown += other.unknown;
  refused += other.refused;
  stale_reads += other.stale_reads;
  if (refusal.empty()) refusal = other.refusal;
}

Round::Round(uint32_t number, const LoadOptions& options)
    : number_(number),
      options_(options),
      registers_(options.partitions),
      gaps_(options.partitions),
      counters_(MakeAll<Counter>(kCounters)),
      lists_(MakeAll<List>(kLists)),
      accounts_(MakeAll<List>(kAccounts)) {}

std::string Round::Name(const char* kind, size_t i) const {
  return std::string(kind) + ":" + std::to_string(options_.seed) + ":" + std::to_string(number_) +
         ":" + std::to_string(i);
}

void Round::Load(milliseconds time) {
  end_ = steady_clock::now() + time;
  std::vector<std::thread> writers;
  for (uint32_t p = 0; p < options_.partitions; ++p) {
    writers.emplace_back([this, p] { WriteRegisters(p); });
  }
  for (uint32_t w = 0; w < options_.mixed_writers; ++w) {
    writers.emplace_back([this, w] { Increment(w); });
    writers.emplace_back([this, w] { Push(w); });
    writers.emplace_back([this, w] { Transfer(w); });
  }
  for (std::thread& writer : writers) writer.join();
}

void Round::Finish(const Tally& tally) {
  const std::lock_guard lock(tally_mutex_);
  tally_.Add(tally);
}

void Round::BackOff(const Result& result) {
  if (result.fate != Fate::kAcknowledged) std::this_thread::sleep_for(milliseconds(5));
}

void Round::WriteRegisters(uint32_t partition) {
  const discovery::PartitionMap map(options_.partitions);
  ClusterClient client(options_.client, options_.seed + partition);
  std::mt19937_64 random(options_.seed * 31 + number_ * 1000 + partition);
  Tally tally;
  Gap& gap = gaps_[partition];
  auto last = steady_clock::now();
  const auto note_gap = [&](steady_clock::time_point now) {
    if (now - last > gap.length) gap = {.since = last, .length = now - last};
  };

  for (uint64_t n = 0; !IsOver(); ++n) {
    std::string key;
    do {
      key = Name("reg", n) + ":" + std::to_string(random() % 1'000'000'000);
    } while (map.PartitionOf(discovery::SlotOf(key)) != partition);
    const uint16_t slot = discovery::SlotOf(key);
    std::string value = "v" + std::to_string(n);

    const Result result = client.Run(slot, {{"SET", key, value}});
    tally.Count(result);
    if (result.fate == Fate::kAcknowledged) {
      const auto now = steady_clock::now();
      note_gap(now);
      last = now;
      if (random() % 8 == 0) {
        const Result read = client.Run(slot, {{"GET", key}});
        if (read.fate == Fate::kAcknowledged && StringOf(read) != value) ++tally.stale_reads;
      }
    }
    BackOff(result);
    registers_[partition].push_back({std::move(key), std::move(value), result.fate});
  }
  note_gap(steady_clock::now());
  Finish(tally);
}

void Round::Increment(uint32_t worker) {
  ClusterClient client(options_.client, options_.seed + 100 + worker);
  std::mt19937_64 random(options_.seed * 37 + number_ * 1000 + worker);
  Tally tally;
  while (!IsOver()) {
    const size_t i = random() % kCounters;
    const std::string key = Name("counter", i);
    const Result result = client.Run(discovery::SlotOf(key), {{"INCR", key}});
    tally.Count(result);
    {
      const std::lock_guard lock(counters_[i]->mutex);
      CounterHistory& history = counters_[i]->history;
      if (result.fate == Fate::kAcknowledged) history.returned.push_back(result.reply->integer);
      if (result.fate == Fate::kUnknown) ++history.unknown;
    }
    BackOff(result);
  }
  Finish(tally);
}

void Round::Push(uint32_t worker) {
  ClusterClient client(options_.client, options_.seed + 200 + worker);
  std::mt19937_64 random(options_.seed * 41 + number_ * 1000 + worker);
  Tally tally;
  for (uint64_t n = 0; !IsOver(); ++n) {
    const size_t i = random() % kLists;
    const std::string key = Name("list", i);
    const std::string id = std::to_string(worker) + "-" + std::to_string(n);
    const Result result = client.Run(discovery::SlotOf(key), {{"RPUSH", key, id}});
    tally.Count(result);
    {
      const std::lock_guard lock(lists_[i]->mutex);
      lists_[i]->history.emplace(id, result.fate);
    }
    BackOff(result);
  }
  Finish(tally);
}

void Round::Transfer(uint32_t worker) {
  ClusterClient client(options_.client, options_.seed + 300 + worker);
  std::mt19937_64 random(options_.seed * 43 + number_ * 1000 + worker);
  Tally tally;
  for (uint64_t n = 0; !IsOver(); ++n) {
    const size_t i = random() % kAccounts;
    const std::string tag = "{" + Name("account", i) + "}";
    const std::string amount = std::to_string(1 + random() % 100);
    const std::string id = std::to_string(worker) + "-" + std::to_string(n) + ":" + amount;
    const Result result = client.Run(discovery::SlotOf(tag), {{"MULTI"},
                                                              {"DECRBY", tag + "from", amount},
                                                              {"INCRBY", tag + "to", amount},
                                                              {"RPUSH", tag + "journal", id},
                                                              {"EXEC"}});
    tally.Count(result);
    {
      const std::lock_guard lock(accounts_[i]->mutex);
      accounts_[i]->history.emplace(id, result.fate);
    }
    BackOff(result);
  }
  Finish(tally);
}

std::vector<Round::Check> Round::Checks(milliseconds limit) const {
  std::vector<Check> checks;
  const auto read = [limit](ClusterClient& client, const Command& command) {
    return client.RunUntilDone(discovery::SlotOf(command[1]), command, limit);
  };
  const auto is_read = [](const Result& result, uint64_t& unreadable) {
    const bool done = result.fate == Fate::kAcknowledged;
    unreadable += done ? 0 : 1;
    return done;
  };

  for (const std::vector<Register>& registers : registers_) {
    for (size_t first = 0; first < registers.size(); first += kRegistersInCheck) {
      checks.emplace_back([=, &registers](ClusterClient& client, uint64_t& unreadable) {
        Verdict verdict;
        const size_t end = std::min(first + kRegistersInCheck, registers.size());
        for (size_t i = first; i < end; ++i) {
          const Register& one = registers[i];
          const Result stored = read(client, {"GET", one.key});
          if (!is_read(stored, unreadable)) return verdict;
          verdict.Add(CheckRegister(one.key, one.value, one.fate, StringOf(stored)));
        }
        return verdict;
      });
    }
  }
  for (size_t i = 0; i < kCounters; ++i) {
    checks.emplace_back([=, this](ClusterClient& client, uint64_t& unreadable) {
      const Result stored = read(client, {"GET", Name("counter", i)});
      if (!is_read(stored, unreadable)) return Verdict{};
      return CheckCounter(Name("counter", i), counters_[i]->history, NumberOf(stored));
    });
  }
  for (size_t i = 0; i < kLists; ++i) {
    checks.emplace_back([=, this](ClusterClient& client, uint64_t& unreadable) {
      const Result stored = read(client, {"LRANGE", Name("list", i), "0", "-1"});
      if (!is_read(stored, unreadable)) return Verdict{};
      return CheckList(Name("list", i), lists_[i]->history, StringsOf(stored));
    });
  }
  for (size_t i = 0; i < kAccounts; ++i) {
    checks.emplace_back([=, this](ClusterClient& client, uint64_t& unreadable) {
      const std::string tag = "{" + Name("account", i) + "}";
      const Result from = read(client, {"GET", tag + "from"});
      const Result to = read(client, {"GET", tag + "to"});
      const Result journal = read(client, {"LRANGE", tag + "journal", "0", "-1"});
      for (const Result* result : {&from, &to, &journal}) {
        if (!is_read(*result, unreadable)) return Verdict{};
      }
      return CheckTransfers(tag, accounts_[i]->history, NumberOf(from), NumberOf(to),
                            StringsOf(journal));
    });
  }
  return checks;
}

Verdict Round::Verify(milliseconds limit, uint64_t& unreadable) const {
  const std::vector<Check> checks = Checks(limit);
  std::atomic<size_t> next = 0;
  std::mutex mutex;
  Verdict verdict;
  std::vector<std::thread> verifiers;
  for (size_t v = 0; v < kVerifiers; ++v) {
    verifiers.emplace_back([&, v] {
      ClusterClient client(options_.client, options_.seed + 400 + v);
      for (size_t i = next++; i < checks.size(); i = next++) {
        uint64_t missed = 0;
        const Verdict one = checks[i](client, missed);
        const std::lock_guard lock(mutex);
        verdict.Add(one);
        unreadable += missed;
      }
    });
  }
  for (std::thread& verifier : verifiers) verifier.join();
  return verdict;
}

}  // namespace crash
