"""A small OpenStack on loopback: Keystone and Nova of Debian, over SQLite, with one instance and one
hypervisor that exist on paper only; and in place of Neutron and Octavia a server that has their
lists.

The packages are those of the system (keystone, nova-api), or are unpacked below $OPENSTACK_ROOT:
`apt-get download` and `dpkg -x` are enough, nothing is configured, started or left behind.
"""
import contextlib
import http.server
import json
import os
import pathlib
import sqlite3
import subprocess
import threading
import urllib.request

from processes import free_port, http_get, wait_until

ROOT = pathlib.Path(os.environ.get("OPENSTACK_ROOT", "/"))
PYTHON = "/usr/bin/python3"
REGION = "RegionOne"
ADMIN_PASSWORD = "top-s3cret"

KEYSTONE_CONFIG = """
[DEFAULT]
log_file = {folder}/keystone-server.log
[database]
connection = sqlite:///{folder}/keystone.db
[token]
provider = fernet
[fernet_tokens]
key_repository = {folder}/fernet
[fernet_receipts]
key_repository = {folder}/fernet
[credential]
key_repository = {folder}/credential
"""

CREDENTIALS = """
auth_url = {identity}
auth_type = password
username = admin
password = {password}
project_name = admin
user_domain_id = default
project_domain_id = default
region_name = RegionOne
"""

NOVA_CONFIG = """
[DEFAULT]
transport_url = fake://
state_path = {folder}
log_file = {folder}/nova-server.log
[api]
auth_strategy = keystone
max_limit = 2
[api_database]
connection = sqlite:///{folder}/nova_api.db
[database]
connection = sqlite:///{folder}/nova.db
[oslo_concurrency]
lock_path = {folder}
[keystone_authtoken]
www_authenticate_uri = {identity}
{credentials}
[neutron]
endpoint_override = {network}
{credentials}
[placement]
{credentials}
"""

# In the database of the cell, as nova-compute would write them.
FILL_NOVA = """
import sys
from nova import config, context, objects
from nova.network import model
from nova.objects import base
config.parse_args(["fill", "--config-file", sys.argv[1]])
objects.register_all()
project, count = sys.argv[2], int(sys.argv[3])
admin = context.get_admin_context()
cell = [c for c in objects.CellMappingList.get_all(admin) if not c.is_cell0()][0]
with context.target_cell(admin, cell) as ctxt:
    service = objects.Service(ctxt, host="compute1", binary="nova-compute", topic="compute",
                              report_count=1, disabled=False)
    service.create()
    node = objects.ComputeNode(
        ctxt, host="compute1", hypervisor_hostname="compute1.example", host_ip="172.16.70.14",
        hypervisor_type="QEMU", hypervisor_version=2003000, vcpus=4, vcpus_used=0, memory_mb=1024,
        memory_mb_used=0, local_gb=10, local_gb_used=0, cpu_info="{}", free_disk_gb=10,
        free_ram_mb=1024, running_vms=0, current_workload=0, disk_available_least=1,
        cpu_allocation_ratio=1.0, ram_allocation_ratio=1.0, disk_allocation_ratio=1.0,
        service_id=service.id, uuid="11111111-1111-1111-1111-111111111111")
    node.create()
    objects.HostMapping(admin, host="compute1", cell_mapping=cell).create()
    flavor = objects.Flavor(ctxt, id=1, flavorid="small", name="m1.small", memory_mb=512, vcpus=1,
                            root_gb=1, ephemeral_gb=0, swap=0, rxtx_factor=1.0, vcpu_weight=1,
                            disabled=False, is_public=True, extra_specs={}, projects=[])
    for i in range(count):
        uuid = "22222222-2222-2222-2222-%012d" % i
        instance = objects.Instance(
            ctxt, uuid=uuid, project_id=project, user_id="user%d" % i, host="compute1",
            display_name="web-%d" % i, vm_state="active", power_state=1, flavor=flavor,
            image_ref="33333333-3333-3333-3333-%012d" % i, system_metadata={}, metadata={"env-of": "prod"},
            instance_type_id=1, launched_on="compute1", node="compute1.example",
            availability_zone="nova", hostname="web-%d" % i, key_name=None, config_drive="",
            access_ip_v4=None, access_ip_v6=None, progress=0, locked=False, root_device_name=None)
        instance.create()
        address = model.FixedIP(address="10.0.0.%d" % (10 + i), version=4)
        subnet = model.Subnet(cidr="10.0.0.0/24", ips=[address], version=4)
        network = model.Network(id="net", bridge="br", label="private", subnets=[subnet])
        cache = objects.InstanceInfoCache(ctxt, instance_uuid=uuid)
        cache.network_info = model.NetworkInfo(
            [model.VIF(id="port-%d" % i, address="fa:16:3e:00:00:%02x" % i, network=network)])
        cache.save()
        objects.InstanceMapping(admin, instance_uuid=uuid, cell_mapping=cell, project_id=project,
                                user_id="user%d" % i).create()
"""


def missing() -> str:
    """What is not there; empty if all is."""
    for name in ("keystone-manage", "keystone-wsgi-public", "nova-manage", "nova-api-wsgi"):
        if not (ROOT / "usr/bin" / name).exists():
            return f"{name} (packages keystone and nova-api) is not below {ROOT}"
    return ""


def let_read_while_written(database: pathlib.Path):
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")


class StubLists(http.server.BaseHTTPRequestHandler):
    """Neutron and Octavia, as far as others see them: `lists` by path; any other list is empty."""
    lists: dict[str, dict] = {}

    def do_GET(self):
        path = self.path.split("?")[0]
        name = path.rsplit("/", 1)[-1].removesuffix(".json").replace("-", "_")
        body = json.dumps(self.lists.get(path, {name: []})).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


class OpenStackCloud:
    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.identity_port, self.compute_port = free_port(), free_port()
        self.identity = f"http://127.0.0.1:{self.identity_port}/v3"
        self.processes = []
        self.stub = http.server.ThreadingHTTPServer(("127.0.0.1", 0), StubLists)
        threading.Thread(target=self.stub.serve_forever, daemon=True).start()
        self.network = f"http://127.0.0.1:{self.stub.server_port}"
        self.environment = dict(os.environ)
        self.environment["OS_NOVA_CONFIG_DIR"] = str(folder)
        self.environment["OS_KEYSTONE_CONFIG_FILES"] = str(folder / "keystone.conf")
        if ROOT != pathlib.Path("/"):
            self.environment["PYTHONPATH"] = str(ROOT / "usr/lib/python3/dist-packages")
            self.environment["LD_LIBRARY_PATH"] = str(ROOT / "usr/lib/x86_64-linux-gnu")

    def run(self, *command: str) -> str:
        ended = subprocess.run([PYTHON, *command], env=self.environment, text=True, timeout=300,
                               capture_output=True, check=False)
        if ended.returncode != 0:
            raise AssertionError(f"{command}: {ended.stdout[-2000:]}{ended.stderr[-4000:]}")
        return ended.stdout

    def tool(self, name: str, *arguments: str) -> str:
        config = self.folder / ("keystone.conf" if name.startswith("keystone") else "nova.conf")
        return self.run(str(ROOT / "usr/bin" / name), "--config-file", str(config), *arguments)

    def serve(self, name: str, port: int):
        log = open(self.folder / f"{name}.log", "ab")
        self.processes.append(subprocess.Popen(
            [PYTHON, str(ROOT / "usr/bin" / name), "--port", str(port), "--host", "127.0.0.1"],
            env=self.environment, stdout=log, stderr=log))
        log.close()
        wait_until(lambda: http_get(f"http://127.0.0.1:{port}/", 10)[0] in (200, 300),
                   f"{name} answers", 120, 0.5)

    def start(self, instances: int = 5):
        self.start_keystone()
        self.start_nova(instances)
        return self

    def start_keystone(self):
        folder = self.folder
        (folder / "keystone.conf").write_text(KEYSTONE_CONFIG.format(folder=folder))
        for name in ("fernet", "credential"):
            (folder / name).mkdir(mode=0o700)
        self.tool("keystone-manage", "db_sync")
        let_read_while_written(folder / "keystone.db")
        user = str(os.getuid())
        for setup in ("fernet_setup", "credential_setup"):
            self.tool("keystone-manage", setup, "--keystone-user", user, "--keystone-group",
                      str(os.getgid()))
        self.tool("keystone-manage", "bootstrap", "--bootstrap-password", ADMIN_PASSWORD,
                  "--bootstrap-public-url", self.identity, "--bootstrap-internal-url",
                  self.identity, "--bootstrap-region-id", REGION)
        self.serve("keystone-wsgi-public", self.identity_port)

    def start_nova(self, instances: int):
        folder = self.folder
        credentials = CREDENTIALS.format(identity=self.identity, password=ADMIN_PASSWORD)
        (folder / "nova.conf").write_text(NOVA_CONFIG.format(
            folder=folder, identity=self.identity, network=self.network, credentials=credentials))
        paste = (ROOT / "usr/share/nova-common/api-paste.ini").read_text()
        (folder / "api-paste.ini").write_text(paste)
        self.tool("nova-manage", "api_db", "sync")
        self.tool("nova-manage", "cell_v2", "map_cell0", "--database_connection",
                  f"sqlite:///{folder}/nova_cell0.db")
        self.tool("nova-manage", "cell_v2", "create_cell", "--name", "cell1")
        self.tool("nova-manage", "db", "sync")
        for name in ("nova_api", "nova_cell0", "nova"):
            let_read_while_written(folder / f"{name}.db")
        self.log_in()
        self.register("compute", f"http://127.0.0.1:{self.compute_port}/v2.1")
        self.register("network", self.network)
        self.register("load-balancer", self.network)
        self.run("-c", FILL_NOVA, str(folder / "nova.conf"), self.project, str(instances))
        self.serve("nova-api-wsgi", self.compute_port)

    def log_in(self):
        user = {"name": "admin", "domain": {"id": "default"}, "password": ADMIN_PASSWORD}
        request = urllib.request.Request(f"{self.identity}/auth/tokens", method="POST", data=json.dumps(
            {"auth": {"identity": {"methods": ["password"], "password": {"user": user}},
                      "scope": {"project": {"name": "admin", "domain": {"id": "default"}}}}}).encode(),
            headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            self.token = answer.headers["X-Subject-Token"]
            token = json.load(answer)["token"]
        self.project, self.user = token["project"]["id"], token["user"]["id"]

    def ask_keystone(self, method: str, path: str, body=None) -> dict:
        request = urllib.request.Request(
            self.identity + path, method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "X-Auth-Token": self.token})
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read()
        return json.loads(text) if text else {}

    def register(self, kind: str, url: str):
        service = self.ask_keystone("POST", "/services", {"service": {"type": kind, "name": kind}})
        for interface in ("public", "internal"):
            self.ask_keystone("POST", "/endpoints", {"endpoint": {
                "service_id": service["service"]["id"], "interface": interface, "url": url,
                "region_id": REGION}})

    def application_credential(self, name: str) -> tuple[str, str]:
        """Id and secret."""
        made = self.ask_keystone("POST", f"/users/{self.user}/application_credentials",
                                 {"application_credential": {"name": name}})
        made = made["application_credential"]
        return made["id"], made["secret"]

    def stop(self):
        for process in self.processes:
            process.kill()
            process.wait()
        self.stub.shutdown()
        self.stub.server_close()
