"""A few scripted exporters, a Sluice that scrapes them five times a second, and its receivers: what
tests of delivery have in common. Whatever happens between start() and finish(), check() then wants
every page that was served, once, in order and to the bit."""
import pathlib
import shutil
import signal
import tempfile
import unittest

from comparison import Delivered, check_complete, not_taken, timed_out
from exporter import Exporter
from processes import Sluice, ledger_balance, wait_until
from receiver import Receiver


REPORTED = 6  # series of a page besides its own: up and others that tell of the scrape, served_page


class Fleet(unittest.TestCase):
    exporter = Exporter
    exporter_count = 4
    series_count = 40
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-e2e-"))
        self.exporters = [self.exporter([f"m{i}{{i=\"{i}\"}}" for i in range(self.series_count)])
                          .start() for _ in range(self.exporter_count)]
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

    def start(self, destinations: dict[str, str], flags=(), extra: str = "", data_path=None,
              queue: str = "", own: dict[str, str] | None = None, timeout: str = "1s"):
        """`extra` is said of each destination, `own` of one. Where nothing may come twice, the
        `timeout` is one that no answer takes on a busy machine."""
        config = ("global: {scrape_interval: 200ms, scrape_timeout: 200ms, "
                  "scrape_failure_log_file: failures.log}\nscrape_configs:\n")
        for i, exporter in enumerate(self.exporters):
            config += (f"  - {{job_name: job{i}, "
                       f"static_configs: [{{targets: ['{exporter.address()}']}}]}}\n")
        config += "remote_write:\n"
        for name, url in destinations.items():
            where = f"urls: [{', '.join(url)}]" if isinstance(url, list) else f"url: '{url}'"
            config += (f"  - {{name: {name}, {where}, remote_timeout: {timeout}, {extra} "
                       f"{(own or {}).get(name, '')} "
                       f"queue_config: {{{queue} batch_send_deadline: 200ms, max_backoff: 300ms}}}}\n")
        self.sluice = Sluice(self.folder, config, flags, data_path=data_path).start()

    def pages(self, count: int):
        """Until each exporter has served so many more that were taken, and so are in the log."""
        goals = [len(exporter.taken) + count for exporter in self.exporters]
        wait_until(lambda: all(len(exporter.taken) >= goal
                               for exporter, goal in zip(self.exporters, goals)),
                   f"{count} more pages", 90 + count)

    def served(self) -> int:
        """How many pages."""
        return sum(exporter.page for exporter in self.exporters)

    def taken(self) -> list[set]:
        """Of each exporter: the pages that were taken so far, and so are in the log. Their numbers tell
        nothing: an exporter that was held up answers who has gone away first."""
        return [set(exporter.taken) for exporter in self.exporters]

    def since(self, taken: list[set]) -> list[set]:
        """Of each exporter: the pages that were under way at that moment or came later."""
        return [exporter.pages.keys() - before for before, exporter in zip(taken, self.exporters)]

    def since_its_end(self, taken: list[set]) -> list[set]:
        """The same once the agent has ended, when a page may still be on its way to it."""
        for exporter in self.exporters:
            exporter.come_to_rest()
        return self.since(taken)

    def timed_out(self, exporter: int) -> list[float]:
        return timed_out(self.folder / "failures.log", f"job{exporter}")

    def missing(self, exported: dict) -> list[set]:
        """Of each exporter: the pages that did not arrive, though their scrapes had the time."""
        return [set(exporter.pages) - pages.keys() - not_taken(exporter, pages, self.timed_out(i))
                for i, (exporter, pages) in enumerate(zip(self.exporters, self.arrived(exported)))]

    def absent(self, exported: dict) -> list[set]:
        """Of each exporter: all pages that did not arrive."""
        return [set(exporter.pages) - pages.keys()
                for exporter, pages in zip(self.exporters, self.arrived(exported))]

    def arrived(self, exported: dict) -> list[dict[int, int]]:
        return [Delivered(exported, f"job{i}", {"job", "instance"}).pages()
                for i in range(len(self.exporters))]

    def metric(self, name: str, label: str = "") -> float:
        """The sum over all of its series that have this label."""
        rows = [line.rpartition(" ") for line in self.sluice.metrics().splitlines()
                if line.startswith((name + "{", name + " ")) and label in line]
        return sum(float(value) for _, _, value in rows)

    def kill(self) -> list[set]:
        """kill -9; the pages that were under way, which may be lost."""
        before = self.taken()
        self.sluice.kill()
        return self.since_its_end(before)

    def finish(self, *names: str):
        """Drains, stops; the pages that were under way at the stop."""
        self.sluice.wait_drained(*names)
        for destination in self.sluice.destinations().values():
            self.assertEqual(ledger_balance(destination), 0)
        before = self.taken()
        self.assertEqual(self.sluice.terminate(), 0)
        return self.since_its_end(before)

    def settle(self, *names: str):
        """Takes the targets away, so that the numbers come to rest, and waits until these
        destinations (default: all) have everything; the pages that were under way. Later ones are
        among them: an exporter may still answer who has gone away."""
        before = self.taken()
        config = self.sluice.config_path.read_text()
        self.sluice.write_config(config[config.index("remote_write:"):])
        self.sluice.signal(signal.SIGHUP)
        wait_until(lambda: not self.sluice.targets(), "no more targets")
        self.sluice.wait_drained(*names)
        wait_until(lambda: all(row["ledger"]["pending"] == 0
                               for name, row in self.sluice.destinations().items()
                               if not names or name in names), f"{names} at rest")
        return [set(range(1, exporter.page + 10_000)) - taken
                for taken, exporter in zip(before, self.exporters)]

    def check_ledger(self, name: str, receiver: Receiver):
        """After settle(): the ledger, the metrics and the receiver count the same."""
        def differences():
            row = self.sluice.destinations()[name]
            ledger = row["ledger"]
            label = f'remote_name="{name}"'
            own = "sluice_destination_"
            counted = {
                "appended": self.metric(own + "appended_samples_total", label),
                "acknowledged": self.metric(own + "acknowledged_samples_total", label),
                "pending": self.metric(own + "pending_samples", label),
                "dropped": {reason: self.dropped(name, reason) for reason in ledger["dropped"]},
            }
            found = [f"{key}: {ledger[key]} in the ledger, {counted[key]} in the metrics"
                     for key in counted if ledger[key] != counted[key]]
            if ledger["acknowledged"] != receiver.count():
                found.append(f"{ledger['acknowledged']} acknowledged, {receiver.count()} received")
            if ledger_balance(row) != 0 or ledger["pending"] != 0:
                found.append(f"it does not add up: {ledger}")
            if row["requestsInFlight"] != 0 or row["samplesInFlight"] != 0:
                found.append(f"in flight: {row}")
            return found
        # Metrics follow within 200 ms.
        try:
            wait_until(lambda: not differences(), f"the ledger of {name} adds up", 30)
        except AssertionError:
            self.assertEqual(differences(), [])

    def dropped(self, name: str, reason: str) -> float:
        return sum(float(line.rpartition(" ")[2]) for line in self.sluice.metrics().splitlines()
                   if line.startswith("sluice_destination_dropped_samples_total{")
                   and f'remote_name="{name}"' in line and f'reason="{reason}"' in line)

    def check(self, receiver: Receiver, *may_miss: list[set]):
        """Nothing is missing but what the pages in all of `may_miss` explain."""
        self.check_exported(receiver.exported(), *may_miss)
        self.assertEqual(receiver.out_of_order, 0)

    def check_exported(self, exported: dict, *may_miss: list[set], relative_error: float = 0):
        for i, exporter in enumerate(self.exporters):
            delivered = Delivered(exported, f"job{i}", {"job", "instance"})
            excused = set().union(*(pages[i] for pages in may_miss))
            problems = check_complete(exporter, delivered, excused, relative_error,
                                      self.timed_out(i))
            self.assertEqual(problems[:10], [], f"job{i}")
