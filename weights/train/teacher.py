# SPDX-License-Identifier: MIT
"""The vectors that the text tower learns: what a text means in terms of what the image network knows.

A text's vector is the sum of three, each of length 1 before its weight:
- words and pairs of words, each fitted to the captioned photographs by ridge regression, the rare ones counting more;
- the whole caption, as a bag of words and the mean of their word vectors, fitted to the photograph in the same way;
- what the words are known to mean without any photograph (knowledge.py).
One matrix then takes photographs and texts to the first PHOTO dimensions of the shared space: their principal components.
"""
import collections

import numpy as np
import torch
from torch.nn import functional

import knowledge
import towers

WORD_RIDGE, CAPTION_RIDGE = 1, 3
CAPTION_SHARE, KNOWN_SHARE = .5, 1.25
VECTOR_WEIGHT, LEAST = 2, 3


def of_length_1(x):
    return x / x.norm(dim=1, keepdim=True).clamp(min=1e-9)


class Teacher:
    def __init__(self, known, vectors, captions):
        """known: Knowledge; vectors: of the photographs that are fitted, rows x (CLASSES + FEATURES); captions: lists."""
        self.knowledge, self.size = known, towers.CLASSES + towers.FEATURES
        self.fitted = len(captions) > 0
        if self.fitted:
            self.fit_words(vectors, captions)
            self.fit_captions(vectors, captions)

    def words(self, text):
        found = [word for word in knowledge.words_of(text) if word not in knowledge.EMPTY or word in ("two", "holding")]
        return [word if word == "people" else self.knowledge.wordnet.singular(word)[-1] for word in found]

    def terms(self, text):
        words = self.words(text)
        return words + [f"{first} {second}" for first, second in zip(words, words[1:])]

    def fit_words(self, vectors, captions):
        times = collections.Counter()
        for texts in captions:
            times.update({term for text in texts for term in self.terms(text)})
        names = [term for term, count in times.items() if count >= LEAST]
        self.places = {term: i for i, term in enumerate(names)}
        self.rarity = np.log(len(captions) / np.array([times[term] for term in names])).astype(np.float32)
        said = np.zeros((len(captions), len(names)), np.float32)
        for row, texts in zip(said, captions):
            for text in texts:
                for term in set(self.terms(text)) & self.places.keys():
                    row[self.places[term]] += 1 / len(texts)
        seen = (vectors - vectors.mean(0)).numpy()
        kernel = seen @ seen.T + WORD_RIDGE * np.eye(len(seen))
        self.of_terms = torch.from_numpy((seen.T @ np.linalg.solve(kernel, said - said.mean(0))).astype(np.float32))

    def bags(self, texts):
        bags = np.zeros((len(texts), len(self.places)), np.float32)
        means = np.zeros((len(texts), knowledge.VECTOR_SIZE), np.float32)
        for bag, mean, text in zip(bags, means, texts):
            for term in set(self.terms(text)) & self.places.keys():
                bag[self.places[term]] = self.rarity[self.places[term]]
            for word in self.words(text):
                row = self.knowledge.vectors.phrase(word, ())
                if row is not None:
                    mean += row * np.log(2 + self.knowledge.vectors.rank[word])
        return torch.cat([of_length_1(torch.from_numpy(bags)), VECTOR_WEIGHT * of_length_1(torch.from_numpy(means))], 1)

    def fit_captions(self, vectors, captions):
        texts = [text for group in captions for text in group]
        rows = [i for i, group in enumerate(captions) for _ in group]
        bags = self.bags(texts)
        self.bag_mean = bags.mean(0)
        bags = bags - self.bag_mean
        wanted = (vectors - vectors.mean(0))[rows]
        self.of_bags = torch.linalg.solve(bags.T @ bags + CAPTION_RIDGE * torch.eye(bags.shape[1]), bags.T @ wanted)

    def meant(self, texts):
        """The part that no photograph was fitted for."""
        roots = torch.from_numpy(np.stack([self.knowledge.roots(text) for text in texts])).float()
        return functional.pad(towers.middle(roots), (0, self.size - towers.CLASSES))

    def __call__(self, texts):
        """Rows x (CLASSES + FEATURES), of length 1; zero where no word is known."""
        meant = self.meant(texts)
        if not self.fitted:
            return of_length_1(meant)
        by_words = torch.zeros(len(texts), self.size)
        for i, text in enumerate(texts):
            for term in self.terms(text):
                if term in self.places:
                    by_words[i] += self.of_terms[:, self.places[term]] * self.rarity[self.places[term]]
        by_caption = (self.bags(texts) - self.bag_mean) @ self.of_bags
        return of_length_1(of_length_1(by_words) + CAPTION_SHARE * of_length_1(by_caption) + KNOWN_SHARE * meant)


def projection(images, texts):
    """PHOTO x (CLASSES + FEATURES): the principal components of both, each set counting the same."""
    total = sum(rows.T @ rows / len(rows) for rows in (of_length_1(images), texts))
    return torch.linalg.eigh(total)[1][:, -towers.PHOTO:].T.flip(0)
