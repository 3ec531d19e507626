"""Server processes: started, measured and ended by their own process id."""

import os
import random
import shutil
import signal
import socket
import subprocess
import time

from . import resp

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def wait_until(condition, seconds, what):
    """Polls `condition` until it is true; a failure names what was waited for."""
    deadline = time.monotonic() + seconds
    while True:
        if condition():
            return
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds} s: {what}")
        time.sleep(0.02)


def free_ports(count):
    """The first of `count` neighbouring ports that are free, as are their cluster ports."""
    while True:
        base = random.randrange(11000, 30000)
        if all(_is_free(base + i) and _is_free(base + i + 10000) for i in range(count)):
            return base


def _is_free(port):
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
            return True
        except OSError:
            return False


class Server:
    """One server process with a folder of its own."""

    def __init__(self, name, program, port, directory, arguments=()):
        self.name = name
        self.port = port
        self.directory = directory
        self.command = [program, "--port", str(port), "--dir", directory, *arguments]
        self.process = None
        os.makedirs(directory, exist_ok=True)

    def start(self, environment=None):
        self.log = open(os.path.join(self.directory, "log"), "ab")
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})})
        return self

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def answers(self, *command):
        try:
            return resp.call_once(self.port, *(command or ("PING",)), timeout=2.0)
        except (OSError, resp.ReplyError, ConnectionError):
            return None

    def wait_ready(self, seconds=60):
        def ready():
            if not self.is_running():
                raise RuntimeError(f"{self.name} ended: {self.tail()}")
            return self.answers() == "PONG"
        wait_until(ready, seconds, f"{self.name} answers PING")
        return self

    def cluster_is_ok(self):
        state = self.answers("CLUSTER", "INFO")
        return state is not None and b"cluster_state:ok" in state

    def kill(self, number=signal.SIGKILL):
        if self.is_running():
            self.process.send_signal(number)
        if number in (signal.SIGKILL, signal.SIGTERM) and self.process is not None:
            self.process.wait(timeout=60)

    def signal(self, number):
        """Without waiting for what comes of it."""
        if self.is_running():
            self.process.send_signal(number)

    def stop(self):
        if not self.is_running():
            return
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def tail(self):
        with open(os.path.join(self.directory, "log"), "rb") as log:
            return log.read()[-2000:].decode(errors="replace")

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND

    def rss_bytes(self):
        return self._status("VmRSS")

    def peak_rss_bytes(self):
        return self._status("VmHWM")

    def reset_peak_rss(self):
        with open(f"/proc/{self.process.pid}/clear_refs", "w") as refs:
            refs.write("5")

    def children_rss_bytes(self):
        """Of a forked child, such as Redis's while it saves."""
        total = 0
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children") as children:
            pids = children.read().split()
        for pid in pids:
            try:
                with open(f"/proc/{pid}/smaps_rollup") as rollup:
                    private = [line for line in rollup if line.startswith("Private_")]
                total += sum(int(line.split()[1]) * 1024 for line in private)
            except OSError:
                pass
        return total

    def _status(self, field):
        with open(f"/proc/{self.process.pid}/status") as status:
            for line in status:
                if line.startswith(field + ":"):
                    return int(line.split()[1]) * 1024
        return 0


class Fleet:
    """The servers of one system; ends them when it is left, and removes their data unless told not to."""

    def __init__(self, servers, directory):
        self.servers = servers
        self.directory = directory
        self.keep = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for server in self.servers:
            server.stop()
        if not self.keep:
            shutil.rmtree(self.directory, ignore_errors=True)

    def cpu_seconds(self):
        return sum(server.cpu_seconds() for server in self.servers)

    def nodes(self):
        return ",".join(f"127.0.0.1:{server.port}" for server in self.servers)

    def by_port(self, port):
        return next(server for server in self.servers if server.port == port)

    def wait_settled(self, quiet_seconds=2.5, seconds=60):
        """Until leaderships have stayed where they are for a while: nodes spread them once they run."""
        deadline = time.monotonic() + seconds
        last, since = None, time.monotonic()
        while time.monotonic() < deadline:
            slots = [[line.split()[8:] for line in
                      sorted(resp.call_once(server.port, "CLUSTER", "NODES").decode().splitlines())]
                     for server in self.servers]
            if slots != last:
                last, since = slots, time.monotonic()
            if time.monotonic() - since >= quiet_seconds:
                return
            time.sleep(0.1)
        raise TimeoutError("leaderships keep moving")

    def wait_healed(self, seconds=60):
        def healed():
            return all(server.cluster_is_ok() for server in self.servers)
        wait_until(healed, seconds, "cluster_state:ok on every node")


def loomcache_path(preset="release"):
    return os.path.join(ROOT, "build", preset, "loomcache")


def loomcache(directory, *arguments, preset="release"):
    """One LoomCache on its own."""
    port = free_ports(1)
    server = Server("loomcache", loomcache_path(preset), port, directory, arguments)
    return Fleet([server.start().wait_ready()], directory)


def loomcache_cluster(directory, *arguments, nodes=3, preset="release"):
    """LoomCache nodes that form a cluster, ready to be used."""
    base = free_ports(nodes)
    seeds = ",".join(f"127.0.0.1:{base + i + 10000}" for i in range(nodes))
    settings = ["--cluster-enabled", "yes", "--discovery", "static", "--seeds", seeds,
                "--bootstrap-expect", str(nodes), *arguments]
    servers = [Server(f"node {i + 1}", loomcache_path(preset), base + i,
                      os.path.join(directory, f"node-{i + 1}"), settings).start()
               for i in range(nodes)]
    fleet = _ready(Fleet(servers, directory))
    fleet.wait_settled()
    return fleet


def redis(directory, *arguments):
    """One redis-server; in memory unless the arguments say otherwise."""
    port = free_ports(1)
    settings = ["--save", "", "--appendonly", "no", *arguments]
    server = Server("redis-server", "redis-server", port, directory, settings)
    return Fleet([server.start().wait_ready()], directory)


def redis_replicated(directory, *arguments, replicas=2):
    """A Redis primary (the first server) with replicas in step with it."""
    base = free_ports(replicas + 1)
    settings = ["--save", "", "--appendonly", "no", "--repl-diskless-sync-delay", "0", *arguments]
    servers = []
    for i in range(replicas + 1):
        follow = ["--replicaof", f"127.0.0.1 {base}"] if i > 0 else []
        servers.append(Server(f"redis-server {i + 1}", "redis-server", base + i,
                              os.path.join(directory, f"node-{i + 1}"), settings + follow).start())
    for server in servers:
        server.wait_ready()
    wait_until(lambda: all(resp.info(s.port).get("master_link_status") == "up" for s in servers[1:]),
               30, "replicas are in step")
    return Fleet(servers, directory)


def redis_cluster(directory, *arguments, nodes=3):
    """A Redis Cluster of masters only."""
    base = free_ports(nodes)
    servers = [Server(f"node {i + 1}", "redis-server", base + i,
                      os.path.join(directory, f"node-{i + 1}"),
                      ["--save", "", "--cluster-enabled", "yes", *arguments]).start()
               for i in range(nodes)]
    for server in servers:
        server.wait_ready()
    subprocess.run(["redis-cli", "--cluster", "create",
                    *(f"127.0.0.1:{base + i}" for i in range(nodes)), "--cluster-yes"],
                   check=True, stdout=subprocess.DEVNULL)
    return _ready(Fleet(servers, directory))


def _ready(fleet):
    try:
        for server in fleet.servers:
            server.wait_ready()
        fleet.wait_healed()
    except BaseException:
        fleet.__exit__()
        raise
    return fleet
