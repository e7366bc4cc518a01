"""A few scripted exporters, a Sluice that scrapes them five times a second, and its receivers: what
tests of delivery have in common. Whatever happens between start() and finish(), check() then wants
every page that was served, once, in order and to the bit."""
import pathlib
import shutil
import tempfile
import time
import unittest

from comparison import Delivered, check_complete
from exporter import Exporter
from processes import Sluice, ledger_balance, wait_until
from receiver import Receiver


REPORTED = 6  # series of a page besides its own: up and others that tell of the scrape, served_page


class Fleet(unittest.TestCase):
    exporter_count = 4
    series_count = 40

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-e2e-"))
        self.exporters = [Exporter([f"m{i}{{i=\"{i}\"}}" for i in range(self.series_count)]).start()
                          for _ in range(self.exporter_count)]
        self.receivers = []
        self.sluice = None

    def tearDown(self):
        if self.sluice is not None:
            self.sluice.cleanup()
        for server in [*self.exporters, *self.receivers]:
            server.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def receiver(self, answer=None) -> Receiver:
        self.receivers.append(Receiver(answer).start())
        return self.receivers[-1]

    def start(self, destinations: dict[str, str], flags=(), extra: str = "", data_path=None):
        config = "global: {scrape_interval: 200ms, scrape_timeout: 200ms}\nscrape_configs:\n"
        for i, exporter in enumerate(self.exporters):
            config += (f"  - {{job_name: job{i}, "
                       f"static_configs: [{{targets: ['{exporter.address()}']}}]}}\n")
        config += "remote_write:\n"
        for name, url in destinations.items():
            config += (f"  - {{name: {name}, url: '{url}', remote_timeout: 1s, {extra} "
                       "queue_config: {batch_send_deadline: 200ms, max_backoff: 300ms}}\n")
        self.sluice = Sluice(self.folder, config, flags, data_path=data_path).start()

    def pages(self, count: int):
        start = self.exporters[0].page
        wait_until(lambda: self.exporters[0].page >= start + count, f"{count} more pages")

    def served(self) -> list[int]:
        """Of each exporter: how many pages."""
        return [exporter.page for exporter in self.exporters]

    def since(self, before: list[int]) -> list[set]:
        """Of each exporter: the pages that were under way at `before` or came later."""
        return [set(range(b, exporter.page + 1)) for b, exporter in zip(before, self.exporters)]

    def since_time(self, seconds: float) -> list[set]:
        """Of each exporter: the pages that it served at this wall time or later."""
        return [{page for page, at in exporter.served_at.items() if at >= seconds}
                for exporter in self.exporters]

    def missing(self, exported: dict) -> list[set]:
        """Of each exporter: the pages that did not arrive."""
        return [set(exporter.pages) - Delivered(exported, f"job{i}", {"job", "instance"}).pages().keys()
                for i, exporter in enumerate(self.exporters)]

    def metric(self, name: str, label: str = "") -> float:
        """The sum over all of its series that have this label."""
        rows = [line.rpartition(" ") for line in self.sluice.metrics().splitlines()
                if line.startswith((name + "{", name + " ")) and label in line]
        return sum(float(value) for _, _, value in rows)

    def kill(self) -> list[set]:
        """kill -9; the pages that were under way, which may be lost."""
        before = self.served()
        self.sluice.kill()
        time.sleep(0.1)
        return self.since(before)

    def finish(self, *names: str):
        """Drains, stops; the pages that were under way at the stop."""
        self.sluice.wait_drained(*names)
        for destination in self.sluice.destinations().values():
            self.assertEqual(ledger_balance(destination), 0)
        before = self.served()
        self.assertEqual(self.sluice.terminate(), 0)
        return self.since(before)

    def check(self, receiver: Receiver, *may_miss: list[set]):
        """Nothing is missing but what the pages in all of `may_miss` explain."""
        self.check_exported(receiver.exported(), *may_miss)
        self.assertEqual(receiver.out_of_order, 0)

    def check_exported(self, exported: dict, *may_miss: list[set]):
        for i, exporter in enumerate(self.exporters):
            delivered = Delivered(exported, f"job{i}", {"job", "instance"})
            excused = set().union(*(pages[i] for pages in may_miss))
            self.assertEqual(check_complete(exporter, delivered, excused)[:10], [], f"job{i}")
