// Runs handlers as a partition does: against a keyspace, with the effects recorded, and the effects
// applied to another keyspace as a follower does.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/commands/call.h"
#include "server/commands/command.h"
#include "server/commands/key_positions.h"
#include "storage/keyspace.h"

namespace server {

using Words = std::vector<std::string>;

struct Effect {
  int database;
  Words words;
  bool operator==(const Effect&) const = default;
};

class RecordedEffects : public EffectLog {
 public:
  void Begin(const Words& running) { running_ = &running; }
  void LogAsIs(int database) override { effects_.push_back({database, *running_}); }
  void Log(int database, std::span<const std::string_view> command) override {
    effects_.push_back({database, Words(command.begin(), command.end())});
  }
  std::vector<Effect> Take() { return std::exchange(effects_, {}); }

 private:
  const Words* running_ = nullptr;
  std::vector<Effect> effects_;
};

class RecordedReads : public ReadGate {
 public:
  void OnRead(uint64_t key_hash) override { hashes.push_back(key_hash); }
  void OnReadAll() override { ++whole; }
  std::vector<uint64_t> hashes;
  int whole = 0;
};

// One replica's keys. Two of them have different hash seeds, as replicas may.
class Replica {
 public:
  explicit Replica(uint64_t seed) : keyspace(seed), random(seed) {}

  // As the leader runs a client's command. The reply comes back, effects are left in `log`.
  std::string Lead(const Words& words, int version = 2, int database = 0) {
    return Run(words, version, database, /*applying=*/false, /*may_expire=*/true);
  }
  // As a follower answers a READONLY client.
  std::string ReadStale(const Words& words) {
    return Run(words, 2, 0, /*applying=*/false, /*may_expire=*/false);
  }
  void Apply(const std::vector<Effect>& effects) {
    for (const Effect& effect : effects) {
      std::string text;
      for (const std::string& word : effect.words) text += word + " ";
      CAPTURE(text);
      const std::string reply =
          Run(effect.words, 2, effect.database, /*applying=*/true, /*may_expire=*/false);
      CHECK_MESSAGE(!reply.starts_with("-"), reply);  // What was logged has succeeded.
    }
  }

  storage::Keyspace keyspace;
  uint64_t random;
  int64_t now_ms = 1'700'000'000'000;
  RecordedEffects log;
  RecordedReads gate;

 private:
  std::string Run(const Words& words, int version, int database, bool applying, bool may_expire) {
    const std::vector<std::string_view> args(words.begin(), words.end());
    const Command* row = FindCommand(args[0]);
    const bool known = row != nullptr;
    REQUIRE(known);
    if (!row->subcommands.empty()) row = FindSubcommand(*row, args[1]);
    const bool runs_here = row->handler != nullptr;
    REQUIRE(runs_here);
    REQUIRE(ArityFits(*row, args.size()));

    std::string out;
    resp::Writer writer(out, version);
    log.Begin(words);
    Call call(args, writer,
              {.keyspace = keyspace,
               .database = database,
               .now_ms = applying ? 0 : now_ms,  // Whoever looks at it while applying is found out.
               .applying = applying,
               .may_expire = may_expire,
               .log = applying ? nullptr : &log,
               .gate = applying ? nullptr : &gate,
               .random = applying ? nullptr : &random});
    if (row->keys.first > 0) {
      call.set_first_key(keyspace.Hash(args[static_cast<size_t>(row->keys.first)]));
    }
    row->handler(call);
    return out;
  }
};

// All contents of all databases, in one order whatever the hash seed.
std::vector<std::string> Dump(storage::Keyspace& keyspace);

}  // namespace server
