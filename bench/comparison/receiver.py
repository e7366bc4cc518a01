"""Runs the counting receiver (receiver/main.cc)."""
import json
import os
import subprocess

from processes import ROOT

BINARY = os.environ.get("COUNTING_RECEIVER", str(ROOT / "build/release/bench/counting_receiver"))


class CountingReceiver:
    def __init__(self):
        self.process = subprocess.Popen([BINARY], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)
        self.port = json.loads(self.process.stdout.readline())["port"]
        self.url = f"http://127.0.0.1:{self.port}/api/v1/write"

    def ask(self, command: str) -> dict:
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def stats(self) -> dict:
        return self.ask("stats")

    def down(self):
        """An outage: the port is closed, connections are cut."""
        self.ask("down")

    def up(self):
        self.ask("up")

    def stop(self):
        self.process.stdin.close()
        self.process.wait(60)
        self.process.stdout.close()
