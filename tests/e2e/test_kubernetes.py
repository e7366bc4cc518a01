#!/usr/bin/env python3
"""kubernetes_sd_configs against a scripted API server: beside a real vmagent, whose labels it
must have, and through whatever an API server does to its watches."""
import pathlib
import random
import shutil
import tempfile
import time
import unittest

from kubernetes_api import KubernetesApi
from processes import VmAgent, Sluice, get_json, wait_until

ROLES = ["node", "pod", "service", "endpoints", "endpointslice", "ingress"]
PREFIX = "__meta_kubernetes_"
# Labels of Prometheus 3 that vmagent 1.79 does not know.
NEWER = {"node_provider_id", "service_port_number", "pod_container_id", "pod_container_image",
         "pod_container_init", "endpointslice_endpoint_zone", "endpointslice_endpoint_node_name"}
NEWER_PREFIXES = ("endpointslice_label", "endpointslice_annotation", "endpoints_label",
                  "endpoints_annotation", "endpointslice_endpoint_conditions_")


def is_known(role: str, name: str, ours: dict, theirs: dict) -> bool:
    """Where vmagent differs from Prometheus, as its sources are."""
    if name not in theirs and (name in NEWER or name.startswith(NEWER_PREFIXES)):
        return True
    if role not in ("endpoints", "endpointslice"):
        return False
    if name not in ours and name in ("service_cluster_ip", "service_type"):
        return True  # Prometheus has them in the role service alone
    # Targets for ports that only the pod tells of belong to the group, but to no address of it.
    if any(each in ours for each in ("endpoint_port_name", "endpointslice_port_name")):
        return False
    if name not in theirs:
        return name in ("endpoints_name", "endpointslice_name", "endpointslice_address_type")
    return name not in ours and name.startswith("node_")


def node(name: str, address: str, labels=None) -> dict:
    return {"metadata": {"name": name, "labels": labels or {"zone": "a", "x.y/z": "1"},
                         "annotations": {"note": "n"}},
            "spec": {"providerID": f"cloud://{name}"},
            "status": {"addresses": [{"type": "Hostname", "address": name},
                                     {"type": "InternalIP", "address": address}],
                       "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}}}}


def pod(name: str, ip: str, on: str, ports=((8080, "web", "TCP"),), ready=True, phase="Running",
        namespace="shop") -> dict:
    containers = [{"name": f"c{i}", "image": "shop:1",
                   "ports": [{"containerPort": port, "name": port_name, "protocol": protocol}]}
                  for i, (port, port_name, protocol) in enumerate(ports)]
    containers.append({"name": "portless", "image": "side:2"})
    return {"metadata": {"name": name, "namespace": namespace, "labels": {"app": "shop"},
                         "annotations": {"prometheus.io/scrape": "true"},
                         "ownerReferences": [{"kind": "ReplicaSet", "name": "shop-5d", "uid": "1",
                                              "apiVersion": "apps/v1", "controller": True}]},
            "spec": {"nodeName": on, "containers": containers,
                     "initContainers": [{"name": "init", "image": "init:3",
                                         "ports": [{"containerPort": 9, "protocol": "TCP"}]}]},
            "status": {"podIP": ip, "hostIP": "10.9.0.1", "phase": phase,
                       "conditions": [{"type": "Ready", "status": "True" if ready else "False"}]}}


def fill(api: KubernetesApi):
    for i in range(4):
        api.put("nodes", node(f"node{i}", f"10.0.0.{i + 1}"))
    for i in range(7):
        api.put("pods", pod(f"pod{i}", f"10.1.0.{i + 1}", f"node{i % 4}",
                            ((8080, "web", "TCP"), (53, "dns", "UDP")), ready=i % 2 == 0))
    api.put("pods", pod("pending", "", "node1", phase="Pending"))
    api.put("services", {"metadata": {"name": "web", "namespace": "shop", "labels": {"tier": "1"},
                                      "annotations": {"note": "s"}},
                         "spec": {"type": "ClusterIP", "clusterIP": "10.2.0.1",
                                  "ports": [{"name": "http", "port": 80, "protocol": "TCP"},
                                            {"name": "", "port": 81, "protocol": "UDP"}]}})
    api.put("services", {"metadata": {"name": "out", "namespace": "shop"},
                         "spec": {"type": "ExternalName", "externalName": "out.example",
                                  "ports": [{"name": "http", "port": 80, "protocol": "TCP"}]}})
    addresses = [{"ip": f"10.1.0.{i + 1}", "nodeName": f"node{i % 4}",
                  "targetRef": {"kind": "Pod", "name": f"pod{i}", "namespace": "shop"}}
                 for i in range(7)]
    api.put("endpoints", {"metadata": {"name": "web", "namespace": "shop", "labels": {"tier": "1"},
                                       "annotations": {"note": "e"}},
                          "subsets": [{"addresses": addresses[:5],
                                       "notReadyAddresses": addresses[5:]
                                       + [{"ip": "10.3.0.1", "hostname": "db0"}],
                                       "ports": [{"name": "web", "port": 8080, "protocol": "TCP"}]}]})
    api.put("endpointslices", {
        "metadata": {"name": "web-1", "namespace": "shop", "annotations": {"note": "sl"},
                     "labels": {"kubernetes.io/service-name": "web"}},
        "addressType": "IPv4",
        "endpoints": [{"addresses": [a["ip"]], "nodeName": a["nodeName"], "targetRef": a["targetRef"],
                       "conditions": {"ready": i < 5, "serving": True, "terminating": False},
                       "zone": "z1"} for i, a in enumerate(addresses)],
        "ports": [{"name": "web", "port": 8080, "protocol": "TCP", "appProtocol": "http"}]})
    api.put("ingresses", {
        "metadata": {"name": "front", "namespace": "shop", "labels": {"tier": "0"},
                     "annotations": {"note": "i"}},
        "spec": {"ingressClassName": "nginx",
                 "tls": [{"hosts": ["a.example"]}],
                 "rules": [{"host": "a.example", "http": {"paths": [
                     {"path": "/x", "pathType": "Prefix"}, {"path": "/y", "pathType": "Prefix"}]}},
                           {"host": "b.example"}]}})


def config(api: KubernetesApi, roles, attach=()) -> str:
    text = "global: {scrape_interval: 1h, scrape_timeout: 1s}\nscrape_configs:\n"
    for role in roles:
        extra = ", attach_metadata: {node: true}" if role in attach else ""
        text += (f"  - job_name: {role}\n    kubernetes_sd_configs:\n"
                 f"      - {{role: {role}, api_server: '{api.url()}'{extra}}}\n")
    return text


def discovered(port: int) -> dict[tuple, dict]:
    """By job and address, and what tells targets of one address apart: the labels before relabeling."""
    data = get_json(f"http://127.0.0.1:{port}/api/v1/targets")["data"]
    found = {}
    for target in data["activeTargets"]:
        labels = target["discoveredLabels"]
        key = (labels["job"], labels["__address__"],
               labels.get("__meta_kubernetes_ingress_path", ""),
               labels.get("__meta_kubernetes_pod_container_name", ""))
        found[key] = labels
    return found


def meta(labels: dict) -> dict:
    return {name[len(PREFIX):]: value for name, value in labels.items()
            if name.startswith(PREFIX) and value}


class Kubernetes(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-kubernetes-"))
        self.programs = []
        self.api = None

    def tearDown(self):
        for program in self.programs:
            program.cleanup()
        if self.api is not None:
            self.api.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def run_program(self, program):
        self.programs.append(program)
        return program.start()

    def test_all_roles_have_the_labels_of_vmagent(self):
        self.api = KubernetesApi(offers_streams=False, page=100).start()
        fill(self.api)
        text = config(self.api, ROLES, attach=["pod", "endpoints", "endpointslice"])
        sluice = self.run_program(Sluice(self.folder, text))
        peer = self.run_program(VmAgent(self.folder, text))
        wait_until(lambda: {key[0] for key in discovered(peer.port)} == set(ROLES), "the peer's targets")
        # Prometheus 3 also looks at init containers, which may be sidecars.
        sidecars = {key for key in discovered(sluice.port)
                    if key[0] in ("endpoints", "endpointslice") and key[3] == "init"}

        def same_targets():
            return discovered(sluice.port).keys() - sidecars == discovered(peer.port).keys()

        wait_until(same_targets, "the same targets")
        theirs, ours = discovered(peer.port), discovered(sluice.port)
        differences = []
        for key, labels in theirs.items():
            mine, other = meta(ours[key]), meta(labels)
            for name in sorted(mine.keys() | other.keys()):
                if mine.get(name) != other.get(name) and not is_known(key[0], name, mine, other):
                    differences.append(f"{key}: {name}: {mine.get(name)!r}, "
                                       f"vmagent: {other.get(name)!r}")
        self.assertEqual(differences[:20], [])
        print(f"{len(theirs)} targets of {len(ROLES)} roles have the labels of vmagent")

    def follow_churn(self, offers_streams: bool):
        """Targets are equal to what the API server has, whatever happens to the watches."""
        seed = random.randrange(1 << 30)
        rng = random.Random(seed)
        print(f"seed {seed}")
        self.api = KubernetesApi(offers_streams, page=50).start()
        for i in range(300):
            self.api.put("pods", pod(f"p{i}", f"10.1.{i // 200}.{i % 200 + 1}", "node1"))
        sluice = self.run_program(Sluice(self.folder, config(self.api, ["pod"])))

        def expected():
            with self.api.lock:
                return {thing["status"]["podIP"] + ":8080" for thing in self.api.objects["pods"].values()}

        def addresses():
            return {key[1] for key in discovered(sluice.port) if key[1].endswith(":8080")}

        wait_until(lambda: addresses() == expected(), "the first targets")
        for step in range(12):
            for _ in range(rng.randrange(1, 20)):
                name = f"p{rng.randrange(400)}"
                known = ("shop", name) in self.api.objects["pods"]
                if known and rng.random() < 0.5:
                    self.api.delete("pods", "shop", name)
                else:
                    self.api.put("pods", pod(name, f"10.{rng.randrange(9)}.{rng.randrange(200)}.7", "node1"))
            fault = rng.choice(["none", "cut", "forget"])
            if fault == "cut":
                self.api.cut_watches()
            elif fault == "forget":
                self.api.forget_history()
            # Watches that end one after the other are begun anew after longer and longer pauses.
            wait_until(lambda: addresses() == expected(), f"step {step} after {fault} (seed {seed})",
                       seconds=90)

    def test_targets_follow_a_stream_that_is_cut_and_forgotten(self):
        self.follow_churn(offers_streams=True)

    def test_targets_follow_pages_and_watches_that_are_cut_and_forgotten(self):
        self.follow_churn(offers_streams=False)

    def list_nodes_in_pages(self, between_pages):
        """Waits for the nodes that there are after `between_pages()`, called within the list."""
        self.api = KubernetesApi(offers_streams=False, page=2)
        for i in range(5):
            self.api.put("nodes", node(f"node{i}", f"10.0.0.{i}"))

        def once():
            between_pages()
            self.api.between_pages = None

        self.api.between_pages = once
        self.api.start()
        sluice = self.run_program(Sluice(self.folder, config(self.api, ["node"])))
        wait_until(lambda: self.api.between_pages is None, "the first page")
        with self.api.lock:
            nodes = list(self.api.objects["nodes"].values())
        expected = {thing["status"]["addresses"][1]["address"] + ":10250" for thing in nodes}
        wait_until(lambda: {key[1] for key in discovered(sluice.port)} == expected, f"{expected}")

    def change_nodes(self):
        self.api.delete("nodes", "", "node0")  # the page that it was on is on its way
        self.api.put("nodes", node("node1", "10.0.1.1"))
        self.api.put("nodes", node("node4", "10.0.1.4"))
        self.api.put("nodes", node("node9", "10.0.0.9"))

    def test_what_changes_between_the_pages_of_a_list_is_not_lost(self):
        self.list_nodes_in_pages(self.change_nodes)

    def test_a_list_that_is_forgotten_between_its_pages_begins_anew(self):
        def forget():
            self.change_nodes()
            self.api.forget_history()

        self.list_nodes_in_pages(forget)

    def test_only_a_forgotten_history_is_listed_again(self):
        self.api = KubernetesApi(offers_streams=False).start()
        fill(self.api)
        sluice = self.run_program(Sluice(self.folder, config(self.api, ["node"])))
        wait_until(lambda: len(discovered(sluice.port)) == 4, "the nodes")
        lists = self.api.lists
        for _ in range(3):
            self.api.cut_watches()
            time.sleep(0.3)
        self.api.put("nodes", node("late", "10.0.0.99"))
        wait_until(lambda: len(discovered(sluice.port)) == 5, "a late node")
        self.assertEqual(self.api.lists, lists)
        self.api.forget_history()
        self.api.delete("nodes", "", "late")
        wait_until(lambda: len(discovered(sluice.port)) == 4, "it is gone")
        self.assertGreater(self.api.lists, lists)


if __name__ == "__main__":
    unittest.main()
