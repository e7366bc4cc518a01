#!/usr/bin/env python3
"""The wall clock is stepped under a running agent: its own clock, through libfaketime, never the
machine's."""
import os
import pathlib
import unittest

from fleet import REPORTED, Fleet
from processes import wait_until

FAKETIME = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)


class Clock(Fleet):
    def setUp(self):
        super().setUp()
        self.steps = self.folder / "clock"
        self.step("+0")

    def step(self, offset: str):
        """Whole at any time: it may be read meanwhile."""
        aside = self.steps.with_suffix(".new")
        aside.write_text(offset)
        aside.replace(self.steps)
        for exporter in self.exporters:
            exporter.ahead = float(offset)

    def start(self, *arguments, **options):
        faked = {"LD_PRELOAD": str(FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(self.steps),
                 "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        os.environ.update(faked)
        try:
            super().start(*arguments, **options)
        finally:
            for name in faked:
                del os.environ[name]

    @unittest.skipIf(FAKETIME is None, "libfaketime is not installed")
    def test_a_clock_that_leaps_ahead_costs_nothing(self):
        receiver = self.receiver()
        self.start({"one": receiver.url()})
        self.pages(3)
        self.step("+3600")
        self.pages(5)
        receiver.stop()
        self.pages(3)
        self.step("+86400")
        self.pages(3)
        receiver.start()
        self.pages(3)
        self.check(receiver, self.settle())
        self.check_ledger("one", receiver)
        newest = max(max(samples) for samples in receiver.samples.values())
        oldest = min(min(samples) for samples in receiver.samples.values())
        self.assertGreater(newest - oldest, 80_000_000, "the clock of the agent was stepped")

    @unittest.skipIf(FAKETIME is None, "libfaketime is not installed")
    def test_a_host_that_knows_neither_time_nor_names_is_scraped_and_told_of(self):
        self.step("-1700000000")  # some decades ago
        self.start({"far": "http://metrics.invalid/write"}, extra="compression: snappy,")
        self.pages(5)
        self.wait_logged("the clock shows a time that cannot be")
        self.wait_logged("metrics.invalid", "destination fails")
        wait_until(lambda: {each["health"] for each in self.sluice.targets()} == {"up"}, "all are up")
        self.assertGreater(self.sluice.destinations()["far"]["ledger"]["pending"], 0)
        self.step("+0")
        self.wait_logged("the clock was set forward")
        self.pages(3)
        self.assertEqual(self.sluice.log().count("cannot be"), 1)

    def wait_logged(self, *words: str):
        wait_until(lambda: any(all(word in line for word in words)
                               for line in self.sluice.log().splitlines()), f"a line with {words}")

    @unittest.skipIf(FAKETIME is None, "libfaketime is not installed")
    def test_what_a_clock_that_leaps_back_costs_is_counted(self):
        receiver = self.receiver()
        self.start({"one": receiver.url()})
        self.step("+3600")
        self.pages(3)
        before = self.taken()
        self.step("+0")
        # Nobody takes samples that are older than what was sent. Scraping goes on meanwhile.
        self.pages(5)
        self.step("+3605")
        self.pages(1)  # what was under way has been taken, too
        after = self.taken()
        self.pages(5)
        under_way = self.settle()
        self.check_ledger("one", receiver)
        behind = [late - early for early, late in zip(before, after)]
        self.check(receiver, behind, under_way)
        missing = self.missing(receiver.exported())
        self.assertTrue(all(missing))
        least = sum(len(gone - late) for gone, late in zip(missing, under_way))
        # A scrape that ran out of time may have had no page at all, and is refused all the same.
        most = sum(map(len, self.absent(receiver.exported())))
        most += sum(len(self.timed_out(i)) for i in range(len(self.exporters)))
        refused = self.metric("prometheus_target_scrapes_sample_out_of_order_total")
        self.assertGreaterEqual(refused, least * (self.series_count + REPORTED))
        self.assertLessEqual(refused, most * (self.series_count + REPORTED))


if __name__ == "__main__":
    unittest.main()
