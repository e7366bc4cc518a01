#!/usr/bin/env python3
"""Pages far larger than the memory that they may take: a scrape needs space for the series of its
target, not for the bytes of a body."""
import pathlib
import shutil
import tempfile
import unittest
import zlib

from exporter import Exporter
from processes import SLUICE_BINARY, Sluice, forget_peak, memory_of, wait_until

MIB = 1 << 20

# What a scrape may take on top of what is there before it: buffers of the transfer, and the columns
# of a frame of so many series, some of them twice.
SLACK = 16 * MIB
FRAME_BYTES_PER_SERIES = 32

# What 1.5 million series may take in their first scrape.
FIRST_PAGE = 260 * MIB

# A compressed MiB of comments that may follow itself any number of times.
COMMENTS = b"# This is a comment of some length, and nothing else.\n" * 20_000


def send(handler, pieces, headers=()):
    handler.send_response(200)
    handler.send_header("Content-Type", "text/plain; version=0.0.4")
    for name, value in headers:
        handler.send_header(name, value)
    handler.end_headers()
    handler.close_connection = True
    try:
        for piece in pieces:
            handler.wfile.write(piece)
    except OSError:
        pass  # cut off


def gzip_without_end():
    """Compresses one piece and repeats it: the other side has to stop."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, 31)
    yield compressor.compress(COMMENTS) + compressor.flush(zlib.Z_FULL_FLUSH)
    piece = compressor.compress(COMMENTS) + compressor.flush(zlib.Z_FULL_FLUSH)
    while True:
        yield piece


class LargePages(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-e2e-"))
        self.exporter = Exporter([]).start()
        self.pages = []  # functions (handler): the answers, in order; the last one again and again
        # Sanitizers keep what was freed, so that a peak says nothing.
        self.measures = not any(kind in SLUICE_BINARY for kind in ["asan", "tsan"])
        # Of each: [bytes of memory when it began, its peak or None yet]. One that ran out of time, as
        # it may on a busy machine, does not count.
        self.scrapes = []
        self.late = 0
        self.exporter.custom = self.answer

    def tearDown(self):
        self.sluice.cleanup()
        self.exporter.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def answer(self, handler):
        if self.scrapes and self.ran_out_of_time():
            self.scrapes.pop()
            self.late += 1
        elif self.scrapes:
            self.scrapes[-1][1] = memory_of(self.sluice, "VmHWM")
        page = self.pages[min(len(self.scrapes), len(self.pages) - 1)]
        forget_peak(self.sluice)
        self.scrapes.append([memory_of(self.sluice, "VmRSS"), None])
        page(handler)

    def start(self, interval: str, more: str = ""):
        self.sluice = Sluice(self.folder, f"""
scrape_configs:
  - job_name: large
    scrape_interval: {interval}
    scrape_timeout: {interval}
    {more}
    static_configs: [{{targets: ['{self.exporter.address()}']}}]
""")
        self.sluice.start()

    def ended(self) -> int:
        return sum(int(line.split()[-1]) for line in self.sluice.metrics().splitlines()
                   if line.startswith("sluice_scrapes_total{"))

    def growth(self, scrape: int) -> int:
        """How far the memory grew in this scrape, from its begin to its peak."""
        wait_until(lambda: self.ended() - self.late > scrape and not self.ran_out_of_time(),
                   f"scrape {scrape}", 240)
        before, peak = self.scrapes[scrape]
        return (peak or memory_of(self.sluice, "VmHWM")) - before

    def check_growth(self, scrape: int, limit: int, what: str):
        growth = self.growth(scrape)
        print(f"{what}: {growth / MIB:.1f} MiB more, {limit / MIB:.0f} allowed")
        if self.measures:
            self.assertLess(growth, limit, what)

    def target(self) -> dict:
        return self.sluice.targets()[0]

    def ran_out_of_time(self) -> bool:
        return self.target()["lastError"].endswith("context deadline exceeded")

    def test_a_known_page_takes_no_more_than_a_frame(self):
        series, digit = (1_500_000 if self.measures else 100_000), b" 1\n"
        lines = [b'container_network_receive_bytes_total{namespace="team-%d",pod="service-%d-%05d",'
                 b'interface="eth%d",image="registry/service:%d"} 1\n'
                 % (i % 97, i // 40, i * 7919 % 99991, i % 40, i // 400) for i in range(series)]
        pieces = [b"".join(lines[at:at + 5000]) for at in range(0, series, 5000)]
        size = sum(len(piece) for piece in pieces)
        del lines
        self.pages = [lambda handler, n=n: send(handler, (
            piece.replace(digit, b" %d\n" % n) for piece in pieces)) for n in range(1, 4)]
        self.start("20s")
        first = self.growth(0)
        print(f"{series} series in {size / MIB:.0f} MiB: {first / series:.0f} bytes of memory each "
              "at the peak of the first scrape")
        if self.measures:
            self.assertGreater(size, 190 * MIB)
        self.check_growth(0, FIRST_PAGE, f"{size / MIB:.0f} MiB of series never seen")
        self.check_growth(1, SLACK + series * FRAME_BYTES_PER_SERIES, f"{size / MIB:.0f} MiB again")
        self.assertEqual(self.target()["health"], "up", self.target()["lastError"])

    def test_what_is_no_series_takes_no_space(self):
        series, digits = 2_000, b"0" * 100_000
        lines = [b'a{i="%d"} ' % i for i in range(series)]
        comments = [COMMENTS] * (100 * MIB // len(COMMENTS))
        blanks, blank_lines = b" " * 20_000, b"\n" * 30_000
        help_text = b"# HELP a " + b"x" * 40_000 + b"\n"
        metadata = b"# HELP b Some text.\n# TYPE b gauge\n" * 1_000
        self.pages = [
            lambda handler: send(handler, (line + b"1\n" for line in lines)),
            lambda handler: send(handler, (line + b"2." + digits + b"\n" for line in lines)),
            lambda handler: send(handler, comments + [
                blank_lines + line + b"3" + blanks + b"\n" for line in lines]),
            lambda handler: send(handler, (
                help_text + metadata + line + blanks + b"4\n" for line in lines))]
        self.start("10s")
        for scrape, what in enumerate(["digits", "comments, blank lines and blanks",
                                       "metadata and blanks before values"], 1):
            self.check_growth(scrape, SLACK, f"200 MiB of {what}")
            self.assertEqual(self.target()["health"], "up", self.target()["lastError"])

    def test_a_body_without_end_is_cut_off_at_its_limit(self):
        for page in [lambda: [b"a 1\n"], gzip_without_end]:
            headers = [] if page is not gzip_without_end else [("Content-Encoding", "gzip")]
            self.pages.append(lambda handler, p=page, h=headers: send(handler, p(), h))
        self.start("5s", "body_size_limit: 200MB")
        self.check_growth(1, SLACK, "gzip without end")
        self.assertEqual(self.target()["lastError"], "body size limit exceeded")


if __name__ == "__main__":
    unittest.main()
