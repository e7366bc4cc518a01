#!/usr/bin/env python3
"""Fails when docs/telemetry.md and the code disagree about which metrics exist."""
import pathlib
import re
import sys

MODULES = ["base", "proto", "relabel", "buffer", "remotewrite", "scrape", "agent"]
NAME = re.compile(r'"((?:sluice|prometheus|process|vm_app|vm_promscrape|vm_persistentqueue|vmagent)_[a-z0-9_]+)"')
# Quoted names that are not metrics of ours.
NOT_METRICS = {"prometheus_version"}


def main() -> int:
    root = pathlib.Path(sys.argv[1]).resolve()
    in_code = {}
    for module in MODULES:
        for path in sorted((root / module).rglob("*.cc")):
            for name in NAME.findall(path.read_text(errors="replace")):
                in_code.setdefault(name, path.relative_to(root))
    documented = set(re.findall(r"`((?:sluice|prometheus|process|vm_app|vm_promscrape|vm_persistentqueue|vmagent)_[a-z0-9_]+)",
                                (root / "docs/telemetry.md").read_text()))
    problems = [f"{path}: {name} is not in docs/telemetry.md"
                for name, path in in_code.items()
                if name not in documented and name not in NOT_METRICS]
    problems += [f"docs/telemetry.md: {name} is not in the code"
                 for name in sorted(documented - set(in_code))]
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
