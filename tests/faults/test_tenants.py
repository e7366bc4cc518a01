#!/usr/bin/env python3
"""Tenants and groups of destinations under faults: nobody waits for another, nothing is lost."""
import signal
import unittest

from fleet import REPORTED, Fleet
from processes import free_port, ledger_balance, wait_until
from receiver import Receiver


class Tenants(Fleet):
    def setUp(self):
        super().setUp()
        self.limited = set()
        self.strangers = []
        self.tenants = self.receiver(self.by_tenant)

    def by_tenant(self, _receiver, handler, series):
        tenant = handler.headers["X-Scope-OrgID"]
        self.strangers += [labels for labels, _ in series
                           if dict(labels).get("job", tenant) != tenant]
        return (429, {"Retry-After": "1"}, "limited") if tenant in self.limited else 204

    def samples_of(self, job: str) -> int:
        with self.tenants.lock:
            return sum(len(samples) for labels, samples in self.tenants.samples.items()
                       if dict(labels).get("job") == job)

    def start_tenants(self):
        self.start({"one": self.tenants.url()},
                   extra="tenant_from: job, tenant_keep_label: true,", timeout="60s")

    def troubles(self) -> list[dict]:
        return self.sluice.destinations()["one"]["troubles"]

    def wait_for_more(self, job: str, pages: int):
        before = self.samples_of(job)
        per_page = self.series_count + REPORTED
        wait_until(lambda: self.samples_of(job) >= before + pages * per_page, f"more of {job}")

    def test_a_limited_tenant_holds_up_nobody_and_gets_everything_in_order(self):
        self.limited = {"job1"}
        self.start_tenants()
        wait_until(lambda: any(each["branched"] for each in self.troubles()), "a branch")
        self.wait_for_more("job0", 10)
        self.assertEqual(self.samples_of("job1"), 0)
        trouble = self.troubles()[0]
        self.assertEqual(trouble["tenant"], "job1")
        self.assertIn("limited", trouble["lastError"])
        self.assertEqual(ledger_balance(self.sluice.destinations()["one"]), 0)
        self.limited = set()
        wait_until(lambda: not self.troubles(), "the branch joined")
        self.check(self.tenants, self.finish())
        self.assertEqual(self.tenants.duplicates, 0)
        self.assertEqual(self.strangers, [])

    def test_kill_9_with_a_branch_loses_nothing(self):
        self.limited = {"job2"}
        self.start_tenants()
        lost = []
        for _ in range(3):
            wait_until(lambda: any(each["branched"] for each in self.troubles()), "a branch")
            self.wait_for_more("job0", 5)
            lost.append(self.kill())
            self.sluice.start()
        self.wait_for_more("job0", 5)
        self.assertEqual(self.samples_of("job2"), 0)
        self.limited = set()
        wait_until(lambda: self.samples_of("job2") > 0, "what was kept for it")
        wait_until(lambda: not self.troubles(), "the branch joined")
        self.check(self.tenants, *lost, self.finish())


class Groups(Fleet):
    def exported_by(self, receivers: list[Receiver]) -> dict:
        exported = {}
        for receiver in receivers:
            for series, samples in receiver.exported().items():
                exported[series] = sorted(exported.get(series, []) + samples)
        return exported

    def write_group(self, urls: list[str]):
        config = self.sluice.config_path.read_text()
        at = config.index("urls: [")
        end = config.index("]", at)
        self.sluice.write_config(config[:at] + "urls: [" + ", ".join(urls) + config[end:])
        self.sluice.signal(signal.SIGHUP)

    def test_a_shard_that_is_down_keeps_its_share_over_a_kill_9(self):
        receivers = [self.receiver() for _ in range(3)]
        receivers[2].stop()
        self.start({"one": [each.url() for each in receivers]}, extra="distribute: shard,")
        self.pages(10)
        lost = self.kill()
        self.sluice.start()
        self.pages(5)
        receivers[2].start()
        may_miss = self.finish()
        self.assertTrue(all(each.count() > 0 for each in receivers))
        self.check_exported(self.exported_by(receivers), lost, may_miss)
        self.assertEqual([each.out_of_order for each in receivers], [0, 0, 0])

    def test_a_member_that_is_replaced_loses_nothing(self):
        receivers = [self.receiver() for _ in range(3)]
        receivers[1].stop()
        self.start({"one": [each.url() for each in receivers[:2]]}, extra="distribute: shard,")
        self.pages(10)
        self.write_group([receivers[0].url(), receivers[2].url()])
        self.pages(10)
        may_miss = self.finish()
        self.check_exported(self.exported_by(receivers), may_miss)
        self.assertEqual([each.out_of_order for each in receivers], [0, 0, 0])

    def test_turns_go_past_a_url_that_is_down(self):
        receiver = self.receiver()
        dead = f"http://127.0.0.1:{free_port()}/write"
        self.start({"one": [dead, receiver.url()]}, extra="distribute: round_robin,")
        self.pages(20)
        self.check(receiver, self.finish())


if __name__ == "__main__":
    unittest.main()
