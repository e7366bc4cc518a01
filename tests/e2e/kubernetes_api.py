"""An API server of Kubernetes as a test needs it: lists in pages, watches, bookmarks, 410; with
WatchList or without."""
import bisect
import http.server
import json
import threading
import time
import urllib.parse

from processes import free_port

PATHS = {
    "/api/v1/nodes": "nodes",
    "/api/v1/pods": "pods",
    "/api/v1/services": "services",
    "/api/v1/endpoints": "endpoints",
    "/api/v1/namespaces": "namespaces",
    "/apis/discovery.k8s.io/v1/endpointslices": "endpointslices",
    "/apis/networking.k8s.io/v1/ingresses": "ingresses",
}
KINDS = {
    "nodes": ("v1", "Node"), "pods": ("v1", "Pod"), "services": ("v1", "Service"),
    "endpoints": ("v1", "Endpoints"), "namespaces": ("v1", "Namespace"),
    "endpointslices": ("discovery.k8s.io/v1", "EndpointSlice"),
    "ingresses": ("networking.k8s.io/v1", "Ingress"),
}
EXPIRED = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 410,
           "reason": "Expired"}


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_):
        pass


class KubernetesApi:
    """Objects by plural and (namespace, name). Every change is an event for the watches; all pages
    of a list are of the moment of its first one."""

    def __init__(self, offers_streams: bool, page: int = 3):
        self.offers_streams = offers_streams
        self.page = page
        self.port = free_port()
        self.lock = threading.Condition()
        self.version = 1000
        self.oldest = 0  # watches from before it get 410
        self.objects = {plural: {} for plural in KINDS}
        self.events: list[tuple[int, str, str, dict]] = []
        self.lists = 0
        self.listed: dict[tuple[str, int], list[dict]] = {}  # by plural and version, for next pages
        self.between_pages = None  # called before an answer that is not the last page of its list
        self.cut = 0  # counts up to make open watches end
        self.stopping = False
        self.watched = 0  # counts watches that began

    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def put(self, plural: str, thing: dict):
        version, kind = KINDS[plural]
        meta = thing["metadata"]
        key = (meta.get("namespace", ""), meta["name"])
        with self.lock:
            self.version += 1
            meta["resourceVersion"] = str(self.version)
            meta.setdefault("uid", f"uid-{plural}-{key[0]}-{key[1]}")
            known = key in self.objects[plural]
            thing = {"apiVersion": version, "kind": kind, **thing}
            self.objects[plural][key] = thing
            self.events.append((self.version, plural, "MODIFIED" if known else "ADDED", thing))
            self.lock.notify_all()

    def delete(self, plural: str, namespace: str, name: str):
        with self.lock:
            thing = self.objects[plural].pop((namespace, name))
            self.version += 1
            thing = json.loads(json.dumps(thing))
            thing["metadata"]["resourceVersion"] = str(self.version)
            self.events.append((self.version, plural, "DELETED", thing))
            self.lock.notify_all()

    def forget_history(self):
        """Every watch ends, and none can go on, nor can a list."""
        with self.lock:
            self.oldest = self.version + 1
            self.listed.clear()
            self.version += 1
            self.cut += 1
            self.lock.notify_all()

    def cut_watches(self):
        with self.lock:
            self.cut += 1
            self.lock.notify_all()

    def page_of(self, plural: str, query: dict) -> dict | None:
        """Nothing when the list that it belongs to is forgotten. Under the lock."""
        version, begin = self.version, 0
        if "continue" in query:
            version, begin = map(int, query["continue"].split("."))
        else:
            self.listed[plural, version] = [
                thing for _, thing in sorted(self.objects[plural].items())]
        things = self.listed.get((plural, version))
        if things is None:
            return None
        end = begin + min(int(query["limit"]), self.page) if "limit" in query else len(things)
        meta = {"resourceVersion": str(version)}
        if end < len(things):
            meta["continue"] = f"{version}.{end}"
        api_version, kind = KINDS[plural]
        return {"apiVersion": api_version, "kind": kind + "List", "metadata": meta,
                "items": things[begin:end]}

    def start(self):
        api = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                parts = urllib.parse.urlsplit(self.path)
                query = dict(urllib.parse.parse_qsl(parts.query))
                if parts.path == "/version":
                    self.answer(200, {"major": "1", "minor": "26", "gitVersion": "v1.26.0"})
                elif parts.path in ("/apis/discovery.k8s.io/v1", "/apis/networking.k8s.io/v1"):
                    group = parts.path[len("/apis/"):]
                    self.answer(200, {"kind": "APIResourceList", "groupVersion": group, "resources": [
                        {"name": plural, "namespaced": True, "kind": kind, "verbs": ["list", "watch"]}
                        for plural, (version, kind) in KINDS.items() if version == group]})
                elif parts.path not in PATHS:
                    self.answer(404, {"kind": "Status", "code": 404})
                elif query.get("watch") in ("true", "1"):
                    self.watch(PATHS[parts.path], query)
                else:
                    self.list(PATHS[parts.path], query)

            def list(self, plural, query):
                with api.lock:
                    api.lists += 1
                    page = api.page_of(plural, query)
                    text = json.dumps(page).encode()
                if page is None:
                    self.answer(410, EXPIRED)
                    return
                if "continue" in page["metadata"] and api.between_pages is not None:
                    api.between_pages()
                self.send(200, text)

            def watch(self, plural, query):
                initial = query.get("sendInitialEvents") == "true"
                if initial and not api.offers_streams:
                    self.answer(422, {"kind": "Status", "status": "Failure", "code": 422,
                                      "reason": "Invalid"})
                    return
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                with api.lock:
                    api.watched += 1
                    cut = api.cut
                    at = api.version if initial else int(query.get("resourceVersion") or 0)
                    gone = not initial and at < api.oldest
                    first = list(api.objects[plural].values()) if initial else []
                if gone:
                    self.event("ERROR", EXPIRED)
                    self.chunk(b"")
                    return
                for thing in first:
                    self.event("ADDED", thing)
                if initial:
                    self.bookmark(plural, at, {"k8s.io/initial-events-end": "true"})
                self.follow(plural, at, cut)

            def follow(self, plural, at, cut):
                bookmark_at = time.monotonic() + 1
                while True:
                    with api.lock:
                        first = bisect.bisect_right(api.events, at, key=lambda event: event[0])
                        news = api.events[first:]
                        if not news and api.cut == cut and not api.stopping:
                            api.lock.wait(0.2)
                        ended = api.cut != cut or api.stopping
                    for version, event_plural, kind, thing in news:
                        at = version
                        if event_plural == plural:
                            self.event(kind, thing)
                    if ended:
                        if not api.stopping:
                            # In the middle of an object.
                            self.chunk(b'{"type":"MODIFIED","object":{"metadata":{"na')
                        self.close_connection = True
                        return
                    if time.monotonic() > bookmark_at:
                        self.bookmark(plural, at, {})
                        bookmark_at = time.monotonic() + 1

            def bookmark(self, plural, at, annotations):
                version, kind = KINDS[plural]
                meta = {"resourceVersion": str(at), "creationTimestamp": None}
                if annotations:
                    meta["annotations"] = annotations
                self.event("BOOKMARK", {"apiVersion": version, "kind": kind, "metadata": meta})

            def event(self, kind, thing):
                self.chunk(json.dumps({"type": kind, "object": thing}).encode() + b"\n")

            def chunk(self, data):
                self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
                self.wfile.flush()

            def answer(self, status, body):
                self.send(status, json.dumps(body).encode())

            def send(self, status, text):
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        self.server = Server(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def stop(self):
        with self.lock:
            self.stopping = True
            self.lock.notify_all()
        self.server.shutdown()
        self.server.server_close()
