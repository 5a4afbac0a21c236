#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Zero-shot labels of images by transformers' CLIPModel: a line "PROBABILITY  LABEL  NAME" for each, on stdout.

Usage: labels.py MODEL_DIRECTORY LABELS_FILE IMAGE...

The images are resized and cropped by Pillow and torchvision, as OpenAI's CLIP and this project do. The image processor
of transformers rounds half a pixel of the crop in another direction, so photos of some sizes differ by one column.
"""
import os
import sys

import numpy as np
import torch
import torchvision.transforms.functional as tvf
from PIL import Image
from transformers import CLIPModel, CLIPTokenizer

TEMPLATE = "a photo of a {}."


def pixels(path, size):
    image = Image.open(path).convert("RGB")
    image = tvf.center_crop(tvf.resize(image, size, tvf.InterpolationMode.BICUBIC), size)
    return (torch.from_numpy(np.array(image)).permute(2, 0, 1).float() / 255 - 0.5) / 0.5


@torch.no_grad()
def main():
    directory, names, paths = sys.argv[1], sys.argv[2], sys.argv[3:]
    with open(names, encoding="utf-8") as file:
        labels = file.read().splitlines()
    model = CLIPModel.from_pretrained(directory, dtype=torch.float32).eval()
    texts = CLIPTokenizer.from_pretrained(directory)([TEMPLATE.format(label) for label in labels], padding=True,
                                                      return_tensors="pt")
    size = model.config.vision_config.image_size
    for path in paths:
        out = model(pixel_values=pixels(path, size)[None], **texts).logits_per_image.softmax(-1)[0]
        best = int(out.argmax())
        print(f"{out[best]:.4f}  {labels[best]}  {os.path.basename(path)}")


main()
