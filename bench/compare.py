#!/usr/bin/env python3
"""Sluice beside Debian's vmagent and Debian's Prometheus in agent mode, on the same work, one after the
other: a fleet of exporters on loopback addresses, and a receiver that counts. bench/README.md says what
the columns mean, and has the figures of our machine.

    bench/compare                       # builds what it needs, three rounds of everything
    bench/compare --scenarios like --agents sluice,vmagent --rounds 1
"""
import argparse
import dataclasses
import json
import pathlib
import statistics
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / "comparison"), str(HERE.parent / "tests" / "e2e")]
from agents import AGENTS, scrape_config  # noqa: E402
from fleet import Fleet  # noqa: E402
from pages import families_of, make_pages, node_exporter_pages  # noqa: E402
from receiver import CountingReceiver  # noqa: E402

MIB = 1 << 20
US = 1e6


@dataclasses.dataclass
class Scenario:
    """What is scraped, and for how many seconds what is done."""
    says: str
    targets: int = 500
    series: int = 1000
    interval_s: float = 5
    streams: int = 16
    steps: int = 12
    own: bool = False       # no two targets share a series
    churned: int = 0        # series in a thousand that are new on each page
    receivers: int = 1
    warm_s: float = 20
    window_s: float = 30
    outage_s: float = 0     # then it has to catch up while scraping goes on
    backlog_s: float = 0    # then it has to catch up with nothing else to do


SCENARIOS = {
    "like": Scenario("500 targets of 1,000 series, all with the same", outage_s=15, backlog_s=100),
    "two": Scenario("the same, to two destinations", receivers=2, outage_s=15),
    "own": Scenario("500 targets of 1,000 series that no two share", own=True, streams=500, steps=6),
    "churn": Scenario("the same as like; 1 % of the series are new on each page", churned=10, steps=24),
    "large": Scenario("5 targets of 100,000 series", targets=5, series=100_000, streams=5, steps=6),
    "large_churn": Scenario("the same; 1 % of the series are new on each page", targets=5,
                            series=100_000, streams=5, churned=10, steps=24),
    "small": Scenario("5,000 targets of 20 series", targets=5000, series=20),
}


class Run:
    """One agent, one scenario, once."""

    def __init__(self, agent_class, scenario: Scenario, pages, folder: pathlib.Path):
        self.scenario = scenario
        self.fleet = Fleet(pages, scenario.targets)
        self.receivers = [CountingReceiver() for _ in range(scenario.receivers)]
        config = scrape_config(self.fleet.addresses(), scenario.interval_s)
        self.agent = agent_class(folder, config, [each.url for each in self.receivers])
        self.usual_lag = 0  # pages that were served and have not arrived, while all is well
        self.result = {}

    def measure(self) -> dict:
        try:
            self.agent.start()
            time.sleep(self.scenario.warm_s)
            self.steady()
            if self.scenario.outage_s:
                self.outage()
            if self.scenario.backlog_s:
                self.backlog()
            self.settle()
            return self.result
        finally:
            self.agent.cleanup()
            self.fleet.stop()
            for receiver in self.receivers:
                receiver.stop()

    def missing(self) -> int:
        """Pages that were served and are not at every receiver."""
        served = self.fleet.served()
        return served - min(receiver.stats()["distinctPages"] for receiver in self.receivers)

    def steady(self):
        self.fleet.watch_lag()
        before, cpu = [receiver.stats() for receiver in self.receivers], self.agent.cpu_seconds()
        end = time.monotonic() + self.scenario.window_s
        while time.monotonic() < end:
            time.sleep(0.25)
            self.usual_lag = max(self.usual_lag, self.missing())
        cpu = self.agent.cpu_seconds() - cpu
        self.cpu_rate = cpu / self.scenario.window_s
        after = [receiver.stats() for receiver in self.receivers]
        arrived = samples_between(before[0], after[0])
        requests = max(1, after[0]["requests"] - before[0]["requests"])
        self.result["cpu_us"] = cpu / arrived * US
        self.result["memory_mib"] = self.agent.memory_bytes() / MIB
        self.result["wire_bytes"] = (after[0]["wireBytes"] - before[0]["wireBytes"]) / arrived
        self.result["request_samples"] = arrived / requests
        lag = self.fleet.lag(self.scenario.interval_s) or [0]
        self.result["lag_p99_ms"] = 1000 * lag[len(lag) * 99 // 100]

    def cut_off(self, seconds: float) -> float:
        """An outage; the bytes that a sample takes on disk."""
        disk, served = self.agent.disk_bytes(), self.fleet.served()
        for receiver in self.receivers:
            receiver.down()
        time.sleep(seconds)
        samples = (self.fleet.served() - served) * self.scenario.series
        return max(0, self.agent.disk_bytes() - disk) / max(1, samples)

    def restore(self):
        for receiver in self.receivers:
            receiver.up()

    def outage(self):
        self.cut_off(self.scenario.outage_s)
        cpu = self.agent.cpu_seconds()
        self.restore()
        seconds = self.wait_arrived(self.usual_lag)
        self.result["recovery_s"] = seconds
        self.result["recovery_cpu_s"] = self.agent.cpu_seconds() - cpu - self.cpu_rate * seconds

    def backlog(self):
        self.result["outage_disk_bytes"] = self.cut_off(self.scenario.backlog_s)
        served = self.fleet.close()
        time.sleep(self.scenario.interval_s)  # the last pages under way
        before, cpu = self.receivers[0].stats(), self.agent.cpu_seconds()
        self.restore()
        begin = time.monotonic()
        self.wait_arrived(0)
        # Until the first arrival nobody knew that the outage was over: that is recovery, not speed.
        arrived = samples_between(before, self.receivers[0].stats())
        self.result["drain_cpu_us"] = (self.agent.cpu_seconds() - cpu) / arrived * US
        self.result["drain_s"] = time.monotonic() - begin
        self.result["backlog_samples"] = arrived
        assert served

    def settle(self):
        """Whether everything arrived, once."""
        self.fleet.close()
        self.wait_arrived(0)
        time.sleep(1)
        served = self.fleet.served()
        stats = [receiver.stats() for receiver in self.receivers]
        # What was under way when a connection was cut may come again: that is counted apart.
        again = [each["pages"] - each["distinctPages"] for each in stats]
        self.result["delivered"] = min(
            (each["samples"] - twice * self.scenario.series) / (served * self.scenario.series)
            for each, twice in zip(stats, again))
        self.result["again"] = max(again) / served

    def wait_arrived(self, missing: int, at_most_s: float = 120) -> float:
        """Seconds until no more than these pages are missing."""
        begin = time.monotonic()
        while self.missing() > missing and time.monotonic() < begin + at_most_s:
            time.sleep(0.05)
        return time.monotonic() - begin


def samples_between(before: dict, after: dict) -> int:
    """To divide by."""
    return max(1, sum(after[kind] - before[kind] for kind in ("samples", "markers", "reports")))


COLUMNS = {  # key -> title, digits
    "cpu_us": ("CPU, us/sample", 3),
    "memory_mib": ("memory, MiB", 0),
    "wire_bytes": ("wire, B/sample", 1),
    "request_samples": ("samples/request", 0),
    "outage_disk_bytes": ("disk in an outage, B/sample", 2),
    "recovery_s": ("recovered after, s", 2),
    "recovery_cpu_s": ("CPU of that, s", 2),
    "drain_s": ("backlog drained in, s", 2),
    "drain_cpu_us": ("CPU of that, us/sample", 3),
    "lag_p99_ms": ("scrape lag p99, ms", 1),
    "delivered": ("delivered/scraped", 6),
    "again": ("delivered again", 6),
}


def shown(values: list[float], digits: int) -> str:
    """Median, and the spread where there is one."""
    text = f"{statistics.median(values):,.{digits}f}"
    low, high = f"{min(values):,.{digits}f}", f"{max(values):,.{digits}f}"
    return text if low == high else f"{text} ({low} to {high})"


def ratio(key: str, rows: list[dict], others: list[dict]) -> str:
    """To what the other agent took in the same round; of no small difference of large figures."""
    if key == "recovery_cpu_s":
        return ""
    values = [row[key] / other[key] for row, other in zip(rows, others) if other.get(key)]
    return shown(values, 3) if values else ""


def print_table(name: str, results: dict[str, list[dict]]):
    """A column for each agent, and how the first one stands to each of the others."""
    keys = [key for key in COLUMNS if any(key in row for rows in results.values() for row in rows)]
    first, *others = results
    titles = [*results, *(f"{first}/{other}" for other in others)]
    print(f"\n## {name}: {SCENARIOS[name].says}\n")
    print("| | " + " | ".join(titles) + " |")
    print("|---|" + "---|" * len(titles))
    for key in keys:
        title, digits = COLUMNS[key]
        cells = [shown([row[key] for row in rows], digits) for rows in results.values()]
        cells += [ratio(key, results[first], results[other]) for other in others]
        print(f"| {title} | " + " | ".join(cells) + " |")
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--scenarios", default=",".join(SCENARIOS))
    parser.add_argument("--agents", default="sluice,vmagent,prometheus")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1, help="of the targets, for a quick look")
    parser.add_argument("--hurry", type=float, default=1, help="divides all times")
    parser.add_argument("--steady", action="store_true", help="no outages")
    parser.add_argument("--json", type=pathlib.Path, help="every single figure")
    options = parser.parse_args()
    families = families_of(*node_exporter_pages(3), 3)
    everything = {}
    for name in options.scenarios.split(","):
        scenario = scaled(SCENARIOS[name], options.scale, options.hurry)
        if options.steady:
            scenario = dataclasses.replace(scenario, outage_s=0, backlog_s=0)
        pages = make_pages(families, scenario.series, min(scenario.streams, scenario.targets),
                           scenario.steps, scenario.own, scenario.churned)
        results = {agent: [] for agent in options.agents.split(",")}
        for number in range(options.rounds):
            for agent, rows in results.items():
                with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder:
                    rows.append(Run(AGENTS[agent], scenario, pages, pathlib.Path(folder)).measure())
                print(f"{name}, round {number + 1}, {agent}: "
                      + ", ".join(f"{key} {value:.4g}" for key, value in rows[-1].items()),
                      file=sys.stderr)
        everything[name] = results
        print_table(name, results)
    if options.json:
        options.json.write_text(json.dumps(everything, indent=1))
    lost = [row for results in everything.values() for agent, rows in results.items()
            for row in rows if agent.startswith("sluice") and row["delivered"] != 1]
    if lost:
        sys.exit(f"Sluice did not deliver what was scraped: {lost}")


def scaled(scenario: Scenario, scale: float, hurry: float) -> Scenario:
    return dataclasses.replace(
        scenario, targets=max(1, int(scenario.targets * scale)),
        interval_s=scenario.interval_s / hurry, warm_s=scenario.warm_s / hurry,
        window_s=scenario.window_s / hurry, outage_s=scenario.outage_s / hurry,
        backlog_s=scenario.backlog_s / hurry)


if __name__ == "__main__":
    main()
