#!/usr/bin/env python3
"""The unit and its drop-ins, as systemd reads them."""
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from processes import ROOT, SLUICE_BINARY

UNIT = ROOT / "packaging/systemd/sluice.service"
DROP_INS = sorted((ROOT / "examples/systemd").glob("*.conf"))
# systemd-analyze's own scale of 0 to 100. What is left of it: a network, and addresses to talk to.
EXPOSURE_MAX = 15


def analyze(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True)


@unittest.skipIf(shutil.which("systemd-analyze") is None, "not installed: systemd-analyze")
class Unit(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-unit-"))
        self.unit = self.folder / "sluice.service"
        # Nothing is installed here; the program is where it was built.
        self.unit.write_text(UNIT.read_text().replace("/usr/bin/sluice", SLUICE_BINARY))

    def tearDown(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def test_systemd_finds_nothing_wrong_with_the_unit_alone_and_with_each_drop_in(self):
        version = int(analyze("--version").stdout.split()[1])
        for drop_in in [None, *DROP_INS]:
            if drop_in is not None and drop_in.stem == "notify-reload" and version < 253:
                continue
            folder = self.folder / "sluice.service.d"
            shutil.rmtree(folder, ignore_errors=True)
            if drop_in is not None:
                folder.mkdir()
                (folder / drop_in.name).write_text(
                    drop_in.read_text().replace("/usr/bin/sluice", SLUICE_BINARY))
            done = analyze("verify", "--man=no", "--recursive-errors=no", str(self.unit))
            with self.subTest(drop_in):
                self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))

    def test_the_unit_is_exposed_no_more_than_it_must(self):
        done = analyze("security", "--no-pager", "--offline=true", f"--threshold={EXPOSURE_MAX}",
                       str(self.unit))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        too_far = analyze("security", "--no-pager", "--offline=true", "--threshold=1",
                          str(self.unit))
        self.assertNotEqual(too_far.returncode, 0, "the threshold is not looked at")


if __name__ == "__main__":
    unittest.main()
