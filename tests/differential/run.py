#!/usr/bin/env python3
"""Starts redis-server and loomcache and compares them for a fixed time: random calls (diff_test.py).

    tests/differential/run.py --binary build/release/loomcache --seconds 20 [--seed 1]

Exits with 77 (skipped) where there is no redis-server. The seed is printed; it replays the calls.
"""

import argparse
import pathlib
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).parent
SKIPPED = 77
CALLS_PER_ROUND = 2000


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def start(binary, folder):
    port = free_port()
    words = [binary, "--port", str(port), "--dir", folder, "--appendonly", "no", "--save", ""]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as client:
                client.settimeout(1)
                client.sendall(b"PING\r\n")
                if client.recv(7) == b"+PONG\r\n":
                    return process, port
        except OSError:
            pass
        time.sleep(0.05)
    process.kill()
    raise SystemExit(f"{binary} does not answer")


def compare(ports, seed, rows):
    words = [sys.executable, HERE / "diff_test.py", "--port-a", ports[0], "--port-b", ports[1]]
    words += ["--seed", seed, "--count", CALLS_PER_ROUND]
    words += ["--rows"] if rows else []
    return subprocess.run([str(word) for word in words], check=False).returncode


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--binary", required=True)
    parser.add_argument("--reference", default="redis-server")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--seed", type=int, default=random.randrange(2**31))
    options = parser.parse_args()
    if shutil.which(options.reference) is None:
        print(f"skipped: there is no {options.reference}")
        sys.exit(SKIPPED)

    print(f"seed={options.seed}, and the next ones", flush=True)
    processes, ports = [], []
    with tempfile.TemporaryDirectory() as folder:
        try:
            for name in (options.reference, options.binary):
                own = pathlib.Path(folder) / str(len(ports))
                own.mkdir()
                process, port = start(name, str(own))
                processes.append(process)
                ports.append(port)
            deadline = time.monotonic() + options.seconds
            seed, failed = options.seed, 0
            while not failed and (seed == options.seed or time.monotonic() < deadline):
                failed = compare(ports, seed, rows=seed == options.seed)
                seed += 1
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.wait()
    sys.exit(failed)


main()
