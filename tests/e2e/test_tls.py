#!/usr/bin/env python3
"""TLS and credentials against a real server: certificates, rotation, and secrets kept secret."""
import base64
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from processes import Program, Sluice, free_port, http_get, http_post, wait_until
from receiver import Receiver

# bcrypt, as the exporter wants them.
PASSWORDS = {
    "first-hunter2": "$2b$04$un5jf2mSbWSJQT23En1xyuf8Y6Oyh1RU1FXFiEjC4QlGc8xJeadXe",
    "second-hunter2": "$2b$04$xEvltZHUHggcyAQemTPrI.osfvYvRHPUZT6Ab5j/8BTaiT7JLL9wu",
}
SERVER_NAME = "exporter.example"

JOBS = """
global: {{scrape_interval: 200ms, scrape_timeout: 200ms}}
scrape_configs:
  - job_name: good
    scheme: https
    basic_auth: &auth {{username: prom, password_file: secrets/password}}
    tls_config: &tls
      {{ca_file: certs/ca.pem, cert_file: certs/client.pem, key_file: certs/client.key,
       server_name: exporter.example}}
    static_configs: &targets [{{targets: ['{target}']}}]
  - job_name: wrong-ca
    scheme: https
    basic_auth: *auth
    tls_config: {{<<: *tls, ca_file: certs/other-ca.pem}}
    static_configs: *targets
  - job_name: wrong-name
    scheme: https
    basic_auth: *auth
    tls_config: {{<<: *tls, server_name: ''}}
    static_configs: *targets
  - job_name: no-certificate
    scheme: https
    basic_auth: *auth
    tls_config: {{ca_file: certs/ca.pem, server_name: exporter.example}}
    static_configs: *targets
  - job_name: no-file
    authorization: {{credentials_file: secrets/nothing-here}}
    static_configs: *targets
  - job_name: unreachable
    proxy_url: http://user:proxy-hunter2@127.0.0.1:{closed}
    http_headers: {{X-Key: {{secrets: [header-hunter2]}}}}
    static_configs: [{{targets: ['user:target-hunter2@127.0.0.1:{closed}']}}]
remote_write:
  - {{name: good, url: 'http://127.0.0.1:{receiver}/write',
     authorization: {{credentials: write-hunter2}}, queue_config: {{batch_send_deadline: 200ms}}}}
  - {{name: dead, url: 'http://user:url-hunter2@127.0.0.1:{closed}/write'}}
  - {{name: untrusted, url: 'https://user:url-hunter2@{target}/write', bearer_token: bearer-hunter2}}
  - name: no-token
    url: http://127.0.0.1:{receiver}/write
    oauth2: {{client_id: me, client_secret: oauth-hunter2, token_url: 'http://127.0.0.1:{closed}/'}}
"""


def openssl(*arguments: str):
    if shutil.which("openssl") is None:
        raise AssertionError("openssl is not installed: run packaging/install test")
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


class Certificates:
    """Authorities and what they signed, in a folder of their own."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        folder.mkdir()
        for authority in ["ca", "other-ca"]:
            openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                    "-nodes", "-days", "2", "-subj", f"/CN={authority}",
                    "-keyout", self.path(f"{authority}.key"), "-out", self.path(f"{authority}.pem"))
        self.sign("server", "ca", SERVER_NAME)
        self.sign("client", "ca", "client.example")
        self.sign("stranger", "other-ca", "client.example")

    def path(self, name: str) -> str:
        return str(self.folder / name)

    def sign(self, name: str, authority: str, host: str):
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-subj", f"/CN={name}", "-keyout", self.path(f"{name}.key"),
                "-out", self.path(f"{name}.csr"))
        extensions = self.folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName=DNS:{host}\n")
        openssl("x509", "-req", "-in", self.path(f"{name}.csr"), "-days", "2",
                "-CA", self.path(f"{authority}.pem"), "-CAkey", self.path(f"{authority}.key"),
                "-CAcreateserial", "-extfile", str(extensions), "-out", self.path(f"{name}.pem"))

    def replace(self, name: str, by: str):
        for kind in ["key", "pem"]:
            new = self.folder / f"{name}.{kind}.new"
            shutil.copy(self.folder / f"{by}.{kind}", new)
            new.replace(self.folder / f"{name}.{kind}")


class Tls(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-e2e-"))
        self.certificates = Certificates(self.folder / "certs")
        (self.folder / "secrets").mkdir()
        self.set_password_file("first-hunter2")
        self.set_web_config("first-hunter2")
        port = free_port()
        self.target = f"127.0.0.1:{port}"
        self.exporter = Program("exporter", self.folder, [
            "prometheus-node-exporter", f"--web.listen-address={self.target}",
            f"--web.config.file={self.folder / 'web.yml'}", "--collector.disable-defaults",
            "--collector.time"], f"http://{self.target}/").start(wait=False)
        self.receiver = Receiver().start()
        config = JOBS.format(target=self.target, closed=free_port(), receiver=self.receiver.port)
        self.sluice = Sluice(self.folder, config, ("--log.level=debug",)).start()

    def tearDown(self):
        self.sluice.cleanup()
        self.exporter.cleanup()
        self.receiver.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def set_password_file(self, password: str):
        new = self.folder / "secrets" / "new"
        new.write_text(password + "\n")
        new.replace(self.folder / "secrets" / "password")

    def set_web_config(self, password: str):
        certs = self.folder / "certs"
        (self.folder / "web.yml").write_text(
            f"tls_server_config:\n  cert_file: {certs / 'server.pem'}\n"
            f"  key_file: {certs / 'server.key'}\n  client_auth_type: RequireAndVerifyClientCert\n"
            f"  client_ca_file: {certs / 'ca.pem'}\n"
            f"basic_auth_users:\n  prom: '{PASSWORDS[password]}'\n")

    def job(self, name: str) -> dict:
        return next(t for t in self.sluice.targets() if t["scrapePool"] == name)

    def wait_up(self):
        wait_until(lambda: self.job("good")["health"] == "up", "the target is up")

    def wait_error(self, job: str, words: str):
        wait_until(lambda: words in self.job(job)["lastError"],
                   f"{words!r} in the error of {job}: {self.job(job)['lastError']!r}")

    def test_mutual_tls_with_a_password_that_rotates(self):
        self.wait_up()
        # Whoever cannot be trusted, or is not, is told why.
        self.wait_error("wrong-ca", "tls: SSL certificate problem")
        self.wait_error("wrong-name", "tls: SSL: no alternative certificate subject name matches")
        wait_until(lambda: self.job("no-certificate")["health"] == "down", "no certificate")
        self.wait_error("no-file", "unable to read authorization credentials file")

        # The exporter's password changes first, then the file: no restart, no reload.
        self.set_web_config("second-hunter2")
        self.wait_error("good", "server returned HTTP status 401")
        self.set_password_file("second-hunter2")
        self.wait_up()

        # A certificate that nobody vouches for is not carried by the connection of the old one.
        self.certificates.replace("client", "stranger")
        wait_until(lambda: self.job("good")["health"] == "down", "a stranger is refused")
        self.certificates.sign("client", "ca", "client.example")
        self.wait_up()
        self.assertEqual(self.job("good")["scrapeUrl"], f"https://{self.target}/metrics")

    def test_secrets_appear_nowhere(self):
        self.wait_up()
        wait_until(lambda: self.receiver.count() > 0, "samples")
        for name in ["dead", "untrusted", "no-token"]:
            wait_until(lambda: self.sluice.destinations()[name]["lastError"] != "",
                       f"{name} fails")
        self.assertIn("oauth2: cannot fetch token",
                      self.sluice.destinations()["no-token"]["lastError"])
        wait_until(lambda: self.job("unreachable")["lastError"] != "", "unreachable")
        self.assertEqual(self.receiver.headers[0]["Authorization"], "Bearer write-hunter2")
        self.sluice.write_config("scrape_configs: [{job_name: j, basic_auth: bad-hunter2}]")
        status, reload_answer = http_post(self.sluice.url("/-/reload"))
        self.assertEqual(status, 500)
        shown = {path: http_get(self.sluice.url(path))[1].decode()
                 for path in ["/metrics", "/api/v1/targets", "/api/v1/destinations"]}
        shown["/-/reload"] = reload_answer.decode()
        self.assertEqual(self.sluice.terminate(), 0)
        shown["log"] = self.sluice.log()
        encoded = base64.b64encode(b"prom:first-hunter2").decode()
        for where, text in shown.items():
            text = text.replace("user:target-hunter2@", "")  # a label, and labels are public
            for secret in ["hunter2", encoded]:
                lines = [line for line in text.splitlines() if secret in line]
                self.assertEqual(lines, [], where)


if __name__ == "__main__":
    unittest.main()
