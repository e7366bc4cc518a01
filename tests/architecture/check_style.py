#!/usr/bin/env python3
"""Fails on what the house style bans and a compiler does not see.

A line may be exempt with a trailing `// style: REASON`.
"""
import pathlib
import re
import subprocess
import sys

MODULES = ["base", "proto", "relabel", "buffer", "remotewrite", "scrape", "agent"]
FILE_LINES_MAX = 500

# Pattern, what to use instead, folders where it is right.
BANNED = [
    (r"\bsleep_for\b|\busleep\(", "wait on a condition with a deadline", []),
    (r"system_clock::now", "Clock", ["base"]),
    # Tests that wait for real sockets and threads need real deadlines.
    (r"steady_clock::now", "Clock", ["base", "tests"]),
    (r"std::thread\b(?!::)", "std::jthread", []),
    (r"\busing namespace\b", "qualified names", ["tests", "bench"]),
    (r"\bFIXME\b", "an issue", []),
    (r"std::format\b", "what both compilers have", []),
    (r"\bget_bool\(", "a varint: get_bool reads past the end of foreign bytes", []),
    (r"\bprintf\(", "a stream or the logger", ["tests"]),
]

DRAWERS = re.compile(r"(^|[_/])(utils?|common|helpers?|misc|manager)([_./]|$)")


def sources(root: pathlib.Path):
    for module in MODULES + ["tests", "bench"]:
        for path in sorted((root / module).rglob("*")):
            if path.suffix in {".h", ".cc"}:
                yield path


def check_file(root: pathlib.Path, path: pathlib.Path) -> list[str]:
    where = path.relative_to(root)
    problems = []
    lines = path.read_text(errors="replace").splitlines()
    if DRAWERS.search(str(where)):
        problems.append(f"{where}: name the thing, not the drawer")
    if where.parts[0] in MODULES and len(lines) > FILE_LINES_MAX:
        problems.append(f"{where}: {len(lines)} lines; split it (at most {FILE_LINES_MAX})")
    if path.suffix == ".h" and "#pragma once" not in lines:
        problems.append(f"{where}: no #pragma once")
    if path.suffix == ".h" and (not lines or not lines[0].startswith("//")):
        problems.append(f"{where}: a header starts with a comment that says what it is for")
    for number, line in enumerate(lines, 1):
        if "// style: " in line:
            continue
        code = line.split("//")[0]
        for pattern, instead, homes in BANNED:
            if where.parts[0] not in homes and re.search(pattern, code):
                problems.append(f"{where}:{number}: {pattern}: use {instead}")
        if len(line) > 100 and "R\"" not in line:
            problems.append(f"{where}:{number}: longer than 100 columns")
    return problems


def check_format(root: pathlib.Path, paths) -> list[str]:
    try:
        result = subprocess.run(["clang-format", "--dry-run", "-Werror", *map(str, paths)],
                                cwd=root, capture_output=True, text=True)
    except FileNotFoundError:
        return ["clang-format is missing: install the package of that name"]
    if result.returncode == 0:
        return []
    first = [line for line in result.stderr.splitlines() if "error:" in line][:10]
    return ["not formatted; run clang-format -i on:"] + first


def check_document_paths(root: pathlib.Path) -> list[str]:
    """Every `path/to/file` in the top documents exists."""
    problems = []
    for name in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"]:
        for path in re.findall(r"`((?:\w[\w.-]*/)+[\w.-]*)`", (root / name).read_text()):
            if path.split("/")[0] in MODULES + ["tests", "docs", "examples", "packaging", "bench"]:
                if not (root / path).exists():
                    problems.append(f"{name}: `{path}` does not exist")
    return problems


def main() -> int:
    root = pathlib.Path(sys.argv[1]).resolve()
    paths = list(sources(root))
    problems = [problem for path in paths for problem in check_file(root, path)]
    problems += check_format(root, paths)
    problems += check_document_paths(root)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
