#!/usr/bin/env python3
"""The Debian package, installed in a Debian that is booted for it: its unit runs, reloads, is watched,
crashes, drains and stops; an upgrade keeps the buffer, and so does a removal.

The package is made of the program as it was built."""
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import unittest

import debian_machine
import own_network
from exporter import Exporter
from held_threads import HeldThreads
from processes import free_port, http_get, wait_until
from receiver import Receiver

BUILD = pathlib.Path(os.environ["SLUICE_BUILD"])
FOLDER = BUILD / "tests/packaging/machine"
ROOT = FOLDER / "debian"
UNIT = "sluice.service"

CONFIG = """
global: {{scrape_interval: 200ms, scrape_timeout: 200ms}}
scrape_configs: [{{job_name: {job}, static_configs: [{{targets: ['{target}']}}]}}]
remote_write:
  - name: r
    url: '{url}'
    authorization: {{credentials_file: /run/credentials/sluice.service/remote-token}}
    queue_config: {{batch_send_deadline: 100ms}}
"""


def made_package() -> pathlib.Path:
    for old in FOLDER.glob("sluice_*.deb"):
        old.unlink()
    subprocess.run(["cpack", "-G", "DEB", "-B", str(FOLDER)], cwd=BUILD, check=True,
                   capture_output=True)
    return next(FOLDER.glob("sluice_*.deb"))


def of_version(package: pathlib.Path, version: str, folder: pathlib.Path) -> pathlib.Path:
    """The same package, but for its version."""
    content = folder / f"content-{version}"
    subprocess.run(["dpkg-deb", "-R", str(package), str(content)], check=True)
    control = content / "DEBIAN/control"
    lines = [f"Version: {version}" if line.startswith("Version:") else line
             for line in control.read_text().splitlines()]
    control.write_text("\n".join(lines) + "\n")
    made = folder / f"sluice_{version}.deb"
    subprocess.run(["dpkg-deb", "-Znone", "-b", str(content), str(made)], check=True,
                   capture_output=True)
    shutil.rmtree(content)
    return made


@own_network.inside_only
class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-package-", dir=FOLDER))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.package = next(FOLDER.glob("sluice_*.deb"))
        cls.exporter = Exporter(["a", "b"]).start()
        cls.addClassCleanup(cls.exporter.stop)
        cls.tokens = set()
        cls.receiver = Receiver(answer=cls.note_token).start()
        cls.addClassCleanup(lambda: cls.receiver.stop())
        cls.port = free_port()
        cls.machine = debian_machine.Machine(ROOT, cls.folder)
        cls.addClassCleanup(cls.machine.stop)
        cls.machine.write("/etc/sluice/remote-token", "open sesame")
        cls.machine.write(f"/etc/systemd/system/{UNIT}.d/credentials.conf",
                          (own_root() / "examples/systemd/credentials.conf").read_text())
        cls.machine.start()

    @classmethod
    def note_token(cls, _, handler, __):
        cls.tokens.add(handler.headers["Authorization"])
        return 204

    def install(self, version: str):
        made = of_version(self.package, version, self.folder)
        shutil.copy(made, self.machine.root / "root" / made.name)
        # What an administrator changed stays.
        self.machine.must("env", "DEBIAN_FRONTEND=noninteractive", "dpkg", "--force-confold", "-i",
                          f"/root/{made.name}")

    def configure(self, job: str = "one"):
        self.machine.write("/etc/sluice/prometheus.yml", CONFIG.format(
            job=job, target=self.exporter.address(), url=self.receiver.url()))
        self.machine.write("/etc/default/sluice",
                           f'ARGS="--web.listen-address=127.0.0.1:{self.port}"\n')

    def state(self) -> str:
        return self.machine.show(UNIT, "ActiveState")["ActiveState"]

    def main_pid(self) -> int:
        return int(self.machine.show(UNIT, "MainPID")["MainPID"])

    def wait_running(self, other_than: int = 0) -> int:
        """Until it is ready, as another process; the id of that."""
        wait_until(lambda: self.state() == "active" and self.main_pid() not in (0, other_than),
                   "the unit is active", every=0.2)
        self.assertEqual(http_get(f"http://127.0.0.1:{self.port}/-/ready")[0], 200)
        return self.main_pid()

    def lost_pages(self) -> list[int]:
        """Pages that were taken and did not arrive. A process that ends may leave one that it had
        asked for, and one that waits for its turn too long does not take it."""
        arrived = set()
        for labels, samples in self.receiver.exported().items():
            if dict(labels)["__name__"] == "served_page":
                arrived |= {int(value) for _, value in samples if value is not None}
        return sorted(page for page in self.exporter.taken - arrived if page > min(arrived))

    def wait_delivered(self):
        page = self.exporter.page

        def delivered():
            return any(value is not None and value >= page
                       for labels, samples in self.receiver.exported().items()
                       if dict(labels)["__name__"] == "served_page" for _, value in samples)
        wait_until(delivered, f"page {page} has been delivered")

    def signal(self, number: int) -> int:
        process = self.main_pid()
        self.machine.must("sh", "-c", f"kill -{number} {process}")
        return process

    # One after the other, as a machine has one life.
    def test_a_machine_is_served_from_the_installation_to_the_end(self):
        for step in [self.is_installed, self.is_reloaded, self.is_started_again_when_it_hangs,
                     self.loses_nothing_in_a_crash, self.drains_in_its_time,
                     self.keeps_the_buffer_in_an_upgrade, self.is_removed_and_purged]:
            with self.subTest(step.__name__):
                try:
                    step()
                except AssertionError as error:
                    raise AssertionError(f"{error}\n{self.machine.journal(UNIT)[-3000:]}") from None

    def is_installed(self):
        self.install("1.0")
        self.wait_started_as_it_comes()
        mode = self.machine.must("stat", "-c", "%a %U %G", "/etc/sluice/prometheus.yml")
        self.assertEqual(mode.split(), ["640", "root", "sluice"])
        self.assertEqual(self.machine.must("systemctl", "is-enabled", UNIT).strip(), "enabled")
        self.configure()
        self.machine.must("systemctl", "restart", UNIT)  # comes back when it is ready
        self.wait_running()
        self.wait_delivered()
        self.assertEqual(self.tokens, {"Bearer open sesame"})
        wait_until(lambda: "samples pending for 1 destinations" in
                   self.machine.show(UNIT, "StatusText").get("StatusText", ""), "a status")

    def wait_started_as_it_comes(self):
        wait_until(lambda: self.state() == "active", "the unit is active as it comes", every=0.2)

    def is_reloaded(self):
        before = self.main_pid()
        self.configure("two")
        self.machine.must("systemctl", "reload", UNIT)
        wait_until(lambda: any(dict(labels).get("job") == "two"
                               for labels in self.receiver.exported()), "the new job")
        self.machine.write("/etc/sluice/prometheus.yml", "nonsense: 1\n")
        self.assertNotEqual(self.machine.run("systemctl", "reload", UNIT).returncode, 0)
        self.configure("two")
        self.assertEqual((self.main_pid(), self.state()), (before, "active"))

    def is_started_again_when_it_hangs(self):
        self.machine.write(f"/etc/systemd/system/{UNIT}.d/watchdog.conf",
                           "[Service]\nWatchdogSec=8\n")
        self.machine.must("systemctl", "daemon-reload")
        self.machine.must("systemctl", "restart", UNIT)
        # All of it, then all threads that work, but not the one that tells systemd of it.
        process = self.signal(signal.SIGSTOP)
        process = self.wait_running(other_than=process)
        self.assertGreater(self.watchdogs(), 0)
        before = self.watchdogs()
        with HeldThreads(self.machine.process_outside(process)):
            wait_until(lambda: self.watchdogs() > before, "systemd notices", every=0.2)
        self.wait_running(other_than=process)
        log = self.machine.journal(UNIT)
        self.assertIn("it hangs: the service manager is not told any more that all is well", log)
        (self.machine.root / f"etc/systemd/system/{UNIT}.d/watchdog.conf").unlink()
        self.machine.must("systemctl", "daemon-reload")
        self.machine.must("systemctl", "restart", UNIT)
        self.wait_running()

    def watchdogs(self) -> int:
        return self.machine.journal(UNIT).count("Watchdog timeout")

    def loses_nothing_in_a_crash(self):
        self.receiver.stop()
        page = self.exporter.page
        wait_until(lambda: self.exporter.page > page + 5, "a backlog")
        process = self.signal(signal.SIGKILL)
        self.wait_running(other_than=process)
        self.receiver.start()
        self.wait_delivered()

    def drains_in_its_time(self):
        # Longer than the unit's own time for a stop: the agent asks for more while it drains.
        self.machine.write("/etc/default/sluice",
                           f'ARGS="--web.listen-address=127.0.0.1:{self.port} '
                           '--storage.remote.flush-deadline=12s"\n')
        self.machine.write(f"/etc/systemd/system/{UNIT}.d/stop.conf",
                           "[Service]\nTimeoutStopSec=5\n")
        self.machine.must("systemctl", "daemon-reload")
        self.machine.must("systemctl", "restart", UNIT)
        self.wait_running()
        self.receiver.stop()
        page = self.exporter.page
        wait_until(lambda: self.exporter.page > page + 5, "a backlog")
        self.machine.must("systemctl", "stop", UNIT)
        shown = self.machine.show(UNIT, "Result", "ExecMainStatus")
        self.assertEqual(shown, {"Result": "success", "ExecMainStatus": "0"})
        self.assertIn("what is pending stays in the buffer", self.machine.journal(UNIT))
        self.receiver.start()
        (self.machine.root / f"etc/systemd/system/{UNIT}.d/stop.conf").unlink()
        self.configure()
        self.machine.must("systemctl", "daemon-reload")
        self.machine.must("systemctl", "start", UNIT)
        self.wait_running()
        self.wait_delivered()

    def keeps_the_buffer_in_an_upgrade(self):
        self.receiver.stop()
        page = self.exporter.page
        wait_until(lambda: self.exporter.page > page + 5, "a backlog")
        before = self.main_pid()
        self.install("2.0")
        self.wait_running(other_than=before)
        self.receiver.start()
        self.wait_delivered()
        # Over all that it went through.
        self.assertEqual(self.lost_pages(), [])
        self.assertEqual(self.receiver.out_of_order, 0)

    def is_removed_and_purged(self):
        buffer = self.machine.root / "var/lib/sluice"
        self.machine.must("dpkg", "--remove", "sluice")
        self.assertNotEqual(self.state(), "active")
        self.assertTrue(any(buffer.iterdir()))
        self.machine.must("dpkg", "--purge", "sluice")
        self.assertFalse(buffer.exists())
        self.assertFalse((self.machine.root / "etc/sluice/prometheus.yml").exists())


def own_root() -> pathlib.Path:
    return pathlib.Path(__file__).resolve().parents[2]


class Lint(unittest.TestCase):
    @unittest.skipIf(shutil.which("lintian") is None, "not installed: lintian")
    def test_lintian_finds_no_error(self):
        done = subprocess.run(["lintian", "--fail-on", "error", str(next(FOLDER.glob("*.deb")))],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


def main():
    if os.environ.get(own_network.INSIDE) is None:
        FOLDER.mkdir(parents=True, exist_ok=True)
        package = made_package()
        reason = debian_machine.why_not() or debian_machine.make_root(ROOT, package)
        if reason:
            print(f"skipped: the machine: {reason}")
            unittest.main(defaultTest="Lint")
    own_network.main(__file__, [])


if __name__ == "__main__":
    main()
