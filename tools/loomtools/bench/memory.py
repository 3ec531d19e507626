"""Memory, checkpoints and restarts: what the data costs while it is kept."""

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from .. import resp, server
from . import measure
from .throughput import IN_MEMORY

EVERY_SECOND = ("--appendonly", "yes", "--appendfsync", "everysec", "--save", "")


def _both(options, ours=(), theirs=()):
    return (server.loomcache(os.path.join(options.dir, "loom"), "--threads", "1", *ours),
            server.redis(os.path.join(options.dir, "redis"), *theirs))


def bytes_per_key(options, table):
    for keys in (options.scaled(1_000_000), options.scaled(5_000_000)):
        ours, theirs = _both(options, IN_MEMORY, IN_MEMORY)
        with ours, theirs:
            found = {}
            for name, fleet in (("ours", ours), ("theirs", theirs)):
                node = fleet.servers[0]
                rss, used = node.rss_bytes(), int(resp.info(node.port)["used_memory"])
                measure.fill(fleet.nodes(), keys)
                assert resp.call_once(node.port, "DBSIZE") == keys
                found[name] = ((node.rss_bytes() - rss) / keys,
                               (int(resp.info(node.port)["used_memory"]) - used) / keys)
        what = f"{keys / 1e6:g} M keys of 16 B with 32 B values"
        table.row(f"{what}: RSS bytes per key", ("<=", 0.8), found["ours"][0], found["theirs"][0])
        table.row(f"{what}: used_memory per key", ("<=", 0.8), found["ours"][1], found["theirs"][1])


def _save_later(port):
    time.sleep(1.0)
    resp.call_once(port, "BGSAVE")


def _save_is_running(port):
    return resp.info(port).get("rdb_bgsave_in_progress") == "1"


class PeakMemory:
    """The most that a server and a fork of it held; the fork counts with what it does not share."""

    def __init__(self, node):
        self.node = node
        self.peak = 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._watch)

    def _watch(self):
        while not self.ended.wait(0.02):
            try:
                self.peak = max(self.peak, self.node.rss_bytes() + self.node.children_rss_bytes())
            except OSError:
                return

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()


def checkpoint(options, table):
    """2 GB of data under 10,000 SET/s at fixed times, with a checkpoint and without.

    LoomCache's first checkpoint writes all of it, as each of Redis's does; the later ones what changed.
    """
    value_bytes = 1000
    keys = options.scaled(2_000_000)
    load = {"rate": 10_000, "seconds": 10, "keys": keys, "value_bytes": value_bytes}
    # Redis keeps no log here, which is its easiest case: a fork beside a rewrite costs it more. Without a
    # bound on the log the fill leaves no checkpoint behind, so the first one is of everything.
    ours, theirs = _both(options, (*EVERY_SECOND, "--checkpoint-wal-size", "100gb"), IN_MEMORY)
    with ours, theirs:
        measure.fill(theirs.nodes(), keys, value_bytes=value_bytes)
        redis = _under_checkpoint(theirs, load, options.rounds)
        measure.fill(ours.nodes(), keys, value_bytes=value_bytes)
        first = _under_checkpoint(ours, load, 1)
        later = _under_checkpoint(ours, load, options.rounds)
    for label, found in (("first checkpoint, of all", first), ("checkpoint of what changed", later)):
        for figure in ("p99", "p999", "max"):
            goal = "with <= 1.2 x without" if figure == "p999" else None
            table.row(f"{label}, under 10,000 SET/s: {figure} without / with", goal,
                      _shown(found, figure), _shown(redis, figure))
        table.row(f"{label}: peak memory against before", "<= 1.1 x",
                  f"{found[2]['ratio']:.2f} x", f"{redis[2]['ratio']:.2f} x")


def _under_checkpoint(fleet, load, rounds):
    """Latencies without one, with one, and how far memory rose."""
    node = fleet.servers[0]
    quiet, busy, growth = [], [], []
    for _ in range(rounds):
        quiet.append(measure.bench_client(fleet.nodes(), **load))
        before = node.rss_bytes()
        with PeakMemory(node) as memory, ThreadPoolExecutor(1) as pool:
            save = pool.submit(_save_later, node.port)
            busy.append(measure.bench_client(fleet.nodes(), **load))
            save.result()
            server.wait_until(lambda: not _save_is_running(node.port), 300, "BGSAVE ends")
        growth.append(measure.Sample(ratio=memory.peak / before))
    return measure.median(quiet), measure.median(busy), measure.median(growth)


def _shown(found, figure):
    quiet, busy, _ = found
    return f"{quiet[figure]:.2f} / {busy[figure]:.2f} ms ({busy[figure] / quiet[figure]:.2f} x)"


def _restart_seconds(node, probe):
    """From exec to the first GET that is answered with data."""
    node.stop()
    began = time.monotonic()
    node.start()
    while True:
        if node.answers("GET", probe) is not None:
            return time.monotonic() - began
        if time.monotonic() - began > 600:
            raise TimeoutError("no data after 600 s")
        time.sleep(0.005)


def restart(options, table):
    for keys, value_bytes in ((options.scaled(5_000_000), 100), (options.scaled(1_000_000), 1000)):
        ours, theirs = _both(options, EVERY_SECOND, IN_MEMORY)
        found = {}
        with ours, theirs:
            for name, fleet in (("ours", ours), ("theirs", theirs)):
                node = fleet.servers[0]
                measure.fill(fleet.nodes(), keys, value_bytes=value_bytes)
                resp.call_once(node.port, "SAVE", timeout=600)
                probe = "key:" + str(keys - 1).zfill(12)
                found[name] = measure.median([
                    measure.Sample(seconds=_restart_seconds(node, probe))
                    for _ in range(options.rounds)])["seconds"]
        table.row(f"restart with {keys / 1e6:g} M keys of {value_bytes} B: s to the first answer",
                  ("<=", 1.0), found["ours"], found["theirs"])
