# SPDX-License-Identifier: MIT
"""Drawing: glyphs of a colour emoji font, recoloured and pasted on plain and scenic grounds.

Everything here is a function of its arguments. Chance comes in from outside, so that the same numbers give the same
pixels (with the same versions of Pillow, numpy and the font).
"""
import io

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

FONT = "/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf"
GLYPH_SIZE = 109  # the one size the font's bitmaps have

COLOURS = {
    "red": (215, 40, 40), "green": (50, 160, 60), "blue": (45, 85, 215), "yellow": (240, 210, 50),
    "orange": (240, 140, 30), "purple": (140, 60, 180), "pink": (245, 140, 185), "brown": (125, 80, 45),
    "black": (25, 25, 28), "white": (246, 246, 246), "gray": (135, 135, 140),
}

SKY = ((80, 160, 245), (200, 230, 255))
NIGHT = ((8, 8, 35), (30, 30, 75))
FOREST = (((120, 170, 130), (90, 150, 100)), ((60, 110, 50), (40, 80, 30)))

# Grounds with a horizon: the words for it, the range the horizon's height is drawn from, the sky's and the land's two
# colours from top to bottom.
LANDSCAPES = {
    "on the grass": ((.3, .6), ((120, 190, 250), (200, 230, 255)), ((90, 180, 70), (50, 130, 40))),
    "on the beach": ((.35, .5), ((130, 200, 250), (210, 235, 255)), ((40, 130, 210), (60, 170, 220))),
    "in the sea": ((.2, .4), ((150, 200, 245), (220, 235, 250)), ((30, 110, 190), (10, 60, 130))),
    "in the snow": ((.3, .5), ((170, 200, 230), (220, 230, 240)), ((250, 250, 255), (225, 235, 245))),
    "in the desert": ((.3, .5), ((250, 200, 130), (255, 230, 180)), ((230, 180, 100), (200, 140, 70))),
    "on the road": ((.3, .5), ((150, 200, 245), (215, 230, 245)), ((110, 110, 115), (70, 70, 75))),
    "in a room": ((.55, .7), ((235, 220, 200), (225, 205, 180)), ((150, 105, 70), (120, 80, 50))),
}
SAND = ((245, 225, 170), (225, 195, 130))


def open_font(path=FONT):
    return ImageFont.truetype(path, GLYPH_SIZE)


def glyph(text, font):
    """The glyph cut to its pixels, or None if the font has no single glyph for the text."""
    canvas = Image.new("RGBA", (136, 128), (0, 0, 0, 0))
    ImageDraw.Draw(canvas).text((0, 0), text, font=font, embedded_color=True)
    box = canvas.getbbox()
    return canvas.crop(box) if box and font.getlength(text) <= 140 else None


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


def plain(size, colour):
    return np.full((size, size, 3), colour, np.float32)


def gradient(size, top, bottom):
    t = np.linspace(0, 1, size, dtype=np.float32)[:, None, None]
    column = np.array(top, np.float32) * (1 - t) + np.array(bottom, np.float32) * t
    return np.repeat(column, size, axis=1)


def horizon(size, height, sky, land):
    row = int(size * height)
    return np.concatenate([gradient(size, *sky)[:row], gradient(size, *land)[row:]])


def landscape(size, words, height):
    _, sky, land = LANDSCAPES[words]
    ground = horizon(size, height, sky, land)
    if words == "on the beach":
        ground[int(size * .6):] = gradient(size, *SAND)[int(size * .6):]
    return ground


def night_sky(size, stars):
    """stars: (row, column, brightness) each."""
    ground = gradient(size, *NIGHT)
    for row, column, brightness in stars:
        ground[row, column] = brightness
    return ground


def forest(size, trunks):
    """trunks: (column, where it ends, as a share of the height) each."""
    ground = horizon(size, .55, *FOREST)
    for column, end in trunks:
        ground[:int(size * end), max(0, column - 2):column + 3] = (80, 55, 35)
    return ground


def clouds(size, colours):
    """A smooth mixture: an n x n x 3 array of colours, enlarged."""
    small = Image.fromarray(np.asarray(colours, np.uint8), "RGB")
    return np.asarray(small.resize((size, size), Image.BICUBIC)).astype(np.float32)


def to_image(ground):
    return Image.fromarray(ground.clip(0, 255).astype(np.uint8))


def paste(base, sprite, x, y, size, flip, angle):
    """Put the sprite's middle at x, y, its longer side being size pixels; angle is None or in degrees."""
    scale = size / max(sprite.size)
    sprite = sprite.resize((max(4, int(sprite.width * scale)), max(4, int(sprite.height * scale))), Image.BILINEAR)
    if flip:
        sprite = sprite.transpose(Image.FLIP_LEFT_RIGHT)
    if angle is not None:
        sprite = sprite.rotate(angle, Image.BILINEAR, expand=True)
    base.paste(sprite, (int(x - sprite.width / 2), int(y - sprite.height / 2)), sprite)


def jpeg(image, quality):
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer).convert("RGB")


def blur(image, radius):
    return image.filter(ImageFilter.GaussianBlur(radius))


def coarse(image, size):
    """As a small image that was enlarged looks."""
    return image.resize((size, size), Image.BILINEAR).resize(image.size, Image.BICUBIC)


def relight(image, gain, offset):
    return Image.fromarray((np.asarray(image).astype(np.float32) * gain + offset).clip(0, 255).astype(np.uint8))


def noise(image, seed, amount=14):
    grain = np.random.default_rng(seed).integers(-amount, amount + 1, (image.height, image.width, 3))
    return Image.fromarray((np.asarray(image).astype(np.int16) + grain).clip(0, 255).astype(np.uint8))
