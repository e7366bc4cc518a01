"""One scripted server that answers every discovery mechanism that asks a server at an address of
the user's choice, each with one target."""
import http.server
import json
import threading
import urllib.parse

from exporter import QuietServer
from processes import free_port


class DiscoveryServers:
    """Every mechanism finds `host:port`. Requests are counted by path."""

    def __init__(self, address: str):
        self.host, port = address.rsplit(":", 1)
        self.target_port = int(port)
        self.port = free_port()
        self.lock = threading.Condition()
        self.requests: dict[str, int] = {}
        self.connections = 0
        self.stopping = False

    def config(self, folder) -> str:
        """Of the `*_sd_configs` of one job; `folder` gets the file of file discovery."""
        (folder / "targets.json").write_text(json.dumps(
            [{"targets": [f"{self.host}:{self.target_port}"]}]))
        url = f"http://127.0.0.1:{self.port}"
        every = "refresh_interval: 1h"
        return f"""
    static_configs: [{{targets: ['{self.host}:{self.target_port}'], labels: {{from: static}}}}]
    file_sd_configs: [{{files: ['{folder}/targets.json'], {every}}}]
    http_sd_configs: [{{url: '{url}/http', {every}}}]
    consul_sd_configs: [{{server: '127.0.0.1:{self.port}', refresh_interval: 1s}}]
    docker_sd_configs: [{{host: '{url}', {every}}}]
    dockerswarm_sd_configs: [{{host: '{url}', role: nodes, port: {self.target_port}, {every}}}]
    nomad_sd_configs: [{{server: '{url}/nomad', {every}}}]
    eureka_sd_configs: [{{server: '{url}/eureka', {every}}}]
"""

    MECHANISMS = ["file", "http", "consul", "docker", "dockerswarm", "nomad", "eureka"]

    def answer(self, path: str):
        """The body, as JSON or text; None: there is nothing of that name."""
        host, port = self.host, self.target_port
        if path == "/http":
            return [{"targets": [f"{host}:{port}"]}]
        if path == "/v1/agent/self":
            return {"Config": {"Datacenter": "dc1"}}
        if path == "/v1/catalog/services":
            return {"web": []}
        if path == "/v1/health/service/web":
            return [{"Node": {"Node": "n", "Address": host, "Datacenter": "dc1"},
                     "Service": {"ID": "web-1", "Service": "web", "Tags": [], "Address": "",
                                 "Port": port}, "Checks": []}]
        if path.endswith("/networks"):
            return [{"Id": "n1", "Name": "front", "Scope": "local", "Internal": False,
                     "Ingress": False, "Labels": None}]
        if path.endswith("/containers/json"):
            return [{"Id": "c1", "Names": ["/c1"], "Image": "i", "ImageID": "1", "Labels": {},
                     "HostConfig": {"NetworkMode": "bridge"},
                     "NetworkSettings": {"Networks": {"front": {"NetworkID": "n1",
                                                                "IPAddress": host}}},
                     "Ports": [{"PrivatePort": port, "Type": "tcp"}]}]
        if path.endswith("/nodes"):
            return [{"ID": "w1", "Spec": {"Role": "worker", "Availability": "active", "Labels": {}},
                     "Description": {"Hostname": "h", "Platform": {"Architecture": "x", "OS": "l"},
                                     "Engine": {"EngineVersion": "20"}},
                     "Status": {"State": "ready", "Addr": host}}]
        if path == "/nomad/v1/services":
            return [{"Namespace": "default", "Services": [{"ServiceName": "web", "Tags": []}]}]
        if path == "/nomad/v1/service/web":
            return [{"Address": host, "Port": port, "Datacenter": "dc1", "ID": "1",
                     "Namespace": "default", "NodeID": "n", "ServiceName": "web", "Tags": []}]
        if path == "/eureka/apps":
            return (f"<applications><application><name>A</name><instance>"
                    f"<instanceId>i</instanceId><hostName>{host}</hostName><app>A</app>"
                    f"<ipAddr>{host}</ipAddr><status>UP</status>"
                    f"<port enabled=\"true\">{port}</port>"
                    f"</instance></application></applications>")
        return None

    def start(self):
        servers = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                with servers.lock:
                    servers.connections += 1
                super().setup()

            def do_GET(self):
                parts = urllib.parse.urlsplit(self.path)
                query = dict(urllib.parse.parse_qsl(parts.query))
                with servers.lock:
                    servers.requests[parts.path] = servers.requests.get(parts.path, 0) + 1
                    if "index" in query:  # of Consul: nothing changes
                        servers.lock.wait_for(lambda: servers.stopping)
                body = servers.answer(parts.path)
                text = body if isinstance(body, str) else json.dumps(body)
                kind = "application/xml" if isinstance(body, str) else "application/json"
                self.send_response(404 if body is None else 200)
                self.send_header("Content-Type", kind)
                self.send_header("X-Consul-Index", "7")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_):
                pass

        self.server = QuietServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def stop(self):
        with self.lock:
            self.stopping = True
            self.lock.notify_all()
        self.server.shutdown()
        self.server.server_close()
