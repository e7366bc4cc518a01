#!/usr/bin/env python3
"""A ConfigMap that is mounted as a volume: the kubelet writes a new folder and swaps one link."""
import os
import pathlib
import shutil
import tempfile
import unittest

from exporter import Exporter
from processes import Sluice, wait_until
from receiver import Receiver


class ConfigMapVolume:
    """As the kubelet makes it: NAME -> ..data/NAME, ..data -> ..TIME."""

    def __init__(self, path: pathlib.Path):
        self.path = path
        self.path.mkdir()
        self.version = 0

    def put(self, files: dict[str, str]):
        self.version += 1
        folder = self.path / f"..{self.version}"
        folder.mkdir()
        for name, text in files.items():
            (folder / name).write_text(text)
        old = os.readlink(self.path / "..data") if self.version > 1 else None
        os.symlink(folder.name, self.path / "..data_tmp")
        os.rename(self.path / "..data_tmp", self.path / "..data")
        for name in files:
            if not os.path.lexists(self.path / name):
                os.symlink(f"..data/{name}", self.path / name)
        for link in self.path.iterdir():
            if link.is_symlink() and link.name != "..data" and link.name not in files:
                link.unlink()
        if old is not None:
            shutil.rmtree(self.path / old)


class ConfigMap(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-configmap-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.exporter = Exporter(["a"]).start()
        self.addCleanup(self.exporter.stop)
        self.receiver = Receiver().start()
        self.addCleanup(self.receiver.stop)
        self.volume = ConfigMapVolume(self.folder / "config")
        self.sluice = Sluice(self.folder, "", (
            f"--config.file={self.volume.path}/prometheus.yml", "--config.auto-reload",
            "--config.auto-reload-interval=1s"))
        self.sluice.command = [part for part in self.sluice.command
                               if part != f"--config.file={self.sluice.config_path}"]
        self.addCleanup(self.sluice.cleanup)

    def main(self, job: str) -> str:
        return ("global: {scrape_interval: 200ms, scrape_timeout: 200ms}\n"
                "scrape_config_files: ['jobs-*.yml']\n" + self.jobs(job) +
                f"remote_write: [{{url: '{self.receiver.url()}'}}]\n")

    def jobs(self, name: str) -> str:
        return (f"scrape_configs: [{{job_name: {name}, "
                f"static_configs: [{{targets: ['{self.exporter.address()}']}}]}}]\n")

    def wait_jobs(self, *names: str):
        wait_until(lambda: sorted(each["scrapePool"] for each in self.sluice.targets()) ==
                   sorted(names), f"the jobs {names}")

    def test_each_swap_is_noticed_whatever_it_changes(self):
        self.volume.put({"prometheus.yml": self.main("one")})
        self.sluice.start()
        self.wait_jobs("one")
        self.volume.put({"prometheus.yml": self.main("two")})
        self.wait_jobs("two")
        # A file more, another content, a file less.
        self.volume.put({"prometheus.yml": self.main("two"), "jobs-a.yml": self.jobs("three")})
        self.wait_jobs("two", "three")
        self.volume.put({"prometheus.yml": self.main("two"), "jobs-a.yml": self.jobs("four")})
        self.wait_jobs("two", "four")
        self.volume.put({"prometheus.yml": self.main("two")})
        self.wait_jobs("two")
        # One that does not load leaves all as it was, and the next one is loaded.
        self.volume.put({"prometheus.yml": "nonsense: 1\n"})
        wait_until(lambda: "prometheus_config_last_reload_successful 0" in self.sluice.metrics(),
                   "the bad one is refused")
        self.wait_jobs("two")
        self.volume.put({"prometheus.yml": self.main("five")})
        self.wait_jobs("five")


if __name__ == "__main__":
    unittest.main()
