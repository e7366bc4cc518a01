"""The exporters of the comparison, in a process of its own: one port, of which each loopback address
127.B.C.D is a target. Started by `Fleet`; the pages are inherited at the fork.

A connection is a small state machine over bytes, as five thousand targets want little more than a
write of memory that is there already.
"""
import asyncio
import json
import multiprocessing
import socket
import time

from pages import Pages

TARGETS_PER_BLOCK = 250


def address_of(target: int) -> str:
    return f"127.{1 + target // TARGETS_PER_BLOCK**2}.{target // TARGETS_PER_BLOCK % TARGETS_PER_BLOCK}." \
           f"{1 + target % TARGETS_PER_BLOCK}"


def target_of(address: str) -> int:
    _, block, row, place = map(int, address.split("."))
    return ((block - 1) * TARGETS_PER_BLOCK + row) * TARGETS_PER_BLOCK + place - 1


class Exporters:
    def __init__(self, pages: Pages):
        self.answers = [[b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
                         b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b" % (len(page), page)
                         for page in stream] for stream in pages.streams]
        self.served = {}  # target -> pages
        self.pages = 0
        self.arrivals = {}  # target -> monotonic times, seconds; once they are asked for
        self.timed = False
        self.open = True  # else: targets hang up, so that a count comes to rest

    def next_answer(self, target: int) -> bytes:
        stream = self.answers[target % len(self.answers)]
        step = self.served.get(target, 0)
        self.served[target] = step + 1
        self.pages += 1
        if self.timed:
            self.arrivals.setdefault(target, []).append(time.monotonic())
        return stream[(step + target) % len(stream)]


class Connection(asyncio.Protocol):
    def __init__(self, exporters: Exporters):
        self.exporters = exporters
        self.received = b""
        self.untaken = 0  # answers after which nothing more was asked for

    def connection_made(self, transport):
        self.transport = transport
        self.target = target_of(transport.get_extra_info("sockname")[0])

    def data_received(self, data):
        self.received += data
        while b"\r\n\r\n" in self.received:
            self.received = self.received.partition(b"\r\n\r\n")[2]
            self.untaken = 0
            if not self.exporters.open:
                self.transport.close()
                return
            self.untaken = 1
            self.transport.write(self.exporters.next_answer(self.target))

    def connection_lost(self, error):
        # On a busy machine, a page may come too late for a scrape: it is left unread, which resets
        # the connection. Who has read it may close as well.
        if error is not None:
            self.exporters.pages -= self.untaken


def serve(pages: Pages, listener: socket.socket, pipe):
    exporters = Exporters(pages)

    async def run():
        loop = asyncio.get_running_loop()
        await loop.create_server(lambda: Connection(exporters), sock=listener, backlog=4096)
        ended = loop.create_future()

        def command():
            try:
                word = pipe.recv()
            except EOFError:
                ended.set_result(None)
                return
            if word == "close":
                exporters.open = False
            if word == "time":
                exporters.arrivals, exporters.timed = {}, True
            pipe.send(exporters.arrivals if word == "arrivals" else exporters.pages)

        loop.add_reader(pipe.fileno(), command)
        await ended

    asyncio.run(run())


class Fleet:
    """Owns the process."""

    def __init__(self, pages: Pages, targets: int):
        self.pages = pages
        self.targets = targets
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Every loopback address, and no other.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
        listener.bind(("0.0.0.0", 0))
        self.port = listener.getsockname()[1]
        self.pipe, other = multiprocessing.Pipe()
        self.process = multiprocessing.get_context("fork").Process(
            target=serve, args=(pages, listener, other), daemon=True)
        self.process.start()
        other.close()
        listener.close()

    def addresses(self) -> list[str]:
        return [f"{address_of(target)}:{self.port}" for target in range(self.targets)]

    def ask(self, word: str):
        self.pipe.send(word)
        return self.pipe.recv()

    def served(self) -> int:
        """Pages so far that were taken, or may still be."""
        return self.ask("count")

    def watch_lag(self):
        """From now on, for lag()."""
        self.ask("time")

    def lag(self, interval_s: float) -> list[float]:
        """Of each scrape, how much later in its target's interval it came than that target's earliest
        one, in seconds, sorted: how well a schedule was kept."""
        lags = []
        for times in self.ask("arrivals").values():
            # The grid is unknown, so phases are taken from the first arrival, -interval/2 to interval/2.
            phases = [(at - times[0] + interval_s / 2) % interval_s for at in times]
            lags += [phase - min(phases) for phase in phases]
        return sorted(lags)

    def close(self) -> int:
        """No more pages; how many there were."""
        return self.ask("close")

    def stop(self):
        self.pipe.close()
        self.process.join(10)
        self.process.kill()
