#!/usr/bin/env python3
"""The HTTP API beside that of Prometheus's agent, which runs the same configuration."""
import json
import operator
import pathlib
import socket
import tempfile
import unittest
import urllib.error
import urllib.parse
import urllib.request

from exporter import Exporter
from page_server import PageServer, page
from processes import Program, Sluice, free_port, get_json, http_get, wait_until

PAGE = """# HELP requests_total Requests that were answered.
# TYPE requests_total counter
requests_total{code="200"} 1
# HELP size_bytes How "large".
# TYPE size_bytes gauge
size_bytes 2
"""

CONFIG = """
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
- job_name: pages
  metrics_path: /page
  static_configs: [{{targets: ['127.0.0.1:{pages}']}}]
- job_name: exporter
  relabel_configs:
  - {{source_labels: [__address__], regex: 'drop.*', action: drop}}
  - {{source_labels: [job], target_label: copy, replacement: 'of-$1'}}
  static_configs: [{{targets: ['127.0.0.1:{exporter}', 'drop:1', 'drop:2']}}]
- job_name: down
  static_configs: [{{targets: ['127.0.0.1:{nobody}']}}]
remote_write:
- url: http://127.0.0.1:{nobody}/write
"""


class PrometheusAgent(Program):
    def __init__(self, folder: pathlib.Path, config: str):
        self.port = free_port()
        path = folder / "prometheus-agent.yml"
        path.write_text(config)
        super().__init__("prometheus-agent", folder, [
            "prometheus", "--enable-feature=agent", f"--config.file={path}",
            f"--storage.agent.path={folder / 'prometheus-agent'}", "--web.enable-lifecycle",
            f"--web.listen-address=127.0.0.1:{self.port}"],
            f"http://127.0.0.1:{self.port}/-/ready")

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"


def ask(url: str, method: str = "GET", headers: dict | None = None):
    """Status, headers in lower case, and body."""
    request = urllib.request.Request(url, method=method, headers=headers or {},
                                     data=b"" if method in ("POST", "PUT") else None)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return (answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.read())
    except urllib.error.HTTPError as error:
        return error.code, {k.lower(): v for k, v in error.headers.items()}, error.read()


def shape(value):
    """What an answer looks like, without what it says."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [shape(inner) for inner in value]
    return "number" if type(value) in (int, float) else type(value).__name__


class Api(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-e2e-"))
        cls.pages = PageServer({"page": [page(PAGE)]}).start()
        cls.exporter = Exporter(["a"]).start()
        exporter_port = cls.exporter.address().rpartition(":")[2]
        config = CONFIG.format(pages=cls.pages.port, exporter=exporter_port, nobody=free_port())
        cls.theirs = PrometheusAgent(cls.folder, config)
        cls.ours = Sluice(cls.folder, config)
        for program in (cls.theirs, cls.ours):
            cls.addClassCleanup(program.cleanup)
        cls.addClassCleanup(cls.pages.stop)
        cls.addClassCleanup(cls.exporter.stop)
        for program in (cls.theirs, cls.ours):
            program.start()
        for program in (cls.theirs, cls.ours):
            # The first scrape on a busy machine may take longer than it has.
            wait_until(lambda: {t["scrapePool"]: t["health"] for t in cls.targets(program)} ==
                       {"pages": "up", "exporter": "up", "down": "down"},
                       f"all targets of {program.name} were scraped")

    @staticmethod
    def targets(program) -> list[dict]:
        return get_json(program.url("/api/v1/targets"))["data"]["activeTargets"]

    def both(self, path: str):
        return [get_json(program.url(path)) for program in (self.ours, self.theirs)]

    def test_targets_are_told_key_by_key_as_prometheus_tells_them(self):
        newer = ("__always_scrape_classic_histograms__", "__convert_classic_histograms_to_nhcb__",
                 "__scrape_native_histograms__")  # than 2.42
        changing = ("lastScrape", "lastScrapeDuration", "lastError", "globalUrl")

        def told(answer):
            data = answer["data"]
            for target in data["activeTargets"]:
                for key in changing:
                    self.assertIn(key, target)
                    if key != "globalUrl":
                        target[key] = type(target[key]).__name__
                target["globalUrl"] = urllib.parse.urlparse(target["globalUrl"]).netloc
            for dropped in data["droppedTargets"] or []:
                dropped.pop("scrapePool", None)  # 2.42 does not have it
            data.pop("droppedTargetCounts", None)  # nor this
            for target in data["activeTargets"] + data["droppedTargets"]:
                for name in newer:
                    target["discoveredLabels"].pop(name, None)
            data["activeTargets"].sort(key=lambda target: target["scrapeUrl"])
            data["droppedTargets"].sort(key=lambda target: str(target))
            return answer

        def both_told(query):
            return [told(answer) for answer in self.both("/api/v1/targets" + query)]

        for query in ("", "?state=any", "?state=active", "?state=dropped", "?state=nonsense"):
            with self.subTest(query):
                # Until no scrape has just failed for lack of time.
                try:
                    wait_until(lambda: operator.eq(*both_told(query)), "the same", 30)
                except AssertionError:
                    self.assertEqual(*both_told(query))

    def test_status_has_the_keys_of_prometheus(self):
        for name in ("buildinfo", "config", "walreplay"):
            with self.subTest(name):
                ours, theirs = self.both(f"/api/v1/status/{name}")
                self.assertEqual(shape(ours), shape(theirs))
        ours, theirs = self.both("/api/v1/status/runtimeinfo")
        missing = shape(theirs)["data"].items() - shape(ours)["data"].items()
        self.assertEqual(missing, set())
        ours, theirs = self.both("/api/v1/status/flags")
        self.assertEqual({type(value) for value in ours["data"].values()}, {str})
        for flag in ("config.file", "web.listen-address", "storage.agent.path", "log.level"):
            self.assertIn(flag, ours["data"])
            self.assertIn(flag, theirs["data"])

    def test_metadata_of_a_target_is_the_same(self):
        query = urllib.parse.urlencode({"match_target": '{job="pages"}'})
        ours, theirs = self.both("/api/v1/targets/metadata?" + query)
        by_metric = lambda entry: entry["metric"]
        self.assertEqual(sorted(ours["data"], key=by_metric), sorted(theirs["data"], key=by_metric))
        self.assertEqual(len(ours["data"]), 2)
        ours, theirs = self.both("/api/v1/targets/metadata?metric=size_bytes")
        self.assertEqual(ours, theirs)
        # In agent mode Prometheus does not tell it by metric; its server does, in this shape.
        metadata = get_json(self.ours.url("/api/v1/metadata?metric=size_bytes"))
        self.assertEqual(metadata["data"], {
            "size_bytes": [{"type": "gauge", "help": 'How "large".', "unit": ""}]})

    def test_what_only_a_server_can_answer_is_refused_alike(self):
        for path in ("query?query=up", "query_range", "series", "labels", "label/job/values",
                     "alerts", "rules", "status/tsdb"):
            with self.subTest(path):
                ours, theirs = [ask(program.url("/api/v1/" + path))
                                for program in (self.ours, self.theirs)]
                self.assertEqual((ours[0], json.loads(ours[2])), (theirs[0], json.loads(theirs[2])))

    def test_bad_parameters_are_refused_alike(self):
        for path in ("targets/metadata?limit=x", "metadata?limit=x", "metadata?limit=1&limit_per_metric=x"):
            with self.subTest(path):
                status, _, body = ask(self.ours.url("/api/v1/" + path))
                self.assertEqual(status, 400)
                self.assertEqual(json.loads(body)["errorType"], "bad_data")
                self.assertIn("must be a number", json.loads(body)["error"])
        status, _, body = ask(self.ours.url("/api/v1/targets/metadata?match_target={"))
        theirs = ask(self.theirs.url("/api/v1/targets/metadata?match_target={"))
        self.assertEqual((status, json.loads(body)["errorType"]),
                         (theirs[0], json.loads(theirs[2])["errorType"]))

    def test_plain_endpoints_answer_with_the_same_status(self):
        for method, path in (("GET", "/-/healthy"), ("HEAD", "/-/healthy"), ("GET", "/-/ready"),
                             ("GET", "/-/reload"), ("GET", "/-/quit"), ("POST", "/-/reload"),
                             ("PUT", "/-/reload"), ("GET", "/no/such/page"),
                             ("OPTIONS", "/api/v1/targets")):
            with self.subTest(f"{method} {path}"):
                ours, theirs = [ask(program.url(path), method)
                                for program in (self.ours, self.theirs)]
                self.assertEqual(ours[0], theirs[0])
                if ours[0] in (404, 405):
                    self.assertEqual(ours[2].strip(), theirs[2].strip())

    def test_pages_of_other_origins_may_read_the_api(self):
        cors = ("access-control-allow-headers", "access-control-allow-methods",
                "access-control-expose-headers")
        for method in ("GET", "OPTIONS"):
            ours, theirs = [ask(program.url("/api/v1/targets"), method,
                                {"Origin": "http://a.example"})[1]
                            for program in (self.ours, self.theirs)]
            self.assertEqual([ours[name] for name in cors], [theirs[name] for name in cors])
            self.assertIn(ours["access-control-allow-origin"], ("*", "http://a.example"))

    def test_jobs_and_their_rules_can_be_looked_at(self):
        pools = get_json(self.ours.url("/api/v1/scrape_pools"))["data"]["scrapePools"]
        self.assertEqual(pools, ["down", "exporter", "pages"])
        yaml = get_json(self.ours.url("/api/v1/scrape_pools/config?scrapePool=pages"))["data"]["yaml"]
        self.assertIn("metrics_path: /page", yaml)
        self.assertEqual(ask(self.ours.url("/api/v1/scrape_pools/config?scrapePool=no"))[0], 404)
        query = urllib.parse.urlencode({"scrapePool": "exporter",
                                        "labels": '{"__address__": "a:1", "job": "j"}'})
        steps = get_json(self.ours.url("/api/v1/targets/relabel_steps?" + query))["data"]["steps"]
        self.assertEqual([step["keep"] for step in steps], [True, True])
        self.assertEqual(steps[1]["output"]["copy"], "of-j")
        for missing in ("scrapePool=exporter", "labels={}", "scrapePool=no&labels={}"):
            self.assertEqual(ask(self.ours.url(f"/api/v1/targets/relabel_steps?{missing}"))[0], 400)


class Addresses(unittest.TestCase):
    """The flags of the HTTP server."""

    def start(self, *flags: str) -> Sluice:
        folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-e2e-"))
        sluice = Sluice(folder, "global: {}\n", flags)
        self.addCleanup(sluice.cleanup)
        return sluice

    def test_all_paths_are_below_the_prefix(self):
        second = free_port()
        sluice = self.start("--web.external-url=https://a.example/x/sluice/",
                            f"--web.listen-address=127.0.0.1:{second}",
                            "--web.cors.origin=https://(b|c).example")
        sluice.ready_url = sluice.url("/x/sluice/-/ready")
        sluice.start()
        self.assertEqual(ask(sluice.url("/-/ready"))[0], 404)
        self.assertEqual(http_get(f"http://127.0.0.1:{second}/x/sluice/metrics")[0], 200)
        flags = get_json(sluice.url("/x/sluice/api/v1/status/flags"))["data"]
        self.assertEqual(flags["web.external-url"], "https://a.example/x/sluice/")
        for origin, allowed in (("https://b.example", True), ("https://d.example", False)):
            headers = ask(sluice.url("/x/sluice/api/v1/targets"), headers={"Origin": origin})[1]
            self.assertEqual("access-control-allow-origin" in headers, allowed)
        with socket.create_connection(("127.0.0.1", sluice.port)) as raw:
            raw.sendall(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n")
            answer = raw.makefile("rb").read()
        self.assertIn(b"302", answer.split(b"\r\n")[0])
        self.assertIn(b"Location: /x/sluice/", answer)

    def test_slow_clients_do_not_block_it(self):
        sluice = self.start("--web.max-connections=10", "--web.read-timeout=60s").start()
        slow = [socket.create_connection(("127.0.0.1", sluice.port)) for _ in range(30)]
        for connection in slow:
            self.addCleanup(connection.close)
        for connection in slow:
            connection.sendall(b"GET /-/healthy HTTP/1.1\r\nX-Slow: ")
        for _ in range(20):
            self.assertEqual(http_get(sluice.url("/-/healthy"))[0], 200)


if __name__ == "__main__":
    unittest.main()
