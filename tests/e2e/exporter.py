"""A scripted exporter: every page it serves is numbered, and every value follows from the number.

So a test can tell from a destination's samples alone which pages arrived: the series
`served_page` holds the number of the page, and any other series of the page must hold
`value_of(series, number)` at the same timestamp.
"""
import http.client
import http.server
import os
import socket
import struct
import threading
import time
import zlib

from processes import free_port, wait_until


def value_of(series: str, page: int) -> float:
    """Values of several kinds: whole, with all digits that a double has, large, negative."""
    seed = zlib.crc32(series.encode())
    kind = seed % 4
    if kind == 0:
        return float(page)
    if kind == 1:
        return page / 7
    if kind == 2:
        return float(seed) * 1e6 + page
    return -page * 0.001


LAST_DATA_RECEIVED_AT = 52  # in struct tcp_info; milliseconds since then


def arrived_at(handler) -> float:
    """The wall time at which the kernel had the request, however late this process came to read it."""
    info = handler.connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
    return time.time() - struct.unpack_from("I", info, LAST_DATA_RECEIVED_AT)[0] / 1000


class QuietServer(http.server.ThreadingHTTPServer):
    daemon_threads = True
    # What finds no room while this process waits for its turn tries again a second later.
    request_queue_size = 1024

    def __init__(self, *arguments):
        self.open = 0  # connections, accepted and not closed
        self.counting = threading.Lock()
        super().__init__(*arguments)

    def process_request(self, *arguments):
        with self.counting:
            self.open += 1
        super().process_request(*arguments)

    def shutdown_request(self, request):
        super().shutdown_request(request)
        with self.counting:
            self.open -= 1

    def handle_error(self, *_):
        pass  # peers that go away are part of the tests


class Exporter:
    """Serves /metrics on a port of its own; may be stopped and started again on the same port."""

    def __init__(self, series: list[str]):
        self.port = free_port()
        self.lock = threading.Lock()
        self.series = list(series)
        self.page = 0
        self.connections = 0  # accepted so far
        self.pages: dict[int, list[str]] = {}  # number -> series on it
        # Pages that whoever asked has: on the same connection it asked for another one. The last one
        # of a connection may have come too late, or to nobody.
        self.taken: set[int] = set()
        self.served_at: dict[int, float] = {}  # number -> wall time of the agent, seconds
        self.ahead = 0.0  # how far the agent's clock is ahead of ours, seconds
        self.custom = None  # a function (handler) -> None that answers instead
        self.server = None

    def set_series(self, series: list[str]):
        with self.lock:
            self.series = list(series)

    def start(self):
        exporter = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                with exporter.lock:
                    exporter.connections += 1
                super().setup()
                self.page = 0  # that it served last

            def do_GET(self):
                exporter.note_taken(self.page)
                if exporter.custom is not None:
                    exporter.custom(self)
                    return
                self.page, body = exporter.next_page()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = QuietServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def stop(self):
        """Closes the port; connections that are open get no further answers of this server."""
        if self.server is not None:
            self.custom_before, self.custom = self.custom, drop_connection
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    def come_to_rest(self):
        """After the end of whoever scrapes: until all that it had asked for is counted."""
        # Connections are accepted in turn, so that this one is the last.
        probe = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        probe.request("HEAD", "/")
        probe.getresponse().read()
        probe.close()
        wait_until(lambda: self.server.open == 0, "answers that are under way")

    def restart(self):
        self.custom = self.custom_before
        self.start()

    def note_taken(self, page: int):
        if page > 0:
            with self.lock:
                self.taken.add(page)

    def next_page(self) -> tuple[int, bytes]:
        with self.lock:
            self.page += 1
            page, series = self.page, list(self.series)
            self.pages[page] = series
            self.served_at[page] = time.time() + self.ahead
        lines = ["# HELP served_page Number of this page.", "# TYPE served_page counter",
                 f"served_page {page}"]
        lines += [f"{name} {value_of(name, page)!r}" for name in series]
        return page, ("\n".join(lines) + "\n").encode()

    def address(self) -> str:
        return f"127.0.0.1:{self.port}"


class ChurningExporter(Exporter):
    """Each page has new series with long labels: much to store, and little to compare."""

    def next_page(self) -> tuple[int, bytes]:
        self.set_series([f'm{i}{{text="{os.urandom(2000).hex()}"}}' for i in range(30)])
        return super().next_page()


def drop_connection(handler):
    handler.close_connection = True
