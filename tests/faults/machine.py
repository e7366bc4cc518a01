"""Disks and networks that a test makes and breaks. All of it needs root."""
import os
import pathlib
import shutil
import subprocess
import time
import unittest

from processes import wait_until


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout.strip()


def needs(*programs: str):
    """Skips, with the reason, where a test cannot be run."""
    missing = [name for name in programs if shutil.which(name, path=PATH) is None]
    reason = "it needs root" if os.getuid() != 0 else f"not installed: {', '.join(missing)}"
    return unittest.skipIf(os.getuid() != 0 or missing, reason)


PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"
os.environ["PATH"] = PATH


class Disk:
    """A file system of its own, mounted at `path`."""

    def __init__(self, path: pathlib.Path):
        self.path = path
        self.path.mkdir()
        self.fillers: list[pathlib.Path] = []

    def mount(self, *arguments: str):
        run("mount", *arguments, str(self.path))

    def unmount(self):
        subprocess.run(["umount", "-l", str(self.path)], capture_output=True, check=False)

    def free(self):
        """Takes back what fill() did."""
        while self.fillers:
            self.fillers.pop().unlink()

    def fill(self):
        """Until there is no byte left; again, if there is room again."""
        filler = self.path / f"filler{len(self.fillers)}"
        self.fillers.append(filler)
        with open(filler, "wb", buffering=0) as file:
            for size in [1 << 20, 1 << 12]:
                try:
                    while True:
                        file.write(bytes(size))
                except OSError:
                    pass


class MemoryDisk(Disk):
    def __init__(self, path: pathlib.Path, megabytes: int):
        super().__init__(path)
        self.mount("-t", "tmpfs", "-o", f"size={megabytes}m", "none")

    def close(self):
        self.unmount()


class LoopDisk(Disk):
    """A file system in a file, whose power can be cut."""

    def __init__(self, path: pathlib.Path, kind: str, megabytes: int):
        super().__init__(path)
        self.kind = kind
        image = path.with_suffix(".img")
        with open(image, "wb") as file:
            file.truncate(megabytes << 20)
        run(f"mkfs.{kind}", "-q", str(image))
        self.device = run("losetup", "--find", "--show", str(image))
        try:
            self.mount(self.device)
        except AssertionError:
            self.close()
            raise

    def cut_power(self):
        """What was not synced is gone; the file system has to be mounted again."""
        run("xfs_io", "-x", "-c", "shutdown", str(self.path))

    def power_on(self):
        run("umount", str(self.path))
        self.mount(self.device)

    def close(self):
        self.unmount()
        subprocess.run(["losetup", "-d", self.device], capture_output=True, check=False)


class FailingDisk(Disk):
    """An ext4 whose device answers with EIO while it is told to; without a journal, which would never
    forgive that."""

    def __init__(self, path: pathlib.Path, megabytes: int):
        super().__init__(path)
        folder = path.parent
        self.trigger = folder / "eio"
        self.read_trigger = folder / "eio-on-read"
        socket = folder / "nbd.sock"
        device = folder / "nbd.device"
        device.touch()
        self.device_file = device
        self.device = None
        self.server = subprocess.Popen(
            ["nbdkit", "-f", "-U", str(socket), "--filter=error", "memory", f"{megabytes}M",
             "error-rate=100%", "error=EIO", f"error-file={self.trigger}",
             f"error-pread-file={self.read_trigger}"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(socket.exists, "nbdkit listens")
        self.fuse = subprocess.Popen(["nbdfuse", str(device), "--unix", str(socket)],
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: device.stat().st_size > 0, "the device is there")
        run("mkfs.ext4", "-q", "-F", "-O", "^has_journal", str(device))
        self.device = run("losetup", "--find", "--show", str(device))
        self.mount("-o", "errors=continue", self.device)

    def break_it(self):
        self.trigger.touch()

    def break_reads(self, but: list[str] = ()):
        """Of what the kernel does not have in memory, which is the content of files named `but`."""
        for path in [*self.path.rglob("*"), self.device_file]:
            if path.is_file():
                with open(path, "rb") as file:
                    os.fsync(file.fileno())
                    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        for pattern in but:
            for path in self.path.rglob(pattern):
                path.read_bytes()
        self.read_trigger.touch()

    def mend(self):
        self.trigger.unlink(missing_ok=True)
        self.read_trigger.unlink(missing_ok=True)

    def close(self):
        self.mend()
        self.unmount()
        if self.device is not None:
            subprocess.run(["losetup", "-d", self.device], capture_output=True, check=False)
        for process in [self.fuse, self.server]:
            process.terminate()
            process.wait(60)
