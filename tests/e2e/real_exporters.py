"""Exporters of other people, as Debian has them, each on a free loopback port."""
import os
import pathlib
import subprocess

from processes import SLUICE_BINARY, Program, free_port

HAPROXY_CONFIG = """
global
  nbthread 1
  maxconn 100
defaults
  mode http
  timeout connect 1s
  timeout client 30s
  timeout server 1s
frontend metrics
  bind 127.0.0.1:{port}
  http-request use-service prometheus-exporter if {{ path /metrics }}
  default_backend b0
"""

COLLECTD_CONFIG = """
BaseDir "{folder}"
PIDFile "{folder}/collectd.pid"
PluginDir "/usr/lib/collectd"
TypesDB "/usr/share/collectd/types.db"
Hostname "box"
Interval 1
LoadPlugin cpu
LoadPlugin load
LoadPlugin memory
LoadPlugin write_prometheus
<Plugin write_prometheus>
  Host "127.0.0.1"
  Port "{port}"
</Plugin>
"""


class RealExporter(Program):
    def __init__(self, name: str, folder: pathlib.Path, port: int, command: list[str]):
        self.port = port
        super().__init__(name, folder, command, f"http://127.0.0.1:{port}/metrics")

    def address(self) -> str:
        return f"127.0.0.1:{self.port}"


def node_exporter(folder: pathlib.Path) -> RealExporter:
    port = free_port()
    return RealExporter("node-exporter", folder, port, [
        "prometheus-node-exporter", f"--web.listen-address=127.0.0.1:{port}"])


def haproxy(folder: pathlib.Path, backends: int, servers: int) -> RealExporter:
    """About 57 series for each of its servers."""
    port = free_port()
    config = HAPROXY_CONFIG.format(port=port)
    for backend in range(backends):
        config += f"backend b{backend}\n"
        config += "".join(f"  server s{i} 127.0.0.1:1\n" for i in range(servers))
    path = folder / "haproxy.cfg"
    path.write_text(config)
    return RealExporter("haproxy", folder, port, ["haproxy", "-f", str(path), "-db"])


def collectd(folder: pathlib.Path) -> RealExporter:
    """Its samples have timestamps of their own."""
    port = free_port()
    path = folder / "collectd.conf"
    path.write_text(COLLECTD_CONFIG.format(folder=folder, port=port))
    return RealExporter("collectd", folder, port, ["collectd", "-f", "-C", str(path)])


def client_golang(folder: pathlib.Path) -> RealExporter:
    """The program in client_golang/, built with Debian's Go and nothing from anywhere else."""
    binary = folder / "client-golang-exporter"
    cache = pathlib.Path(SLUICE_BINARY).resolve().parents[1] / "go-cache"
    environment = {**os.environ, "GO111MODULE": "off", "GOPATH": "/usr/share/gocode",
                   "GOCACHE": str(cache), "GOFLAGS": "", "CGO_ENABLED": "0"}
    source = pathlib.Path(__file__).parent / "client_golang" / "main.go"
    # For the first time it takes minutes on a busy machine.
    built = subprocess.run(["/usr/bin/go", "build", "-o", str(binary), str(source)],
                           env=environment, capture_output=True, text=True, timeout=500)
    if built.returncode != 0:
        raise AssertionError(f"cannot build {source}: run packaging/install test\n{built.stderr}")
    port = free_port()
    return RealExporter("client-golang", folder, port, [str(binary), f"127.0.0.1:{port}"])
