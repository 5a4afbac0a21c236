# SPDX-License-Identifier: MIT
"""Make CLIP models with random weights and what the reference implementations compute with them.

    clip_towers.py --tiny DIR --bpe BPE       the small fixture (tests/data/clip-tiny)
    clip_towers.py --full DIR --bpe BPE       a complete model directory of true size, DIR/expected/ with the results
                   [--arch vit-b-32|vit-b-16|vit-l-14] [--image FILE]...

BPE is a directory with CLIP's merges.txt. Weights are seeded and scaled so that attention is sharp and the vectors
of different inputs differ (asserted): plain initialisation makes all outputs nearly equal and would hide faults.
Expected values are computed in float64 by transformers' CLIPModel (sdpa attention: its eager attention takes the
softmax in float32) and stored as float32; open_clip
with the same weights, must agree with them to 1e-9 at every stage (asserted) before anything is written.
"""
import argparse
import json
import os

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from transformers import CLIPConfig, CLIPModel

from open_clip_names import with_open_clip_names
from random_pixels import make_pixels

ARCHITECTURES = {
    # vision: width, layers, heads, mlp, image, patch; text: width, layers, heads, mlp, context, vocabulary; dim.
    # The tiny one has odd sizes on purpose: no width is a power of two, the heads of the two towers differ in size.
    "tiny": ((48, 3, 3, 132, 40, 8), (40, 2, 2, 140, 16, 600), 24),
    "vit-b-32": ((768, 12, 12, 3072, 224, 32), (512, 12, 8, 2048, 77, 49408), 512),
    "vit-b-16": ((768, 12, 12, 3072, 224, 16), (512, 12, 8, 2048, 77, 49408), 512),
    "vit-b-32-256": ((768, 12, 12, 3072, 256, 32), (512, 12, 8, 2048, 77, 49408), 512),
    "tinyclip-8m-16": ((256, 10, 4, 1024, 224, 16), (256, 3, 4, 1024, 77, 49408), 512),
    "tinyclip-39m-16": ((512, 12, 8, 2048, 224, 16), (512, 6, 8, 2048, 77, 49408), 512),
    "tinyclip-40m-32": ((512, 12, 8, 2048, 224, 32), (512, 6, 8, 2048, 77, 49408), 512),
    "vit-l-14": ((1024, 24, 16, 4096, 224, 14), (768, 12, 12, 3072, 77, 49408), 768),
}
MEAN = [0.48145466, 0.4578275, 0.40821073]
STD = [0.26862954, 0.26130258, 0.27577711]
TEXTS = ["a diagram", "a dog", "a cat", "a photo of two people walking along the beach at sunset"]


def config_of(arch, activation):
    (vw, vl, vh, vm, image, patch), (tw, tl, th, tm, context, vocabulary), dim = ARCHITECTURES[arch]
    return CLIPConfig(
        projection_dim=dim,
        vision_config=dict(hidden_size=vw, num_hidden_layers=vl, num_attention_heads=vh, intermediate_size=vm,
                           image_size=image, patch_size=patch, hidden_act=activation, projection_dim=dim),
        text_config=dict(hidden_size=tw, num_hidden_layers=tl, num_attention_heads=th, intermediate_size=tm,
                         max_position_embeddings=context, vocab_size=vocabulary, hidden_act=activation,
                         projection_dim=dim, bos_token_id=vocabulary - 2, eos_token_id=vocabulary - 1,
                         pad_token_id=vocabulary - 1),
    )


def scale_weights(model, seed, exact16):
    """Random weights. exact16: every weight is the same number in float32, float16 and bfloat16."""
    generator = torch.Generator().manual_seed(seed)
    for name, weight in sorted(model.named_parameters()):
        fan_in = weight[0].numel() if weight.dim() > 1 else 1
        if name == "logit_scale":
            weight.data.fill_(float(np.log(100.0)))
            continue
        value = torch.randn(weight.shape, generator=generator)
        if "norm" in name or "layrnorm" in name:
            value = 1 + 0.2 * value if name.endswith("weight") else 0.1 * value
        elif name.endswith("bias"):
            value = 0.1 * value
        elif "class_embedding" in name or "token_embedding" in name:
            value = value
        elif "position_embedding" in name:
            value = 0.3 * value
        elif "q_proj" in name or "k_proj" in name:
            value = 1.5 * value / fan_in**0.5  # scores of standard deviation about 2: attention looks at few rows
        elif "patch_embedding" in name:
            value = 2 * value / fan_in**0.5
        else:
            value = value / fan_in**0.5
        if exact16:
            value = value.to(torch.bfloat16).float()
            value[value.abs() < 2**-14] = 0  # what is left is a normal number in float16
            assert torch.equal(value, value.half().float())
        weight.data.copy_(value)


def make_ids(lengths, context, vocabulary, seed):
    """Padded with the end token as Hugging Face does; the texts' own tokens are never the end token."""
    generator = torch.Generator().manual_seed(seed)
    ids = torch.full((len(lengths), context), vocabulary - 1)
    for row, length in enumerate(lengths):
        ids[row, 0] = vocabulary - 2
        ids[row, 1:length - 1] = torch.randint(0, vocabulary - 2, (length - 2,), generator=generator)
    return ids


def unit(x):
    return x / x.norm(dim=-1, keepdim=True)


@torch.no_grad()
def transformers_stages(model, pixels, ids, lengths):
    """Every stage in float64: {"vision.embed": [items, tokens, width], ...}."""
    stages = {}
    if pixels is not None:
        x = model.vision_model.pre_layrnorm(model.vision_model.embeddings(pixels.double()))
        stages["vision.embed"] = x
        out = model.vision_model(pixels.double(), output_hidden_states=True)
        for layer in range(model.config.vision_config.num_hidden_layers):
            stages[f"vision.block.{layer}"] = out.hidden_states[layer + 1]
        stages["vision.final"] = out.pooler_output
        stages["vision.project"] = model.visual_projection(out.pooler_output)
        stages["vision.vector"] = unit(stages["vision.project"])
    if ids is not None:
        out = model.text_model(input_ids=ids, output_hidden_states=True)
        stages["text.embed"] = out.hidden_states[0]
        for layer in range(model.config.text_config.num_hidden_layers):
            stages[f"text.block.{layer}"] = out.hidden_states[layer + 1]
        stages["text.final"] = out.pooler_output
        stages["text.project"] = model.text_projection(out.pooler_output)
        stages["text.vector"] = unit(stages["text.project"])
    return stages


@torch.no_grad()
def open_clip_stages(model, pixels, ids):
    """The same from open_clip, by hooks on its blocks."""
    stages, hooks = {}, []

    def keep(name):
        return lambda module, args, out: stages.__setitem__(name, out.detach())

    for tower, root, pre in (("vision", model.visual.transformer, model.visual.ln_pre), ("text", model.transformer, None)):
        if pre is not None:
            hooks.append(pre.register_forward_hook(keep(f"{tower}.embed")))
        for layer, block in enumerate(root.resblocks):
            hooks.append(block.register_forward_hook(keep(f"{tower}.block.{layer}")))
    stages["vision.project"] = model.encode_image(pixels.double())
    stages["text.project"] = model.encode_text(ids)
    for hook in hooks:
        hook.remove()
    for tower in ("vision", "text"):
        stages[f"{tower}.vector"] = unit(stages[f"{tower}.project"])
    return stages


def open_clip_of(arch, activation, state):
    """An open_clip model with the weights of `state` (Hugging Face names)."""
    import open_clip

    (vw, vl, vh, vm, image, patch), (tw, tl, th, tm, context, vocabulary), dim = ARCHITECTURES[arch]
    model_cfg = {
        "embed_dim": dim,
        "quick_gelu": activation == "quick_gelu",
        "vision_cfg": {"image_size": image, "layers": vl, "width": vw, "head_width": vw // vh, "patch_size": patch,
                       "mlp_ratio": vm / vw},
        "text_cfg": {"context_length": context, "vocab_size": vocabulary, "width": tw, "heads": th, "layers": tl,
                     "mlp_ratio": tm / tw},
    }
    model = open_clip.CLIP(**model_cfg).eval()
    model.load_state_dict(with_open_clip_names(state, vl, tl))
    return model, model_cfg


def check(model, arch, activation, stages, pixels, ids, most=0.9):
    """open_clip agrees, and the vectors vary: no two have a cosine of `most`."""
    other, model_cfg = open_clip_of(arch, activation, {k: v.float() for k, v in model.state_dict().items()})
    theirs = open_clip_stages(other.double(), pixels, ids)
    worst = max(float((stages[name] - value).abs().max()) for name, value in theirs.items())
    print(f"{arch} {activation}: {len(theirs)} stages, open_clip differs by at most {worst:.2e}")
    assert worst < 1e-9
    for tower in ("vision", "text"):
        vector = stages[f"{tower}.vector"]
        cosine = vector @ vector.T - 2 * torch.eye(len(vector))
        print(f"  {tower}: greatest cosine between two inputs {float(cosine.max()):.3f}, "
              f"rms of the last block {float(stages[sorted(k for k in stages if k.startswith(tower + '.block'))[-1]].square().mean().sqrt()):.2f}")
        assert float(cosine.max()) < most
    return other.float(), model_cfg


def rows_as_computed(stages, lengths):
    """What the library computes of each stage: texts without their padding, and after the last block one row an item."""
    out = {}
    for name, value in stages.items():
        tower, stage = name.split(".")[:2]
        if value.dim() == 3:
            last = name == max((k for k in stages if k.startswith(f"{tower}.block.")), key=lambda k: int(k.split(".")[2]))
            if tower == "vision":
                value = value[:, 0] if last else value.flatten(0, 1)
            else:
                value = torch.cat([value[i, n - 1:n] if last else value[i, :n] for i, n in enumerate(lengths)])
        out[name] = value.float().contiguous()
    return out


def ragged(ids, lengths):
    return {"text.ids": torch.cat([ids[i, :n] for i, n in enumerate(lengths)]).float(),
            "text.lengths": torch.tensor(lengths).float()}


def write_json(path, value):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(value, file, indent=1, ensure_ascii=False)
        file.write("\n")


def bytes_to_unicode():
    """The printable stand-in of each byte, in the order of the vocabulary's first 256 ids."""
    keep = [*range(33, 127), *range(161, 173), *range(174, 256)]
    pairs = [(b, chr(b)) for b in keep]
    pairs += [(b, chr(256 + i)) for i, b in enumerate(b for b in range(256) if b not in keep)]
    return dict(pairs)


def write_tokenizer(directory, bpe, vocabulary):
    """The first merges that the vocabulary has room for, and the vocabulary they make."""
    with open(os.path.join(bpe, "merges.txt"), encoding="utf-8") as file:
        merges = file.read().split("\n")[1:vocabulary - 512 - 2 + 1]
    with open(os.path.join(directory, "merges.txt"), "w", encoding="utf-8") as file:
        file.write("#version: 0.2\n" + "\n".join(merges) + "\n")
    pieces = list(bytes_to_unicode().values())
    pieces += [piece + "</w>" for piece in pieces] + [merge.replace(" ", "") for merge in merges]
    pieces += ["<|startoftext|>", "<|endoftext|>"]
    assert len(pieces) == vocabulary
    with open(os.path.join(directory, "vocab.json"), "w", encoding="utf-8") as file:
        json.dump({piece: i for i, piece in enumerate(pieces)}, file, ensure_ascii=False)


def write_preprocessor(directory, size):
    write_json(os.path.join(directory, "preprocessor_config.json"),
               {"do_resize": True, "size": {"shortest_edge": size}, "resample": 3, "do_center_crop": True,
                "crop_size": {"height": size, "width": size}, "do_rescale": True, "rescale_factor": 1 / 255,
                "do_normalize": True, "image_mean": MEAN, "image_std": STD, "do_convert_rgb": True})


def save_model(model, directory, dtype=torch.float32):
    """transformers writes the directory; a copy in another number type is converted from it (position_ids stay)."""
    os.makedirs(directory, exist_ok=True)
    model.save_pretrained(directory)
    if dtype != torch.float32:
        path = os.path.join(directory, "model.safetensors")
        save_file({k: v.to(dtype) if v.is_floating_point() else v for k, v in load_file(path).items()}, path,
                  metadata={"format": "pt"})


def tiny(directory, bpe):
    vision, text, _ = ARCHITECTURES["tiny"]
    lengths = [3, 16, 5, 2, 9]
    pixels, ids = make_pixels(3, vision[4], seed=2), make_ids(lengths, text[4], text[5], seed=3)
    expected = {"vision.pixels": pixels, **ragged(ids, lengths)}
    for activation in ("quick_gelu", "gelu"):
        model = CLIPModel._from_config(config_of("tiny", activation), attn_implementation="sdpa").eval()
        scale_weights(model, seed=1, exact16=True)
        if activation == "quick_gelu":
            for name, dtype in (("hf", torch.float32), ("hf-f16", torch.float16), ("hf-bf16", torch.bfloat16)):
                save_model(model, os.path.join(directory, name), dtype)
        stages = transformers_stages(model.double(), pixels, ids, lengths)
        other, model_cfg = check(model, "tiny", activation, stages, pixels, ids)
        if activation == "quick_gelu":
            out = os.path.join(directory, "open-clip")
            os.makedirs(out, exist_ok=True)
            save_file({k: v.contiguous() for k, v in other.state_dict().items()},
                      os.path.join(out, "open_clip_model.safetensors"))
            write_json(os.path.join(out, "open_clip_config.json"),
                       {"model_cfg": model_cfg, "preprocess_cfg": {"mean": MEAN, "std": STD}})
        expected.update({f"{activation}.{k}": v for k, v in rows_as_computed(stages, lengths).items()})
    hf = os.path.join(directory, "hf")
    write_preprocessor(hf, vision[4])
    write_tokenizer(hf, bpe, text[5])
    save_file(expected, os.path.join(directory, "expected.safetensors"))


def full(directory, arch, bpe, images):
    vision, text, _ = ARCHITECTURES[arch]
    lengths = [5, 77, 2, 12]
    pixels, ids = make_pixels(3, vision[4], seed=2), make_ids(lengths, text[4], text[5], seed=3)
    model = CLIPModel._from_config(config_of(arch, "quick_gelu"), attn_implementation="sdpa").eval()
    scale_weights(model, seed=1, exact16=False)
    os.makedirs(os.path.join(directory, "expected"), exist_ok=True)
    save_model(model, directory)
    write_preprocessor(directory, vision[4])
    write_tokenizer(directory, bpe, text[5])
    stages = transformers_stages(model.double(), pixels, ids, lengths)
    check(model, arch, "quick_gelu", stages, pixels, ids)
    expected = {"vision.pixels": pixels, **ragged(ids, lengths)}
    expected.update({f"quick_gelu.{k}": v for k, v in rows_as_computed(stages, lengths).items()})
    save_file(expected, os.path.join(directory, "expected", "expected.safetensors"))
    if images:
        real(model, directory, vision[4], images)


def real(model, directory, size, images):
    """Photographs and words all the way: torchvision's preprocessing over Pillow, transformers' tokenizer."""
    from PIL import Image
    from torchvision import transforms
    from transformers import CLIPTokenizer

    prepare = transforms.Compose([
        transforms.Resize(size, transforms.InterpolationMode.BICUBIC), transforms.CenterCrop(size),
        transforms.ToTensor(), transforms.Normalize(MEAN, STD)])
    pixels = torch.stack([prepare(Image.open(path).convert("RGB")) for path in images])
    tokenizer = CLIPTokenizer(os.path.join(directory, "vocab.json"), os.path.join(directory, "merges.txt"))
    ids = [tokenizer(text)["input_ids"] for text in TEXTS]
    context, end = model.config.text_config.max_position_embeddings, model.config.text_config.eos_token_id
    padded = torch.tensor([row + [end] * (context - len(row)) for row in ids])
    stages = transformers_stages(model, pixels, padded, None)
    out = {"image.pixels": pixels, "image.vectors": stages["vision.vector"].float(),
           "text.vectors": stages["text.vector"].float(), **ragged(padded, [len(row) for row in ids])}
    save_file(out, os.path.join(directory, "expected", "real.safetensors"))
    write_json(os.path.join(directory, "expected", "real.json"),
               {"images": [os.path.basename(path) for path in images], "texts": TEXTS, "ids": ids})


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tiny")
    parser.add_argument("--full")
    parser.add_argument("--arch", default="vit-b-32", choices=[a for a in ARCHITECTURES if a != "tiny"])
    parser.add_argument("--bpe", required=True)
    parser.add_argument("--image", action="append", default=[])
    args = parser.parse_args()
    torch.manual_seed(0)
    if args.tiny:
        tiny(args.tiny, args.bpe)
    if args.full:
        full(args.full, args.arch, args.bpe, args.image)


if __name__ == "__main__":
    main()
