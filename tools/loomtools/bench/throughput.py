"""Throughput, latency and CPU per operation, against redis-server on one node and on three."""

import os
import subprocess

from .. import resp, server
from . import measure

IN_MEMORY = ("--appendonly", "no", "--save", "")
ALWAYS = ("--appendonly", "yes", "--appendfsync", "always", "--save", "")


def _single(options, scenario, settings, redis_settings, table, pipeline, operations, requests, keys):
    with server.loomcache(os.path.join(options.dir, "loom"), "--threads", "1", *settings) as ours, \
            server.redis(os.path.join(options.dir, "redis"), *redis_settings) as theirs:
        fleets = {"ours": ours, "theirs": theirs}
        if keys:  # The same names that redis-benchmark -r makes.
            for fleet in fleets.values():
                measure.bench_client(fleet.nodes(), requests=keys, keys=keys, sequential=1,
                                     pipeline=64, connections=4, key_bytes=16, value_bytes=3)
        for operation in operations:
            def run(_, fleet, operation=operation):
                return measure.with_cpu(fleet, requests, lambda: measure.redis_benchmark(
                    fleet.servers[0].port, operation, requests, pipeline=pipeline, keys=keys))
            found = measure.interleaved(options.rounds, fleets, run)
            table.rows(scenario, operation, found["ours"], found["theirs"])


def memory_p1(options, table):
    _single(options, "memory-p1", IN_MEMORY, IN_MEMORY, table, 1, ("set", "get"),
            options.scaled(200_000), 0)


def memory_p16(options, table):
    _single(options, "memory-p16", IN_MEMORY, IN_MEMORY, table, 16, ("set", "get"),
            options.scaled(2_000_000), 1_000_000)


def always_p1(options, table):
    _single(options, "always-p1", ALWAYS, ALWAYS, table, 1, ("set",), options.scaled(200_000), 0)


def always_p16(options, table):
    _single(options, "always-p16", ALWAYS, ALWAYS, table, 16, ("set",),
            options.scaled(1_000_000), 0)


def cluster(options, table):
    """Three nodes, acknowledged by a majority's disks, against a primary, two replicas and WAIT 1."""
    requests = options.scaled(200_000)
    with server.loomcache_cluster(os.path.join(options.dir, "loom"), "--threads", "1",
                                 "--save", "") as ours, \
            server.redis_replicated(os.path.join(options.dir, "redis")) as theirs:
        # A client calls WAIT when SET has been answered; one that sends both at once is rare, and shown too.
        apart = {"follow_up": "WAIT 1 0", "follow_up_apart": 1}
        fleets = {"ours": (ours, {"cluster": 1}), "theirs": (theirs, apart),
                  "at once": (theirs, {"follow_up": "WAIT 1 0"})}

        def run(_, fleet_and_load):
            fleet, load = fleet_and_load
            nodes = fleet.nodes() if "cluster" in load else f"127.0.0.1:{fleet.servers[0].port}"
            return measure.with_cpu(fleet, requests, lambda: measure.bench_client(
                nodes, requests=requests, keys=1_000_000, **load))
        found = measure.interleaved(options.rounds, fleets, run)
        table.rows("cluster", "set", found["ours"], found["theirs"],
                   "three nodes against SET, then WAIT 1")
        table.rows("cluster-at-once", "set", found["ours"], found["at once"],
                   "three nodes against SET and WAIT 1 sent at once")
    _cluster_on_disk(options, table, found["ours"], requests)


def _cluster_on_disk(options, table, ours, requests):
    """Where the server has WAITAOF (Redis 7.2, Valkey): both on disk."""
    with server.redis_replicated(os.path.join(options.dir, "redis"), *ALWAYS[:2]) as theirs:
        primary = theirs.servers[0].port
        try:
            resp.call_once(primary, "WAITAOF", "1", "1", "1000")
        except resp.ReplyError:
            table.row("three nodes against WAITAOF 1 1", None, ours["rps"],
                      "this server has no WAITAOF", "")
            return
        found = measure.median([
            measure.with_cpu(theirs, requests, lambda: measure.bench_client(
                f"127.0.0.1:{primary}", requests=requests, keys=1_000_000,
                follow_up="WAITAOF 1 1 0")) for _ in range(options.rounds)])
        table.rows("cluster-waitaof", "set", ours, found, "three nodes against WAITAOF 1 1")


def partitions(options, table):
    """16 partitions against one, each acknowledged by its own disk. Both columns are LoomCache's."""
    requests = options.scaled(300_000)

    def start(count):
        return server.loomcache_cluster(
            os.path.join(options.dir, f"partitions-{count}"), "--threads", "1", "--partitions",
            str(count), "--replication-factor", "1", "--appendfsync", "always", "--save", "",
            nodes=1)
    with start(16) as many, start(1) as one:
        for pipeline in (1, 16):
            found = measure.interleaved(
                options.rounds, {"many": many, "one": one},
                lambda _, fleet, pipeline=pipeline: measure.with_cpu(
                    fleet, requests, lambda: measure.bench_client(
                        fleet.nodes(), requests=requests, keys=1_000_000, pipeline=pipeline)))
            table.rows("partitions", "set", found["many"], found["one"],
                       f"16 partitions (against 1), pipeline {pipeline}")


def suite(options, table):
    """The tests that redis-benchmark runs by default."""
    requests = options.scaled(100_000)

    def run(port):
        output = subprocess.run(["redis-benchmark", "-p", str(port), "-n", str(requests), "--csv"],
                                check=True, capture_output=True, text=True).stdout
        rows = [line.strip('"').split('","') for line in output.splitlines()[1:]]
        return measure.Sample({row[0]: float(row[1]) for row in rows})
    with server.loomcache(os.path.join(options.dir, "loom"), "--threads", "1", *IN_MEMORY) as ours, \
            server.redis(os.path.join(options.dir, "redis"), *IN_MEMORY) as theirs:
        found = measure.interleaved(options.rounds, {"ours": ours, "theirs": theirs},
                                    lambda _, fleet: run(fleet.servers[0].port))
    for name, rps in found["theirs"].items():
        table.row(f"suite: {name} ops/s", None, found["ours"].get(name), rps)
