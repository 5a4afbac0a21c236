#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How soon the page of `clipsearch serve` shows the first answer, in a headless Chromium on this machine.

Makes a collection of mixed vectors of real images, under few files with many names, and measures in the browser, for each of some queries: from the key
Enter until the frame in which the hits are drawn, and until the thumbnails of the window are there as well; and from
opening the page until its images are drawn; the frames while it scrolls. Median and the 95th per cent; and the processor
time, which other programs on the machine change less.

Usage: page.py CLIPSEARCH [--count 100000] [--rounds 40] [--no-index] [--place DIR]
DIR is kept, for the next run.
"""

import argparse
import os
import sys
import tempfile

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(ROOT, "tests/page")]
import browser as browsers  # noqa: E402
import place as places  # noqa: E402

MIXED = 3  # real vectors in each made one
NOISE = 0.015  # of each number; a vector has length 1

THINGS = ["a dog", "a cat", "a red car", "mountains", "a boat on a lake", "flowers", "a child", "a street at night"]
PLACES = ["", " in the snow", " at the beach", " in a garden", " indoors"]

# What is done in the browser: type and press Enter by events, and note the frames.
MEASURE = """
const [text, done] = arguments;
const box = document.getElementById("query"), start = performance.now();
performance.clearMarks();
box.value = text;
box.form.requestSubmit();
const there = () => [...document.querySelectorAll(".cell-link")].filter((e) => e.getBoundingClientRect().top < innerHeight)
  .every((e) => e.querySelector("img.there") || e.classList.contains("missing"));
let drawn = 0;
const look = () => {
  // a frame is on the screen when the next one begins
  if (!drawn && performance.getEntriesByName("clipsearch-shown").length) {
    requestAnimationFrame(() => { drawn = performance.now() - start; });
  }
  if (drawn && there()) done([drawn, performance.now() - start, document.getElementById("status").textContent]);
  else requestAnimationFrame(look);
};
look();
"""
# Scroll for 120 frames.
SCROLL = """
const done = arguments[arguments.length - 1], times = [];
let last = performance.now();
const step = (now) => {
  times.push(now - last);
  last = now;
  scrollBy(0, 60);
  if (times.length < 122) requestAnimationFrame(step); else done(times.slice(2));
};
requestAnimationFrame(step);
"""
OPENED = "const e = performance.getEntriesByName('clipsearch-shown')[0]; return e && e.startTime"


def mix_vectors(program, database, path, count):
    """Vectors that lie as real ones do: real ones mixed, and some noise. The graph of random ones is far slower."""
    real = path + ".real.npy"
    places.run(program, "export", "-q", "--db", database, "--collection", "photos", "--vectors", real)
    vectors, source = np.load(real), np.random.default_rng(1)
    with open(path, "wb") as file:
        np.lib.format.write_array_header_1_0(
            file, {"descr": "<f2", "fortran_order": False, "shape": (count, vectors.shape[1])}
        )
        for first in range(0, count, 10000):
            rows = min(10000, count - first)
            chosen = vectors[source.integers(0, len(vectors), (rows, MIXED))]
            made = np.einsum("rm,rmd->rd", source.dirichlet([1] * MIXED, rows), chosen)
            made += NOISE * source.standard_normal(made.shape)
            file.write((made / np.linalg.norm(made, axis=1, keepdims=True)).astype("<f2").tobytes())


def figures(name, times):
    times = sorted(times)
    print(f"{name:44} median {times[len(times) // 2]:6.1f} ms   95 % {times[int(len(times) * 0.95)]:6.1f} ms")


def processor_seconds(root):
    """User and system time of a process and all below it."""
    children, times = {}, {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
                fields = file.read().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended
        children.setdefault(int(fields[1]), []).append(int(name))
        times[int(name)] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    waiting, total = [root], 0
    while waiting:
        process = waiting.pop()
        total += times.get(process, 0)
        waiting += children.get(process, [])
    return total


def measure(web, serve, rounds):
    url, browser = serve.url, web.driver.service.process.pid
    opened = []
    for _ in range(8):
        web.open(url + "?c=many")
        opened.append(web.wait(OPENED))
        web.settled()
    figures("opening the page", opened[1:])
    queries = [thing + where for where in PLACES for thing in THINGS][:rounds]
    for again in ("first time", "again"):
        drawn, thumbnails = [], []
        before = processor_seconds(serve.process.pid), processor_seconds(browser)
        for query in queries:
            one = web.driver.execute_async_script(MEASURE, query)
            drawn.append(one[0])
            thumbnails.append(one[1])
        used = [(after - start) * 1000 / len(queries) for after, start in zip(
            (processor_seconds(serve.process.pid), processor_seconds(browser)), before)]
        print(f"processor time a query with its thumbnails: server {used[0]:.0f} ms, all processes of the browser {used[1]:.0f} ms")
        figures(f"Enter to hits drawn, {again}", drawn)
        figures(f"Enter to thumbnails of the window, {again}", thumbnails)
    figures("a frame while scrolling", web.driver.execute_async_script(SCROLL))
    print(one[2])


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("program")
    options.add_argument("--count", type=int, default=100000)
    options.add_argument("--rounds", type=int, default=40)
    options.add_argument("--place")
    options.add_argument("--no-index", action="store_true", help="searches compare every vector")
    chosen = options.parse_args()
    found = browsers.find_browser()
    if isinstance(found, str):
        sys.exit(found)
    with tempfile.TemporaryDirectory() as temporary:
        place = chosen.place or temporary
        database = os.path.join(place, "test.db")
        if not os.path.exists(database):
            os.makedirs(place, exist_ok=True)
            images = places.copy_images(ROOT, place)
            drawings = os.path.join(ROOT, "examples/pictures")
            places.run(chosen.program, "ingest", "-q", "--db", database, "--collection", "photos", images, drawings)
            places.make_many(
                chosen.program, place, database, chosen.count, index=not chosen.no_index,
                write=lambda path, count: mix_vectors(chosen.program, database, path, count),
            )
        serve = browsers.Serve(chosen.program, database, "--collection", "many")
        web = browsers.Browser(found, 1400, 900)
        try:
            measure(web, serve, chosen.rounds)
        finally:
            web.quit()
            serve.stop()


if __name__ == "__main__":
    main()
