"""Starting, asking and stopping the programs of an end-to-end test, on free loopback ports."""
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
SLUICE_BINARY = os.environ.get("SLUICE_BINARY", str(ROOT / "build/dev/agent/sluice"))


def free_port() -> int:
    """Of this process for as long as it runs, also while nothing listens there: no other test gets
    it, nor does a connection, as the kernel takes their ports from 32768 on."""
    while True:
        port = random.SystemRandom().randrange(10_000, 32_768)
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            claim.bind(f"\0sluice-test-port-{port}")
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            claim.close()
            continue
        claim.detach()  # it stays open until this process ends
        return port


def wait_until(condition, what: str, seconds: float = 90, every: float = 0.05):
    """Polls `condition` until it gives something true, and returns that. The time is for a busy
    machine that stops now and then, not for what is waited for."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(every)


def http_get(url: str, timeout: float = 60) -> tuple[int, bytes]:
    """Status and body; status 0 when nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=timeout) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
    except OSError:
        return 0, b""


def http_post(url: str, timeout: float = 60) -> tuple[int, bytes]:
    request = urllib.request.Request(url, method="POST", data=b"")
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def get_json(url: str):
    status, body = http_get(url)
    if status != 200:
        raise AssertionError(f"{url}: status {status}: {body[:300]!r}")
    return json.loads(body)


class Program:
    """One program that a test starts, perhaps kills, and starts again."""

    def __init__(self, name: str, folder: pathlib.Path, command: list[str], ready_url: str):
        if shutil.which(command[0]) is None:
            raise AssertionError(f"{command[0]} is not installed: run packaging/install test")
        self.name = name
        self.command = command
        self.ready_url = ready_url
        self.log_path = folder / f"{name}.log"
        self.ready_status = 200
        self.process = None

    def start(self, wait: bool = True):
        log = open(self.log_path, "ab")
        self.process = subprocess.Popen(self.command, stdout=log, stderr=log)
        log.close()
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self):
        def ready():
            if self.process.poll() is not None:
                raise AssertionError(f"{self.name} ended with status {self.process.returncode}:\n"
                                     + self.log()[-3000:])
            return http_get(self.ready_url, 10)[0] == self.ready_status
        wait_until(ready, f"{self.name} is ready at {self.ready_url}")

    def signal(self, number: int):
        os.kill(self.process.pid, number)

    def kill(self):
        """kill -9."""
        self.process.kill()
        self.process.wait()

    def terminate(self, seconds: float = 90) -> int:
        """SIGTERM; the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=seconds)

    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    def freeze(self):
        """Its sockets stay; nobody answers."""
        self.signal(signal.SIGSTOP)

    def thaw(self):
        self.signal(signal.SIGCONT)

    def cleanup(self):
        if self.running():
            self.process.kill()
            self.process.wait()


class Victoria(Program):
    def __init__(self, folder: pathlib.Path, name: str = "victoria", address: str = "127.0.0.1",
                 prefix: tuple = ()):
        """`prefix`: a command that starts it somewhere else, where it has this address."""
        self.base = f"http://{address}:{free_port()}"
        super().__init__(name, folder, [
            *prefix, "victoria-metrics", f"-storageDataPath={folder / name}",
            f"-httpListenAddr={self.base.removeprefix('http://')}", "-retentionPeriod=100y",
            "-search.latencyOffset=0s", "-memory.allowedBytes=256MB"],
            f"{self.base}/health")
        self.write_url = f"{self.base}/api/v1/write"

    def export(self, selector: str) -> dict[tuple, list[tuple[int, float | None]]]:
        """Labels (sorted pairs) -> raw samples (ms, value; None = stale marker) in order of time."""
        http_get(f"{self.base}/internal/force_flush")
        query = urllib.parse.urlencode({"match[]": selector})
        status, body = http_get(f"{self.base}/api/v1/export?{query}")
        if status != 200:
            raise AssertionError(f"export: status {status}: {body[:300]!r}")
        series = {}
        for line in body.splitlines():
            row = json.loads(line)
            key = tuple(sorted(row["metric"].items()))
            samples = series.setdefault(key, [])
            samples += list(zip(row["timestamps"], row["values"]))
        for samples in series.values():
            samples.sort(key=lambda sample: sample[0])
        return series


class PrometheusServer(Program):
    def __init__(self, folder: pathlib.Path, name: str = "prometheus"):
        self.port = free_port()
        config = folder / f"{name}.yml"
        config.write_text("")
        super().__init__(name, folder, [
            "prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder / name}",
            f"--web.listen-address=127.0.0.1:{self.port}", "--web.enable-remote-write-receiver"],
            f"http://127.0.0.1:{self.port}/-/ready")
        self.write_url = f"http://127.0.0.1:{self.port}/api/v1/write"

    def export(self, selector: str, seconds: int = 600) -> dict[tuple, list[tuple[int, float]]]:
        """Labels -> raw samples of the last `seconds`; stale markers are not in the answer."""
        query = urllib.parse.urlencode({"query": f"{selector}[{seconds}s]"})
        rows = get_json(f"http://127.0.0.1:{self.port}/api/v1/query?{query}")["data"]["result"]
        return {tuple(sorted(row["metric"].items())):
                [(round(time_s * 1000), float(value)) for time_s, value in row["values"]]
                for row in rows}


class InfluxDb(Program):
    def __init__(self, folder: pathlib.Path, name: str = "influxdb"):
        self.port = free_port()
        home = folder / name
        config = folder / f"{name}.conf"
        config.write_text(f"""
reporting-disabled = true
bind-address = "127.0.0.1:{free_port()}"
[meta]
dir = "{home / 'meta'}"
[data]
dir = "{home / 'data'}"
wal-dir = "{home / 'wal'}"
query-log-enabled = false
[monitor]
store-enabled = false
[http]
bind-address = "127.0.0.1:{self.port}"
log-enabled = false
""")
        super().__init__(name, folder, ["influxd", "-config", str(config)],
                         f"http://127.0.0.1:{self.port}/ping")
        self.ready_status = 204
        self.write_url = f"http://127.0.0.1:{self.port}/api/v1/prom/write?db=sluice"

    def create_database(self):
        query = urllib.parse.urlencode({"q": "CREATE DATABASE sluice"})
        status, body = http_post(f"http://127.0.0.1:{self.port}/query?{query}")
        if status != 200:
            raise AssertionError(f"create database: status {status}: {body[:300]!r}")

    def export(self) -> dict[tuple, list[tuple[int, float]]]:
        """Labels -> raw samples; it keeps no stale markers."""
        query = urllib.parse.urlencode({"db": "sluice", "epoch": "ms",
                                        "q": "SELECT value FROM /.*/ GROUP BY *"})
        rows = get_json(f"http://127.0.0.1:{self.port}/query?{query}")["results"][0]
        series = {}
        for row in rows.get("series", []):
            labels = {"__name__": row["name"], **row["tags"]}
            key = tuple(sorted((name, value) for name, value in labels.items() if value))
            series[key] = [(time_ms, float(value)) for time_ms, value in row["values"]]
        return series


class PrometheusScraper(Program):
    """Scrapes and forwards, as Sluice does: the peer to compare with.

    Not in agent mode: in 2.42 a series that this mode first sees in a scrape that fails is never
    sent, however good the scrapes after it.
    """

    def __init__(self, folder: pathlib.Path, config: str, features: tuple = (),
                 name: str = "prometheus-scraper"):
        self.port = free_port()
        config_path = folder / f"{name}.yml"
        config_path.write_text(config)
        command = ["prometheus", f"--config.file={config_path}",
                   f"--storage.tsdb.path={folder / name}",
                   f"--web.listen-address=127.0.0.1:{self.port}"]
        if features:
            command.append(f"--enable-feature={','.join(features)}")
        super().__init__(name, folder, command, f"http://127.0.0.1:{self.port}/-/ready")


class VmAgent(Program):
    """Finds targets; what it scrapes goes nowhere."""

    def __init__(self, folder: pathlib.Path, config: str, name: str = "vmagent"):
        self.port = free_port()
        config_path = folder / f"{name}.yml"
        config_path.write_text(config)
        super().__init__(name, folder, [
            "vmagent", f"-promscrape.config={config_path}",
            f"-httpListenAddr=127.0.0.1:{self.port}",
            f"-remoteWrite.tmpDataPath={folder / name}",
            f"-remoteWrite.url=http://127.0.0.1:{free_port()}/write"],
            f"http://127.0.0.1:{self.port}/health")


class Sluice(Program):
    def __init__(self, folder: pathlib.Path, config: str, flags: tuple = (), name: str = "sluice",
                 data_path: pathlib.Path | None = None):
        self.port = free_port()
        self.config_path = folder / f"{name}.yml"
        self.data_path = data_path or folder / f"{name}-data"
        self.write_config(config)
        super().__init__(name, folder, [
            SLUICE_BINARY, f"--config.file={self.config_path}",
            f"--storage.agent.path={self.data_path}",
            f"--web.listen-address=127.0.0.1:{self.port}", "--web.enable-lifecycle", *flags],
            f"http://127.0.0.1:{self.port}/-/ready")

    def write_config(self, config: str):
        self.config_path.write_text(config)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def targets(self) -> list[dict]:
        return get_json(self.url("/api/v1/targets"))["data"]["activeTargets"]

    def destinations(self) -> dict[str, dict]:
        rows = get_json(self.url("/api/v1/destinations"))["data"]["destinations"]
        return {row["name"]: row for row in rows}

    def metrics(self) -> str:
        status, body = http_get(self.url("/metrics"))
        if status != 200:
            raise AssertionError(f"/metrics: status {status}")
        return body.decode()

    def wait_drained(self, *names: str, seconds: float = 120):
        """Until these destinations (default: all) are done with all that is appended now."""
        def done(destination):
            ledger = destination["ledger"]
            return ledger["acknowledged"] + sum(ledger["dropped"].values())
        goals = {name: row["ledger"]["appended"] for name, row in self.destinations().items()
                 if not names or name in names}

        def drained():
            rows = self.destinations()
            return all(done(rows[name]) >= goal for name, goal in goals.items())
        wait_until(drained, f"{list(goals)} drained", seconds)


def memory_of(program: Program, field: str) -> int:
    """VmRSS or VmHWM, the peak, in bytes."""
    for line in pathlib.Path(f"/proc/{program.process.pid}/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    raise AssertionError(f"no {field}")


def forget_peak(program: Program):
    pathlib.Path(f"/proc/{program.process.pid}/clear_refs").write_text("5")


def ledger_balance(destination: dict) -> int:
    """appended - acknowledged - pending - dropped: zero, always."""
    ledger = destination["ledger"]
    return (ledger["appended"] - ledger["acknowledged"] - ledger["pending"]
            - sum(ledger["dropped"].values()))
