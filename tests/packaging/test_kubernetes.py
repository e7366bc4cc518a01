#!/usr/bin/env python3
"""The manifests in examples/kubernetes: what refers to what, and whether Sluice takes what they give it.

kustomize is in no Debian; of a kustomization, what ours use is worked out here."""
import re
import subprocess
import unittest

import yaml

from processes import ROOT, SLUICE_BINARY

FOLDERS = sorted(path.parent for path in ROOT.glob("examples/kubernetes/*/kustomization.yml"))
KUSTOMIZATION = {"apiVersion", "kind", "namespace", "resources", "images", "configMapGenerator",
                 "generatorOptions"}


def objects_of(folder) -> list[dict]:
    """What `kubectl apply -k` would send."""
    kustomization = yaml.safe_load((folder / "kustomization.yml").read_text())
    unknown = set(kustomization) - KUSTOMIZATION
    assert not unknown, f"the test does not know of {unknown}"
    assert kustomization["generatorOptions"] == {"disableNameSuffixHash": True}
    objects = [each for name in kustomization["resources"]
               for each in yaml.safe_load_all((folder / name).read_text())]
    for generated in kustomization["configMapGenerator"]:
        objects.append({"apiVersion": "v1", "kind": "ConfigMap",
                        "metadata": {"name": generated["name"],
                                     "namespace": kustomization["namespace"]},
                        "data": {name: (folder / name).read_text() for name in generated["files"]}})
    return objects


def run(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([SLUICE_BINARY, *arguments], capture_output=True, text=True, timeout=60)


class Manifests(unittest.TestCase):
    def each(self):
        self.assertEqual([folder.name for folder in FOLDERS], ["daemonset", "statefulset"])
        for folder in FOLDERS:
            objects = objects_of(folder)
            workload = next(each for each in objects
                            if each["kind"] in ("DaemonSet", "StatefulSet"))
            yield folder, {each["kind"]: each for each in objects}, workload["spec"]

    @staticmethod
    def container(spec: dict) -> dict:
        return spec["template"]["spec"]["containers"][0]

    def test_what_is_referred_to_is_there(self):
        for _, objects, spec in self.each():
            pod = spec["template"]["spec"]
            labels = spec["template"]["metadata"]["labels"]
            self.assertEqual(spec["selector"]["matchLabels"], labels)
            if "Service" in objects:
                service = objects["Service"]
                self.assertEqual(service["spec"]["selector"], labels)
                self.assertEqual(spec["serviceName"], service["metadata"]["name"])
                self.assertEqual(service["spec"]["ports"][0]["targetPort"], "http")
            self.assertEqual(pod["serviceAccountName"],
                             objects["ServiceAccount"]["metadata"]["name"])
            volumes = {each["name"]: each for each in pod["volumes"]}
            claims = {each["metadata"]["name"] for each in spec.get("volumeClaimTemplates", [])}
            for container in pod["containers"] + pod.get("initContainers", []):
                for mount in container["volumeMounts"]:
                    self.assertIn(mount["name"], set(volumes) | claims)
            self.assertEqual(volumes["config"]["configMap"]["name"],
                             objects["ConfigMap"]["metadata"]["name"])
            ports = {each["name"] for each in self.container(spec)["ports"]}
            for probe in ["startupProbe", "readinessProbe", "livenessProbe"]:
                self.assertIn(self.container(spec)[probe]["httpGet"]["port"], ports)
            namespaces = {each["metadata"].get("namespace", "monitoring")
                          for each in objects.values()}
            self.assertEqual(namespaces, {"monitoring"})

    def test_the_agent_takes_its_flags_and_its_configuration(self):
        for folder, objects, spec in self.each():
            container = self.container(spec)
            config = folder / "prometheus.yml"
            checked = run("check-config", str(config))
            self.assertEqual(checked.returncode, 0, checked.stderr)
            self.assertNotIn("WARNING", checked.stdout)
            arguments = []
            for argument in container["args"]:
                # As the kubelet does it.
                for variable in re.findall(r"\$\((\w+)\)", argument):
                    self.assertIn(variable, [each["name"] for each in container["env"]])
                    argument = argument.replace(f"$({variable})", "sluice-cluster-2")
                # It must come as far as the configuration, and no further.
                arguments.append("--config.file=/nowhere/prometheus.yml"
                                 if argument.startswith("--config.file=") else argument)
            started = run(*arguments)
            self.assertIn("/nowhere/prometheus.yml", started.stderr)
            self.assertNotIn("no effect", started.stderr)
            if "node_local: true" in config.read_text():
                self.assertIn({"name": "NODE_NAME",
                               "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
                              container["env"])
            mounts = {each["name"]: each["mountPath"] for each in container["volumeMounts"]}
            self.assertIn(f"--config.file={mounts['config']}/prometheus.yml", container["args"])
            self.assertTrue(any(argument.startswith(f"--storage.agent.path={mounts['buffer']}")
                                for argument in container["args"]))
            if "replicas" in spec:
                self.assertIn(f"--cluster.members-count={spec['replicas']}", container["args"])

    def test_the_roles_are_those_that_the_configuration_needs(self):
        for folder, objects, _ in self.each():
            account = objects["ServiceAccount"]["metadata"]
            printed = run("rbac", str(folder / "prometheus.yml"), f"--name={account['name']}",
                          f"--namespace={account['namespace']}")
            self.assertEqual(printed.returncode, 0, printed.stderr)
            self.assertEqual(printed.stdout, (folder / "rbac.yml").read_text())
            self.assertEqual(objects["ClusterRoleBinding"]["subjects"],
                             [{"kind": "ServiceAccount", **account}])

    def test_pods_may_do_no_more_than_they_must(self):
        for _, _, spec in self.each():
            pod = spec["template"]["spec"]
            self.assertTrue(pod["securityContext"]["runAsNonRoot"])
            self.assertGreater(pod["securityContext"]["runAsUser"], 0)
            self.assertEqual(pod["securityContext"]["seccompProfile"], {"type": "RuntimeDefault"})
            context = self.container(spec)["securityContext"]
            self.assertEqual(context, {"allowPrivilegeEscalation": False,
                                       "readOnlyRootFilesystem": True,
                                       "capabilities": {"drop": ["ALL"]}})
            self.assertIn("memory", self.container(spec)["resources"]["limits"])
            # A DaemonSet's folder is the host's.
            is_own = pod["securityContext"].get("fsGroup") or pod["initContainers"]
            self.assertTrue(is_own)


if __name__ == "__main__":
    unittest.main()
