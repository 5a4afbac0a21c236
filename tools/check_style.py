#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Rules of the project that no compiler checks: file headers, formatting, banned functions. TAP on stdout.

Usage: check_style.py SOURCE_ROOT
"""
import os
import re
import shutil
import subprocess
import sys

FOLDERS = ["include", "src", "tests", "fuzz", "bench", "examples"]
SKIP_FORMAT = re.compile(r"(entities|font)\w*\.c$")  # generated tables

# The program may print and exit. The library may not, nor may it write without a limit.
PROGRAM = ("src/cli/", "src/config/", "src/models/", "src/output/")
BANNED_IN_LIBRARY = re.compile(
    r"\b(printf|puts|putchar|perror|exit|abort|_exit|signal|sigaction|setenv|putenv|gets|strcpy|strcat|sprintf|vsprintf"
    r"|strtok|alloca|system|popen)\s*\(")
BANNED_MEMORY = re.compile(r"\b(malloc|calloc|realloc|free|strdup|strndup|posix_memalign|aligned_alloc)\s*\(")
LEFT_OPEN = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")


def sources(root):
    for top in FOLDERS:
        for folder, _, names in sorted(os.walk(os.path.join(root, top))):
            for name in sorted(names):
                if name.endswith((".c", ".h")):
                    yield os.path.relpath(os.path.join(folder, name), root)


def without_comments(text):
    text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m[0].count("\n"), text, flags=re.S)
    return re.sub(r'"(\\.|[^"\\])*"', '""', text)


def main():
    root = sys.argv[1]
    headers, banned, open_ends, long_lines = [], [], [], []
    for path in sources(root):
        with open(os.path.join(root, path), encoding="utf-8") as file:
            text = file.read()
        lines = text.split("\n")
        if not lines[0].startswith("/* SPDX-License-Identifier: MIT") or os.path.basename(path) + " - " not in lines[1]:
            headers.append(path)
        for number, line in enumerate(lines, 1):
            if LEFT_OPEN.search(line):
                open_ends.append(f"{path}:{number}")
            if len(line) > 120 and not SKIP_FORMAT.search(path):
                long_lines.append(f"{path}:{number}")
        if path.startswith("src/") and not path.startswith(PROGRAM):
            for number, line in enumerate(without_comments(text).split("\n"), 1):
                if BANNED_IN_LIBRARY.search(line) or (not path.endswith("base/mem.c") and BANNED_MEMORY.search(line)):
                    banned.append(f"{path}:{number}: {line.strip()}")
    results = [("every file begins with licence, name and purpose", headers),
               ("the library does not print, exit, or call what is banned", banned),
               ("nothing is left open", open_ends), ("no line is longer than 120", long_lines)]
    formatter = shutil.which("clang-format-14") or shutil.which("clang-format")
    if formatter:
        # all files in one run: to start the program for each takes half a minute of processor time
        said = subprocess.run([formatter, "--dry-run", *(p for p in sources(root) if not SKIP_FORMAT.search(p))],
                              cwd=root, stderr=subprocess.PIPE, text=True)
        wrong = sorted({line.split(":")[0] for line in said.stderr.splitlines() if "[-Wclang-format-violations]" in line})
        if said.returncode:
            wrong.append(f"{formatter} ended with status {said.returncode}")
        results.append(("clang-format has nothing to change", wrong))
    for number, (what, problems) in enumerate(results, 1):
        print(f"{'not ok' if problems else 'ok'} {number} - {what}")
        for problem in problems:
            print("# " + problem)
    if not formatter:
        print(f"ok {len(results) + 1} - clang-format # SKIP clang-format is not installed")
    print(f"1..{len(results) + (0 if formatter else 1)}")
    return 1 if any(problems for _, problems in results) else 0


if __name__ == "__main__":
    sys.exit(main())
