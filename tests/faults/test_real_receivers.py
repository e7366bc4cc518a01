#!/usr/bin/env python3
"""VictoriaMetrics, Prometheus and InfluxDB, frozen, killed and cut off: each of them has everything
in the end."""
import unittest

from fleet import Fleet
from processes import InfluxDb, PrometheusServer, Victoria, ledger_balance, wait_until

# VictoriaMetrics keeps about 12 decimal digits of a value.
RELATIVE_ERROR = {"victoria": 1e-11, "prometheus": 0, "influxdb": 0}


class RealReceivers(Fleet):
    def setUp(self):
        super().setUp()
        self.servers = {"victoria": Victoria(self.folder), "prometheus": PrometheusServer(self.folder),
                        "influxdb": InfluxDb(self.folder)}
        for server in self.servers.values():
            server.start(wait=False)
        for server in self.servers.values():
            server.wait_ready()
        self.servers["influxdb"].create_database()
        self.start({name: server.write_url for name, server in self.servers.items()})
        self.pages(3)

    def tearDown(self):
        super().tearDown()
        for server in self.servers.values():
            server.cleanup()

    def exported(self, name: str) -> dict:
        server = self.servers[name]
        return server.export() if name == "influxdb" else server.export('{job=~"job.*"}')

    def stored(self, name: str) -> int:
        """What came twice is one sample."""
        return sum(len(dict(samples)) for samples in self.exported(name).values())

    def retrying(self):
        wait_until(lambda: all(row["state"] == "retrying"
                               for row in self.sluice.destinations().values()), "nobody answers")

    def finish_and_check(self, *may_miss: list[set]):
        self.pages(3)
        under_way = self.settle()
        for name, row in self.sluice.destinations().items():
            ledger = row["ledger"]
            with self.subTest(destination=name):
                self.assertEqual(ledger_balance(row), 0)
                self.assertEqual(ledger["pending"], 0)
                # What Prometheus had stored before an answer got lost, it may refuse as out of
                # order when it comes again.
                may_refuse = name == "prometheus"
                self.assertEqual(sum(ledger["dropped"].values()),
                                 ledger["dropped"]["rejected"] if may_refuse else 0)
                # VictoriaMetrics shows what it has a little later.
                if name == "victoria":
                    wait_until(lambda: self.stored("victoria") >= ledger["acknowledged"], "shown")
                    self.assertEqual(self.stored("victoria"), ledger["acknowledged"])
                self.check_exported(self.exported(name), under_way, *may_miss,
                                    relative_error=RELATIVE_ERROR[name])
                # Prometheus does not hand stale markers out, and InfluxDB does not keep them.
                self.assertLessEqual(self.stored(name), ledger["appended"])

    def test_frozen_receivers_have_everything_in_the_end(self):
        for server in self.servers.values():
            server.freeze()
        self.pages(10)
        self.retrying()
        for server in self.servers.values():
            server.thaw()
        self.finish_and_check()

    def test_receivers_that_were_killed_have_everything_in_the_end(self):
        # At a kill -9 VictoriaMetrics loses what it has acknowledged in its last seconds.
        self.servers["victoria"].terminate()
        self.servers["prometheus"].kill()
        self.servers["influxdb"].kill()
        self.pages(8)
        self.retrying()
        killed = self.kill()
        self.sluice.start()
        for server in self.servers.values():
            server.start(wait=False)
        self.finish_and_check(killed)


if __name__ == "__main__":
    unittest.main()
