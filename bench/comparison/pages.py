"""Pages of exporters for the comparison: derived from two pages of a real node exporter, so that names,
labels, help texts and the share of values that change are those of the field."""
import dataclasses
import decimal
import gzip
import math
import pathlib
import random
import tempfile
import time

from processes import Program, free_port, http_get

PAGE_SERIES = "bench_page"  # on each page; the receiver counts pages by it


@dataclasses.dataclass
class Line:
    """One series: its text up to the value, its value, and what that grows by within five seconds."""
    series: str
    value: float
    growth: float

    def with_label(self, name: str, value: str) -> "Line":
        if self.series.endswith("}"):
            labeled = f'{self.series[:-1]},{name}="{value}"}}'
        else:
            labeled = f'{self.series}{{{name}="{value}"}}'
        return Line(labeled, self.value, self.growth)


@dataclasses.dataclass
class Family:
    comments: list[str]
    lines: list[Line]


def format_value(value: float) -> str:
    """As Go's client library writes it: the shortest digits, with an exponent from a million on."""
    if value == math.floor(value) and abs(value) < 1e6:
        return str(int(value))
    if abs(value) < 1e6:
        return repr(value)
    digits = "".join(map(str, decimal.Decimal(repr(value)).as_tuple().digits)).rstrip("0")
    point = "." + digits[1:] if len(digits) > 1 else ""
    return f"{'-' if value < 0 else ''}{digits[0]}{point}e+{int(math.log10(abs(value))):02d}"


def node_exporter_pages(seconds: float) -> tuple[str, str]:
    """Two pages of Debian's node exporter, that many seconds apart."""
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder:
        address = f"127.0.0.1:{free_port()}"
        exporter = Program("node-exporter", pathlib.Path(folder), [
            "prometheus-node-exporter", f"--web.listen-address={address}",
            "--collector.textfile.directory=/var/empty"], f"http://{address}/metrics").start()
        try:
            first = http_get(f"http://{address}/metrics")[1].decode()
            time.sleep(seconds)
            return first, http_get(f"http://{address}/metrics")[1].decode()
        finally:
            exporter.cleanup()


def families_of(first: str, second: str, seconds: float) -> list[Family]:
    later = dict(line.rpartition(" ")[::2] for line in second.splitlines()
                 if not line.startswith("#"))
    families = [Family([], [])]
    for text in first.splitlines():
        if text.startswith("#"):
            if families[-1].lines:
                families.append(Family([], []))
            families[-1].comments.append(text)
            continue
        series, _, value = text.rpartition(" ")
        growth = (float(later.get(series, value)) - float(value)) * 5 / seconds
        families[-1].lines.append(Line(series, float(value), growth if growth == growth else 0.0))
    return families


def grown_to(families: list[Family], series: int) -> list[Family]:
    """As many series as wanted, PAGE_SERIES included: the real ones again and again, told apart by a label."""
    real = sum(len(family.lines) for family in families)
    grown = []
    before = 0  # lines of the families before this one
    for family in families:
        # Of the last copy, only as many lines as are missing.
        lines = [line.with_label("copy", str(copy)) if copy else line
                 for copy in range(-(-(series - 1) // real))
                 for j, line in enumerate(family.lines) if copy * real + before + j < series - 1]
        before += len(family.lines)
        if lines:
            grown.append(Family(family.comments, lines))
    grown.append(Family([f"# HELP {PAGE_SERIES} On each page.", f"# TYPE {PAGE_SERIES} gauge"],
                        [Line(PAGE_SERIES, 1.0, 0.0)]))
    return grown


def write_page(families: list[Family], step: int, noise: random.Random, own: str = "",
               churned: int = 0) -> bytes:
    """The page of one point in time. `own`: a label value that no other target has. `churned`: as many
    series in a thousand are other ones at each step."""
    out = []
    number = 0
    for family in families:
        out += family.comments
        for line in family.lines:
            value = line.value
            if line.growth:
                # Counters go on by about as much; what was whole stays whole.
                value += line.growth * (step + 0.5 * noise.random())
                value = float(round(value)) if line.value == math.floor(line.value) \
                    else round(value, 2 if abs(line.value) > 1 else 9)
            shown = line
            if own:
                shown = shown.with_label("own", own)
            if churned and number % 1000 < churned and line.series != PAGE_SERIES:
                shown = shown.with_label("pod", f"pod-{step}-{number * 2654435761 % 2**32:08x}")
            number += 1
            out.append(f"{shown.series} {format_value(value)}")
    out.append("")
    return "\n".join(out).encode()


@dataclasses.dataclass
class Pages:
    """Of each stream, its pages one after the other, compressed as exporters do; a target takes the pages
    of stream (its number modulo the number of streams), from a place of its own on."""
    streams: list[list[bytes]]
    series: int
    bytes_of_text: int


def make_pages(families: list[Family], series: int, streams: int, steps: int, own: bool = False,
               churned: int = 0) -> Pages:
    grown = grown_to(families, series)
    made = []
    size = 0
    for stream in range(streams):
        noise = random.Random(stream)
        texts = [write_page(grown, step, noise, f"host-{stream:05d}" if own else "", churned)
                 for step in range(steps)]
        size = len(texts[0])
        made.append([gzip.compress(text, 5, mtime=0) for text in texts])
    return Pages(made, series, size)
