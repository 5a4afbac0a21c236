# SPDX-License-Identifier: MIT
"""Training of the text tower, and of the part of the image tower's head that sees drawn scenes.

Both learn vectors that are fixed beforehand, so neither waits for the other: of a text the teacher's vector in the first
PHOTO dimensions and its code (codes.py) in the others; of a drawn scene the vector of its caption; and to say nothing but
their colours of photographs.
"""
import copy
import math
import os
import random
import time

import numpy as np
import torch
from torch.nn import functional

import features
import towers

SHARP = 20
STEADY = 2  # dimensions of the text tower's stream that are the same for all tokens
NAME_WEIGHT, RIDGE, ROUNDS = 4, .5, 3


def pad(rows):
    ids = np.zeros((len(rows), max(map(len, rows))), np.int64)
    for row, values in zip(ids, rows):
        row[:len(values)] = values
    return ids


def encoded(rows):
    return torch.from_numpy(pad(rows)), torch.tensor([len(row) - 1 for row in rows])


def token_meanings(rows, meant, names, pieces):
    """pieces x DIMENSIONS: the vectors of tokens whose sums come nearest to what the texts mean, each text scaled so that
    its sum need not be of length 1. rows: tokens of each text; names: which texts count more; a ridge keeps rare pieces
    small."""
    weights = torch.ones(len(rows))
    weights[names] = NAME_WEIGHT
    said = [sorted(set(row[1:-1])) for row in rows]
    texts = torch.tensor([i for i, row in enumerate(said) for _ in row])
    tokens = torch.tensor([token for row in said for token in row])
    bags = torch.sparse_coo_tensor(torch.stack([texts, tokens]), torch.ones(len(texts)), (len(rows), pieces),
                                   check_invariants=False).coalesce()
    pairs = torch.zeros(pieces * pieces)
    for size in {len(row) for row in said}:
        chosen = [i for i, row in enumerate(said) if len(row) == size]
        if size and chosen:
            ids = torch.tensor([said[i] for i in chosen])
            places = (ids[:, :, None] * pieces + ids[:, None, :]).flatten(1)
            pairs.index_add_(0, places.flatten(), weights[chosen].repeat_interleave(size * size))
    factor = torch.linalg.cholesky(pairs.view(pieces, pieces) + RIDGE * torch.eye(pieces))
    scales = torch.tensor([len(row) for row in said]).clamp(min=1).sqrt()
    for _ in range(ROUNDS):
        wanted = bags.T @ (meant * (scales * weights)[:, None])
        vectors = torch.cholesky_solve(wanted, factor)
        scales = ((bags @ vectors) * meant).sum(1).clamp(min=.3)
        scales = scales / (scales.square() * weights).mean().sqrt()
    return vectors


def seed_as_bag(text, meanings):
    """The text tower begins as a bag of tokens, which lie at what they mean, as far as WIDTH dimensions can hold it, and
    the first layer's attention gives the last token their mean. All tokens have a great constant in some dimensions, so that
    LayerNorm divides all by nearly the same and a token's length stays its weight."""
    room = towers.WIDTH - STEADY
    left, sizes, right = torch.linalg.svd(meanings, full_matrices=False)
    rows = left[:, :room] * sizes[:room]
    norms = rows.norm(dim=1)
    rows = rows / norms[norms > .1].mean()
    first = text.blocks[0]
    with torch.no_grad():
        text.token_embedding.weight.mul_(.1)
        text.token_embedding.weight[:, :rows.shape[1]] += rows
        text.token_embedding.weight[:, room:] = 0
        text.positions.mul_(.1)[:, room:] = 4 * torch.tensor([1., -1.])
        first.qkv.weight[:2 * towers.WIDTH].mul_(.2)
        first.qkv.weight[2 * towers.WIDTH:] = torch.eye(towers.WIDTH)
        first.qkv.bias.zero_()
        first.out_proj.weight.copy_(2 * torch.eye(towers.WIDTH))
        first.out_proj.weight[room:] = 0
        first.out_proj.bias.zero_()
        for block in text.blocks:
            block.fc2.weight.mul_(.2)
        for block in text.blocks[1:]:
            block.out_proj.weight.mul_(.2)
        text.projection.weight.mul_(.05)
        text.projection.weight[:, :rows.shape[1]] = right[:room].T


def contrast(made, wanted, same=.98):
    """Each row must be nearer to its own than to the others', both ways; others that are the same do not count."""
    own = torch.arange(len(made))
    also = wanted @ wanted.T > same
    also[own, own] = False
    scores = (SHARP * made @ wanted.T).float().masked_fill(also, -1e4)
    return (functional.cross_entropy(scores, own) + functional.cross_entropy(scores.T, own)) / 2


class Trainer:
    """Trains a module step by step, keeps a moving average, and goes on where it stopped."""

    def __init__(self, module, parameters, rate, warm=60):
        self.module, self.trained, self.rate, self.warm, self.step = module, list(parameters), rate, warm, 0
        self.optimizer = torch.optim.AdamW(
            [{"params": [p for p in self.trained if p.ndim > 1], "weight_decay": .02},
             {"params": [p for p in self.trained if p.ndim < 2], "weight_decay": 0}], lr=rate, betas=(.9, .98))
        self.average = copy.deepcopy(module)

    def losses(self, rng):
        """{name: (weight, loss)} of one step."""
        raise NotImplementedError

    def run(self, steps, path, every=25):
        if os.path.exists(path):
            self.load(path)
        begin, first, sums = time.time(), self.step, {}
        while self.step < steps:
            rng = random.Random(self.step << 8 | 5)
            torch.manual_seed(self.step)
            for group in self.optimizer.param_groups:
                group["lr"] = self.rate * min(1, (self.step + 1) / self.warm) * (
                    .02 + .98 * .5 * (1 + math.cos(math.pi * self.step / steps)))
            with torch.autocast("cuda" if torch.cuda.is_available() else "cpu", torch.bfloat16):
                losses = self.losses(rng)
            self.optimizer.zero_grad()
            sum(weight * value for weight, value in losses.values()).backward()
            torch.nn.utils.clip_grad_norm_(self.trained, 1.)
            self.optimizer.step()
            self.step += 1
            keep = min(.99, self.step / (self.step + 10))
            with torch.no_grad():
                for slow, fast in zip(self.average.parameters(), self.module.parameters()):
                    slow.lerp_(fast, 1 - keep)
            for name, (_, value) in losses.items():
                sums[name] = sums.get(name, 0) + float(value.detach()) / every
            if self.step % every == 0 or self.step == steps:
                spent = (time.time() - begin) / (self.step - first)
                print(f"step {self.step} of {steps}, {spent:.2f} s each: "
                      + ", ".join(f"{name} {value:.3f}" for name, value in sums.items()), flush=True)
                sums = {}
                self.save(path)

    def save(self, path):
        features.write(path, {"step": self.step, "module": self.module.state_dict(), "average": self.average.state_dict(),
                              "optimizer": self.optimizer.state_dict()})

    def load(self, path):
        saved = torch.load(path, weights_only=True)
        self.step = saved["step"]
        self.module.load_state_dict(saved["module"])
        self.average.load_state_dict(saved["average"])
        self.optimizer.load_state_dict(saved["optimizer"])


class TextTrainer(Trainer):
    LESSONS, NAMES, DRAWN = 128, 160, 72

    def __init__(self, text, rows, meant, names, drawn):
        """rows: tokens of the texts; meant: rows x DIMENSIONS; names, drawn: which of the texts are names of kinds, and
        captions of drawn scenes: both are few, and must be learnt one by one."""
        super().__init__(text, text.parameters(), 2e-3)
        self.rows, self.meant = rows, meant
        self.names, self.drawn = names, drawn

    def losses(self, rng):
        chosen = [rng.randrange(len(self.rows)) for _ in range(self.LESSONS)]
        chosen += rng.choices(self.names, k=self.NAMES) + rng.choices(self.drawn, k=self.DRAWN)
        chosen = sorted(chosen, key=lambda i: len(self.rows[i]))
        ends = [0, len(chosen) * 2 // 3, len(chosen) * 6 // 7, len(chosen)]
        made = torch.cat([self.module(*encoded([self.rows[i] for i in chosen[first:last]]))
                          for first, last in zip(ends, ends[1:])])
        wanted = self.meant[chosen].float()
        return {"near": (4, 1 - (made * wanted).sum(1).mean()), "contrast": (.5, contrast(made, wanted, .9))}


class PlaceTrainer(Trainer):
    PHOTOGRAPHS, MOVED, DROP, NOISE = 192, 96, .25, .1

    def __init__(self, image, scenes, photographs, says, rate, weight, move):
        """scenes: [(what the first part of the head says, what the places see, the captions' vectors, which may be
        mirrored)]; photographs: what the places see of them, f16; says: what the second part says of them; weight: how
        much they count; move: see chosen_photographs."""
        super().__init__(image, [p for name, p in image.named_parameters()
                                 if name.startswith(towers.DRAWING)], rate)
        self.scenes, self.photographs, self.says, self.weight, self.move = scenes, photographs, says, weight, move
        self.spread = torch.cat([seen[:8] for _, seen, _, _ in scenes]).float().std((0, 1))

    def mirrored(self, seen, sided):
        """Half of the scenes with their columns of places in the other order, but those that say left or right."""
        turned = (torch.rand(len(seen)) < .5) & ~sided
        squares = seen.view(len(seen), towers.GRID, towers.GRID, -1)
        return torch.where(turned[:, None, None, None], squares.flip(2), squares).view_as(seen)

    def chosen_photographs(self):
        """Which, and what the places see of them. Each place of the last MOVED goes up to `move` of the way from some place
        of any photograph to another: that is how photographs differ, so what was not met yet is likely to lie there. The
        mean of such ways is nothing, so the colours of the whole stay as they are."""
        chosen = torch.randint(len(self.photographs), (self.PHOTOGRAPHS,))
        seen, places = self.photographs[chosen].float(), self.photographs.flatten(0, 1)
        moved = seen[-self.MOVED:]
        start, end = (places[torch.randint(len(places), (moved[..., 0].numel(),))].float().view_as(moved) for _ in range(2))
        moved += self.move * torch.rand(self.MOVED, 1, 1) * (end - start)
        return chosen, seen

    def losses(self, rng):
        known, seen, wanted, sided = self.scenes[rng.randrange(len(self.scenes))]
        chosen, photographs = self.chosen_photographs()
        seen = torch.cat([self.mirrored(seen, sided).float(), photographs])
        drawn = self.module.draw(seen + self.NOISE * self.spread * torch.randn_like(seen), self.DROP)
        made = functional.normalize(known.float() + drawn[:len(known)].float(), dim=1)
        return {"near": (2, 1 - (made * wanted.float()).sum(1).mean()), "contrast": (1, contrast(made, wanted.float())),
                "photographs": (self.weight, (drawn[len(known):].float() - self.says[chosen]).square().sum(1).mean())}
