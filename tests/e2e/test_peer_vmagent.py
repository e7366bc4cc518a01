#!/usr/bin/env python3
"""In the place of vmagent: the very same command line, and the same series arrive."""
import base64
import pathlib
import re
import subprocess
import tempfile
import unittest

from page_server import PageServer, page
from processes import ROOT, SLUICE_BINARY, Program, free_port, get_json, http_get, wait_until
from receiver import Receiver

PAGE = """# TYPE requests_total counter
requests_total{code="200"} 1
requests_total{code="500"} 2
# TYPE secret gauge
secret 3
# TYPE latency_seconds histogram
latency_seconds_bucket{le="1"} 1
latency_seconds_bucket{le="+Inf"} 2
latency_seconds_sum 3
latency_seconds_count 2
only_second{a="b"} 1
"""

CONFIG = """
global:
  scrape_interval: 1s
  external_labels: {{dc: eu}}
scrape_configs:
- job_name: pages
  metrics_path: /page
  stream_parse: true
  static_configs: [{{targets: ['127.0.0.1:{pages}'], labels: {{env: test}}}}]
  relabel_configs:
  - {{source_labels: [env], target_label: stage}}
- job_name: down
  static_configs: [{{targets: ['127.0.0.1:{nobody}']}}]
"""


def flags_of_vmagent() -> list[str]:
    """All that Debian's vmagent has, each with its default."""
    text = subprocess.run(["vmagent", "-help"], capture_output=True, text=True)
    flags = []
    for name, kind, words in re.findall(r"^  -(\S+)(?: (\S+))?\n((?:    .*\n?)+)",
                                        text.stdout + text.stderr, re.M):
        default = re.search(r'\(default "?([^")]*)"?\)\s*$', words)
        value = default.group(1) if default else "" if kind else "false"
        if name not in ("version", "dryRun", "promscrape.config", "remoteWrite.url"):
            flags.append(f"-{name}={value}")
    return flags


class SameCommandLine(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-e2e-"))
        self.pages = PageServer({"page": [page(PAGE)]}).start()
        self.addCleanup(self.pages.stop)
        self.config = self.file("scrape.yml", CONFIG.format(pages=self.pages.port,
                                                            nobody=free_port()))

    def file(self, name: str, text: str) -> str:
        path = self.folder / name
        path.write_text(text)
        return str(path)

    def run_and_collect(self, binary: str) -> list[set]:
        """The series that each of two destinations got from this program."""
        seen = [set(), set()]
        requests = [[], []]

        def note(place):
            def answer(receiver, handler, series):
                with receiver.lock:
                    requests[place].append(dict(handler.headers))
                    seen[place].update(tuple(sorted(labels)) for labels, _ in series)
                return 204
            return answer

        receivers = [Receiver(note(place)).start() for place in (0, 1)]
        name = pathlib.Path(binary).name
        port = free_port()
        program = Program(name, self.folder, [
            binary, f"-promscrape.config={self.config}",
            f"-remoteWrite.url={receivers[0].url()}", "-remoteWrite.url", receivers[1].url(),
            f"-remoteWrite.tmpDataPath={self.folder / name}",
            "-remoteWrite.basicAuth.username=,second", "-remoteWrite.basicAuth.password=,hush",
            "-remoteWrite.relabelConfig=" + self.file("all.yml", """
- {action: drop_metrics, regex: [secret, nothing]}
- {target_label: all, replacement: 'yes'}
"""), "-remoteWrite.urlRelabelConfig=" + self.file("first.yml", """
- {source_labels: [__name__], regex: only_second, action: drop}
"""), "-remoteWrite.label=agent=one", "-remoteWrite.flushInterval=200ms",
            "-remoteWrite.maxDiskUsagePerURL=1GB", "-remoteWrite.showURL",
            "-promscrape.suppressScrapeErrors", "-promscrape.fileSDCheckInterval=5s",
            "-loggerLevel=WARN", "-memory.allowedPercent", "20",
            f"-httpListenAddr=127.0.0.1:{port}"], f"http://127.0.0.1:{port}/health")
        self.addCleanup(program.cleanup)
        program.start()
        def arrived() -> bool:
            with receivers[0].lock, receivers[1].lock:
                names = [[dict(key)["__name__"] for key in each] for each in seen]
            return ("only_second" in names[1] and "requests_total" in names[0] and
                    all(each.count("up") == 2 for each in names))

        wait_until(arrived, "series of both targets")
        self.assertEqual(http_get(f"http://127.0.0.1:{port}/-/reload")[0], 200)
        self.assertIn(http_get(f"http://127.0.0.1:{port}/-/quit")[0], (400, 404, 405))
        targets = get_json(f"http://127.0.0.1:{port}/api/v1/targets")["data"]["activeTargets"]
        self.assertEqual(len(targets), 2)
        if binary == SLUICE_BINARY:
            self.check_own_metrics(http_get(f"http://127.0.0.1:{port}/metrics")[1].decode())
        program.terminate()
        for receiver in receivers:
            receiver.stop()
        expected = "Basic " + base64.b64encode(b"second:hush").decode()
        self.assertTrue(all(headers.get("Authorization") == expected for headers in requests[1]))
        self.assertTrue(all("Authorization" not in headers for headers in requests[0]))
        return seen

    def check_own_metrics(self, text: str):
        """Each name that is documented for alerts and dashboards is there, and once."""
        families = re.findall(r"^# TYPE (\S+)", text, re.M)
        self.assertEqual(len(families), len(set(families)))
        document = (ROOT / "docs/telemetry.md").read_text()
        section = document[document.index("## Under other names"):]
        names = re.findall(r"^\| `(\w+)` \|", section[:section.index("## The ledger")], re.M)
        self.assertGreater(len(names), 25)
        self.assertEqual(set(names) - set(families), set())
        self.assertIn('vm_promscrape_scrape_pool_targets{scrape_job="pages"} 1', text)

    def test_the_same_series_arrive(self):
        theirs = self.run_and_collect("vmagent")
        ours = self.run_and_collect(SLUICE_BINARY)
        # vmagent reports the timeouts, too.
        more = {"scrape_timeout_seconds"}
        for place in (0, 1):
            theirs[place] = {key for key in theirs[place] if dict(key)["__name__"] not in more}
            self.assertEqual(ours[place], theirs[place])

    def test_every_flag_of_vmagent_is_known(self):
        flags = flags_of_vmagent()
        self.assertGreater(len(flags), 100)
        result = subprocess.run(
            [SLUICE_BINARY, f"-promscrape.config={self.config}", "-remoteWrite.url=http://a/w",
             "-dryRun", *flags], capture_output=True, text=True)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_every_flag_of_prometheus_is_known(self):
        text = subprocess.run(["prometheus", "--help"], capture_output=True, text=True)
        flags = re.findall(r"^ +--(?:\[no-\])?([a-z][\w.-]*\w)(=|\s)", text.stdout + text.stderr, re.M)
        self.assertGreater(len(flags), 40)
        skipped = ("help-long", "help-man", "version", "help", "web.config.file")
        values = {"log.level": "info", "log.format": "json", "web.external-url": "http://a",
                  "web.listen-address": ":0", "web.max-connections": "5"}
        for name, takes_value in flags:
            if name in skipped:
                continue
            with self.subTest(name):
                flag = f"--{name}" + (f"={values.get(name, '1m')}" if takes_value == "=" else "")
                # The last flag is a mistake: the one before it was understood.
                result = subprocess.run([SLUICE_BINARY, flag, "--no-such-flag-at-all"],
                                        capture_output=True, text=True)
                self.assertIn("unknown flag --no-such-flag-at-all", result.stderr)

    def test_pushes_are_refused_at_start(self):
        result = subprocess.run(
            [SLUICE_BINARY, f"-promscrape.config={self.config}", "-remoteWrite.url=http://a/w",
             "-opentsdbListenAddr=:4242"], capture_output=True, text=True)
        self.assertEqual(result.returncode, 2)
        self.assertIn("-opentsdbListenAddr: Sluice takes no metrics that are pushed", result.stderr)

    def test_flags_of_a_server_end_with_status_3_in_agent_mode(self):
        result = subprocess.run([SLUICE_BINARY, "--agent", "--storage.tsdb.path=/x"],
                                capture_output=True, text=True)
        self.assertEqual(result.returncode, 3)
        self.assertIn("can not be used in agent mode: --storage.tsdb.path", result.stderr)


if __name__ == "__main__":
    unittest.main()
