#!/usr/bin/env python3
"""Dashboard and alerts: they ask for metrics that there are, and the alerts fire, in a real Prometheus,
when Sluice is in trouble, and not when it is well."""
import contextlib
import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest
import urllib.parse

import yaml

from exporter import Exporter
from processes import ROOT, Program, Sluice, free_port, get_json, http_post, wait_until
from receiver import Receiver

FOLDER = ROOT / "examples/monitoring"
ALERTS = FOLDER / "alerts.yml"
OWN = re.compile(r"\b(?:sluice|prometheus|process)_[a-z0-9_]+")
TELEMETRY = set(re.findall(r"`((?:sluice|prometheus|process)_[a-z0-9_]+)",
                           (ROOT / "docs/telemetry.md").read_text()))


def metrics_in(expression: str) -> set[str]:
    return {re.sub("_(bucket|sum|count)$", "", name) for name in OWN.findall(expression)}


class Examples(unittest.TestCase):
    def test_the_dashboard_asks_for_metrics_that_there_are(self):
        dashboard = json.loads((FOLDER / "dashboard.json").read_text())
        asked = set()
        ids = []
        for panel in dashboard["panels"]:
            ids.append(panel["id"])
            for target in panel.get("targets", []):
                self.assertEqual(target["datasource"]["uid"], "${datasource}")
                asked |= metrics_in(target["expr"])
        for variable in dashboard["templating"]["list"]:
            asked |= metrics_in(variable.get("definition", ""))
        self.assertEqual(len(ids), len(set(ids)))
        self.assertGreater(len(asked), 25)
        self.assertEqual(asked - TELEMETRY, set())

    def test_panels_do_not_lie_on_each_other(self):
        taken = set()
        for panel in json.loads((FOLDER / "dashboard.json").read_text())["panels"]:
            at = panel["gridPos"]
            cells = {(x, y) for x in range(at["x"], at["x"] + at["w"])
                     for y in range(at["y"], at["y"] + at["h"])}
            self.assertEqual(cells & taken, set(), panel["title"])
            self.assertLessEqual(at["x"] + at["w"], 24)
            taken |= cells

    def test_the_alerts_are_well_formed_and_ask_for_metrics_that_there_are(self):
        checked = subprocess.run(["promtool", "check", "rules", str(ALERTS)], capture_output=True,
                                 text=True)
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
        checked = subprocess.run(["vmalert", "-dryRun", f"-rule={ALERTS}"], capture_output=True,
                                 text=True)
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
        for rule in yaml.safe_load(ALERTS.read_text())["groups"][0]["rules"]:
            self.assertEqual(metrics_in(rule["expr"]) - TELEMETRY, set(), rule["alert"])
            self.assertEqual(sorted(rule["annotations"]), ["description", "summary"])


    def test_a_budget_is_told_of_when_it_is_nearly_used_and_where_there_is_one(self):
        series = {"full": (900, 1000), "half": (500, 1000), "boundless": (900, 0)}
        rows = [{"series": f'sluice_destination_disk_{name}{{remote_name="{key}"}}',
                 "values": f"{value}x10"}
                for key, pair in series.items() for name, value in zip(["bytes", "max_bytes"], pair)]
        expected = {"exp_labels": {"severity": "critical", "remote_name": "full"},
                    "exp_annotations": self.annotations("SluiceBudgetNearlyUsed", "full")}
        folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-alerts-"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        (folder / "test.yml").write_text(yaml.safe_dump({
            "rule_files": [str(ALERTS)], "evaluation_interval": "1m",
            "tests": [{"interval": "1m", "input_series": rows, "alert_rule_test": [
                {"eval_time": "9m", "alertname": "SluiceBudgetNearlyUsed",
                 "exp_alerts": [expected]}]}]}))
        checked = subprocess.run(["promtool", "test", "rules", str(folder / "test.yml")],
                                 capture_output=True, text=True)
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)

    @staticmethod
    def annotations(alert: str, name: str) -> dict[str, str]:
        rules = yaml.safe_load(ALERTS.read_text())["groups"][0]["rules"]
        rule = next(each for each in rules if each["alert"] == alert)
        return {key: text.replace("{{ $labels.remote_name }}", name)
                .replace("{{ $labels.instance }}", "") for key, text in rule["annotations"].items()}


class Alerts(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-alerts-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.exporter = Exporter(["a", "b"]).start()
        self.addCleanup(self.exporter.stop)
        self.ok = {"late": True, "strict": True}
        self.late = Receiver(answer=lambda *_: 204 if self.ok["late"] else 503).start()
        self.addCleanup(self.late.stop)
        self.strict = Receiver(answer=self.refuse_b).start()
        self.addCleanup(self.strict.stop)
        self.groups = Exporter([]).start()
        self.addCleanup(self.groups.stop)
        self.groups.custom = self.answer_discovery
        self.discovery_ok = True
        self.config = (
            "global: {scrape_interval: 200ms, scrape_timeout: 200ms}\n"
            f"scrape_configs: [{{job_name: j, http_sd_configs: [{{url: '{self.groups_url()}', "
            "refresh_interval: 500ms}]}]\n"
            "remote_write:\n"
            f"  - {{name: late, url: '{self.late.url()}'}}\n"
            f"  - {{name: strict, url: '{self.strict.url()}'}}\n")
        self.sluice = Sluice(self.folder, self.config)
        self.addCleanup(self.sluice.cleanup)
        self.sluice.start()
        self.prometheus = self.start_prometheus()

    def refuse_b(self, _, __, series):
        has_b = any(dict(labels)["__name__"] == "b" for labels, _ in series)
        return 400 if has_b and not self.ok["strict"] else 204

    def groups_url(self) -> str:
        return f"http://{self.groups.address()}/metrics"

    def answer_discovery(self, handler):
        text = json.dumps([{"targets": [self.exporter.address()]}]).encode()
        handler.send_response(200 if self.discovery_ok else 500)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(text)))
        handler.end_headers()
        handler.wfile.write(text)

    def start_prometheus(self) -> Program:
        """It evaluates the alerts, whose times are made short; what they ask for stays."""
        rules = re.sub(r"for: \d+m", "for: 1s", ALERTS.read_text())
        rules = re.sub(r"\[\d+[mh]\]", "[10s]", rules)
        (self.folder / "alerts.yml").write_text(rules.replace("> 900", "> 3"))
        port = free_port()
        (self.folder / "p.yml").write_text(
            "global: {scrape_interval: 500ms, evaluation_interval: 500ms}\n"
            f"rule_files: [{self.folder}/alerts.yml]\n"
            "scrape_configs: [{job_name: sluice, static_configs: [{targets: "
            f"['127.0.0.1:{self.sluice.port}']}}]}}]\n")
        prometheus = Program("prometheus", self.folder, [
            "prometheus", f"--config.file={self.folder}/p.yml",
            f"--storage.tsdb.path={self.folder}/tsdb", f"--web.listen-address=127.0.0.1:{port}"],
            f"http://127.0.0.1:{port}/-/ready")
        prometheus.base = f"http://127.0.0.1:{port}"
        self.addCleanup(prometheus.cleanup)
        return prometheus.start()

    def firing(self) -> set[str]:
        alerts = get_json(self.prometheus.base + "/api/v1/alerts")["data"]["alerts"]
        return {each["labels"]["alertname"] + " " + each["labels"].get("remote_name", "")
                for each in alerts if each["state"] == "firing"}

    def wait_fired(self, expected: set[str]):
        """Each of them, though not all at once."""
        so_far = set()
        with contextlib.suppress(AssertionError):
            wait_until(lambda: so_far.update(self.firing()) or expected <= so_far, "alerts", 120, 0.2)
        self.assertEqual(expected - so_far, set())

    def wait_no_other(self, expected: set[str]):
        """A machine that stops for a while is in trouble, too, but not for long."""
        try:
            wait_until(lambda: self.firing() <= expected, "no other alerts", 120, 0.2)
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.firing() - expected}") from None

    def evaluations(self) -> str:
        rules = get_json(self.prometheus.base + "/api/v1/rules")["data"]["groups"]
        return rules[0]["lastEvaluation"] if rules else ""

    def check_dashboard(self):
        """Its panels show something."""
        dashboard = json.loads((FOLDER / "dashboard.json").read_text())
        for panel in dashboard["panels"]:
            expressions = []
            for target in panel.get("targets", []):
                expression = target["expr"].replace("$job", "sluice").replace("$instance", ".*")
                expression = expression.replace("$__rate_interval", "10s").replace("[1d]", "[10s]")
                expressions.append(urllib.parse.urlencode({"query": expression}))
            if panel["type"] != "row":
                wait_until(lambda asked=expressions: any(map(self.shows_something, asked)),
                           panel["title"])

    def shows_something(self, query: str) -> bool:
        return bool(get_json(f"{self.prometheus.base}/api/v1/query?{query}")["data"]["result"])

    def test_alerts_fire_in_trouble_and_only_then(self):
        seen = set()
        # Ten seconds' worth of windows, by the evaluator's own count.
        wait_until(lambda: seen.add(self.evaluations()) or len(seen) > 15, "evaluations")
        self.wait_no_other(set())
        self.ok.update(late=False, strict=False)
        self.discovery_ok = False
        self.sluice.write_config("nonsense: 1\n")
        http_post(self.sluice.url("/-/reload"))
        expected = {"SluiceDestinationFailing late", "SluiceDestinationBehind late",
                    "SluiceSamplesLost strict", "SluiceConfigNotLoaded ",
                    "SluiceDiscoveryFailing "}
        self.wait_fired(expected)
        # Splitting requests takes its time.
        self.wait_no_other(expected | {"SluiceDestinationBehind strict"})
        self.check_dashboard()
        self.ok.update(late=True, strict=True)
        self.discovery_ok = True
        self.sluice.write_config(self.config)
        http_post(self.sluice.url("/-/reload"))
        self.wait_no_other(set())
        self.sluice.kill()
        self.wait_fired({"SluiceDown "})
        self.wait_no_other({"SluiceDown "})


if __name__ == "__main__":
    unittest.main()
