# SPDX-License-Identifier: MIT
"""The colours of photographs, without anybody's word for them: each pixel gets one of the names of drawing.COLOURS by its hue,
saturation and value, and what counts is how much of the photograph has each name, its middle more than its edges."""
import numpy as np

import drawing

NAMES = list(drawing.COLOURS)
SPREAD = 2 / 7  # of the bell by which a pixel counts less the farther it is from the middle, in parts of the side
LEAST, MOST = -2, 3  # of a standing: a photograph that is all of one colour says no more than this
# hues from here on, in degrees
HUES = (0, "red"), (12, "orange"), (40, "yellow"), (68, "green"), (165, "blue"), (255, "purple"), (300, "pink"), (345, "red")


def hue_of(red, green, blue, most, range_of):
    range_of = np.maximum(range_of, 1e-6)
    hue = np.where(most == red, (green - blue) / range_of % 6,
                   np.where(most == green, (blue - red) / range_of + 2, (red - green) / range_of + 4))
    return 60 * hue


def named(pixels):
    """uint8, ... x 3 -> which of NAMES."""
    red, green, blue = np.moveaxis(pixels.astype(np.float32) / 255, -1, 0)
    value = np.maximum(np.maximum(red, green), blue)
    range_of = value - np.minimum(np.minimum(red, green), blue)
    saturation = range_of / np.maximum(value, 1e-6)
    hue = hue_of(red, green, blue, value, range_of)
    found = np.array([NAMES.index(name) for _, name in HUES])[np.searchsorted([hue for hue, _ in HUES], hue, "right") - 1]

    def put(where, name):
        found[where] = NAMES.index(name)
    put((hue >= 8) & (hue < 45) & ((value < .6) | (saturation < .55)), "brown")  # wood, earth, fur and skin
    reddish = (saturation < .5) & ((hue < 14) | (hue >= 330))
    put(reddish & (value > .6), "pink")
    put(reddish & (value <= .6), "brown")
    plain = (saturation < .18) | (range_of < .08)
    put(plain, "gray")
    put(plain & (value > .8), "white")
    put((plain & (value < .22)) | (value < .16), "black")
    return found


def shares(images):
    """uint8, rows x side x side x 3 -> f32, rows x NAMES: square roots of the shares."""
    side = images.shape[1]
    bell = np.exp(-((np.arange(side) + .5) / side - .5) ** 2 / (2 * SPREAD ** 2))
    weights = np.outer(bell, bell) / bell.sum() ** 2
    found = named(images)
    return np.stack([np.sqrt((weights * (found == number)).sum((1, 2))) for number in range(len(NAMES))], 1).astype(np.float32)


def standing(rows, usual):
    """In standard deviations of the shares of usual photographs, as far as LEAST and MOST."""
    return ((rows - usual.mean(0)) / usual.std(0)).clip(LEAST, MOST)
