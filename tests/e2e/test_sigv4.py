#!/usr/bin/env python3
"""Remote write signed for AWS: keys of an instance that rotate, and roles assumed with them."""
import datetime
import http.server
import os
import pathlib
import tempfile
import threading
import unittest
import urllib.parse

from aws_signature import signer_of
from exporter import Exporter, QuietServer
from processes import Sluice, ledger_balance, wait_until
from receiver import Receiver

CONFIG = """
global: {{scrape_interval: 200ms, scrape_timeout: 150ms}}
scrape_configs:
- job_name: j
  static_configs: [{{targets: ['127.0.0.1:{exporter}']}}]
remote_write:
- name: aps
  url: {url}
  sigv4: {{{sigv4}}}
  queue_config: {{batch_send_deadline: 100ms}}
"""


class Cloud:
    """The metadata of an instance, and the Security Token Service. Keys are numbered."""

    def __init__(self):
        self.lock = threading.Lock()
        self.secrets = {}  # access key -> secret key, of all that were ever given out
        self.tokens = {}  # access key -> session token
        self.lives_s = 3600
        self.roles = []  # (form, who signed)
        cloud = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def reply(self, status: int, text: str = ""):
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def do_PUT(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.reply(200, "imds") if self.path == "/latest/api/token" else self.reply(404)

            def do_GET(self):
                if self.headers.get("X-aws-ec2-metadata-token") != "imds":
                    return self.reply(401)
                if self.path == "/latest/dynamic/instance-identity/document":
                    return self.reply(200, '{"region": "eu-west-3"}')
                if self.path == "/latest/meta-data/iam/security-credentials/":
                    return self.reply(200, "web")
                if self.path == "/latest/meta-data/iam/security-credentials/web":
                    key = cloud.make_keys("INSTANCE")
                    return self.reply(200, '{"Code": "Success", "AccessKeyId": "%s", '
                                      '"SecretAccessKey": "%s", "Token": "%s", "Expiration": "%s"}'
                                      % (key, cloud.secrets[key], cloud.tokens[key], cloud.end()))
                return self.reply(404)

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                who = signer_of("POST", "/", self.headers, body, cloud.secrets)
                with cloud.lock:
                    cloud.roles.append((dict(urllib.parse.parse_qsl(body.decode())), who))
                key = cloud.make_keys("ROLE")
                self.reply(200, "<AssumeRoleResponse><AssumeRoleResult><Credentials>"
                           f"<AccessKeyId>{key}</AccessKeyId>"
                           f"<SecretAccessKey>{cloud.secrets[key]}</SecretAccessKey>"
                           f"<SessionToken>{cloud.tokens[key]}</SessionToken>"
                           f"<Expiration>{cloud.end()}</Expiration></Credentials>"
                           "</AssumeRoleResult></AssumeRoleResponse>")

            def log_message(self, *_):
                pass

        self.server = QuietServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def make_keys(self, kind: str) -> str:
        with self.lock:
            key = f"{kind}{len(self.secrets)}"
            self.secrets[key] = f"secret+/{key}"
            self.tokens[key] = f"token=={key}"
            return key

    def end(self) -> str:
        now = datetime.datetime.now(datetime.timezone.utc)
        return (now + datetime.timedelta(seconds=self.lives_s)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class SigV4(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-e2e-"))
        self.cloud = Cloud()
        self.addCleanup(self.cloud.stop)
        self.exporter = Exporter(["a", "b"]).start()
        self.addCleanup(self.exporter.stop)
        self.signers = []  # of accepted requests
        self.bad = []
        self.expired = set()
        self.receiver = Receiver(self.check).start()
        self.addCleanup(self.receiver.stop)
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            del os.environ[name]
        os.environ["HOME"] = str(self.folder)
        os.environ["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = self.cloud.url
        os.environ["AWS_ENDPOINT_URL_STS"] = self.cloud.url

    def check(self, receiver, handler, _series):
        try:
            who = signer_of("POST", handler.path, handler.headers, receiver.bodies.last,
                            self.cloud.secrets)
        except (ValueError, KeyError) as error:
            self.bad.append(repr(error))
            return 403
        if handler.headers.get("X-Amz-Security-Token") != self.cloud.tokens[who["key"]]:
            self.bad.append(f"token of {who['key']}: {handler.headers}")
        if who["key"] in self.expired:
            return 403, {}, "ExpiredTokenException"
        self.signers.append(who)
        return 204

    def run_with(self, sigv4: str) -> Sluice:
        sluice = Sluice(self.folder, CONFIG.format(exporter=self.exporter.port, sigv4=sigv4,
                                                   url=self.receiver.url()))
        self.addCleanup(sluice.cleanup)
        return sluice.start()

    def test_keys_of_the_instance_sign_and_are_replaced_when_they_expire(self):
        self.cloud.lives_s = 13  # good for 3 s: all but the margin
        sluice = self.run_with("")
        wait_until(lambda: len({who["key"] for who in self.signers}) >= 2, "keys replaced")
        self.assertEqual(self.bad, [])
        for who in self.signers:
            self.assertEqual((who["region"], who["service"]), ("eu-west-3", "aps"))
            self.assertLessEqual({"content-encoding", "content-type", "host", "x-amz-date",
                                  "x-amz-security-token", "x-prometheus-remote-write-version"},
                                 set(who["signed"]))
        self.assertEqual(ledger_balance(sluice.destinations()["aps"]), 0)

    def test_keys_that_are_refused_before_their_time_are_replaced_and_nothing_is_lost(self):
        sluice = self.run_with("region: r")
        wait_until(lambda: self.signers, "delivered")
        self.expired.add(self.signers[-1]["key"])
        wait_until(lambda: self.signers[-1]["key"] not in self.expired, "other keys")
        self.exporter.stop()
        sluice.wait_drained()
        row = sluice.destinations()["aps"]
        self.assertEqual(sum(row["ledger"]["dropped"].values()), 0)
        self.assertEqual(row["lastError"], "")

    def test_a_role_is_assumed_with_the_keys_of_the_instance(self):
        self.run_with("role_arn: 'arn:aws:iam::1:role/w', external_id: mine, service_name: x")
        wait_until(lambda: self.signers, "delivered")
        self.assertEqual(self.bad, [])
        self.assertTrue(self.signers[0]["key"].startswith("ROLE"))
        self.assertEqual(self.signers[0]["service"], "x")
        form, who = self.cloud.roles[0]
        self.assertEqual((form["Action"], form["RoleArn"], form["ExternalId"]),
                         ("AssumeRole", "arn:aws:iam::1:role/w", "mine"))
        self.assertTrue(who["key"].startswith("INSTANCE"))
        self.assertEqual((who["service"], who["region"]), ("sts", "eu-west-3"))


if __name__ == "__main__":
    unittest.main()
