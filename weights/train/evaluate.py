#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measure a model on scenes it has not seen, and on captioned photographs.

Usage: evaluate.py MODEL [--program CLIPSEARCH] [--photos DIRECTORY] [--parts NAME,...] [--seed N]

MODEL is a checkpoint of train.py or a model directory. With --program the vectors are made by that program (`embed`) from
PNG files; without it by the towers in PyTorch, f32. --photos has captions.csv (image,caption) and images/.
"""
import argparse
import csv
import json
import os
import random
import subprocess
import tempfile

import numpy as np
from PIL import Image
import torch

import batches
import bpe
import drawing
import export
import towers
import world

PAIRS = 200
STUDIO = (drawing.gradient, (235, 235, 235), (215, 215, 215))


class InPyTorch:
    def __init__(self, path):
        if os.path.isdir(path):
            state, self.tokenizer = export.read(path)
        else:
            saved = torch.load(path, map_location="cpu", weights_only=True)
            state = saved["average"]
            self.tokenizer = bpe.Tokenizer([tuple(pair) for pair in saved["merges"]], towers.CONTEXT)
        self.towers = towers.Towers(len(self.tokenizer.ids))
        self.towers.load_state_dict(state)

    @torch.no_grad()
    def texts(self, texts):
        rows = [self.tokenizer(text) for text in texts]
        ids, ends = torch.from_numpy(batches.pad(rows)), torch.tensor([len(row) - 1 for row in rows])
        return torch.cat([self.towers.texts(*part) for part in zip(ids.split(250), ends.split(250))]).numpy()

    @torch.no_grad()
    def images(self, images):
        pixels = torch.from_numpy(np.stack([np.asarray(fit(image)) for image in images]))
        return torch.cat([self.towers.images(part) for part in pixels.split(250)]).numpy()


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


def fit(image):
    """CLIP's preprocessing: short side to the model's size, bicubic, and the middle."""
    if image.size == (towers.IMAGE, towers.IMAGE):
        return image
    width, height = (max(towers.IMAGE, int(towers.IMAGE * side / min(image.size))) for side in image.size)
    image = image.resize((width, height), Image.BICUBIC)
    left, top = (width - towers.IMAGE) // 2, (height - towers.IMAGE) // 2
    return image.crop((left, top, left + towers.IMAGE, top + towers.IMAGE))


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
        yield f"{part}: text to image, rank 1", hits(scores, own, 1), .9 if named == 1 else None
        yield f"{part}: text to image, rank 5", hits(scores, own, 5), .98 if named == 1 else None
        yield f"{part}: image to text, rank 1", hits(scores.T, own, 1), .9 if named == 1 else None
        yield f"{part}: image to text, rank 5", hits(scores.T, own, 5), .98 if named == 1 else None

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
        return self.pairs("colour", .98, make)

    def number(self):
        def make(rng):
            number, (count, other) = rng.randrange(len(self.world.things)), rng.sample([1, 2, 3, 4], 2)
            texts = [world.Phrase([self.world.names[number]], [None], n).caption() for n in (count, other)]
            return self.scene(number, None, STUDIO, count), *texts
        return self.pairs("number", .95, make)

    def place(self):
        def make(rng):
            number, (ground, other) = rng.randrange(len(self.world.things)), rng.sample(list(drawing.LANDSCAPES), 2)
            backdrop = drawing.landscape, ground, rng.uniform(*drawing.LANDSCAPES[ground][0])
            name = world.with_article(self.world.names[number])
            return self.scene(number, None, backdrop, share=.5), f"{name} {ground}", f"{name} {other}"
        return self.pairs("place", .98, make)

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
        return self.pairs("left or right", .9, make)

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
        yield "identity under colour, rank 1 of 101", good / PAIRS, .9

    def alike(self):
        """Another drawing of the same thing among 1,000 drawings of other things: all in the studio, or each on its own
        ground of the world's."""
        for part, bar in (("plain ground", .9), ("another ground", .7)):
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
            yield f"image to image, {part}, rank 1 of 1001", good / PAIRS, bar

    def photographs(self, directory):
        captions = {}
        with open(f"{directory}/captions.csv", newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                captions.setdefault(row["image"], row["caption"])
        names = sorted(captions)
        images = self.encoder.images([Image.open(f"{directory}/images/{name}").convert("RGB") for name in names])
        scores = self.encoder.texts([captions[name] for name in names]) @ images.T
        found = hits(scores, np.arange(len(names)), 10)
        yield f"photographs, text to image, rank 10 of {len(names)} (chance {10 / len(names):.3f})", found, None


PARTS = ["scenes", "synonyms", "colour", "number", "place", "side", "identity", "alike"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model")
    parser.add_argument("--program")
    parser.add_argument("--photos")
    parser.add_argument("--parts", default=",".join(PARTS))
    parser.add_argument("--seed", type=int, default=424242)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--json", help="file to write the figures to")
    world.add_sources(parser)
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    encoder = InProgram(options.model, options.program) if options.program else InPyTorch(options.model)
    measures, figures = Measures(encoder, world.from_options(options), options.seed), {}
    parts = [getattr(measures, part)() for part in options.parts.split(",") if part]
    for part in parts + ([measures.photographs(options.photos)] if options.photos else []):
        for name, value, bar in part:
            figures[name] = value
            print(f"{value:.3f}  {'' if bar is None else 'at least' if value >= bar else 'BELOW   '}"
                  f" {'' if bar is None else bar}  {name}", flush=True)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as out:
            json.dump(figures, out, indent=1)


if __name__ == "__main__":
    main()
