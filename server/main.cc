// loomcache [file] [--key value ...]
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iostream>

#include "server/config/config.h"
#include "server/net/node.h"

namespace {

bool SetUpLog(const server::Settings& settings) {
  if (!settings.logfile.empty()) {
    try {
      spdlog::set_default_logger(spdlog::basic_logger_mt("loomcache", settings.logfile));
    } catch (const spdlog::spdlog_ex& error) {
      std::fprintf(stderr, "cannot open the log file: %s\n", error.what());
      return false;
    }
  }
  spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e %P %l %v");
  spdlog::flush_on(spdlog::level::info);
  server::Node::ApplyLogLevel(settings);
  return true;
}

bool WritePidFile(const std::string& path) {
  if (path.empty()) return true;
  std::ofstream file(path);
  file << getpid() << "\n";
  file.close();
  if (file) return true;
  spdlog::error("cannot write the pid file {}", path);
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  server::Config::Sources sources;
  sources.arguments.assign(argv + 1, argv + argc);
  for (char** variable = environ; *variable != nullptr; ++variable)
    sources.environment.emplace_back(*variable);
  sources.standard_input = &std::cin;
  if (const auto text = server::Config::Information(sources.arguments)) {
    std::fputs(text->c_str(), stdout);
    return 0;
  }
  auto config = server::Config::Load(sources);
  if (!config) {
    std::fprintf(stderr, "%s\n", config.error().what.c_str());
    return 1;
  }
  if (!SetUpLog(config->settings())) return 1;
  const std::string pid_file = config->settings().pidfile;
  if (!WritePidFile(pid_file)) return 1;
  int exit_code = 1;
  {
    server::Node node(std::move(*config));
    if (node.Open()) exit_code = node.Run();
  }
  if (!pid_file.empty()) unlink(pid_file.c_str());
  return exit_code;
}
