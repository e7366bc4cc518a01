#!/usr/bin/env python3
"""`sluice targets` beside `promtool check service-discovery` on the same configurations."""
import http.server
import json
import pathlib
import shutil
import subprocess
import tempfile
import threading
import unittest

from exporter import QuietServer
from processes import SLUICE_BINARY, VmAgent, free_port, get_json, wait_until

# Prometheus 2.42 does not know the settings that these labels stand for.
NEWER = {"__scrape_native_histograms__", "__always_scrape_classic_histograms__",
         "__convert_classic_histograms_to_nhcb__"}

CONFIG = """
global: {scrape_interval: 15s, scrape_timeout: 5s}
scrape_configs:
  - job_name: static
    params: {module: [a, b]}
    static_configs:
      - {targets: ['a:1', 'b:2', 'b:2'], labels: {env: prod, job: own}}
      - {targets: ['c:3'], labels: {__scheme__: https, __param_other: c}}
    relabel_configs:
      - {source_labels: [__address__], regex: 'a.*', action: drop}
      - {source_labels: [env], target_label: environment}
  - job_name: file
    file_sd_configs: [{files: ['targets/*.yml', 'targets/*.json']}]
    relabel_configs:
      - {source_labels: [__meta_filepath], regex: '.*/(.*)', target_label: file}
      - {regex: 'extra|__meta_.*', action: labeldrop}
      - {source_labels: [file], regex: 'b.json', target_label: __address__, replacement: other:1}
  - job_name: http
    http_sd_configs: [{url: 'http://127.0.0.1:PORT/sd'}, {url: 'http://127.0.0.1:PORT/more'}]
    relabel_configs:
      - {source_labels: [zone], regex: 'z[12]', action: keep}
      - {source_labels: [__address__, zone], separator: '/', target_label: instance}
"""

ANSWERS = {
    "/sd": [{"targets": ["h1:1", "h2:1"], "labels": {"zone": "z1"}},
            {"targets": ["[::1]:80"], "labels": {"zone": "z2", "__metrics_path__": "/probe"}}],
    "/more": [{"targets": ["h3:1"], "labels": {"zone": "z3"}}, {"targets": [], "labels": {}}],
}


class Server:
    def __init__(self, port: int):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                text = json.dumps(ANSWERS.get(self.path, [])).encode()
                self.send_response(200 if self.path in ANSWERS else 503)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        self.server = QuietServer(("127.0.0.1", port), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def run(*arguments: str):
    return subprocess.run([SLUICE_BINARY, "targets", *arguments], capture_output=True, text=True,
                          timeout=120)


def frozen(labels: dict, without=()) -> tuple:
    return tuple(sorted((name, value) for name, value in labels.items() if name not in without))


def public(labels: dict) -> dict:
    return {name: value for name, value in labels.items() if not name.startswith("__")}


def of_promtool(config: pathlib.Path, job: str, seconds: int) -> set:
    """(discovered labels, labels) of each target that it finds in this time, all of which it takes; no
    labels: dropped."""
    result = subprocess.run(["promtool", "check", "service-discovery", f"--timeout={seconds}s",
                             str(config), job], capture_output=True, text=True, timeout=120)
    if result.returncode != 0:
        raise AssertionError(result.stderr)
    return {(frozen(row["discoveredLabels"]), frozen(public(row["labels"])))
            for row in json.loads(result.stdout)}


class Targets(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-targets-"))
        self.port = free_port()
        self.server = Server(self.port)
        self.config = self.folder / "prometheus.yml"
        self.config.write_text(CONFIG.replace("PORT", str(self.port)))
        (self.folder / "targets").mkdir()
        (self.folder / "targets/a.yml").write_text(
            "- {targets: ['f1:1', 'f2:1'], labels: {team: red, extra: x}}\n- {targets: ['f3:1']}\n")
        (self.folder / "targets/b.json").write_text('[{"targets": ["f4:1"]}]')

    def tearDown(self):
        self.server.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def of_sluice(self, job: str) -> set:
        result = run("--json", "--timeout=60s", str(self.config), job)
        self.assertEqual(result.returncode, 0, result.stderr)
        rows = json.loads(result.stdout)["targets"]
        self.assertEqual({row["job"] for row in rows}, {job})
        return {(frozen(row["discoveredLabels"], NEWER), frozen(row["labels"])) for row in rows
                if not row.get("reason", "").startswith("the same target")}

    def test_targets_are_those_of_promtool(self):
        count = 0
        for job in ["static", "file", "http"]:
            with self.subTest(job):
                ours = self.of_sluice(job)
                if ours != of_promtool(self.config, job, 1):
                    self.assertEqual(ours, of_promtool(self.config, job, 20))
                count += len(ours)
        print(f"{count} targets are those of promtool")

    def test_active_targets_are_those_of_vmagent(self):
        peer = VmAgent(self.folder, self.config.read_text())
        try:
            peer.start()
            rows = json.loads(run("--json", "--timeout=60s", str(self.config)).stdout)["targets"]
            ours = {(row["scrapeUrl"], frozen(row["labels"])) for row in rows
                    if row["state"] == "active"}

            def theirs() -> set:
                data = get_json(f"http://127.0.0.1:{peer.port}/api/v1/targets")["data"]
                return {(target["scrapeUrl"], frozen(target["labels"]))
                        for target in data["activeTargets"]}

            wait_until(lambda: theirs() == ours, f"the same targets: {ours}")
        finally:
            peer.cleanup()
        print(f"{len(ours)} active targets are those of vmagent")

    def test_a_discovery_that_fails_is_named_and_the_others_are_shown(self):
        text = self.config.read_text().replace("/more", "/nothing")
        self.config.write_text(text)
        # It waits all of its time for the one that fails.
        result = run("--timeout=8s", str(self.config), "http", "static")
        self.assertEqual(result.returncode, 1)
        self.assertIn("job http: http_sd_configs[1]: ", result.stderr)
        self.assertIn("503", result.stderr)
        self.assertIn("active http://h1:1/metrics", result.stdout)
        self.assertIn("relabel_configs[0]: drop [__address__] \"a.*\"", result.stdout)

    def test_bad_command_lines_and_files_are_refused(self):
        self.assertEqual(run("--timeout=soon", str(self.config)).returncode, 2)
        self.assertEqual(run().returncode, 2)
        missing = run(str(self.folder / "none.yml"))
        self.assertEqual(missing.returncode, 1)
        self.assertIn("none.yml", missing.stderr)
        unknown = run(str(self.config), "nobody")
        self.assertEqual(unknown.returncode, 1)
        self.assertIn("no such job: nobody", unknown.stderr)


if __name__ == "__main__":
    unittest.main()
