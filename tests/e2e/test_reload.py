#!/usr/bin/env python3
"""Reloading the same file changes nothing that anybody could observe, with every mechanism of
discovery in it that can be asked on loopback."""
import pathlib
import random
import re
import shutil
import tempfile
import unittest

from discovery_servers import DiscoveryServers
from exporter import Exporter
from kubernetes_api import KubernetesApi
from processes import Sluice, http_post, wait_until
from receiver import Receiver

# So long that no scrape fails because the machine is busy, which would look like a reload's doing.
INTERVAL_MS = 8000
RELOADS = 12


class Reload(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-reload-"))
        self.exporter = Exporter(["a", "b"]).start()
        self.receiver = Receiver().start()
        self.servers = DiscoveryServers(self.exporter.address()).start()
        self.kubernetes = KubernetesApi(offers_streams=True).start()
        host, port = self.exporter.address().rsplit(":", 1)
        self.kubernetes.put("pods", {
            "metadata": {"name": "p", "namespace": "n"},
            "spec": {"nodeName": "x", "containers": [
                {"name": "c", "ports": [{"containerPort": int(port), "protocol": "TCP"}]}]},
            "status": {"podIP": host, "phase": "Running"}})
        self.sluice = Sluice(self.folder, self.config())
        self.expected = len(DiscoveryServers.MECHANISMS) + 2

    def tearDown(self):
        self.sluice.cleanup()
        self.servers.stop()
        self.kubernetes.stop()
        self.exporter.stop()
        self.receiver.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def config(self) -> str:
        # Each mechanism is a job of its own, so that all of them have a target of their own.
        jobs = ""
        for line in self.servers.config(self.folder).strip().splitlines():
            jobs += f"  - job_name: {line.strip().split('_')[0]}\n    {line.strip()}\n"
        return (f"global: {{scrape_interval: {INTERVAL_MS}ms, scrape_timeout: {INTERVAL_MS}ms}}\n"
                f"scrape_configs:\n{jobs}"
                "  - job_name: kubernetes\n    kubernetes_sd_configs:\n"
                f"      - {{role: pod, api_server: '{self.kubernetes.url()}'}}\n"
                f"remote_write: [{{name: r, url: '{self.receiver.url()}', "
                "queue_config: {batch_send_deadline: 100ms}}]\n")

    def targets(self) -> list:
        """What must not change, of each target."""
        names = ["scrapePool", "discoveredLabels", "labels", "scrapeUrl", "scrapeInterval", "health"]
        return [[target[name] for name in names] for target in self.sluice.targets()]

    def counter(self, name: str) -> float:
        lines = re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", self.sluice.metrics(), re.M)
        return sum(float(line) for line in lines)

    def all_up(self) -> bool:
        targets = self.sluice.targets()
        return (len(targets) == self.expected
                and all(target["health"] == "up" for target in targets))

    def test_the_same_file_again_changes_nothing(self):
        seed = random.randrange(1 << 30)
        rng = random.Random(seed)
        print(f"seed {seed}")
        self.sluice.start()
        wait_until(self.all_up, "all targets are scraped")
        before = self.targets()
        # Consul's questions wait for news now.
        for path in ["/v1/catalog/services", "/v1/health/service/web"]:
            wait_until(lambda: self.servers.requests.get(path, 0) == 2, path)
        with self.servers.lock:
            requests = dict(self.servers.requests)
            connections = self.servers.connections
        lists = self.kubernetes.lists
        updates = self.counter("prometheus_sd_received_updates_total")
        for _ in range(RELOADS):
            self.assertEqual(http_post(self.sluice.url("/-/reload"))[0], 200)
            self.assertEqual(self.targets(), before)
            page = self.exporter.page
            wanted = page + rng.randrange(4)
            wait_until(lambda: self.exporter.page >= wanted, "more scrapes")
        self.assertEqual(self.targets(), before)
        with self.servers.lock:
            # No discovery began anew, or lost its connection.
            self.assertEqual(self.servers.requests, requests)
            self.assertEqual(self.servers.connections, connections)
        self.assertEqual(self.kubernetes.lists, lists)
        self.assertEqual(self.counter("prometheus_sd_received_updates_total"), updates)
        self.assertEqual(self.counter("prometheus_sd_refresh_failures_total"), 0)
        pages = self.exporter.page
        wait_until(lambda: self.exporter.page > pages + 2 * len(before), "the last scrapes")
        self.sluice.wait_drained()
        # Targets share connections, so that a few may come when scrapes meet.
        self.assertLessEqual(self.exporter.connections, len(before))
        jobs = set()
        for key, samples in self.receiver.exported().items():
            labels, values = dict(key), [value for _, value in samples]
            self.assertNotIn(None, values, labels)  # no stale marker
            if labels["__name__"] == "up":
                jobs.add(labels["job"])
                self.assertEqual(set(values), {1}, labels)  # no scrape was broken off
        self.assertEqual(jobs, {target[0] for target in before})


if __name__ == "__main__":
    unittest.main()
