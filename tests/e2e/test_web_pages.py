#!/usr/bin/env python3
"""The web pages in a real browser, headless: clicks, forms, narrow and wide, light and dark.

With SCREENSHOTS=FOLDER each page is kept there as a picture, to be looked at.
"""
import os
import pathlib
import sys
import tempfile
import unittest
import urllib.request

try:
    from selenium import webdriver
except ImportError:
    # Debian's package belongs to Debian's Python, which may not be the first one.
    if sys.executable == "/usr/bin/python3":
        raise
    os.execv("/usr/bin/python3", ["/usr/bin/python3", *sys.argv])
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select

from exporter import Exporter
from processes import Sluice, free_port, http_get, wait_until
from receiver import Receiver

PAGES = ["overview", "targets", "service-discovery", "destinations", "explain", "relabel",
         "config", "flags", "status"]
# Pages whose content depends on what is asked.
ASKED = {"explain": "explain?match=kept_total", "relabel":
         "relabel?rules=-%20%7Bsource_labels%3A%20%5Bjob%5D%2C%20target_label%3A%20team%7D"
         "&labels=up%7Bjob%3D%22node%22%7D"}
HOSTILE = "<img src=x onerror=alert(1)>"

CONFIG = """
global: {{scrape_interval: 1s, external_labels: {{cluster: edge-7}}}}
scrape_configs:
  - job_name: node
    static_configs:
      - {{targets: ['127.0.0.1:{up}'], labels: {{env: prod, note: '{hostile}'}}}}
      - {{targets: ['127.0.0.1:{down}'], labels: {{env: prod}}}}
      - {{targets: ['10.1.2.3:9100', '10.1.2.4:9100'], labels: {{env: dev}}}}
    relabel_configs:
      - {{source_labels: [env], regex: dev, action: drop}}
    metric_relabel_configs:
      - {{source_labels: [__name__], regex: 'debug_.*', action: drop}}
remote_write:
  - {{name: central, url: 'http://127.0.0.1:{receiver}/write', queue_config: {{batch_send_deadline: 1s}}}}
  - name: archive
    url: 'http://127.0.0.1:{nobody}/write'
    write_relabel_configs:
      - {{source_labels: [__name__], regex: 'few_.*', action: drop}}
"""


def browser():
    options = webdriver.ChromeOptions()
    for argument in ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu",
                     "--hide-scrollbars", "--no-proxy-server"]:
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)


class WebPages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        folder = pathlib.Path(cls.folder.name)
        exporter = Exporter(["kept_total{code=\"200\"}", "kept_total{code=\"500\"}",
                             "debug_total", "few_total"])
        exporter.start()
        receiver = Receiver()
        receiver.start()
        cls.addClassCleanup(exporter.stop)
        cls.addClassCleanup(receiver.stop)
        cls.sluice = Sluice(folder, CONFIG.format(
            up=exporter.port, down=free_port(), receiver=receiver.port, nobody=free_port(),
            hostile=HOSTILE), flags=("--web.external-url=http://sluice.example/edge/",))
        cls.sluice.ready_url = cls.sluice.url("/edge/-/ready")
        cls.addClassCleanup(cls.sluice.cleanup)
        cls.sluice.start()
        cls.browser = browser()
        cls.addClassCleanup(cls.browser.quit)
        cls.exporter = exporter

        def delivered():
            status, body = http_get(cls.sluice.url("/edge/metrics"))
            return status == 200 and any(
                line.startswith("sluice_destination_acknowledged_samples_total")
                and "central" in line and float(line.rsplit(" ", 1)[1]) > 0
                for line in body.decode().splitlines())
        wait_until(delivered, "samples are delivered")

    def open(self, page: str):
        self.browser.get(self.sluice.url("/edge/" + page))

    def text(self) -> str:
        # In one step, as the page may be about to change.
        return self.browser.execute_script(
            "return document.querySelector('main')?.innerText ?? ''")

    def await_text(self, text: str, there: bool = True):
        wait_until(lambda: (text in self.text()) == there,
                   f"{text!r} {'on' if there else 'gone from'} {self.browser.current_url}")

    def click(self, by: str, what: str):
        """What is live may be replaced between finding and clicking."""
        def clicked():
            try:
                self.browser.find_element(by, what).click()
            except StaleElementReferenceException:
                return False
            return True
        wait_until(clicked, f"{what} is clicked on {self.browser.current_url}")

    def await_answer(self, page: str, fields: dict[str, str], text: str):
        """Sends the form of a page until the answer, which is of one moment, has this text."""
        def answered():
            self.open(page)
            for name, value in fields.items():
                self.browser.find_element(By.NAME, name).send_keys(value)
            self.click(By.CSS_SELECTOR, "form button")
            return text in self.text()
        wait_until(answered, f"{text!r} on {page} for {fields}")

    def resize(self, width: int, scheme: str):
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600})
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": scheme}]})

    def complaints(self) -> list[str]:
        return [entry["message"] for entry in self.browser.get_log("browser")
                if entry["level"] in ("SEVERE", "WARNING")]

    def test_pages_fit_every_screen_without_complaints(self):
        keep = os.environ.get("SCREENSHOTS")
        backgrounds = set()
        for width, scheme in [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")]:
            self.resize(width, scheme)
            for page in PAGES:
                self.open(ASKED.get(page, page))
                wide, seen = self.browser.execute_script(
                    "return [document.documentElement.scrollWidth, window.innerWidth]")
                self.assertLessEqual(wide, seen, f"{page} is {wide} wide on {seen}")
                self.assertEqual(self.complaints(), [], page)
                current = self.browser.find_element(By.CSS_SELECTOR, "nav [aria-current]")
                self.assertEqual(current.get_attribute("href").rsplit("/", 1)[1], page)
                backgrounds.add(self.browser.execute_script(
                    "return getComputedStyle(document.body).backgroundColor"))
                if keep:
                    self.shoot(pathlib.Path(keep) / f"{page}-{width}-{scheme}.png", width)
        self.assertEqual(len(backgrounds), 2, "light and dark look alike")

    def shoot(self, path: pathlib.Path, width: int):
        height = self.browser.execute_script("return document.documentElement.scrollHeight")
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": min(max(height, 500), 3000), "deviceScaleFactor": 1,
            "mobile": width < 600})
        self.browser.save_screenshot(str(path))

    def test_the_root_leads_to_the_overview_and_links_to_every_page(self):
        self.resize(1280, "light")
        self.open("")
        self.assertTrue(self.browser.current_url.endswith("/edge/overview"))
        for page in PAGES[1:]:
            self.click(By.CSS_SELECTOR, f"nav a[href='{page}']")
            wait_until(lambda: self.browser.current_url.endswith("/edge/" + page), page)
        self.assertEqual(self.complaints(), [])

    def test_targets_are_filtered_while_typing_and_lead_to_their_explanation(self):
        self.resize(1280, "light")
        self.open("targets")
        self.await_text("2 of 2 targets")
        self.assertIn(HOSTILE, self.text())
        self.browser.find_element(By.NAME, "q").send_keys(str(self.exporter.port))
        self.await_text("1 of 2 targets")
        # The first digits may have been enough.
        wait_until(lambda: f"q={self.exporter.port}" in self.browser.current_url, "the whole port")
        self.browser.find_element(By.NAME, "q").clear()
        self.browser.refresh()
        Select(self.browser.find_element(By.NAME, "state")).select_by_value("down")
        self.open("targets?state=down")
        self.await_text("1 of 2 targets")
        self.await_text("refused")
        self.click(By.LINK_TEXT, "explain")
        self.await_text("the scrape at")
        self.assertIn("refused", self.text())
        self.assertEqual(self.complaints(), [])

    def test_what_is_live_is_replaced(self):
        self.open("overview")
        self.browser.execute_script("document.querySelector('.big').textContent = 'outdated'")
        self.await_text("outdated", there=False)

    def test_discovery_shows_what_was_dropped_and_by_which_rule(self):
        self.resize(1280, "light")
        self.open("service-discovery?state=dropped")
        self.await_text("10.1.2.3:9100")
        self.assertIn("dropped by relabel_configs[0]", self.text())
        self.click(By.TAG_NAME, "summary")
        self.await_text('drop [env] "dev"')

    def test_the_form_explains_where_a_series_went(self):
        self.resize(390, "light")
        for match, sentence in [
                ("debug_total", 'dropped by metric_relabel_configs[0] (drop [__name__] "debug_.*")'),
                ("few_total", "dropped for archive by write_relabel_configs[0]"),
                ('kept_total{code="200"}', "delivered to central; held back for archive since"),
                ('{instance="10.1.2.3:9100"}', "dropped by relabel_configs[0]"),
                ("no_such_total", "no such series is on the last page of"),
                ("a{", "expected a label name")]:
            self.await_answer("explain", {"match": match}, sentence)
        self.assertEqual(self.complaints(), [])

    def test_the_playground_tries_rules(self):
        self.resize(1280, "dark")
        self.await_answer("relabel", {
            "rules": "- source_labels: [env]\n  regex: dev\n  action: drop\n"
                     "- source_labels: [env]\n  target_label: stage\n",
            "labels": 'up{env="dev"}\nup{env="prod", note="' + HOSTILE + '"}'}, "dropped")
        self.assertIn('stage="prod"', self.text())
        self.assertIn(HOSTILE, self.text())
        self.assertEqual(self.complaints(), [])

    def test_the_policy_lets_a_browser_run_our_own_files_only(self):
        with urllib.request.urlopen(self.sluice.url("/edge/targets")) as answer:
            policy = answer.headers["Content-Security-Policy"]
        self.assertIn("default-src 'none'", policy)
        self.assertNotIn("unsafe", policy)
        self.assertEqual(http_get(self.sluice.url("/edge/static/none"))[0], 404)


if __name__ == "__main__":
    unittest.main()
