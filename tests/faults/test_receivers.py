#!/usr/bin/env python3
"""Receivers that misbehave in every way: everything arrives once, in order, and the ledger knows."""
import contextlib
import random
import socket
import struct
import threading
import unittest

from exporter import arrived_at
from fleet import Fleet
from processes import free_port, wait_until


def reset(handler):
    """The connection ends with RST, not with FIN."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    # Whatever still refers to the socket, it is closed now.
    with contextlib.suppress(OSError):
        handler.rfile.close()
        handler.wfile.close()
    handler.connection.close()


class Receivers(Fleet):
    def setUp(self):
        super().setUp()
        self.seed = random.randrange(1 << 32)
        print(f"{self.id().rpartition('.')[2]}: seed {self.seed}")
        self.random = random.Random(self.seed)

    def start_one(self, receiver, **options):
        self.start({"one": receiver.url()}, **options)
        self.pages(3)

    def finish_and_check(self, receiver):
        """Nothing is dropped."""
        self.pages(3)
        self.check(receiver, self.settle())
        self.check_ledger("one", receiver)
        dropped = self.sluice.destinations()["one"]["ledger"]["dropped"]
        self.assertEqual(set(dropped.values()), {0}, dropped)

    def test_429_without_retry_after_costs_nothing(self):
        receiver = self.receiver()
        self.start_one(receiver)
        receiver.answer = lambda *_: (429, {}, "slow down")
        self.pages(10)
        wait_until(lambda: self.sluice.destinations()["one"]["state"] == "retrying", "it fails")
        wait_until(lambda: self.sluice.destinations()["one"]["lastError"] == "HTTP 429: slow down",
                   "it says why")
        receiver.answer = None
        self.finish_and_check(receiver)

    def test_429_with_retry_after_is_waited_for_and_costs_nothing(self):
        receiver = self.receiver()
        self.start_one(receiver, queue="min_shards: 4,", timeout="60s")
        refused_at = []

        def throttle(_receiver, handler, _series):
            refused_at.append(arrived_at(handler))
            return 429, {"Retry-After": "2"}, "in two seconds"

        def rounds():
            """What was on its way with the first one does not count."""
            ascending = sorted(refused_at)
            return ascending[:1] + [at for at in ascending if at > ascending[0] + 1]

        receiver.answer = throttle
        wait_until(lambda: len(rounds()) >= 3, "three rounds")
        receiver.answer = None
        for before, after in zip(rounds(), rounds()[1:]):
            self.assertGreaterEqual(after - before, 1.9)
        self.finish_and_check(receiver)

    def test_flapping_costs_nothing(self):
        receiver = self.receiver()
        self.start_one(receiver, queue="min_shards: 4,")
        turns = iter(range(1 << 30))

        def flapping(*_):
            return [204, 503, 204, None, 429][next(turns) // 3 % 5]

        receiver.answer = flapping
        for _ in range(4):
            self.pages(self.random.randint(1, 4))
            receiver.stop()
            self.pages(self.random.randint(1, 3))
            receiver.start()
        receiver.answer = None
        self.finish_and_check(receiver)

    def test_a_hanging_receiver_costs_nothing(self):
        receiver = self.receiver()
        self.start_one(receiver, queue="min_shards: 4,")
        release = threading.Event()
        receiver.answer = lambda *_: release.wait(60) and None
        self.pages(15)
        wait_until(lambda: self.sluice.destinations()["one"]["state"] == "retrying", "it fails")
        wait_until(lambda: self.sluice.destinations()["one"]["lastError"] == "timeout", "it says why")
        receiver.answer = None
        release.set()
        self.finish_and_check(receiver)

    def test_resets_at_any_point_of_a_request_cost_nothing(self):
        receiver = self.receiver()
        self.start_one(receiver, queue="min_shards: 4, max_samples_per_send: 200,")
        ways = {"at the head": 0, "in the body": 0, "before the answer": 0, "after it was stored": 0,
                "in the answer": 0, "well": 0}

        def intercept(_receiver, handler):
            way = self.random.choice(list(ways))
            ways[way] += 1
            handler.way = way
            if way == "in the body":
                handler.rfile.read(int(handler.headers["Content-Length"]) // 2)
            if way not in ("at the head", "in the body"):
                return False
            reset(handler)
            return True

        def answer(_receiver, handler, series):
            if handler.way == "well":
                return 204
            if handler.way != "before the answer":
                receiver.accept(series)
            if handler.way == "in the answer":
                handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf of")
                handler.wfile.flush()
            reset(handler)
            return None

        receiver.answer, receiver.intercept = answer, intercept
        wait_until(lambda: min(ways.values()) >= 3, "every way three times", 180)
        receiver.answer = receiver.intercept = None
        self.finish_and_check(receiver)

    def test_half_of_the_requests_refused_at_random_costs_nothing(self):
        receiver = self.receiver()
        self.start_one(receiver, queue="min_shards: 4, max_samples_per_send: 200,")
        refused = [0]

        def moody(*_):
            if self.random.random() < 0.5:
                return 204
            refused[0] += 1
            return self.random.choice([500, 502, 503, 408, 429]), {}, "not now"

        receiver.answer = moody
        self.pages(20)
        wait_until(lambda: refused[0] > 5, "refusals")
        receiver.answer = None
        self.finish_and_check(receiver)

    def test_a_second_destination_that_is_dead_all_the_time_costs_the_first_one_nothing(self):
        receiver = self.receiver()
        self.start({"good": receiver.url(), "dead": f"http://127.0.0.1:{free_port()}/write"})
        self.pages(5)
        killed = self.kill()
        self.sluice.start()
        self.pages(10)
        self.check(receiver, killed, self.settle("good"))
        self.check_ledger("good", receiver)
        dead = self.sluice.destinations()["dead"]["ledger"]
        self.assertEqual(dead["pending"], dead["appended"])
        self.assertEqual(dead["appended"], self.sluice.destinations()["good"]["ledger"]["appended"])


class PoisonSamples(Fleet):
    """Some series are refused, and too large requests too: what is refused is exactly what is
    dropped and kept in quarantine."""

    POISON = [("m7", "job1"), ("m8", "job1"), ("m20", "job3")]

    def test_poison_samples_are_dropped_alone(self):
        refused = set()

        def is_poison(labels):
            named = dict(labels)
            return (named["__name__"], named["job"]) in self.POISON

        def picky(_receiver, _handler, series):
            if sum(len(samples) for _, samples in series) > 150:
                return 413, {}, "too large"
            poison = [(labels, samples) for labels, samples in series if is_poison(labels)]
            if not poison:
                return 204
            if len(series) == 1 and len(poison[0][1]) == 1:
                refused.add((poison[0][0], poison[0][1][0][0]))
            return 422, {}, "poison"

        receiver = self.receiver(picky)
        self.start({"one": receiver.url()}, queue="max_samples_per_send: 500,")
        self.pages(10)
        under_way = self.settle()
        self.check_ledger("one", receiver)
        self.assertEqual(self.dropped("one", "rejected"), len(refused))
        self.assertEqual(self.metric("sluice_destination_quarantined_samples_total"), len(refused))
        self.assertEqual({(dict(labels)["__name__"], dict(labels)["job"]) for labels, _ in refused},
                         set(self.POISON))
        for i, exporter in enumerate(self.exporters):
            poison = {name for name, job in self.POISON if job == f"job{i}"}
            exporter.pages = {page: [name for name in names if name.partition("{")[0] not in poison]
                              for page, names in exporter.pages.items()}
        self.check(receiver, under_way)


if __name__ == "__main__":
    unittest.main()
