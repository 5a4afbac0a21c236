# SPDX-License-Identifier: MIT
"""Random inputs for image towers."""
import torch


def make_pixels(count, size, seed):
    """Images with large shapes, not white noise: their parts do not average out."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.randn(count, 3, 4, 4, generator=generator)
    shapes = torch.nn.functional.interpolate(coarse, size=(size, size), mode="bicubic", align_corners=True)
    colour = torch.randn(count, 3, 1, 1, generator=generator)
    return (shapes + 0.5 * colour + 0.3 * torch.randn(count, 3, size, size, generator=generator)).clamp(-1.8, 2.2)
