# SPDX-License-Identifier: MIT
"""How much vectors in int8 differ from those in f32, of images and of sentences:

    precision.py compare CLIPSEARCH MODEL [--images LIST] [--texts LIST] [--int8 MODEL]
    precision.py decode CLIPSEARCH MODEL --images LIST
    precision.py outliers MODEL TO

compare: LIST has a path or a text a line. Every item is encoded by `clipsearch embed` in f32 and in int8 (with --int8 by
that model, which `model convert --precision int8` wrote). Printed are the cosine of an item's two vectors, and of each
item's ten nearest in f32 the share that is among its ten nearest when all vectors are int8, and when an f32 vector is
searched for among int8 ones.

decode: the same of images that were decoded with `decode: fast` and exactly, as `clipsearch ingest` stores them.

outliers: a copy of MODEL (Hugging Face layout) whose residual stream has five channels with 50 to 100 times the others'
size in both towers, from the second block to the last: the bias of the second block's fc2 adds them and that of the last
takes them away. Real models have such "massive activations" in a few fixed channels, the same for all inputs, from an
early layer on, and they vanish in the last (Sun et al., Massive Activations in Large Language Models, 2024, section 5:
CLIP's image tower too)."""
import argparse
import os
import shutil
import sqlite3
import subprocess
import tempfile

import numpy as np

CHANNELS, LEAST, MOST = 5, 50, 100


def embed(program, model, precision, option, path):
    with tempfile.TemporaryDirectory() as directory:
        out = os.path.join(directory, "vectors.npy")
        subprocess.run([program, "embed", "--model", model, "--precision", precision, "--quiet", "--format", "npy",
                        option, path, "-o", out], check=True)
        return np.load(out).astype(np.float64)


def nearest(queries, vectors):
    scores = queries @ vectors.T
    np.fill_diagonal(scores, -2)
    return np.argsort(-scores, axis=1)[:, :10]


def overlap(a, b):
    return np.mean([len(set(x) & set(y)) / 10 for x, y in zip(a, b)])


def compare(args):
    for what, option, path in (("images", "--images-from", args.images), ("texts", "--list", args.texts)):
        if not path:
            continue
        exact = embed(args.program, args.model, "f32", option, path)
        coded = embed(args.program, args.int8 or args.model, "int8", option, path)
        cosines = np.sum(exact * coded, axis=1) / np.linalg.norm(exact, axis=1) / np.linalg.norm(coded, axis=1)
        others = exact @ exact.T
        spread = others[~np.eye(len(exact), dtype=bool)]
        ten = nearest(exact, exact)
        print(f"{what}: {len(exact)}; cosine of two of them in f32 {spread.mean():.3f} on average; "
              f"of int8 to f32 at least {cosines.min():.6f}, on average {cosines.mean():.6f}; ten nearest: "
              f"all int8 {overlap(ten, nearest(coded, coded)):.4f}, f32 among int8 {overlap(ten, nearest(exact, coded)):.4f}")


def ingest(program, model, decode, path):
    with tempfile.TemporaryDirectory() as directory:
        db = os.path.join(directory, "db")
        subprocess.run([program, "ingest", "--model", model, "--decode", decode, "--quiet", "--db", db, "--files-from", path],
                       check=True)
        rows = sqlite3.connect(db).execute("SELECT vector FROM items JOIN vectors USING(key) ORDER BY path").fetchall()
        return np.array([np.frombuffer(row[0], "<f4") for row in rows], np.float64)


def compare_decoders(args):
    exact, fast = (ingest(args.program, args.model, decode, args.images) for decode in ("exact", "fast"))
    cosines = np.sum(exact * fast, axis=1)
    ten = nearest(exact, exact)
    print(f"images: {len(exact)}; cosine of fast to exact at least {cosines.min():.6f}, on average {cosines.mean():.6f}; "
          f"ten nearest: all fast {overlap(ten, nearest(fast, fast)):.4f}, exact among fast {overlap(ten, nearest(exact, fast)):.4f}")


def add_outliers(args):
    import torch
    from safetensors.torch import load_file, save_file
    from transformers import CLIPModel

    model = CLIPModel.from_pretrained(args.model).eval()
    shutil.copytree(args.model, args.to, ignore=shutil.ignore_patterns("expected"))
    tensors = load_file(os.path.join(args.model, "model.safetensors"))
    generator = torch.Generator().manual_seed(13)
    with torch.no_grad():
        size = model.config.vision_config.image_size
        pixels = torch.randn(1, 3, size, size, generator=generator)
        ids = torch.randint(0, 1000, (1, 8), generator=generator)
        streams = {"vision": model.vision_model(pixels, output_hidden_states=True).hidden_states[2],
                   "text": model.text_model(ids, output_hidden_states=True).hidden_states[2]}
    for tower, stream in streams.items():
        config = getattr(model.config, f"{tower}_config")
        channels = torch.randperm(config.hidden_size, generator=generator)[:CHANNELS]
        values = stream.square().mean().sqrt() * torch.linspace(LEAST, MOST, CHANNELS) * torch.tensor([1, -1, 1, -1, 1])
        for layer, sign in ((1, 1), (config.num_hidden_layers - 1, -1)):
            tensors[f"{tower}_model.encoder.layers.{layer}.mlp.fc2.bias"][channels] += sign * values
    save_file(tensors, os.path.join(args.to, "model.safetensors"), metadata={"format": "pt"})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    actions = parser.add_subparsers(required=True)
    action = actions.add_parser("compare")
    action.add_argument("program")
    action.add_argument("model")
    action.add_argument("--int8")
    action.add_argument("--images")
    action.add_argument("--texts")
    action.set_defaults(run=compare)
    action = actions.add_parser("decode")
    action.add_argument("program")
    action.add_argument("model")
    action.add_argument("--images", required=True)
    action.set_defaults(run=compare_decoders)
    action = actions.add_parser("outliers")
    action.add_argument("model")
    action.add_argument("to")
    action.set_defaults(run=add_outliers)
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
