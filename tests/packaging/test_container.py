#!/usr/bin/env python3
"""The root of the container's image has all that the program needs: it runs there, as nobody in
particular, and cannot write but where it should."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from exporter import Exporter
from processes import ROOT, SLUICE_BINARY, Program, free_port, wait_until
from receiver import Receiver

USER = 65532


@unittest.skipIf(os.getuid() != 0, "it needs root")
class Container(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-container-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.folder.chmod(0o755)
        self.root = self.folder / "root"
        subprocess.run([ROOT / "packaging/container/root", SLUICE_BINARY, self.root], check=True)

    def test_the_image_runs_the_agent_and_has_little_else(self):
        programs = [path.name for path in self.root.rglob("bin/*")]
        self.assertEqual(programs, ["sluice"])
        exporter = Exporter(["a"]).start()
        self.addCleanup(exporter.stop)
        receiver = Receiver().start()
        self.addCleanup(receiver.stop)
        # A name, so that what looks names up has to be there.
        (self.root / "etc/hosts").write_text("127.0.0.1 receiver.example\n")
        (self.root / "etc/sluice/prometheus.yml").write_text(
            "global: {scrape_interval: 200ms, scrape_timeout: 200ms}\n"
            f"scrape_configs: [{{job_name: j, static_configs: [{{targets: ['{exporter.address()}']}}]}}]\n"
            f"remote_write: [{{url: 'http://receiver.example:{receiver.port}/write'}}]\n")
        port = free_port()
        sluice = Program("sluice", self.folder, [
            "chroot", f"--userspec={USER}:{USER}", str(self.root), "/usr/bin/sluice",
            "--config.file=/etc/sluice/prometheus.yml", "--storage.agent.path=/var/lib/sluice",
            f"--web.listen-address=127.0.0.1:{port}"], f"http://127.0.0.1:{port}/-/ready")
        self.addCleanup(sluice.cleanup)
        sluice.start()
        wait_until(lambda: receiver.count() > 0, "samples")
        self.assertEqual(sluice.terminate(), 0)
        written = {path.relative_to(self.root).parts[0] for path in self.root.rglob("*")
                   if path.lstat().st_uid == USER}
        self.assertEqual(written, {"var"})

    def test_the_dockerfile_copies_from_what_is_there(self):
        text = (ROOT / "packaging/container/Dockerfile").read_text()
        self.assertIn("packaging/container/root build/release/agent/sluice", text)
        for name in ["build", "container"]:
            self.assertTrue((ROOT / f"packaging/packages-{name}").exists())


if __name__ == "__main__":
    unittest.main()
