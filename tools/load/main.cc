// bench_client: a load generator for what redis-benchmark cannot do: commands in pairs (SET +
// WAIT), keys over a whole cluster, requests at fixed times. Prints one line of JSON.
//
//   bench_client --nodes host:port,... [--cluster 1] [--connections 50] [--pipeline 1]
//                [--requests N | --seconds S] [--rate R] [--operation set|get|incr] [--keys N]
//                [--key-bytes 16] [--value-bytes 32] [--sequential 1] [--follow-up "WAIT 1 0"]
//                [--follow-up-apart 1]
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

#include "tools/load/generator.h"

namespace {

std::vector<std::string> Split(const std::string& text) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, ',');) parts.push_back(part);
  return parts;
}

double Percentile(const std::vector<uint32_t>& sorted, double percent) {
  if (sorted.empty()) return 0;
  const size_t at = static_cast<size_t>(static_cast<double>(sorted.size()) * percent / 100);
  return sorted[at < sorted.size() ? at : sorted.size() - 1] / 1000.0;
}

bool Parse(int argc, char** argv, load::GeneratorOptions& options) {
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    const char* value = argv[i + 1];
    const auto number = std::strtoull(value, nullptr, 10);
    if (name == "--nodes") {
      options.nodes = Split(value);
    } else if (name == "--cluster") {
      options.cluster = number != 0;
    } else if (name == "--connections") {
      options.connections = static_cast<uint32_t>(number);
    } else if (name == "--pipeline") {
      options.pipeline = static_cast<uint32_t>(number);
    } else if (name == "--requests") {
      options.requests = number;
    } else if (name == "--seconds") {
      options.seconds = std::strtod(value, nullptr);
    } else if (name == "--rate") {
      options.rate = std::strtod(value, nullptr);
    } else if (name == "--operation") {
      options.workload.operation = value;
    } else if (name == "--keys") {
      options.workload.keys = number;
    } else if (name == "--key-bytes") {
      options.workload.key_bytes = number;
    } else if (name == "--value-bytes") {
      options.workload.value_bytes = number;
    } else if (name == "--sequential") {
      options.workload.sequential = number != 0;
    } else if (name == "--follow-up") {
      options.workload.follow_up = value;
    } else if (name == "--follow-up-apart") {
      options.workload.follow_up_apart = number != 0;
    } else if (name == "--seed") {
      options.workload.seed = number;
    } else {
      std::fprintf(stderr, "unknown option %s\n", name.c_str());
      return false;
    }
  }
  return !options.nodes.empty() && options.pipeline > 0 && options.workload.keys > 0 &&
         (options.requests > 0 || options.seconds > 0);
}

}  // namespace

int main(int argc, char** argv) {
  load::GeneratorOptions options;
  if (!Parse(argc, argv, options)) {
    std::fprintf(stderr,
                 "usage: bench_client --nodes host:port,... --requests N | --seconds S ...\n");
    return 2;
  }
  const load::Report report = load::Generate(options);
  std::string error = report.first_error;
  for (char& c : error) {
    if (c == '"' || c == '\\') c = '\'';
  }
  std::printf(
      "{\"operations\": %llu, \"seconds\": %.6f, \"rps\": %.1f, \"p50\": %.3f, \"p99\": %.3f, "
      "\"p999\": %.3f, \"max\": %.3f, \"errors\": %llu, \"first_error\": \"%s\"}\n",
      static_cast<unsigned long long>(report.operations), report.seconds,
      report.seconds > 0 ? static_cast<double>(report.operations) / report.seconds : 0.0,
      Percentile(report.latencies_us, 50), Percentile(report.latencies_us, 99),
      Percentile(report.latencies_us, 99.9), Percentile(report.latencies_us, 100),
      static_cast<unsigned long long>(report.errors), error.c_str());
  return 0;
}
