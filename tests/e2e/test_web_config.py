#!/usr/bin/env python3
"""--web.config.file: TLS, users and headers of our own server, as Debian's promtool and real clients
see them."""
import base64
import http.client
import pathlib
import ssl
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.request

from processes import SLUICE_BINARY, Program, Sluice, free_port, wait_until
from test_tls import PASSWORDS, SERVER_NAME, Certificates

FIRST, SECOND = PASSWORDS.items()
HASH_2Y = FIRST[1].replace("$2b$", "$2y$")

# Web configurations, and what Debian's promtool and Sluice say of each, where they differ both;
# nothing for what is good.
FILES = [
    ("", ""),
    ("tls_server_config: {}", ""),
    ("http_server_config: {http2: true}", ""),
    (f"basic_auth_users: {{a: '{FIRST[1]}', b: '{HASH_2Y}'}}", ""),
    ("tls_server_config: {cert_file: server.pem, key_file: server.key}", ""),
    ("tls_server_config: {cert_file: server.pem, key_file: server.key, client_ca_file: ca.pem, "
     "client_auth_type: RequireAndVerifyClientCert, min_version: TLS12, max_version: TLS13, "
     "cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256], "
     "curve_preferences: [CurveP256, X25519], prefer_server_cipher_suites: false}", ""),
    ("http_server_config: {headers: {Strict-Transport-Security: max-age=1, X-Frame-Options: deny, "
     "X-Content-Type-Options: nosniff, X-XSS-Protection: '1', Content-Security-Policy: x}}", ""),
    ("nonsense: 1", "field nonsense not found in type web.Config"),
    ("basic_auth_users: {a: b}", "hashedSecret too short to be a bcrypted password"),
    ("tls_server_config: {cert_file: server.pem}", "missing key_file", "missing one of key or key_file"),
    ("tls_server_config: {key_file: server.key}", "missing cert_file", "missing one of cert or cert_file"),
    ("tls_server_config: {cert_file: no.pem, key_file: server.key}",
     "failed to load X509KeyPair: "),
    ("tls_server_config: {cert_file: ca.pem, key_file: server.key}",
     "private key does not match public key"),
    ("tls_server_config: {cert_file: server.key, key_file: server.key}",
     "failed to load X509KeyPair: "),
    ("tls_server_config: {cert_file: server.pem, key_file: server.key, client_auth_type: x}",
     "nvalid ClientAuth: x"),
    ("tls_server_config: {cert_file: server.pem, key_file: server.key, client_ca_file: ca.pem}",
     "lient CA's have been configured without a Client Auth Policy"),
    ("tls_server_config: {cert_file: server.pem, key_file: server.key, min_version: TLS9}",
     "unknown TLS version: TLS9"),
    ("tls_server_config: {cert_file: server.pem, key_file: server.key, cipher_suites: [X]}",
     "unknown cipher: X"),
    ("tls_server_config: {cert_file: server.pem, key_file: server.key, curve_preferences: [X]}",
     "unknown curve: X"),
    ("http_server_config: {headers: {X-A: b}}", 'HTTP header "X-A" can not be configured'),
    ("http_server_config: {headers: {X-Frame-Options: evil}}",
     'invalid value for X-Frame-Options. Expected one of: ["deny" "sameorigin"], but got: "evil"'),
]


class WebConfig(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-e2e-"))
        self.certificates = Certificates(self.folder / "certs")
        self.web = self.folder / "certs" / "web.yml"

    def start(self, web: str) -> Sluice:
        self.web.write_text(web)
        sluice = Sluice(self.folder, "global: {}\n", (f"--web.config.file={self.web}",))
        self.addCleanup(sluice.cleanup)
        sluice.start(wait=False)
        wait_until(lambda: "ready to scrape" in sluice.log(), "Sluice is ready")
        return sluice

    def context(self, client: str = "", ca: str = "ca.pem") -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.certificates.path(ca))
        if client:
            context.load_cert_chain(self.certificates.path(f"{client}.pem"),
                                    self.certificates.path(f"{client}.key"))
        return context

    @staticmethod
    def ask(port: int, path: str = "/-/healthy", auth: tuple | None = None,
            context: ssl.SSLContext | None = None):
        """Status and headers."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        if context is not None:
            connection.connect()
            connection.sock = context.wrap_socket(connection.sock, server_hostname=SERVER_NAME)
        headers = {}
        if auth is not None:
            headers["Authorization"] = "Basic " + base64.b64encode(":".join(auth).encode()).decode()
        try:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status, {name.lower(): value for name, value in answer.headers.items()}
        finally:
            connection.close()

    def test_files_are_checked_as_promtool_checks_them(self):
        for text, *errors in FILES:
            with self.subTest(text):
                self.web.write_text(text + "\n")
                ours = subprocess.run([SLUICE_BINARY, "check-web-config", str(self.web)],
                                      capture_output=True, text=True)
                theirs = subprocess.run(["promtool", "check", "web-config", str(self.web)],
                                        capture_output=True, text=True)
                self.assertEqual(ours.returncode != 0, bool(errors[0]), ours.stderr)
                self.assertEqual(theirs.returncode != 0, bool(errors[0]), theirs.stderr)
                self.assertIn(errors[0], theirs.stdout + theirs.stderr)
                self.assertIn(errors[-1], ours.stderr)
                if not errors[0]:
                    self.assertEqual(ours.stdout, f"{self.web} SUCCESS\n")

    def test_a_bad_file_at_start_ends_with_status_2(self):
        self.web.write_text("nonsense: 1\n")
        config = self.folder / "a.yml"
        config.write_text("global: {}\n")
        result = subprocess.run([SLUICE_BINARY, f"--config.file={config}",
                                 f"--web.config.file={self.web}", "--web.listen-address=127.0.0.1:0",
                                 f"--storage.agent.path={self.folder / 'data'}"],
                                capture_output=True, text=True, timeout=60)
        self.assertEqual(result.returncode, 2)
        self.assertIn("web.yml:1: field nonsense not found", result.stderr)

    def test_users_must_say_who_they_are_and_headers_are_set(self):
        sluice = self.start("http_server_config: {headers: {X-Frame-Options: deny}}\n"
                            f"basic_auth_users: {{prom: '{FIRST[1]}', other: '{HASH_2Y}'}}\n")
        status, headers = self.ask(sluice.port)
        self.assertEqual((status, headers["www-authenticate"], headers["x-frame-options"]),
                         (401, "Basic", "deny"))
        for auth in (("prom", SECOND[0]), ("nobody", FIRST[0]), ("prom", ""), ("", "")):
            self.assertEqual(self.ask(sluice.port, auth=auth)[0], 401)
        for user in ("prom", "other"):
            self.assertEqual(self.ask(sluice.port, auth=(user, FIRST[0]))[0], 200)
        self.assertEqual(self.ask(sluice.port, "/metrics", auth=("prom", FIRST[0]))[1]
                         ["x-frame-options"], "deny")
        # Who tries passwords is slowed down; who is known is not.
        statuses = {self.ask(sluice.port, auth=("prom", f"guess{n}"))[0] for n in range(60)}
        self.assertLessEqual(statuses, {401, 429})
        self.assertEqual(self.ask(sluice.port, auth=("prom", FIRST[0]))[0], 200)
        # Another password counts at once; a file that is bad does not.
        self.web.write_text(f"basic_auth_users: {{prom: '{SECOND[1]}'}}\n")
        wait_until(lambda: self.ask(sluice.port, auth=("prom", SECOND[0]))[0] == 200, "a turn")
        self.assertIn(self.ask(sluice.port, auth=("prom", FIRST[0]))[0], (401, 429))
        self.web.write_text("basic_auth_users: {prom: nonsense}\n")
        self.assertEqual(self.ask(sluice.port, auth=("prom", SECOND[0]))[0], 200)
        self.assertIn("the web configuration does not load", sluice.log())

    def test_tls_with_certificates_of_clients(self):
        sluice = self.start("tls_server_config: {cert_file: server.pem, key_file: server.key, "
                            "client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.pem}\n")
        self.assertEqual(self.ask(sluice.port, context=self.context("client"))[0], 200)
        with self.assertRaises((OSError, http.client.HTTPException)):
            self.ask(sluice.port, context=self.context())
        with self.assertRaises((OSError, http.client.HTTPException)):
            self.ask(sluice.port)
        with self.assertRaises(ssl.SSLCertVerificationError):
            self.ask(sluice.port, context=self.context("client", "other-ca.pem"))
        # Read again: without certificates of clients, TLS 1.2 at most.
        self.web.write_text("tls_server_config: {cert_file: server.pem, key_file: server.key, "
                            "max_version: TLS12}\n")
        context = self.context()
        self.assertEqual(self.ask(sluice.port, context=context)[0], 200)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        with self.assertRaises(ssl.SSLError):
            self.ask(sluice.port, context=context)
        # Many at once, most of which never finish their handshake.
        slow = [http.client.HTTPConnection("127.0.0.1", sluice.port) for _ in range(20)]
        for connection in slow:
            connection.connect()
            connection.sock.sendall(b"\x16\x03\x01")
            self.addCleanup(connection.close)
        self.assertEqual(self.ask(sluice.port, context=self.context())[0], 200)

    def test_vmagents_flags_of_its_server_do_the_same(self):
        (self.folder / "p.yml").write_text("global: {}\n")
        port = free_port()
        program = Program("vmflags", self.folder, [
            SLUICE_BINARY, f"-promscrape.config={self.folder / 'p.yml'}",
            "-remoteWrite.url=http://127.0.0.1:9/w", f"-remoteWrite.tmpDataPath={self.folder}/q",
            f"-httpListenAddr=127.0.0.1:{port}", "-tls", "-httpAuth.username=prom",
            "-httpAuth.password=hunter2", "-http.header.hsts=max-age=5",
            f"-tlsCertFile={self.certificates.path('server.pem')}",
            f"-tlsKeyFile={self.certificates.path('server.key')}"], "")
        self.addCleanup(program.cleanup)
        program.start(wait=False)
        wait_until(lambda: "ready to scrape" in program.log(), "ready")
        self.assertEqual(self.ask(port, context=self.context())[0], 401)
        status, headers = self.ask(port, auth=("prom", "hunter2"), context=self.context())
        self.assertEqual((status, headers["strict-transport-security"]), (200, "max-age=5"))


if __name__ == "__main__":
    unittest.main()
