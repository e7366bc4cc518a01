#!/usr/bin/env python3
"""Targets that misbehave in every way: a clear error, `up` 0, and no harm to anybody else."""
import gzip
import pathlib
import tempfile
import threading
import unittest

from comparison import Delivered, check_complete
from exporter import Exporter
from processes import Sluice, ledger_balance, wait_until
from receiver import Receiver

GOOD_PAGE = b"# TYPE a counter\na 1\nb{c=\"d\"} 2\n"


def answer(status=200, body=GOOD_PAGE, content_type="text/plain; version=0.0.4", length=None,
           encoding=None):
    def handle(handler):
        handler.send_response(status)
        if content_type is not None:
            handler.send_header("Content-Type", content_type)
        if encoding:
            handler.send_header("Content-Encoding", encoding)
        handler.send_header("Content-Length", str(len(body) if length is None else length))
        handler.end_headers()
        handler.wfile.write(body)
        if length is not None:
            handler.close_connection = True
    return handle


def hang(handler):
    threading.Event().wait(3)
    handler.close_connection = True


def close_at_once(handler):
    handler.close_connection = True


# Compressed beforehand: an exporter that is slow to answer would be another fault.
SERIES_BOMB = gzip.compress("".join(f"bomb_{i} 1\n" for i in range(1_000_000)).encode(), 1)
LINE_BOMB = gzip.compress(b"a" * 40_000_000, 1)


def many_lines(handler):
    """Valid distinct series, far over the limit once they are decompressed."""
    handler.send_response(200)
    handler.send_header("Content-Type", "text/plain")
    handler.send_header("Content-Encoding", "gzip")
    handler.end_headers()
    handler.close_connection = True
    try:
        handler.wfile.write(SERIES_BOMB)
    except OSError:
        pass  # cut off: as it should be


def one_endless_line(handler):
    handler.send_response(200)
    handler.send_header("Content-Type", "text/plain")
    handler.send_header("Content-Encoding", "gzip")
    handler.end_headers()
    handler.close_connection = True
    try:
        handler.wfile.write(LINE_BOMB)
    except OSError:
        pass


# Job -> how it answers, a part of its lastError.
CASES = {
    "truncated-line": (answer(body=b"a 1\nb{c=\"d"), ""),
    "invalid-line": (answer(body=b"a 1\nthis is not a metric\n"), "line 2"),
    "invalid-utf8": (answer(body=b"a{b=\"\xff\"} 1\n"), ""),
    "length-too-large": (answer(length=len(GOOD_PAGE) + 100), ""),
    "not-gzip": (answer(encoding="gzip", body=b"not gzip at all"), ""),
    "truncated-gzip": (answer(encoding="gzip", body=gzip.compress(GOOD_PAGE * 50)[:-20]), ""),
    "gzip-bomb": (many_lines, "body size limit exceeded"),
    "gzip-line-bomb": (one_endless_line, ""),
    "error-500": (answer(status=500, body=b"oops"),
                  "server returned HTTP status 500 Internal Server Error"),
    "not-found": (answer(status=404, body=b""), "server returned HTTP status 404 Not Found"),
    "html": (answer(content_type="text/html"), "text/html"),
    "no-content-type": (answer(content_type=None), "Content-Type"),
    "hang": (hang, "context deadline exceeded"),
    "closed": (close_at_once, ""),
    "no-name": (answer(body=b"{a=\"b\"} 1\n"), ""),
}


class BadInput(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-e2e-"))
        self.receiver = Receiver().start()
        self.good = Exporter([f"fine_{i}" for i in range(20)]).start()
        self.bad = {}
        for job, (custom, _) in CASES.items():
            exporter = Exporter([])
            exporter.custom = custom
            self.bad[job] = exporter.start()
        jobs = [("good", self.good)] + list(self.bad.items())
        config = "global: {scrape_interval: 1s, scrape_timeout: 900ms}\nscrape_configs:\n"
        for job, exporter in jobs:
            config += (f"  - {{job_name: {job}, body_size_limit: 4MB, "
                       f"static_configs: [{{targets: ['{exporter.address()}']}}]}}\n")
        config += ("  - {job_name: refused, static_configs: [{targets: ['127.0.0.1:1']}]}\n"
                   f"remote_write: [{{name: receiver, url: '{self.receiver.url()}', "
                   "queue_config: {batch_send_deadline: 300ms}}]\n")
        self.sluice = Sluice(self.folder, config).start()

    def tearDown(self):
        self.sluice.cleanup()
        for exporter in [self.good, *self.bad.values()]:
            exporter.stop()
        self.receiver.stop()

    def test_each_fault_has_a_clear_error_and_harms_nobody_else(self):
        def all_scraped():
            targets = {target["scrapePool"]: target for target in self.sluice.targets()}
            states = [target["health"] for job, target in targets.items()]
            return targets if len(targets) == len(CASES) + 2 and "unknown" not in states else None
        targets = wait_until(all_scraped, "every target was scraped once")
        for job, (_, words) in {**CASES, "refused": (None, "")}.items():
            with self.subTest(job):
                self.assertEqual(targets[job]["health"], "down")
                self.assertNotEqual(targets[job]["lastError"], "")
                self.assertIn(words, targets[job]["lastError"])
        self.assertEqual(targets["good"]["health"], "up")
        self.assertEqual(targets["good"]["lastError"], "")

        wait_until(lambda: self.good.page >= 6, "the good target is scraped on")
        self.sluice.wait_drained()
        before = self.good.page
        self.assertEqual(self.sluice.terminate(), 0)
        exported = self.receiver.exported()
        for job in [*CASES, "refused"]:
            ups = [samples for key, samples in exported.items()
                   if dict(key).get("job") == job and dict(key)["__name__"] == "up"]
            with self.subTest(job):
                self.assertEqual(len(ups), 1)
                self.assertEqual({value for _, value in ups[0]}, {0.0})
                others = {dict(key)["__name__"] for key in exported if dict(key).get("job") == job}
                self.assertTrue(all(name == "up" or name.startswith("scrape_") for name in others),
                                others)
        good = Delivered(exported, "good", {"job", "instance"})
        late = set(range(before, self.good.page + 1))
        self.assertEqual(check_complete(self.good, good, late)[:10], [])
        self.assertEqual(self.receiver.out_of_order, 0)

    def test_the_process_stays_small_under_bombs(self):
        wait_until(lambda: self.good.page >= 5, "several rounds")
        status = pathlib.Path(f"/proc/{self.sluice.process.pid}/status").read_text()
        peak_kib = int(next(line.split()[1] for line in status.splitlines()
                            if line.startswith("VmHWM")))
        sanitized = "asan" in self.sluice.command[0] or "tsan" in self.sluice.command[0]
        self.assertLess(peak_kib, (1200 if sanitized else 250) * 1024)
        for destination in self.sluice.destinations().values():
            self.assertEqual(ledger_balance(destination), 0)


if __name__ == "__main__":
    unittest.main()
