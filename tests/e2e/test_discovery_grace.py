#!/usr/bin/env python3
"""A host that comes back before its discovery scrapes what was there before (discovery_grace)."""
import http.server
import json
import pathlib
import shutil
import tempfile
import threading
import unittest

from exporter import Exporter, QuietServer
from processes import Sluice, free_port, wait_until


class Discovery:
    """An HTTP discovery that a test starts and stops on one port."""

    def __init__(self, addresses: list[str]):
        self.port = free_port()
        self.addresses = addresses
        self.server = None

    def start(self):
        discovery = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                text = json.dumps([{"targets": discovery.addresses,
                                    "labels": {"zone": "north"}}]).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        self.server = QuietServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        if self.server is not None:
            self.server.shutdown()
            self.server.server_close()
            self.server = None


class Grace(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-grace-"))
        self.exporters = [Exporter(["a"]).start() for _ in range(2)]
        self.discovery = Discovery([exporter.address() for exporter in self.exporters])
        self.discovery.start()
        self.sluice = Sluice(self.folder, self.config())

    def tearDown(self):
        self.sluice.cleanup()
        self.discovery.stop()
        for exporter in self.exporters:
            exporter.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def config(self, grace: str = "24h", password: str = "hunter2") -> str:
        return ("global: {scrape_interval: 200ms, scrape_timeout: 200ms, "
                f"discovery_grace: {grace}}}\n"
                "scrape_configs:\n  - job_name: one\n    http_sd_configs:\n"
                f"      - {{url: 'http://127.0.0.1:{self.discovery.port}/', refresh_interval: 1s, "
                f"basic_auth: {{username: u, password: {password}}}}}\n")

    def saved(self) -> list[pathlib.Path]:
        return list((self.sluice.data_path / "discovery").glob("*.targets"))

    def run_until_saved(self):
        self.sluice.start()
        wait_until(lambda: len(self.sluice.targets()) == 2, "the targets")
        wait_until(self.saved, "a file of them")

    def test_targets_are_scraped_after_a_kill_though_their_discovery_is_away(self):
        self.run_until_saved()
        before = self.sluice.targets()
        self.sluice.kill()
        self.discovery.stop()
        self.sluice.start()
        targets = self.sluice.targets()
        key = ["discoveredLabels", "labels", "scrapeUrl"]
        self.assertEqual([[target[name] for name in key] for target in targets],
                         [[target[name] for name in key] for target in before])
        self.assertTrue(all(target["restored"] for target in targets))
        self.assertIn('sluice_discovery_restored_targets{scrape_job="one"} 2', self.sluice.metrics())
        wait_until(lambda: all(target["health"] == "up" for target in self.sluice.targets()),
                   "they are scraped")
        # The discovery comes back, and knows one of them.
        self.discovery.addresses = self.discovery.addresses[:1]
        self.discovery.start()
        wait_until(lambda: len(self.sluice.targets()) == 1, "what the discovery says")
        self.assertNotIn("restored", self.sluice.targets()[0])
        wait_until(lambda: self.sluice.targets()[0]["health"] == "up", "it is scraped")

    def test_files_hold_no_secrets_and_a_changed_entry_does_not_use_them(self):
        self.run_until_saved()
        for path in self.saved():
            self.assertNotIn(b"hunter2", path.read_bytes())
            self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        self.sluice.kill()
        self.discovery.stop()
        self.sluice.write_config(self.config(password="other"))
        self.sluice.start()
        self.assertEqual(self.sluice.targets(), [])
        self.assertEqual(self.saved(), [])

    def test_a_damaged_file_is_skipped_with_a_reason(self):
        self.run_until_saved()
        self.sluice.kill()
        self.discovery.stop()
        path = self.saved()[0]
        path.write_bytes(path.read_bytes()[:-3])
        self.sluice.start()
        self.assertEqual(self.sluice.targets(), [])
        self.assertIn('skipped_total{reason="damaged"} 1', self.sluice.metrics())
        self.assertIn(path.name, self.sluice.log())

    def test_without_grace_nothing_is_kept(self):
        self.sluice.write_config(self.config(grace="0"))
        self.sluice.start()
        wait_until(lambda: len(self.sluice.targets()) == 2, "the targets")
        self.sluice.terminate()
        self.assertEqual(self.saved(), [])
        self.discovery.stop()
        self.sluice.start()
        self.assertEqual(self.sluice.targets(), [])


if __name__ == "__main__":
    unittest.main()
