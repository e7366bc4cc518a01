#!/usr/bin/env python3
"""What takes long says how far it is: the delivery of a backlog after a start, and the drain at a stop,
which a second signal ends."""
import os
import re
import signal
import subprocess
import unittest

from fleet import REPORTED, Fleet
from processes import SLUICE_BINARY, wait_until


class Progress(Fleet):
    exporter_count = 1
    series_count = 300

    def lines(self, text: str) -> list[str]:
        return [line for line in self.sluice.log().splitlines() if text in line]

    def wait_line(self, text: str) -> str:
        return wait_until(lambda: self.lines(text), text)[-1]

    def check_reading(self):
        """Reading the whole buffer says how far it is, on a terminal."""
        terminal, end = os.openpty()
        done = subprocess.run([SLUICE_BINARY, "buffer", "inspect", "--verify",
                               str(self.sluice.data_path)], stdout=subprocess.PIPE, stderr=end)
        os.close(end)
        shown = os.read(terminal, 100_000).decode()
        os.close(terminal)
        self.assertEqual(done.returncode, 0)
        self.assertRegex(shown, r"\x1b\[Kreading the buffer: \d+ %")
        self.assertNotIn(b"reading the buffer", done.stdout)
        self.assertIn(b"frames on disk", done.stdout)

    def test_a_replay_and_a_drain_say_how_far_they_are(self):
        receiver = self.receiver()
        # Slow enough to be told of: a replay that is over within 10 s is not.
        self.start({"r": receiver.url()}, flags=("--storage.remote.flush-deadline=60s",),
                   extra="rate_limit: {samples_per_second: 1500},",
                   queue="max_samples_per_send: 100,")
        receiver.stop()
        self.pages(70)
        self.sluice.kill()
        most = (self.exporters[0].page + 1) * (self.series_count + REPORTED)
        self.check_reading()
        receiver.start()
        # What comes from now on is little.
        self.sluice.write_config(self.sluice.config_path.read_text().replace(
            "scrape_interval: 200ms", "scrape_interval: 5s"))
        self.sluice.start()
        told = self.wait_line("delivering what was pending at the start")
        left = int(re.search(r"samples_left=(\d+)", told)[1])
        self.assertTrue(0 < left <= most, told)
        self.assertIn("remote_name=r", told)
        self.assertRegex(told, r"samples_per_second=[1-9]")
        self.assertRegex(told, r"time_left=\d+s")
        self.wait_line("what was pending at the start has been delivered")

        receiver.stop()
        # Nobody takes what is pending now.
        appended = self.sluice.destinations()["r"]["ledger"]["appended"]
        wait_until(lambda: self.sluice.destinations()["r"]["ledger"]["appended"] > appended, "samples")
        self.sluice.signal(signal.SIGTERM)
        self.assertRegex(self.wait_line("msg=draining"), r"samples_pending=[1-9]")
        self.assertTrue(self.sluice.running())
        self.sluice.signal(signal.SIGTERM)
        self.assertEqual(self.sluice.process.wait(timeout=30), 0)
        self.assertTrue(self.lines("asked to stop once more"))
        self.assertRegex(self.lines("stays in the buffer")[-1], r"samples_pending=[1-9]")


if __name__ == "__main__":
    unittest.main()
