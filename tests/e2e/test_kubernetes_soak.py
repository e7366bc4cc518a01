#!/usr/bin/env python3
"""Thousands of pods that come and go: the targets are those of a naive model at every step; what
that costs is printed.

SLUICE_SOAK_PODS=10000 makes it the size of a large cluster, SLUICE_SOAK_STEPS makes it longer.
"""
import json
import os
import pathlib
import random
import re
import shutil
import tempfile
import unittest

from kubernetes_api import KubernetesApi
from processes import Sluice, http_get, http_post, memory_of, wait_until

PODS = int(os.environ.get("SLUICE_SOAK_PODS", "1000"))
STEPS = int(os.environ.get("SLUICE_SOAK_STEPS", "8"))
DISCOVERY_MIB_MAX = 60  # for 10,000 pods
TARGET_KIB_MAX = 8  # for each target that is scraped
UNEVEN_MIB = 16  # memory comes in pieces

MIB = 1 << 20

CONFIG = """global: {{scrape_interval: 1d}}
scrape_configs:
  - job_name: pods
    kubernetes_sd_configs: [{{role: pod, api_server: '{url}'}}]
    relabel_configs:
      - {{source_labels: [__meta_kubernetes_pod_annotation_prometheus_io_scrape], regex: "{scraped}", action: keep}}
      - {{source_labels: [__meta_kubernetes_pod_phase], regex: "Pending|Failed", action: drop}}
      - {{source_labels: [__meta_kubernetes_namespace], target_label: namespace}}
      - {{source_labels: [__meta_kubernetes_pod_name], target_label: pod}}
      - {{source_labels: [__meta_kubernetes_pod_label_app], target_label: app}}
"""


def ports_of(number: int) -> list[int]:
    """Some pods have a second container."""
    return [8080, 9901] if number % 10 == 3 else [8080]


def pod(rng: random.Random, number: int) -> dict:
    """About 3 kB, as an API server sends it."""
    app = f"app-{number % 50}"
    env = [{"name": f"SETTING_{i}", "value": f"value-of-setting-{i}"} for i in range(20)]
    return {
        "metadata": {"name": f"{app}-{number:05}-x7k2p", "namespace": f"team-{number % 20}",
                     "labels": {"app": app, "pod-template-hash": "7d9c5b6f4d", "version": "v1",
                                "app.kubernetes.io/instance": app},
                     "annotations": {"prometheus.io/scrape": "true" if number % 10 else "false",
                                     "checksum/config": f"{number:064x}"},
                     "ownerReferences": [{"kind": "ReplicaSet", "name": f"{app}-7d9c5b6f4d",
                                          "uid": "1", "apiVersion": "apps/v1", "controller": True}],
                     "managedFields": [{"manager": "kubelet", "fieldsV1": {
                         f"f:field{i}": {} for i in range(40)}}]},
        "spec": {"nodeName": f"node-{number % 100}", "containers": [
            {"name": f"c{port}", "image": f"registry.example/{app}:1.2.3", "env": env,
             "ports": [{"containerPort": port, "name": f"p{port}", "protocol": "TCP"}]}
            for port in ports_of(number)]},
        "status": {"podIP": f"127.{rng.randrange(1, 250)}.{number // 250 % 250}.{number % 250 + 1}",
                   "hostIP": "127.0.0.1", "phase": rng.choice(["Running"] * 8 + ["Pending"]),
                   "conditions": [{"type": "Ready", "status": rng.choice(["True", "False"])}]}}


def cpu_seconds(program) -> float:
    fields = pathlib.Path(f"/proc/{program.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Soak(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-soak-"))
        self.api = KubernetesApi(offers_streams=True, page=500).start()
        self.sluice = Sluice(self.folder, self.config("nothing"))

    def tearDown(self):
        self.sluice.cleanup()
        self.api.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def config(self, scraped: str) -> str:
        return CONFIG.format(url=self.api.url(), scraped=scraped)

    def model(self) -> dict[tuple, tuple]:
        """(address, pod) -> what relabeling must make of it."""
        found = {}
        with self.api.lock:
            things = list(self.api.objects["pods"].values())
        for thing in things:
            meta, status = thing["metadata"], thing["status"]
            wanted = meta["annotations"]["prometheus.io/scrape"] == "true"
            if not wanted or status["phase"] in ("Pending", "Failed"):
                continue
            ready = status["conditions"][0]["status"].lower()
            for port in ports_of(int(meta["name"].split("-")[2])):
                found[f"{status['podIP']}:{port}", meta["name"]] = (
                    meta["namespace"], meta["labels"]["app"], ready)
        return found

    def targets(self) -> dict[tuple, tuple]:
        found = {}
        status, body = http_get(self.sluice.url("/api/v1/targets?state=active"), 60)
        self.assertEqual(status, 200)
        for target in json.loads(body)["data"]["activeTargets"]:
            labels = target["labels"]
            found[labels["instance"], labels["pod"]] = (
                labels["namespace"], labels["app"],
                target["discoveredLabels"]["__meta_kubernetes_pod_ready"])
        return found

    def counter(self, pattern: str) -> float:
        return sum(float(value) for value in re.findall(rf"^{pattern} (\S+)$", self.sluice.metrics(), re.M))

    def discovered(self) -> float:
        return self.counter(r"sluice_discovered_targets\{[^}]*\}")

    def active(self) -> float:
        return self.counter(r"prometheus_target_scrape_pool_targets\{[^}]*\}")

    def change(self, rng: random.Random, numbers: list[int]):
        for number in numbers:
            thing = pod(rng, number)
            key = (thing["metadata"]["namespace"], thing["metadata"]["name"])
            if key in self.api.objects["pods"] and rng.random() < 0.3:
                self.api.delete("pods", *key)
            else:
                self.api.put("pods", thing)

    def test_targets_follow_thousands_of_pods(self):
        seed = int(os.environ.get("SLUICE_SOAK_SEED", random.randrange(1 << 30)))
        rng = random.Random(seed)
        self.sluice.start()
        wait_until(lambda: self.api.watched, "the watch")
        base = memory_of(self.sluice, "VmRSS")
        for number in range(PODS):
            self.api.put("pods", pod(rng, number))
        # What discovery costs, as long as nothing is scraped; then what scraping adds. No lists are asked
        # for meanwhile, which are large themselves.
        wait_until(lambda: self.discovered() == PODS + PODS // 10, f"all pods (seed {seed})", 240)
        found = memory_of(self.sluice, "VmRSS")
        print(f"{PODS} pods: {(found - base) / MIB:.1f} MiB beside {base / MIB:.1f} MiB; "
              f"CPU {cpu_seconds(self.sluice):.2f} s")
        self.assertLess((found - base) / MIB, DISCOVERY_MIB_MAX * max(PODS / 10000, 1))
        self.sluice.write_config(self.config("true"))
        self.assertEqual(http_post(self.sluice.url("/-/reload"), 120)[0], 200)
        expected = len(self.model())
        wait_until(lambda: self.active() == expected, f"{expected} targets (seed {seed})", 240)
        added = memory_of(self.sluice, "VmRSS") - found
        print(f"{expected} targets: {added / MIB:.1f} MiB more, {added / 1024 / expected:.1f} KiB each")
        self.assertLess(added / MIB, UNEVEN_MIB + TARGET_KIB_MAX * expected / 1024)

        cpu = cpu_seconds(self.sluice)
        count = 2 * PODS // 10
        self.change(rng, [rng.randrange(PODS) for _ in range(count)])
        wait_until(lambda: self.active() == len(self.model()), "all changes", 240)
        print(f"{count} changes: CPU {cpu_seconds(self.sluice) - cpu:.2f} s")

        for step in range(STEPS):
            self.change(rng, [rng.randrange(PODS + PODS // 5) for _ in range(rng.randrange(1, 300))])
            fault = rng.choice(["none", "none", "cut", "forget"])
            if fault == "cut":
                self.api.cut_watches()
            elif fault == "forget":
                self.api.forget_history()
            wait_until(lambda: self.targets() == self.model(),
                       f"step {step} after {fault} (seed {seed})", 120, every=0.3)
        print(f"after {STEPS} steps: VmRSS {memory_of(self.sluice, 'VmRSS') / MIB:.1f} MiB, with "
              f"lists of all targets; CPU {cpu_seconds(self.sluice):.2f} s")


if __name__ == "__main__":
    unittest.main()
