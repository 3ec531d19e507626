// A real server process for a test: started on free ports with a folder of its own, ended by its
// pid.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace integration {

// Waits for a condition of the world, with a limit; the only way in which these tests wait.
bool WaitFor(const std::function<bool()>& condition,
             std::chrono::milliseconds limit = std::chrono::seconds(20));

// A folder that is gone when the test is over.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// The first of `count` neighbouring ports that nobody listens on, nor on those 10000 above.
uint16_t FreePorts(uint16_t count = 1);

// The program under test: the loomcache of this build, or what LOOMCACHE_BINARY names. Tests of a
// single server also pass with redis-server there, which is how they were checked.
std::string ServerBinary();

class ServerProcess {
 public:
  struct Options {
    uint16_t port = 0;  // 0 takes a free one.
    std::string directory;
    std::vector<std::string> arguments;
    std::string program = ServerBinary();
  };

  explicit ServerProcess(Options options);
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  void Start();
  bool WaitReady() const;  // PING is answered with PONG.
  void Kill();             // -9
  bool Terminate();        // Whether SIGTERM ended it with status 0.
  void Signal(int number) const;

  bool IsRunning() const;
  uint16_t port() const { return options_.port; }
  uint64_t ResidentBytes() const;

 private:
  Options options_;
  mutable pid_t pid_ = 0;  // 0 once it has ended and was waited for.
};

}  // namespace integration
