#!/usr/bin/env python3
"""What a receiver does not understand is not spoken to it, and nothing is lost finding that out."""
import threading
import unittest
import urllib.error
import urllib.request

from fleet import Fleet
from processes import PrometheusServer, Victoria, wait_until
from receiver import Receiver

V2 = "application/x-protobuf;proto=io.prometheus.write.v2.Request"
PASSED_ON = ["Content-Type", "Content-Encoding", "X-Prometheus-Remote-Write-Version"]


class Relay:
    """A receiver whose answers are those of a real server, which gets all that it gets."""

    def __init__(self, receiver: Receiver, write_url: str):
        self.receiver = receiver
        self.write_url = write_url
        self.questions = []  # (path, status, text)
        self.answers = []  # (content type, encoding, status)
        receiver.answer = self.answer
        receiver.question = self.question

    def ask(self, request: urllib.request.Request) -> tuple[int, dict, str]:
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                status, headers, body = answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            status, headers, body = error.code, error.headers, error.read()
        written = {name: value for name, value in headers.items() if name.endswith("-Written")}
        return status, written, body.decode()

    def answer(self, receiver, handler, _series):
        headers = {name: handler.headers[name] for name in PASSED_ON if name in handler.headers}
        outcome = self.ask(urllib.request.Request(self.write_url, receiver.bodies.last, headers,
                                                  method="POST"))
        self.answers.append((headers["Content-Type"], headers["Content-Encoding"], outcome[0]))
        return outcome

    def question(self, handler):
        query = handler.path.partition("?")[2]
        status, _, text = self.ask(urllib.request.Request(f"{self.write_url}?{query}"))
        self.questions.append((handler.path, status, text))
        return status, text


class Protocols(Fleet):
    def check_everything_came_once(self, name: str, receiver: Receiver, under_way: list[set]):
        self.check_ledger(name, receiver)
        self.assertEqual(sum(self.sluice.destinations()[name]["ledger"]["dropped"].values()), 0)
        self.check(receiver, under_way)
        self.assertEqual(receiver.duplicates, 0)

    def test_real_receivers_without_zstd_or_2_0_have_everything_in_snappy_and_1_0(self):
        victoria, prometheus = Victoria(self.folder), PrometheusServer(self.folder)
        for server in (victoria, prometheus):
            self.addCleanup(server.cleanup)
            server.start()
        asked = Relay(self.receiver(), victoria.write_url)
        tried = Relay(self.receiver(), prometheus.write_url)
        self.start({"asked": asked.receiver.url(), "tried": tried.receiver.url()},
                   own={"asked": "compression: auto,",
                        "tried": "protobuf_message: io.prometheus.write.v2.Request,"},
                   timeout="60s")
        wait_until(lambda: asked.questions and tried.questions, "questions")
        self.pages(5)
        under_way = self.settle()
        for name, relay, server in [("asked", asked, victoria), ("tried", tried, prometheus)]:
            with self.subTest(destination=name):
                self.check_everything_came_once(name, relay.receiver, under_way)
                self.assertEqual(self.sluice.destinations()[name]["protocol"], "1.0")
                # One question an hour; VictoriaMetrics took zstd only in later versions.
                self.assertEqual([path for path, _, _ in relay.questions],
                                 ["/write?get_vm_proto_version=1"])
                self.assertNotEqual(relay.questions[0][2], "1")
                self.assertEqual({encoding for _, encoding, _ in relay.answers}, {"snappy"})
        fallback = self.sluice.destinations()["tried"]["protocolFallback"]
        self.assertIn("remote write 2.0: ", fallback)
        self.assertIn("Written", fallback)
        # Prometheus says 204 to what it read nothing of, so that its word alone is worth nothing.
        types = [content_type for content_type, _, _ in tried.answers]
        self.assertEqual((types[0], tried.answers[0][2]), (V2, 204))
        self.assertNotIn(V2, types[types.count(V2):])
        self.check_exported(prometheus.export('{job=~"job.*"}'), under_way)
        acknowledged = self.sluice.destinations()["asked"]["ledger"]["acknowledged"]
        wait_until(lambda: sum(len(samples) for samples
                               in victoria.export('{job=~"job.*"}').values()) == acknowledged,
                   "VictoriaMetrics shows what it has")

    def test_a_receiver_that_took_zstd_and_does_so_no_more_gets_the_same_in_snappy(self):
        lock = threading.Lock()
        sent = []  # (encoding, version of VictoriaMetrics's protocol, status)
        takes_zstd = True

        def answer(_receiver, handler, _series):
            encoding = handler.headers["Content-Encoding"]
            with lock:
                status = 415 if encoding == "zstd" and not takes_zstd else 204
                sent.append((encoding, handler.headers["X-VictoriaMetrics-Remote-Write-Version"],
                             status))
            return status, {}, "" if status == 204 else "no zstd here"

        receiver = self.receiver(answer)
        receiver.question = lambda _handler: (200, "1")
        self.start({"one": receiver.url()}, timeout="60s")
        wait_until(lambda: self.sluice.destinations()["one"]["protocol"] == "1.0 zstd", "zstd")
        self.pages(5)
        wait_until(lambda: ("zstd", "1", 204) in sent, "requests in zstd")
        with lock:
            takes_zstd = False
        wait_until(lambda: self.sluice.destinations()["one"]["protocol"] == "1.0", "snappy")
        self.pages(5)
        under_way = self.settle()
        self.check_everything_came_once("one", receiver, under_way)
        self.assertIn("zstd: ", self.sluice.destinations()["one"]["protocolFallback"])
        self.assertIn("415", self.sluice.destinations()["one"]["protocolFallback"])
        self.assertEqual(set(sent), {("snappy", None, 204), ("zstd", "1", 204), ("zstd", "1", 415)})
        self.assertEqual(sent[0][0], "snappy")  # asked only once that was accepted
        self.assertEqual(sent[-1][0], "snappy")


if __name__ == "__main__":
    unittest.main()
