#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draw examples/pictures and its captions.csv: scenes of colour-emoji glyphs on plain and scenic grounds.

Needs python3-pil, python3-numpy and fonts-noto-color-emoji (OFL: pictures made with the font are free to publish).
The same seed gives the same pictures with the same versions of the three. Usage: draw_examples.py DIRECTORY
"""
import csv
import random
import sys
import zlib

import numpy as np
from PIL import Image, ImageDraw, ImageFont

FONT = "/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf"
GLYPH_SIZE = 109  # the one size the font's bitmaps have
SIZE = 224        # twice the default model's input

COLOURS = {
    "red": (215, 40, 40), "green": (50, 160, 60), "blue": (45, 85, 215), "yellow": (240, 210, 50),
    "orange": (240, 140, 30), "purple": (140, 60, 180), "pink": (245, 140, 185), "brown": (125, 80, 45),
    "black": (25, 25, 28), "white": (246, 246, 246), "gray": (135, 135, 140),
}

# Scenic grounds: how the caption says it, where the horizon lies, the sky's and the ground's two colours.
SCENES = {
    "on the grass": (.45, ((120, 190, 250), (200, 230, 255)), ((90, 180, 70), (50, 130, 40))),
    "in the sea": (.3, ((150, 200, 245), (220, 235, 250)), ((30, 110, 190), (10, 60, 130))),
    "in the snow": (.4, ((170, 200, 230), (220, 230, 240)), ((250, 250, 255), (225, 235, 245))),
    "in the desert": (.4, ((250, 200, 130), (255, 230, 180)), ((230, 180, 100), (200, 140, 70))),
    "on the road": (.4, ((150, 200, 245), (215, 230, 245)), ((110, 110, 115), (70, 70, 75))),
    "in a room": (.6, ((235, 220, 200), (225, 205, 180)), ((150, 105, 70), (120, 80, 50))),
    "in the sky": (1.0, ((80, 160, 245), (200, 230, 255)), ((0, 0, 0), (0, 0, 0))),
}

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
    "t shirt": "\U0001F455", "crown": "\U0001F451", "chair": "\U0001FA91",
}

NUMBERS = {2: "two", 3: "three", 4: "four"}

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
    # two things
    ("dog-and-cat.jpg", [("dog", None), ("cat", None)], 1, "on the grass"),
    ("red-car-and-yellow-bus.jpg", [("automobile", "red"), ("bus", "yellow")], 1, "on the road"),
    ("owl-and-pizza.jpg", [("owl", None), ("pizza", None)], 1, "black"),
]


def glyph(thing, font):
    canvas = Image.new("RGBA", (136, 128), (0, 0, 0, 0))
    ImageDraw.Draw(canvas).text((0, 0), THINGS[thing], font=font, embedded_color=True)
    return canvas.crop(canvas.getbbox())


def tint(sprite, colour):
    """Recolour by luminance, so that shading stays: white stays bright in the shadows, black dark in the lights."""
    pixels = np.asarray(sprite).astype(np.float32)
    light = (pixels[..., :3] @ np.array([.3, .59, .11], np.float32) / 255)[..., None]
    if colour == "white":
        rgb = 255 * (.45 + .55 * light) * np.ones(3, np.float32)
    elif colour == "black":
        rgb = 255 * (.03 + .42 * light) * np.ones(3, np.float32)
    else:
        rgb = np.array(COLOURS[colour], np.float32) * (.35 + .85 * light)
    pixels[..., :3] = np.clip(rgb, 0, 255)
    return Image.fromarray(pixels.astype(np.uint8), "RGBA")


def gradient(height, top, bottom):
    t = np.linspace(0, 1, max(height, 1), dtype=np.float32)[:, None, None]
    return (np.array(top, np.float32) * (1 - t) + np.array(bottom, np.float32) * t) * np.ones((1, SIZE, 1), np.float32)


def backdrop(ground):
    if ground in COLOURS:
        return np.ones((SIZE, SIZE, 3), np.float32) * np.array(COLOURS[ground], np.float32)
    horizon, sky, land = SCENES[ground]
    whole_sky, whole_land = gradient(SIZE, *sky), gradient(SIZE, *land)
    row = int(SIZE * horizon)
    return np.concatenate([whole_sky[:row], whole_land[row:]])


def paste(base, sprite, rng, x, y, size):
    scale = size / max(sprite.size)
    sprite = sprite.resize((max(4, int(sprite.width * scale)), max(4, int(sprite.height * scale))), Image.BILINEAR)
    if rng.random() < .5:
        sprite = sprite.transpose(Image.FLIP_LEFT_RIGHT)
    if rng.random() < .5:
        sprite = sprite.rotate(rng.uniform(-15, 15), Image.BILINEAR, expand=True)
    base.paste(sprite, (int(x - sprite.width / 2), int(y - sprite.height / 2)), sprite)


def with_article(words):
    return ("an " if words[0] in "aeiou" else "a ") + words


def plural(words):
    if words == "fish":
        return words
    if words.endswith(("s", "x", "ch", "sh")):
        return words + "es"
    if words.endswith("y"):
        return words[:-1] + "ies"
    return words + "s"


def caption(things, count, ground):
    names = [(colour + " " if colour else "") + thing for thing, colour in things]
    if count > 1:
        words = f"{NUMBERS[count]} " + (f"{things[0][1]} " if things[0][1] else "") + plural(things[0][0])
    else:
        words = " and ".join(with_article(name) for name in names)
    return f"{words} " + (f"on a {ground} background" if ground in COLOURS else ground)


def draw(name, things, count, ground, font):
    rng = random.Random(zlib.crc32(name.encode()))  # each picture has its own seed: adding one changes no other
    base = Image.fromarray(backdrop(ground).clip(0, 255).astype(np.uint8))
    sprites = [tint(glyph(thing, font), colour) if colour else glyph(thing, font) for thing, colour in things]
    if count > 1:
        for i in range(count):
            paste(base, sprites[0], rng, SIZE * ((i + .5) / count), SIZE * rng.uniform(.35, .65), SIZE * .85 / count)
    elif len(sprites) == 2:
        paste(base, sprites[0], rng, SIZE * .27, SIZE * rng.uniform(.4, .6), SIZE * .45)
        paste(base, sprites[1], rng, SIZE * .73, SIZE * rng.uniform(.4, .6), SIZE * .45)
    else:
        paste(base, sprites[0], rng, SIZE * rng.uniform(.4, .6), SIZE * rng.uniform(.45, .6), SIZE * rng.uniform(.5, .75))
    return base


def main(directory):
    font = ImageFont.truetype(FONT, GLYPH_SIZE)
    with open(f"{directory}/captions.csv", "w", newline="", encoding="utf-8") as out:
        table = csv.writer(out, lineterminator="\n")
        table.writerow(["name", "caption", "things", "price"])
        for name, things, count, ground in SCENE_LIST:
            picture = draw(name, things, count, ground, font)
            if name.endswith(".png"):
                picture.save(f"{directory}/{name}", optimize=True)
            else:
                picture.save(f"{directory}/{name}", quality=90)
            price = zlib.crc32(name.encode()) % 9000 / 100 + 10
            table.writerow([name, caption(things, count, ground), count * len(things), f"{price:.2f}"])


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
