#!/usr/bin/env python3
"""What a user meets first: commands, exit statuses, messages, health and lifecycle endpoints."""
import os
import pathlib
import signal
import subprocess
import tempfile
import unittest

from exporter import Exporter
from processes import SLUICE_BINARY, Sluice, http_get, http_post, wait_until
from receiver import Receiver


def run(*arguments: str, stdin: str = "", env: dict | None = None):
    return subprocess.run([SLUICE_BINARY, *arguments], input=stdin, capture_output=True, text=True,
                          timeout=60, env={**os.environ, **(env or {})})


class Tools(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-e2e-"))

    def file(self, name: str, text: str) -> str:
        path = self.folder / name
        path.write_text(text)
        return str(path)

    def test_version_and_help(self):
        self.assertIn("sluice", run("--version").stdout)
        self.assertEqual(run("--version").returncode, 0)
        self.assertIn("--config.file", run("--help").stdout)

    def test_an_unknown_flag_ends_with_status_2(self):
        result = run("--no-such-flag")
        self.assertEqual(result.returncode, 2)
        self.assertIn("no-such-flag", result.stderr)

    def test_check_config_accepts_a_stock_server_file_with_warnings(self):
        path = self.file("prometheus.yml", "global:\n  scrape_interval: 15s\n"
                         "  evaluation_interval: 15s\nalerting:\n  alertmanagers:\n"
                         "    - static_configs:\n        - targets: []\nrule_files:\n"
                         "  # - first.yml\nscrape_configs:\n  - job_name: prometheus\n"
                         "    static_configs:\n      - targets: ['localhost:9090']\n")
        result = run("check-config", path)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertIn("SUCCESS", result.stdout)
        self.assertIn("alerting", result.stdout + result.stderr)

    def test_check_config_names_file_line_and_field(self):
        path = self.file("bad.yml", "scrape_configs:\n  - job_name: a\n    scrape_intervall: 1s\n")
        result = run("check-config", path)
        self.assertEqual(result.returncode, 1)
        self.assertIn(f"{path}:3:", result.stdout + result.stderr)
        self.assertIn("field scrape_intervall not found", result.stdout + result.stderr)

    def test_a_bad_file_at_start_ends_with_status_2_and_makes_nothing(self):
        path = self.file("bad.yml", "scrape_configs: [{job_name: ''}]\n")
        result = run(f"--config.file={path}", f"--storage.agent.path={self.folder / 'data'}",
                     "--web.listen-address=127.0.0.1:0")
        self.assertEqual(result.returncode, 2)
        self.assertIn("job_name is empty", result.stderr)
        self.assertFalse((self.folder / "data").exists())

    def test_relabel_prints_the_result_and_traces(self):
        rules = self.file("rules.yml", "- {source_labels: [a], target_label: b, replacement: 'x$1'}\n"
                          "- {source_labels: [b], regex: 'xdrop', action: drop}\n")
        result = run("relabel", "--rules", rules, '{a="1"}', '{a="drop"}')
        self.assertEqual(result.returncode, 0, result.stderr)
        lines = result.stdout.splitlines()
        self.assertEqual(lines[0], '{a="1", b="x1"}')
        self.assertIn("dropped", lines[1])
        traced = run("relabel", "--trace", "--rules", rules, '{a="1"}').stdout
        self.assertGreater(len(traced.splitlines()), 2)
        from_stdin = run("relabel", "--rules", rules, stdin='{a="2"}\n')
        self.assertIn('b="x2"', from_stdin.stdout)

    def test_parse_prints_series_values_timestamps_and_metadata(self):
        result = run("parse", "-", stdin="# HELP a Some help.\n# TYPE a counter\na{b=\"c\"} 1.5 1234\n")
        self.assertEqual(result.returncode, 0, result.stderr)
        for part in ['b="c"', "1.5", "1234", "counter", "Some help."]:
            self.assertIn(part, result.stdout)
        bad = run("parse", "-", stdin="a 1\nb b b\n")
        self.assertEqual(bad.returncode, 1)
        self.assertIn("2", bad.stderr)


class Process(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-e2e-"))
        self.exporter = Exporter(["a", "b"]).start()
        self.receiver = Receiver().start()
        self.config = ("global: {scrape_interval: 200ms, scrape_timeout: 200ms}\n"
                       "scrape_configs:\n  - job_name: one\n    static_configs:\n"
                       f"      - targets: ['{self.exporter.address()}']\n"
                       "    relabel_configs:\n"
                       "      - {source_labels: [__address__], regex: 'x', action: drop}\n"
                       f"remote_write: [{{name: r, url: '{self.receiver.url()}', "
                       "queue_config: {batch_send_deadline: 200ms}}]\n")
        self.sluice = Sluice(self.folder, self.config)

    def tearDown(self):
        self.sluice.cleanup()
        self.exporter.stop()
        self.receiver.stop()

    def test_health_readiness_targets_and_own_metrics(self):
        self.sluice.start()
        self.assertEqual(http_get(self.sluice.url("/-/healthy"))[0], 200)
        self.assertEqual(http_get(self.sluice.url("/nothing"))[0], 404)
        wait_until(lambda: self.sluice.targets()[0]["health"] == "up", "the target is up")
        target = self.sluice.targets()[0]
        self.assertEqual(target["scrapePool"], "one")
        self.assertEqual(target["labels"], {"instance": self.exporter.address(), "job": "one"})
        self.assertEqual(target["scrapeUrl"], f"http://{self.exporter.address()}/metrics")
        self.assertEqual(target["discoveredLabels"]["__address__"], self.exporter.address())
        self.assertEqual(target["scrapeInterval"], "200ms")
        metrics = self.sluice.metrics()
        for name in ["prometheus_build_info", "process_resident_memory_bytes",
                     "prometheus_remote_storage_samples_total",
                     "prometheus_config_last_reload_successful 1"]:
            self.assertIn(name, metrics)

    def test_a_low_soft_limit_of_files_is_raised(self):
        self.sluice.command = ["prlimit", "--nofile=1000:3000", *self.sluice.command]
        self.sluice.start()
        self.assertIn("process_max_fds 3000\n", self.sluice.metrics())

    def test_stop_signals_end_the_process_with_status_0(self):
        for number in [signal.SIGTERM, signal.SIGINT]:
            self.sluice.start()
            self.sluice.signal(number)
            self.assertEqual(self.sluice.process.wait(timeout=90), 0)

    def test_an_unchanged_target_keeps_phase_and_connection_over_a_reload(self):
        self.sluice.start()
        wait_until(lambda: self.exporter.page > 3, "pages")
        before = self.sluice.targets()[0]
        self.assertEqual(http_post(self.sluice.url("/-/reload"))[0], 200)
        after = self.sluice.targets()[0]
        self.assertNotEqual(after["lastScrape"], "0001-01-01T00:00:00Z")
        self.assertGreaterEqual(after["lastScrape"], before["lastScrape"])
        self.assertNotEqual(after["health"], "unknown")

    def test_reload_over_http_needs_the_flag_and_reports_errors(self):
        self.sluice.start()
        self.assertEqual(http_get(self.sluice.url("/-/reload"))[0], 405)
        self.sluice.write_config("nonsense: 1\n")
        status, body = http_post(self.sluice.url("/-/reload"))
        self.assertEqual(status, 500)
        self.assertIn(b"field nonsense not found", body)
        self.assertIn("prometheus_config_last_reload_successful 0", self.sluice.metrics())
        self.assertEqual(len(self.sluice.targets()), 1)
        self.sluice.command.remove("--web.enable-lifecycle")
        self.sluice.write_config(self.config)
        self.sluice.terminate()
        self.sluice.start()
        self.assertEqual(http_post(self.sluice.url("/-/reload"))[0], 403)

    def test_a_changed_configuration_is_loaded_without_being_told(self):
        jobs = self.folder / "jobs.yml"
        self.sluice.write_config(self.config + f"scrape_config_files: [{jobs}]\n")
        self.sluice.command += ["--config.auto-reload", "--config.auto-reload-interval=1s"]
        self.sluice.start()
        job = "scrape_configs: [{job_name: two, static_configs: [{targets: ['%s']}]}]\n"
        jobs.write_text(job % self.exporter.address())
        wait_until(lambda: len(self.sluice.targets()) == 2, "the job of the new file")
        self.sluice.write_config("nonsense: 1\n")
        wait_until(lambda: "prometheus_config_last_reload_successful 0" in self.sluice.metrics(),
                   "the bad file is refused")
        self.assertEqual(len(self.sluice.targets()), 2)
        self.sluice.write_config(self.config)
        wait_until(lambda: len(self.sluice.targets()) == 1, "the good file is loaded")

    def test_features_and_flags_of_prometheus_are_accepted(self):
        self.sluice.command += [
            "--agent", "--enable-feature=extra-scrape-metrics,nonsense",
            "--enable-feature=metadata-wal-records", "--storage.agent.wal-compression-type=zstd",
            "--scrape.timestamp-tolerance=2ms", "--web.enable-admin-api", "--auto-gomaxprocs"]
        self.sluice.start()
        wait_until(lambda: any(dict(key)["__name__"] == "scrape_timeout_seconds"
                               for key in self.receiver.exported()), "the extra metrics")
        self.assertIn("unknown option for --enable-feature: nonsense", self.sluice.log())
        result = run(f"--config.file={self.sluice.config_path}",
                     "--enable-feature=otlp-deltatocumulative,otlp-native-delta-ingestion")
        self.assertEqual(result.returncode, 2)
        self.assertIn("at the same time", result.stderr)

    def test_the_command_line_of_a_prometheus_server_starts_it(self):
        tsdb = self.folder / "metrics2"
        (tsdb / "wal").mkdir(parents=True)
        self.sluice.command = [
            SLUICE_BINARY, f"--config.file={self.sluice.config_path}",
            "--web.console.templates=/etc/prometheus/consoles",
            "--web.console.libraries=/etc/prometheus/console_libraries",
            "--storage.tsdb.retention.time=15d", f"--storage.tsdb.path={tsdb}",
            "--storage.tsdb.wal-compression", "--no-storage.tsdb.wal-compression",
            "--web.enable-lifecycle", "--web.route-prefix=/", "--query.max-concurrency", "20",
            "--web.external-url=http://prometheus.example/",
            f"--web.listen-address=127.0.0.1:{self.sluice.port}"]
        self.sluice.start()
        wait_until(lambda: self.receiver.count() > 0, "samples")
        self.assertEqual(sorted(path.name for path in tsdb.iterdir()), ["sluice", "wal"])
        self.assertIn("flag=--query.max-concurrency", self.sluice.log())

    def test_agent_mode_refuses_the_sections_of_a_server(self):
        self.sluice.write_config(self.config + "rule_files: [a.yml]\n")
        path = str(self.sluice.config_path)
        self.assertEqual(run("check-config", path).returncode, 0)
        for arguments in (["check-config", "--agent", path],
                          [f"--config.file={path}", "--agent",
                           f"--storage.agent.path={self.folder / 'data'}",
                           "--web.listen-address=127.0.0.1:0"]):
            result = run(*arguments)
            self.assertNotEqual(result.returncode, 0)
            self.assertIn("field rule_files is not allowed in agent mode", result.stderr)

    def test_a_second_process_on_the_same_data_is_refused_clearly(self):
        self.sluice.start()
        result = run(f"--config.file={self.sluice.config_path}",
                     f"--storage.agent.path={self.sluice.data_path}",
                     "--web.listen-address=127.0.0.1:0")
        self.assertEqual(result.returncode, 1)
        self.assertIn(str(self.sluice.data_path), result.stderr)
        self.assertIn("lock", result.stderr.lower())

    def test_buffer_inspect_shows_the_backlog_and_changes_nothing(self):
        self.receiver.stop()
        self.sluice.start()
        wait_until(lambda: self.exporter.page > 5, "pages")
        live = run("buffer", "inspect", str(self.sluice.data_path))
        self.assertEqual(live.returncode, 0, live.stderr)
        self.sluice.kill()
        before = {p.name: p.stat().st_mtime_ns for p in self.sluice.data_path.rglob("*")}
        result = run("buffer", "inspect", str(self.sluice.data_path))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertRegex(result.stdout, r"\br\b")
        after = {p.name: p.stat().st_mtime_ns for p in self.sluice.data_path.rglob("*")}
        self.assertEqual(before, after)

    def test_buffer_forget_drops_a_backlog(self):
        self.receiver.stop()
        self.sluice.start()
        wait_until(lambda: self.sluice.destinations()["r"]["ledger"]["pending"] > 0, "a backlog")
        self.sluice.terminate()
        result = run("buffer", "forget", str(self.sluice.data_path), "r")
        self.assertEqual(result.returncode, 0, result.stderr)
        unknown = run("buffer", "forget", str(self.sluice.data_path), "nobody")
        self.assertEqual(unknown.returncode, 1)
        self.assertIn("nobody", unknown.stderr)

    def test_restart_with_a_backlog_is_quick(self):
        self.receiver.stop()
        self.sluice.start()
        wait_until(lambda: self.exporter.page > 10, "a backlog")
        self.sluice.kill()
        self.sluice.start()
        self.assertGreater(self.sluice.destinations()["r"]["ledger"]["pending"], 0)

    def test_environment_variables_are_expanded_in_external_labels(self):
        os.environ["SLUICE_TEST_SITE"] = "north"
        self.sluice.write_config(self.config.replace(
            "global: {", "global: {external_labels: {site: '${SLUICE_TEST_SITE}-1'}, "))
        self.sluice.start()
        wait_until(lambda: self.receiver.count() > 0, "samples")
        sites = {dict(key).get("site") for key in self.receiver.exported()}
        self.assertEqual(sites, {"north-1"})


if __name__ == "__main__":
    unittest.main()
