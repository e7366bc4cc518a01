#!/usr/bin/env python3
"""One target with a page of more and more series: seconds and memory of its first scrape and of the
scrapes after it. Takes the counts of series as arguments; SLUICE_BINARY is what is measured. With
--send what was scraped is also delivered, to bench/comparison's receiver.

    SLUICE_BINARY=build/release/agent/sluice bench/large_page.py 100000 1500000 5000000
"""
import argparse
import contextlib
import pathlib
import statistics
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / "comparison"), str(HERE.parent / "tests" / "e2e")]
from exporter import Exporter  # noqa: E402
from processes import Sluice, forget_peak, memory_of  # noqa: E402
from receiver import CountingReceiver  # noqa: E402

MIB = 1 << 20
SCRAPES = 7


def pieces_of(series: int) -> list[bytes]:
    """About 128 bytes for each series, all with the value 1."""
    made = []
    for start in range(0, series, 5000):
        made.append(b"".join(
            b'container_network_receive_bytes_total{namespace="team-%d",pod="service-%d-%05d",'
            b'interface="eth%d",image="registry/service:%d"} 1\n'
            % (i % 97, i // 40, i * 7919 % 99991, i % 40, i // 400)
            for i in range(start, min(start + 5000, series))))
    return made


class Measurement:
    """Of each scrape: seconds, and bytes of memory before it, at its peak and after it. `most`: the
    most at any time."""

    def __init__(self, series: int, folder: pathlib.Path, url: str | None):
        self.pieces = pieces_of(series)
        self.begins = []
        self.rows = []
        self.most = 0
        exporter = Exporter([]).start()
        exporter.custom = self.answer
        self.sluice = Sluice(folder, f"""
scrape_configs:
  - job_name: large
    scrape_interval: {max(500, series // 75)}ms
    scrape_timeout: {max(500, series // 75)}ms
    static_configs: [{{targets: ['{exporter.address()}']}}]
""" + (f"remote_write: [{{url: '{url}'}}]\n" if url else ""), ("--scrape.max-body-size=4GiB",))
        try:
            self.sluice.start()  # only now: the first scrape may be answered before it returns
            self.run()
        finally:
            self.sluice.cleanup()
            exporter.stop()

    def answer(self, handler):
        forget_peak(self.sluice)
        value = b" %d\n" % (len(self.begins) % 10)
        self.begins.append(memory_of(self.sluice, "VmRSS"))
        handler.send_response(200)
        handler.send_header("Content-Type", "text/plain")
        handler.send_header("Content-Length", str(sum(len(piece) for piece in self.pieces)))
        handler.end_headers()
        for piece in self.pieces:
            handler.wfile.write(piece.replace(b" 1\n", value))

    def run(self):
        last = None
        while len(self.rows) < SCRAPES:
            time.sleep(0.05)
            self.most = max(self.most, memory_of(self.sluice, "VmHWM"))
            target = self.sluice.targets()[0]
            if target["lastScrape"] == last or target["health"] == "unknown":
                continue
            last = target["lastScrape"]
            if target["lastError"].endswith("context deadline exceeded"):
                continue  # a busy machine; there will be another one
            if target["health"] != "up":
                raise SystemExit(f"the scrape failed: {target['lastError']}")
            peak, after = memory_of(self.sluice, "VmHWM"), memory_of(self.sluice, "VmRSS")
            self.rows.append((target["lastScrapeDuration"], self.begins[-1], peak, after))


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("series", type=int, nargs="*", default=[100_000, 1_500_000])
    parser.add_argument("--send", action="store_true")
    options = parser.parse_args()
    print("|   series | body, MiB | first, s | first peak, MiB | kept, MiB "
          "| next, s (spread) | next peak, MiB more | most, MiB |\n|---|---|---|---|---|---|---|---|")
    for series in options.series:
        with contextlib.ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="sluice-bench-"))
            receiver = CountingReceiver() if options.send else None
            if receiver:
                stack.callback(receiver.stop)
            measured = Measurement(series, pathlib.Path(folder), receiver.url if receiver else None)
        first, *rest = measured.rows
        seconds = sorted(row[0] for row in rest)
        growth = max(peak - before for _, before, peak, _ in rest)
        size = sum(len(piece) for piece in measured.pieces)
        print(f"| {series:8} | {size / MIB:.0f} | {first[0]:.2f} | {first[2] / MIB:.0f} "
              f"| {rest[-1][3] / MIB:.0f} | {statistics.median(seconds):.3f} "
              f"({seconds[0]:.3f} to {seconds[-1]:.3f}) | {growth / MIB:.1f} "
              f"| {measured.most / MIB:.0f} |", flush=True)


if __name__ == "__main__":
    main()
