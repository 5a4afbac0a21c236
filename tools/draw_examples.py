#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draw examples/pictures and its captions.csv: scenes of colour-emoji glyphs on plain and scenic grounds.

Needs python3-pil, python3-numpy and fonts-noto-color-emoji (OFL: images made with the font are free to publish).
The same names give the same images with the same versions of the three. The drawing is weights/train/drawing.py.

Usage: draw_examples.py DIRECTORY
"""
import csv
import os
import random
import sys
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "weights", "train"))
import drawing  # noqa: E402
import world  # noqa: E402

SIZE = 224  # twice the default model's input

# Where the horizon lies.
HORIZONS = {"on the grass": .45, "in the sea": .3, "in the snow": .4, "in the desert": .4, "on the road": .4,
            "in a room": .6}

THINGS = {
    "dog": "\U0001F415", "cat": "\U0001F408", "rabbit": "\U0001F407", "horse": "\U0001F40E", "ewe": "\U0001F411",
    "cow": "\U0001F404", "pig": "\U0001F416", "elephant": "\U0001F418", "tiger": "\U0001F405",
    "turtle": "\U0001F422", "fish": "\U0001F41F", "whale": "\U0001F40B", "bird": "\U0001F426", "owl": "\U0001F989",
    "duck": "\U0001F986", "butterfly": "\U0001F98B", "automobile": "\U0001F697", "bus": "\U0001F68C",
    "bicycle": "\U0001F6B2", "airplane": "✈️", "sailboat": "⛵", "rocket": "\U0001F680",
    "pizza": "\U0001F355", "hamburger": "\U0001F354", "banana": "\U0001F34C", "red apple": "\U0001F34E",
    "strawberry": "\U0001F353", "cookie": "\U0001F36A", "birthday cake": "\U0001F382", "ice cream": "\U0001F368",
    "hot beverage": "☕", "teapot": "\U0001FAD6", "hammer": "\U0001F528", "umbrella": "☂️",
    "guitar": "\U0001F3B8", "trumpet": "\U0001F3BA", "soccer ball": "⚽", "house": "\U0001F3E0",
    "cactus": "\U0001F335", "sunflower": "\U0001F33B", "mushroom": "\U0001F344", "envelope": "✉️",
    "t shirt": "\U0001F455", "crown": "\U0001F451", "chair": "\U0001FA91", "penguin": "\U0001F427",
    "dolphin": "\U0001F42C", "camel": "\U0001F42A", "helicopter": "\U0001F681", "tractor": "\U0001F69C",
    "grapes": "\U0001F347", "watermelon": "\U0001F349", "carrot": "\U0001F955", "bread": "\U0001F35E",
    "cheese wedge": "\U0001F9C0", "doughnut": "\U0001F369", "pie": "\U0001F967", "green apple": "\U0001F34F",
    "snowman": "☃️", "key": "\U0001F511",
}

# file name, [(thing, colour or None)], count, ground ("on a COLOUR background" or a scene) - drawn in this order
SCENE_LIST = [
    # white dogs
    ("white-dog-green.jpg", [("dog", "white")], 1, "green"), ("white-dog-grass.jpg", [("dog", "white")], 1, "on the grass"),
    ("white-dog-blue.png", [("dog", "white")], 1, "blue"), ("white-dog-room.jpg", [("dog", "white")], 1, "in a room"),
    ("white-dog-road.jpg", [("dog", "white")], 1, "on the road"), ("two-white-dogs.jpg", [("dog", "white")], 2, "purple"),
    # dogs that are not white
    ("brown-dog-grass.jpg", [("dog", "brown")], 1, "on the grass"), ("black-dog-yellow.jpg", [("dog", "black")], 1, "yellow"),
    ("red-dog-white.jpg", [("dog", "red")], 1, "white"), ("blue-dog-sea.jpg", [("dog", "blue")], 1, "in the sea"),
    ("dog-snow.jpg", [("dog", None)], 1, "in the snow"), ("dog-pink.png", [("dog", None)], 1, "pink"),
    ("three-dogs.jpg", [("dog", None)], 3, "on the grass"), ("green-dog-gray.jpg", [("dog", "green")], 1, "gray"),
    # white things that are no dogs
    ("white-cat-green.jpg", [("cat", "white")], 1, "green"), ("white-rabbit-grass.jpg", [("rabbit", "white")], 1, "on the grass"),
    ("white-horse-blue.jpg", [("horse", "white")], 1, "blue"), ("white-car-road.jpg", [("automobile", "white")], 1, "on the road"),
    ("white-house-purple.jpg", [("house", "white")], 1, "purple"), ("white-teapot-red.jpg", [("teapot", "white")], 1, "red"),
    ("white-owl-brown.jpg", [("owl", "white")], 1, "brown"), ("white-duck-sea.jpg", [("duck", "white")], 1, "in the sea"),
    ("white-guitar-orange.jpg", [("guitar", "white")], 1, "orange"), ("white-shirt-black.png", [("t shirt", "white")], 1, "black"),
    # cars and other vehicles
    ("two-red-cars.jpg", [("automobile", "red")], 2, "on the road"), ("red-car-white.jpg", [("automobile", "red")], 1, "white"),
    ("two-blue-cars.jpg", [("automobile", "blue")], 2, "yellow"), ("green-car-grass.jpg", [("automobile", "green")], 1, "on the grass"),
    ("yellow-bus-road.jpg", [("bus", "yellow")], 1, "on the road"), ("red-bus-blue.jpg", [("bus", "red")], 1, "blue"),
    ("bicycle-road.jpg", [("bicycle", None)], 1, "on the road"), ("black-bicycle-pink.jpg", [("bicycle", "black")], 1, "pink"),
    ("airplane-sky.jpg", [("airplane", None)], 1, "in the sky"), ("sailboat-sea.jpg", [("sailboat", None)], 1, "in the sea"),
    ("orange-sailboat-sea.jpg", [("sailboat", "orange")], 1, "in the sea"), ("rocket-black.jpg", [("rocket", None)], 1, "black"),
    # cats and other animals
    ("cat-snow.jpg", [("cat", None)], 1, "in the snow"), ("black-cat-orange.jpg", [("cat", "black")], 1, "orange"),
    ("cat-room.jpg", [("cat", None)], 1, "in a room"), ("two-gray-cats.jpg", [("cat", "gray")], 2, "green"),
    ("horse-grass.jpg", [("horse", None)], 1, "on the grass"), ("ewe-grass.jpg", [("ewe", None)], 1, "on the grass"),
    ("cow-grass.jpg", [("cow", None)], 1, "on the grass"), ("pink-pig-green.jpg", [("pig", "pink")], 1, "green"),
    ("elephant-desert.jpg", [("elephant", None)], 1, "in the desert"), ("tiger-snow.jpg", [("tiger", None)], 1, "in the snow"),
    ("turtle-sea.jpg", [("turtle", None)], 1, "in the sea"), ("fish-sea.jpg", [("fish", None)], 1, "in the sea"),
    ("three-yellow-fish.jpg", [("fish", "yellow")], 3, "in the sea"), ("whale-sea.jpg", [("whale", None)], 1, "in the sea"),
    ("bird-sky.jpg", [("bird", None)], 1, "in the sky"), ("four-black-birds.jpg", [("bird", "black")], 4, "in the sky"),
    ("butterfly-grass.jpg", [("butterfly", None)], 1, "on the grass"), ("purple-butterfly.png", [("butterfly", "purple")], 1, "white"),
    # food
    ("pizza-white.jpg", [("pizza", None)], 1, "white"), ("hamburger-room.jpg", [("hamburger", None)], 1, "in a room"),
    ("banana-blue.jpg", [("banana", None)], 1, "blue"), ("two-bananas.jpg", [("banana", None)], 2, "purple"),
    ("red-apple-green.jpg", [("red apple", None)], 1, "green"), ("three-strawberries.jpg", [("strawberry", None)], 3, "white"),
    ("cookie-pink.jpg", [("cookie", None)], 1, "pink"), ("birthday-cake-room.jpg", [("birthday cake", None)], 1, "in a room"),
    ("ice-cream-yellow.jpg", [("ice cream", None)], 1, "yellow"), ("hot-beverage-brown.jpg", [("hot beverage", None)], 1, "brown"),
    # things
    ("hammer-gray.jpg", [("hammer", None)], 1, "gray"), ("purple-umbrella-road.jpg", [("umbrella", "purple")], 1, "on the road"),
    ("guitar-room.jpg", [("guitar", None)], 1, "in a room"), ("trumpet-blue.jpg", [("trumpet", None)], 1, "blue"),
    ("soccer-ball-grass.jpg", [("soccer ball", None)], 1, "on the grass"), ("house-snow.jpg", [("house", None)], 1, "in the snow"),
    ("cactus-desert.jpg", [("cactus", None)], 1, "in the desert"), ("two-cactuses.jpg", [("cactus", None)], 2, "in the desert"),
    ("sunflower-grass.jpg", [("sunflower", None)], 1, "on the grass"), ("mushroom-brown.jpg", [("mushroom", None)], 1, "brown"),
    ("envelope-green.jpg", [("envelope", None)], 1, "green"), ("crown-purple.jpg", [("crown", None)], 1, "purple"),
    ("red-chair-room.jpg", [("chair", "red")], 1, "in a room"),
    # some more of each
    ("white-dog-yellow.jpg", [("dog", "white")], 1, "yellow"), ("black-dog-snow.jpg", [("dog", "black")], 1, "in the snow"),
    ("two-white-rabbits-blue.jpg", [("rabbit", "white")], 2, "blue"), ("two-red-cars-grass.jpg", [("automobile", "red")], 2, "on the grass"),
    ("tractor-grass.jpg", [("tractor", None)], 1, "on the grass"), ("helicopter-sky.jpg", [("helicopter", None)], 1, "in the sky"),
    ("black-cat-snow.jpg", [("cat", "black")], 1, "in the snow"), ("penguin-snow.jpg", [("penguin", None)], 1, "in the snow"),
    ("dolphin-sea.jpg", [("dolphin", None)], 1, "in the sea"), ("camel-desert.jpg", [("camel", None)], 1, "in the desert"),
    ("grapes-white.jpg", [("grapes", None)], 1, "white"), ("watermelon-gray.jpg", [("watermelon", None)], 1, "gray"),
    ("carrot-blue.jpg", [("carrot", None)], 1, "blue"), ("bread-room.jpg", [("bread", None)], 1, "in a room"),
    ("cheese-purple.jpg", [("cheese wedge", None)], 1, "purple"), ("doughnut-green.jpg", [("doughnut", None)], 1, "green"),
    ("pie-red.jpg", [("pie", None)], 1, "red"), ("two-green-apples.jpg", [("green apple", None)], 2, "brown"),
    ("snowman-snow.jpg", [("snowman", None)], 1, "in the snow"), ("key-orange.jpg", [("key", None)], 1, "orange"),
    # two things
    ("dog-and-cat.jpg", [("dog", None), ("cat", None)], 1, "on the grass"),
    ("red-car-and-yellow-bus.jpg", [("automobile", "red"), ("bus", "yellow")], 1, "on the road"),
    ("owl-and-pizza.jpg", [("owl", None), ("pizza", None)], 1, "black"),
]


def backdrop(ground):
    if ground in drawing.COLOURS:
        return drawing.plain(SIZE, drawing.COLOURS[ground])
    if ground == "in the sky":
        return drawing.gradient(SIZE, *drawing.SKY)
    return drawing.landscape(SIZE, ground, HORIZONS[ground])


def paste(base, sprite, rng, x, y, size):
    flip = rng.random() < .5
    angle = rng.uniform(-15, 15) if rng.random() < .5 else None
    drawing.paste(base, sprite, SIZE * x, SIZE * y, SIZE * size, flip, angle)


def caption(things, count, ground):
    words, colours = zip(*things)
    text = world.Phrase(list(words), list(colours), count, ground=world.ground_words(ground)).caption()
    return text.replace("fishes", "fish")


def draw(name, things, count, ground, font):
    rng = random.Random(zlib.crc32(name.encode()))  # each image has its own seed: adding one changes no other
    base = drawing.to_image(backdrop(ground))
    sprites = [drawing.glyph(THINGS[thing], font) for thing, _ in things]
    sprites = [drawing.tint(sprite, colour) if colour else sprite for sprite, (_, colour) in zip(sprites, things)]
    if count > 1:
        for i in range(count):
            paste(base, sprites[0], rng, (i + .5) / count, rng.uniform(.35, .65), .85 / count)
    elif len(sprites) == 2:
        paste(base, sprites[0], rng, .27, rng.uniform(.4, .6), .45)
        paste(base, sprites[1], rng, .73, rng.uniform(.4, .6), .45)
    else:
        paste(base, sprites[0], rng, rng.uniform(.4, .6), rng.uniform(.45, .6), rng.uniform(.5, .75))
    return base


def main(directory):
    font = drawing.open_font()
    with open(f"{directory}/captions.csv", "w", newline="", encoding="utf-8") as out:
        table = csv.writer(out, lineterminator="\n")
        table.writerow(["name", "caption", "things", "price"])
        for name, things, count, ground in SCENE_LIST:
            image = draw(name, things, count, ground, font)
            if name.endswith(".png"):
                image.save(f"{directory}/{name}", optimize=True)
            else:
                image.save(f"{directory}/{name}", quality=90)
            price = zlib.crc32(name.encode()) % 9000 / 100 + 10
            table.writerow([name, caption(things, count, ground), count * len(things), f"{price:.2f}"])


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
