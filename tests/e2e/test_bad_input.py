#!/usr/bin/env python3
"""Targets that misbehave in every way: a clear error, `up` 0, and no harm to anybody else."""
import gzip
import itertools
import pathlib
import tempfile
import threading
import unittest

from comparison import Delivered, check_complete, timed_out
from exporter import Exporter
from processes import Sluice, ledger_balance, memory_of, wait_until
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


def pieces(parts, headers=(), pause=0.0, head=b""):
    """Sends one part after the other, until the peer has enough of it."""
    def handle(handler):
        handler.close_connection = True
        try:
            if head:
                handler.wfile.write(head)
            else:
                handler.send_response(200)
                handler.send_header("Content-Type", "text/plain")
                for name, value in headers:
                    handler.send_header(name, value)
                handler.end_headers()
            for part in parts():
                handler.wfile.write(part)
                if pause > 0:
                    threading.Event().wait(pause)
        except OSError:
            pass  # cut off: as it should be
    return handle


def chunk(data: bytes, size: int | None = None) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data) if size is None else size, data)


def to(location: str):
    def handle(handler):
        handler.send_response(302)
        handler.send_header("Location", location)
        handler.send_header("Content-Length", "0")
        handler.end_headers()
    return handle


# Compressed beforehand: an exporter that is slow to answer would be another fault.
SERIES_BOMB = gzip.compress("".join(f"bomb_{i} 1\n" for i in range(1_000_000)).encode(), 1)
LINE_BOMB = gzip.compress(b"a" * 40_000_000, 1)

GZIP = [("Content-Encoding", "gzip")]
CHUNKED = [("Transfer-Encoding", "chunked")]
HTTP_1_0 = b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n"
LONG_HEAD = (b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-Long: " + b"x" * (1 << 20)
             + b"\r\nContent-Length: 0\r\n\r\n")


# Job -> how it answers, a part of its lastError.
CASES = {
    "truncated-line": (answer(body=b"a 1\nb{c=\"d"), "line 2: expected label value"),
    "invalid-line": (answer(body=b"a 1\nthis is not a metric\n"), "line 2"),
    "invalid-utf8": (answer(body=b"a{b=\"\xff\"} 1\n"), "invalid UTF-8 label value"),
    "length-too-large": (answer(length=len(GOOD_PAGE) + 100), "response body is truncated"),
    "not-gzip": (answer(encoding="gzip", body=b"not gzip at all"), "invalid gzip body"),
    "truncated-gzip": (answer(encoding="gzip", body=gzip.compress(GOOD_PAGE * 50)[:-20]),
                       "invalid gzip body"),
    "gzip-bomb": (pieces(lambda: [SERIES_BOMB], GZIP), "body size limit exceeded"),
    "gzip-line-bomb": (pieces(lambda: [LINE_BOMB], GZIP), "body size limit exceeded"),
    "endless-body": (pieces(lambda: itertools.repeat(b"# no end\n" * 1000)),
                     "body size limit exceeded"),
    "endless-line": (pieces(lambda: itertools.repeat(b"a" * 9000)), "body size limit exceeded"),
    "trickle": (pieces(lambda: itertools.repeat(b"a"), pause=0.2), "context deadline exceeded"),
    "trickling-head": (pieces(lambda: itertools.repeat(b"X"), pause=0.2,
                              head=b"HTTP/1.1 200 OK\r\n"), "context deadline exceeded"),
    "truncated-chunked": (pieces(lambda: [chunk(GOOD_PAGE)], CHUNKED),
                          "response body is truncated"),
    "chunk-too-short": (pieces(lambda: [chunk(GOOD_PAGE, 1000)], CHUNKED), ""),
    "no-chunks": (pieces(lambda: [GOOD_PAGE], CHUNKED), "receive: "),
    "length-too-small": (answer(length=len(GOOD_PAGE) - 5), ""),
    "length-not-a-number": (pieces(lambda: [GOOD_PAGE], [("Content-Length", "many")]),
                            "Invalid Content-Length"),
    "brotli": (answer(encoding="br", body=b"\x0b\x02\x80a 1\n\x03"),
               "line 1: expected a valid start token"),
    "plain-but-gzip": (answer(encoding="gzip"), "invalid gzip body"),
    "gzip-but-plain": (answer(body=gzip.compress(GOOD_PAGE)),
                       "line 1: expected a valid start token"),
    "redirect-loop": (to("/metrics"), "too many redirects"),
    "redirect-to-nowhere": (to("http://127.0.0.1:1/"), "connect: connection refused"),
    "redirect-to-file": (to("file:///etc/hostname"), "bad URL in a redirect"),
    "long-head": (pieces(lambda: [], head=LONG_HEAD), "response head is too large"),
    "no-http": (pieces(lambda: [b"a 1\n"], head=b"Hello.\r\n\r\n"), "malformed HTTP response"),
    "error-500": (answer(status=500, body=b"oops"),
                  "server returned HTTP status 500 Internal Server Error"),
    "not-found": (answer(status=404, body=b""), "server returned HTTP status 404 Not Found"),
    "html": (answer(content_type="text/html"), "text/html"),
    "no-content-type": (answer(content_type=None), "Content-Type"),
    "hang": (hang, "context deadline exceeded"),
    "closed": (close_at_once, "connection closed without a response"),
    "no-name": (answer(body=b"{a=\"b\"} 1\n"), "metric name not set"),
    # Compared as a whole, as Prometheus does: any other word is a body that is not compressed.
    "gzip-in-upper-case": (answer(encoding="GZIP", body=gzip.compress(GOOD_PAGE)),
                           "expected a valid start token"),
}

# Unusual, and fine.
FINE = {
    "http-1.0": pieces(lambda: [GOOD_PAGE], head=HTTP_1_0),
    "until-the-end": pieces(lambda: [GOOD_PAGE]),
    "byte-by-byte": pieces(lambda: [bytes([byte]) for byte in GOOD_PAGE], pause=0.001),
    "chunked": pieces(lambda: [b"1;a=b\r\n#\r\n", *(chunk(bytes([byte])) for byte in
                                                    b"\n" + GOOD_PAGE), chunk(b"")], CHUNKED),
    "identity": answer(encoding="identity"),
}


class BadInput(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-e2e-"))
        self.receiver = Receiver().start()
        self.good = Exporter([f"fine_{i}" for i in range(20)]).start()
        self.bad = {}
        self.fine = {}
        for job, custom in FINE.items():
            self.fine[job] = Exporter([]).start()
            self.fine[job].custom = custom
        for job, (custom, _) in CASES.items():
            exporter = Exporter([])
            exporter.custom = custom
            self.bad[job] = exporter.start()
        jobs = [("good", self.good), *self.fine.items(), *self.bad.items()]
        config = ("global: {scrape_interval: 1s, scrape_timeout: 900ms, "
                  "scrape_failure_log_file: failures.log}\nscrape_configs:\n")
        for job, exporter in jobs:
            config += (f"  - {{job_name: {job}, body_size_limit: 4MB, "
                       f"static_configs: [{{targets: ['{exporter.address()}']}}]}}\n")
        config += ("  - {job_name: refused, static_configs: [{targets: ['127.0.0.1:1']}]}\n"
                   f"remote_write: [{{name: receiver, url: '{self.receiver.url()}', "
                   "queue_config: {batch_send_deadline: 300ms}}]\n")
        self.sluice = Sluice(self.folder, config).start()

    def tearDown(self):
        self.sluice.cleanup()
        for exporter in [self.good, *self.fine.values(), *self.bad.values()]:
            exporter.stop()
        self.receiver.stop()

    def test_each_fault_has_a_clear_error_and_harms_nobody_else(self):
        targets = {}

        def all_scraped():
            targets.update({target["scrapePool"]: target for target in self.sluice.targets()})
            states = [target["health"] for target in targets.values()]
            return len(targets) == len(CASES) + len(FINE) + 2 and "unknown" not in states

        wait_until(all_scraped, "every target was scraped once")
        # On a busy machine one may run out of time before it comes to its fault.
        bad = {**CASES, "refused": (None, "connect: connection refused")}
        for job, (_, words) in bad.items():
            with self.subTest(job):
                wait_until(lambda: all_scraped() and targets[job]["lastError"] != "" and
                           words in targets[job]["lastError"], f"{words}: {targets[job]}")
                self.assertEqual(targets[job]["health"], "down")
        for job in ["good", *FINE]:
            with self.subTest(job):
                wait_until(lambda: all_scraped() and targets[job]["health"] == "up",
                           f"it is up: {targets[job]}")
                self.assertEqual(targets[job]["lastError"], "")

        wait_until(lambda: self.good.page >= 6, "the good target is scraped on")
        self.sluice.wait_drained()
        before = set(self.good.taken)
        self.assertEqual(self.sluice.terminate(), 0)
        self.good.come_to_rest()
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
        for job in FINE:
            names = {dict(key)["__name__"] for key in exported if dict(key)["job"] == job}
            with self.subTest(job):
                self.assertLessEqual({"a", "b"}, names)
        good = Delivered(exported, "good", {"job", "instance"})
        late = self.good.pages.keys() - before
        timed_out_at = timed_out(self.folder / "failures.log", "good")
        problems = check_complete(self.good, good, late, timed_out_at=timed_out_at)
        self.assertEqual(problems[:10], [])
        self.assertEqual(self.receiver.out_of_order, 0)

    def test_the_process_stays_small_under_bombs(self):
        wait_until(lambda: self.good.page >= 5, "several rounds")
        sanitized = "asan" in self.sluice.command[0] or "tsan" in self.sluice.command[0]
        self.assertLess(memory_of(self.sluice, "VmHWM"), (1200 if sanitized else 250) << 20)
        for destination in self.sluice.destinations().values():
            self.assertEqual(ledger_balance(destination), 0)


if __name__ == "__main__":
    unittest.main()
