"""How long writes pause when a leader goes, suddenly or as planned."""

import os
import signal
import time

from .. import resp, server
from ..crash_client import CrashClient
from . import measure

PARTITIONS = 16


def _leader_and_its_partitions(fleet):
    """The node that leads the most, and which partitions (by their middle slot) it leads."""
    led = {}
    for first, last, ports in resp.slot_ranges(fleet.servers[0].port):
        for partition in range(PARTITIONS):
            middle = partition * 16384 // PARTITIONS + 16384 // PARTITIONS // 2
            if first <= middle <= last:
                led.setdefault(ports[0], []).append(partition)
    port = max(led, key=lambda p: len(led[p]))
    return fleet.by_port(port), led[port]


def _measure(options, what, disturb):
    """Writers stay with one partition each; the longest pause of those that lost their leader."""
    pauses, lost = [], 0
    for number in range(options.rounds):
        directory = os.path.join(options.dir, f"{what}-{number}")
        with server.loomcache_cluster(directory, "--threads", "1") as fleet, \
                CrashClient(fleet.nodes(), partitions=PARTITIONS, mixed=1, seed=number + 1) as client:
            time.sleep(1.0)  # Leadership has spread.
            client.begin("load", 8000)
            time.sleep(2.0)
            victim, partitions = _leader_and_its_partitions(fleet)
            disturb(fleet, victim)
            load = client.finish()
            if not victim.is_running():
                victim.start().wait_ready()
            fleet.wait_healed()
            verdict = client.verify()
            lost += verdict["lost"] + verdict["applied_twice"] + verdict["unreadable"]
            pauses.append(measure.Sample(s=max(load["gaps"][p]["seconds"] for p in partitions)))
    worst = max(pause["s"] for pause in pauses)
    return measure.median(pauses)["s"], worst, lost


def failover(options, table):
    def kill(_, victim):
        victim.kill()

    def kill_beside_a_stopped_follower(fleet, victim):
        slow = next(s for s in fleet.servers if s is not victim)
        slow.signal(signal.SIGSTOP)
        time.sleep(0.5)
        victim.kill()
        slow.signal(signal.SIGCONT)

    for what, disturb in (("leader killed", kill),
                          ("leader killed, a follower stopped before",
                           kill_beside_a_stopped_follower)):
        middle, worst, lost = _measure(options, "failover", disturb)
        table.row(f"{what}: longest pause, s (worst of {options.rounds})", "<= 1.5 s",
                  f"{middle:.2f} ({worst:.2f})", "-")
        table.row(f"{what}: acknowledged writes lost or applied twice", "0", str(lost), "-")


def handover(options, table):
    def stop(_, victim):
        victim.signal(signal.SIGTERM)

    middle, worst, lost = _measure(options, "handover", stop)
    table.row(f"planned handover: longest pause, s (worst of {options.rounds})", "<= 0.1 s",
              f"{middle:.3f} ({worst:.3f})", "-")
    table.row("planned handover: acknowledged writes lost or applied twice", "0", str(lost), "-")
