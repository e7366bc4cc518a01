#!/usr/bin/env python3
"""What the documents show works: configurations load, links lead somewhere, the manual page and the
completion know flags that there are."""
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from processes import ROOT, SLUICE_BINARY

DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
SECTIONS = ("global:", "scrape_configs:", "remote_write:")


def run(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([SLUICE_BINARY, *arguments], capture_output=True, text=True, timeout=60)


def blocks(text: str) -> list[str]:
    """What is set off by four blanks."""
    found = [[]]
    for line in text.splitlines():
        if line.startswith("    "):
            found[-1].append(line[4:])
        elif not line.strip() and found[-1]:
            found[-1].append("")
        elif found[-1]:
            found.append([])
    return ["\n".join(lines).rstrip() + "\n" for lines in found if lines]


class Documents(unittest.TestCase):
    def test_configurations_in_the_documents_load(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-documents-"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        count = 0
        for path in DOCUMENTS:
            for block in blocks(path.read_text()):
                if not block.startswith(SECTIONS):
                    continue
                count += 1
                (folder / "prometheus.yml").write_text(block)
                done = run("check-config", str(folder / "prometheus.yml"))
                self.assertEqual(done.returncode, 0, f"{path.name}:\n{block}{done.stderr}")
                self.assertNotIn("WARNING", done.stdout, f"{path.name}:\n{block}")
        self.assertGreater(count, 10)

    def test_configurations_that_are_shipped_load(self):
        paths = [ROOT / "packaging/debian/prometheus.yml", *ROOT.glob("examples/**/prometheus.yml")]
        self.assertGreater(len(paths), 3)
        for path in paths:
            done = run("check-config", str(path))
            self.assertEqual(done.returncode, 0, f"{path}: {done.stderr}")
            self.assertNotIn("WARNING", done.stdout, path)

    def test_links_lead_somewhere(self):
        for path in DOCUMENTS:
            for target in re.findall(r"\]\(([^)#:]*)(?:#[^)]*)?\)", path.read_text()):
                if target:
                    self.assertTrue((path.parent / target).exists(), f"{path.name}: {target}")

    def test_links_into_a_document_lead_to_a_heading(self):
        def anchors(path):
            titles = re.findall(r"^#+ (.*)$", path.read_text(), re.M)
            return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
        for path in DOCUMENTS:
            for target, anchor in re.findall(r"\]\(([^)#:]*)#([^)]*)\)", path.read_text()):
                to = path.parent / target if target else path
                self.assertIn(anchor, anchors(to), f"{path.name}: {target}#{anchor}")

    def test_the_manual_page_knows_every_command_and_no_flag_that_is_not_there(self):
        page = (ROOT / "packaging/debian/sluice.1").read_text().replace("\\-", "-")
        shown = run("--help").stdout.replace("[no-]", "") + run("relabel", "--help").stdout
        for flag in re.findall(r"--[a-z][a-z.-]+[a-z]", page):
            self.assertIn(flag, shown)
        commands = re.findall(r"^  ([a-z][a-z-]*)(?: |$)", shown[shown.index("ommands:\n"):], re.M)
        self.assertIn("check-config", commands)
        for command in commands:
            self.assertIn(command, page)

    def test_bash_completes_commands_and_flags(self):
        script = (f"PATH={pathlib.Path(SLUICE_BINARY).parent}:$PATH; "
                  f"source {ROOT}/packaging/completion/sluice.bash; "
                  "complete_words() { COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _sluice; "
                  "echo \"${COMPREPLY[@]}\"; }; compopt() { :; }; "
                  "complete_words sluice check-c; complete_words sluice --storage.agent.pa; "
                  "complete_words sluice relabel --tr; complete_words sluice buffer for")
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True)
        self.assertEqual(done.stdout.split("\n")[:4],
                         ["check-config", "--storage.agent.path", "--trace", "forget"], done.stderr)


if __name__ == "__main__":
    unittest.main()
