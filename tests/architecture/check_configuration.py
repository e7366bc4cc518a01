#!/usr/bin/env python3
"""Fails when the documents and the loader disagree about which fields a configuration may have."""
import pathlib
import re
import sys

DOCUMENTS = ["docs/configuration.md", "docs/discovery.md"]
# Their fields are those of a server; an agent only knows whether they are well formed.
IGNORED = {"server_specs.cc", "ignored_fields.cc"}
LISTS = re.compile(r"std::string_view(?:, \d+>)? k\w*(?:Fields|Inherited)\w*(?:\[\])? = \{+(.*?)\};",
                   re.S)
SPECS = re.compile(r"FieldSpec k(\w+)\[\] = \{(.*?)\};", re.S)
NAME_IN_SPEC = re.compile(r'\{k\w+, "(\w+)"|\.name = "(\w+)"|ListOf\("(\w+)"')
# Mechanisms of which only the fields are known: a job that has one is refused.
NOT_SUPPORTED = re.compile("(Aws|Nerve|Oci|Outscale|OvhCloud|Serverset|Stackit)[A-Z]")


def is_reference(name: str) -> bool:
    """To a secret manager: all of these are refused alike, and documented once."""
    return name.endswith("_ref")


def known_to_the_loader(root: pathlib.Path) -> dict[str, str]:
    """Field -> where it stands."""
    names = {}
    for path in sorted((root / "agent/config").rglob("*.cc")):
        if path.name in IGNORED:
            continue
        text = path.read_text()
        where = str(path.relative_to(root))
        for body in LISTS.findall(text):
            for name in re.findall(r'"(\w+)"', body):
                names.setdefault(name, where)
        for table, body in SPECS.findall(text):
            if NOT_SUPPORTED.match(table):
                continue
            for found in NAME_IN_SPEC.findall(body):
                names.setdefault("".join(found), where)
    return names


def documented_as_fields(text: str) -> set[str]:
    """Names in the first column of the tables whose head is `field`."""
    names = set()
    in_table = False
    for line in text.splitlines():
        if not line.startswith("|"):
            in_table = False
            continue
        first = line.split("|")[1]
        if first.strip() in ("field", "fields"):
            in_table = True
        elif in_table:
            names |= set(re.findall(r"`(\w+)`", first))
    return names


def main() -> int:
    root = pathlib.Path(sys.argv[1]).resolve()
    text = "\n".join((root / name).read_text() for name in DOCUMENTS)
    mentioned = set(re.findall(r"\b[a-z][a-z0-9_]*\b", " ".join(re.findall(r"`([^`]*)`", text))))
    known = known_to_the_loader(root)
    if len(known) < 150:
        print(f"found only {len(known)} fields: the check itself is broken")
        return 1
    server = " ".join((root / "agent/config/specs" / name).read_text() if name == "server_specs.cc"
                      else (root / "agent/config" / name).read_text() for name in sorted(IGNORED))
    problems = [f"{where}: {name} is not in {' or '.join(DOCUMENTS)}"
                for name, where in known.items()
                if name not in mentioned and not is_reference(name)]
    problems += [f"{' or '.join(DOCUMENTS)}: the loader does not know the field {name}"
                 for name in sorted(documented_as_fields(text) - set(known))
                 if f'"{name}"' not in server]
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
