# SPDX-License-Identifier: MIT
"""Byte-pair encoding in CLIP's layout: learning merges from texts, and encoding with them."""
import collections
import heapq
import html
import json
import os
import re
import unicodedata

START, END = "<|startoftext|>", "<|endoftext|>"
SUFFIXES = ("'s", "'t", "'re", "'ve", "'m", "'ll", "'d")


def byte_letters():
    """One printable letter for each byte, GPT-2's: printable Latin-1 stands for itself, the others for U+0100 on."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    letters = dict(zip(printable, map(chr, printable)))
    letters.update({byte: chr(256 + i) for i, byte in enumerate(others)})
    return letters


LETTERS = byte_letters()


def clean(text):
    """CLIP's cleaning but for ftfy's repairs, which plain ASCII captions do not need."""
    return re.sub(r"\s+", " ", html.unescape(html.unescape(text)).strip()).strip().lower()


def split(text):
    """CLIP's pattern: special tokens, English suffixes, runs of letters, single numbers, runs of anything else."""
    words, i = [], 0
    while i < len(text):
        fixed = next((piece for piece in (START, END, *SUFFIXES) if text.startswith(piece, i)), None)
        if fixed:
            words.append(fixed)
            i += len(fixed)
            continue
        kind, j = kind_of(text[i]), i + 1
        while kind in "LO" and j < len(text) and kind_of(text[j]) == kind:
            j += 1
        if kind != " ":
            words.append(text[i:j])
        i = j
    return words


def kind_of(letter):
    category = unicodedata.category(letter)[0]
    return category if category in "LN" else " " if letter.isspace() else "O"


def spell(word):
    letters = [LETTERS[byte] for byte in word.encode()]
    return letters[:-1] + [letters[-1] + "</w>"]


def merge(pieces, first, second):
    merged, i = [], 0
    while i < len(pieces):
        if pieces[i:i + 2] == [first, second]:
            merged.append(first + second)
            i += 2
        else:
            merged.append(pieces[i])
            i += 1
    return merged


def train(texts, count, least=3):
    """Merges in order: each time the most frequent pair, of equals the first by its letters. A pair whose joined piece
    exists already is left out: a vocabulary has each piece once."""
    words = collections.Counter()
    for text in texts:
        words.update(split(clean(text)))
    spelled = [(spell(word), times) for word, times in words.items()]
    pairs, places = collections.Counter(), collections.defaultdict(set)
    for i, (pieces, times) in enumerate(spelled):
        for pair in zip(pieces, pieces[1:]):
            pairs[pair] += times
            places[pair].add(i)
    waiting = [(-times, pair) for pair, times in pairs.items()]
    heapq.heapify(waiting)
    merges, made = [], set()
    while waiting and len(merges) < count:
        times, best = heapq.heappop(waiting)
        if pairs[best] != -times:  # it changed since; its present number is in the heap too
            continue
        if -times < least:
            break
        if "".join(best) in made:
            continue
        merges.append(best)
        made.add("".join(best))
        for pair in merge_everywhere(best, spelled, pairs, places):
            heapq.heappush(waiting, (-pairs[pair], pair))
    return merges


def merge_everywhere(best, spelled, pairs, places):
    """Merge the pair in all words; returns the pairs whose number changed, in order."""
    changed = set()
    for i in sorted(places[best]):
        pieces, times = spelled[i]
        joined = merge(pieces, *best)
        for pair in zip(pieces, pieces[1:]):
            pairs[pair] -= times
            changed.add(pair)
        for pair in zip(joined, joined[1:]):
            pairs[pair] += times
            places[pair].add(i)
            changed.add(pair)
        spelled[i] = joined, times
    return sorted(changed)


def vocabulary(merges):
    letters = list(LETTERS.values())
    return letters + [letter + "</w>" for letter in letters] + ["".join(pair) for pair in merges] + [START, END]


class Tokenizer:
    def __init__(self, merges, context):
        self.context = context
        self.merges = merges
        self.ids = {piece: i for i, piece in enumerate(vocabulary(merges))}
        self.ranks = {pair: i for i, pair in enumerate(merges)}
        self.known, self.parts = {START: [START], END: [END]}, {}

    @classmethod
    def read(cls, directory, context):
        with open(f"{directory}/merges.txt", encoding="utf-8") as lines:
            return cls([tuple(line.split()) for line in list(lines)[1:]], context)

    def pieces(self, word):
        if word not in self.known:
            pieces = spell(word)
            while len(pieces) > 1:
                best = min(zip(pieces, pieces[1:]), key=lambda pair: self.ranks.get(pair, len(self.ranks)))
                if best not in self.ranks:
                    break
                pieces = merge(pieces, *best)
            self.known[word] = pieces
        return self.known[word]

    def __call__(self, text):
        ids = [self.ids[START]]
        for part in clean(text).split(" "):
            if part not in self.parts:
                self.parts[part] = [self.ids[piece] for word in split(part) for piece in self.pieces(word)]
            ids += self.parts[part]
        return ids[:self.context - 1] + [self.ids[END]]


def write(directory, merges):
    os.makedirs(directory, exist_ok=True)
    with open(f"{directory}/merges.txt", "w", encoding="utf-8") as out:
        out.write("#version: 0.2\n" + "".join(f"{first} {second}\n" for first, second in merges))
    with open(f"{directory}/vocab.json", "w", encoding="utf-8") as out:
        json.dump({piece: i for i, piece in enumerate(vocabulary(merges))}, out, ensure_ascii=False)
