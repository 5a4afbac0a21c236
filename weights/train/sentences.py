# SPDX-License-Identifier: MIT
"""Texts for the text tower to learn from: names, what they are called together, descriptions, and captions with parts of
captions mixed. What each means is not said here (teacher.py)."""
import re

import knowledge

FRONTS = ["", "", "", "a ", "the ", "a photo of a ", "a picture of a ", "photo of ", "some ", "two ", "three ", "many ",
          "a small ", "a big ", "old ", "one ", "my ", "a close up of a ", "an image of a ", "young "]
JOINTS = [" and a ", " and ", " on a ", " in the ", " with a ", " next to a ", " near the ", " in front of a ", " on the ",
          " at the ", " holding a ", " wearing a ", " riding a ", " behind a ", ", ", " under a "]
COLOURS = "white black brown red blue green yellow pink orange purple gray".split()
FREQUENT, GLOSS_WORDS = 40000, (3, 14)


def plural(word):
    if re.search("(s|x|z|ch|sh)$", word):
        return word + "es"
    return word[:-1] + "ies" if re.search("[^aeiou]y$", word) else word + "s"


def glosses(directory=knowledge.WORDNET):
    for kind in ("noun", "verb", "adj", "adv"):
        with open(f"{directory}/data.{kind}", encoding="utf-8") as lines:
            for line in lines:
                if line.startswith(" "):
                    continue
                for part in line.partition(" | ")[2].split(";"):
                    part = part.strip(' "\n').lower()
                    if GLOSS_WORDS[0] <= len(part.split()) <= GLOSS_WORDS[1]:
                        yield part


class Sentences:
    def __init__(self, known, captions, drawn):
        """captions: of the photographs that are fitted, lists; drawn: captions of drawn scenes."""
        wordnet, classes = known.wordnet, known.classes
        self.of_classes = [name for i in range(knowledge.CLASSES) for name in classes.all_names(i)]
        spelled = [name for name in wordnet.meanings if re.fullmatch("[a-z_-]+", name)]
        self.above = [name.replace("_", " ") for name in spelled if classes.called(name.replace("_", " "))]
        self.concepts = list(known.concepts)
        self.frequent = [word for word in known.vectors.words[:FREQUENT]
                         if re.fullmatch("[a-z]{3,}", word) and word not in knowledge.EMPTY]
        self.glosses = list(glosses())
        self.descriptions = [part for parts in classes.descriptions for part in parts]
        self.captions = [text for group in captions for text in group]
        self.drawn = drawn
        said = sorted({word for text in self.captions for word in knowledge.words_of(text)} - knowledge.EMPTY)
        self.said = said or self.concepts

    def name(self, rng):
        kind = rng.random()
        if kind < .28:
            name = rng.choice(self.of_classes)
        elif kind < .45:
            name = rng.choice(self.above)
        elif kind < .65:
            name = rng.choice(self.concepts)
        elif kind < .85:
            name = rng.choice(self.said)
        else:
            name = self.frequent[int(len(self.frequent) * rng.random() ** 2)]
        if rng.random() < .15:
            name = f"{rng.choice(COLOURS)} {name}"
        return plural(name) if rng.random() < .15 else name

    def named(self, rng, count):
        text = rng.choice(FRONTS) + self.name(rng)
        for _ in range(count - 1):
            text += rng.choice(JOINTS) + self.name(rng)
        return text

    def piece(self, rng):
        words = rng.choice(self.captions).rstrip(" .").split()
        count = min(len(words), rng.randint(1, 7))
        at = rng.randint(0, len(words) - count)
        return " ".join(words[at:at + count])

    def sample(self, rng):
        kind = rng.random()
        if kind < .38 and self.captions:
            if kind < .16:
                return rng.choice(self.captions)
            text = self.piece(rng)
            return text if kind < .3 else text + rng.choice(JOINTS) + (self.piece if kind < .34 else self.name)(rng)
        if kind < .63:
            return self.named(rng, 1)
        if kind < .78:
            return self.named(rng, 2 if rng.random() < .7 else 3)
        if kind < .87:
            return rng.choice(self.glosses)
        return rng.choice(self.descriptions if kind < .92 else self.drawn)
