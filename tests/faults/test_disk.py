#!/usr/bin/env python3
"""The disk under the buffer is full, answers with errors, or loses its power."""
import unittest

from exporter import ChurningExporter
from fleet import REPORTED, Fleet
from machine import FailingDisk, LoopDisk, MemoryDisk, needs
from processes import wait_until

SYNC_SECONDS = 0.5


class OnDisk(Fleet):
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

    def held(self) -> float:
        return self.metric("sluice_buffer_held_bytes")

    def everything_is_stored(self) -> bool:
        bad = ["sluice_buffer_held_bytes", "sluice_buffer_disk_full", "sluice_buffer_disk_failing"]
        return all(self.metric(name) == 0 for name in bad)

    def check_stored(self, receiver):
        """Once the disk is well again, an outage and a kill -9 cost nothing."""
        wait_until(self.everything_is_stored, "everything is stored", 60)
        self.pages(3)
        receiver.stop()
        self.pages(5)
        killed = self.kill()
        receiver.start()
        self.sluice.start()
        self.pages(3)
        return killed


class BrokenDisk(OnDisk):
    @needs("mount")
    def test_a_full_disk_costs_nothing_while_its_destination_is_there(self):
        receiver = self.receiver()
        self.start_on(MemoryDisk(self.folder / "disk", 96), receiver)
        self.pages(5)
        self.disk.fill()
        wait_until(lambda: self.metric("sluice_buffer_disk_full") == 1, "the disk is full")
        arrived = receiver.requests
        self.pages(15)
        wait_until(lambda: receiver.requests > arrived + 5, "delivery goes on")
        self.assertEqual(self.lost(), 0)
        self.disk.free()
        killed = self.check_stored(receiver)
        self.check(receiver, killed, self.finish())

    @needs("mount")
    def test_what_a_full_disk_costs_in_an_outage_is_counted(self):
        receiver = self.receiver()
        self.start_on(MemoryDisk(self.folder / "disk", 96), receiver,
                      ("--storage.agent.max-held-bytes=32KiB",))
        self.pages(5)
        # What has not arrived yet may be among what is dropped.
        before = self.taken()
        self.sluice.wait_drained()
        receiver.stop()
        wait_until(lambda: self.disk.fill() or self.lost(), "samples that find no room are counted")
        self.pages(5)
        self.assertTrue(self.sluice.running())
        wait_until(lambda: all("disk" in target["lastError"] for target in self.sluice.targets()),
                   "the targets say so")
        self.disk.free()
        wait_until(self.everything_is_stored, "everything is stored", 60)
        full = self.since(before)
        lost = self.lost()
        self.pages(5)
        receiver.start()
        # For what memory holds, the oldest that the disk has may go.
        dropped = self.sluice.destinations()["one"]["ledger"]["dropped"]["budget"]
        under_way = self.finish()
        of_page = self.series_count + REPORTED
        absent = self.absent(receiver.exported())
        missed = sum(len(gone & during) for gone, during in zip(absent, full)) * of_page
        # Of a scrape that ran out of time, hardly anything is lost with its page.
        late = sum(len(self.timed_out(i)) for i in range(len(self.exporters))) * of_page
        # A request that was waiting when its frames were dropped arrives all the same.
        self.assertGreaterEqual(missed, lost)
        self.assertLessEqual(missed, lost + dropped + late)
        self.check(receiver, full, under_way)
        served = self.served() * (self.series_count + REPORTED)
        print(f"served {served} samples, refused {lost:.0f}, oldest dropped {dropped:.0f}")

    @needs("nbdkit", "nbdfuse", "losetup", "mkfs.ext4")
    def test_a_disk_with_errors_costs_nothing(self):
        receiver = self.receiver()
        # What was synced before the disk failed cannot be read meanwhile, so that it holds up what
        # comes after it: on a busy machine, delivery may be a second behind.
        self.start_on(FailingDisk(self.folder / "disk", 256), receiver,
                      ("--storage.agent.sync-interval=3s",))
        self.pages(5)
        self.disk.break_it()
        wait_until(lambda: self.metric("sluice_buffer_disk_failing") == 1, "the disk fails")
        arrived = receiver.requests
        self.pages(20)
        wait_until(lambda: receiver.requests > arrived + 5, "delivery goes on")
        wait_until(lambda: self.held() > 0, "something is held")
        self.assertEqual(self.lost(), 0)
        self.disk.mend()
        killed = self.check_stored(receiver)
        self.check(receiver, killed, self.finish())

    @needs("nbdkit", "nbdfuse", "losetup", "mkfs.ext4")
    def test_a_start_on_a_disk_that_cannot_be_read_is_refused_and_gives_nothing_up(self):
        receiver = self.receiver()
        self.start_on(FailingDisk(self.folder / "disk", 256), receiver, ())
        self.pages(3)
        receiver.stop()
        self.pages(5)
        killed = self.kill()
        for readable in [[], ["VERSION"], ["VERSION", "CURRENT", "MANIFEST*"]]:
            self.disk.break_reads(but=readable)
            before = len(self.sluice.log())
            self.sluice.start(wait=False)
            self.assertEqual(self.sluice.process.wait(timeout=120), 1)
            self.assertIn("see to the disk", self.sluice.log()[before:], f"with {readable}")
            self.disk.mend()
        self.sluice.start()
        receiver.start()
        self.pages(3)
        self.check(receiver, killed, self.settle())
        self.check_ledger("one", receiver)
        self.assertEqual(self.metric("sluice_buffer_damaged_records_total"), 0)

    def lose_power(self, kind: str):
        receiver = self.receiver()
        self.start_on(LoopDisk(self.folder / "disk", kind, 512), receiver,
                      (f"--storage.agent.sync-interval={SYNC_SECONDS * 1000:.0f}ms",))
        self.pages(5)
        receiver.stop()
        self.pages(15)
        synced = self.wait_synced()
        self.disk.cut_power()
        self.kill()
        lost = self.since_its_end(synced)
        self.disk.power_on()
        receiver.start()
        self.sluice.start()
        self.pages(5)
        under_way = self.finish()
        self.check(receiver, lost, under_way)
        missing = sum(map(len, self.missing(receiver.exported())))
        print(f"{kind}: {missing} of {sum(map(len, lost))} pages since the last sync are gone")

    def wait_synced(self) -> list[set]:
        """A sync that begins now, and its end; the pages that had been taken before."""
        taken = self.taken()
        # Each round begins with this, and ends with its sync.
        for round_begins in ["the round of the sync", "the one after it"]:
            before = self.metric("sluice_buffer_bytes")
            wait_until(lambda: self.metric("sluice_buffer_bytes") != before, round_begins, every=0.01)
        return taken

    @needs("xfs_io", "losetup", "mkfs.ext4")
    def test_a_power_cut_on_ext4_costs_at_most_the_sync_interval(self):
        self.lose_power("ext4")

    @needs("xfs_io", "losetup", "mkfs.xfs")
    def test_a_power_cut_on_xfs_costs_at_most_the_sync_interval(self):
        self.lose_power("xfs")


class BrokenBacklog(OnDisk):
    exporter = ChurningExporter
    exporter_count = 2

    @needs("nbdkit", "nbdfuse", "losetup", "mkfs.ext4")
    def test_a_backlog_that_cannot_be_read_for_a_while_is_no_damage(self):
        receiver = self.receiver()
        self.start_on(FailingDisk(self.folder / "disk", 256), receiver,
                      ("--storage.agent.max-bytes=8MiB",))
        self.pages(2)
        receiver.stop()
        wait_until(lambda: list(self.sluice.data_path.glob("*.sst")), "a file of records", 60)
        self.pages(3)
        self.disk.break_reads()
        receiver.start()
        wait_until(lambda: "buffer not readable" in self.sluice.log(), "it cannot be read")
        self.pages(5)
        self.disk.mend()
        self.check(receiver, self.settle())
        self.check_ledger("one", receiver)
        self.assertEqual(self.metric("sluice_buffer_damaged_records_total"), 0)


if __name__ == "__main__":
    unittest.main()
