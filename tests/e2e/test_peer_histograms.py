#!/usr/bin/env python3
"""Native histograms and exemplars of a program with client_golang: Sluice sends what Prometheus
sends, field for field."""
import math
import pathlib
import shutil
import tempfile
import unittest

import real_exporters
from processes import PrometheusScraper, Sluice, ledger_balance, wait_until
from receiver import Receiver

AGENTS = ["prometheus", "sluice"]

CONFIG = """
global:
  scrape_interval: 1s
  scrape_timeout: 1s
  external_labels: {{agent: {agent}}}
  {more}
scrape_configs:
  - job_name: shop
    static_configs: [{{targets: ['{target}']}}]
remote_write:
  - url: '{url}'
    send_exemplars: true
    send_native_histograms: true
    queue_config: {{batch_send_deadline: 200ms}}
"""

# Debian's Prometheus has it as a flag, Sluice as today's Prometheus in the configuration.
MORE_GLOBAL = {"prometheus": "", "sluice": "scrape_native_histograms: true"}


class SameHistograms(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-e2e-"))
        self.series = {agent: {} for agent in AGENTS}
        self.receiver = Receiver(keep=self.keep).start()
        self.exporter = real_exporters.client_golang(self.folder).start()
        configs = {agent: CONFIG.format(agent=agent, more=MORE_GLOBAL[agent],
                                        target=self.exporter.address(), url=self.receiver.url())
                   for agent in AGENTS}
        self.prometheus = PrometheusScraper(self.folder, configs["prometheus"],
                                            ("native-histograms", "exemplar-storage"))
        self.sluice = Sluice(self.folder, configs["sluice"])
        self.prometheus.start(wait=False)
        self.sluice.start(wait=False)

    def tearDown(self):
        for program in [self.prometheus, self.sluice, self.exporter]:
            program.cleanup()
        self.receiver.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def keep(self, request: list):
        """By labels: the values of samples, the exemplars and the histograms that came. Not the
        times of the scrapes; the exporter stands still."""
        for series in request:
            labels = dict(series.labels)
            held = self.series[labels.pop("agent")].setdefault(
                tuple(sorted(labels.items())),
                {"samples": set(), "exemplars": [], "histograms": []})
            # A scrape that a busy machine let fail leaves stale markers and an `up` of 0.
            failed = (0, None) if labels["__name__"] == "up" else (None,)
            held["samples"] |= {repr(value) for _, value in series.samples if value not in failed}
            held["exemplars"] += series.exemplars
            for _, histogram in series.histograms:
                is_stale = math.isnan(histogram.get("sum", 0))
                if not is_stale and histogram not in held["histograms"]:
                    held["histograms"].append(histogram)

    def scrapes(self, agent: str) -> int:
        with self.receiver.lock:
            return sum(value == 1 for labels, samples in self.receiver.samples.items()
                       if dict(labels)["__name__"] == "up" and dict(labels)["agent"] == agent
                       for value in samples.values())

    def test_field_for_field(self):
        wait_until(lambda: all(self.scrapes(agent) >= 5 for agent in AGENTS), "five scrapes")
        for destination in self.sluice.destinations().values():
            self.assertEqual(ledger_balance(destination), 0)
        self.prometheus.terminate()
        self.sluice.terminate()
        theirs, ours = ({key: held for key, held in self.series[agent].items()
                         if not dict(key)["__name__"].startswith("scrape_")} for agent in AGENTS)
        self.assertEqual(sorted(theirs), sorted(ours))
        for key, held in theirs.items():
            self.assertEqual(held, ours[key], key)
        histograms = [histogram for held in ours.values() for histogram in held["histograms"]]
        exemplars = [exemplar for held in ours.values() for exemplar in held["exemplars"]]
        print(f"{len(ours)} series, {len(histograms)} histograms, {len(exemplars)} exemplars")
        self.assertEqual(len(histograms), 3)
        self.assertEqual(len(exemplars), 4, "each exemplar once")


if __name__ == "__main__":
    unittest.main()
