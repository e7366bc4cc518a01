"""A scripted remote-write receiver: decodes requests (snappy, zstd, protobuf), answers as told."""
import ctypes
import dataclasses
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


def zstd_decode(data: bytes) -> bytes:
    """One frame, which says its size."""
    library = ctypes.CDLL("libzstd.so.1")
    for call in (library.ZSTD_getFrameContentSize, library.ZSTD_decompress):
        call.restype = ctypes.c_ulonglong
    size = library.ZSTD_getFrameContentSize(data, ctypes.c_size_t(len(data)))
    if size > 1 << 30:  # an error, or no size
        raise ValueError("zstd: no size")
    out = ctypes.create_string_buffer(size)
    got = library.ZSTD_decompress(out, ctypes.c_size_t(size), data, ctypes.c_size_t(len(data)))
    if got != size:
        raise ValueError("zstd: damaged")
    return out.raw


DECODERS = {"snappy": snappy_decode, "zstd": zstd_decode}


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


@dataclasses.dataclass
class Series:
    """One series of a request; labels, exemplars and histograms in the order in which they came."""
    labels: list = dataclasses.field(default_factory=list)  # pairs
    samples: list = dataclasses.field(default_factory=list)  # (ms, value; None = stale marker)
    exemplars: list = dataclasses.field(default_factory=list)  # (ms, value, pairs)
    histograms: list = dataclasses.field(default_factory=list)  # (ms, {field: value})


def double_of(bits: bytes) -> float:
    return struct.unpack("<d", bits)[0]


def pair_of(label: bytes) -> tuple[str, str]:
    parts = dict(fields(label))
    return parts.get(1, b"").decode(), parts.get(2, b"").decode()


def signed(value: int) -> int:
    """Of an int64."""
    return value - (1 << 64) if value >= 1 << 63 else value


def zigzag(value: int) -> int:
    return (value >> 1) ^ -(value & 1)


def varints(data: bytes) -> list[int]:
    found, at = [], 0
    while at < len(data):
        value, at = read_varint(data, at)
        found.append(value)
    return found


def doubles(data: bytes) -> list[float]:
    return list(struct.unpack(f"<{len(data) // 8}d", data))


def span_of(data: bytes) -> tuple[int, int]:
    parts = dict(fields(data))
    return zigzag(parts.get(1, 0)), parts.get(2, 0)


# Field of a histogram -> its name, and what makes a value of it; with [], fields are collected.
HISTOGRAM = {1: ("count", int), 2: ("count_float", double_of), 3: ("sum", double_of),
             4: ("schema", zigzag), 5: ("zero_threshold", double_of), 6: ("zero_count", int),
             7: ("zero_count_float", double_of), 8: ("negative_spans", [span_of]),
             9: ("negative_deltas", lambda data: [zigzag(value) for value in varints(data)]),
             10: ("negative_counts", doubles), 11: ("positive_spans", [span_of]),
             12: ("positive_deltas", lambda data: [zigzag(value) for value in varints(data)]),
             13: ("positive_counts", doubles), 14: ("reset_hint", int), 15: ("timestamp", signed),
             16: ("custom_values", doubles)}


def decode_histogram(data: bytes) -> tuple[int, dict]:
    """Fields that are zero may be left out, and are."""
    found = {}
    for number, value in fields(data):
        name, read = HISTOGRAM[number]
        if isinstance(read, list):
            found.setdefault(name, []).append(read[0](value))
        else:
            found[name] = read(value)
    time_ms = found.pop("timestamp", 0)
    return time_ms, {name: value for name, value in found.items() if value}


def decode_sample(data: bytes) -> tuple[int, float | None]:
    parts = dict(fields(data))
    bits = parts.get(1, bytes(8))
    stale = struct.unpack("<Q", bits)[0] == STALE_BITS
    return signed(parts.get(2, 0)), None if stale else double_of(bits)


def decode_exemplar(data: bytes) -> tuple:
    pairs, value, time_ms = [], 0.0, 0
    for number, field in fields(data):
        if number == 1:
            pairs.append(pair_of(field))
        elif number == 2:
            value = double_of(field)
        elif number == 3:
            time_ms = signed(field)
    return time_ms, value, tuple(pairs)


def decode_series(message: bytes) -> list[Series]:
    """Of a request of remote write 1.0; one of 2.0 has none, as any receiver of 1.0 sees it."""
    result = []
    for number, data in fields(message):
        if number != 1:
            continue
        series = Series()
        for inner, value in fields(data):
            if inner == 1:
                series.labels.append(pair_of(value))
            elif inner == 2:
                series.samples.append(decode_sample(value))
            elif inner == 3:
                series.exemplars.append(decode_exemplar(value))
            elif inner == 4:
                series.histograms.append(decode_histogram(value))
        result.append(series)
    return result


def decode_metadata(body: bytes) -> list[tuple[str, int, str, str]]:
    """Family, type, help and unit of each entry of metadata, as they came."""
    found = []
    for number, data in fields(snappy_decode(body)):
        if number != 3:
            continue
        parts = dict(fields(data))
        texts = [parts.get(field, b"").decode() for field in (2, 4, 5)]
        found.append((texts[0], parts.get(1, 0), texts[1], texts[2]))
    return found


class Receiver:
    """Answers POSTs with `answer(receiver, handler, series)` -> status, or (status, headers, text).

    Without an answer function: 204. `keep(list of Series)` gets every request as it came.
    `intercept(receiver, handler)` may answer, or not, before the body is read, and then is true.
    `question(handler)` -> (status, text) answers GETs. Only samples of requests answered with 2xx
    are kept. `out_of_order` counts samples that are not newer than an accepted one of the same
    series.
    """

    def __init__(self, answer=None, keep=None, host: str = "127.0.0.1"):
        self.host = host
        self.port = free_port()
        self.answer = answer
        self.keep = keep
        self.intercept = None
        self.question = lambda _handler: (405, "")
        self.lock = threading.Lock()
        self.samples: dict[tuple, dict[int, float | None]] = {}
        self.newest: dict[tuple, int] = {}
        self.requests = 0
        self.accepted = 0
        self.duplicates = 0
        self.out_of_order = 0
        self.headers = []
        self.bodies = threading.local()  # what the thread of a request got last
        self.server = None

    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/write"

    def start(self):
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                if self.server is not receiver.server:  # it was stopped
                    self.close_connection = True
                    return
                if receiver.intercept is not None and receiver.intercept(receiver, self):
                    self.close_connection = True
                    return
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.bodies.last = body
                decoded = decode_series(DECODERS[self.headers["Content-Encoding"]](body))
                series = [(tuple(each.labels), each.samples) for each in decoded]
                with receiver.lock:
                    if receiver.keep is not None:
                        receiver.keep(decoded)
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
                self.reply(status, headers, text)

            def do_GET(self):
                if self.server is not receiver.server:
                    self.close_connection = True
                    return
                status, text = receiver.question(self)
                self.reply(status, {}, text)

            def reply(self, status: int, headers: dict, text: str):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_):
                pass

        self.server = QuietServer((self.host, self.port), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def stop(self):
        """Closes the port; connections that are open get no further answers."""
        if self.server is not None:
            stopped, self.server = self.server, None
            stopped.shutdown()
            stopped.server_close()

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
