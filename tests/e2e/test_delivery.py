#!/usr/bin/env python3
"""Destinations that misbehave: everything arrives in the end, in order, and nobody else notices."""
import math
import signal
import subprocess
import threading
import time
import unittest

from fleet import Fleet
from processes import SLUICE_BINARY, free_port, wait_until


class Delivery(Fleet):
    def test_requests_have_the_headers_of_remote_write_1_0(self):
        receiver = self.receiver()
        self.start({"one": receiver.url()}, extra="headers: {X-Site: lab},")
        wait_until(lambda: receiver.count() > 0, "samples")
        headers = receiver.headers[0]
        self.assertEqual(headers["Content-Type"], "application/x-protobuf")
        self.assertEqual(headers["Content-Encoding"], "snappy")
        self.assertEqual(headers["X-Prometheus-Remote-Write-Version"], "0.1.0")
        self.assertTrue(headers["User-Agent"].startswith("sluice/"))
        self.assertEqual(headers["X-Site"], "lab")

    def test_errors_throttling_hangs_and_resets_lose_nothing(self):
        lock = threading.Lock()
        turn = [0]

        def moody(_receiver, handler, _series):
            with lock:
                turn[0] += 1
                number = turn[0]
            kind = number % 7
            if kind == 1:
                return 500, {}, "later"
            if kind == 2:
                return 429, {"Retry-After": "1"}, "slow down"
            if kind == 3:
                return None  # closed without an answer
            if kind == 4:
                time.sleep(1.5)  # longer than remote_timeout
                return 503, {}, ""
            return 204

        receiver = self.receiver(moody)
        self.start({"moody": receiver.url()})
        self.pages(20)
        receiver.answer = None
        self.check(receiver, self.finish())

    def test_a_dead_and_a_hanging_destination_do_not_touch_the_third(self):
        receiver = self.receiver()
        hanging = self.receiver(lambda *_: time.sleep(5))
        dead = f"http://127.0.0.1:{free_port()}/write"
        self.start({"good": receiver.url(), "dead": dead, "hanging": hanging.url()})
        self.pages(15)
        destinations = self.sluice.destinations()
        self.assertGreater(destinations["dead"]["ledger"]["pending"], 0)
        wait_until(lambda: self.sluice.destinations()["dead"]["state"] == "retrying", "it fails")
        self.assertNotEqual(self.sluice.destinations()["dead"]["lastError"], "")
        may_miss = self.finish("good")
        self.check(receiver, may_miss)

    def test_an_outage_with_kill_9_in_it_and_during_the_replay_loses_nothing(self):
        receiver = self.receiver()
        self.start({"one": receiver.url()})
        self.pages(5)
        receiver.stop()
        self.pages(10)
        lost = []
        for phase in ["outage", "replay", "steady"]:
            lost.append(self.kill())
            self.sluice.start()
            if phase == "outage":
                self.pages(5)
                receiver.start()
                wait_until(lambda: receiver.requests > 0, "the replay began")
            else:
                self.pages(5)
        self.check(receiver, *lost, self.finish())

    def test_live_first_has_fresh_samples_before_the_backlog_is_gone_and_loses_nothing(self):
        receiver = self.receiver()
        self.start({"one": receiver.url()}, extra="replay: live_first,",
                   queue="max_samples_per_send: 200,", timeout="60s")
        self.pages(5)
        receiver.stop()
        self.pages(60)
        back_ms = math.inf
        fresh, seen = threading.Event(), threading.Event()

        def slow(_receiver, _handler, series):
            if max(time_ms for _, samples in series for time_ms, _ in samples) > back_ms:
                fresh.set()
            else:  # of the backlog, which stays as it is once there is something fresh
                seen.wait(60 if fresh.is_set() else 0.4)
            return 204

        receiver.answer = slow
        receiver.start()
        wait_until(lambda: self.sluice.destinations()["one"]["replaying"], "a replay")
        back_ms = time.time() * 1000
        self.assertTrue(fresh.wait(90), "fresh samples")
        self.assertTrue(self.sluice.destinations()["one"]["replaying"])
        lost = self.kill()
        seen.set()
        receiver.answer = None
        self.sluice.start()
        self.pages(3)
        under_way = self.finish()
        self.check_exported(receiver.exported(), lost, under_way)

    def test_sigterm_in_an_outage_ends_the_process_in_time_and_loses_nothing(self):
        receiver = self.receiver()
        # A short drain, so that what else takes time shows, and a busy machine may take some.
        self.start({"one": receiver.url()}, flags=("--storage.remote.flush-deadline=1s",))
        self.pages(5)
        receiver.stop()
        self.pages(5)
        before = self.taken()
        started = time.monotonic()
        self.assertEqual(self.sluice.terminate(), 0)
        self.assertLess(time.monotonic() - started, 5)
        lost = self.since_its_end(before)
        receiver.start()
        self.sluice.start()
        self.pages(3)
        self.check(receiver, lost, self.finish())

    def test_poison_series_are_dropped_alone_and_counted(self):
        def picky(_receiver, _handler, series):
            for labels, _ in series:
                if dict(labels)["__name__"] == "m7" and dict(labels)["job"] == "job1":
                    return 400, {}, "m7 of job1 is not welcome"
            return 204

        receiver = self.receiver(picky)
        self.start({"picky": receiver.url()})
        wait_until(lambda: self.dropped("picky", "rejected") >= 8, "poison of 8 pages")
        self.sluice.wait_drained()
        ledger = self.sluice.destinations()["picky"]["ledger"]
        self.assertLessEqual(ledger["dropped"]["rejected"], self.exporters[1].page + 1)
        listed = subprocess.run([SLUICE_BINARY, "buffer", "quarantine", self.sluice.data_path],
                                capture_output=True, text=True, check=True).stdout
        self.assertIn("picky  HTTP 400  1 samples  ", listed)
        self.assertIn('__name__="m7"', listed)
        self.assertIn("    m7 of job1 is not welcome\n", listed)
        self.assertGreaterEqual(int(listed.splitlines()[-1].split()[0]), 8)
        before = self.taken()
        self.assertEqual(self.sluice.terminate(), 0)
        under_way = self.since_its_end(before)
        poisoned = self.exporters[1]
        poisoned.pages = {page: [name for name in names if not name.startswith("m7{")]
                          for page, names in poisoned.pages.items()}
        self.check(receiver, under_way)

    def test_refused_credentials_pause_the_destination_and_keep_its_data(self):
        receiver = self.receiver(lambda *_: (401, {}, "who are you"))
        self.start({"locked": receiver.url()})
        wait_until(lambda: self.sluice.destinations()["locked"]["state"] == "paused", "paused")
        destination = self.sluice.destinations()["locked"]
        self.assertIn("401", destination["lastError"])
        self.pages(5)
        receiver.answer = None
        self.check(receiver, self.finish())

    def test_a_removed_destination_gets_what_is_pending_and_is_gone_then(self):
        leaving, staying = self.receiver(), self.receiver()
        self.start({"leaving": leaving.url(), "staying": staying.url()})
        self.pages(3)
        leaving.stop()
        self.pages(5)
        config = self.sluice.config_path.read_text()
        kept = [line for line in config.splitlines() if "name: leaving" not in line]
        self.sluice.write_config("\n".join(kept) + "\n")
        before = self.taken()
        self.sluice.signal(signal.SIGHUP)
        wait_until(lambda: self.sluice.destinations()["leaving"]["leaving"], "it leaves")
        self.pages(5)
        leaving.start()
        wait_until(lambda: "leaving" not in self.sluice.destinations(), "it is gone")
        under_way = self.finish()
        self.check(staying, under_way)
        missing = self.missing(leaving.exported())
        for gone, taken in zip(missing, before):
            self.assertGreater(len(gone), 3)
            self.assertEqual(gone & taken, set())

    def test_a_renamed_destination_begins_at_now_and_the_one_of_before_drains_or_is_dropped(self):
        drained, dropped, staying = self.receiver(), self.receiver(), self.receiver()
        self.start({"drained": drained.url(), "dropped": dropped.url(), "staying": staying.url()},
                   own={"dropped": "on_remove: drop,"}, timeout="60s")
        self.pages(3)
        drained.stop()
        dropped.stop()
        self.pages(5)
        appended = self.sluice.destinations()["staying"]["ledger"]["appended"]
        before = self.taken()
        config = self.sluice.config_path.read_text()
        for name in ("drained", "dropped"):
            config = config.replace(f"name: {name},", f"name: {name}-anew,")
        self.sluice.write_config(config)
        self.sluice.signal(signal.SIGHUP)
        wait_until(lambda: self.sluice.destinations().keys() == {
            "staying", "drained", "drained-anew", "dropped-anew"}, "one is gone at once")
        after = self.since(before)
        rows = self.sluice.destinations()
        self.assertTrue(rows["drained"]["leaving"])
        self.assertGreater(rows["drained"]["ledger"]["pending"], 0)
        for name in ("drained-anew", "dropped-anew"):
            began = rows[name]["ledger"]["appended"]
            staying_since = self.sluice.destinations()["staying"]["ledger"]["appended"] - appended
            self.assertLessEqual(began, staying_since, name)
        self.pages(5)
        drained.start()
        dropped.start()
        wait_until(lambda: "drained" not in self.sluice.destinations(), "it is drained")
        under_way = self.finish()
        self.check(staying, under_way)
        self.assertEqual(staying.duplicates, 0)
        # The two of them have all between them, though not in order.
        self.check_exported(drained.exported(), under_way)
        for gone, since, at_end in zip(self.missing(dropped.exported()), after, under_way):
            self.assertGreater(len(gone - at_end), 3)
            self.assertLessEqual(max(gone - at_end), max(since))

    def test_reload_takes_up_a_new_destination_and_keeps_a_removed_ones_backlog(self):
        first, second = self.receiver(), self.receiver()
        self.start({"first": first.url()}, extra="on_remove: keep,")
        self.pages(3)
        first.stop()
        self.pages(5)
        config = self.sluice.config_path.read_text()
        self.sluice.write_config(config.replace("name: first", "name: second")
                                 .replace(first.url(), second.url()))
        self.sluice.signal(signal.SIGHUP)
        wait_until(lambda: "second" in self.sluice.destinations(), "second")
        self.pages(5)
        wait_until(lambda: second.count() > 0, "samples")
        self.sluice.write_config(config)
        first.start()
        self.sluice.signal(signal.SIGHUP)
        wait_until(lambda: "second" not in self.sluice.destinations(), "second is gone")
        self.pages(3)
        self.check(first, self.finish())


if __name__ == "__main__":
    unittest.main()
