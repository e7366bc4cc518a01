#!/usr/bin/env python3
"""Recorded pages, scraped by Prometheus and by Sluice with the same configuration: scrape by scrape
the same series with the same values to the bit, the same timestamps and the same stale markers."""
import json
import pathlib
import shutil
import struct
import tempfile
import unittest

import recorded_openmetrics
import recorded_pages
from known_differences import KNOWN_DIFFERENCES
from page_server import PageServer
from processes import PrometheusScraper, Sluice, ledger_balance, wait_until
from receiver import Receiver

AGENTS = ["prometheus", "sluice"]

# An answer that comes too late, because the machine is busy, is one that an agent does not have.
GLOBAL = """
global:
  scrape_interval: 5s
  scrape_timeout: 5s
  external_labels: {{agent: {agent}}}
  {more}
scrape_configs:
  - job_name: vanishing
    metrics_path: /landing
    file_sd_configs: [{{files: [vanishing.json], refresh_interval: 1s}}]
"""

# Debian's Prometheus has it as a flag, Sluice as today's Prometheus in the configuration.
MORE_GLOBAL = {"prometheus": "", "sluice": "extra_scrape_metrics: true"}

REMOTE_WRITE = """
remote_write:
  - {{url: '{url}', queue_config: {{batch_send_deadline: 200ms}}}}
"""


class Recorder:
    """Every sample as it came, duplicates too: {agent: {case: {series: [(ms, value)]}}}."""

    def __init__(self):
        self.samples = {agent: {} for agent in AGENTS}

    def __call__(self, receiver, _handler, request) -> int:
        with receiver.lock:
            for labels, samples in request:
                series = dict(labels)
                if len(series) != len(labels) or list(labels) != sorted(labels):
                    raise AssertionError(f"labels out of order or not unique: {labels}")
                cases = self.samples[series.pop("agent")]
                case = cases.setdefault(series["case"], {})
                case.setdefault(tuple(sorted(series.items())), []).extend(samples)
        return 204


def shown(value: float | None) -> str:
    if value is None:
        return "stale"
    if value != value:
        return f"NaN({struct.unpack('<Q', struct.pack('<d', value))[0]:x})"
    return repr(value)


def series_text(series: tuple) -> str:
    """Without the labels that are as they always are."""
    labels = dict(series)
    name = labels.pop("__name__")
    for usual, start in [("case", ""), ("instance", "127.0.0.1:"), ("job", labels["case"])]:
        if labels.get(usual, "-").startswith(start):
            del labels[usual]
    inside = ",".join(f"{label}={value!r}" for label, value in labels.items())
    return f"{name}{{{inside}}}" if inside else name


class Scrapes:
    """What an agent made of the first `count` scrapes of a case.

    `series`: text of the series -> its samples, each with the number of the scrape whose timestamp
    it has, or with what stands for its own timestamp on the recorded page.
    """

    def __init__(self, samples: dict, own_times: dict, count: int):
        ups = [rows for series, rows in samples.items() if dict(series)["__name__"] == "up"
               and not any(name.startswith("exported_") for name, _ in series)]
        times = sorted({time_ms for rows in ups for time_ms, _ in rows})
        self.count = len(times)
        self.places = {time_ms: (str(i), i) for i, time_ms in enumerate(times)}
        self.places = own_times | self.places
        self.series = {}
        for series, rows in samples.items():
            if dict(series)["__name__"] != "scrape_duration_seconds":
                self.add(series_text(series), rows, count)

    def add(self, series: str, rows: list, count: int):
        texts = []
        for time_ms, value in sorted(rows, key=lambda row: row[0]):
            place, scrape = self.places.get(time_ms, (f"at {time_ms}, no scrape", 0))
            text = f"{place}={shown(value)}"
            # A sample with a timestamp of its own is on the page again and again. The storage of
            # Prometheus lets it through when it is the same; a receiver keeps one of them.
            if scrape < count and not (texts and texts[-1] == text):
                texts.append(text)
        if texts:
            self.series[series] = " ".join(texts)


class SamePages(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-e2e-"))
        self.jobs = recorded_pages.jobs() | recorded_openmetrics.jobs()
        scripts = {name: job.script for name, job in self.jobs.items()}
        self.server = PageServer(scripts | recorded_pages.OTHER_SCRIPTS).start()
        self.cases = {}  # name -> how many scrapes count
        self.recorder = Recorder()
        self.receiver = Receiver(self.recorder).start()
        self.set_vanishing([{"targets": [self.server.address()], "labels": {"case": "vanishing"}}])
        self.prometheus = PrometheusScraper(self.folder, self.config("prometheus"),
                                            ("extra-scrape-metrics",))
        self.sluice = Sluice(self.folder, self.config("sluice"))
        self.prometheus.start(wait=False)
        self.sluice.start(wait=False)

    def tearDown(self):
        for agent in [self.prometheus, self.sluice]:
            agent.cleanup()
        self.server.stop()
        self.receiver.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def set_vanishing(self, groups: list):
        path = self.folder / "vanishing.json"
        path.with_suffix(".new").write_text(json.dumps(groups))
        path.with_suffix(".new").replace(path)

    def config(self, agent: str) -> str:
        text = GLOBAL.format(agent=agent, more=MORE_GLOBAL[agent])
        for name, job in self.jobs.items():
            text += f"  - job_name: {name}\n    metrics_path: /{name}/metrics\n"
            if job.config:
                text += f"    {job.config.strip()}\n"
            text += "    static_configs:\n"
            for host in ["127.0.0.1", "localhost"][:job.targets]:
                case = name if host == "127.0.0.1" else f"{name}-{host}"
                self.cases[case] = len(job.script)
                text += (f"      - {{targets: ['{host}:{self.server.port}'], "
                         f"labels: {{case: {case}}}}}\n")
        return text + REMOTE_WRITE.format(url=self.receiver.url())

    def scrapes(self, agent: str, case: str) -> Scrapes:
        own_times = self.server.times.get(agent, {})
        return Scrapes(self.recorder.samples[agent].get(case, {}), own_times, self.cases[case])

    def have_arrived(self) -> bool:
        """The scrapes that count, and two more: parts of them may have come in later requests."""
        with self.receiver.lock, self.server.lock:
            return all(self.scrapes(agent, case).count >= count + 2
                       for agent in AGENTS for case, count in self.cases.items())

    def test_the_same_requests_and_the_same_samples(self):
        wait_until(self.have_arrived, "the scrapes of all jobs have arrived", 300, every=0.5)
        self.set_vanishing([])
        self.check_requests()
        found, count = [], 0
        for case in self.cases:
            prometheus, sluice = (self.scrapes(agent, case).series for agent in AGENTS)
            count += len(sluice)
            for series in sorted(prometheus.keys() | sluice.keys()):
                theirs, ours = prometheus.get(series), sluice.get(series)
                if theirs != ours:
                    found.append(f"{case} | {series} | {theirs} | {ours}")
        known = [line for lines in KNOWN_DIFFERENCES.values() for line in lines]
        print(f"{len(self.cases)} targets, {count} series compared, {len(found)} differ as known")
        self.assertEqual("\n".join(sorted(found)), "\n".join(sorted(known)))
        wait_until(self.have_ended, "the target that vanished has ended", every=0.5)
        self.check_vanishing()
        for destination in self.sluice.destinations().values():
            self.assertEqual(ledger_balance(destination), 0)

    def check_vanishing(self):
        """A target that is taken off the list ends all its series, the report's too, just once."""
        ended = {}
        for agent in AGENTS:
            samples = self.recorder.samples[agent]["vanishing"]
            ended[agent] = {}
            for series, rows in samples.items():
                stale = [time_ms for time_ms, value in rows if value is None]
                is_last = stale == [max(time_ms for time_ms, _ in rows)]
                ended[agent][series] = (len(stale), is_last)
            self.assertEqual(set(ended[agent].values()), {(1, True)}, agent)
        self.assertEqual(ended["prometheus"].keys(), ended["sluice"].keys())

    def have_ended(self) -> bool:
        with self.receiver.lock:
            return all(any(value is None for series, rows in
                           self.recorder.samples[agent]["vanishing"].items()
                           if dict(series)["__name__"] == "scrape_body_size_bytes"
                           for _, value in rows) for agent in AGENTS)

    def check_requests(self):
        for job in self.jobs:
            asked = [self.server.requests.get((job, agent), [(None, {})])[0] for agent in AGENTS]
            self.assertEqual(asked[0][0], asked[1][0], job)
            for header in ["Host", "Accept-Encoding", "X-Prometheus-Scrape-Timeout-Seconds"]:
                self.assertEqual(*(headers.get(header) for _, headers in asked), (job, header))


if __name__ == "__main__":
    unittest.main()
