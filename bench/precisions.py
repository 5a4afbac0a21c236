#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One text query as a whole process, warm page cache, with models in several precisions, or with several programs, in turns.

Usage: precisions.py [--rounds N] [--query TEXT] CLIPSEARCH:DATABASE:MODEL_DIR...

Each DATABASE holds a collection "photos" made with its MODEL_DIR, e.g. by `model convert --precision int8` and
`ingest --remodel`, or by `import`. Prints the median and the least of wall-clock and processor time, the peak resident set,
and the ratio of the median processor time to that of the first one. A program that is named twice runs twice: so one sees
what the machine's other work does.
"""
import argparse
import os
import statistics

from text_query import run


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--query", default="a white dog")
    parser.add_argument("what", nargs="+", metavar="CLIPSEARCH:DATABASE:MODEL_DIR")
    options = parser.parse_args()
    commands = []
    for what in options.what:
        program, database, model = what.split(":")
        commands.append([program, "--db", database, "--model", os.path.abspath(model), options.query])
    results = [[] for _ in commands]
    for turn in range(options.rounds + 1):
        for command, result in zip(commands, results):
            one = run(command)
            if turn:  # the first of each warms the page cache
                result.append(one)
    first = statistics.median(busy for _, busy, _ in results[0])
    for what, result in zip(options.what, results):
        wall, busy, memory = zip(*result)
        print(f"{what}: wall {statistics.median(wall):.1f} ms (least {min(wall):.1f}), processor "
              f"{statistics.median(busy):.1f} ms (least {min(busy):.1f}), {max(memory):.0f} MiB, "
              f"{statistics.median(busy) / first:.2f} of the first")


if __name__ == "__main__":
    main()
