// What a leader logs, applied by a follower, gives the same contents: FAULTS C30.
#include <cstdlib>
#include <random>

#include "tests/unit/partition/commands_harness.h"

namespace server {
namespace {

std::string Joined(const Words& words) {
  std::string text;
  for (const std::string& word : words) text += word + " ";
  return text;
}

uint64_t Seed() {
  const char* given = std::getenv("LOOM_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
}

// Makes calls that often meet: few keys, few members, values of all kinds.
class Generator {
 public:
  explicit Generator(uint64_t seed) : engine_(seed) {}

  size_t Below(size_t limit) { return engine_() % limit; }

  // A row's call with as many arguments as it takes, and now and then more.
  Words Next(int64_t now_ms) {
    const Pattern& pattern = kPatterns[Below(std::size(kPatterns))];
    Words words;
    size_t begin = 0;
    const std::string_view text = pattern;
    while (begin < text.size()) {
      size_t end = text.find(' ', begin);
      if (end == std::string_view::npos) end = text.size();
      Expand(text.substr(begin, end - begin), now_ms, words);
      begin = end + 1;
    }
    return words;
  }

 private:
  using Pattern = std::string_view;

  // k key, v value, i integer, f float, m member, s score, t seconds, p milliseconds, T and P the
  // same as Unix time, n small count, |: one of the words, ?word: perhaps, +x: one to four times.
  static constexpr Pattern kPatterns[] = {
      "set k v ?nx|xx|get|keepttl",
      "set k v ex t ?nx|xx|get",
      "set k v px p",
      "set k v pxat P",
      "set k v exat T ?xx",
      "set k i",
      "get k",
      "getset k v",
      "getdel k",
      "getex k",
      "getex k ex t",
      "getex k pxat P",
      "getex k persist",
      "setnx k v",
      "setex k t v",
      "psetex k p v",
      "mset k v k v",
      "msetnx k v k v",
      "append k v",
      "incr k",
      "decr k",
      "incrby k i",
      "decrby k i",
      "incrbyfloat k f",
      "setrange k n v",
      "del +k",
      "unlink k",
      "rename k k",
      "renamenx k k",
      "copy k k ?replace",
      "copy k k db n ?replace",
      "expire k t",
      "expire k t nx|xx|gt|lt",
      "pexpire k p",
      "expireat k T",
      "pexpireat k P ?gt|lt",
      "persist k",
      "ttl k",
      "hset k m v m v",
      "hmset k m v",
      "hsetnx k m v",
      "hset k m i",
      "hdel k +m",
      "hincrby k m i",
      "hincrbyfloat k m f",
      "hgetall k",
      "lpush k +v",
      "rpush k +v",
      "lpushx k v",
      "rpushx k +v",
      "lpop k",
      "lpop k n",
      "rpop k",
      "rpop k n",
      "lset k i v",
      "linsert k before|after v v",
      "lrem k i v",
      "ltrim k i i",
      "rpoplpush k k",
      "lmove k k left|right left|right",
      "sadd k +m",
      "sadd k +i",
      "srem k +m",
      "spop k",
      "spop k n",
      "smove k k m",
      "sinterstore k k k",
      "sunionstore k k k",
      "sdiffstore k k k",
      "zadd k s m s m",
      "zadd k nx|xx|gt|lt ?ch s m s m",
      "zadd k incr s m",
      "zadd k gt|lt incr s m",
      "zincrby k s m",
      "zrem k +m",
      "zpopmin k",
      "zpopmin k n",
      "zpopmax k n",
      "zrange k 0 -1",
      "zremrangebyrank k i i",
      "zremrangebyscore k s s",
      "zremrangebylex k [a [c",
      "zrangestore k k 0 -1 ?rev",
      "zrangestore k k -inf +inf byscore limit n n",
  };

  void Expand(std::string_view token, int64_t now_ms, Words& words) {
    if (token.starts_with('?')) {
      if (Below(2) == 0) Expand(token.substr(1), now_ms, words);
    } else if (token.starts_with('+')) {
      for (size_t i = 0; i <= Below(4); ++i) Expand(token.substr(1), now_ms, words);
    } else if (token.find('|') != std::string_view::npos) {
      Words choices;
      for (size_t begin = 0; begin <= token.size();) {
        const size_t end = std::min(token.find('|', begin), token.size());
        choices.emplace_back(token.substr(begin, end - begin));
        begin = end + 1;
      }
      words.push_back(choices[Below(choices.size())]);
    } else {
      words.push_back(token.size() == 1 && !words.empty() ? Value(token[0], now_ms)
                                                          : std::string(token));
    }
  }

  std::string Value(char kind, int64_t now_ms) {
    const auto offset = static_cast<int64_t>(Below(4000)) - 500;
    switch (kind) {
      case 'k':
        return "key" + std::to_string(Below(8));
      case 'v':
        return Below(8) == 0 ? std::string(Below(600), 'x') : std::string(1, "abcd"[Below(4)]);
      case 'i':
        return std::to_string(static_cast<int64_t>(Below(9)) - 4);
      case 'f':
        return std::to_string(static_cast<double>(Below(1000)) / 7 - 50);
      case 'm':
        return Below(20) == 0 ? std::string(100, 'm') : std::string(1, "abcdefgh"[Below(8)]);
      case 's':
        return Below(3) == 0 ? "0" : std::to_string(static_cast<double>(Below(100)) / 8 - 5);
      case 't':
        return std::to_string(1 + Below(3));
      case 'p':
        return std::to_string(1 + Below(3000));
      case 'T':
        return std::to_string((now_ms + offset) / 1000);
      case 'P':
        return std::to_string(now_ms + offset);
      case 'n':
        return std::to_string(Below(5));
      default:
        return std::string(1, kind);
    }
  }

  std::mt19937_64 engine_;
};

TEST_CASE("commands: the effects a leader logs give a follower the same contents") {
  const uint64_t seed = Seed();
  CAPTURE(seed);
  Generator generator(seed);
  Replica leader(1);
  Replica follower(2);
  for (int step = 0; step < 10'000; ++step) {
    const Words words = generator.Next(leader.now_ms);
    CAPTURE(step);
    CAPTURE(Joined(words));
    const std::vector<std::string> before = Dump(leader.keyspace);
    leader.Lead(words, /*version=*/2, static_cast<int>(generator.Below(10) == 0));
    const std::vector<Effect> effects = leader.log.Take();
    CAPTURE(effects.size());
    follower.Apply(effects);
    const std::vector<std::string> after = Dump(leader.keyspace);
    REQUIRE(after == Dump(follower.keyspace));
    if (after != before) REQUIRE(!effects.empty());
    leader.now_ms += static_cast<int64_t>(generator.Below(50));
  }
}

TEST_CASE("commands: effects are absolute where the clock or chance decides") {
  Replica leader(1);
  const std::string now = std::to_string(leader.now_ms);
  const auto effects_of = [&leader](const Words& words) {
    leader.Lead(words);
    return leader.log.Take();
  };
  using Effects = std::vector<Effect>;
  const std::string in_ten = std::to_string(leader.now_ms + 10'000);

  CHECK(effects_of({"SET", "k", "v"}) == Effects{{0, {"SET", "k", "v"}}});
  CHECK(effects_of({"SET", "k", "v", "EX", "10"}) ==
        Effects{{0, {"set", "k", "v", "pxat", in_ten}}});
  CHECK(effects_of({"SETEX", "k", "10", "v"}) == Effects{{0, {"set", "k", "v", "pxat", in_ten}}});
  CHECK(effects_of({"EXPIRE", "k", "10"}) == Effects{{0, {"pexpireat", "k", in_ten}}});
  CHECK(effects_of({"GETEX", "k", "PERSIST"}) == Effects{{0, {"persist", "k"}}});
  CHECK(effects_of({"EXPIRE", "k", "-1"}) == Effects{{0, {"del", "k"}}});
  CHECK(effects_of({"INCRBYFLOAT", "f", "0.5"}) == Effects{{0, {"set", "f", "0.5", "keepttl"}}});
  CHECK(effects_of({"SADD", "s", "one"}) == Effects{{0, {"SADD", "s", "one"}}});
  CHECK(effects_of({"SPOP", "s"}) == Effects{{0, {"srem", "s", "one"}}});
  effects_of({"SADD", "s", "one", "two"});
  CHECK(effects_of({"SPOP", "s", "9"}) == Effects{{0, {"del", "s"}}});
  CHECK(effects_of({"GETDEL", "f"}) == Effects{{0, {"del", "f"}}});
}

TEST_CASE("commands: what changes nothing is not logged") {
  Replica leader(1);
  leader.Lead({"SET", "k", "v"});
  leader.Lead({"SADD", "s", "a"});
  leader.Lead({"ZADD", "z", "1", "a"});
  leader.Lead({"HSET", "h", "f", "v"});
  leader.Lead({"RPUSH", "l", "a", "b"});
  leader.log.Take();
  const Words calls[] = {
      {"SETNX", "k", "w"},
      {"SET", "k", "w", "NX"},
      {"SET", "none", "w", "XX"},
      {"DEL", "none"},
      {"SADD", "s", "a"},
      {"SREM", "s", "b"},
      {"ZADD", "z", "1", "a"},
      {"ZREM", "z", "b"},
      {"HDEL", "h", "g"},
      {"HSETNX", "h", "f", "w"},
      {"LTRIM", "l", "0", "-1"},
      {"LREM", "l", "0", "c"},
      {"PERSIST", "k"},
      {"EXPIRE", "none", "10"},
      {"RENAMENX", "k", "s"},
      {"LPUSHX", "none", "a"},
      {"GETEX", "k"},
      {"SMOVE", "s", "t", "b"},
      {"SETRANGE", "k", "9", ""},
      {"INCR", "h"},
      {"ZADD", "z", "XX", "INCR", "1", "b"},
      {"MSETNX", "k", "1", "n", "2"},
      {"ZREMRANGEBYSCORE", "z", "5", "6"},
      {"SINTERSTORE", "none", "s", "none2"},
  };
  for (const Words& words : calls) {
    CAPTURE(Joined(words));
    leader.Lead(words);
    CHECK(leader.log.Take().empty());
  }
}

TEST_CASE("commands: an expired key is deleted and logged by the leader, hidden by a follower") {
  Replica leader(1);
  leader.Lead({"SET", "k", "v", "PX", "100"});
  leader.log.Take();
  leader.now_ms += 100;
  CHECK(leader.ReadStale({"GET", "k"}) == "$-1\r\n");
  CHECK(leader.keyspace.size() == 1);
  CHECK(leader.log.Take().empty());

  CHECK(leader.Lead({"GET", "k"}) == "$-1\r\n");
  CHECK(leader.keyspace.size() == 0);
  CHECK(leader.log.Take() == std::vector<Effect>{{0, {"del", "k"}}});
}

TEST_CASE("commands: applying sets a deadline that has passed, and leaves the key") {
  Replica follower(1);
  follower.Apply({{0, {"set", "k", "v", "pxat", "5"}}, {0, {"pexpireat", "k", "1"}}});
  CHECK(follower.keyspace.size() == 1);
  follower.Apply({{0, {"incr", "n"}}, {0, {"pexpireat", "n", "1"}}, {0, {"incr", "n"}}});
  CHECK(Dump(follower.keyspace)[1] == "0/n type 0 until 1: 2");
}

TEST_CASE("commands: every read is gated on its keys, and scans on everything") {
  Replica leader(1);
  leader.Lead({"MGET", "a", "b"});
  CHECK(leader.gate.hashes ==
        std::vector<uint64_t>{leader.keyspace.Hash("a").hash, leader.keyspace.Hash("b").hash});
  for (const Words& words : {Words{"DBSIZE"}, {"KEYS", "*"}, {"SCAN", "0"}, {"RANDOMKEY"}}) {
    leader.gate.whole = 0;
    leader.Lead(words);
    CHECK(leader.gate.whole == 1);
  }
}

}  // namespace
}  // namespace server
