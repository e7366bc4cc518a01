#!/usr/bin/env python3
"""The link to a receiver is cut. All of it happens in network namespaces of the test's own."""
import ctypes
import os
import subprocess
import unittest

from fleet import Fleet
from machine import needs, run
from processes import Victoria, wait_until

CLONE_NEWNET = 0x40000000
HERE, THERE = "10.213.7.1", "10.213.7.2"


def leave_the_machines_network():
    """This process, and what it starts from now on, has a network of its own."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
        raise unittest.SkipTest(f"no network namespace: {os.strerror(ctypes.get_errno())}")
    run("ip", "link", "set", "lo", "up")


class Link:
    """To another namespace, in which programs can be started."""

    def __init__(self):
        self.holder = subprocess.Popen(["unshare", "--net", "sleep", "600"])
        self.inside = ("nsenter", "--target", str(self.holder.pid), "--net")
        ours = os.readlink("/proc/self/ns/net")
        wait_until(lambda: os.readlink(f"/proc/{self.holder.pid}/ns/net") != ours, "a namespace")
        run("ip", "link", "add", "here", "type", "veth", "peer", "name", "there", "netns",
            str(self.holder.pid))
        run("ip", "address", "add", f"{HERE}/24", "dev", "here")
        run("ip", "link", "set", "here", "up")
        run(*self.inside, "ip", "address", "add", f"{THERE}/24", "dev", "there")
        self.mend()

    def cut(self):
        run(*self.inside, "ip", "link", "set", "there", "down")

    def mend(self):
        run(*self.inside, "ip", "link", "set", "there", "up")

    def close(self):
        self.holder.kill()
        self.holder.wait()


class Network(Fleet):
    link = None

    @needs("ip", "unshare", "nsenter")
    def test_a_cut_link_costs_nothing(self):
        leave_the_machines_network()
        for exporter in self.exporters:
            exporter.stop()
            exporter.restart()
        self.link = Link()
        self.victoria = Victoria(self.folder, address=THERE, prefix=self.link.inside).start()
        self.start({"victoria": self.victoria.write_url})
        self.pages(3)
        for _ in range(2):
            self.link.cut()
            self.pages(8)
            wait_until(lambda: self.sluice.destinations()["victoria"]["state"] == "retrying", "cut")
            self.link.mend()
            self.pages(3)
        self.link.cut()
        killed = self.kill()
        self.sluice.start()
        self.pages(3)
        self.link.mend()
        self.pages(3)
        under_way = self.settle()
        row = self.sluice.destinations()["victoria"]
        self.assertEqual(set(row["ledger"]["dropped"].values()), {0})
        selector = '{job=~"job.*"}'

        def stored():
            return sum(len(dict(samples)) for samples in self.victoria.export(selector).values())

        wait_until(lambda: stored() >= row["ledger"]["acknowledged"], "all of it is shown")
        self.assertEqual(stored(), row["ledger"]["acknowledged"])
        self.check_exported(self.victoria.export(selector), killed, under_way, relative_error=1e-11)

    def tearDown(self):
        super().tearDown()
        if self.link is not None:
            self.victoria.cleanup()
            self.link.close()


if __name__ == "__main__":
    unittest.main()
