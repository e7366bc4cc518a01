#!/usr/bin/env python3
"""Real exporters, scraped by Prometheus and by Sluice into one VictoriaMetrics: label for label the
same series, with the same values where those stand still."""
import pathlib
import shutil
import tempfile
import time
import unittest
import urllib.parse

import real_exporters
from page_server import Answer, PageServer
from processes import PrometheusScraper, Sluice, Victoria, get_json, http_get, ledger_balance, \
    wait_until

AGENTS = ["prometheus", "sluice"]

CONFIG = """
global:
  scrape_interval: 1s
  scrape_timeout: 1s
  external_labels: {{agent: {agent}}}
scrape_configs:
  - job_name: node
    # Not what comes and goes with other programs on the machine.
    params: {{'collect[]': [cpu, loadavg, meminfo, os, schedstat, softnet, stat, time, vmstat]}}
    static_configs: [{{targets: ['{node}'], labels: {{rack: r1}}}}]
  - job_name: node-relabeled
    static_configs: [{{targets: ['{node}']}}]
    relabel_configs:
      - {{source_labels: [__address__], regex: '(.+):.+', target_label: instance}}
      - {{target_label: mode, replacement: ours}}
    metric_relabel_configs:
      - {{source_labels: [__name__], regex: 'node_(cpu|memory|load).*', action: keep}}
      - {{source_labels: [__name__], regex: 'node_memory_(.+)_bytes', target_label: kind}}
      - {{source_labels: [__name__], regex: 'node_memory_.+_bytes', target_label: __name__,
         replacement: node_memory_bytes}}
      - {{source_labels: [cpu], modulus: 3, target_label: shard, action: hashmod}}
  - job_name: collectd
    static_configs: [{{targets: ['{collectd}']}}]
  - job_name: collectd-honored
    honor_labels: true
    honor_timestamps: false
    static_configs: [{{targets: ['{collectd}']}}]
  - job_name: client-golang
    static_configs: [{{targets: ['{golang}']}}]
  - job_name: haproxy
    scrape_interval: 6s
    scrape_timeout: 6s
    static_configs: [{{targets: ['{haproxy}']}}]
  - job_name: haproxy-recorded
    metrics_path: /haproxy
    static_configs: [{{targets: ['{recorded}']}}]
  - job_name: node-recorded
    metrics_path: /node
    static_configs: [{{targets: ['{recorded}']}}]
remote_write:
  - {{url: '{url}', queue_config: {{batch_send_deadline: 500ms, max_samples_per_send: 10000}}}}
"""

# Since 3.0 Prometheus, as Sluice, spells the numbers in `quantile` and `le` of text in one way;
# Debian's is 2.42 and keeps what the exporter wrote. These are all that the exporters here write
# otherwise.
RESPELLED = {("quantile", "0"): "0.0", ("quantile", "1"): "1.0"}

# How many scrapes of each there have to be, and the series at the least. VictoriaMetrics takes no
# NaN, which haproxy has for some of its 116,000.
JOBS = {"node": (3, 100), "node-relabeled": (3, 30), "collectd": (4, 20),
        "collectd-honored": (4, 20), "client-golang": (3, 50), "haproxy": (2, 100_000),
        "haproxy-recorded": (3, 2500), "node-recorded": (3, 500)}

# Their values are the same in every scrape.
STILL = {"client-golang", "haproxy-recorded", "node-recorded"}

# Of these, all but the report have timestamps of their own.
TIMED = {"collectd"}


def recorded(url: str) -> list[Answer]:
    status, body = http_get(url)
    assert status == 200, url
    return [Answer(body)]


class SameSeries(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-e2e-"))
        self.programs = []
        self.victoria = self.start(Victoria(self.folder))
        golang, haproxy, collectd, node = (self.start(exporter) for exporter in [
            real_exporters.client_golang(self.folder), real_exporters.haproxy(self.folder, 41, 50),
            real_exporters.collectd(self.folder), real_exporters.node_exporter(self.folder)])
        for program in self.programs:
            program.wait_ready()
        base = f"http://{haproxy.address()}/metrics"
        self.pages = PageServer({
            "haproxy": recorded(f"{base}?scope=global&scope=frontend&scope=backend"),
            "node": recorded(f"http://{node.address()}/metrics")}).start()
        configs = {agent: CONFIG.format(
            agent=agent, node=node.address(), collectd=collectd.address(),
            golang=golang.address(), haproxy=haproxy.address(), recorded=self.pages.address(),
            url=self.victoria.write_url) for agent in AGENTS}
        self.prometheus = self.start(PrometheusScraper(self.folder, configs["prometheus"]))
        self.sluice = self.start(Sluice(self.folder, configs["sluice"]))

    def tearDown(self):
        for program in self.programs:
            program.cleanup()
        self.pages.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, program):
        self.programs.append(program)
        return program.start(wait=False)

    def have_arrived(self) -> bool:
        ups = self.victoria.export("up")
        found = {(dict(key)["agent"], dict(key)["job"]): samples for key, samples in ups.items()}
        return all(sum(value == 1 for _, value in found.get((agent, job), [])) >= scrapes
                   for agent in AGENTS for job, (scrapes, _) in JOBS.items())

    def have_as_many_series(self) -> bool:
        """A page of 116,000 arrives in many requests, on a busy machine one long after the other."""
        query = urllib.parse.urlencode({
            "query": 'count(last_over_time({agent!=""}[1h])) by (agent, job)'})
        rows = get_json(f"{self.victoria.base}/api/v1/query?{query}")["data"]["result"]
        counts = {(row["metric"]["agent"], row["metric"]["job"]): row["value"][1] for row in rows}
        return all(counts["prometheus", job] == counts["sluice", job] for job in JOBS)

    def test_label_for_label(self):
        start = time.monotonic()
        wait_until(self.have_arrived, "scrapes of all jobs have arrived", 240, every=0.5)
        wait_until(self.have_as_many_series, "the rest of these scrapes", 240, every=1)
        self.assertEqual(self.prometheus.terminate(), 0)
        self.sluice.wait_drained()
        for destination in self.sluice.destinations().values():
            self.assertEqual(ledger_balance(destination), 0)
        self.assertEqual(self.sluice.terminate(), 0)
        counts = {}
        for job, (_, least) in JOBS.items():
            with self.subTest(job):
                theirs, ours = self.series_of(job)
                self.assertEqual(sorted(theirs.keys() ^ ours.keys())[:10], [])
                self.assertGreater(len(ours), least)
                for agent, series in zip(AGENTS, [theirs, ours]):
                    self.check_times(job, agent, series)
                self.check_values(job, theirs, ours)
                counts[job] = len(ours)
        print(f"{sum(counts.values())} series compared in {time.monotonic() - start:.0f} s: {counts}")

    def series_of(self, job: str) -> list[dict]:
        """Of each agent: labels without `agent` -> samples."""
        by_agent = {agent: {} for agent in AGENTS}
        for key, samples in self.victoria.export(f'{{job="{job}"}}').items():
            labels = dict(key)
            agent = labels.pop("agent")
            if agent == "prometheus":
                labels = {name: RESPELLED.get((name, value), value)
                          for name, value in labels.items()}
            by_agent[agent][tuple(labels.items())] = samples
        return list(by_agent.values())

    def check_times(self, job: str, agent: str, series: dict):
        """Every sample has the timestamp of a scrape, or one of its own."""
        ups = {time_ms for key, samples in series.items() if dict(key)["__name__"] == "up"
               for time_ms, _ in samples}
        for key, samples in series.items():
            own = job in TIMED and dict(key)["__name__"].startswith("collectd_")
            if own:  # scraped twice, it is the same sample, which Prometheus sends twice
                samples = set(samples)
            times = [time_ms for time_ms, _ in samples]
            if agent == "prometheus":
                # What its end cuts off, on a busy machine, may be the middle of a scrape.
                times = [time_ms for time_ms in times if time_ms <= max(ups)]
            self.assertEqual(len(times), len(set(times)), (agent, key))
            # Its own may be those of a scrape, too, once in a thousand times. That both agents have the
            # same, though they scrape at other times, is what check_values() looks at.
            if not own:
                self.assertLessEqual(set(times), ups, (agent, key))

    def check_values(self, job: str, theirs: dict, ours: dict):
        if job in STILL:
            for key, samples in theirs.items():
                if not dict(key)["__name__"].startswith("scrape_"):
                    # A scrape that a busy machine let fail leaves a stale marker: None.
                    values = [{value for _, value in each} - {None}
                              for each in [samples, ours[key]]]
                    self.assertEqual(*values, key)
        if job in TIMED:
            common = 0
            for key, samples in theirs.items():
                if not dict(key)["__name__"].startswith("collectd_"):
                    continue
                mine = dict(ours[key])
                pairs = [(value, mine[time_ms]) for time_ms, value in samples if time_ms in mine]
                self.assertEqual([pair for pair in pairs if pair[0] != pair[1]], [], key)
                common += len(pairs)
            self.assertGreater(common, len(ours))


if __name__ == "__main__":
    unittest.main()
