"""Runs the tests of a file in a network of their own, where port 53 is free and what they make goes
away with it. It needs root."""
import os
import shutil
import subprocess
import sys
import unittest

INSIDE = "SLUICE_TEST_INSIDE_NETWORK"
os.environ["PATH"] += ":/usr/sbin:/sbin"

inside_only = unittest.skipIf(os.environ.get(INSIDE) is None, "runs inside a network of its own")


def why_not(*programs: str) -> str:
    """Why it cannot be done here; empty if it can."""
    if os.getuid() != 0:
        return "it needs root"
    missing = [name for name in ("unshare", "ip", "mount", *programs) if shutil.which(name) is None]
    if missing:
        return f"not installed: {', '.join(missing)}"
    if subprocess.run(["unshare", "--net", "--mount", "true"], capture_output=True).returncode != 0:
        return "no network of its own can be made here"
    return ""


def main(file: str, programs: list[str], prelude: str = "true"):
    """Instead of unittest.main(): runs all tests of the file there, after a line of shell."""
    if os.environ.get(INSIDE) is not None:
        unittest.main(module="__main__")
    if reason := why_not(*programs):
        print(f"skipped: {reason}")
        sys.exit(0)
    script = f"ip link set lo up && {prelude} && exec \"$@\""
    done = subprocess.run(["unshare", "--net", "--mount", "sh", "-c", script, "sh", sys.executable,
                           os.path.abspath(file), *sys.argv[1:]], env={**os.environ, INSIDE: "1"})
    sys.exit(done.returncode)
