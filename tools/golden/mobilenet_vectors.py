# SPDX-License-Identifier: MIT
"""What torchvision's mobilenet_v2 makes of the shared MobileNetV2 weights.

    mobilenet_vectors.py MODEL INPUTS OUT         features of INPUTS/0..2/input_0.npy in float64, to the file OUT
    mobilenet_vectors.py MODEL --search PHOTOS    P@1, P@10 and mAP of PHOTOS/test against PHOTOS/train, float32

MODEL is a directory of tools/golden/mobilenet_from_npy.py.
"""
import glob
import os
import sys

import numpy as np
import torch
import torchvision
from safetensors.torch import load_file, save_file
from torch import nn


def network(directory):
    """The biases stand in for BatchNorm, which is folded into the weights."""
    model, tensors = torchvision.models.mobilenet_v2().eval(), load_file(os.path.join(directory, "model.safetensors"))

    def fill(module, prefix):
        for name, child in module.named_children():
            if isinstance(child, nn.Conv2d):
                child.weight.data.copy_(tensors[f"{prefix}{name}.weight"])
                child.bias = nn.Parameter(tensors[f"{prefix}{name}.bias"])
            elif isinstance(child, nn.BatchNorm2d):
                setattr(module, name, nn.Identity())
            else:
                fill(child, f"{prefix}{name}.")

    fill(model.features, "features.")
    return model.features


@torch.no_grad()
def search(features, photos):
    from PIL import Image
    from torchvision import transforms
    prepare = transforms.Compose([transforms.Resize(256), transforms.CenterCrop(224), transforms.ToTensor(),
                                  transforms.Normalize((.485, .456, .406), (.229, .224, .225))])

    def vectors(paths):
        x = torch.cat([features(prepare(Image.open(path).convert("RGB"))[None]).mean((2, 3)) for path in paths])
        return x / x.norm(dim=1, keepdim=True)

    paths = [sorted(glob.glob(os.path.join(photos, part, "*", "*.JPEG"))) for part in ("train", "test")]
    train, test = (vectors(part) for part in paths)
    labels = [[path.split(os.sep)[-2] for path in part] for part in paths]
    first = ten = mean = 0
    for scores, label in zip(test @ train.T, labels[1]):
        right = [labels[0][i] == label for i in scores.argsort(descending=True)]
        ranks = [rank for rank, is_right in enumerate(right, 1) if is_right]
        first += right[0]
        ten += sum(right[:10]) / 10
        mean += sum(n / rank for n, rank in enumerate(ranks, 1)) / len(ranks)
    print(f"P@1 {first / len(test):.3f}, P@10 {ten / len(test):.3f}, mAP {mean / len(test):.4f}")


@torch.no_grad()
def main():
    features = network(sys.argv[1])
    if sys.argv[2] == "--search":
        search(features, sys.argv[3])
        return
    inputs = (torch.from_numpy(np.load(os.path.join(sys.argv[2], str(i), "input_0.npy"))) for i in range(3))
    save_file({f"feature.{i}": features.double()(x.double()).mean((2, 3)).float() for i, x in enumerate(inputs)}, sys.argv[3])


if __name__ == "__main__":
    main()
