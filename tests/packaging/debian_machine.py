"""A small Debian with systemd in a folder, which is booted. It needs root and a mirror of Debian."""
import os
import pathlib
import shutil
import subprocess

from processes import wait_until

SUITE = "bookworm"
PROGRAMS = ["debootstrap", "systemd-nspawn", "nsenter", "dpkg-deb"]
os.environ["PATH"] += ":/usr/sbin:/sbin"


def why_not() -> str:
    """Why it cannot be done here; empty if it can."""
    if os.getuid() != 0:
        return "it needs root"
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing:
        return f"not installed: {', '.join(missing)}"
    return "" if mirror() else f"apt knows no mirror of {SUITE}"


def mirror() -> str:
    """Where apt of this machine takes its packages from."""
    if shutil.which("apt-get") is None:
        return ""
    done = subprocess.run(["apt-get", "indextargets", "--format", "$(RELEASE) $(SITE)"],
                          capture_output=True, text=True)
    sites = [line.split()[1] for line in done.stdout.splitlines() if line.split()[0] == SUITE]
    return sites[0] if sites else ""


def make_root(root: pathlib.Path, package: pathlib.Path) -> str:
    """Installs a Debian with what the package depends on. Kept for the next time, as it takes a
    minute. Returns why it could not be had; else nothing."""
    depends = subprocess.run(["dpkg-deb", "--field", str(package), "Depends"],
                             capture_output=True, text=True, check=True).stdout.strip()
    done = root.with_suffix(".done")
    if done.exists() and done.read_text() == depends:
        return ""
    shutil.rmtree(root, ignore_errors=True)
    names = [part.split("|")[0].split("(")[0].strip() for part in depends.split(",")]
    steps = [["debootstrap", "--variant=minbase", "--include=systemd,systemd-sysv,dbus", SUITE,
              str(root), mirror()],
             # Among them are virtual ones, which only apt knows what to do about.
             ["chroot", str(root), "apt-get", "-q", "update"],
             ["chroot", str(root), "apt-get", "-q", "install", "-y", "--no-install-recommends",
              *names],
             ["chroot", str(root), "apt-get", "-q", "clean"]]
    log = root.with_suffix(".log")
    with open(log, "wb") as out:
        for step in steps:
            made = subprocess.run(step, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                  env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
            if made.returncode != 0:
                return f"{step[0]} failed: {log.read_text(errors='replace')[-500:]}"
    done.write_text(depends)
    return ""


def ancestors(process: str) -> set[str]:
    found = set()
    while process not in ("0", *found):
        found.add(process)
        stat = pathlib.Path(f"/proc/{process}/stat").read_text()
        process = stat.rsplit(")", 1)[1].split()[1]
    return found


class Machine:
    """Booted from a copy of the root; it shares the network of this process."""

    def __init__(self, root: pathlib.Path, folder: pathlib.Path):
        self.root = folder / "root"
        subprocess.run(["cp", "-a", "--reflink=auto", str(root), str(self.root)], check=True)
        self.log_path = folder / "boot.log"
        self.nspawn = None
        self.init = 0

    def start(self):
        log = open(self.log_path, "ab")
        self.nspawn = subprocess.Popen(
            ["systemd-nspawn", "--quiet", "--directory", str(self.root), "--boot", "--register=no",
             "--keep-unit", "--console=pipe", "--resolv-conf=off", "--timezone=off"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        log.close()
        children = pathlib.Path(f"/proc/{self.nspawn.pid}/task/{self.nspawn.pid}/children")

        def booted():
            if self.nspawn.poll() is not None:
                raise AssertionError(f"not booted: {self.log_path.read_text(errors='replace')}")
            self.init = int((children.read_text().split() or ["0"])[0])
            if self.init == 0:
                return False
            state = self.run("systemctl", "is-system-running").stdout.strip()
            return state in ("running", "degraded")
        wait_until(booted, "the machine has booted", 180, 0.2)
        return self

    def run(self, *command: str) -> subprocess.CompletedProcess:
        """Inside."""
        return subprocess.run(["nsenter", "-t", str(self.init), "-m", "-u", "-i", "-p", "-C",
                               *command], capture_output=True, text=True, timeout=120,
                              env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})

    def process_outside(self, inside: int) -> int:
        """The id here of a process that has that one inside."""
        for status in pathlib.Path("/proc").glob("[0-9]*/status"):
            try:
                ids = next(line.split()[1:] for line in status.read_text().splitlines()
                           if line.startswith("NSpid:"))
            except (OSError, StopIteration):
                continue
            if ids[-1] == str(inside) and len(ids) > 1 and str(self.nspawn.pid) in ancestors(ids[0]):
                return int(ids[0])
        raise AssertionError(f"no process {inside} in the machine")

    def must(self, *command: str) -> str:
        done = self.run(*command)
        if done.returncode != 0:
            raise AssertionError(f"{' '.join(command)}: {done.stdout}{done.stderr}")
        return done.stdout

    def show(self, unit: str, *names: str) -> dict[str, str]:
        text = self.must("systemctl", "show", unit, f"--property={','.join(names)}")
        return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)

    def journal(self, unit: str) -> str:
        return self.run("journalctl", "--no-pager", "-o", "cat", "-u", unit).stdout

    def write(self, path: str, text: str):
        to = self.root / path.lstrip("/")
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_text(text)

    def stop(self):
        if self.nspawn is None or self.nspawn.poll() is not None:
            return
        self.run("systemctl", "halt", "--force", "--force")
        try:
            self.nspawn.wait(60)
        except subprocess.TimeoutExpired:
            self.nspawn.kill()
            self.nspawn.wait()
