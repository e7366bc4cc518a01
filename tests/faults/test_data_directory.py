#!/usr/bin/env python3
"""The data directory is damaged, in use, or not ours to use: what can be delivered is, and what
cannot is counted and named."""
import pathlib
import random
import re
import shutil
import subprocess
import unittest

from exporter import ChurningExporter
from fleet import Fleet
from processes import SLUICE_BINARY, free_port, wait_until


def flip_bit(path: pathlib.Path, at: int):
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def cut_short(path: pathlib.Path, at: int):
    with open(path, "rb+") as file:
        file.truncate(at)


class DataDirectory(Fleet):
    exporter_count = 2

    def second(self, data_path: pathlib.Path) -> subprocess.CompletedProcess:
        """Another agent, which is expected not to start."""
        return subprocess.run(
            [SLUICE_BINARY, f"--config.file={self.sluice.config_path}",
             f"--storage.agent.path={data_path}", f"--web.listen-address=127.0.0.1:{free_port()}"],
            capture_output=True, text=True, timeout=120, check=False)

    def test_a_second_process_is_refused_and_does_not_touch_the_first(self):
        receiver = self.receiver()
        self.start({"one": receiver.url()})
        self.pages(2)
        refused = self.second(self.sluice.data_path)
        self.assertEqual(refused.returncode, 1)
        self.assertIn(f"buffer directory {self.sluice.data_path}: in use by another process",
                      refused.stderr)
        self.pages(3)
        self.check(receiver, self.settle())
        self.check_ledger("one", receiver)

    def test_a_directory_of_a_newer_version_is_refused_and_left_as_it_is(self):
        receiver = self.receiver()
        self.start({"one": receiver.url()})
        self.pages(2)
        lost = self.finish()
        version = self.sluice.data_path / "VERSION"
        ours = version.read_text()
        version.write_text("sluice-buffer 999\n")
        files = {path.name: path.stat().st_mtime_ns for path in self.sluice.data_path.iterdir()}
        refused = self.second(self.sluice.data_path)
        self.assertEqual(refused.returncode, 2)
        self.assertIn("written by a newer version (format 999, this program knows up to "
                      f"{ours.split()[1]}); upgrade, or use another directory", refused.stderr)
        self.assertEqual(files, {path.name: path.stat().st_mtime_ns
                                 for path in self.sluice.data_path.iterdir()})
        version.write_text(ours)
        self.sluice.start()
        self.pages(3)
        self.check(receiver, lost, self.settle())
        self.check_ledger("one", receiver)


class DamagedFiles(Fleet):
    """A backlog in several files is damaged in one place, again and again from the start. Each time
    the agent starts without targets and delivers what there is."""

    exporter = ChurningExporter
    exporter_count = 2
    rounds = 3

    def make_backlog(self):
        self.receiver_of_all = self.receiver()
        # The least size of the files.
        self.start({"one": self.receiver_of_all.url()}, flags=("--storage.agent.max-bytes=8MiB",))
        self.pages(2)
        self.receiver_of_all.stop()
        self.data = self.sluice.data_path
        wait_until(lambda: list(self.data.glob("*.sst")), "a file of records", 60)
        # And something in the write-ahead log besides.
        self.pages(10)
        self.sluice.kill()
        shutil.copytree(self.data, self.folder / "whole")
        config = self.sluice.config_path.read_text()
        self.sluice.write_config(config[config.index("remote_write:"):])
        self.appended = self.count_appended()
        self.delivered_before = self.receiver_of_all.exported()
        self.receiver_of_all.start()

    def count_appended(self) -> int:
        listed = subprocess.run([SLUICE_BINARY, "buffer", "inspect", str(self.data)],
                                capture_output=True, text=True, check=True).stdout
        return int(re.search(r"appended +(\d+) samples", listed).group(1))

    def restore(self):
        self.sluice.cleanup()
        shutil.rmtree(self.data)
        shutil.copytree(self.folder / "whole", self.data)
        self.sluice.log_path.unlink(missing_ok=True)
        receiver = self.receiver_of_all
        receiver.samples = {key: dict(samples) for key, samples in self.delivered_before.items()}
        receiver.newest = {key: samples[-1][0] for key, samples in self.delivered_before.items()}

    def deliver(self) -> tuple[int, int]:
        """Delivers what there is. Of the samples that had been appended: how many were dropped and
        counted as damaged, and how many the log does not know any more."""
        self.sluice.start()
        wait_until(lambda: self.sluice.destinations()["one"]["ledger"]["pending"] == 0, "delivered")
        self.check_ledger("one", self.receiver_of_all)
        ledger = self.sluice.destinations()["one"]["ledger"]
        damaged = ledger["dropped"]["damaged"]
        self.assertEqual(sum(ledger["dropped"].values()), damaged)
        self.assertEqual(self.receiver_of_all.out_of_order, 0)
        exported = self.receiver_of_all.exported()
        # Nothing but whole pages as they were served.
        self.check_exported(exported, self.missing(exported))
        if damaged > 0:
            self.assertRegex(self.sluice.log(), 'msg="buffer: damaged records skipped" .*first=')
        self.counted = self.metric("sluice_buffer_damaged_records_total")
        self.assertEqual(self.sluice.terminate(), 0)
        return damaged, self.appended - ledger["appended"]

    def damage(self, pattern: str, what):
        """In each round `what` is done to a file."""
        for _ in range(self.rounds):
            self.restore()
            paths = sorted(self.data.glob(pattern))
            path = self.random.choice(paths)
            size = path.stat().st_size
            at = self.random.randrange(size)
            what(path, at)
            with self.subTest(file=path.name, at=at, what=what.__name__):
                damaged, forgotten = self.deliver()
                print(f"{path.name}, {what.__name__} {at} of {size}: {damaged} samples damaged, "
                      f"{forgotten} forgotten, of {self.appended}")
                # The newest file has the newest account of what is pending.
                if path != paths[-1]:
                    self.assertEqual(forgotten, 0)
                # A write-ahead log that ends early is what a power cut leaves.
                if damaged + forgotten > 0 and (pattern, what) != ("*.log", cut_short):
                    self.assertGreater(self.counted, 0)
                    named = path.name if pattern == "*.log" else "damaged records skipped"
                    self.assertIn(named, self.sluice.log())

    def test_damage_costs_what_is_counted_and_named_and_the_rest_arrives(self):
        seed = random.randrange(1 << 32)
        print(f"seed {seed}")
        self.random = random.Random(seed)
        self.make_backlog()
        self.restore()
        self.assertEqual(self.deliver(), (0, 0))
        for pattern in ["*.sst", "*.log"]:
            for what in [flip_bit, cut_short]:
                self.damage(pattern, what)


if __name__ == "__main__":
    unittest.main()
