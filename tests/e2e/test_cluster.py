#!/usr/bin/env python3
"""Several agents share the targets of one configuration."""
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from processes import SLUICE_BINARY, Sluice, get_json, http_get

TARGETS = [f"127.0.0.1:{20000 + i}" for i in range(300)]
CONFIG = ("global: {scrape_interval: 1d}\nscrape_configs:\n  - job_name: one\n"
          f"    static_configs: [{{targets: {TARGETS}}}]\n")


class Cluster(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-cluster-"))
        self.programs = []

    def tearDown(self):
        for program in self.programs:
            program.cleanup()
        shutil.rmtree(self.folder, ignore_errors=True)

    def members(self, count: int, replication: int = 1) -> list[Sluice]:
        programs = []
        for i in range(count):
            flags = (f"--cluster.members-count={count}", f"--cluster.member-num=sluice-{i}",
                     f"--cluster.replication-factor={replication}")
            programs.append(Sluice(self.folder, CONFIG, flags, name=f"of{count}x{replication}-{i}"))
        self.programs += programs
        for program in programs:
            program.start()
        return programs

    @staticmethod
    def scraped(program: Sluice) -> set[str]:
        return {target["labels"]["instance"] for target in program.targets()}

    def test_members_share_the_targets_and_one_more_takes_only_its_share(self):
        three = [self.scraped(program) for program in self.members(3)]
        self.assertEqual(sum(map(len, three)), len(TARGETS))
        self.assertEqual(set.union(*three), set(TARGETS))
        four = [self.scraped(program) for program in self.members(4)]
        self.assertEqual(set.union(*four), set(TARGETS))
        for before, after in zip(three, four):
            self.assertLessEqual(after, before)  # nothing moves but to the new one
        print(f"{len(four[3])} of {len(TARGETS)} targets moved from 3 to 4 members; "
              f"the ideal is {len(TARGETS) // 4}")
        self.assertLess(len(four[3]), len(TARGETS) / 2)

    def test_replicas_are_on_different_members(self):
        of_members = [self.scraped(program) for program in self.members(3, replication=2)]
        for target in TARGETS:
            self.assertEqual(sum(target in of_member for of_member in of_members), 2)

    def test_every_member_says_who_scrapes_what(self):
        programs = self.members(3)
        scraped = [self.scraped(program) for program in programs]
        pages = [get_json(program.url("/api/v1/cluster"))["data"] for program in programs]
        for i, page in enumerate(pages):
            self.assertEqual(page.pop("member"), i)
        self.assertEqual(pages[0], pages[1])
        self.assertEqual(pages[0], pages[2])
        self.assertEqual([row["targets"] for row in pages[0]["members"]], [len(own) for own in scraped])
        for target in pages[0]["targets"]:
            self.assertIn(target["labels"]["instance"], scraped[target["members"][0]])
        one = get_json(programs[0].url("/api/v1/cluster?member=1&scrapePool=one"))["data"]
        self.assertEqual({row["labels"]["instance"] for row in one["targets"]}, scraped[1])
        self.assertEqual(http_get(programs[0].url("/api/v1/cluster?member=x"))[0], 400)
        dropped = get_json(programs[0].url("/api/v1/targets?state=dropped"))["data"]
        self.assertEqual(dropped["droppedTargetCounts"], {"one": len(TARGETS) - len(scraped[0])})
        for target in dropped["droppedTargets"]:
            member = int(target["reason"].removeprefix("scraped by member "))
            self.assertIn(target["discoveredLabels"]["__address__"], scraped[member])

    def test_a_member_that_is_none_is_refused(self):
        for flags, message in [
                (["--cluster.members-count=3", "--cluster.member-num=3"], "member 3 of a cluster of 3"),
                (["--cluster.members-count=3", "--cluster.member-num=pod"], "--cluster.member-num"),
                (["--cluster.members-count=3", "--cluster.replication-factor=0"], "at least 1")]:
            result = subprocess.run([SLUICE_BINARY, *flags], capture_output=True, text=True, timeout=20)
            self.assertEqual(result.returncode, 2)
            self.assertIn(message, result.stderr)


if __name__ == "__main__":
    unittest.main()
