#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Run the README's examples and compare their output with what the README shows. TAP on stdout.

Every ```console block is a session. Lines that begin with "$ " are commands; below each are the lines that it prints to
standard output. A line "..." stands for any number of lines. Times and rates are not compared. Other numbers may differ by
0.002: the last digits of scores depend on the processor. ```c blocks named in the text are files under examples/, built
and run by their own tests. The first fenced block must consist of the two commands that people and CI run first.

Usage: check_readme.py SOURCE_ROOT BUILD_ROOT
"""
import os
import re
import subprocess
import sys
import tempfile

NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
TIME = re.compile(r"\b(?:\d+ min )?\d+(?:\.\d+)? (?:ms|s|images/s)\b")  # a slow machine needs minutes


def blocks(text):
    return re.findall(r"^```(\w*)\n(.*?)^```$", text, flags=re.M | re.S)


def same_line(expected, found):
    expected, found = TIME.sub("TIME", expected.rstrip()), TIME.sub("TIME", found.rstrip())
    if NUMBER.sub("N", expected) != NUMBER.sub("N", found):
        return False
    return all(abs(float(a) - float(b)) <= .002 for a, b in zip(NUMBER.findall(expected), NUMBER.findall(found)))


def same(expected, found):
    if not expected:
        return not found
    if expected[0] == "...":
        return any(same(expected[1:], found[i:]) for i in range(len(found) + 1))
    return bool(found) and same_line(expected[0], found[0]) and same(expected[1:], found[1:])


def sessions(text):
    for language, body in blocks(text):
        if language != "console":
            continue
        command, expected = None, []
        for line in body.splitlines():
            if line.startswith("$ "):
                if command:
                    yield command, expected
                command, expected = line[2:], []
            else:
                expected.append(line)
        if command:
            yield command, expected


def main():
    root, build = map(os.path.abspath, sys.argv[1:3])
    with open(os.path.join(root, "README.md"), encoding="utf-8") as file:
        text = file.read()
    count = failures = 0

    def check(passed, what, *notes):
        nonlocal count, failures
        count += 1
        failures += not passed
        print(f"{'ok' if passed else 'not ok'} {count} - {what}")
        for note in notes if not passed else ():
            print("# " + note)

    first = blocks(text)[0][1].strip().splitlines()
    check(len(first) == 2 and all(os.access(os.path.join(root, line.split()[0]), os.X_OK) for line in first),
          "the first block holds two commands that exist", *first)
    with tempfile.TemporaryDirectory() as home:
        env = {key: value for key, value in os.environ.items() if not key.startswith(("CLIPSEARCH_DB", "CLIPSEARCH_M"))}
        env.update(PATH=build + os.pathsep + env["PATH"], XDG_DATA_HOME=home, XDG_CONFIG_HOME=home, HOME=home, TMPDIR=home,
                   SHEET=os.path.join(home, "sheet.png"),
                   FOUND=os.path.join(home, "found"), VECTORS=os.path.join(home, "vectors"))
        for command, expected in sessions(text):
            ran = subprocess.run(["sh", "-c", command], cwd=root, env=env, capture_output=True, text=True, timeout=300)
            found = ran.stdout.splitlines()
            check(same([line.rstrip() for line in expected], found), "$ " + command,
                  "expected:", *expected, "found:", *found, "on stderr:", *ran.stderr.splitlines())
    print(f"1..{count}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
