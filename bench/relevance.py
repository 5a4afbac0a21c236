#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measure relevance (docs/relevance.md): does it tell hits that are right from hits that are wrong better than the score does,
and how often does --relevant err?

    relevance.py CLIPSEARCH PHOTOS [--model MODEL] [--fold 0|1] [--count 500] [--drawn N] [--cut R] [--work DIR]

PHOTOS has flickr8k-1000 (images, captions.csv) and imagenet-100x10 (train/CLASS/*.JPEG). Sets of queries:
  captioned  30 things that are in the captioned photographs and 30 that no caption of the first 500 mentions; right is a photograph of which a
             caption says so. --fold takes the half that a model of weights/train/make.py --fold was not fitted on.
  sentences  captions of one half of these photographs, and of the other half, asked for among those of the first; right is the photograph
             that the caption belongs to
  classes    names of the photographs' classes, and as many names of classes whose photographs were left out, in three
             divisions of the hundred classes by half
  drawn      with --drawn N: names of the 1,029 things of weights/train, in N drawn scenes (needs numpy, Pillow and its fonts)
For each set: the area under the ROC curve of "is the best hit right" by score and by relevance, and with the cut at 0.5 (--cut) the share of
wrong "found" (of the queries for what is not there) and of wrong "nothing" (of the queries whose best hit is right, and of all
queries for what is there).
"""
import argparse
import csv
import json
import os
import random
import re
import subprocess
import sys
import tempfile

SHOWN = 10  # hits of a query

# what is asked for, and what a caption says then
PRESENT = {
    "a dog": r"\bdogs?\b|puppy", "a horse": r"horse", "a bird": r"\bbirds?\b|seagull|duck|goose|pigeon",
    "a bicycle": r"bicycl|\bbik", "a car": r"\bcars?\b", "a boat": r"boat|kayak|canoe|raft",
    "a motorcycle": r"motorcycl|dirt bike|motorbike", "a skateboard": r"skateboard", "surfing": r"surf",
    "a swing": r"swing", "a bench": r"bench", "basketball": r"basketball", "a football game": r"football",
    "soccer": r"soccer", "skiing": r"\bski", "swimming": r"swim|pool", "rock climbing": r"climb",
    "snowboarding": r"snowboard", "baseball": r"baseball", "snow": r"snow", "a beach": r"beach|\bsand",
    "a river": r"river|stream|creek", "mountains": r"mountain|cliff|hill", "a street": r"street|road|sidewalk",
    "a playground": r"playground|slide|swing", "a baby": r"baby|toddler|infant", "a crowd of people": r"crowd|group",
    "grass": r"grass", "a guitar": r"guitar", "a tent": r"\btents?\b",
}
ABSENT = ["an elephant", "a giraffe", "a lion", "a penguin", "a kangaroo", "a panda", "a shark", "a snake", "a spider",
          "an octopus", "a jellyfish", "a banana", "a strawberry", "broccoli", "a mushroom", "a pineapple", "a piano",
          "a harp", "an accordion", "a microwave oven", "a refrigerator", "a toaster", "a typewriter",
          "a computer keyboard", "a helicopter", "a submarine", "a volcano", "a lighthouse", "a steam locomotive",
          "a telescope", "a peacock", "a dinosaur"]


def with_article(name):
    return ("an " if name[0].lower() in "aeiou" else "a ") + name


class Collection:
    """Images ingested by the program, and queries to them."""

    def __init__(self, program, model, work, name):
        self.program, self.work = program, work
        self.common = ["--db", os.path.join(work, name + ".db")] + (["--model", model] if model else [])

    def ingest(self, paths):
        listed = os.path.join(self.work, "files.txt")
        with open(listed, "w", encoding="utf-8") as out:
            out.writelines(path + "\n" for path in paths)
        subprocess.run([self.program, "ingest", *self.common, "-q", "--files-from", listed], check=True)

    def ask(self, queries):
        """For each query its hits: (path, score, relevance)."""
        listed = os.path.join(self.work, "queries.txt")
        with open(listed, "w", encoding="utf-8") as out:
            out.writelines(query + "\n" for query in queries)
        done = subprocess.run([self.program, "search", *self.common, "-k", str(SHOWN), "--json", "--min-relevance", "0",
                               "--list", listed], check=True, capture_output=True, text=True)
        return [[(hit["path"], hit["score"], hit["relevance"]) for hit in query["hits"]]
                for query in json.loads(done.stdout)["queries"]]


def roc_area(right, wrong):
    """The chance that one of `right` is above one of `wrong`."""
    if not right or not wrong:
        return float("nan")
    above = sum((a > b) + 0.5 * (a == b) for a in right for b in wrong)
    return above / (len(right) * len(wrong))


class Tally:
    """Queries of one set: whether their thing is there, whether the best hit is right, its score, the hits' relevance."""

    def __init__(self, name, at):
        self.name, self.at, self.rows = name, at, []

    def add(self, there, right, hits):
        self.rows.append((there, right, hits[0][1], hits[0][2], max(hit[2] for hit in hits)))

    def report(self):
        there = [row for row in self.rows if row[0]]
        absent = [row for row in self.rows if not row[0]]
        right = [row for row in self.rows if row[1]]
        wrong = [row for row in self.rows if not row[1]]
        cut = lambda rows: sum(row[4] < self.at for row in rows) / max(1, len(rows))
        print(f"{self.name:22} {len(there):4} there, best hit right {len([r for r in there if r[1]]) / max(1, len(there)):5.1%}, "
              f"{len(absent):4} not | ROC score {roc_area([r[2] for r in right], [r[2] for r in wrong]):.3f} "
              f"relevance {roc_area([r[3] for r in right], [r[3] for r in wrong]):.3f} | "
              f"wrong found {1 - cut(absent):5.1%}, wrong nothing {cut(right):5.1%} of right, {cut(there):5.1%} of all",
              flush=True)


def read_captioned(options):
    """The names of the photographs that are measured on, in order by chance, and each one's captions."""
    captions = {}
    with open(os.path.join(options.photos, "flickr8k-1000", "captions.csv"), encoding="utf-8") as rows:
        for row in csv.DictReader(rows):
            captions.setdefault(row["image"], []).append(row["caption"].lower())
    names = sorted(captions)
    random.Random(0).shuffle(names)
    if options.fold is not None:
        names = read_half(sorted(names), options.fold)
    return names[:options.count], captions


def files(options, names):
    return [os.path.join(options.photos, "flickr8k-1000", "images", name) for name in names]


def measure_captioned(program, options):
    names, captions = read_captioned(options)
    said = {name: " . ".join(captions[name]) for name in names}
    collection = Collection(program, options.model, options.work, "captioned")
    collection.ingest(files(options, names))
    absent = [query for query in ABSENT
              if not any(re.search(r"\b" + query.split()[-1], text) for text in said.values())]
    present = [query for query, pattern in PRESENT.items() if any(re.search(pattern, text) for text in said.values())]
    left = [query for query in [*PRESENT, *ABSENT] if query not in present and query not in absent]
    if left:
        print("left out, because captions say otherwise:", ", ".join(left))
    tally = Tally(f"captioned, {len(names)}", options.cut)
    for query, hits in zip(present + absent, collection.ask(present + absent)):
        right = query in PRESENT and re.search(PRESENT[query], said[os.path.basename(hits[0][0])]) is not None
        tally.add(query in present, right, hits)
        if options.each:
            print(f"  {query:24} {hits[0][1]:.3f} {hits[0][2]:.2f} {'right' if right else 'wrong'} "
                  f"{'' if query in present else '(not there)'}")
    tally.report()


def measure_sentences(program, options):
    names, captions = read_captioned(options)
    there = set(names[::2])
    collection = Collection(program, options.model, options.work, "sentences")
    collection.ingest(files(options, sorted(there)))
    asked = [(text, name) for name in names for text in captions[name]]
    tally = Tally(f"sentences, {len(there)}", options.cut)
    for (_, name), hits in zip(asked, collection.ask([text for text, _ in asked])):
        tally.add(name in there, os.path.basename(hits[0][0]) == name, hits)
    tally.report()


def read_half(names, fold):
    """The half of the photographs that weights/train/photographs.py has the fold measured on."""
    import numpy as np
    order = np.random.RandomState(0).permutation(len(names))
    half = len(names) // 2
    return [names[i] for i in (order[half:] if fold == 0 else order[:half])]


def measure_classes(program, options):
    root = os.path.join(options.photos, "imagenet-100x10", "train")
    classes = sorted(os.listdir(root))
    tally = Tally("classes, 50 of 100", options.cut)
    for division in range(3):
        chosen = random.Random(division).sample(classes, len(classes) // 2)
        collection = Collection(program, options.model, options.work, f"classes{division}")
        collection.ingest([os.path.join(root, name, file) for name in chosen for file in os.listdir(os.path.join(root, name))])
        queries = [with_article(name.replace("_", " ").replace("-", " ")) for name in classes]
        for name, hits in zip(classes, collection.ask(queries)):
            right = os.path.basename(os.path.dirname(hits[0][0])) == name
            tally.add(name in chosen, right, hits)
    tally.report()


def measure_drawn(program, options):
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "weights", "train"))
    import world as drawn
    world = drawn.World()
    rng = random.Random("relevance")
    folder = os.path.join(options.work, "drawn")
    os.makedirs(folder, exist_ok=True)
    things = {}
    for number in range(options.drawn):
        scene = world.plan(rng)
        path = os.path.join(folder, f"{number:05}.png")
        world.draw(scene).save(path)
        things[os.path.realpath(path)] = set(scene.things)
    words = [{thing.name, *thing.keywords, *thing.kinds, *thing.name.split()} for thing in world.things]
    same = lambda a, b: world.things[a].name in words[b] or world.things[b].name in words[a]
    collection = Collection(program, options.model, options.work, "drawn")
    collection.ingest(things)
    there = set().union(*things.values())
    tally = Tally(f"drawn scenes, {options.drawn}", options.cut)
    names = range(len(world.things))
    for thing, hits in zip(names, collection.ask([with_article(world.things[i].name) for i in names])):
        right = any(same(thing, other) for other in things[hits[0][0]])
        tally.add(any(same(thing, other) for other in there), right, hits)
    tally.report()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("photos")
    parser.add_argument("--model")
    parser.add_argument("--fold", type=int, choices=(0, 1))
    parser.add_argument("--count", type=int, default=500, help="captioned photographs")
    parser.add_argument("--drawn", type=int, default=0)
    parser.add_argument("--cut", type=float, default=0.5, help="the relevance from which on an image is found")
    parser.add_argument("--each", action="store_true", help="print each query of the captioned set")
    parser.add_argument("--work")
    options = parser.parse_args()
    program = os.path.abspath(options.program)
    with tempfile.TemporaryDirectory() as scratch:
        options.work = options.work or scratch
        os.makedirs(options.work, exist_ok=True)
        measure_captioned(program, options)
        measure_sentences(program, options)
        measure_classes(program, options)
        if options.drawn:
            measure_drawn(program, options)


if __name__ == "__main__":
    main()
