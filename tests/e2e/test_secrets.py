#!/usr/bin/env python3
"""A secret in every field that may hold one is in no log, page, metric or answer of the API."""
import pathlib
import tempfile
import unittest

from exporter import Exporter
from processes import Sluice, free_port, get_json, http_get, http_post, wait_until
from receiver import Receiver

CANARY = "c4n4ry"

CONFIG = """
global:
  scrape_interval: 200ms
  scrape_timeout: 150ms
  scrape_failure_log_file: failures.log
scrape_configs:
- job_name: basic
  basic_auth: {{username: u, password: {c}}}
  http_headers: {{X-Key: {{secrets: [{c}], files: [{folder}/secret]}}}}
  static_configs: [{{targets: ['{target}', '{dead}']}}]
- job_name: bearer
  bearer_token: {c}
  static_configs: [{{targets: ['{target}', '{dead}']}}]
- job_name: credentials
  authorization: {{credentials: {c}}}
  static_configs: [{{targets: ['{target}', '{dead}']}}]
- job_name: credentials_file
  authorization: {{credentials_file: {folder}/secret}}
  static_configs: [{{targets: ['{target}', '{dead}']}}]
- job_name: password_file
  basic_auth: {{username_file: {folder}/secret, password_file: {folder}/secret}}
  static_configs: [{{targets: ['{target}']}}]
- job_name: oauth
  oauth2:
    client_id: id
    client_secret: {c}
    token_url: http://u:{c}@{dead}/token
    endpoint_params: {{password: {c}}}
  static_configs: [{{targets: ['{target}']}}]
- job_name: oauth_refused
  oauth2:
    client_id: id
    client_secret_file: {folder}/secret
    token_url: http://{target}/token
  static_configs: [{{targets: ['{target}']}}]
- job_name: oauth_signed
  oauth2:
    grant_type: urn:ietf:params:oauth:grant-type:jwt-bearer
    client_id: id
    client_certificate_key: {c}
    claims: {{password: {c}}}
    token_url: http://{target}/token
  static_configs: [{{targets: ['{target}']}}]
- job_name: proxy
  proxy_url: http://u:{c}@{dead}
  proxy_connect_header: {{X-Key: [{c}]}}
  static_configs: [{{targets: ['{target}']}}]
- job_name: proxy_with_tls
  scheme: https
  proxy_url: http://u:{c}@{target}
  proxy_connect_header: {{X-Key: [{c}]}}
  static_configs: [{{targets: ['other:1']}}]
- job_name: tls
  scheme: https
  tls_config: {{cert: public, key: {c}}}
  static_configs: [{{targets: ['{target}']}}]
- job_name: url
  static_configs: [{{targets: ['u:{c}@{target}', 'u:{c}@{dead}']}}]
  relabel_configs:
  - {{target_label: instance, replacement: hidden}}
remote_write:
- name: good
  url: http://u:{c}@{receiver}/write
  headers: {{X-Token: {c}}}
  http_headers: {{X-Key: {{secrets: [{c}]}}}}
- name: dead
  url: http://u:{c}@{dead}/write
  basic_auth: {{username: u, password: {c}}}
- name: refusing
  url: http://u:{c}@{target}/write
  authorization: {{credentials: {c}}}
- name: signed
  url: http://u:{c}@{target}/write
  sigv4: {{region: r, access_key: a, secret_key: {c}}}
  failed_request_logging: true
remote_read: [{{url: 'http://u:{c}@{dead}/', headers: {{X-Key: {c}}}, bearer_token: {c}}}]
tracing: {{endpoint: 'localhost:1', headers: {{X-Key: {c}}}}}
alerting:
  alertmanagers:
  - {{static_configs: [{{targets: []}}], sigv4: {{access_key: a, secret_key: {c}}}}}
  - {{consul_sd_configs: [{{token: {c}}}], basic_auth: {{password: {c}}}}}
"""

PATHS = ["/metrics", "/version", "/-/healthy", "/-/ready", "/api/v1/targets",
         "/api/v1/scrape_pools", "/api/v1/destinations", "/api/v1/status/config",
         "/api/v1/status/flags", "/api/v1/status/buildinfo", "/api/v1/nothing"]
PAGES = ["/overview", "/targets", "/service-discovery", "/destinations", "/explain?match=up",
         "/config", "/flags", "/status"]


class Secrets(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-e2e-"))
        (self.folder / "secret").write_text(CANARY + "\n")

    def assert_hidden(self, text: str, where: str):
        at = text.find(CANARY)
        self.assertEqual(at, -1, f"{where}: ...{text[max(0, at - 200):at + 100]}")

    def labels_hidden(self, targets):
        # What discovery says is public: the address that a user wrote into the file is a label.
        for target in targets:
            target["discoveredLabels"].pop("__address__", None)
            target["labels"].pop("instance", None)

    def test_a_secret_in_every_field_is_shown_nowhere(self):
        exporter = Exporter(["a"]).start()
        self.addCleanup(exporter.stop)
        receiver = Receiver().start()
        self.addCleanup(receiver.stop)
        config = CONFIG.format(c=CANARY, folder=self.folder, dead=f"127.0.0.1:{free_port()}",
                               target=f"127.0.0.1:{exporter.port}",
                               receiver=f"127.0.0.1:{receiver.port}")
        sluice = Sluice(self.folder, config, ("--log.level=debug",))
        self.addCleanup(sluice.cleanup)
        sluice.start()
        wait_until(lambda: all(target["health"] != "unknown" for target in sluice.targets()),
                   "every target scraped")
        wait_until(lambda: sluice.destinations()["good"]["ledger"]["acknowledged"] > 0,
                   "samples delivered")
        wait_until(lambda: sluice.destinations()["dead"]["lastError"], "the dead destination tried")
        wait_until(lambda: sluice.destinations()["refusing"]["lastError"],
                   "the refusing destination tried")

        config_shown = get_json(sluice.url("/api/v1/status/config"))["data"]["yaml"]
        self.assertIn("password: <secret>", config_shown)
        self.assertIn("credentials_file:", config_shown)
        for path in PATHS:
            text = http_get(sluice.url(path))[1].decode()
            if path == "/api/v1/targets":
                continue
            if path == "/api/v1/status/config":
                # Targets stand in it as they were written; all else is hidden.
                text = "\n".join(line for line in config_shown.splitlines()
                                 if f"- u:{CANARY}@" not in line)
            self.assert_hidden(text, path)
        for path in [*PAGES, "/", "/api/v1/explain?match=up"]:
            text = http_get(sluice.url(path))[1].decode()
            for address in [f"u:{CANARY}@", f"u%3A{CANARY}%40"]:  # of a target: a label
                text = text.replace(address, "")
            self.assert_hidden(text, path)
        targets = sluice.targets()
        self.labels_hidden(targets)
        self.assert_hidden(str(targets), "/api/v1/targets")

        sluice.write_config(config + f"  bad: {CANARY}\n")
        status, body = http_post(sluice.url("/-/reload"))
        self.assertEqual(status, 500)
        self.assert_hidden(body.decode(), "/-/reload")
        self.assertEqual(sluice.terminate(), 0)
        self.assert_hidden(sluice.log(), "the log")
        failures = (self.folder / "failures.log").read_text()
        self.assertIn('"job_name":"proxy"', failures)
        self.assert_hidden(failures, "the log of failed scrapes")


if __name__ == "__main__":
    unittest.main()
