#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measure clipsearch duplicates: precision, and recall for each kind of change, on photographs that are changed here.

    duplicates.py CLIPSEARCH DIRECTORY_OF_PHOTOS [--photos 300] [--level edited] [--seed 1] [--work DIR]

Every photo gets a changed copy of each kind, and all are ingested into one collection with the built-in model. A kind's recall is
the share of its copies that are in one group with their photo. Precision is the share of pairs within groups that are of one
photo. Needs Pillow.
"""
import argparse
import collections
import json
import os
import random
import subprocess
import tempfile

from PIL import Image, ImageEnhance, ImageOps


def crop(image, share):
    dx, dy = round(image.width * share / 2), round(image.height * share / 2)
    return image.crop((dx, dy, image.width - dx, image.height - dy))


KINDS = {
    "recode": lambda image: image,
    "resize": lambda image: image.resize((image.width // 2, image.height // 2), Image.Resampling.BICUBIC),
    "turn90": lambda image: image.transpose(Image.Transpose.ROTATE_90),
    "turn180": lambda image: image.transpose(Image.Transpose.ROTATE_180),
    "turn270": lambda image: image.transpose(Image.Transpose.ROTATE_270),
    "mirror": ImageOps.mirror,
    "transpose": lambda image: image.transpose(Image.Transpose.TRANSPOSE),
    "crop": lambda image: crop(image, 0.05),
    "brighten": lambda image: ImageEnhance.Brightness(image).enhance(1.15),
}


def make_copies(photos, directory):
    for number, path in enumerate(photos):
        with Image.open(path) as stored:
            image = ImageOps.exif_transpose(stored).convert("RGB")
        image.save(os.path.join(directory, f"{number}-original.jpg"), quality=92)
        for kind, change in KINDS.items():
            change(image).save(os.path.join(directory, f"{number}-{kind}.jpg"), quality=60 if kind == "recode" else 85)


def run(program, *arguments):
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise SystemExit(f"{' '.join(arguments)}: exit {done.returncode}\n{done.stderr}")
    return done.stdout


def judge(groups, count):
    pairs = good = 0
    found = collections.Counter()
    wrong = []
    for group in groups:
        names = [os.path.basename(item["path"])[:-4].split("-") for item in group["images"]]
        for i, (photo, kind) in enumerate(names):
            for other, _ in names[:i]:
                pairs += 1
                good += other == photo
                if other != photo:
                    wrong.append((photo, other))
            if kind != "original" and [photo, "original"] in names:
                found[kind] += 1
    print(f"precision {good / max(pairs, 1):.4f} ({good} of {pairs} pairs)", *sorted(set(wrong))[:10])
    for kind in KINDS:
        print(f"recall {kind:9} {found[kind] / count:.3f} ({found[kind]} of {count})")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("photos_directory")
    parser.add_argument("--photos", type=int, default=300)
    parser.add_argument("--level", default="edited")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--work", help="keep images and database in this directory, and use those that are there")
    args = parser.parse_args()
    photos = sorted(os.path.join(root, name) for root, _, names in os.walk(args.photos_directory) for name in names
                    if name.lower().endswith((".jpg", ".jpeg")))
    random.Random(args.seed).shuffle(photos)
    photos = photos[:args.photos]
    with tempfile.TemporaryDirectory() as scratch:
        work = args.work or scratch
        database, images = os.path.join(work, "set.db"), os.path.join(work, "images")
        if not os.path.exists(database):
            os.makedirs(images)
            make_copies(photos, images)
            run(args.program, "ingest", "-q", "--db", database, images)
        print(f"{len(photos)} photos, seed {args.seed}, level {args.level}")
        judge(json.loads(run(args.program, "duplicates", "--db", database, "--json", "--level", args.level))["groups"],
              len(photos))


if __name__ == "__main__":
    main()
