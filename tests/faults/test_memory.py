#!/usr/bin/env python3
"""An edge host with little memory: the process lives in a cgroup of 64 MiB, with a hundred targets that
are like a node exporter, an outage of its destination, and what is to be delivered afterwards.

The memory of a cgroup holds the page cache of what the process reads and writes, too."""
import http.server
import os
import pathlib
import shutil
import tempfile
import threading
import unittest

import real_exporters
from exporter import QuietServer
from processes import Sluice, free_port, http_get, ledger_balance, memory_of, wait_until
from receiver import Receiver

LIMIT = 64 << 20
TARGETS = 100
PAGES_OF_AN_OUTAGE = 8


class MemoryGroup:
    """A cgroup, of version 1 or 2, below our own."""

    def __init__(self, limit: int):
        self.path, self.version = self.find()
        self.path = self.path / f"sluice-test-{os.getpid()}"
        self.path.mkdir()
        name = "memory.max" if self.version == 2 else "memory.limit_in_bytes"
        (self.path / name).write_text(str(limit))

    @staticmethod
    def find() -> tuple[pathlib.Path, int]:
        for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines():
            number, controllers, path = line.split(":", 2)
            if "memory" in controllers.split(","):
                for base in ["/sys/fs/cgroup/memory" + path, "/sys/fs/cgroup/memory"]:
                    if os.access(base, os.W_OK):
                        return pathlib.Path(base), 1
            if number == "0":
                base = pathlib.Path("/sys/fs/cgroup" + path)
                control = base / "cgroup.subtree_control"
                if os.access(base, os.W_OK) and control.exists() and \
                        "memory" in control.read_text().split():
                    return base, 2
        raise OSError("no cgroup with a bound of memory can be made here")

    def kills(self) -> int:
        """How often somebody was ended because of the bound."""
        name = "memory.events" if self.version == 2 else "memory.oom_control"
        counts = dict(line.split() for line in (self.path / name).read_text().splitlines())
        return int(counts.get("oom_kill", 0))

    def command(self, command: list[str]) -> list[str]:
        """That runs in the group."""
        return ["sh", "-c", f"echo $$ > {self.path}/cgroup.procs && exec \"$@\"", "sh", *command]

    def close(self):
        self.path.rmdir()


def why_not() -> str:
    if os.getuid() != 0:
        return "it needs root"
    if shutil.which("prometheus-node-exporter") is None:
        return "not installed: prometheus-node-exporter"
    try:
        MemoryGroup.find()
    except OSError as error:
        return str(error)
    return ""


class Pages:
    """A node exporter's page for each of many targets, whose values change."""

    def __init__(self, text: bytes):
        self.port = free_port()
        self.served = 0
        self.lock = threading.Lock()
        lines = [line for line in text.split(b"\n") if line]
        pages = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                with pages.lock:
                    pages.served += 1
                    number = pages.served
                # One in five values is another one each time.
                body = b"\n".join(
                    line if line[:1] == b"#" or i % 5 else
                    line.rsplit(b" ", 1)[0] + b" %d" % (number * 7 + i)
                    for i, line in enumerate(lines)) + b"\n"
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = QuietServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


@unittest.skipIf(why_not(), why_not())
class Memory(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-memory-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        exporter = real_exporters.node_exporter(self.folder)
        self.addCleanup(exporter.cleanup)
        exporter.start()
        self.pages = Pages(http_get(f"http://{exporter.address()}/metrics")[1])
        exporter.cleanup()
        self.addCleanup(self.pages.stop)
        self.receiver = Receiver()
        self.receiver.intercept = self.take_unread
        self.receiver.start()
        self.addCleanup(lambda: self.receiver.stop())
        self.group = MemoryGroup(LIMIT)
        self.addCleanup(self.group.close)

    @staticmethod
    def take_unread(_, handler) -> bool:
        handler.rfile.read(int(handler.headers["Content-Length"]))
        handler.send_response(204)
        handler.send_header("Content-Length", "0")
        handler.end_headers()
        return True

    def test_a_hundred_targets_and_an_outage_fit_into_64_mib(self):
        groups = ", ".join(f"{{targets: ['127.0.0.1:{self.pages.port}'], labels: {{host: h{i}}}}}"
                           for i in range(TARGETS))
        config = ("global: {scrape_interval: 2s, scrape_timeout: 2s}\n"
                  f"scrape_configs: [{{job_name: node, static_configs: [{groups}]}}]\n"
                  f"remote_write: [{{name: r, url: '{self.receiver.url()}'}}]\n")
        sluice = Sluice(self.folder, config)
        sluice.command = self.group.command(sluice.command)
        self.addCleanup(sluice.cleanup)
        sluice.start()
        process = sluice.process.pid
        self.wait_pages(2)
        sluice.wait_drained()
        self.receiver.stop()
        self.wait_pages(PAGES_OF_AN_OUTAGE)
        backlog = sluice.destinations()["r"]["ledger"]["pending"]
        self.assertGreater(backlog, PAGES_OF_AN_OUTAGE * TARGETS * 300)
        self.receiver.start()
        sluice.wait_drained(seconds=120)
        row = sluice.destinations()["r"]
        self.assertEqual(ledger_balance(row), 0)
        self.assertEqual(sum(row["ledger"]["dropped"].values()), 0)
        peak = memory_of(sluice, "VmHWM")
        self.assertEqual(self.group.kills(), 0)
        self.assertEqual((sluice.process.poll(), sluice.process.pid), (None, process))
        print(f"backlog {backlog} samples, peak of {peak >> 10} KiB", flush=True)
        self.assertEqual(sluice.terminate(), 0)

    def wait_pages(self, count: int):
        """Of each target."""
        goal = self.pages.served + count * TARGETS
        wait_until(lambda: self.pages.served >= goal, f"{count} pages of each target", 120)


if __name__ == "__main__":
    unittest.main()
