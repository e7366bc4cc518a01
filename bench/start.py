#!/usr/bin/env python3
"""Starts on a log that waits for two destinations, of which one cannot be reached: seconds from the
start of the program until it is ready and until its first scrape, and memory a few seconds later. Takes
the sizes of the log in MiB; SLUICE_BINARY and LOG_FILLER are what is used.

    SLUICE_BINARY=build/release/agent/sluice LOG_FILLER=build/release/bench/log_filler bench/start.py 10240
"""
import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / "comparison"), str(HERE.parent / "tests" / "e2e")]
from exporter import Exporter  # noqa: E402
from processes import Sluice, free_port, http_get, memory_of, wait_until  # noqa: E402
from receiver import CountingReceiver  # noqa: E402

MIB = 1 << 20
LOG_FILLER = os.environ.get("LOG_FILLER", str(HERE.parent / "build/release/bench/log_filler"))
INTERVAL_MS = 100


def fill(data: pathlib.Path, size: int):
    free = shutil.disk_usage(data.parent).free
    if free < 2 * size:
        raise SystemExit(f"{data.parent}: {free / MIB:.0f} MiB free; {2 * size / MIB:.0f} are wanted")
    subprocess.run([LOG_FILLER, str(data), str(size), "near", "far"], check=True)


def make_cold(folder: pathlib.Path):
    """The kernel forgets what is in the files."""
    for path in folder.rglob("*"):
        if not path.is_file():
            continue
        descriptor = os.open(path, os.O_RDONLY)
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


class Bench:
    def __init__(self, size: int, folder: pathlib.Path, settle_s: float):
        self.size = size
        self.settle_s = settle_s
        self.folder = folder
        self.data = folder / "sluice-data"
        fill(self.data, size)
        self.receiver = CountingReceiver()
        self.exporter = Exporter(["a", "b"]).start()

    def stop(self):
        self.exporter.stop()
        self.receiver.stop()

    def start(self, is_cold: bool) -> dict[str, float]:
        if is_cold:
            make_cold(self.data)
        sluice = Sluice(self.folder, f"""
scrape_configs:
  - job_name: first
    scrape_interval: {INTERVAL_MS}ms
    scrape_timeout: {INTERVAL_MS}ms
    static_configs: [{{targets: ['{self.exporter.address()}']}}]
remote_write:
  - {{name: near, url: '{self.receiver.url}'}}
  - {{name: far, url: 'http://127.0.0.1:{free_port()}/'}}
""", (f"--storage.agent.max-bytes={4 * self.size}B",), data_path=self.data)
        page = self.exporter.page
        begin, begin_wall = time.monotonic(), time.time()
        sluice.start(wait=False)
        try:
            while http_get(sluice.ready_url, 1)[0] != 200:
                if not sluice.running():
                    raise SystemExit(sluice.log())
                time.sleep(0.002)
            ready = time.monotonic() - begin
            ready_peak = memory_of(sluice, "VmHWM")
            wait_until(lambda: page + 1 in self.exporter.served_at, "the first scrape")
            time.sleep(self.settle_s)
            pending = sluice.destinations()["far"]["pendingBytes"]
            return {"ready": ready,
                    "scrape": self.exporter.served_at[page + 1] - begin_wall,
                    "ready_peak": ready_peak / MIB,
                    "peak": memory_of(sluice, "VmHWM") / MIB,
                    "rss": memory_of(sluice, "VmRSS") / MIB,
                    "anon": memory_of(sluice, "RssAnon") / MIB,
                    "pending": pending / MIB}
        finally:
            sluice.cleanup()


def shown(rows: list[dict[str, float]], key: str, digits: int) -> str:
    values = [row[key] for row in rows]
    return (f"{statistics.median(values):.{digits}f} "
            f"({min(values):.{digits}f} to {max(values):.{digits}f})")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("mib", type=int, nargs="+")
    parser.add_argument("--starts", type=int, default=5, help="of each kind")
    parser.add_argument("--settle", type=float, default=3, help="seconds after which memory is read")
    options = parser.parse_args()
    print("| log, MiB | files | ready, s | first scrape, s | peak until ready, MiB | peak, MiB "
          "| then, MiB | of that, no file's |\n|---|---|---|---|---|---|---|---|")
    for mib in options.mib:
        with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder:
            bench = Bench(mib * MIB, pathlib.Path(folder), options.settle)
            try:
                for is_cold in (True, False):
                    rows = [bench.start(is_cold) for _ in range(options.starts)]
                    assert all(row["pending"] > 0.9 * mib for row in rows), rows
                    print(f"| {mib} | {'cold' if is_cold else 'cached'} | {shown(rows, 'ready', 2)} "
                          f"| {shown(rows, 'scrape', 2)} | {shown(rows, 'ready_peak', 0)} "
                          f"| {shown(rows, 'peak', 0)} | {shown(rows, 'rss', 0)} "
                          f"| {shown(rows, 'anon', 0)} |", flush=True)
            finally:
                bench.stop()


if __name__ == "__main__":
    main()
