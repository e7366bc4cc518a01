"""A server of recorded answers: each agent gets the answers of a job in order, at its own pace.

So two agents that scrape at different times can be compared scrape by scrape: the n-th scrape of a
job got the same bytes from both. After its last answer a job repeats it.
"""
import dataclasses
import gzip
import http.server
import re
import threading
import time

from exporter import QuietServer, arrived_at
from processes import free_port

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


# In a body, a time: so many milliseconds after the start of the server, or after the request. With
# an `s` it is written in seconds. Pages use minutes after the start: later than any scrape of the
# test, however slow the machine, and not the ten minutes ahead that Prometheus refuses.
TIME = re.compile(rb"<(start|now)([+-][0-9]+)(s?)>")


@dataclasses.dataclass(frozen=True)
class Answer:
    body: bytes = b""
    status: int = 200
    content_type: str | None = TEXT
    headers: tuple = ()
    compressed: bool = False
    # Closes the connection instead of answering.
    dead: bool = False


def page(text: str, **more) -> Answer:
    return Answer(text.encode(), **more)


class PageServer:
    """Answers /JOB and whatever is below it from `scripts[JOB]`.

    `requests[JOB, AGENT]`: what was asked for, in order: path with query, and headers. The agent
    is the first word of its User-Agent, in lower case. `times[AGENT]`: the times that it was
    served, and what they stand for: (the text in the recorded answer, the number of the scrape).
    """

    def __init__(self, scripts: dict[str, list[Answer]]):
        self.port = free_port()
        self.scripts = scripts
        self.lock = threading.Lock()
        self.requests: dict[tuple[str, str], list[tuple[str, dict]]] = {}
        self.times: dict[str, dict[int, tuple[str, int]]] = {}
        self.start_ms = int(time.time()) * 1000
        self.server = None

    def start(self):
        pages = self

        class Handler(http.server.BaseHTTPRequestHandler):
            # A connection for each scrape: on one that is kept, an agent may try a second time
            # when it dies, and would then be an answer ahead.
            protocol_version = "HTTP/1.0"

            def do_GET(self):
                pages.serve(self)

            def log_message(self, *_):
                pass

        self.server = QuietServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def serve(self, handler):
        job = handler.path.split("?")[0].split("/")[1]
        script = self.scripts.get(job)
        if script is None:
            handler.send_error(404)
            return
        agent = handler.headers["User-Agent"].split("/")[0].lower()
        with self.lock:
            asked = self.requests.setdefault((job, agent), [])
            answer = script[min(len(asked), len(script) - 1)]
            body = self.with_times(answer.body, agent, len(asked), arrived_at(handler))
            asked.append((handler.path, dict(handler.headers)))
        if not answer.dead:
            write(handler, answer, body)

    def with_times(self, body: bytes, agent: str, scrape: int, now: float) -> bytes:
        now_ms = int(now * 1000)
        times = self.times.setdefault(agent, {})

        def replace(match):
            since = self.start_ms if match[1] == b"start" else now_ms
            time_ms = since + int(match[2])
            times.setdefault(time_ms, (match[0].decode(), scrape))
            return (repr(time_ms / 1000) if match[3] else str(time_ms)).encode()
        return TIME.sub(replace, body)


def write(handler, answer: Answer, body: bytes):
    if answer.compressed:
        body = gzip.compress(body)
    handler.send_response(answer.status)
    if answer.content_type is not None:
        handler.send_header("Content-Type", answer.content_type)
    if answer.compressed:
        handler.send_header("Content-Encoding", "gzip")
    for name, value in answer.headers:
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)
