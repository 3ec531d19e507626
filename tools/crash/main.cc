// crash_client: the load and the checks behind tools/crash-test and the failover benchmarks.
//
//   crash_client --nodes host:port,... [--partitions 16] [--mixed 3] [--seed 1] [--timeout-ms 3000]
//
// Reads commands from standard input and answers each with one line of JSON:
//   load MILLISECONDS         writes, and reports what was acknowledged and the pauses by partition
//   verify LIMIT_MS           checks the last round; a key must be readable within the limit
//   verify-all LIMIT_MS       checks all rounds so far
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "tools/crash/round.h"

namespace {

using crash::Round;
using std::chrono::milliseconds;

std::vector<std::string> Split(const std::string& text) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, ',');) parts.push_back(part);
  return parts;
}

// Keys and errors of this program are plain text; only quotes need care.
std::string Quoted(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return quoted + "\"";
}

double Seconds(std::chrono::steady_clock::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

void PrintLoad(const Round& round) {
  const crash::Tally& tally = round.tally();
  std::printf(
      "{\"acknowledged\": %llu, \"unknown\": %llu, \"refused\": %llu, \"stale_reads\": %llu, "
      "\"refusal\": %s, \"gaps\": [",
      static_cast<unsigned long long>(tally.acknowledged),
      static_cast<unsigned long long>(tally.unknown),
      static_cast<unsigned long long>(tally.refused),
      static_cast<unsigned long long>(tally.stale_reads), Quoted(tally.refusal).c_str());
  const char* separator = "";
  for (const crash::Gap& gap : round.gaps()) {
    std::printf("%s{\"since\": %.6f, \"seconds\": %.6f}", separator,
                Seconds(gap.since.time_since_epoch()), Seconds(gap.length));
    separator = ", ";
  }
  std::printf("]}\n");
}

void PrintVerdict(const crash::Verdict& verdict, uint64_t unreadable) {
  std::printf(
      "{\"lost\": %llu, \"applied_twice\": %llu, \"refused_yet_applied\": %llu, \"torn\": %llu, "
      "\"unreadable\": %llu, \"samples\": [",
      static_cast<unsigned long long>(verdict.lost),
      static_cast<unsigned long long>(verdict.applied_twice),
      static_cast<unsigned long long>(verdict.refused_yet_applied),
      static_cast<unsigned long long>(verdict.torn), static_cast<unsigned long long>(unreadable));
  const char* separator = "";
  for (const std::string& sample : verdict.samples) {
    std::printf("%s%s", separator, Quoted(sample).c_str());
    separator = ", ";
  }
  std::printf("]}\n");
}

crash::LoadOptions ParseArguments(int argc, char** argv) {
  crash::LoadOptions options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    const char* value = argv[i + 1];
    const auto number = std::strtoull(value, nullptr, 10);
    if (name == "--nodes") options.client.nodes = Split(value);
    if (name == "--partitions") options.partitions = static_cast<uint32_t>(number);
    if (name == "--mixed") options.mixed_writers = static_cast<uint32_t>(number);
    if (name == "--seed") options.seed = number;
    if (name == "--timeout-ms") options.client.timeout_ms = static_cast<int>(number);
  }
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  const crash::LoadOptions options = ParseArguments(argc, argv);
  if (options.client.nodes.empty() || options.partitions == 0) {
    std::fprintf(stderr,
                 "usage: crash_client --nodes host:port,... [--partitions N] [--mixed N]\n");
    return 2;
  }
  std::vector<std::unique_ptr<Round>> rounds;
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string action;
    int64_t ms = 0;
    words >> action >> ms;
    if (action == "load") {
      rounds.push_back(std::make_unique<Round>(static_cast<uint32_t>(rounds.size()), options));
      rounds.back()->Load(milliseconds(ms));
      PrintLoad(*rounds.back());
    } else if ((action == "verify" || action == "verify-all") && !rounds.empty()) {
      crash::Verdict verdict;
      uint64_t unreadable = 0;
      const size_t first = action == "verify" ? rounds.size() - 1 : 0;
      for (size_t i = first; i < rounds.size(); ++i) {
        verdict.Add(rounds[i]->Verify(milliseconds(ms), unreadable));
      }
      PrintVerdict(verdict, unreadable);
    } else {
      std::printf("{\"error\": \"unknown command\"}\n");
    }
    std::fflush(stdout);
  }
  return 0;
}
