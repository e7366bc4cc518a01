#!/usr/bin/env python3
"""dns_sd_configs against a real BIND on port 53, beside promtool and vmagent.

It needs root, because it runs in a network and with an /etc/resolv.conf of its own.
"""
import json
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import own_network
from processes import SLUICE_BINARY, Program, Sluice, VmAgent, get_json, wait_until

ZONE = """$TTL 1
@ IN SOA ns1 admin {serial} 60 60 60 1
@ NS ns1
@ NS ns2
@ MX 10 mail1
@ MX 20 mail2
ns1 A 127.0.0.1
ns2 A 127.0.0.2
mail1 A 127.0.0.3
mail2 A 127.0.0.4
web A 127.0.0.5
web A 127.0.0.6
six AAAA ::1
six AAAA 2001:db8::7
alias CNAME web
_http._tcp SRV 0 0 8080 web
_http._tcp SRV 1 5 8081 mail1
_none._tcp SRV 0 0 0 .
{more}
"""
MANY = "\n".join(f"many A 127.1.0.{i + 1}" for i in range(100))  # over TCP

NAMED = """
options {{ directory "{folder}"; pid-file "{folder}/named.pid"; session-keyfile "{folder}/s.key";
  listen-on port 53 {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; recursion no; dnssec-validation no; }};
controls {{ }};
zone "example.test" {{ type master; file "{folder}/zone"; }};
"""

# job -> entry of dns_sd_configs
JOBS = {
    "srv": "{names: [_http._tcp.example.test]}",
    "none": "{names: [_none._tcp.example.test]}",
    "a": "{names: [web.example.test, alias.example.test], type: A, port: 9100}",
    "search": "{names: [web], type: A, port: 9100}",
    "many": "{names: [many.example.test], type: A, port: 9100}",
    "aaaa": "{names: [six.example.test], type: AAAA, port: 9100}",
    "mx": "{names: [example.test], type: MX, port: 25}",
    "ns": "{names: [example.test], type: NS, port: 53}",
    "missing": "{names: [nothing.example.test], type: A, port: 1}",
}
# Debian's promtool and vmagent are older than some; both take the target "." of an SRV record, which
# means that there is no such service, for a host.
NOT_OF_PROMTOOL = {"ns", "none"}
NOT_OF_VMAGENT = {"mx", "ns", "none"}


def config(jobs, more: str = "") -> str:
    text = "global: {scrape_interval: 1d}\nscrape_configs:\n"
    for job in jobs:
        entry = JOBS[job].replace("}", f"{more}}}")
        text += f"  - job_name: {job}\n    dns_sd_configs: [{entry}]\n"
    return text


class Bind(Program):
    def __init__(self, folder: pathlib.Path):
        self.folder = folder / "named"
        self.folder.mkdir()
        self.folder.chmod(0o777)
        self.serial = 1
        self.write_zone(MANY)
        (self.folder / "named.conf").write_text(NAMED.format(folder=self.folder))
        super().__init__("named", folder, ["named", "-g", "-c", str(self.folder / "named.conf")], "")

    def write_zone(self, more: str):
        self.serial += 1
        (self.folder / "zone").write_text(ZONE.format(serial=self.serial, more=more))

    def wait_ready(self):
        wait_until(lambda: self.log().rstrip().endswith(" running") or "all zones loaded" in self.log(),
                   "named is running")

    def reload(self):
        self.signal(1)


@own_network.inside_only
class Dns(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-dns-"))
        self.folder.chmod(0o755)
        self.programs = []
        self.bind = self.run_program(Bind(self.folder))

    def tearDown(self):
        for program in self.programs:
            program.cleanup()
        shutil.rmtree(self.folder, ignore_errors=True)

    def run_program(self, program):
        self.programs.append(program)
        return program.start()

    def of_sluice(self, file: pathlib.Path) -> dict[str, list]:
        result = subprocess.run([SLUICE_BINARY, "targets", "--json", "--timeout=60s", str(file)],
                                capture_output=True, text=True, timeout=120)
        self.assertEqual(result.returncode, 0, result.stderr)
        found = {job: [] for job in JOBS}
        for row in json.loads(result.stdout)["targets"]:
            found[row["job"]].append(meta(row["discoveredLabels"]))
        return {job: sorted(rows) for job, rows in found.items()}

    def of_promtool(self, job: str, seconds: int) -> list:
        """What it finds in this time, all of which it takes."""
        file = self.folder / f"{job}.yml"
        file.write_text(config([job]))
        result = subprocess.run(["promtool", "check", "service-discovery", f"--timeout={seconds}s",
                                 str(file), job], capture_output=True, text=True, timeout=120)
        self.assertEqual(result.returncode, 0, result.stderr)
        return [row for row in sorted(meta(row["discoveredLabels"])
                                      for row in json.loads(result.stdout)) if row]

    def test_targets_are_those_of_promtool_and_vmagent(self):
        file = self.folder / "all.yml"
        file.write_text(config(JOBS))
        ours = self.of_sluice(file)
        counts = {job: len(rows) for job, rows in ours.items()}
        self.assertEqual(counts, {"srv": 2, "none": 0, "a": 4, "search": 2, "many": 100, "aaaa": 2,
                                  "mx": 2, "ns": 2, "missing": 0})
        for job in JOBS:
            with self.subTest(job, peer="promtool"):
                if job not in NOT_OF_PROMTOOL and ours[job] != self.of_promtool(job, 1):
                    self.assertEqual(ours[job], self.of_promtool(job, 20))
        peer = self.run_program(VmAgent(self.folder, config(
            job for job in JOBS if job not in NOT_OF_VMAGENT)))

        def of_vmagent() -> dict[str, set]:
            found: dict[str, set] = {}
            for target in get_json(f"http://127.0.0.1:{peer.port}/api/v1/targets")["data"][
                    "activeTargets"]:
                labels = target["discoveredLabels"]
                found.setdefault(labels["job"], set()).add(labels["__address__"])
            return found

        expected = {job: {row[0] for row in rows} for job, rows in ours.items()
                    if rows and job not in NOT_OF_VMAGENT}
        wait_until(lambda: of_vmagent() == expected, f"the targets of vmagent: {expected}")
        print(f"{sum(counts.values())} targets of BIND are those of promtool and vmagent")

    def test_targets_follow_the_zone_and_stay_while_the_server_is_away(self):
        sluice = self.run_program(Sluice(self.folder, config(["search", "many"], ", refresh_interval: 1s")))

        def count() -> int:
            return len(sluice.targets())

        wait_until(lambda: count() == 102, "the targets")
        self.bind.write_zone("web A 127.0.0.9")
        self.bind.reload()
        wait_until(lambda: count() == 3, "a changed zone")
        self.bind.kill()
        wait_until(lambda: "sluice_discovery" in sluice.metrics() and any(
            line.startswith("prometheus_sd_dns_lookup_failures_total") and line.split()[-1] != "0"
            for line in sluice.metrics().splitlines()), "lookups that fail", 60)
        self.assertEqual(count(), 3)
        self.bind.write_zone("web A 127.0.0.9\nweb A 127.0.0.10")
        self.bind.start()
        wait_until(lambda: count() == 4, "the server is back", 60)


def meta(labels: dict) -> tuple:
    """The address, and the labels of the discovery."""
    prefix = "__meta_dns_"
    found = tuple(sorted((name[len(prefix):], value) for name, value in labels.items()
                         if name.startswith(prefix) and value))
    return (labels["__address__"], found) if labels else ()


if __name__ == "__main__":
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as resolver:
        resolver.write("nameserver 127.0.0.1\nsearch example.test\n")
        resolver.flush()
        own_network.main(__file__, ["named"], f"mount --bind {resolver.name} /etc/resolv.conf")
