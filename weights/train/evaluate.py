#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measure a model directory on drawn scenes that it has not seen, and on photographs.

Usage: evaluate.py MODEL [--program CLIPSEARCH] [--photos DIRECTORY [--fold 0|1|all]] [--parts NAME,...] [--seed N]

With --program the vectors are made by that program (`embed`) from PNG files, without it by the towers in PyTorch, f32.
--photos: as photographs.py says. --fold: which half of the captioned photographs is measured, the one that a model made
with the same --fold was not fitted to.
"""
import argparse
import json
import os
import random
import re
import subprocess
import tempfile

import numpy as np
import torch

import colours
import drawing
import export
import knowledge
import learn
import photographs
import towers
import world

PAIRS = 200
LOUD = .1  # what the second part of the head says is heard from this length on; the first part has about 1
STUDIO = (drawing.gradient, (235, 235, 235), (215, 215, 215))


class InPyTorch:
    def __init__(self, path):
        self.towers, self.tokenizer = export.read(path)

    @torch.no_grad()
    def texts(self, texts):
        rows = [self.tokenizer(text) for text in texts]
        return torch.cat([self.towers.text(*learn.encoded(rows[i:i + 250])) for i in range(0, len(rows), 250)]).numpy()

    @torch.no_grad()
    def images(self, images):
        parts = []
        for i in range(0, len(images), 50):
            pixels = np.stack([np.asarray(photographs.fit(image)) for image in images[i:i + 50]])
            parts.append(self.towers.image(torch.from_numpy(pixels)))
        return torch.cat(parts).numpy()

    @torch.no_grad()
    def second_parts(self, paths):
        """What the second part of the head says."""
        pixels = torch.from_numpy(np.stack([np.asarray(photographs.read(path)) for path in paths]))
        image = self.towers.image
        return torch.cat([image.draw(image.network(towers.prepared(part))[1]) for part in pixels.split(50)]).numpy()

    def files(self, paths):
        return np.concatenate([self.images([photographs.read(path) for path in paths[i:i + 50]])
                               for i in range(0, len(paths), 50)])


class InProgram:
    def __init__(self, path, program):
        self.path, self.program = path, program

    def embed(self, option, lines, directory):
        listing, out = f"{directory}/list.txt", f"{directory}/out.npy"
        with open(listing, "w", encoding="utf-8") as file:
            file.write("".join(line + "\n" for line in lines))
        subprocess.run([self.program, "embed", "-q", "--model", os.path.abspath(self.path), option, listing, "--format",
                        "npy", "-o", out], check=True)
        return np.load(out)

    def texts(self, texts):
        with tempfile.TemporaryDirectory() as directory:
            return self.embed("--list", texts, directory)

    def images(self, images):
        with tempfile.TemporaryDirectory() as directory:
            names = [f"{directory}/{i}.png" for i in range(len(images))]
            for name, image in zip(names, images):
                image.save(name, compress_level=1)
            return self.embed("--images-from", names, directory)

    def files(self, paths):
        with tempfile.TemporaryDirectory() as directory:
            return self.embed("--images-from", [os.path.abspath(path) for path in paths], directory)


def hits(scores, own, k):
    """Share of rows whose own column is among the k best; equals count against it."""
    rows = np.arange(len(scores))
    better = (scores >= scores[rows, own][:, None]).sum(1) - 1
    return float((better < k).mean())


class Measures:
    def __init__(self, encoder, the_world, seed):
        self.encoder, self.world, self.seed = encoder, the_world, seed

    def rng(self, part):
        return random.Random(f"{self.seed} {part}")

    def scene(self, number, colour, backdrop, count=1, share=.6, rng=None):
        """One thing, or some of a kind, upright in the middle; with rng in another pose, size and place."""
        size = self.world.size
        if rng:
            places = [self.world.plan_sprite(rng, rng.uniform(.35, .65), rng.uniform(.4, .65), rng.uniform(.4, .8))]
        else:
            share = share if count == 1 else share * 1.3 / count
            places = [world.Sprite(size * (i + .5) / count, size * .5, size * share, False, None) for i in range(count)]
        return self.world.draw(world.Scene([number], [colour], count, None, None, backdrop, places, None))

    def retrieval(self, part, named):
        rng, mood = self.rng(part), world.Mood(named=named)
        scenes = [self.world.plan(rng, mood) for _ in range(500)]
        images = self.encoder.images([self.world.draw(scene) for scene in scenes])
        texts = self.encoder.texts([scene.phrase.caption() for scene in scenes])
        scores, own = texts @ images.T, np.arange(500)
        yield f"{part}: text to image, rank 1", hits(scores, own, 1), .8 if named == 1 else None
        yield f"{part}: text to image, rank 5", hits(scores, own, 5), None
        yield f"{part}: image to text, rank 1", hits(scores.T, own, 1), None
        yield f"{part}: image to text, rank 5", hits(scores.T, own, 5), None

    def scenes(self):
        return self.retrieval("scenes", 1)

    def synonyms(self):
        return self.retrieval("scenes, called by keywords", 0)

    def pairs(self, part, bar, make):
        """make(rng): an image, its caption and a caption that is wrong in one point."""
        rng = self.rng(part)
        images, right, wrong = zip(*(make(rng) for _ in range(PAIRS)))
        vectors = self.encoder.images(list(images))
        good, bad = ((vectors * self.encoder.texts(list(texts))).sum(1) for texts in (right, wrong))
        yield f"{part}, right against wrong", float((good > bad).mean()), bar

    def colour(self):
        def make(rng):
            number, (colour, other) = rng.randrange(len(self.world.things)), rng.sample(world.COLOUR_NAMES, 2)
            name = self.world.names[number]
            return self.scene(number, colour, STUDIO), f"a {colour} {name}", f"a {other} {name}"
        return self.pairs("colour", .95, make)

    def number(self):
        def make(rng):
            number, (count, other) = rng.randrange(len(self.world.things)), rng.sample([1, 2, 3, 4], 2)
            texts = [world.Phrase([self.world.names[number]], [None], n).caption() for n in (count, other)]
            return self.scene(number, None, STUDIO, count), *texts
        return self.pairs("number", .9, make)

    def place(self):
        def make(rng):
            number, (ground, other) = rng.randrange(len(self.world.things)), rng.sample(list(drawing.LANDSCAPES), 2)
            backdrop = drawing.landscape, ground, rng.uniform(*drawing.LANDSCAPES[ground][0])
            name = world.with_article(self.world.names[number])
            return self.scene(number, None, backdrop, share=.5), f"{name} {ground}", f"{name} {other}"
        return self.pairs("place", None, make)

    def side(self):
        def make(rng):
            things = rng.sample(range(len(self.world.things)), 2)
            places = [self.world.plan_sprite(rng, x, rng.uniform(.4, .6), .45) for x in (.27, .73)]
            scene = world.Scene(things, [None, None], 1, None, None, STUDIO, places, None)
            texts = [f"{world.with_article(self.world.names[things[0]])} to the {side} of "
                     f"{world.with_article(self.world.names[things[1]])}" for side in ("left", "right")]
            image = self.world.draw(scene)
            if rng.random() < .5:  # as often "right of" is true
                names = [world.with_article(self.world.names[thing]) for thing in reversed(things)]
                texts = [f"{names[0]} to the {side} of {names[1]}" for side in ("right", "left")]
            return image, *texts
        return self.pairs("left or right", None, make)

    def identity(self):
        """"a COLOUR THING" among 100 other things in the same colour, on the grounds and in the poses of the world."""
        rng, good = self.rng("identity"), 0
        shares = [PAIRS // 11 + (i < PAIRS % 11) for i in range(11)]
        for colour, share in zip(world.COLOUR_NAMES, shares):
            things = rng.sample(range(len(self.world.things)), 100 + share)
            images = []
            for number in things:
                while True:
                    ground, _, backdrop = self.world.plan_backdrop(rng, world.OPEN)
                    if ground != colour:
                        break
                images.append(self.scene(number, colour, backdrop, rng=rng))
            texts = [f"a {colour} {self.world.names[number]}" for number in things[:share]]
            scores = self.encoder.texts(texts) @ self.encoder.images(images).T
            for row in range(share):
                others = rng.sample([i for i in range(len(things)) if i != row], 100)
                good += bool(scores[row, row] > scores[row, others].max())
        yield "identity under colour, rank 1 of 101", good / PAIRS, None

    def alike(self):
        """Another drawing of the same thing among 1,000 drawings of other things: all in the studio, or each on its own
        ground of the world's."""
        for part in ("plain ground", "another ground"):
            rng = self.rng(part)

            def drawn(number):
                ground = STUDIO if part == "plain ground" else self.world.plan_backdrop(rng, world.OPEN)[2]
                return self.scene(number, None, ground, rng=rng)
            asked = rng.sample(range(len(self.world.things)), PAIRS)
            queries = self.encoder.images([drawn(number) for number in asked])
            shown = self.encoder.images([drawn(number) for number in range(len(self.world.things))])
            scores, good = queries @ shown.T, 0
            for row, number in enumerate(asked):
                others = rng.sample([i for i in range(len(self.world.things)) if i != number], 1000)
                good += bool(scores[row, number] > scores[row, others].max())
            yield f"image to image, {part}, rank 1 of 1001", good / PAIRS, None


def average_precision(scores, right):
    """(average precision, precision of the first ten, the same of as many as can be right), of one query."""
    right = right[np.argsort(-scores, kind="stable")].astype(float)
    found = np.flatnonzero(right)
    precision = (np.cumsum(right)[found] / (found + 1)).mean()
    return precision, right[:10].mean(), right[:10].sum() / min(10, len(found))


def read_queries(path=os.path.join(os.path.dirname(__file__), "queries.txt")):
    with open(path, encoding="utf-8") as lines:
        return [line.rstrip("\n").split(" | ") for line in lines if not line.startswith("#")]


def names_above(wordnet, labels):
    """(name, the labels below it): of each set of two to half of the labels that WordNet puts together, the best known of
    the names that mean this first."""
    below = {}
    for label in labels:
        for number in wordnet.ancestors(label):
            below.setdefault(number, set()).add(label)
    chosen = {}
    for number, covered in sorted(below.items()):
        if not 2 <= len(covered) <= len(labels) / 2:
            continue
        for name in wordnet.synonyms[number]:
            if wordnet.senses(name)[:1] == [number]:
                best = wordnet.uses.get(name.lower(), 0), name.replace("_", " ")
                chosen[frozenset(covered)] = max(best, chosen.get(frozenset(covered), best))
    return [(name, covered) for covered, (_, name) in sorted(chosen.items(), key=lambda item: item[1])]


class OfPhotographs:
    def __init__(self, encoder, directory, fold):
        self.encoder, self.directory, self.fold = encoder, directory, fold

    def captioned(self):
        """Captions to photographs, and short queries."""
        paths, captions = photographs.captioned(self.directory)
        measured = range(len(paths)) if self.fold == "all" else sorted(photographs.halves(len(paths))[int(self.fold)])
        images = self.encoder.files([paths[i] for i in measured])
        groups = [captions[i] for i in measured]
        own = np.array([i for i, group in enumerate(groups) for _ in group])
        scores = self.encoder.texts([text for group in groups for text in group]) @ images.T
        for k, bar in ((1, .12), (5, .32), (10, .45)):
            yield f"captions to {len(groups)} photographs, R@{k}", hits(scores, own, k), bar
        yield from self.short(images, [" . ".join(group) for group in groups])

    def short(self, images, joined):
        queries, sums = read_queries(), {}
        scores = self.encoder.texts([query[1] for query in queries]) @ images.T
        for row, (group, _, *patterns) in zip(scores, queries):
            right = np.array([all(re.search(pattern, text) for pattern in patterns) for text in joined])
            if right.sum() >= 3:
                _, plain, of_possible = average_precision(row, right)
                for name in ["short"] if group == "short" else [group, "all"]:
                    sums.setdefault(name, []).append(plain if group == "short" else of_possible)
        yield f"{len(sums['short'])} short queries, P@10", float(np.mean(sums.pop("short"))), .78
        yield f"{len(sums['all'])} queries, P@10", float(np.mean(sums.pop("all"))), .65
        for name, values in sums.items():
            yield f"  of them {name} ({len(values)})", float(np.mean(values)), None

    def labelled(self):
        """Names of classes, names above them, images to images."""
        wordnet = knowledge.WordNet()
        paths, labels = photographs.labelled(self.directory, "train")
        asked, wanted = photographs.labelled(self.directory, "test")
        images, labels = self.encoder.files(paths), np.array(labels)
        names = {label: os.path.basename(os.path.dirname(path)).replace("_", " ").lower()
                 for path, label in zip(paths, labels)}

        def mean(queries, which):
            scores = self.encoder.texts([text for text, _ in queries]) @ images.T
            return float(np.mean([average_precision(row, np.isin(labels, list(right)))[which]
                                  for row, (_, right) in zip(scores, queries)]))
        yield f"{len(names)} names of classes, mAP", mean([(name, {label}) for label, name in names.items()], 0), .94
        kinds = list(names_above(wordnet, set(names)))
        yield f"{len(kinds)} names above them, P@10", mean(kinds, 2), .9
        scores = self.encoder.files(asked) @ images.T
        yield "images to images, mAP", float(np.mean([average_precision(row, labels == label)[0]
                                                      for row, label in zip(scores, wanted)])), .83

    def silence(self):
        """Photographs that were not used, of which the second part of the head says something else than colours. Only in
        PyTorch: of the program's vectors nobody knows what either part said."""
        if not isinstance(self.encoder, InPyTorch):
            return
        said = self.encoder.second_parts(photographs.labelled(self.directory, "test")[0])
        said[:, towers.PHOTO:towers.PHOTO + len(colours.NAMES)] = 0
        yield "photographs taken for drawn scenes", float((np.linalg.norm(said, axis=1) > LOUD).mean()), None


DRAWN = ["scenes", "synonyms", "colour", "number", "place", "side", "identity", "alike"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model")
    parser.add_argument("--program")
    photographs.add_option(parser)
    parser.add_argument("--fold", choices=["0", "1", "all"], default="all")
    parser.add_argument("--parts", default=",".join(DRAWN + ["captioned", "labelled", "silence"]))
    parser.add_argument("--seed", type=int, default=424242)
    parser.add_argument("--size", type=int, default=world.SIZE, help="of the drawn scenes, in pixels")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--json", help="file to write the figures to")
    world.add_sources(parser)
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    encoder, figures = InProgram(options.model, options.program) if options.program else InPyTorch(options.model), {}
    parts = [part for part in options.parts.split(",") if part in DRAWN or options.photos]
    drawn = any(part in DRAWN for part in parts)
    measures = Measures(encoder, world.from_options(options, options.size), options.seed) if drawn else None
    photos = OfPhotographs(encoder, photographs.check(options.photos), options.fold) if options.photos else None
    for part in parts:
        for name, value, bar in getattr(measures if part in DRAWN else photos, part)():
            figures[name] = value
            print(f"{value:.3f}  {'' if bar is None else 'at least' if value >= bar else 'BELOW   '}"
                  f" {'' if bar is None else bar}  {name}", flush=True)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as out:
            json.dump(figures, out, indent=1)


if __name__ == "__main__":
    main()
