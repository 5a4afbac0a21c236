# SPDX-License-Identifier: MIT
"""Make image networks with random weights and what the reference implementations compute with them.

    cnn_towers.py --tiny DIR                       the small fixtures (tests/data/cnn-tiny)
    cnn_towers.py --full DIR [--only NAME,...]     model directories of true size, each with expected.sft
    cnn_towers.py --seeds DIR                      the smallest networks there can be (fuzz/seeds/networks)

Tiny networks have the true number of layers and few channels. Weights are seeded; BatchNorm's statistics are those of
the test's own images, then disturbed, so that activations vary at every depth (asserted: vectors of two images
differ). Expected values are computed in float64 and stored as float32; where two implementations of a network are at
hand they must agree to 1e-9 before anything is written (--full: torchvision with timm, transformers' ResNet with
torchvision, open_clip's RN50 with OpenAI's package, Keras's VGG16 with torchvision's layers, efficientnet_lite_pytorch with
timm).
"""
import argparse
import importlib.util
import json
import os

os.environ.setdefault("KERAS_BACKEND", "torch")

import numpy as np
import torch
import torchvision
from safetensors.torch import save_file
from torch import nn
from torchvision.models.mobilenetv2 import MobileNetV2
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet
from torchvision.models.vgg import VGG, make_layers

from random_pixels import make_pixels

BLOCKS = {"resnet18": (BasicBlock, [2, 2, 2, 2]), "resnet34": (BasicBlock, [3, 4, 6, 3]),
          "resnet50": (Bottleneck, [3, 4, 6, 3])}


class NarrowResNet(ResNet):
    """torchvision's ResNet, its blocks and its forward, with other widths than its constructor has."""

    def __init__(self, block, layers, planes):
        nn.Module.__init__(self)
        self._norm_layer, self.inplanes, self.dilation, self.groups, self.base_width = nn.BatchNorm2d, planes[0], 1, 1, 64
        self.conv1 = nn.Conv2d(3, planes[0], 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(planes[0])
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        for i in range(4):
            setattr(self, f"layer{i + 1}", self._make_layer(block, planes[i], layers[i], stride=2 if i else 1))
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Identity()


def exact16(value):
    """The same number in float32, float16 and bfloat16."""
    value = value.to(torch.bfloat16).float()
    value[value.abs() < 2**-14] = 0
    assert torch.equal(value, value.half().float())
    return value


def scale_weights(model, pixels, seed):
    """Random weights; then BatchNorm's statistics are set to those of the images, layer by layer."""
    generator = torch.Generator().manual_seed(seed)

    def random(shape):
        return torch.randn(shape, generator=generator)

    norms = []
    for name, module in model.named_modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            fan_in = module.weight[0].numel()
            module.weight.data.copy_(exact16(random(module.weight.shape) * (2 / fan_in)**0.5))
            if module.bias is not None:
                module.bias.data.copy_(exact16(0.2 * random(module.bias.shape)))
        elif isinstance(module, nn.BatchNorm2d):
            module.weight.data.copy_(exact16(1 + 0.2 * random(module.weight.shape)))
            module.bias.data.copy_(exact16(0.3 * random(module.bias.shape)))
            norms.append(module)
        elif hasattr(module, "positional_embedding") and isinstance(module.positional_embedding, nn.Parameter):
            module.positional_embedding.data.copy_(exact16(0.3 * random(module.positional_embedding.shape)))
    for module in norms:
        module.train()
        module.momentum = 1.0
    with torch.no_grad():
        model(pixels)
    for module in norms:
        module.eval()
        module.running_mean.copy_(exact16(module.running_mean + 0.1 * random(module.running_mean.shape)))
        module.running_var.copy_(exact16(module.running_var * (1 + 0.2 * torch.rand(module.running_var.shape, generator=generator)) + 2**-8))


def rows(map):
    return map.permute(0, 2, 3, 1).reshape(-1, map.shape[1])


def unit(x):
    return x / x.norm(dim=-1, keepdim=True)


@torch.no_grad()
def run(model, pixels, stages, vector):
    """{stage: [rows, channels]} by hooks on the modules `stages` names, then "project" from `vector`."""
    found, hooks = {}, []
    for stage, module in stages.items():
        hooks.append(module.register_forward_hook(lambda m, i, out, stage=stage: found.__setitem__(stage, rows(out.detach()))))
    project = vector(model, pixels)
    for hook in hooks:
        hook.remove()
    assert set(found) == set(stages)
    found["project"] = project
    return found


def resnet_stages(model):
    return {"stem": model.maxpool, **{f"block.{i}": getattr(model, f"layer{i + 1}") for i in range(4)}}


def vgg_stages(model):
    pools = [module for module in model.features if isinstance(module, nn.MaxPool2d)]
    return {f"block.{i}": module for i, module in enumerate(pools)}


def mobilenet_stages(model):
    return {"stem": model.features[0], **{f"block.{i}": model.features[i + 1] for i in range(17)}, "final": model.features[18]}


@torch.no_grad()
def lite_run(model, pixels):
    """The package applies batch normalisation and ReLU6 outside the modules of the stem and the last convolution."""
    def mean_features(model, pixels):
        return model.extract_features(pixels).mean(dim=(2, 3))

    stages = run(model, pixels, {f"block.{i}": block for i, block in enumerate(model._blocks)}, mean_features)
    stages["stem"] = rows(model._swish(model._bn0(model._conv_stem(pixels))))
    stages["final"] = rows(model.extract_features(pixels))
    return stages


def tiny_lite(size, classes=1):
    """The package's EfficientNet-Lite0 with few channels."""
    from efficientnet_lite_pytorch import BlockDecoder, EfficientNet, GlobalParams
    blocks = BlockDecoder.decode(["r1_k3_s11_e1_i32_o3", "r2_k3_s22_e6_i3_o4", "r2_k5_s22_e6_i4_o5", "r3_k3_s22_e6_i5_o6",
                                  "r3_k5_s11_e6_i6_o7", "r4_k5_s22_e6_i7_o8", "r1_k3_s11_e6_i8_o9"])
    return EfficientNet(blocks, GlobalParams(image_size=size, dropout_rate=0, num_classes=classes, batch_norm_momentum=0.99,
                                             batch_norm_epsilon=1e-3, relu_fn="relu6", fix_head_stem=True)).eval()


@torch.no_grad()
def lite_clip_run(model, head, pixels):
    """EfficientNet-Lite0 with the head of docs/model.md, step by step as it is written there."""
    def away(x):
        x = x - x.mean(1, keepdim=True)
        return x / x.norm(dim=1, keepdim=True)

    stages, maps, count = lite_run(model, pixels), [], len(pixels)
    side = pixels.shape[2] // 32
    for block in (0, 2, 4, 10, 15):  # the last of each size
        rows_of = stages[f"block.{block}"]
        size = round((len(rows_of) / count) ** 0.5)
        image = rows_of.view(count, side, size // side, side, size // side, -1)
        maps.append(image.mean(dim=(2, 4)).reshape(count, side * side, -1))
    seen = torch.cat(maps, 2)
    last = stages["final"].view(count, side * side, -1)
    logits = last @ model._fc.weight.T + model._fc.bias
    whole, places = (logits.mean(1) / 2).softmax(1).sqrt(), (logits / 4).softmax(2).mean(1).sqrt()
    roots, features = away(whole) + away(places), last.mean(1) - head["feature_mean"]
    known = torch.cat([roots / roots.norm(dim=1, keepdim=True), 1.4 * features / features.norm(dim=1, keepdim=True)], 1)
    first = (seen @ head["places.weight"].T + head["positions"]).relu()
    second = (first @ head["hidden.weight"].T + head["hidden.bias"]).relu()
    drawn = torch.cat([second.mean(1), second.amax(1)], 1) @ head["drawn.weight"].T + head["drawn.bias"]
    return stages | {"seen": seen.flatten(0, 1), "known": known, "project": known @ head["classes.weight"].T + drawn}


def lite_clip_case(directory, name):
    size, classes, dim, wide, hidden, text = 64, 11, 24, 10, 14, 16
    model, pixels = tiny_lite(size, classes), make_pixels(2, size, seed=16)
    scale_weights(model, pixels, seed=15)
    generator = torch.Generator().manual_seed(17)

    def made(*shape):
        return exact16(0.2 * torch.randn(shape, generator=generator))
    places, seen, channels = (size // 32) ** 2, 3 + 4 + 5 + 7 + 9, 1280
    head = {"feature_mean": made(channels), "classes.weight": made(dim, classes + channels), "places.weight": made(wide, seen),
            "positions": made(places, wide), "hidden.weight": made(hidden, wide), "hidden.bias": made(hidden),
            "drawn.weight": made(dim, 2 * hidden), "drawn.bias": made(dim)}
    model._fc.weight.data, model._fc.bias.data = made(classes, channels), made(classes)
    state = model.state_dict() | {f"visual_head.{key}": value for key, value in head.items()}
    state |= {"text_model.embeddings.token_embedding.weight": made(600, text), "logit_scale": torch.tensor(3.),
              "text_model.embeddings.position_embedding.weight": made(12, text), "text_projection.weight": made(dim, text),
              "text_model.final_layer_norm.weight": made(text), "text_model.final_layer_norm.bias": made(text)}
    block = {"self_attn.%s_proj.weight" % part: (text, text) for part in ("q", "k", "v", "out")}
    block |= {"self_attn.%s_proj.bias" % part: (text,) for part in ("q", "k", "v", "out")}
    block |= {f"layer_norm{i}.{part}": (text,) for i in (1, 2) for part in ("weight", "bias")}
    block |= {"mlp.fc1.weight": (2 * text, text), "mlp.fc1.bias": (2 * text,), "mlp.fc2.weight": (text, 2 * text),
              "mlp.fc2.bias": (text,)}
    state |= {f"text_model.encoder.layers.0.{key}": made(*shape) for key, shape in block.items()}
    stages = lite_clip_run(model.double(), {key: value.double() for key, value in head.items()}, pixels.double())
    config = {"model_type": "clip", "projection_dim": dim,
              "vision_config": {"model_type": "efficientnet_lite", "image_size": size},
              "text_config": {"hidden_size": text, "intermediate_size": 2 * text, "num_hidden_layers": 1, "num_attention_heads": 2,
                              "max_position_embeddings": 12, "vocab_size": 600}}
    processor = {"size": {"shortest_edge": size}, "crop_size": size}
    write(directory, name, state, stages, pixels, {"config.json": config, "preprocessor_config.json": processor})


def timm_names(state):
    """The published files' names as those of timm's tf_efficientnet_lite*."""
    stages, out, stage, seen, width = {}, {}, -1, 0, None
    for block in range(1000):
        project = state.get(f"_blocks.{block}._project_conv.weight")
        if project is None:
            break
        if project.shape[0] != width:
            stage, seen, width = stage + 1, 0, project.shape[0]
        stages[block] = stage, seen
        seen += 1
    top = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2", "_fc": "classifier"}
    inner = {"_expand_conv": "conv_pw", "_bn0": "bn1", "_depthwise_conv": "conv_dw", "_bn1": "bn2", "_project_conv": "conv_pwl",
             "_bn2": "bn3"}
    first = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}
    for key, value in state.items():
        parts = key.split(".")
        if parts[0] == "_blocks":
            stage, place = stages[int(parts[1])]
            parts[:3] = ["blocks", str(stage), str(place), (inner if stage else first)[parts[2]]]
        else:
            parts[0] = top[parts[0]]
        out[".".join(parts)] = value
    return out


def lite_timm_config(name, size):
    return {"config.json": {"architecture": name, "num_classes": 1000, "num_features": 1280, "global_pool": "avg", "pretrained_cfg":
                            {"input_size": [3, size, size], "interpolation": "bicubic", "crop_pct": 0.875,
                             "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}}}


def flat(model, pixels):
    return model(pixels)


def greatest(model, pixels):
    return model.features(pixels).amax(dim=(2, 3))


def mean(model, pixels):
    return model.features(pixels).mean(dim=(2, 3))


def write_json(path, value):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(value, file, indent=1)
        file.write("\n")


def check(name, stages):
    vectors = unit(stages["project"])
    apart = min(float((vectors[a] - vectors[b]).norm()) for a in range(len(vectors)) for b in range(a))
    print(f"{name}: vectors of {vectors.shape[1]}, two images' unit vectors are at least {apart:.3f} apart")
    assert apart > 0.05


def write(directory, name, state, stages, pixels, config=None, dtype=torch.float16):
    """The weights, as `dtype`; the stages and the input."""
    check(name, stages)
    out = os.path.join(directory, name)
    os.makedirs(out, exist_ok=True)
    state = {k: v.to(dtype) if v.is_floating_point() else v for k, v in state.items()}
    save_file({k: v.contiguous() for k, v in state.items()}, os.path.join(out, "model.safetensors"))
    stages = dict(stages, pixels=pixels.reshape(-1, pixels.shape[-1]), vector=unit(stages["project"]))
    save_file({k: v.float().contiguous() for k, v in stages.items()}, os.path.join(out, "expected.sft"))
    for file, value in (config or {}).items():
        write_json(os.path.join(out, file), value)
    for file in os.listdir(out):
        os.chmod(os.path.join(out, file), 0o644)


def agree(name, ours, theirs):
    worst = float((ours - theirs).abs().max() / ours.abs().max())
    print(f"{name} differs by at most {worst:.2e}")
    assert worst < 1e-9


def override(size, **more):
    return {"clipsearch.json": dict(more, preprocess={"crop": size, "resize": size + 8})}


# ---------------------------------------------------------------- Keras

def keras_names(model):
    import keras
    return {variable.path: torch.from_numpy(keras.ops.convert_to_numpy(variable.value).copy())
            for layer in model.layers for variable in layer.weights}


def narrow_keras_vgg16(size, widths):
    """keras.applications.vgg16's own layers, narrower: its constructor has no widths."""
    import keras
    inputs = keras.Input((size, size, 3))
    x = inputs
    for block, (convolutions, width) in enumerate(zip((2, 2, 3, 3, 3), widths), 1):
        for layer in range(1, convolutions + 1):
            x = keras.layers.Conv2D(width, 3, activation="relu", padding="same", name=f"block{block}_conv{layer}")(x)
        x = keras.layers.MaxPooling2D(2, strides=2, name=f"block{block}_pool")(x)
    return keras.Model(inputs, keras.layers.GlobalMaxPooling2D()(x))


def keras_case(directory, name, model, size, count, config=None):
    """Random numbers into the model; its layers in float64 through torch, held against Keras's own float32."""
    import keras
    generator = torch.Generator().manual_seed(7)
    for layer in model.layers:
        if layer.weights:
            kernel, bias = layer.get_weights()
            value = torch.randn(kernel.shape, generator=generator) * (2 / np.prod(kernel.shape[:3]))**0.5
            layer.set_weights([exact16(value).numpy(), exact16(0.2 * torch.randn(bias.shape, generator=generator)).numpy()])
    pixels = 60 * make_pixels(count, size, seed=8)  # of the size that images have without division by 255
    x, stages, block = pixels.double(), {}, 0
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D):
            kernel, bias = (torch.from_numpy(np.array(w)).double() for w in layer.get_weights())
            x = torch.relu(nn.functional.conv2d(x, kernel.permute(3, 2, 0, 1), bias, padding=1))
        elif isinstance(layer, keras.layers.MaxPooling2D):
            x = nn.functional.max_pool2d(x, 2)
            stages[f"block.{block}"] = rows(x)
            block += 1
    stages["project"] = x.amax(dim=(2, 3))
    theirs = torch.from_numpy(keras.ops.convert_to_numpy(model(pixels.permute(0, 2, 3, 1).numpy())).copy())
    worst = float((theirs.double() - stages["project"]).abs().max() / stages["project"].abs().max())
    print(f"{name}: Keras in float32 differs by {worst:.1e}")
    assert worst < 1e-5
    write(directory, name, keras_names(model), stages, pixels, config)


# ---------------------------------------------------------------- CLIP

def open_clip_model(layers, width, head_width, size, dim, text):
    import open_clip
    context, vocabulary, text_width, heads, text_layers = text
    cfg = {"embed_dim": dim, "quick_gelu": True,
           "vision_cfg": {"image_size": size, "layers": layers, "width": width, "head_width": head_width, "patch_size": None},
           "text_cfg": {"context_length": context, "vocab_size": vocabulary, "width": text_width, "heads": heads,
                        "layers": text_layers}}
    return open_clip.CLIP(**cfg).eval(), cfg


def clip_stages(visual):
    return {"stem": visual.avgpool, **{f"block.{i}": getattr(visual, f"layer{i + 1}") for i in range(4)}}


@torch.no_grad()
def texts(model, cfg):
    """Token ids without their padding, and the vectors of the texts they are."""
    end, lengths = cfg["vocab_size"] - 1, [3, cfg["context_length"], 6]
    ids = torch.zeros(len(lengths), cfg["context_length"], dtype=torch.long)
    generator = torch.Generator().manual_seed(12)
    for row, length in zip(ids, lengths):
        row[0], row[length - 1] = end - 1, end
        row[1:length - 1] = torch.randint(1, end - 1, (length - 2,), generator=generator)
    return {"text.ids": torch.cat([row[:length] for row, length in zip(ids, lengths)]), "text.lengths": torch.tensor(lengths),
            "text.vector": unit(model.encode_text(ids))}


def clip_case(directory, name, model, cfg, size, count, config):
    pixels = make_pixels(count, size, seed=10)
    scale_weights(model.visual, pixels, seed=9)
    generator = torch.Generator().manual_seed(11)
    for key, weight in model.named_parameters():  # the text tower: any numbers do
        if not key.startswith("visual."):
            weight.data.copy_(exact16(0.1 * torch.randn(weight.shape, generator=generator)))
    model.logit_scale.data.fill_(4.59375)
    state = {k: v.clone() for k, v in model.state_dict().items() if k != "attn_mask"}
    stages = run(model.double().visual, pixels.double(), clip_stages(model.visual), flat)
    if config:
        stages |= texts(model, cfg["text_cfg"])
    write(directory, name, state, stages, pixels, config and {"open_clip_config.json": {"model_cfg": cfg, "preprocess_cfg": {}}})
    return state, pixels, stages


# ---------------------------------------------------------------- the cases

def tiny(directory):
    for name, planes in (("resnet34", (5, 6, 9, 13)), ("resnet50", (3, 4, 5, 6))):
        block, layers = BLOCKS[name]
        model, pixels = NarrowResNet(block, layers, planes).eval(), make_pixels(2, 72, seed=2)
        scale_weights(model, pixels, seed=1)
        state = model.state_dict()
        write(directory, name, state, run(model.double(), pixels.double(), resnet_stages(model), flat), pixels, override(72))

    layers = make_layers([4, 5, "M", 6, 7, "M", 8, 8, 9, "M", 10, 10, 11, "M", 12, 12, 13, "M"])
    model, pixels = VGG(layers, num_classes=1, init_weights=False).eval(), make_pixels(2, 40, seed=4)
    model.classifier = nn.Identity()
    scale_weights(model.features, pixels, seed=3)
    write(directory, "vgg16", model.state_dict(), run(model.double(), pixels.double(), vgg_stages(model), greatest), pixels,
          override(40))

    settings = [[1, 32, 1, 1], [6, 40, 2, 2], [6, 48, 3, 2], [6, 56, 4, 2], [6, 64, 3, 1], [6, 72, 3, 2], [6, 80, 1, 1]]
    model = MobileNetV2(num_classes=1, width_mult=0.125, round_nearest=1, inverted_residual_setting=settings).eval()
    model.classifier, pixels = nn.Identity(), make_pixels(2, 40, seed=6)
    scale_weights(model, pixels, seed=5)
    write(directory, "mobilenet-v2", model.state_dict(), run(model.double(), pixels.double(), mobilenet_stages(model), mean),
          pixels, override(40))

    model, pixels = tiny_lite(48), make_pixels(2, 48, seed=14)
    scale_weights(model, pixels, seed=13)
    state, stages = model.state_dict(), lite_run(model.double(), pixels.double())
    write(directory, "efficientnet-lite0", state, stages, pixels, override(48))
    write(directory, "efficientnet-lite0-timm", timm_names(state), stages, pixels, lite_timm_config("tf_efficientnet_lite0", 48))

    keras_case(directory, "vgg16-keras", narrow_keras_vgg16(40, (4, 5, 6, 7, 9)), 40, 2,
               {"clipsearch.json": {"preprocess": {"crop": 40, "resize": 40}}})

    model, cfg = open_clip_model([3, 4, 6, 3], 2, 16, 64, 24, (12, 600, 40, 2, 2))
    clip_case(directory, "clip-rn50", model, cfg, 64, 2, True)
    lite_clip_case(directory, "clip-lite0")


def full_resnet(directory, name):
    import timm
    from transformers import ResNetConfig, ResNetModel
    model, pixels = getattr(torchvision.models, name)().eval(), make_pixels(2, 224, seed=2)
    scale_weights(model, pixels, seed=1)
    state = model.state_dict()
    model.fc = nn.Identity()
    model.double()
    stages = run(model, pixels.double(), resnet_stages(model), flat)
    other = timm.create_model(name, num_classes=0).eval()
    other.load_state_dict({k: v for k, v in state.items() if not k.startswith("fc.")})
    with torch.no_grad():
        agree(f"{name}: timm", stages["project"], other.double()(pixels.double()))
    write(directory, name, state, stages, pixels)
    write(directory, f"{name}-timm", other.state_dict(), stages, pixels,
          {"config.json": {"architecture": name, "num_classes": 0, "num_features": other.num_features, "pretrained_cfg":
                           {"input_size": [3, 224, 224], "interpolation": "bicubic", "crop_pct": 0.95,
                            "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}}}, torch.float32)
    if name == "resnet18":
        return
    block, layers = BLOCKS[name]
    hf = ResNetModel(ResNetConfig(depths=layers, layer_type="bottleneck" if block is Bottleneck else "basic",
                                  hidden_sizes=[planes * block.expansion for planes in (64, 128, 256, 512)])).eval()
    names = {"embedder.embedder.convolution": "conv1", "embedder.embedder.normalization": "bn1"}
    for stage, count in enumerate(layers):
        for i in range(count):
            ours, theirs = f"encoder.stages.{stage}.layers.{i}", f"layer{stage + 1}.{i}"
            names |= {f"{ours}.shortcut.convolution": f"{theirs}.downsample.0", f"{ours}.shortcut.normalization": f"{theirs}.downsample.1"}
            for conv in range(3):
                names |= {f"{ours}.layer.{conv}.convolution": f"{theirs}.conv{conv + 1}",
                          f"{ours}.layer.{conv}.normalization": f"{theirs}.bn{conv + 1}"}
    mapped = {}
    for key in hf.state_dict():
        module, part = key.rsplit(".", 1)
        mapped[key] = state[f"{names[module]}.{part}"]
    hf.load_state_dict(mapped)
    with torch.no_grad():
        agree(f"{name}: transformers", stages["project"], hf.double()(pixels.double()).pooler_output.flatten(1))
    write(directory, f"{name}-transformers", mapped, stages, pixels, {"config.json": hf.config.to_dict()})


def full_vgg(directory):
    model, pixels = torchvision.models.vgg16(init_weights=False).eval(), make_pixels(2, 224, seed=4)
    model.classifier = nn.Identity()
    scale_weights(model.features, pixels, seed=3)
    write(directory, "vgg16", model.state_dict(), run(model.double(), pixels.double(), vgg_stages(model), greatest), pixels)


def full_keras_vgg(directory):
    import keras
    keras_case(directory, "vgg16-keras", keras.applications.VGG16(weights=None, include_top=False, pooling="max",
                                                                   input_shape=(224, 224, 3)), 224, 2)


def full_mobilenet(directory):
    model, pixels = torchvision.models.mobilenet_v2().eval(), make_pixels(2, 224, seed=6)
    model.classifier = nn.Identity()
    scale_weights(model, pixels, seed=5)
    write(directory, "mobilenet-v2", model.state_dict(), run(model.double(), pixels.double(), mobilenet_stages(model), mean), pixels)


def full_lite(directory, number):
    import timm
    from efficientnet_lite_pytorch import EfficientNet
    size = (224, 240, 260, 280, 300)[number]
    model, pixels = EfficientNet.from_name(f"efficientnet-lite{number}").eval(), make_pixels(2, size, seed=14)
    scale_weights(model, pixels, seed=13)
    state, stages = model.state_dict(), lite_run(model.double(), pixels.double())
    write(directory, f"efficientnet-lite{number}", state, stages, pixels)
    renamed, name = timm_names(state), f"tf_efficientnet_lite{number}"
    other = timm.create_model(name, num_classes=1000).eval()
    other.load_state_dict(renamed)
    other.reset_classifier(0)
    with torch.no_grad():
        agree(f"{name}: timm", stages["project"], other.double()(pixels.double()))
    write(directory, f"efficientnet-lite{number}-timm", renamed, stages, pixels, lite_timm_config(name, size), torch.float32)


def full_clip(directory):
    model, cfg = open_clip_model([3, 4, 6, 3], 64, 64, 224, 1024, (77, 49408, 512, 8, 12))
    state, pixels, stages = clip_case(directory, "clip-rn50", model, cfg, 224, 2, False)
    found = importlib.util.find_spec("clip")
    if not found:
        print("clip-rn50: OpenAI's package is not installed; not compared with it")
        return
    # model.py alone: the package's other files want an old setuptools
    spec = importlib.util.spec_from_file_location("clip_model", os.path.join(found.submodule_search_locations[0], "model.py"))
    openai = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(openai)
    other = openai.build_model({**state, "input_resolution": torch.tensor(224), "context_length": torch.tensor(77),
                         "vocab_size": torch.tensor(49408)}).double().eval()
    with torch.no_grad():
        agree("clip-rn50: OpenAI's package", stages["project"], other.visual(pixels.double()))


def seeds(directory):
    def save(name, state):
        path = os.path.join(directory, name)
        save_file({k: v.half().contiguous() for k, v in state.items() if v.is_floating_point()}, path)
        os.chmod(path, 0o644)

    torch.manual_seed(0)
    save("resnet", NarrowResNet(BasicBlock, [1, 1, 1, 1], (1, 1, 2, 1)).state_dict())
    save("bottleneck", NarrowResNet(Bottleneck, [1, 1, 1, 1], (1, 1, 1, 1)).state_dict())
    vgg = VGG(make_layers([1, "M", 1, "M", 2, "M", 1, "M", 1, "M"]), num_classes=1, init_weights=False)
    save("vgg", {k: v for k, v in vgg.state_dict().items() if k.startswith("features")})
    save("keras", {f"block{block}_conv1/{part}": torch.randn((3, 3, 3 if block == 1 else 1, 1) if part == "kernel" else (1,))
                   for block in range(1, 6) for part in ("kernel", "bias")})
    state = open_clip_model([1, 1, 1, 1], 2, 64, 32, 1, (2, 3, 64, 1, 1))[0].state_dict()
    keep = ("token_embedding.weight", "positional_embedding", "ln_final.weight")
    clip = {k: v for k, v in state.items() if k.startswith("visual.") or k in keep}
    save("clip-resnet", clip | {"text_projection": torch.zeros(64, 1),
                                "transformer.resblocks.0.attn.in_proj_weight": torch.zeros(1)})


FULL = {**{name: lambda d, name=name: full_resnet(d, name) for name in ("resnet18", "resnet34", "resnet50")},
        "vgg16": full_vgg, "vgg16-keras": full_keras_vgg, "mobilenet-v2": full_mobilenet,
        **{f"efficientnet-lite{n}": lambda d, n=n: full_lite(d, n) for n in range(5)}, "clip-rn50": full_clip}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tiny", metavar="DIR")
    parser.add_argument("--full", metavar="DIR")
    parser.add_argument("--seeds", metavar="DIR")
    parser.add_argument("--only", help="names, with commas")
    args = parser.parse_args()
    if args.tiny:
        tiny(args.tiny)
    if args.seeds:
        seeds(args.seeds)
    for name, make in FULL.items() if args.full else ():
        if not args.only or name in args.only.split(","):
            make(args.full)


if __name__ == "__main__":
    main()
