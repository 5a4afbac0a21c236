# SPDX-License-Identifier: MIT
"""CLIP's two towers at the default model's size.

Two things differ from the file that export.py writes: q, k and v are one matrix, and fc1 and fc2 are 1.702 times and
1 / 1.702 of CLIP's, which makes QuickGELU, x * sigmoid(1.702 x), into SiLU, x * sigmoid(x).
"""
import math

import torch
from torch import nn
from torch.nn import functional

IMAGE, PATCH, WIDTH, HEADS, DIMENSIONS, CONTEXT = 112, 16, 192, 3, 512, 32
IMAGE_LAYERS, TEXT_LAYERS = 6, 4


class Block(nn.Module):
    def __init__(self, causal):
        super().__init__()
        self.causal = causal
        self.layer_norm1 = nn.LayerNorm(WIDTH)
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.out_proj = nn.Linear(WIDTH, WIDTH)
        self.layer_norm2 = nn.LayerNorm(WIDTH)
        self.fc1 = nn.Linear(WIDTH, 4 * WIDTH)
        self.fc2 = nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x):
        rows, tokens, _ = x.shape
        q, k, v = self.qkv(self.layer_norm1(x)).view(rows, tokens, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
        mixed = self.attention(q, k, v).transpose(1, 2).reshape(rows, tokens, WIDTH)
        x = x + self.out_proj(mixed)
        return x + self.fc2(functional.silu(self.fc1(self.layer_norm2(x))))

    def attention(self, q, k, v):
        if q.is_cuda:
            return functional.scaled_dot_product_attention(q, k, v, is_causal=self.causal)
        scores = (q * (WIDTH // HEADS) ** -.5) @ k.transpose(-1, -2)  # PyTorch's own is slower on CPUs going backward
        if self.causal:
            scores = scores + torch.full(scores.shape[-2:], -1e4, dtype=scores.dtype).triu(1)
        return scores.softmax(-1, dtype=scores.dtype) @ v


class Towers(nn.Module):
    def __init__(self, pieces):
        super().__init__()
        patches = (IMAGE // PATCH) ** 2
        self.patch_embedding = nn.Linear(3 * PATCH * PATCH, WIDTH, bias=False)  # a patch is (channel, row, column)
        self.class_embedding = nn.Parameter(torch.randn(WIDTH) * WIDTH ** -.5)
        self.image_positions = nn.Parameter(torch.randn(patches + 1, WIDTH) * WIDTH ** -.5)
        self.pre_layrnorm = nn.LayerNorm(WIDTH)
        self.image_blocks = nn.ModuleList(Block(False) for _ in range(IMAGE_LAYERS))
        self.post_layernorm = nn.LayerNorm(WIDTH)
        self.visual_projection = nn.Linear(WIDTH, DIMENSIONS, bias=False)
        self.token_embedding = nn.Embedding(pieces, WIDTH)
        nn.init.normal_(self.token_embedding.weight, std=.02)
        self.text_positions = nn.Parameter(torch.randn(CONTEXT, WIDTH) * .01)
        self.text_blocks = nn.ModuleList(Block(True) for _ in range(TEXT_LAYERS))
        self.final_layer_norm = nn.LayerNorm(WIDTH)
        self.text_projection = nn.Linear(WIDTH, DIMENSIONS, bias=False)
        for projection in (self.visual_projection, self.text_projection):
            nn.init.normal_(projection.weight, std=WIDTH ** -.5)
        self.logit_scale = nn.Parameter(torch.tensor(math.log(1 / .07)))

    def images(self, pixels, keep=None):
        """pixels: uint8, rows x IMAGE x IMAGE x 3; keep: the patches to look at, rows x count, None: all."""
        return self.project(self.image_tokens(pixels, keep))

    def image_tokens(self, pixels, keep=None):
        rows, side = len(pixels), IMAGE // PATCH
        x = pixels.view(rows, side, PATCH, side, PATCH, 3).permute(0, 1, 3, 5, 2, 4).reshape(rows, side * side, -1)
        positions = self.image_positions[1:].expand(rows, -1, -1)
        if keep is not None:
            x = x.gather(1, keep[..., None].expand(-1, -1, x.shape[-1]))
            positions = positions.gather(1, keep[..., None].expand(-1, -1, WIDTH))
        x = self.patch_embedding(x.float() / 127.5 - 1) + positions
        first = (self.class_embedding + self.image_positions[0]).expand(rows, 1, WIDTH)
        x = self.pre_layrnorm(torch.cat([first, x], 1))
        for block in self.image_blocks:
            x = block(x)
        return self.post_layernorm(x)  # the patches' are looked at in training only

    def project(self, tokens):
        return functional.normalize(self.visual_projection(tokens[:, 0]).float(), dim=-1)

    def texts(self, ids, ends):
        """ids: rows x tokens, padded behind; ends: where each row's end-of-text token stands."""
        x = self.token_embedding(ids) + self.text_positions[:ids.shape[1]]
        for block in self.text_blocks:
            x = block(x)
        x = self.final_layer_norm(x[torch.arange(len(ids), device=ids.device), ends])
        return functional.normalize(self.text_projection(x).float(), dim=-1)

    def scale(self):
        return self.logit_scale.exp().clamp(max=100)
