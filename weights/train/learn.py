# SPDX-License-Identifier: MIT
"""Training of the text tower and of the part of the image tower's head that sees drawn scenes.

The text tower learns the teacher's vectors in the first PHOTO dimensions. Drawn scenes and their captions are brought
together in all of them by CLIP's contrast; the head's second part learns to be silent about photographs.
"""
import copy
import math
import os
import random
import time

import numpy as np
import torch
from torch.nn import functional

import batches
import features
import towers

LESSONS, QUIET = 224, 48  # texts, and photographs that are to be left as they are, in a step
RATE, WARM = 2e-3, 80
SHARP = 20
WEIGHTS = {"near": 4, "order": 1, "level": .2, "scenes": 1, "things": .5, "silence": 4}


def seed_embeddings(text, tokenizer, teacher_of):
    """Tokens that are words begin at what the teacher says of them, as far as WIDTH dimensions can hold it."""
    words = [(i, piece[:-4]) for piece, i in tokenizer.ids.items() if piece.endswith("</w>") and piece[:-4].isalpha()]
    meant = teacher_of([word for _, word in words])
    left, sizes, right = torch.linalg.svd(meant, full_matrices=False)
    rows = left[:, :towers.WIDTH] * sizes[:towers.WIDTH]
    with torch.no_grad():
        text.token_embedding.weight[[i for i, _ in words]] = rows / rows.std() * .05
        text.projection.weight[:towers.PHOTO] = right[:towers.WIDTH].T * .5
        text.projection.weight[towers.PHOTO:] *= .3


class Lessons:
    """Texts and what the teacher says of them."""

    def __init__(self, texts, meant, tokenizer):
        self.rows, self.meant = [tokenizer(text) for text in texts], meant

    def sample(self, rng, count):
        """Three groups of texts, short to long, each encoded; and what all of them mean."""
        chosen = sorted((rng.randrange(len(self.rows)) for _ in range(count)), key=lambda i: len(self.rows[i]))
        ends = [0, count // 2, count * 4 // 5, count]
        return ([encoded([self.rows[i] for i in chosen[first:last]]) for first, last in zip(ends, ends[1:])],
                self.meant[chosen].float())


def encoded(rows):
    return torch.from_numpy(batches.pad(rows)), torch.tensor([len(row) - 1 for row in rows])


class Trainer:
    def __init__(self, model, tokenizer, the_world, lessons, scenes, quiet):
        """scenes: as features.load_scenes returns; quiet: what the places see of photographs, f16."""
        self.model, self.tokenizer, self.world = model, tokenizer, the_world
        self.lessons, self.quiet = lessons, quiet
        with torch.no_grad():
            self.scenes = [(plans, model.image.classes(features.known(seen, model.image.feature_mean)).half(), seen[2])
                           for plans, seen in scenes]
        self.things = torch.nn.Parameter(torch.randn(len(the_world.things), towers.DIMENSIONS) * .05)
        self.scale = torch.nn.Parameter(torch.tensor(math.log(15.)))
        self.trained = [p for name, p in model.named_parameters()
                        if name.startswith(("text.", "image.places", "image.positions", "image.hidden", "image.drawn"))]
        matrices = [p for p in self.trained if p.ndim > 1]
        others = [p for p in self.trained if p.ndim < 2]
        self.optimizer = torch.optim.AdamW([{"params": matrices, "weight_decay": .02},
                                            {"params": others + [self.things, self.scale], "weight_decay": 0}],
                                           lr=RATE, betas=(.9, .98))
        self.average = copy.deepcopy(model)
        self.step = 0

    def meaning_loss(self, rng):
        groups, wanted = self.lessons.sample(rng, LESSONS)
        made = torch.cat([self.model.text(*group) for group in groups])
        said = made[:, :towers.PHOTO]
        aim = functional.normalize(said, dim=1)
        alike = wanted @ wanted.T
        order = -((SHARP * alike).softmax(1) * (SHARP * aim @ wanted.T).log_softmax(1)).sum(1).mean()
        order = order + ((SHARP * alike).softmax(1) * (SHARP * alike).log_softmax(1)).sum(1).mean()
        near = 1 - (aim * wanted).sum(1).mean()
        return {"near": near, "order": order, "level": made[:, towers.PHOTO:].square().sum(1).mean()}

    def scene_losses(self, rng):
        plans, known, seen = self.scenes[rng.randrange(len(self.scenes))]
        told = batches.caption(self.world, self.tokenizer, rng, copy.deepcopy(plans))
        drawn = self.model.image.draw(torch.cat([seen, self.quiet[torch.randint(len(self.quiet), (QUIET,))]]).float())
        silence = drawn[len(plans):].square().sum(1).mean()
        images = functional.normalize(known.float() + drawn[:len(plans)], dim=1)
        texts = self.model.text(torch.from_numpy(told["ids"]), torch.from_numpy(told["ends"]))
        scale, own = self.scale.exp().clamp(max=60), torch.arange(len(plans))
        scores = scale * texts @ images.T
        also = torch.from_numpy(told["true"])
        also[own, own] = False  # a caption is no negative of an image it is true of, but its own counts
        scores = scores.masked_fill(also, -1e4)
        contrast = (functional.cross_entropy(scores[:len(plans)], own) + functional.cross_entropy(scores.T, own)) / 2
        return {"scenes": contrast, "things": self.thing_loss(plans, told, images, texts, scale), "silence": silence}

    def thing_loss(self, plans, told, images, texts, scale):
        """One direction for each thing, for both towers: a thousand negatives for each image and caption."""
        directions = functional.normalize(self.things, dim=1)
        things = torch.tensor([(plan.things * 2)[:2] for plan in plans])
        meant = torch.from_numpy(told["meant"])
        loss = 0
        for vectors, numbers in ((images, things), (texts, meant)):
            logs = (scale * vectors @ directions.T).log_softmax(1)
            kept = numbers >= 0
            loss = loss - (logs.gather(1, numbers.clamp(min=0)) * kept).sum() / kept.sum().clamp(min=1) / 2
        return loss

    def run(self, steps, path, every=100, seconds=None):
        """Trains up to `steps`; writes `path` on the way, and goes on from it when it is there."""
        if os.path.exists(path):
            self.load(path)
        begin, first, sums = time.time(), self.step, {}
        while self.step < steps:
            rng = random.Random(self.step << 8 | 5)
            torch.manual_seed(self.step)
            warm = min(1, (self.step + 1) / WARM)
            for group in self.optimizer.param_groups:
                group["lr"] = RATE * warm * (.02 + .98 * .5 * (1 + math.cos(math.pi * self.step / steps)))
            losses = self.meaning_loss(rng) | (self.scene_losses(rng) if self.scenes else {})
            self.optimizer.zero_grad()
            sum(WEIGHTS[name] * value for name, value in losses.items()).backward()
            torch.nn.utils.clip_grad_norm_(self.trained, 1.)
            self.optimizer.step()
            self.step += 1
            keep = min(.995, self.step / (self.step + 10))
            with torch.no_grad():
                for slow, fast in zip(self.average.parameters(), self.model.parameters()):
                    if fast.grad is not None:
                        slow.lerp_(fast, 1 - keep)
            for name, value in losses.items():
                sums[name] = sums.get(name, 0) + float(value) / every
            if self.step % every == 0 or self.step == steps:
                spent = (time.time() - begin) / (self.step - first)
                print(f"step {self.step} of {steps}, {spent:.2f} s each: "
                      + ", ".join(f"{name} {value:.3f}" for name, value in sums.items()), flush=True)
                sums = {}
                self.save(path)

    def save(self, path):
        features.write(path, {"step": self.step, "model": self.model.state_dict(), "average": self.average.state_dict(),
                              "things": self.things.data, "scale": self.scale.data,
                              "optimizer": self.optimizer.state_dict(), "merges": [list(m) for m in self.tokenizer.merges]})

    def load(self, path):
        saved = torch.load(path, weights_only=True)
        self.step = saved["step"]
        self.model.load_state_dict(saved["model"])
        self.average.load_state_dict(saved["average"])
        self.things.data, self.scale.data = saved["things"], saved["scale"]
        self.optimizer.load_state_dict(saved["optimizer"])
