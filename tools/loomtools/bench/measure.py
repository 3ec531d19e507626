"""Runs one client against one system, and reads what it cost the servers."""

import json
import os
import re
import statistics
import subprocess
import time

from ..server import ROOT


class Sample(dict):
    """Figures of one run by name: rps, p50, p99, p999 (ms), cpu_us (per operation)."""


def median(samples):
    """Of each figure, over all samples."""
    return Sample({name: statistics.median(sample[name] for sample in samples)
                   for name in samples[0]})


def with_cpu(fleet, operations, run):
    """Runs `run`, and adds the CPU that all servers of the fleet spent per operation."""
    before = fleet.cpu_seconds()
    sample = run()
    time.sleep(0.02)  # The last ticks are accounted for late.
    sample["cpu_us"] = (fleet.cpu_seconds() - before) * 1e6 / (operations or sample["operations"])
    return sample


def redis_benchmark(port, test, requests, clients=50, pipeline=1, keys=0, size=3, extra=()):
    command = ["redis-benchmark", "-p", str(port), "-t", test, "-n", str(requests), "-c", str(clients),
               "-P", str(pipeline), "-d", str(size), "--precision", "3", *extra]
    if keys:
        command += ["-r", str(keys)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return parse_benchmark(output)


def parse_benchmark(output):
    """The full report of redis-benchmark; its short forms leave out p99.9."""
    output = output.replace("\r", "\n")
    throughput = re.search(r"throughput summary: ([\d.]+)", output)
    summary = re.search(r"avg +min +p50 +p95 +p99 +max\s+([\d. ]+)", output)
    if not throughput or not summary:
        raise RuntimeError("redis-benchmark: " + output[-500:])
    _, _, p50, _, p99, _ = map(float, summary.group(1).split())
    by_percentile = output.split("Latency by percentile distribution:")[1]
    steps = re.findall(r"([\d.]+)% <= ([\d.]+) milliseconds", by_percentile)
    p999 = next(float(ms) for percent, ms in steps if float(percent) >= 99.9)
    return Sample(rps=float(throughput.group(1)), p50=p50, p99=p99, p999=p999)


def bench_client(fleet_nodes, preset="release", **options):
    command = [os.path.join(ROOT, "build", preset, "tools", "bench_client"), "--nodes", fleet_nodes]
    for name, value in options.items():
        command += ["--" + name.replace("_", "-"), str(value)]
    result = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    if result["errors"]:
        raise RuntimeError(f"bench_client: {result['errors']} errors: {result['first_error']}")
    return Sample({name: result[name] for name in ("operations", "rps", "p50", "p99", "p999", "max")})


def fill(fleet_nodes, keys, key_bytes=16, value_bytes=32, cluster=0):
    """Writes each key once."""
    bench_client(fleet_nodes, requests=keys, keys=keys, sequential=0 if cluster else 1,
                 pipeline=64, connections=4, key_bytes=key_bytes, value_bytes=value_bytes,
                 cluster=cluster)


def interleaved(rounds, contestants, run):
    """Runs `run(name, fleet)` in turn for all, the first changing from round to round; medians."""
    samples = {name: [] for name in contestants}
    names = list(contestants)
    for number in range(rounds):
        for name in names[number % len(names):] + names[:number % len(names)]:
            samples[name].append(run(name, contestants[name]))
    return {name: median(found) for name, found in samples.items()}
