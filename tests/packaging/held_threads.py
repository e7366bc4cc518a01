"""Holds some threads of a process while the others go on: those that wait for sockets, by ptrace."""
import pathlib
import subprocess
import sys

EPOLL = {"232", "281"}  # epoll_wait, epoll_pwait: who waits there holds no locks

SCRIPT = """
import ctypes, signal, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # or nobody sees the process end
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long] * 4
for thread in map(int, sys.argv[1:]):
    for request in (0x4206, 0x4207):  # PTRACE_SEIZE, PTRACE_INTERRUPT
        if libc.ptrace(request, thread, 0, 0) != 0:
            sys.exit(f"ptrace: {ctypes.get_errno()}")
print("held", flush=True)
sys.stdin.read()
"""


def waiting_threads(process: int) -> list[str]:
    return [path.parent.name for path in pathlib.Path(f"/proc/{process}/task").glob("*/syscall")
            if path.parent.name != str(process) and path.read_text().split()[0] in EPOLL]


class HeldThreads:
    """For as long as the context lasts, or the process."""

    def __init__(self, process: int):
        self.process = process
        self.holder = None

    def __enter__(self):
        threads = waiting_threads(self.process)
        assert threads, "no thread waits for a socket"
        self.holder = subprocess.Popen([sys.executable, "-c", SCRIPT, *threads], text=True,
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.holder.stdout.readline() == "held\n"
        return self

    def __exit__(self, *_):
        self.holder.kill()
        self.holder.communicate()
