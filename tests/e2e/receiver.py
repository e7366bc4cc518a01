"""A scripted remote-write receiver: decodes requests (snappy, protobuf) and answers as told."""
import http.server
import struct
import threading

from exporter import QuietServer
from processes import free_port


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def snappy_decode(data: bytes) -> bytes:
    """The block format: literals and copies, little endian."""
    size, at = read_varint(data, 0)
    out = bytearray()
    while at < len(data):
        tag = data[at]
        at += 1
        kind = tag & 3
        if kind == 0:
            length = (tag >> 2) + 1
            if length > 60:
                extra = length - 60
                length = int.from_bytes(data[at:at + extra], "little") + 1
                at += extra
            out += data[at:at + length]
            at += length
            continue
        if kind == 1:
            length = ((tag >> 2) & 7) + 4
            offset = ((tag >> 5) << 8) | data[at]
            at += 1
        else:
            width = 2 if kind == 2 else 4
            length = (tag >> 2) + 1
            offset = int.from_bytes(data[at:at + width], "little")
            at += width
        start = len(out) - offset
        if start < 0 or offset == 0:
            raise ValueError("snappy: bad offset")
        if offset >= length:
            out += out[start:start + length]
        else:
            for i in range(length):
                out.append(out[start + i])
    if len(out) != size:
        raise ValueError("snappy: wrong size")
    return bytes(out)


def fields(data: bytes):
    at = 0
    while at < len(data):
        key, at = read_varint(data, at)
        wire = key & 7
        if wire == 0:
            value, at = read_varint(data, at)
        elif wire == 1:
            value, at = data[at:at + 8], at + 8
        elif wire == 2:
            size, at = read_varint(data, at)
            value, at = data[at:at + size], at + size
        else:
            raise ValueError(f"wire type {wire}")
        yield key >> 3, value


STALE_BITS = 0x7FF0000000000002


def decode_write_request(body: bytes) -> list[tuple[tuple, list[tuple[int, float | None]]]]:
    """[(sorted label pairs, [(ms, value; None = stale marker)])] in the order of the request."""
    result = []
    for number, series in fields(snappy_decode(body)):
        if number != 1:
            continue
        labels, samples = [], []
        for inner, value in fields(series):
            if inner == 1:
                pair = dict(fields(value))
                labels.append((pair.get(1, b"").decode(), pair.get(2, b"").decode()))
            elif inner == 2:
                parts = dict(fields(value))
                bits = parts.get(1, bytes(8))
                time_ms = parts.get(2, 0)
                stale = struct.unpack("<Q", bits)[0] == STALE_BITS
                samples.append((time_ms, None if stale else struct.unpack("<d", bits)[0]))
        result.append((tuple(labels), samples))
    return result


class Receiver:
    """Answers POSTs with `answer(receiver, handler, series)` -> status, or (status, headers, text).

    Without an answer function: 204. Only samples of requests answered with 2xx are kept.
    `out_of_order` counts samples that are not newer than an accepted one of the same series.
    """

    def __init__(self, answer=None):
        self.port = free_port()
        self.answer = answer
        self.lock = threading.Lock()
        self.samples: dict[tuple, dict[int, float | None]] = {}
        self.newest: dict[tuple, int] = {}
        self.requests = 0
        self.accepted = 0
        self.duplicates = 0
        self.out_of_order = 0
        self.headers = []
        self.server = None

    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/write"

    def start(self):
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                series = decode_write_request(body)
                with receiver.lock:
                    receiver.requests += 1
                    receiver.headers.append(dict(self.headers))
                outcome = 204
                if receiver.answer is not None:
                    outcome = receiver.answer(receiver, self, series)
                if outcome is None:
                    self.close_connection = True
                    return
                status, headers, text = outcome if isinstance(outcome, tuple) else (outcome, {}, "")
                if 200 <= status < 300:
                    receiver.accept(series)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_):
                pass

        self.server = QuietServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def stop(self):
        if self.server is not None:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    def accept(self, series):
        with self.lock:
            self.accepted += 1
            for labels, samples in series:
                held = self.samples.setdefault(labels, {})
                for time_ms, value in samples:
                    if time_ms in held:
                        self.duplicates += 1
                    elif time_ms < self.newest.get(labels, time_ms):
                        self.out_of_order += 1
                    held[time_ms] = value
                    self.newest[labels] = max(time_ms, self.newest.get(labels, time_ms))

    def exported(self) -> dict[tuple, list[tuple[int, float | None]]]:
        """As the export of a real server."""
        with self.lock:
            return {tuple(sorted(labels)): sorted(samples.items())
                    for labels, samples in self.samples.items()}

    def count(self) -> int:
        with self.lock:
            return sum(len(samples) for samples in self.samples.values())
