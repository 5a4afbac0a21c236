# SPDX-License-Identifier: MIT
"""The built-in model's two towers.

Image: EfficientNet-Lite0 as published, its BatchNorm folded, and a head in two parts. `classes` looks at what the network
knows already: the probabilities of its thousand classes, of the whole image and of each place, softened, and its features;
one matrix takes them to the shared space. `places` is a small network over the 7x7 places of the image, which sees the
maps of five stages; it learns what the drawn scenes show, and to say nothing but their colours of photographs.

Text: CLIP's transformer. Two things differ from the file that export.py writes: q, k and v are one matrix, and fc1 and fc2
are 1.702 times and 1 / 1.702 of CLIP's, which makes QuickGELU, x * sigmoid(1.702 x), into SiLU, x * sigmoid(x).
"""
import math

import torch
from torch import nn
from torch.nn import functional

DIMENSIONS = 512
PHOTO = 448  # of them carry what photographs show; the others are free for the drawn scenes

# Image.
IMAGE, GRID, CLASSES, FEATURES = 224, 7, 1000, 1280
STEM = 32
STAGES = ((3, 1, 1, 16, 1), (3, 2, 6, 24, 2), (5, 2, 6, 40, 2), (3, 2, 6, 80, 3), (5, 1, 6, 112, 3), (5, 2, 6, 192, 4),
          (3, 1, 6, 320, 1))  # kernel, stride, expansion, channels, blocks
SEEN = (0, 1, 2, 4, 6)  # the stages whose maps the places see, the last of each size
PLACE = sum(STAGES[stage][3] for stage in SEEN)  # 512
WIDE, HIDDEN = 320, 448
DRAWING = "places", "positions", "hidden", "drawn"  # what the names of the second part's parameters begin with
MEAN, DEVIATION = 127 / 255, 128 / 255
WHOLE_TEMPERATURE, PLACE_TEMPERATURE, FEATURE_WEIGHT = 2, 4, 1.4

# Text.
# The width bounds how many directions a text's vector can have, and a thousand kinds of thing want many.
CONTEXT, WIDTH, HEADS, MLP, TEXT_LAYERS = 32, 480, 15, 176, 2


def prepared(pixels):
    """f32 or uint8, rows x IMAGE x IMAGE x 3, from 0 to 255 -> what the network takes."""
    return (pixels.permute(0, 3, 1, 2).float() / 255 - MEAN) / DEVIATION


class Convolution(nn.Conv2d):
    """With TensorFlow's padding "same", which is uneven where there is a stride."""

    def __init__(self, inputs, outputs, kernel, stride=1, depthwise=False):
        super().__init__(inputs, outputs, kernel, stride, padding=kernel // 2 if stride == 1 else 0,
                         groups=inputs if depthwise else 1)

    def forward(self, x):
        (kernel, _), (stride, _) = self.kernel_size, self.stride
        if stride > 1:
            more = [max((math.ceil(size / stride) - 1) * stride + kernel - size, 0) for size in x.shape[2:]]
            x = functional.pad(x, (more[1] // 2, more[1] - more[1] // 2, more[0] // 2, more[0] - more[0] // 2))
        return super().forward(x)


class NetworkBlock(nn.Module):
    def __init__(self, inputs, kernel, stride, expansion, outputs):
        super().__init__()
        wide = inputs * expansion
        self._expand_conv = Convolution(inputs, wide, 1) if expansion > 1 else None
        self._depthwise_conv = Convolution(wide, wide, kernel, stride, depthwise=True)
        self._project_conv = Convolution(wide, outputs, 1)
        self.adds = stride == 1 and inputs == outputs

    def forward(self, x):
        wide = functional.relu6(self._expand_conv(x), True) if self._expand_conv else x
        y = self._project_conv(functional.relu6(self._depthwise_conv(wide), True))
        return x + y if self.adds else y


class Network(nn.Module):
    """EfficientNet-Lite0, called as its published tensors are, with the norms folded into the convolutions."""

    def __init__(self):
        super().__init__()
        self._conv_stem = Convolution(3, STEM, 3, 2)
        blocks, inputs, self.ends = [], STEM, []
        for kernel, stride, expansion, outputs, count in STAGES:
            for number in range(count):
                blocks.append(NetworkBlock(inputs, kernel, stride if number == 0 else 1, expansion, outputs))
                inputs = outputs
            self.ends.append(len(blocks) - 1)
        self._blocks = nn.ModuleList(blocks)
        self._conv_head = Convolution(inputs, FEATURES, 1)
        self._fc = nn.Linear(FEATURES, CLASSES)

    def forward(self, x):
        """pixels, rows x 3 x IMAGE x IMAGE -> the last map, rows x places x FEATURES; what the places see, rows x
        places x PLACE."""
        x, maps = functional.relu6(self._conv_stem(x), True), []
        for number, block in enumerate(self._blocks):
            x = block(x)
            if number in self.ends and self.ends.index(number) in SEEN:
                maps.append(functional.adaptive_avg_pool2d(x, GRID))
        return as_places(functional.relu6(self._conv_head(x), True)), as_places(torch.cat(maps, 1))


def as_places(maps):
    return maps.flatten(2).transpose(1, 2)


def fold(published):
    """The published state with each norm folded into the convolution before it."""
    def folded(conv, norm):
        gain = published[f"{norm}.weight"].double() / (published[f"{norm}.running_var"].double() + 1e-3).sqrt()
        weight = published[f"{conv}.weight"].double() * gain[:, None, None, None]
        bias = published[f"{norm}.bias"].double() - published[f"{norm}.running_mean"].double() * gain
        return {f"{conv}.weight": weight.float(), f"{conv}.bias": bias.float()}

    state = {name: value for name, value in published.items() if name.startswith("_fc.")}
    pairs = {"_expand_conv": "_bn0", "_depthwise_conv": "_bn1", "_project_conv": "_bn2"}
    for name in published:
        layer, part = name.rsplit(".", 1)
        if part != "weight" or not layer.endswith(("_conv", "_conv_stem", "_conv_head")):
            continue
        prefix, _, last = layer.rpartition(".")
        norm = f"{prefix}.{pairs[last]}" if prefix else {"_conv_stem": "_bn0", "_conv_head": "_bn1"}[last]
        state |= folded(layer, norm)
    return state


def middle(x):
    """Without its part along (1, 1, ...), and of length 1: what lifts all classes alike says nothing."""
    return functional.normalize(x - x.mean(-1, keepdim=True), dim=-1)


def class_part(logits):
    """Logits of each place, rows x places x CLASSES -> rows x CLASSES. Square roots of probabilities have a dot product
    that measures how alike two distributions are (Bhattacharyya's coefficient)."""
    whole = (logits.mean(1) / WHOLE_TEMPERATURE).softmax(-1).sqrt()
    places = (logits / PLACE_TEMPERATURE).softmax(-1).mean(1).sqrt()
    return functional.normalize(middle(whole) + middle(places), dim=-1)


class ImageTower(nn.Module):
    def __init__(self):
        super().__init__()
        self.network = Network()
        self.feature_mean = nn.Parameter(torch.zeros(FEATURES))
        self.classes = nn.Linear(CLASSES + FEATURES, DIMENSIONS, bias=False)
        self.places = nn.Linear(PLACE, WIDE, bias=False)
        self.positions = nn.Parameter(torch.zeros(GRID * GRID, WIDE))
        self.hidden = nn.Linear(WIDE, HIDDEN)
        self.drawn = nn.Linear(2 * HIDDEN, DIMENSIONS)

    def known(self, last):
        """The last map -> what the first part of the head starts from: rows x (CLASSES + FEATURES)."""
        features = functional.normalize(last.mean(1) - self.feature_mean, dim=-1)
        return torch.cat([class_part(self.network._fc(last)), FEATURE_WEIGHT * features], 1)

    def draw(self, seen, drop=0):
        """What the places see -> the second part of the head: rows x DIMENSIONS. drop: the share of the second layer's
        outputs that are left out, in training."""
        x = functional.relu(self.hidden(functional.relu(self.places(seen) + self.positions)))
        return self.drawn(functional.dropout(torch.cat([x.mean(1), x.amax(1)], 1), drop))

    def forward(self, pixels):
        """pixels: f32 or uint8, rows x IMAGE x IMAGE x 3, from 0 to 255."""
        last, seen = self.network(prepared(pixels))
        return functional.normalize(self.classes(self.known(last)) + self.draw(seen), dim=-1)


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer_norm1 = nn.LayerNorm(WIDTH)
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.out_proj = nn.Linear(WIDTH, WIDTH)
        self.layer_norm2 = nn.LayerNorm(WIDTH)
        self.fc1 = nn.Linear(WIDTH, MLP)
        self.fc2 = nn.Linear(MLP, WIDTH)

    def forward(self, x):
        rows, tokens, _ = x.shape
        q, k, v = self.qkv(self.layer_norm1(x)).view(rows, tokens, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
        mixed = self.attention(q, k, v).transpose(1, 2).reshape(rows, tokens, WIDTH)
        x = x + self.out_proj(mixed)
        return x + self.fc2(functional.silu(self.fc1(self.layer_norm2(x))))

    def attention(self, q, k, v):
        if q.is_cuda:
            return functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        scores = (q * (WIDTH // HEADS) ** -.5) @ k.transpose(-1, -2)  # PyTorch's own is slower on CPUs going backward
        scores = scores + torch.full(scores.shape[-2:], -1e4, dtype=scores.dtype).triu(1)
        return scores.softmax(-1, dtype=scores.dtype) @ v


class TextTower(nn.Module):
    def __init__(self, pieces):
        super().__init__()
        self.token_embedding = nn.Embedding(pieces, WIDTH)
        nn.init.normal_(self.token_embedding.weight, std=.02)
        self.positions = nn.Parameter(torch.randn(CONTEXT, WIDTH) * .01)
        self.blocks = nn.ModuleList(Block() for _ in range(TEXT_LAYERS))
        self.final_layer_norm = nn.LayerNorm(WIDTH)
        self.projection = nn.Linear(WIDTH, DIMENSIONS, bias=False)
        nn.init.normal_(self.projection.weight, std=WIDTH ** -.5)

    def forward(self, ids, ends):
        """ids: rows x tokens, padded behind; ends: where each row's end-of-text token stands."""
        x = self.token_embedding(ids) + self.positions[:ids.shape[1]]
        for block in self.blocks:
            x = block(x)
        x = self.final_layer_norm(x[torch.arange(len(ids), device=ids.device), ends])
        return functional.normalize(self.projection(x).float(), dim=-1)


class Towers(nn.Module):
    def __init__(self, pieces):
        super().__init__()
        self.image, self.text = ImageTower(), TextTower(pieces)
