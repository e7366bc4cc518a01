#!/usr/bin/env python3
"""docker_sd_configs against a real Docker, beside promtool and vmagent, over its Unix socket.

It needs root, dockerd and a static busybox, which are not among the packages of the tests.
"""
import json
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import own_network
from processes import SLUICE_BINARY, Program, Sluice, VmAgent, get_json, wait_until

PREFIX = "__meta_docker_"


class Docker(Program):
    def __init__(self, folder: pathlib.Path):
        self.folder = folder / "docker"
        self.folder.mkdir()
        self.host = f"unix://{self.folder}/docker.sock"
        super().__init__("dockerd", folder, [
            "dockerd", f"--data-root={self.folder}/data", f"--exec-root={self.folder}/exec",
            f"--pidfile={self.folder}/pid", f"--host={self.host}", "--bridge=none",
            "--iptables=false", "--ip-forward=false", "--ip-masq=false", "--storage-driver=vfs"], "")

    def wait_ready(self):
        wait_until(lambda: not self.running() or self.ask("info").returncode == 0, "dockerd", 60)
        if not self.running():
            raise unittest.SkipTest("dockerd cannot run here: " + self.log()[-500:])

    def ask(self, *arguments: str):
        return subprocess.run(["docker", f"--host={self.host}", *arguments], capture_output=True,
                              text=True)

    def do(self, *arguments: str) -> str:
        done = self.ask(*arguments)
        if done.returncode != 0:
            raise AssertionError(f"docker {' '.join(arguments)}: {done.stderr}")
        return done.stdout.strip()

    def import_image(self):
        root = self.folder / "root"
        (root / "bin").mkdir(parents=True)
        shutil.copy(shutil.which("busybox"), root / "bin/busybox")
        archive = self.folder / "root.tar"
        subprocess.run(["tar", "-C", root, "-cf", archive, "."], check=True)
        self.do("import", str(archive), "test:1")

    def run_container(self, name: str, *arguments: str):
        self.do("run", "--detach", f"--name={name}", *arguments, "test:1", "/bin/busybox", "sleep",
                "1000")


def config(host: str, more: str = "") -> str:
    return ("global: {scrape_interval: 1d}\nscrape_configs:\n  - job_name: docker\n"
            f"    docker_sd_configs: [{{host: '{host}'{more}}}]\n")


# Debian's promtool and vmagent are older than the field, and find a container in all its networks.
OURS = ", match_first_network: false, refresh_interval: 1s"


def meta(labels: dict) -> tuple:
    found = tuple(sorted((name[len(PREFIX):], value) for name, value in labels.items()
                         if name.startswith(PREFIX) and value))
    return labels["__address__"], found


@own_network.inside_only
class Containers(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-docker-"))
        self.programs = []
        self.addCleanup(self.clean_up)
        self.docker = self.run_program(Docker(self.folder))
        self.docker.import_image()
        self.docker.do("network", "create", "--internal", "--label=tier=1", "back")
        self.docker.do("network", "create", "--internal", "front")
        self.docker.run_container("web", "--network=back", "--expose=81/udp", "--expose=8080",
                                  "--publish=127.0.0.1:8081:81", "--label=team.x=red")
        self.docker.do("network", "connect", "front", "web")
        self.docker.run_container("host", "--network=host", "--expose=9000")
        self.docker.run_container("portless", "--network=front")

    def clean_up(self):
        for program in reversed(self.programs):
            if program.running() and isinstance(program, Docker):
                for name in program.do("ps", "-aq").split():
                    program.ask("rm", "--force", name)
                program.terminate()
            program.cleanup()
        shutil.rmtree(self.folder, ignore_errors=True)

    def run_program(self, program):
        self.programs.append(program)
        return program.start()

    def test_targets_are_those_of_promtool_and_vmagent_and_follow_containers(self):
        file = self.folder / "ours.yml"
        file.write_text(config(self.docker.host, OURS))
        rows = json.loads(subprocess.run([SLUICE_BINARY, "targets", "--json", "--timeout=60s", str(file)],
                                         check=True, capture_output=True, text=True).stdout)["targets"]
        ours = {meta(row["discoveredLabels"]) for row in rows}
        self.assertEqual({dict(labels)["container_name"] for _, labels in ours},
                         {"/web", "/host", "/portless"})
        file = self.folder / "theirs.yml"
        file.write_text(config(self.docker.host))
        done = subprocess.run(["promtool", "check", "service-discovery", "--timeout=10s", str(file),
                               "docker"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        theirs = {meta(row["discoveredLabels"]) for row in json.loads(done.stdout)}
        # Newer labels are ours alone.
        known = {name for _, labels in theirs for name, _ in labels}
        self.assertEqual({(address, tuple(label for label in labels if label[0] in known))
                          for address, labels in ours}, theirs)
        peer = self.run_program(VmAgent(self.folder, config(self.docker.host)))

        def of_vmagent() -> set:
            data = get_json(f"http://127.0.0.1:{peer.port}/api/v1/targets")["data"]
            return {target["discoveredLabels"]["__address__"] for target in data["activeTargets"]}

        wait_until(lambda: of_vmagent() == {address for address, _ in ours}, f"vmagent: {ours}")
        print(f"{len(ours)} targets of Docker are those of promtool and vmagent")

        sluice = self.run_program(Sluice(self.folder, config(self.docker.host, OURS)))
        wait_until(lambda: len(sluice.targets()) == len(ours), "the targets")
        self.docker.do("rm", "--force", "host")
        wait_until(lambda: len(sluice.targets()) == len(ours) - 1, "a container is gone")
        self.docker.run_container("late", "--network=back")
        wait_until(lambda: "/late" in {target["discoveredLabels"][PREFIX + "container_name"]
                                       for target in sluice.targets()}, "a late container")


if __name__ == "__main__":
    own_network.main(__file__, ["dockerd", "docker", "busybox", "tar"])
