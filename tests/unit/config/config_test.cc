#include "server/config/config.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

using server::Config;
using server::ConfigError;

// A directory that is gone after the test.
class Directory {
 public:
  Directory() {
    std::string pattern = std::filesystem::temp_directory_path() / "loom-config-XXXXXX";
    path_ = mkdtemp(pattern.data());
  }
  ~Directory() { std::filesystem::remove_all(path_); }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  std::string Write(const std::string& name, std::string_view text) const {
    std::ofstream(path_ + "/" + name) << text;
    return path_ + "/" + name;
  }
  std::string Read(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(path_ + "/" + name).rdbuf();
    return text.str();
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

Config Loaded(const Config::Sources& sources) {
  tl::expected<Config, ConfigError> config = Config::Load(sources);
  REQUIRE_MESSAGE(config.has_value(), config.error().what);
  return std::move(*config);
}

std::string LoadError(const Config::Sources& sources) {
  const tl::expected<Config, ConfigError> config = Config::Load(sources);
  REQUIRE_FALSE(config.has_value());
  return config.error().what;
}

std::string GetOne(const Config& config, std::string_view name) {
  const Config::NamesAndValues found = config.Get(std::vector<std::string_view>{name});
  return found.size() == 1 ? found[0].second : "found " + std::to_string(found.size());
}

// The error reply, or "OK".
std::string Set(Config& config, const std::vector<std::string_view>& pairs) {
  const Config::SetResult result = config.Set(pairs);
  return result ? "OK" : result.error();
}

bool Contains(const std::string& text, std::string_view part) {
  return text.find(part) != text.npos;
}

TEST_CASE("config: without any source there are the defaults of Redis and ours") {
  const Config config = Loaded({});
  const server::Settings& settings = config.settings();
  CHECK(settings.port == 6379);
  CHECK(settings.bind == std::vector<std::string>{"*", "-::*"});
  CHECK(settings.threads == 1);
  CHECK(settings.appendonly);
  CHECK(settings.appendfsync == server::AppendFsync::kEverySec);
  CHECK(settings.save.size() == 3);
  CHECK(settings.client_output_buffer_limit[server::kReplicaClient].hard_bytes == 256 << 20);
  CHECK(settings.wal_segment_size == 64 << 20);
  CHECK(settings.proto_max_bulk_len == 512 << 20);
  CHECK(GetOne(config, "client-output-buffer-limit") ==
        "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60");
  CHECK(GetOne(config, "save") == "3600 1 300 100 60 10000");
  CHECK(GetOne(config, "bind") == "* -::*");
}

TEST_CASE("config: the environment overrules the file, and the command line both") {
  const Directory directory;
  const std::string file = directory.Write("a.conf",
                                           "# comment\n\n  port 1001\r\nTIMEOUT 5\n"
                                           "maxmemory 1gb\nrequirepass \"a \\x41'\"\n");
  const Config config = Loaded({.arguments = {file, "--port", "1003", "--maxclients", "7"},
                                .environment = {"PATH=/", "LOOMCACHE_PORT=1002",
                                                "LOOMCACHE_MAXMEMORY=2mb", "LOOMCACHE_SAVE=9 8"}});
  CHECK(config.settings().port == 1003);
  CHECK(config.settings().maxmemory == 2 << 20);
  CHECK(config.settings().timeout == 5);
  CHECK(config.settings().maxclients == 7);
  CHECK(config.settings().requirepass == "a A'");
  CHECK(GetOne(config, "save") == "9 8");
  CHECK(config.file() == file);
}

TEST_CASE("config: lists gather lines of one source and replace those of another") {
  const Directory directory;
  const std::string file = directory.Write("a.conf", "save 60 1\nsave 30 2\n");
  CHECK(GetOne(Loaded({.arguments = {file}}), "save") == "60 1 30 2");
  CHECK(GetOne(Loaded({.arguments = {file, "--save", "5", "6"}}), "save") == "5 6");
  CHECK(GetOne(Loaded({.arguments = {file, "--save", "5 6 7 8"}}), "save") == "5 6 7 8");
  CHECK(GetOne(Loaded({.arguments = {file, "--save", ""}}), "save").empty());
  CHECK(GetOne(Loaded({.arguments = {file, "--save", "--port", "1"}}), "save").empty());
  CHECK(GetOne(Loaded({.arguments = {"--client-output-buffer-limit", "pubsub", "1mb", "2", "3"}}),
               "client-output-buffer-limit") ==
        "normal 0 0 0 slave 268435456 67108864 60 pubsub 1048576 2 3");
}

TEST_CASE("config: files include others, and standard input is one") {
  const Directory directory;
  directory.Write("x1.conf", "port 11\ntimeout 1\n");
  directory.Write("x2.conf", "timeout 2\n");
  const std::string file =
      directory.Write("a.conf", "include " + directory.path() + "/x*.conf\nport 12\n");
  const Config config = Loaded({.arguments = {file}});
  CHECK(config.settings().port == 12);
  CHECK(config.settings().timeout == 2);

  std::istringstream input("port 13\n");
  CHECK(Loaded({.arguments = {file, "-"}, .standard_input = &input}).settings().port == 13);
  std::istringstream bad("port 13\nfoo\n");
  CHECK(Contains(LoadError({.arguments = {"-"}, .standard_input = &bad}),
                 "at line 2 of standard input\n>>> 'foo'\n"));

  const std::string loop =
      directory.Write("loop.conf", "include " + directory.path() + "/loop.conf");
  CHECK(Contains(LoadError({.arguments = {loop}}), "nested too deeply"));
  CHECK(LoadError({.arguments = {"/nonexistent/x.conf"}}) ==
        "Fatal error, can't open config file '/nonexistent/x.conf': No such file or directory");
  CHECK(Contains(LoadError({.arguments = {directory.path()}}), "can't open config file"));
}

TEST_CASE("config: a fault is refused with its file and line") {
  const Directory directory;
  const auto error = [&](const std::string& line) {
    const std::string file = directory.Write("a.conf", "port 1\n" + line + "\nport 2\n");
    const std::string what = LoadError({.arguments = {file}});
    const std::string head =
        "*** FATAL CONFIG FILE ERROR (LoomCache 0.1.0) ***\n"
        "Reading the configuration file, at line 2 of " +
        file + "\n>>> '" + line + "'\n";
    CHECK(what.substr(0, head.size()) == head);
    return what.substr(std::min(what.size(), head.size()));
  };
  CHECK(error("foo bar") == "Bad directive or wrong number of arguments");
  CHECK(error("hz") == "wrong number of arguments");
  CHECK(error("hz 1 2") == "wrong number of arguments");
  CHECK(error("hz abc") == "argument couldn't be parsed into an integer");
  CHECK(error("hz 5x") == "argument couldn't be parsed into an integer");
  CHECK(error("port 77777") == "argument must be between 0 and 65535 inclusive");
  CHECK(error("requirepass \"77") == "Unbalanced quotes in configuration line");
  CHECK(error("appendfsync foo") ==
        "argument(s) must be one of the following: everysec, always, no");
  CHECK(error("appendonly maybe") == "argument must be 'yes' or 'no'");
  CHECK(error("maxmemory 5x") == "argument must be a memory value");
  CHECK(error("maxmemory 1.5mb") == "argument must be a memory value");
  CHECK(error("maxmemory 99999999999gb") == "argument must be a memory value");
  CHECK(error("proto-max-bulk-len 10") ==
        "argument must be between 1048576 and 2147483647 inclusive");
  CHECK(error("save a b") == "Invalid save parameters");
  CHECK(error("save 5") == "Invalid save parameters");
  CHECK(error("client-output-buffer-limit normal 0 0") ==
        "Wrong number of arguments in buffer limit configuration.");
  CHECK(error("client-output-buffer-limit foo 0 0 0") ==
        "Invalid client class specified in buffer limit configuration.");
  CHECK(error("seeds a:1,b") == "seed 'b' is not host:port");
  CHECK(error("seeds ::1:7000") == "seed '::1:7000' is not host:port");
  CHECK(error("maxmemory-policy allkeys-lru") ==
        "only 'noeviction' is accepted: eviction policies are not available yet");
  CHECK(error("discovery dns") ==
        "only 'static' is accepted: discovery by 'env' and 'dns' is not available yet");
  CHECK(error("replicaof 1 2") ==
        "not supported: replication is by Raft: see cluster-enabled and seeds");
}

TEST_CASE("config: a fault on the command line or in the environment says so") {
  CHECK(LoadError({.arguments = {"--foo", "bar"}}) ==
        "*** FATAL CONFIG FILE ERROR (LoomCache 0.1.0) ***\nReading the command line\n"
        ">>> 'foo \"bar\"'\nBad directive or wrong number of arguments");
  CHECK(Contains(LoadError({.arguments = {"--hz"}}), "wrong number of arguments"));
  CHECK(Contains(LoadError({.arguments = {"-x"}}), ">>> '-x'\nBad directive"));
  CHECK(Contains(LoadError({.environment = {"LOOMCACHE_HZ=x"}}),
                 "Reading the environment\n>>> 'LOOMCACHE_HZ=x'\n"));
  const std::string unknown = LoadError({.environment = {"LOOMCACHE_FOO=secret"}});
  CHECK(Contains(unknown, "LOOMCACHE_FOO"));
  CHECK_FALSE(Contains(unknown, "secret"));
}

TEST_CASE("config: what Kubernetes injects for a Service is told apart from a setting") {
  const std::string error = LoadError({.environment = {"LOOMCACHE_PORT=tcp://10.0.0.1:6379"}});
  CHECK(Contains(error, "LOOMCACHE_PORT=tcp://10.0.0.1:6379"));
  CHECK(Contains(error, "enableServiceLinks: false"));
  const Config config =
      Loaded({.environment = {"LOOMCACHE_SERVICE_HOST=10.0.0.1", "LOOMCACHE_SERVICE_PORT=6379",
                              "LOOMCACHE_SERVICE_PORT_CLIENT=6379",
                              "LOOMCACHE_PORT_6379_TCP=tcp://10.0.0.1:6379",
                              "LOOMCACHE_PORT_6379_TCP_PROTO=tcp", "LOOMCACHE_PORT_6379_TCP_PORT=1",
                              "LOOMCACHE_PORT_6379_TCP_ADDR=10.0.0.1",
                              "LOOMCACHE_CLIENT_PORT=tcp://10.0.0.2:6379", "LOOMCACHE_PORT=7000"}});
  CHECK(config.settings().port == 7000);
}

TEST_CASE("config: a cluster node's settings must agree") {
  const auto with = [](std::vector<std::string> more) {
    std::vector<std::string> arguments = {"--cluster-enabled", "yes"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Config::Sources{.arguments = arguments};
  };
  const Config config = Loaded(with({"--port", "7001", "--seeds", "a:1,[::1]:2,c:3"}));
  CHECK(config.settings().cluster_port == 17001);
  CHECK(config.settings().bootstrap_expect == 3);
  CHECK(config.settings().seeds == std::vector<std::string>{"a:1", "[::1]:2", "c:3"});
  CHECK(config.settings().appendfsync == server::AppendFsync::kAlways);
  CHECK(GetOne(config, "seeds") == "a:1,[::1]:2,c:3");
  CHECK(Loaded(with({"--seeds", "a:1", "--appendfsync", "everysec"})).settings().appendfsync ==
        server::AppendFsync::kEverySec);

  CHECK(Contains(LoadError(with({})), "needs 'seeds"));
  CHECK(Contains(LoadError(with({"--seeds", "a:1", "--appendonly", "no"})), "'appendonly yes'"));
  CHECK(Contains(LoadError(with({"--seeds", "a:1", "--port", "60000"})), "above 65535"));
  CHECK(Contains(LoadError(with({"--seeds", "a:1", "--cluster-port", "6379"})), "must differ"));
  CHECK(Contains(LoadError(with({"--seeds", "a:1", "--port", "0"})), "needs a 'port'"));
  CHECK(Contains(LoadError({.arguments = {"--port", "0"}}), "not listen anywhere"));
  CHECK(Contains(LoadError({.arguments = {"--heartbeat-interval-ms", "300"}}), "at most half"));
}

TEST_CASE("config: GET takes several patterns and names each match once") {
  const Config config = Loaded({});
  const auto names = [&](const std::vector<std::string_view>& patterns) {
    std::string joined;
    for (const auto& [name, value] : config.Get(patterns)) joined += name + " ";
    return joined;
  };
  CHECK(names({"PORT", "p?rt"}) == "port ");
  CHECK(names({"zset-max-*"}) ==
        "zset-max-listpack-entries zset-max-ziplist-entries zset-max-listpack-value "
        "zset-max-ziplist-value ");
  CHECK(names({"foo"}).empty());
  CHECK(names({"replicaof"}).empty());
  CHECK(config.Get(std::vector<std::string_view>{"*"}).size() > 60);
}

TEST_CASE("config: SET changes all or nothing, with the errors of Redis") {
  Config config = Loaded({});
  const auto failed = [](const std::string& name, const std::string& why) {
    return "ERR CONFIG SET failed (possibly related to argument '" + name + "') - " + why;
  };
  CHECK(Set(config, {"maxmemory", "1mb", "hz", "20"}) == "OK");
  CHECK(config.settings().maxmemory == 1 << 20);
  CHECK(config.settings().hz == 20);

  CHECK(Set(config, {"maxmemory", "2mb", "hz", "abc"}) ==
        failed("hz", "argument couldn't be parsed into an integer"));
  CHECK(config.settings().maxmemory == 1 << 20);
  CHECK(Set(config, {"maxmemory", "abc"}) ==
        failed("maxmemory", "argument must be a memory value"));
  CHECK(Set(config, {"maxmemory", "-1"}) == failed("maxmemory", "argument must be a memory value"));
  CHECK(Set(config, {"foo", "bar"}) ==
        "ERR Unknown option or number of arguments for CONFIG SET - 'foo'");
  CHECK(Set(config, {"maxmemory", "5mb", "foo", "1"}) ==
        "ERR Unknown option or number of arguments for CONFIG SET - 'foo'");
  CHECK(Set(config, {"maxmemory", "5mb", "foo"}) == "ERR syntax error");
  CHECK(Set(config, {"databases", "3", "foo", "2"}) ==
        failed("databases", "can't set immutable config"));
  CHECK(Set(config, {"hz", "5x", "hz", "6"}) == failed("hz", "duplicate parameter"));
  CHECK(Set(config, {"timeout", "-1"}) ==
        failed("timeout", "argument must be between 0 and 2147483647 inclusive"));
  CHECK(Set(config, {"maxclients", "0"}) ==
        failed("maxclients", "argument must be between 1 and 4294967295 inclusive"));
  CHECK(Set(config, {"maxmemory-policy", "noeviction"}) == "OK");
  CHECK(Set(config, {"APPENDFSYNC", "No"}) == "OK");
  CHECK(config.settings().appendfsync == server::AppendFsync::kNo);
  CHECK(Set(config, {"save", "60 1 30 2"}) == "OK");
  CHECK(GetOne(config, "save") == "60 1 30 2");
  CHECK(Set(config, {"save", "9 9 x"}) == failed("save", "Invalid save parameters"));
  CHECK(GetOne(config, "save") == "60 1 30 2");
  CHECK(Set(config, {"save", ""}) == "OK");
  CHECK(GetOne(config, "save").empty());
  CHECK(Set(config, {"hz", "9999"}) == "OK");
  CHECK(GetOne(config, "hz") == "500");
  CHECK(Set(config, {"zset-max-ziplist-entries", "5"}) == "OK");
  CHECK(GetOne(config, "zset-max-listpack-entries") == "5");
  CHECK(Set(config, {"client-output-buffer-limit", "foo"}) ==
        failed("client-output-buffer-limit",
               "Wrong number of arguments in buffer limit configuration."));
}

TEST_CASE("config: REWRITE keeps comments and order, and what it writes reads back the same") {
  const Directory directory;
  const std::string file =
      directory.Write("a.conf",
                      "# my server\nport 7000\n\nsave 1 2\n# points\nsave 3 4\n"
                      "maxmemory 1000000000  \n  hz 10\n");
  Config config =
      Loaded({.arguments = {file, "--timeout", "7"}, .environment = {"LOOMCACHE_MAXCLIENTS=99"}});
  REQUIRE(Set(config, {"save", "5 6", "hz", "50", "requirepass", "a \"b\"\n"}) == "OK");
  REQUIRE(Set(config, {"proto-max-bulk-len", "2mb"}) == "OK");
  REQUIRE(config.Rewrite().has_value());
  const std::string expected =
      "# my server\nport 7000\n\n# points\nsave 5 6\nmaxmemory 1000000000  \nhz 50\n"
      "# Generated by CONFIG REWRITE\ntimeout 7\nrequirepass \"a \\\"b\\\"\\n\"\n"
      "proto-max-bulk-len 2mb\n";
  CHECK(directory.Read("a.conf") == expected);
  REQUIRE(config.Rewrite().has_value());
  CHECK(directory.Read("a.conf") == expected);

  const Config again = Loaded({.arguments = {file}});
  CHECK(again.settings().requirepass == "a \"b\"\n");
  CHECK(GetOne(again, "save") == "5 6");
  CHECK(std::distance(std::filesystem::directory_iterator(directory.path()), {}) == 1);

  Config without_file = Loaded({});
  CHECK(without_file.Rewrite().error() == "ERR The server is running without a config file");
}

TEST_CASE("config: REWRITE is not overruled by an include, and writes an empty list") {
  const Directory directory;
  const std::string other = directory.Write("b.conf", "hz 20\nsave 1 1\n");
  const std::string file = directory.Write("a.conf", "hz 30\ninclude " + other + "\n");
  Config config = Loaded({.arguments = {file}});
  REQUIRE(Set(config, {"hz", "40", "save", ""}) == "OK");
  REQUIRE(config.Rewrite().has_value());
  const Config again = Loaded({.arguments = {file}});
  CHECK(again.settings().hz == 40);
  CHECK(again.settings().save.empty());

  REQUIRE(Set(config, {"save", "7 7"}) == "OK");
  REQUIRE(config.Rewrite().has_value());
  CHECK(GetOne(Loaded({.arguments = {file}}), "save") == "7 7");
  const std::string once = directory.Read("a.conf");
  REQUIRE(config.Rewrite().has_value());
  CHECK(directory.Read("a.conf") == once);
}

TEST_CASE("config: every default survives being written and read") {
  const Directory directory;
  const Config config = Loaded({});
  std::string text;
  for (const server::Setting& setting : server::AllSettings()) {
    if (!setting.is_refused()) text += server::FormatLine(setting, config.settings()) + "\n";
  }
  const Config again = Loaded({.arguments = {directory.Write("a.conf", text)}});
  for (const auto& [name, value] : config.Get(std::vector<std::string_view>{"*"})) {
    CHECK(GetOne(again, name) == value);
  }
}

TEST_CASE("config: --version and --help are answered") {
  const std::vector<std::string> version = {"--version"};
  const std::vector<std::string> help = {"-h"};
  const std::vector<std::string> port = {"--port", "1"};
  CHECK(Config::Information(version) == "LoomCache server v=0.1.0 bits=64\n");
  CHECK(Contains(Config::Information(help).value_or(""), "Usage: loomcache"));
  CHECK_FALSE(Config::Information(port).has_value());
}

}  // namespace
