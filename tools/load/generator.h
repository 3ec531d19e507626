// Keeps many connections busy from one thread, and measures how long answers take.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "tools/load/workload.h"

namespace load {

struct GeneratorOptions {
  std::vector<std::string> nodes;  // "host:port"
  bool cluster = false;            // Keys go to the nodes that CLUSTER SLOTS names.
  uint32_t connections = 50;
  uint32_t pipeline = 1;
  uint64_t requests = 0;  // Ends after so many,
  double seconds = 0;     // or after so long, whichever is given.
  double rate = 0;  // Requests per second at fixed times (open loop), or 0: as fast as answered.
  WorkloadOptions workload;
};

struct Report {
  uint64_t operations = 0;
  uint64_t errors = 0;
  std::string first_error;
  double seconds = 0;
  std::vector<uint32_t> latencies_us;  // Sorted. Of a pipeline: of the whole of it.
};

// Returns early, with an error in the report, when a connection is lost.
Report Generate(const GeneratorOptions& options);

}  // namespace load
