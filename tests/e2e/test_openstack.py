#!/usr/bin/env python3
"""openstack_sd_configs against a real Keystone and a real Nova, beside promtool.

Where they are not installed (they are large: keystone and nova-api) it says so and is skipped; see
openstack_cloud.py for how to have them without an installation.
"""
import json
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import openstack_cloud
from openstack_cloud import ADMIN_PASSWORD, OpenStackCloud
from processes import SLUICE_BINARY

INSTANCES = 5
# Labels that promtool 2.42 does not know.
NEWER = {"__meta_openstack_instance_image", "__scrape_native_histograms__",
         "__always_scrape_classic_histograms__", "__convert_classic_histograms_to_nhcb__"}


def lists(project: str) -> dict:
    """Of Neutron and Octavia: the second instance has a floating address, a load balancer too."""
    ports = [{"id": f"port-{i}", "tenant_id": project, "project_id": project,
              "device_id": f"22222222-2222-2222-2222-{i:012}", "device_owner": "compute:nova",
              "fixed_ips": [{"ip_address": f"10.0.0.{10 + i}", "subnet_id": "s"}],
              "network_id": "net", "mac_address": f"fa:16:3e:00:00:{i:02x}"}
             for i in range(INSTANCES)]
    floating = [{"id": "f1", "tenant_id": project, "project_id": project, "port_id": "port-1",
                 "fixed_ip_address": "10.0.0.11", "floating_ip_address": "192.0.2.1",
                 "floating_network_id": "net", "status": "ACTIVE"},
                {"id": "f2", "tenant_id": project, "port_id": "vip", "floating_ip_address":
                 "192.0.2.2", "fixed_ip_address": "10.0.0.99", "floating_network_id": "net"}]
    return {
        "/v2.0/ports": {"ports": ports}, "/v2.0/floatingips": {"floatingips": floating},
        "/v2.0/networks": {"networks": [{"id": "net", "name": "private",
                                         "router:external": True}]},
        "/v2.0/lbaas/listeners": {"listeners": [
            {"protocol": "PROMETHEUS", "protocol_port": 9273, "loadbalancers": [{"id": "lb"}]}]},
        "/v2.0/lbaas/loadbalancers": {"loadbalancers": [
            {"id": "lb", "name": "front", "vip_address": "10.0.0.99", "vip_port_id": "vip"}]}}


class OpenStack(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        missing = openstack_cloud.missing()
        if missing:
            print(f"skipped: {missing}")
            raise unittest.SkipTest(missing)
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-openstack-"))
        cls.cloud = OpenStackCloud(cls.folder)
        try:
            cls.cloud.start(INSTANCES)
            openstack_cloud.StubLists.lists = lists(cls.cloud.project)
        except BaseException:
            cls.tearDownClass()
            raise

    @classmethod
    def tearDownClass(cls):
        cls.cloud.stop()
        shutil.rmtree(cls.folder, ignore_errors=True)

    def write(self, role: str, credentials: str) -> pathlib.Path:
        config = self.folder / "prometheus.yml"
        config.write_text(
            "scrape_configs:\n- job_name: cloud\n  openstack_sd_configs:\n"
            f"  - {{role: {role}, region: RegionOne, identity_endpoint: '{self.cloud.identity}', "
            f"{credentials}}}\n")
        return config

    def with_password(self, role: str, password: str = ADMIN_PASSWORD) -> pathlib.Path:
        return self.write(role, f"username: admin, password: {password}, domain_name: Default, "
                                "project_name: admin")

    def run_sluice(self, config: pathlib.Path):
        return subprocess.run([SLUICE_BINARY, "targets", "--json", "--timeout=30s", str(config)],
                              capture_output=True, text=True, timeout=120, check=False)

    def targets(self, config: pathlib.Path) -> list[dict]:
        result = self.run_sluice(config)
        self.assertEqual(result.returncode, 0, result.stderr)
        return sorted(({name: value for name, value in row["discoveredLabels"].items()
                        if name not in NEWER} for row in json.loads(result.stdout)["targets"]),
                      key=lambda labels: labels["__address__"])

    def of_promtool(self, config: pathlib.Path) -> list[dict]:
        result = subprocess.run(
            ["promtool", "check", "service-discovery", "--timeout=20s", str(config), "cloud"],
            capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(result.returncode, 0, result.stderr)
        return sorted((row["discoveredLabels"] for row in json.loads(result.stdout)),
                      key=lambda labels: labels["__address__"])

    def test_instances_and_hypervisors_are_those_of_promtool(self):
        for role, count in (("instance", INSTANCES), ("hypervisor", 1)):
            with self.subTest(role):
                config = self.with_password(role)
                ours = self.targets(config)
                self.assertEqual(len(ours), count)
                self.assertEqual(ours, self.of_promtool(config))
                print(f"{role}: {count} targets are those of promtool")

    def test_a_floating_address_is_a_label(self):
        public = {labels["__address__"]: labels.get("__meta_openstack_public_ip")
                  for labels in self.targets(self.with_password("instance"))}
        self.assertEqual(public["10.0.0.11:80"], "192.0.2.1")
        self.assertEqual(len([each for each in public.values() if each]), 1)

    def test_load_balancers_are_found(self):
        [labels] = self.targets(self.with_password("loadbalancer"))
        self.assertEqual(labels["__address__"], "10.0.0.99:9273")
        self.assertEqual(labels["__meta_openstack_loadbalancer_floating_ip"], "192.0.2.2")

    def test_an_application_credential_is_as_good_as_a_password(self):
        made_id, secret = self.cloud.application_credential("sluice")
        by_id = (f"application_credential_id: {made_id}, "
                 f"application_credential_secret: {secret}")
        by_name = ("application_credential_name: sluice, username: admin, domain_name: Default, "
                   f"application_credential_secret: {secret}")
        for credentials in (by_id, by_name, by_id + ", project_name: admin, domain_id: default"):
            targets = self.targets(self.write("instance", credentials))
            self.assertEqual(len(targets), INSTANCES)

    def test_a_wrong_password_is_an_error(self):
        result = self.run_sluice(self.with_password("instance", "wrong"))
        self.assertEqual(result.returncode, 1)
        self.assertIn("cannot authenticate", result.stderr)
        self.assertIn("401", result.stderr)


if __name__ == "__main__":
    unittest.main()
