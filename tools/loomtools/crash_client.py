"""The program that writes, records every answer, and checks them (tools/crash/)."""

import json
import os
import subprocess

from .server import ROOT


class CrashClient:
    def __init__(self, nodes, preset="release", **options):
        program = os.path.join(ROOT, "build", preset, "tools", "crash_client")
        arguments = [program, "--nodes", nodes]
        for name, value in options.items():
            arguments += ["--" + name.replace("_", "-"), str(value)]
        self.process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def begin(self, action, milliseconds):
        self.process.stdin.write(f"{action} {milliseconds}\n")
        self.process.stdin.flush()

    def finish(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("crash_client ended")
        return json.loads(line)

    def verify(self, action="verify", seconds=60):
        self.begin(action, seconds * 1000)
        return self.finish()
