#!/usr/bin/env python3
"""Fails when an #include crosses the architecture.

Three rules, with file and line for each breach:
  layers  a module includes only itself and the modules in its DEPENDS (its CMakeLists.txt), and the
          order of add_subdirectory() in the top CMakeLists.txt admits no cycle;
  walls   a third-party library is included only where WALLS allows it, and never by a header that
          its CMakeLists.txt lists as public;
  docs    the module table in ARCHITECTURE.md shows the edges that CMake declares.
"""
import pathlib
import re
import sys

# First part of an include path (or the whole of it) -> modules that may include it.
WALLS = {
    "curl/": {"base"},
    "yaml-cpp/": {"base"},
    "prometheus/": {"base"},
    "simdjson": {"base"},
    "expat.h": {"base"},
    "openssl/": {"base", "agent"},
    "zlib.h": {"base"},
    "libdeflate.h": {"base"},
    "spdlog/": {"base"},
    "fmt/": {"base"},
    "xxhash.h": {"base"},
    "rocksdb/": {"buffer"},
    "zstd.h": {"buffer", "proto"},
    "re2/": {"relabel"},
    "ares.h": {"scrape"},
    "google/protobuf/": {"proto"},
    "protozero/": {"proto"},
    "snappy": {"buffer", "proto"},
    "boost/": {"agent"},
    "CLI/": {"agent"},
    "nlohmann/": {"agent"},
}

INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')


def declared_modules(root: pathlib.Path) -> dict[str, list[str]]:
    """Module -> the modules it depends on, in the order of the top CMakeLists.txt."""
    top = (root / "CMakeLists.txt").read_text()
    modules = {}
    for folder in re.findall(r"add_subdirectory\((\w+)\)", top):
        text = (root / folder / "CMakeLists.txt").read_text()
        match = re.search(r"sluice_module\((\w+)(.*?)\)", text, re.S)
        if not match:
            continue
        depends = re.search(r"DEPENDS\s+(.*?)(?:EXTERNAL|SOURCES|HEADERS|$)", match.group(2), re.S)
        modules[match.group(1)] = depends.group(1).split() if depends else []
    return modules


def public_headers(root: pathlib.Path, module: str) -> set[pathlib.Path]:
    text = (root / module / "CMakeLists.txt").read_text()
    listed = re.search(r"HEADERS\s+(.*?)(?:EXTERNAL|DEPENDS|\))", text, re.S).group(1).split()
    return {root / module / name for name in listed}


def includes(path: pathlib.Path):
    for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match.group(1) == '"', match.group(2)


def check_sources(root: pathlib.Path, modules: dict[str, list[str]]) -> list[str]:
    problems = []
    for module, depends in modules.items():
        allowed = {module, *depends}
        public = public_headers(root, module)
        for path in sorted((root / module).rglob("*")):
            if path.suffix not in {".h", ".cc"}:
                continue
            where = path.relative_to(root)
            for number, ours, name in includes(path):
                first = name.split("/")[0]
                if ours and first in modules and first not in allowed:
                    problems.append(f"{where}:{number}: {module} may not include {name}: "
                                    f"{first} is not in its DEPENDS")
                for prefix, owners in WALLS.items():
                    if not ours and name.startswith(prefix) and module not in owners:
                        problems.append(f"{where}:{number}: <{name}> belongs behind the wall of "
                                        f"{', '.join(sorted(owners))}")
                    if not ours and name.startswith(prefix) and path in public:
                        problems.append(f"{where}:{number}: <{name}> in a public header")
    return problems


def check_docs(root: pathlib.Path, modules: dict[str, list[str]]) -> list[str]:
    text = (root / "ARCHITECTURE.md").read_text()
    problems = []
    for module, depends in modules.items():
        row = f"| `{module}/` | {', '.join(depends) or '-'} |"
        if row not in text:
            problems.append(f"ARCHITECTURE.md: the module table lacks the row starting: {row}")
    return problems


def main() -> int:
    root = pathlib.Path(sys.argv[1]).resolve()
    modules = declared_modules(root)
    if len(modules) < 7:
        print(f"found only the modules {list(modules)}: the check itself is broken")
        return 1
    problems = check_sources(root, modules) + check_docs(root, modules)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
