#include "tests/integration/server_process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>
#include <utility>

#include "tests/integration/client.h"

namespace integration {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

bool IsFree(int port) {
  const int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool is_free = bind(probe, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  close(probe);
  return is_free;
}

}  // namespace

bool WaitFor(const std::function<bool()>& condition, milliseconds limit) {
  const auto deadline = steady_clock::now() + limit;
  while (!condition()) {
    if (steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(milliseconds(10));
  }
  return true;
}

TemporaryFolder::TemporaryFolder() {
  std::string name = std::filesystem::temp_directory_path() / "loomcache-test-XXXXXX";
  if (mkdtemp(name.data()) != nullptr) path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

uint16_t FreePorts(uint16_t count) {
  std::random_device device;
  while (true) {
    const int base = static_cast<int>(11000 + device() % 19000);
    bool all_free = true;
    for (int i = 0; i < count && all_free; ++i)
      all_free = IsFree(base + i) && IsFree(base + i + 10000);
    if (all_free) return static_cast<uint16_t>(base);
  }
}

std::string ServerBinary() {
  const char* chosen = std::getenv("LOOMCACHE_BINARY");
  return chosen != nullptr ? chosen : LOOMCACHE_BINARY;
}

ServerProcess::ServerProcess(Options options) : options_(std::move(options)) {
  if (options_.port == 0) options_.port = FreePorts();
  Start();
}

ServerProcess::~ServerProcess() { Kill(); }

void ServerProcess::Start() {
  std::vector<std::string> arguments = {options_.program, "--port", std::to_string(options_.port),
                                        "--dir", options_.directory};
  arguments.insert(arguments.end(), options_.arguments.begin(), options_.arguments.end());
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const std::string log = options_.directory + "/server-" + std::to_string(options_.port) + ".log";

  pid_ = fork();
  if (pid_ != 0) return;
  const int file = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  dup2(file, STDOUT_FILENO);
  dup2(file, STDERR_FILENO);
  execvp(argv[0], argv.data());
  _exit(127);
}

bool ServerProcess::WaitReady() const {
  return WaitFor([this] { return Client(port()).Call({"PING"}) == "PONG" || !IsRunning(); }) &&
         IsRunning();
}

bool ServerProcess::IsRunning() const {
  if (pid_ <= 0) return false;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) == 0) return true;
  pid_ = 0;
  return false;
}

void ServerProcess::Signal(int number) const {
  if (pid_ > 0) kill(pid_, number);
}

void ServerProcess::Kill() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

bool ServerProcess::Terminate() {
  Signal(SIGTERM);
  int status = -1;
  const bool ended = WaitFor([&] { return waitpid(pid_, &status, WNOHANG) == pid_; });
  if (!ended) return false;
  pid_ = 0;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

uint64_t ServerProcess::ResidentBytes() const {
  std::ifstream status("/proc/" + std::to_string(pid_) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::strtoull(line.c_str() + 6, nullptr, 10) * 1024;
  }
  return 0;
}

}  // namespace integration
