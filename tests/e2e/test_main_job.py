#!/usr/bin/env python3
"""The main job against real servers, through everything that is supposed to lose nothing."""
import json
import pathlib
import signal
import tempfile
import time
import unittest

from comparison import Delivered, check_complete, series_key, timed_out
from exporter import Exporter
from processes import PrometheusServer, Sluice, Victoria, http_post, ledger_balance, wait_until

# VictoriaMetrics keeps about 12 decimal digits of a value.
RELATIVE_ERROR = {"victoria": 1e-11, "prometheus": 0}

TARGET_LABELS = {"job", "instance", "site"}

CONFIG = """
global:
  scrape_interval: 250ms
  scrape_timeout: 250ms
  scrape_failure_log_file: failures.log
  external_labels: {{site: lab}}
scrape_configs:
  - job_name: steady
    static_configs: [{{targets: ['{steady}']}}]
  - job_name: flaky
    file_sd_configs: [{{files: ['targets/*.json'], refresh_interval: 1m}}]
    metric_relabel_configs:
      - {{source_labels: [__name__], regex: 'unwanted_.*', action: drop}}
{more_jobs}
remote_write:
  - {{name: victoria, url: '{victoria}', queue_config: {{batch_send_deadline: 300ms}}}}
  - name: prometheus
    url: '{prometheus}'
    queue_config: {{batch_send_deadline: 300ms, max_backoff: 500ms}}
"""

MORE_JOBS = """
  - job_name: late
    static_configs: [{{targets: ['{late}']}}]
"""


def pages_after(exporter: Exporter, count: int):
    goal = len(exporter.taken) + count
    wait_until(lambda: len(exporter.taken) >= goal, f"{count} more pages served and taken")


class MainJob(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-e2e-"))
        self.programs = []
        self.exporters = {
            "steady": Exporter([f'metric_{i}{{i="{i}"}}' for i in range(200)]),
            "flaky": Exporter([f'other_{i}{{kind="k{i % 3}"}}' for i in range(50)]),
            "late": Exporter(["late_a", "late_b"]),
        }
        for exporter in self.exporters.values():
            exporter.start()
        self.victoria = self.add(Victoria(self.folder)).start(wait=False)
        self.prometheus = self.add(PrometheusServer(self.folder)).start(wait=False)
        self.victoria.wait_ready()
        self.prometheus.wait_ready()
        (self.folder / "targets").mkdir()
        self.set_flaky_targets([self.exporters["flaky"].address()])
        self.sluice = self.add(Sluice(self.folder, self.config()))
        self.may_miss = {name: set() for name in self.exporters}

    def tearDown(self):
        for program in self.programs:
            program.cleanup()
        for exporter in self.exporters.values():
            exporter.stop()

    def add(self, program):
        self.programs.append(program)
        return program

    def config(self, more_jobs: str = "") -> str:
        return CONFIG.format(steady=self.exporters["steady"].address(),
                             victoria=self.victoria.write_url,
                             prometheus=self.prometheus.write_url, more_jobs=more_jobs)

    def set_flaky_targets(self, targets: list[str]):
        path = self.folder / "targets" / "flaky.json"
        temporary = path.with_suffix(".tmp")
        temporary.write_text(json.dumps([{"targets": targets}]))
        temporary.replace(path)

    def kill_sluice(self):
        """kill -9; a page that was being answered at that moment may not count."""
        before = self.taken()
        self.sluice.kill()
        self.excuse_since(before)

    def stop_sluice(self):
        before = self.taken()
        self.assertEqual(self.sluice.terminate(), 0)
        self.excuse_since(before)

    def taken(self) -> dict[str, set]:
        return {name: set(exporter.taken) for name, exporter in self.exporters.items()}

    def excuse_since(self, taken: dict[str, set]):
        """Pages that were under way then, after the end of the agent."""
        for name, exporter in self.exporters.items():
            exporter.come_to_rest()
            self.may_miss[name] |= exporter.pages.keys() - taken[name]

    def test_nothing_is_lost(self):
        steady, flaky = self.exporters["steady"], self.exporters["flaky"]
        self.sluice.start()
        pages_after(steady, 8)

        # Series go and come.
        steady.set_series([f'metric_{i}{{i="{i}"}}' for i in range(20, 230)])
        pages_after(steady, 6)

        # A target dies, and comes back.
        flaky.stop()
        wait_until(lambda: any(t["health"] == "down" for t in self.sluice.targets()), "target down")
        pages_after(steady, 3)
        flaky.restart()
        pages_after(flaky, 4)

        # One destination is down for a while; Sluice is killed in the middle of it.
        self.prometheus.terminate()
        pages_after(steady, 6)
        before_kill = self.ledgers_balance()
        self.assertGreater(before_kill["prometheus"]["ledger"]["pending"], 0)
        self.kill_sluice()
        self.sluice.start()
        pages_after(steady, 6)
        self.ledgers_balance()
        pending = self.sluice.destinations()["prometheus"]["ledger"]["pending"]
        self.assertGreaterEqual(pending, before_kill["prometheus"]["ledger"]["pending"])

        # A restart in good order, still in the outage.
        self.stop_sluice()
        self.sluice.start()
        pages_after(steady, 4)
        self.prometheus.start()
        pages_after(steady, 4)

        # A reload adds a job; the connection and the phase of the others stay.
        self.sluice.write_config(self.config(
            MORE_JOBS.format(late=self.exporters["late"].address())))
        self.sluice.signal(signal.SIGHUP)
        pages_after(self.exporters["late"], 3)

        # A bad file is refused and changes nothing.
        self.sluice.write_config("scrape_configs: [{job_nam: x}]\n")
        status, body = http_post(self.sluice.url("/-/reload"))
        self.assertEqual(status, 500)
        self.assertIn(b"field job_nam not found", body)
        pages_after(steady, 3)

        # A target is taken off the list, perhaps amid a scrape.
        self.set_flaky_targets([])
        wait_until(lambda: len(self.sluice.targets()) == 2, "flaky is no target any more")
        self.may_miss["flaky"] |= set(range(1, flaky.page + 10_000)) - flaky.taken
        pages_after(steady, 5)

        self.sluice.wait_drained()
        self.stop_sluice()
        self.check_destination("victoria", self.victoria)
        self.check_destination("prometheus", self.prometheus)
        self.check_stale_markers(self.victoria.export('{job=~".+"}'))

    def ledgers_balance(self) -> dict:
        destinations = self.sluice.destinations()
        for name, destination in destinations.items():
            self.assertEqual(ledger_balance(destination), 0, name)
        return destinations

    def check_destination(self, name: str, server):
        """VictoriaMetrics may take a second until what it acknowledged can be asked for."""
        deadline = time.monotonic() + 30
        problems = self.problems_at(name, server)
        while problems and time.monotonic() < deadline:
            time.sleep(0.2)
            problems = self.problems_at(name, server)
        self.assertEqual(problems[:10], [])

    def problems_at(self, destination: str, server) -> list[str]:
        exported = server.export('{job=~".+"}')
        sites = {dict(key).get("site") for key in exported}
        problems = [] if sites == {"lab"} else [f"external labels: {sites}"]
        for name, exporter in self.exporters.items():
            delivered = Delivered(exported, name, TARGET_LABELS)
            if len(delivered.pages()) < 3:
                problems.append(f"{name}: hardly any pages")
            found = check_complete(exporter, delivered, self.may_miss[name],
                                   RELATIVE_ERROR[destination],
                                   timed_out(self.folder / "failures.log", name))
            problems += [f"{destination}: {name}: {problem}" for problem in found]
        return problems

    def check_ended(self, delivered: Delivered, series: str):
        """By one marker, or by that of a scrape that failed just then."""
        newest = max(delivered.series[series_key(series)].items())
        self.assertIsNone(newest[1], f"{series} has no end")
        self.assertLessEqual(len(delivered.stale_times(series)), 1, f"{series} ended twice")

    def check_stale_markers(self, exported: dict):
        steady = Delivered(exported, "steady", TARGET_LABELS)
        self.check_ended(steady, 'metric_5{i="5"}')  # it went away
        self.assertEqual(steady.stale_times('metric_100{i="100"}'), [],
                         "no marker for a series that stayed")
        flaky = Delivered(exported, "flaky", TARGET_LABELS)
        self.check_ended(flaky, 'other_1{kind="k1"}')  # the target was taken off
        ends = flaky.series[series_key('other_1{kind="k1"}')]
        ended = {time_ms for time_ms in flaky.failed() if ends.get(time_ms, 0) is None}
        ups = sorted(flaky.series[(("__name__", "up"),)].items())
        died = {time_ms for (_, before), (time_ms, now) in zip(ups, ups[1:])
                if (before, now) == (1, 0)}
        self.assertTrue(ended, "a marker when the target died")
        self.assertLessEqual(ended, died, "one each time")


if __name__ == "__main__":
    unittest.main()
