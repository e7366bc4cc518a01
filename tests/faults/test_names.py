#!/usr/bin/env python3
"""Destinations whose name has several addresses, or leads elsewhere after a while."""
import pathlib
import tempfile
import unittest

from exporter import Exporter
from machine import needs
from processes import Sluice, ledger_balance, wait_until
from receiver import Receiver

CONFIG = """
global: {{scrape_interval: 200ms, scrape_timeout: 150ms}}
scrape_configs:
- job_name: j
  static_configs: [{{targets: ['127.0.0.1:{exporter}']}}]
remote_write:
- name: d
  url: http://receiver.test:{port}/write
  max_connection_age: {age}
  compression: snappy
  round_robin_dns: {spread}
  queue_config: {{batch_send_deadline: 100ms}}
"""


@needs("unshare")
class Names(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-names-"))
        self.hosts = self.folder / "hosts"
        self.exporter = Exporter(["a"]).start()
        self.addCleanup(self.exporter.stop)
        self.addresses = []  # where each request came to
        self.connections = set()
        self.receiver = Receiver(self.note, host="0.0.0.0").start()
        self.addCleanup(self.receiver.stop)

    def note(self, _receiver, handler, _series):
        self.addresses.append(handler.connection.getsockname()[0])
        self.connections.add(handler.client_address)
        return 204

    def lead_to(self, *addresses: str):
        self.hosts.write_text("".join(f"{address} receiver.test\n" for address in addresses))

    def run_with(self, age: str, spread: str = "false") -> Sluice:
        """With a file /etc/hosts of its own, which may change."""
        sluice = Sluice(self.folder, CONFIG.format(exporter=self.exporter.port, age=age,
                                                   spread=spread, port=self.receiver.port))
        sluice.command = ["unshare", "--mount", "sh", "-c",
                          f'mount --bind {self.hosts} /etc/hosts && exec "$0" "$@"',
                          *sluice.command]
        self.addCleanup(sluice.cleanup)
        return sluice.start()

    def assert_nothing_lost(self, sluice: Sluice):
        self.exporter.stop()
        sluice.wait_drained()
        row = sluice.destinations()["d"]
        self.assertEqual(sum(row["ledger"]["dropped"].values()), 0)
        self.assertEqual(ledger_balance(row), 0)

    def test_a_name_that_leads_elsewhere_is_followed_though_the_connection_lasts(self):
        self.lead_to("127.0.0.1")
        sluice = self.run_with("1s")
        wait_until(lambda: self.addresses, "delivered")
        self.lead_to("127.0.0.2")
        wait_until(lambda: self.addresses[-1] == "127.0.0.2", "the other address")
        self.assert_nothing_lost(sluice)

    def test_all_addresses_of_a_name_are_used_in_turns(self):
        self.lead_to("127.0.0.1", "127.0.0.2", "127.0.0.3")
        sluice = self.run_with("1s", spread="true")
        wait_until(lambda: len(set(self.addresses)) == 3, "all addresses")
        self.assert_nothing_lost(sluice)

    def test_without_an_age_the_connection_stays(self):
        self.lead_to("127.0.0.1", "127.0.0.2", "127.0.0.3")
        self.run_with("0s", spread="true")
        wait_until(lambda: len(self.addresses) >= 20, "requests")
        self.assertEqual(len(set(self.addresses)), 1)
        self.assertEqual(len(self.connections), 1)


if __name__ == "__main__":
    unittest.main()
