#!/usr/bin/env python3
"""The process is killed, again and again: what was appended arrives, in order, and the ledger knows."""
import random
import threading
import time
import unittest

from fleet import Fleet
from processes import wait_until

KILLS = 8


class Crashes(Fleet):
    def setUp(self):
        super().setUp()
        seed = random.randrange(1 << 32)
        print(f"{self.id().rpartition('.')[2]}: seed {seed}")
        self.random = random.Random(seed)
        self.lost = []

    def ledger(self) -> dict:
        return self.sluice.destinations()["one"]["ledger"]

    def written_ledger(self) -> dict:
        """One that is on disk: it is changed first and then written, one change after the other, so
        that another change means that this one was written."""
        ledger = self.ledger()
        wait_until(lambda: self.ledger() != ledger, "another change", every=0.002)
        return ledger

    def kill_and_start(self):
        """The ledger never goes back."""
        before = self.written_ledger()
        self.lost.append(self.kill())
        self.sluice.start()
        after = self.ledger()
        for number in ["appended", "acknowledged"]:
            self.assertGreaterEqual(after[number], before[number], number)
        self.assertEqual(after["dropped"], before["dropped"])

    def requests(self, receiver, count: int):
        """Whatever the moment: between requests, or in one."""
        start = receiver.requests
        wait_until(lambda: receiver.requests >= start + count, f"{count} more requests", every=0.001)

    def finish_and_check(self, receiver):
        self.pages(3)
        self.check(receiver, *self.lost, self.settle())
        self.check_ledger("one", receiver)

    def test_kills_in_steady_state_cost_nothing_that_was_appended(self):
        receiver = self.receiver()
        self.start({"one": receiver.url()})
        for _ in range(KILLS):
            self.pages(3)
            self.requests(receiver, self.random.randint(1, 4))
            self.kill_and_start()
        self.finish_and_check(receiver)

    def test_kills_in_an_outage_cost_nothing_that_was_appended(self):
        receiver = self.receiver()
        self.start({"one": receiver.url()})
        self.pages(3)
        receiver.stop()
        for _ in range(KILLS):
            self.pages(self.random.randint(3, 5))
            self.kill_and_start()
        receiver.start()
        self.finish_and_check(receiver)

    def test_kills_during_the_replay_cost_nothing_and_repeat_no_more_than_was_in_flight(self):
        receiver = self.receiver()
        self.start({"one": receiver.url()}, queue="max_samples_per_send: 100, max_shards: 4,",
                   timeout="60s")
        self.pages(3)
        receiver.stop()
        self.pages(15)
        # So many requests are answered before the next kill; the others wait for their turn, or for
        # the end of who sent them.
        turn, left, kills = threading.Condition(), 0, 0

        def slow(*_):
            nonlocal left
            with turn:
                kill = kills
                turn.wait(0.05)
                turn.wait_for(lambda: left > 0 or kills != kill, 60)
                if kills != kill:
                    return None
                left -= 1
                return 204

        receiver.answer = slow
        receiver.start()
        for _ in range(KILLS):
            goal = receiver.requests + self.random.randint(2, 6)
            with turn:
                left = goal - receiver.requests
                turn.notify_all()
            wait_until(lambda: receiver.requests >= goal, "more requests", every=0.001)
            self.kill_and_start()
            with turn:
                kills += 1
                turn.notify_all()
        self.assertGreater(self.ledger()["pending"], 0)
        receiver.answer = None
        with turn:
            kills += 1
            turn.notify_all()
        self.finish_and_check(receiver)
        # At most 4 requests, of one frame at least, are on their way at a kill, and what is
        # acknowledged while the process dies.
        frame = self.series_count + 6
        self.assertLess(receiver.duplicates, KILLS * 2 * 4 * (100 + frame))

    def test_sigterm_while_one_destination_hangs_and_one_is_dead_is_obeyed_within_5_seconds(self):
        hanging, dead = self.receiver(), self.receiver()
        # A short drain, so that what else takes time shows, and a busy machine may take some.
        self.start({"hanging": hanging.url(), "dead": dead.url()},
                   flags=("--storage.remote.flush-deadline=1s",))
        self.pages(3)
        release = threading.Event()
        hanging.answer = lambda *_: release.wait(60) and None
        dead.stop()
        self.pages(5)
        before = self.taken()
        started = time.monotonic()
        self.assertEqual(self.sluice.terminate(), 0)
        self.assertLess(time.monotonic() - started, 5)
        lost = self.since_its_end(before)
        release.set()
        hanging.answer = None
        dead.start()
        self.sluice.start()
        self.pages(3)
        under_way = self.settle()
        for name, receiver in {"hanging": hanging, "dead": dead}.items():
            self.check(receiver, lost, under_way)
            self.check_ledger(name, receiver)


if __name__ == "__main__":
    unittest.main()
