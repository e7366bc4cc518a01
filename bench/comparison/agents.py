"""The agents of the comparison, each with the same scrape configuration. What is not said is left at
its default."""
import os
import pathlib

from processes import SLUICE_BINARY, Program, free_port, wait_until

RULES = """
    metric_relabel_configs:
      - {source_labels: [__name__], regex: 'windows_.*', action: drop}
      - {source_labels: [device], regex: '(veth|docker).*', target_label: container, replacement: '$1'}
      - {regex: 'controller_.*', action: labeldrop}
"""


def scrape_config(addresses: list[str], interval_s: float) -> str:
    targets = "\n".join(f"          - '{address}'" for address in addresses)
    return (f"global: {{scrape_interval: {int(interval_s * 1000)}ms, "
            f"scrape_timeout: {int(interval_s * 1000)}ms}}\n"
            f"scrape_configs:\n  - job_name: node\n    static_configs:\n      - targets:\n{targets}\n"
            + RULES.strip("\n") + "\n")


class Agent(Program):
    """Measures the process: CPU, memory, what it wrote to its folder."""
    title = ""

    def __init__(self, folder: pathlib.Path, command: list[str], ready_url: str):
        self.data = folder / f"{self.title}-data"
        super().__init__(self.title, folder, command, ready_url)

    def cpu_seconds(self) -> float:
        """User and system, all threads."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_bytes(self) -> int:
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("no VmRSS")

    def disk_bytes(self) -> int:
        """What its files occupy."""
        blocks = 0
        for root, _, files in os.walk(self.data):
            for name in files:
                try:
                    blocks += os.stat(os.path.join(root, name)).st_blocks
                except FileNotFoundError:
                    pass
        return blocks * 512


class SluiceAgent(Agent):
    title = "sluice"
    # What a destination of ours is told besides its URL.
    options = ""

    def __init__(self, folder: pathlib.Path, scrape: str, urls: list[str]):
        config = folder / f"{self.title}.yml"
        extra = f", {self.options}" if self.options else ""
        config.write_text(scrape + "remote_write:\n" + "".join(
            f"  - {{url: '{url}', name: d{i}{extra}}}\n" for i, url in enumerate(urls)))
        base = f"127.0.0.1:{free_port()}"
        super().__init__(folder, [
            SLUICE_BINARY, f"--config.file={config}", f"--web.listen-address={base}",
            f"--storage.agent.path={folder / f'{self.title}-data'}"], f"http://{base}/-/ready")


class SluiceZstd(SluiceAgent):
    title = "sluice-zstd"
    options = "compression: zstd"


class SluiceV2(SluiceAgent):
    title = "sluice-v2"
    options = "protobuf_message: io.prometheus.write.v2.Request"


class Vmagent(Agent):
    title = "vmagent"

    def __init__(self, folder: pathlib.Path, scrape: str, urls: list[str]):
        config = folder / "vmagent.yml"
        config.write_text(scrape)
        base = f"127.0.0.1:{free_port()}"
        super().__init__(folder, [
            "vmagent", f"-promscrape.config={config}", f"-httpListenAddr={base}",
            f"-remoteWrite.tmpDataPath={folder / 'vmagent-data'}",
            *(f"-remoteWrite.url={url}" for url in urls)], f"http://{base}/health")


class PrometheusAgent(Agent):
    title = "prometheus"

    def __init__(self, folder: pathlib.Path, scrape: str, urls: list[str]):
        config = folder / "prometheus.yml"
        config.write_text(scrape + "remote_write:\n" + "".join(
            f"  - {{url: '{url}', name: d{i}}}\n" for i, url in enumerate(urls)))
        base = f"127.0.0.1:{free_port()}"
        super().__init__(folder, [
            "prometheus", "--enable-feature=agent", f"--config.file={config}",
            f"--web.listen-address={base}", f"--storage.agent.path={folder / 'prometheus-data'}",
            "--log.level=error"], f"http://{base}/-/ready")


AGENTS = {each.title: each for each in (SluiceAgent, SluiceZstd, SluiceV2, Vmagent, PrometheusAgent)}
