// Scenarios are text files: a comment, commands, and below each block of them the exact trace that
// they cause, after a line "----". LOOM_REWRITE=1 writes the traces; the diff is read in review.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/unit/raft/stage.h"

namespace {

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The file as it would read if its traces were what happens now.
std::string Replay(const std::string& text) {
  Stage stage;
  std::string out;
  std::string trace;
  bool in_trace = false;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    if (line == "----") {
      in_trace = true;
      out += "----\n" + trace;
      trace.clear();
    } else if (line.empty()) {
      in_trace = false;
      out += "\n";
    } else if (!in_trace) {
      out += line + "\n";
      if (line[0] != '#') trace += stage.Play(line);
    }
  }
  return out;
}

}  // namespace

TEST_CASE("raft: every scenario causes exactly the trace that its file shows") {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(LOOM_RAFT_SCENARIOS)) {
    files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  REQUIRE(files.size() >= 10);
  for (const auto& file : files) {
    CAPTURE(file.filename().string());
    const std::string written = ReadFile(file);
    const std::string replayed = Replay(written);
    if (std::getenv("LOOM_REWRITE") != nullptr) std::ofstream(file) << replayed;
    CHECK(replayed == written);
  }
}
