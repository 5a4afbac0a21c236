#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests of the drawn scenes, the merges, the towers and the export. TAP. What needs packages that are not installed is skipped.

Usage: test_train.py SOURCE_ROOT
"""
import hashlib
import importlib.util
import os
import random
import subprocess
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


def test_merges(root):
    import bpe
    ok(bpe.split("it's 42 apples!?") == ["it", "'s", "4", "2", "apples", "!?"], "words are split as CLIP splits them")
    texts = ["a dog on the beach", "two dogs and a dot", "the dog's beach"] * 3
    merges = bpe.train(texts, 100)
    ok(merges == bpe.train(texts, 100) and len(set(map("".join, merges))) == len(merges), "the same merges again, each piece once")
    tokenizer = bpe.Tokenizer(merges, 32)
    ok(tokenizer("dog")[1:-1] == [tokenizer.ids["dog</w>"]], "a frequent word is one piece")
    slow = most_frequent(texts)
    ok(merges[:1] == [slow], f"the first merge is the most frequent pair, {slow}")
    shipped = bpe.Tokenizer.read(f"{root}/tokenizer/default", 32)
    with tempfile.TemporaryDirectory() as made:
        bpe.write(made, shipped.merges)
        for name in ("merges.txt", "vocab.json"):
            with open(f"{made}/{name}", "rb") as mine, open(f"{root}/tokenizer/default/{name}", "rb") as file:
                ok(mine.read() == file.read(), f"writing the shipped merges gives the shipped {name}")


def most_frequent(texts):
    """The pair of letters to merge first, counted directly."""
    import bpe
    pairs = {}
    for text in texts:
        for word in bpe.split(bpe.clean(text)):
            for pair in zip(bpe.spell(word), bpe.spell(word)[1:]):
                pairs[pair] = pairs.get(pair, 0) + 1
    return min(pairs, key=lambda pair: (-pairs[pair], pair))


def test_codes(the_world):
    import codes
    import numpy as np

    import world
    code = codes.Codes(the_world)
    red, two = code.attribute("colour", "red"), code.attribute("count", 2)
    plain = code.row("a dog")
    ok(np.allclose(code.row("a red dog"), plain + red), "a colour adds its number")
    ok(np.allclose(code.row("two red dogs"), plain + red + two), "so does a number, and plurals are known")
    ok(np.allclose(code.row("a dog on a red background"), plain + code.attribute("ground", "red")),
       "the ground's colour is not the thing's")
    ok(np.allclose(code.row("a red apple"), code.row("red apple")) and not code.row("a red apple")[:11].any(),
       "a colour in a name is none")
    left, right = code.row("a dog to the left of a cat"), code.row("a cat to the right of a dog")
    ok(np.allclose(left, right) and not np.allclose(left, code.row("a cat to the left of a dog")), "left and right")
    rng, known = random.Random(3), 0
    for _ in range(200):
        phrase = the_world.plan(rng, world.Mood(named=1)).phrase
        known += len(code.named(" ".join(phrase.words).split())[0]) > 0
    ok(known > 190, f"the things of {known} of 200 captions are known")


def test_colours():
    import numpy as np
    import colours
    import drawing
    ok(all(colours.NAMES[colours.named(np.uint8([value]))[0]] == name for name, value in drawing.COLOURS.items()),
       "each colour that things are drawn in is called by its name")
    images = np.full((2, 32, 32, 3), 250, np.uint8)
    images[0, 12:20, 12:20] = images[1, :8, :8] = 215, 40, 40
    rows = colours.shares(images)
    red, white = (rows[:, colours.NAMES.index(name)] for name in ("red", "white"))
    ok(np.allclose((rows ** 2).sum(1), 1, atol=1e-5) and (white > red).all(), "the shares of an image add up to one")
    ok(red[0] > 2 * red[1] > 0, f"red in the middle counts more than in a corner ({red[0]:.2f}, {red[1]:.2f})")
    usual = np.float32([[0] * 11, [1] * 11])
    ok(colours.standing(np.float32([[.5] * 11, [9] * 11]), usual).tolist() == [[0] * 11, [colours.MOST] * 11],
       "a standing counts from the mean, in deviations, and ends")


def test_photo_colours(the_world):
    import torch
    import codes
    import colours
    code = codes.Codes(the_world)
    says = code.of_photographs(torch.eye(len(colours.NAMES)))
    asked = code([f"something {name}" for name in colours.NAMES])
    ok(torch.equal((asked @ says.T).argmax(1), torch.arange(len(colours.NAMES))) and says.shape[1] == code.size,
       "photographs say their colours where texts do")


def test_towers():
    import torch
    from torch.nn import functional

    import towers
    torch.manual_seed(2)
    for stride, size in ((1, 9), (2, 8), (2, 9)):
        layer, x = towers.Convolution(4, 4, 5, stride, depthwise=True), torch.randn(1, 4, size, size)
        more = max((-(-size // stride) - 1) * stride + 5 - size, 0)
        padded = functional.pad(x, (more // 2, more - more // 2) * 2)
        wanted = functional.conv2d(padded, layer.weight, layer.bias, stride, groups=4)
        ok(torch.allclose(layer(x), wanted, atol=1e-6), f"padding of {size} pixels, stride {stride}: as TensorFlow's")
    roots = towers.class_part(torch.randn(3, 49, 1000) * 3)
    ok(torch.allclose(roots.norm(dim=1), torch.ones(3)) and float(roots.mean(1).abs().max()) < 1e-6,
       "the classes' part is of length 1 and without a mean")
    network = {f"{name}.{part}": torch.rand(3) + .5 for name in ("_bn0",) for part in
               ("weight", "bias", "running_mean", "running_var")} | {"_conv_stem.weight": torch.randn(3, 3, 3, 3)}
    folded, x = towers.fold(network), torch.randn(2, 3, 8, 8)
    plain = functional.batch_norm(functional.conv2d(x, network["_conv_stem.weight"]), network["_bn0.running_mean"],
                                  network["_bn0.running_var"], network["_bn0.weight"], network["_bn0.bias"], eps=1e-3)
    same = functional.conv2d(x, folded["_conv_stem.weight"], folded["_conv_stem.bias"])
    ok(torch.allclose(plain, same, atol=1e-5), "a folded norm computes the same")


def test_seed():
    """A bag of tokens: a made world in which a text means the sum of its tokens."""
    import torch
    from torch.nn import functional

    import learn
    import towers
    torch.manual_seed(4)
    pieces, rng = 300, random.Random(5)
    truth = torch.randn(pieces, towers.DIMENSIONS)
    rows = [[298] + [rng.randrange(298) for _ in range(rng.randint(1, 4))] + [299] for _ in range(6000)]
    meant = functional.normalize(torch.stack([truth[sorted(set(row[1:-1]))].sum(0) for row in rows]), dim=1)
    found = learn.token_meanings(rows, meant, list(range(100)), pieces)
    cosine = functional.cosine_similarity(found[:298], truth[:298])
    ok(float(cosine.min()) > .97, f"what tokens mean is found from texts, cosine {float(cosine.min()):.3f}")
    text = towers.TextTower(pieces)
    learn.seed_as_bag(text, found)
    with torch.no_grad():
        made = text(*learn.encoded(rows[:200]))
    ok(float((made * meant[:200]).sum(1).mean()) > .8, "and the text tower begins with it")


def test_moved_photographs():
    import learn
    import torch
    import towers
    torch.manual_seed(6)
    places, count, flat = towers.GRID ** 2, 40, 64
    photographs = torch.randn(count, places, towers.PLACE)
    photographs[:, :, :flat] = 3  # in what all have in common they cannot move
    scenes = [(torch.randn(8, towers.DIMENSIONS).half(), torch.randn(8, places, towers.PLACE).half(),
               torch.randn(8, towers.DIMENSIONS).half(), torch.zeros(8).bool())]
    trainer = learn.PlaceTrainer(towers.ImageTower(), scenes, photographs.half(), torch.zeros(count, towers.DIMENSIONS),
                                 1e-3, 1, .5)
    chosen, seen = trainer.chosen_photographs()
    way = seen - photographs.half().float()[chosen]
    ok(not way[:-trainer.MOVED].any(), "photographs that are not moved are as they are")
    way = way[-trainer.MOVED:]
    size = way[:, :, flat:].std((1, 2))
    ok(not way[:, :, :flat].any() and size.min() > 0 and .5 < size.max() / (trainer.move * 2 ** .5) < 1.1,
       "moved ones go the ways in which photographs differ, not too far")
    ok(way.mean((0, 1)).abs().max() < .05, "their mean stays")


def test_export():
    import torch
    from torch.nn import functional

    import bpe
    import export
    import towers
    torch.manual_seed(3)
    merges = [("a", "b"), ("ab", "c</w>")]
    model = towers.Towers(len(bpe.vocabulary(merges))).eval()
    with tempfile.TemporaryDirectory() as directory:
        export.write(directory, model.state_dict(), merges)
        again, tokenizer = export.read(directory)
        image = export.read_image_tower(directory)
    kept = again.state_dict()
    worst = max(float((kept[name] - value).abs().max()) for name, value in model.state_dict().items())
    ok(worst < 2e-3, f"weights come back from the file, within {worst:.1e}")
    ok(all(torch.equal(value, kept[f"image.{name}"]) for name, value in image.state_dict().items()),
       "the image tower also alone")
    rows = torch.randn(50, 480)
    codes, scales = export.in_bytes(rows)
    cosine = functional.cosine_similarity(rows, codes * scales[:, None])
    ok(codes.dtype == torch.int8 and int(codes.abs().amax()) == 127 and float(cosine.min()) > .9999,
       "rows of 8 bits are nearly as they were")
    ok(not export.in_bytes(torch.zeros(1, 8))[0].any(), "a row of zeros stays one")
    ok(tokenizer.merges == merges and tokenizer("abc")[1:-1] == [513], "and the merges")
    ids = torch.tensor([[1, 2, 3, 4], [1, 2, 5, 6]])
    with torch.no_grad():
        short = model.text(ids[:1, :3], torch.tensor([2]))
        ok(torch.allclose(short, model.text(ids[:1], torch.tensor([2])), atol=1e-5), "what is behind the end is not seen")
        vectors = model.image(torch.randint(0, 256, (2, 224, 224, 3), dtype=torch.uint8))
        ok(torch.allclose(vectors.norm(dim=1), torch.ones(2)), "an image's vector is of length 1")


def test_precision():
    import evaluate
    import numpy as np
    average, ten, possible = evaluate.average_precision(np.array([.9, .8, .7, .6]), np.array([True, False, True, False]))
    ok(abs(average - (1 + 2 / 3) / 2) < 1e-9 and ten == .5 and possible == 1, "average precision")
    ok(evaluate.hits(np.array([[.5, .4], [.5, .5]]), np.array([0, 1]), 1) == .5, "equal scores count against the model")


class AsCounts:
    """Stands for likeness.py, whose model is not a part of the tests: how many of each letter a text has."""

    def __call__(self, texts):
        import torch
        rows = torch.tensor([[text.count(chr(97 + i)) for i in range(26)] for text in texts]).float()
        return rows / rows.norm(dim=1, keepdim=True).clamp(min=1)


class AsKnown:
    """Stands for knowledge.py: a class for each of a few words."""
    NAMES = ["dog", "cat", "tree"]

    def __init__(self):
        import numpy as np
        import towers
        self.classes = self.wordnet = self.vectors = self
        self.concepts, self.size, self.rank, self.zeros = {}, towers.CLASSES, {}, np.zeros

    def all_names(self, i):
        return [self.NAMES[i] if i < len(self.NAMES) else f"zzz{i}"]

    def called(self, name):
        return [self.NAMES.index(name)] if name in self.NAMES else []

    def singular(self, word):
        return [word]

    def phrase(self, word, but):
        return None

    def roots(self, text):
        row = self.zeros(self.size)
        for word in text.split():
            row[self.called(word)] = 1
        return row


def test_teacher():
    import teacher
    import torch
    import towers
    torch.manual_seed(2)
    size, kinds = towers.CLASSES + towers.FEATURES, [0, 1, 2] * 8
    seen = .1 * torch.randn(len(kinds), size)
    seen[torch.arange(len(kinds)), kinds] += 1
    says = ["dog puppy", "cat kitten", "tree oak"]
    teach = teacher.Teacher(AsKnown(), AsCounts(), seen, [[says[kind]] for kind in kinds])
    rows = teach(["dog", "kitten", "a puppies", "qqq"])
    nearest = [(row[:3].argmax().item(), row.norm().item()) for row in rows]
    ok([kind for kind, _ in nearest[:3]] == [0, 1, 0], "names, words of captions and texts that are like captions mean what is seen")
    ok(all(abs(norm - 1) < 1e-4 for _, norm in nearest[:3]), "what a text means is of length 1")
    near, far = (teach.like_captions(AsCounts()([text])).norm().item() for text in ("a puppy dog", "xx zz"))
    ok(near > .9 and far < .1 * near, f"captions that are hardly alike say little ({near:.3f}, {far:.3f})")
    ok(teach.known_name("the dog") and not teach.known_name("a puppy"), "names that need no guess")
    alone = teacher.Teacher(AsKnown(), AsCounts(), seen[:0], [])
    rows = alone(["dog", "qqq"])
    ok(rows[0].argmax() == 0 and rows[1].norm() == 0, "without photographs the names are known, and a word that nobody knows is not")


def test_folds(root):
    made = subprocess.run([sys.executable, f"{root}/weights/train/make.py", "w", "m", "--vectors", "v", "--fold", "0", "--image",
                           f"{root}/weights/default"], stderr=subprocess.PIPE, text=True)
    ok(made.returncode == 2 and "no photograph would be one that was not fitted" in made.stderr,
       "half of the photographs is not measured with an image tower that was fitted to all")


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
    test_merges(root)
    test_codes(the_world)
    test_colours()
    if importlib.util.find_spec("torch"):
        test_towers()
        test_seed()
        test_moved_photographs()
        test_teacher()
        test_export()
        test_folds(root)
        test_photo_colours(the_world)
        test_precision()
    else:
        print("# python3 has no torch: the towers, the export and the measures are not tested")
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
