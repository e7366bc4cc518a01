"""Compares what a destination holds with what an exporter served."""
import datetime
import json
import pathlib
import struct

from exporter import Exporter, value_of


def series_key(text: str) -> tuple:
    """`name{a="b",c="d"}` -> sorted label pairs. Values without quotes or commas inside."""
    name, _, rest = text.partition("{")
    pairs = [("__name__", name)]
    for pair in rest.rstrip("}").split(","):
        if pair:
            label, _, value = pair.partition("=")
            pairs.append((label, value.strip('"')))
    return tuple(sorted(pairs))


def without(key: tuple, names: set) -> tuple:
    return tuple(pair for pair in key if pair[0] not in names)


def same(left: float, right: float, relative_error: float) -> bool:
    """To the bit, unless an error is allowed."""
    if struct.pack("<d", left) == struct.pack("<d", right):
        return True
    return abs(left - right) <= relative_error * abs(right)


class Delivered:
    """The samples of one target as a destination has them."""

    def __init__(self, exported: dict, job: str, target_labels: set):
        self.series = {}
        self.duplicates = 0
        for key, samples in exported.items():
            if dict(key).get("job") != job:
                continue
            self.series[without(key, target_labels)] = self.deduplicated(key, samples)

    def deduplicated(self, key, samples) -> dict[int, float | None]:
        by_time = {}
        for time_ms, value in samples:
            if time_ms in by_time:
                self.duplicates += 1
                if by_time[time_ms] != value:
                    raise AssertionError(f"{key}: two values at {time_ms}: "
                                         f"{by_time[time_ms]} and {value}")
            by_time[time_ms] = value
        return by_time

    def pages(self) -> dict[int, int]:
        """Number of a page -> timestamp, of all pages that arrived."""
        samples = self.series.get((("__name__", "served_page"),), {})
        return {int(value): time_ms for time_ms, value in samples.items() if value is not None}

    def failed(self) -> list[int]:
        """Timestamps of the scrapes that failed."""
        samples = self.series.get((("__name__", "up"),), {})
        return sorted(time_ms for time_ms, value in samples.items() if value == 0)

    def stale_times(self, series: str) -> list[int]:
        """Of the markers that no failed scrape explains."""
        samples = self.series.get(series_key(series), {})
        failed = set(self.failed())
        return [time_ms for time_ms, value in samples.items()
                if value is None and time_ms not in failed]


def timed_out(log: pathlib.Path, job: str) -> list[float]:
    """Of a scrape_failure_log_file: when scrapes ended for lack of time, in seconds."""
    ends = []
    for line in log.read_text().splitlines() if log.exists() else []:
        row = json.loads(line)
        if row["job_name"] == job and row["msg"].endswith("context deadline exceeded"):
            time = datetime.datetime.fromisoformat(row["time"].replace("Z", "+00:00"))
            ends.append(time.timestamp())
    return ends


def not_taken(exporter: Exporter, pages: dict[int, int], timed_out_at: list[float]) -> set[int]:
    """Pages, not among `pages`, that were served to scrapes that ran out of time: on a busy machine
    those may that have 200 ms. Each such scrape explains one page that was the last one of its
    connection, however long either side took to come to it."""
    ends, found = sorted(timed_out_at), set()
    for page in sorted(exporter.pages.keys() - pages.keys() - exporter.taken):
        at = exporter.served_at[page]
        end = next((end for end in ends if abs(at - end) < 60), None)
        if end is not None:
            ends.remove(end)
            found.add(page)
    return found


def check_complete(exporter: Exporter, delivered: Delivered, may_miss: set[int],
                   relative_error: float = 0, timed_out_at: list[float] = ()) -> list[str]:
    """Everything that is wrong: pages that are missing, values that differ, samples too many.

    `may_miss`: pages that were under way when a process was killed. `relative_error`: of a
    destination that does not keep doubles as they are. `timed_out_at`: see timed_out().
    """
    problems = []
    pages = delivered.pages()
    may_miss = may_miss | not_taken(exporter, pages, timed_out_at)
    for page, names in list(exporter.pages.items()):
        if page not in pages:
            if page not in may_miss:
                problems.append(f"page {page} is missing")
            continue
        for name in names:
            samples = delivered.series.get(series_key(name), {})
            value = samples.get(pages[page])
            if value is None or not same(value, value_of(name, page),
                                             relative_error):
                problems.append(f"page {page}: {name}: {value} instead of {value_of(name, page)}")
    served_at = {time_ms: page for page, time_ms in pages.items()}
    for key, samples in delivered.series.items():
        name = dict(key)["__name__"]
        if name == "up" or name.startswith("scrape_") or name == "served_page":
            continue
        on_page = {served_at[t] for t, value in samples.items()
                   if value is not None and t in served_at}
        strays = [t for t, value in samples.items() if value is not None and t not in served_at]
        if strays:
            problems.append(f"{key}: samples at {strays[:3]} belong to no page")
        for page in on_page:
            if key not in {series_key(series) for series in exporter.pages[page]}:
                problems.append(f"{key}: a sample at page {page}, which did not have it")
    return problems
