#!/usr/bin/env python3
"""The disk under the buffer is full, or loses its power."""
import time
import unittest

from fleet import REPORTED, Fleet
from machine import LoopDisk, MemoryDisk, needs
from processes import wait_until

SYNC_SECONDS = 0.5


class BrokenDisk(Fleet):
    disk = None

    def tearDown(self):
        super().tearDown()
        if self.disk is not None:
            self.disk.close()

    def start_on(self, disk, receiver, flags=()):
        self.disk = disk
        self.start({"one": receiver.url()}, flags=flags, data_path=disk.path / "data")

    def lost(self) -> float:
        return self.metric("sluice_scrape_samples_dropped_total", 'reason="append_failed"')

    def loses_nothing(self) -> bool:
        lost = self.lost()
        self.pages(3)
        return self.lost() == lost

    def check_reason(self, words: str):
        """Every target says why its samples are not kept."""
        for target in self.sluice.targets():
            self.assertIn(words, target["lastError"])

    def check_counted(self, receiver, lost: float, broken: list[set], under_way: list[set]):
        """Of the pages of the broken time as many are missing as were counted."""
        missing = self.missing(receiver.exported())
        pages = sum(len(gone & during) for gone, during in zip(missing, broken))
        self.assertEqual(pages * (self.series_count + REPORTED), lost)
        self.check(receiver, broken, under_way)
        served = sum(self.served()) * (self.series_count + REPORTED)
        print(f"served {served} samples, lost and counted {lost:.0f}")

    @needs("mount")
    def test_a_full_disk_is_survived_and_what_it_costs_is_counted(self):
        receiver = self.receiver()
        self.start_on(MemoryDisk(self.folder / "disk", 96), receiver)
        self.pages(5)
        before = self.served()
        filler = self.disk.fill()
        self.pages(15)
        self.assertTrue(self.sluice.running())
        self.check_reason("disk")
        wait_until(self.lost, "samples that find no room are counted")
        filler.unlink()
        wait_until(self.loses_nothing, "everything is stored again", 60)
        full = self.since(before)
        lost = self.lost()
        self.pages(5)
        self.check_counted(receiver, lost, full, self.finish())

    def lose_power(self, kind: str):
        receiver = self.receiver()
        self.start_on(LoopDisk(self.folder / "disk", kind, 512), receiver,
                      (f"--storage.agent.sync-interval={SYNC_SECONDS * 1000:.0f}ms",))
        self.pages(5)
        receiver.stop()
        self.pages(15)
        # One interval without a sync, and the time that the sync before may have taken.
        unsynced_from = time.time() - 2 * SYNC_SECONDS
        self.disk.cut_power()
        self.kill()
        lost = self.since_time(unsynced_from)
        self.disk.power_on()
        receiver.start()
        self.sluice.start()
        self.pages(5)
        under_way = self.finish()
        self.check(receiver, lost, under_way)
        missing = sum(map(len, self.missing(receiver.exported())))
        print(f"{kind}: {missing} of {sum(map(len, lost))} pages of the last "
              f"{2 * SYNC_SECONDS} s are gone")

    @needs("xfs_io", "losetup", "mkfs.ext4")
    def test_a_power_cut_on_ext4_costs_at_most_the_sync_interval(self):
        self.lose_power("ext4")

    @needs("xfs_io", "losetup", "mkfs.xfs")
    def test_a_power_cut_on_xfs_costs_at_most_the_sync_interval(self):
        self.lose_power("xfs")


if __name__ == "__main__":
    unittest.main()
