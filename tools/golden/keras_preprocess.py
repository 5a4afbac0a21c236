# SPDX-License-Identifier: MIT
"""Make tests/data/pictures/keras.txt: what Keras's load_img and VGG16's preprocess_input make of the pattern images.

    KERAS_BACKEND=torch python tools/golden/keras_preprocess.py      from the source root

A line: width and height of the pattern, the network's side, SHA-256 of the float32 tensor [3, side, side].
"""
import os
import tempfile

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import numpy as np
from PIL import Image
from images import OUT, pattern, sum_of

SIZES = [(500, 375, 224), (375, 500, 224), (224, 224, 224), (100, 50, 224), (1, 1, 224), (3, 700, 224), (640, 427, 40),
         (223, 225, 32), (4000, 3000, 224)]


def main():
    lines = []
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "pattern.png")
        for width, height, side in SIZES:
            Image.fromarray(pattern(width, height)).save(path)
            pixels = keras.utils.img_to_array(keras.utils.load_img(path, target_size=(side, side)))
            pixels = keras.applications.vgg16.preprocess_input(pixels)
            assert pixels.dtype == np.float32
            lines.append(f"{width} {height} {side} {sum_of(pixels.transpose(2, 0, 1))}")
    with open(f"{OUT}/keras.txt", "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
