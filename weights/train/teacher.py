# SPDX-License-Identifier: MIT
"""The vectors that the text tower learns: what a text means in terms of what the image network knows.

A text's vector is the sum of five, each of length 1 before its weight:
- words and pairs of words, each fitted to the captioned photographs by ridge regression, the rare ones counting more;
- the whole caption, as a bag of words and the mean of their word vectors, fitted to the photograph in the same way;
- what the words are known to mean without any photograph (knowledge.py);
- the classes whose names are like the text (likeness.py);
- the photographs that have captions like it: how alike they are, fitted to the photographs in the same way.
Of the last two, names that WordNet or concepts.txt knows have the photographs only, a quarter of it, and only if captions
say them too. One matrix then takes photographs and texts to the first PHOTO dimensions of the shared space: their principal
components.
"""
import collections

import numpy as np
import torch
from torch.nn import functional

import knowledge
import towers

WORD_RIDGE, CAPTION_RIDGE = 3, 3
CAPTION_SHARE, KNOWN_SHARE, KIND_SHARE, LIKE_SHARE = .5, 1.4, .8, 2
VECTOR_WEIGHT, LEAST = 2, 3
NAME_TRUST = .25             # a name that is known is fitted to captions so far
TIMES = 5                    # a word that so many photographs' captions have is half trusted
KIND_NEAR, LIKE_NEAR = .1, .15
SURE, DOUBT = .5, .05        # the likeness of the nearest caption at which it is half trusted


def of_length_1(x):
    return x / x.norm(dim=1, keepdim=True).clamp(min=1e-9)


class Teacher:
    def __init__(self, known, likeness, vectors, captions):
        """known: Knowledge; likeness: Likeness; vectors: of the photographs that are fitted, rows x (CLASSES + FEATURES);
        captions: lists."""
        self.knowledge, self.likeness, self.size = known, likeness, towers.CLASSES + towers.FEATURES
        names = [(name, i) for i in range(towers.CLASSES) for name in dict.fromkeys(known.classes.all_names(i))]
        self.named = torch.tensor([i for _, i in names])
        self.name_rows = likeness([name for name, _ in names])
        self.fitted = len(captions) > 0
        if self.fitted:
            seen = vectors - vectors.mean(0)
            self.solved = torch.linalg.solve(seen @ seen.T + WORD_RIDGE * torch.eye(len(seen)), seen).T
            self.fit_words(captions)
            self.fit_captions(seen, captions)

    def words(self, text):
        found = [word for word in knowledge.words_of(text) if word not in knowledge.EMPTY or word in ("two", "holding")]
        return [word if word == "people" else self.knowledge.wordnet.singular(word)[-1] for word in found]

    def terms(self, text):
        words = self.words(text)
        return words + [f"{first} {second}" for first, second in zip(words, words[1:])]

    def fit_words(self, captions):
        times = collections.Counter()
        for texts in captions:
            times.update({term for text in texts for term in self.terms(text)})
        names = [term for term, count in times.items() if count >= LEAST]
        self.places = {term: i for i, term in enumerate(names)}
        counts = np.array([times[term] for term in names])
        self.trust = counts / (counts + TIMES)
        self.rarity = np.log(len(captions) / counts).astype(np.float32)
        said = np.zeros((len(captions), len(names)), np.float32)
        for row, texts in zip(said, captions):
            for text in texts:
                for term in set(self.terms(text)) & self.places.keys():
                    row[self.places[term]] += 1 / len(texts)
        self.of_terms = self.solved @ torch.from_numpy(said - said.mean(0))

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

    def fit_captions(self, seen, captions):
        texts = [text for group in captions for text in group]
        rows = [i for i, group in enumerate(captions) for _ in group]
        self.owners, self.caption_rows = torch.tensor(rows), self.likeness(texts)
        bags = self.bags(texts)
        self.bag_mean = bags.mean(0)
        bags = bags - self.bag_mean
        self.of_bags = torch.linalg.solve(bags.T @ bags + CAPTION_RIDGE * torch.eye(bags.shape[1]), bags.T @ seen[rows])

    def meant(self, texts):
        """The part that no photograph was fitted for."""
        roots = torch.from_numpy(np.stack([self.knowledge.roots(text) for text in texts])).float()
        return functional.pad(towers.middle(roots), (0, self.size - towers.CLASSES))

    def known_name(self, text):
        """Whether the whole text is a name that needs no guess."""
        name = " ".join(word for word in knowledge.words_of(text) if word not in ("a", "an", "the"))
        return name in self.knowledge.concepts or bool(self.knowledge.classes.called(name))

    def trusted(self, texts):
        """How far each text's words can be trusted to have been fitted: 0 to 1, one column."""
        return torch.tensor([[max((self.trust[self.places[term]] for term in self.terms(text) if term in self.places),
                                  default=0.)] for text in texts]).float()

    def fitted_words(self, texts):
        rows = torch.zeros(len(texts), self.size)
        for row, text in zip(rows, texts):
            for term in self.terms(text):
                if term in self.places:
                    row += self.of_terms[:, self.places[term]] * self.rarity[self.places[term]]
        return of_length_1(rows)

    def like_kinds(self, alike):
        """The classes whose names are like the texts. alike: the texts' rows of likeness.py."""
        near = (alike @ self.name_rows.T / KIND_NEAR).softmax(1)
        kinds = torch.zeros(len(alike), towers.CLASSES).index_add_(1, self.named, near)
        return functional.pad(towers.middle(kinds), (0, self.size - towers.CLASSES))

    def like_captions(self, alike):
        """The photographs with captions like the texts, less where no caption is much alike."""
        near = alike @ self.caption_rows.T
        best = near.amax(1, keepdim=True)
        near = ((near - best) / LIKE_NEAR).exp()
        photographs = torch.zeros(len(alike), self.solved.shape[1]).index_add_(1, self.owners, near)
        rows = (photographs - photographs.mean(1, keepdim=True)) @ self.solved.T
        return of_length_1(rows) * ((best - SURE) / DOUBT).sigmoid()

    def by_words(self, texts, doubt=None):
        """What the words mean one by one. doubt: a factor for each text, of what the whole of it was fitted to."""
        meant = KNOWN_SHARE * self.meant(texts)
        if not self.fitted:
            return meant
        by_caption = (self.bags(texts) - self.bag_mean) @ self.of_bags
        return (meant + self.trusted(texts) * self.fitted_words(texts)
                + CAPTION_SHARE * of_length_1(by_caption) * (1 if doubt is None else doubt))

    def __call__(self, texts):
        """Rows x (CLASSES + FEATURES), of length 1; zero where no word is known."""
        known = torch.tensor([[self.known_name(text)] for text in texts])
        doubt = torch.where(known, NAME_TRUST * self.trusted(texts) if self.fitted else 0., 1.)
        rows = self.by_words(texts, doubt)
        asked = ((rows.norm(dim=1, keepdim=True) > 1e-6) & (doubt > 0))[:, 0]
        if asked.any():
            alike = self.likeness([text for text, ask in zip(texts, asked) if ask])
            rows[asked] += KIND_SHARE * ~known[asked] * self.like_kinds(alike)
            if self.fitted:
                rows[asked] += LIKE_SHARE * doubt[asked] * self.like_captions(alike)
        return of_length_1(rows)


def projection(images, texts):
    """PHOTO x (CLASSES + FEATURES): the principal components of both, each set counting the same."""
    total = sum(rows.T @ rows / len(rows) for rows in (of_length_1(images), texts))
    return torch.linalg.eigh(total)[1][:, -towers.PHOTO:].T.flip(0)
