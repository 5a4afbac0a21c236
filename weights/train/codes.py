# SPDX-License-Identifier: MIT
"""What a text says of the drawn world, in the dimensions that photographs leave free: a number for each colour, number and
ground, and a direction for each thing. Left and right add and subtract another direction. Photographs say their colours in
the same numbers (colours.py)."""
import re

import numpy as np
import torch

import colours
import drawing
import towers
import world

WEIGHTS = {"colour": .6, "count": .6, "ground": .5, "thing": .6, "side": .3}
PHOTO_COLOUR = .06  # for each standard deviation; of a vector that has the length .9 without it
COUNTS = {word: count for count, word in world.NUMBERS.items()}
GRAY = {"grey": "gray"}


class Codes:
    def __init__(self, the_world):
        self.size = towers.DIMENSIONS - towers.PHOTO
        self.attributes = {("colour", name): i for i, name in enumerate(colours.NAMES)}
        for kind, values in (("count", list(world.NUMBERS)), ("ground", list(world.GROUND_IDS))):
            for value in values:
                self.attributes[kind, value] = len(self.attributes)
        rng, room = np.random.default_rng(5), self.size - len(self.attributes)
        self.things, self.sides = (self.directions(rng, len(the_world.things), room) for _ in range(2))
        self.phrases = {}
        for word, meant in the_world.meanings.items():
            self.phrases.setdefault(world.plural(word), sorted(meant))
        self.phrases |= {word: sorted(meant) for word, meant in the_world.meanings.items()}
        for word in [*colours.NAMES, *COUNTS, *GRAY]:  # keywords of many things, but here they say what they are
            self.phrases.pop(word, None)
        self.grounds = {ground: ground for ground in world.GROUNDS} | {"at night": "in the night sky"}

    def directions(self, rng, count, room):
        rows = rng.standard_normal((count, room))
        return np.pad(rows / np.linalg.norm(rows, axis=1, keepdims=True), ((0, 0), (self.size - room, 0)))

    def of_photographs(self, standings):
        """What photographs say whose colours stand so (colours.py)."""
        return torch.nn.functional.pad(PHOTO_COLOUR * standings, (0, self.size - len(colours.NAMES)))

    def attribute(self, kind, value):
        row = np.zeros(self.size)
        row[self.attributes[kind, value]] = WEIGHTS[kind]
        return row

    def named(self, words):
        """The numbers of the things that are named, and the words that are left."""
        found, left, i = [], [], 0
        while i < len(words):
            for count in range(min(4, len(words) - i), 0, -1):
                phrase = " ".join(words[i:i + count])
                if phrase in self.phrases:
                    found.append(self.phrases[phrase])
                    i += count
                    break
            else:
                left.append(words[i])
                i += 1
        return found, left

    def part(self, text, side):
        """What stands on one side, or everything; side: 1 left, -1 right, 0 not said."""
        things, left = self.named(re.findall("[a-z]+", text))
        row = np.zeros(self.size)
        for meant in things:
            row += WEIGHTS["thing"] * self.things[meant].mean(0) + side * WEIGHTS["side"] * self.sides[meant].mean(0)
        for word in left:
            word = GRAY.get(word, word)
            if word in drawing.COLOURS:
                row += self.attribute("colour", word)
            elif word in COUNTS:
                row += self.attribute("count", COUNTS[word])
        return row

    def row(self, text):
        text, row = text.lower(), np.zeros(self.size)
        for phrase, ground in self.grounds.items():
            if phrase in text:
                row += self.attribute("ground", ground)
                text = text.replace(phrase, " ")
        plain = re.search("on an? ([a-z]+) background", text)
        if plain and plain[1] in drawing.COLOURS:
            row += self.attribute("ground", plain[1])
            text = text.replace(plain[0], " ")
        sides = re.split(" to the (left|right) of ", text)
        if len(sides) == 3:
            left = 1 if sides[1] == "left" else -1
            return row + self.part(sides[0], left) + self.part(sides[2], -left)
        return row + self.part(text, 0)

    def __call__(self, texts):
        return torch.from_numpy(np.stack([self.row(text) for text in texts])).float()
