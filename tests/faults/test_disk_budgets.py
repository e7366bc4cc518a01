#!/usr/bin/env python3
"""Destinations that are away for so long that what is kept for them is bounded, beside one that is
there: what they do not get is counted, to the sample."""
import unittest

from exporter import ChurningExporter
from fleet import Fleet
from processes import ledger_balance, wait_until


class Away(Fleet):
    def start_all(self, own: dict[str, str], flags=()):
        """Destinations that are away, and one that is there."""
        self.healthy = self.receiver()
        self.away = {name: self.receiver() for name in own}
        urls = {"healthy": self.healthy.url()} | {name: receiver.url()
                                                  for name, receiver in self.away.items()}
        for receiver in self.away.values():
            receiver.stop()
        self.start(urls, flags=flags, own=own)

    def fill(self):
        """Until all of them are full, and again after a kill -9; the pages that are under way."""
        for name in self.away:
            wait_until(lambda name=name: self.lost(name) > 0, f"{name} is full")
        killed = self.kill()
        self.sluice.start()
        before = {name: self.lost(name) for name in self.away}
        for name in self.away:
            wait_until(lambda name=name: self.lost(name) > before[name], f"{name} is full still")
        return killed

    def row(self, name: str) -> dict:
        row = self.sluice.destinations()[name]
        self.assertEqual(ledger_balance(row), 0)
        return row

    def lost(self, name: str) -> int:
        return sum(self.row(name)["ledger"]["dropped"].values())

    def check_lost(self, name: str, *excused: list[set]) -> list[set]:
        """What did not arrive is what was dropped, to the sample; the rest is whole and in order.
        The pages that are missing, of each exporter."""
        receiver, row = self.away[name], self.row(name)
        # A request that was on its way when its frames were dropped arrives all the same.
        arrived = receiver.count() - row["ledger"]["acknowledged"]
        absent = sum(len(set(samples) - set(receiver.samples.get(labels, ())))
                     for labels, samples in self.healthy.samples.items())
        self.assertGreater(absent, 0)
        self.assertEqual(absent, self.lost(name) - arrived)
        missing = self.missing(receiver.exported())
        self.check(receiver, [gone.union(*(pages[i] for pages in excused))
                              for i, gone in enumerate(missing)])
        print(f"{name}: {absent} samples absent, {arrived} more arrived late; of pages "
              f"{sum(map(len, missing))} of {self.served()}")
        return missing

    def reasons(self, name: str) -> set[str]:
        dropped = self.row(name)["ledger"]["dropped"]
        return {reason for reason, samples in dropped.items() if samples > 0}


class OwnBudgets(Away):
    exporter = ChurningExporter
    exporter_count = 2

    def test_what_is_over_a_budget_is_counted_and_the_others_get_everything(self):
        self.start_all({"oldest": "max_bytes: 1MiB, when_full: drop_oldest,",
                        "newest": "max_bytes: 1MiB, when_full: stop_accepting,"})
        killed = self.fill()
        for name in self.away:
            # The budget, what comes in a second, and an epoch.
            wait_until(lambda name=name: self.row(name)["disk"]["bytes"] < 3 << 20, "its budget")
            self.assertEqual(self.row(name)["disk"]["maxBytes"], 1 << 20)
        self.assertFalse(self.row("newest")["disk"]["accepting"])
        wait_until(lambda: self.metric("sluice_destination_accepting", 'remote_name="newest"') == 0,
                   "the metrics say so")
        for receiver in self.away.values():
            receiver.start()
        wait_until(lambda: self.row("newest")["disk"]["accepting"], "it accepts again")
        self.pages(5)
        under_way = self.settle()
        self.check_ledger("newest", self.away["newest"])
        self.check_ledger("healthy", self.healthy)
        self.check(self.healthy, killed, under_way)
        oldest = self.check_lost("oldest", killed, under_way)
        newest = self.check_lost("newest", killed, under_way)
        arrived = self.arrived(self.healthy.exported())
        for i, exporter in enumerate(self.exporters):
            self.assertIn(min(arrived[i]), oldest[i])
            self.assertNotIn(min(arrived[i]), newest[i])
            self.assertNotIn(max(exporter.pages.keys() - under_way[i]), oldest[i])
        self.assertEqual(self.reasons("oldest"), {"max_bytes"})
        self.assertEqual(self.reasons("newest"), {"not_accepted"})
        for name in self.away:
            row = self.row(name)
            self.assertEqual(sum(each["samples"] for each in row["lost"]), self.lost(name))


if __name__ == "__main__":
    unittest.main()
