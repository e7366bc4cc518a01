#!/usr/bin/env python3
"""Runs prometheus.yml of this folder against real servers and shows that the samples arrived."""
import json
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
NODE, SLUICE, VICTORIA, PROMETHEUS = 19100, 19095, 18428, 19090
WAIT_SECONDS = 60


def fail(message: str):
    raise SystemExit(f"demo: {message}")


def check_environment(sluice: str):
    if not pathlib.Path(sluice).exists():
        fail(f"{sluice} is not there; run examples/two-destinations/run, which builds it")
    for program in ["prometheus-node-exporter", "victoria-metrics", "prometheus"]:
        if shutil.which(program) is None:
            fail(f"{program} is not installed; run: packaging/install demo")
    for port in [NODE, SLUICE, VICTORIA, PROMETHEUS]:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                fail(f"port {port} on 127.0.0.1 is taken ({error}); the demo needs it")


def commands(sluice: str, folder: pathlib.Path) -> dict[str, list[str]]:
    (folder / "empty.yml").write_text("")
    return {
        "node exporter": ["prometheus-node-exporter", f"--web.listen-address=127.0.0.1:{NODE}"],
        "VictoriaMetrics": [
            "victoria-metrics", f"-storageDataPath={folder / 'victoria'}",
            f"-httpListenAddr=127.0.0.1:{VICTORIA}", "-search.latencyOffset=0s",
            "-memory.allowedBytes=256MB"],
        "Prometheus": [
            "prometheus", f"--config.file={folder / 'empty.yml'}",
            f"--storage.tsdb.path={folder / 'prometheus'}",
            f"--web.listen-address=127.0.0.1:{PROMETHEUS}", "--web.enable-remote-write-receiver"],
        "Sluice": [
            sluice, f"--config.file={HERE / 'prometheus.yml'}",
            f"--storage.agent.path={folder / 'sluice'}",
            f"--web.listen-address=127.0.0.1:{SLUICE}"],
    }


def query(port: int, expression: str) -> dict[str, float]:
    """Job -> value of an instant query; nothing while the server does not answer."""
    url = f"http://127.0.0.1:{port}/api/v1/query?" + urllib.parse.urlencode({"query": expression})
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            result = json.load(answer)["data"]["result"]
    except (urllib.error.URLError, OSError, KeyError, ValueError):
        return {}
    return {row["metric"].get("job", ""): float(row["value"][1]) for row in result}


def wait_for_samples(port: int, running: dict[str, subprocess.Popen]) -> dict[str, float]:
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        for name, process in running.items():
            if process.poll() is not None:
                fail(f"{name} ended with status {process.returncode}; its log is above")
        series = query(port, 'count by (job) ({site="demo"})')
        up = query(port, 'up{site="demo"}')
        if up.get("node") == 1 and up.get("sluice") == 1 and series.get("node", 0) > 100:
            return series
        time.sleep(0.5)
    fail(f"no samples arrived at port {port} within {WAIT_SECONDS} s")


def report():
    with urllib.request.urlopen(f"http://127.0.0.1:{SLUICE}/api/v1/destinations", timeout=5) as answer:
        destinations = json.load(answer)["data"]["destinations"]
    print("\nThe ledger (samples):")
    for destination in destinations:
        ledger = destination["ledger"]
        print(f"  {destination['name']:16} appended {ledger['appended']}"
              f" = acknowledged {ledger['acknowledged']} + pending {ledger['pending']}"
              f" + dropped {sum(ledger['dropped'].values())}")
    print("\nWhere to look:")
    print(f"  Sluice            http://127.0.0.1:{SLUICE}/api/v1/targets and /metrics")
    print(f"  VictoriaMetrics   http://127.0.0.1:{VICTORIA}/vmui")
    print(f"  Prometheus        http://127.0.0.1:{PROMETHEUS}/graph")
    print(f"  configuration     {HERE / 'prometheus.yml'}")


def stop(running: dict[str, subprocess.Popen]):
    for name in reversed(list(running)):
        running[name].send_signal(signal.SIGTERM)
        try:
            running[name].wait(timeout=20)
        except subprocess.TimeoutExpired:
            running[name].kill()
            running[name].wait()


def main():
    if len(sys.argv) < 2:
        fail("usage: demo.py SLUICE_BINARY [--keep]")
    sluice, keep = sys.argv[1], "--keep" in sys.argv[2:]
    check_environment(sluice)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-demo-"))
    running: dict[str, subprocess.Popen] = {}
    try:
        for name, command in commands(sluice, folder).items():
            log = open(folder / (name.replace(" ", "-") + ".log"), "wb")
            output = None if name == "Sluice" else log
            running[name] = subprocess.Popen(command, stdout=output, stderr=output)
        for name, port in [("VictoriaMetrics", VICTORIA), ("Prometheus", PROMETHEUS)]:
            series = wait_for_samples(port, running)
            print(f"{name} has these series from Sluice: "
                  + ", ".join(f"{job}: {count:.0f}" for job, count in sorted(series.items())))
        report()
        if keep:
            print("\nRunning; Ctrl-C ends everything.")
            signal.pause()
    except KeyboardInterrupt:
        pass
    finally:
        stop(running)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
