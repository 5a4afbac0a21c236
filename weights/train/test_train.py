#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests of the drawn scenes, the merges and the export. TAP. What needs packages that are not installed is skipped.

Usage: test_train.py SOURCE_ROOT
"""
import hashlib
import importlib.util
import os
import random
import sys
import tempfile

sys.path.insert(0, os.path.join(sys.argv[1], "tests"))
from tap import Tap  # noqa: E402

tap = Tap()
ok = tap.ok


def lacking():
    for module in ("numpy", "PIL"):
        if importlib.util.find_spec(module) is None:
            return f"python3 has no {module}"
    import drawing
    import world
    for path in (drawing.FONT, f"{world.UNICODE_DATA}/emoji/emoji-test.txt", f"{world.CLDR}/common/annotations/en.xml"):
        if not os.path.exists(path):
            return f"{path} is not there"
    return None


def digest(the_world, seed, scenes=24):
    import world
    rng, sum_of = random.Random(seed), hashlib.sha256()
    for _ in range(scenes):
        image, scene = the_world.sample(rng)
        sum_of.update(world.weather(image, rng).tobytes() + scene.phrase.caption().encode())
    return sum_of.hexdigest()


def test_world(the_world):
    import world
    ok(len(the_world.things) == len(the_world.shapes) > 1000, f"{len(the_world.things)} things")
    ok(digest(the_world, 5) == digest(world.World(), 5), "a seed gives the same pixels and captions in another world")
    ok(digest(the_world, 5) != digest(the_world, 6), "another seed gives others")
    rng = random.Random(1)
    alone = [world.Phrase([name], [None]).caption() for name in ("automobile", "dog")]
    ok(alone == ["an automobile", "a dog"], "articles")
    ok(world.Phrase(["bus"], ["red"], 2, ground="on the road").caption() == "two red buses on the road", "plurals")
    scene = the_world.plan(rng, world.Mood(one=0, several=0, side=1))
    first, second = scene.sprites
    ok((first.x < second.x) == (scene.phrase.joint == "to the left of"), "what is said to be left is drawn left")


def test_merges(the_world, root):
    import bpe
    import world
    ok(bpe.split("it's 42 apples!?") == ["it", "'s", "4", "2", "apples", "!?"], "words are split as CLIP splits them")
    with tempfile.TemporaryDirectory() as made:
        bpe.write(made, bpe.train(world.corpus(the_world), 3000))
        for name in ("merges.txt", "vocab.json"):
            with open(f"{made}/{name}", "rb") as mine, open(f"{root}/tokenizer/default/{name}", "rb") as shipped:
                ok(mine.read() == shipped.read(), f"training on the world's captions gives the shipped {name}")


def test_batches(the_world, root):
    import numpy as np

    import batches
    import bpe
    import world
    tokenizer = bpe.Tokenizer.read(f"{root}/tokenizer/default", 32)
    for index in range(6):
        batch = batches.make(the_world, tokenizer, 3, index, 48, 25)
        own = batch["true"][np.arange(48), np.arange(48)]
        ok(own.mean() > .9, f"batch {index}: captions are true of their own scenes, but for words of two meanings")
        ok((batch["ids"][np.arange(len(batch["ends"])), batch["ends"]] == len(tokenizer.ids) - 1).all(), "rows end")
    bare, pairs = batches.make(the_world, tokenizer, 3, 5, 48, 25, captions=False), 0
    ok("ids" not in bare and all((bare[name] == batch[name]).all() for name in ("pixels", "things", "sides")),
       "without captions the images are the same")
    for _ in range(40):
        scene = the_world.plan(random.Random(pairs), world.Mood(one=0, several=0, side=1, named=1))
        left, right = (scene.things[i] for i in batches.order(scene))
        pairs += batches.said_order(the_world, scene.phrase) == [left, right]
    ok(pairs == 40, f"{pairs} of 40 captions say left and right as they are drawn")
    again = batches.make(the_world, tokenizer, 3, 5, 48, 25)
    ok(all((batch[name] == again[name]).all() for name in batch), "the same numbers give the same batch")
    rng, wrong = random.Random(9), 0
    for _ in range(300):
        scene = the_world.plan(rng)
        phrase, ground = batches.falsify(rng, the_world, scene)
        wrong += not batches.truths(the_world, [phrase], [ground], [scene])[0, 0]
    ok(wrong == 300, f"{wrong} of 300 captions made false are false")


def test_export():
    import torch

    import bpe
    import export
    import towers
    torch.manual_seed(3)
    merges = [("a", "b"), ("ab", "c</w>")]
    model = towers.Towers(len(bpe.vocabulary(merges)))
    with tempfile.TemporaryDirectory() as directory:
        export.write(directory, model.state_dict(), merges)
        state, tokenizer = export.read(directory)
    worst = max(float((state[name] - value).abs().max()) for name, value in model.state_dict().items())
    ok(state.keys() == model.state_dict().keys() and worst < 2e-3, f"weights come back from the file, within {worst:.1e}")
    ok(tokenizer.merges == merges and tokenizer("abc")[1:-1] == [513], "and the merges")
    pixels, ids = torch.randint(0, 256, (2, 112, 112, 3), dtype=torch.uint8), torch.tensor([[1, 2, 3, 4], [1, 2, 5, 6]])
    with torch.no_grad():
        vectors = model.images(pixels)
        ok(torch.allclose(vectors, model.images(pixels, torch.arange(49).expand(2, 49)), atol=1e-5),
           "looking at all patches by name is looking at all")
        short = model.texts(ids[:1, :3], torch.tensor([2]))
        ok(torch.allclose(short, model.texts(ids[:1], torch.tensor([2])), atol=1e-5), "what is behind the end is not seen")


def test_muon():
    import torch

    import muon
    torch.manual_seed(4)
    for rows, columns in ((64, 64), (32, 96), (96, 32)):
        values = torch.linalg.svdvals(muon.orthogonal(torch.randn(2, rows, columns)))
        ok(.6 < float(values.min()) and float(values.max()) < 1.3, f"{rows} x {columns}: singular values are near 1")
    layer, wanted = torch.nn.Linear(24, 72, bias=False), torch.randn(72, 24)
    optimizer, before = muon.Muon([layer.weight]), float((layer.weight - wanted).detach().square().mean())
    optimizer.param_groups[0]["lr"] = .05
    for _ in range(200):
        optimizer.zero_grad()
        (layer.weight - wanted).square().mean().backward()
        optimizer.step()
    after = float((layer.weight - wanted).detach().square().mean())
    ok(after < .05 * before, f"steps come nearer to what is wanted: {before:.3f} to {after:.3f}")


def main():
    root = sys.argv[1]
    sys.path.insert(0, f"{root}/weights/train")
    why = lacking()
    if why:
        print(f"1..0 # SKIP {why}")
        return 0
    import world
    the_world = world.World()
    test_world(the_world)
    test_merges(the_world, root)
    test_batches(the_world, root)
    if importlib.util.find_spec("torch"):
        test_export()
        test_muon()
    else:
        print("# python3 has no torch: the export and the optimizer are not tested")
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
