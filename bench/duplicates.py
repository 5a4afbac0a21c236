#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measure clipsearch duplicates: precision, and recall for each kind of change, on photographs that are changed here.

    duplicates.py CLIPSEARCH DIRECTORY_OF_PHOTOS [--photos 300] [--level edited] [--seed 1] [--work DIR]
    duplicates.py CLIPSEARCH DIRECTORY_OF_PHOTOS --windows 25000 [--level edited] [--seed 1] --work DIR [--most SECONDS]

Every photo gets a changed copy of each kind, and all are ingested into one collection with the built-in model. A kind's recall is
the share of its copies that are in one group with their photo. Precision is the share of pairs within groups that are of one
photo. Needs Pillow.

--windows N measures the time for many: N windows of the photographs, half to all of their sides, each four times as 320 x 240
pixels: as it is, recoded, turned by 90 degrees, and that recoded. They are imported with made vectors (numpy), as near to one another as a
model's are: copies at a cosine of 0.98, windows of one photo at 0.8, turned ones at 0.5. Windows of one photo overlap, so pairs of them within
groups are counted apart. --most ends the drawing after so many seconds; the next run goes on.
"""
import argparse
import collections
import json
import os
import random
import subprocess
import tempfile
import time

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


def draw_windows(photos, args, folder):
    """Four files of each window, DIR/PHOTO-WINDOW-KIND.jpg; those that are there stay."""
    until = time.monotonic() + args.most
    for number, path in enumerate(photos):
        windows = range(number, args.windows, len(photos))
        if all(os.path.exists(f"{folder}/{number}-{window}-d.jpg") for window in windows):
            continue
        if time.monotonic() > until:
            raise SystemExit(f"{number} of {len(photos)} photos are drawn; run again")
        with Image.open(path) as stored:
            photo = ImageOps.exif_transpose(stored).convert("RGB")
        rng = random.Random(f"{args.seed} {number}")
        for window in windows:
            width, height = (int(side * rng.uniform(0.5, 1)) for side in photo.size)
            x, y = rng.randint(0, photo.width - width), rng.randint(0, photo.height - height)
            image = photo.resize((320, 240), Image.Resampling.BILINEAR, (x, y, x + width, y + height))
            turned = image.transpose(Image.Transpose.ROTATE_90)
            for kind, copy, quality in ("a", image, 92), ("b", image, 70), ("c", turned, 92), ("d", turned, 70):
                copy.save(f"{folder}/{number}-{window}-{kind}.jpg", quality=quality)


def import_windows(photos, args, folder, database):
    """All files with made vectors, in a collection with an index file."""
    import numpy as np
    rng = np.random.default_rng(args.seed)
    def unit(shape):
        vectors = rng.standard_normal(shape, "f4")
        return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
    def near(vectors, cosine):
        return np.float32(cosine) * vectors + np.float32((1 - cosine**2) ** 0.5) * unit(vectors.shape)
    of_photo = unit((len(photos), 512))
    window = near(of_photo[np.arange(args.windows) % len(photos)], 0.8 ** 0.5)
    turned = near(window, 0.5)
    vectors = np.stack([near(each, 0.98 ** 0.5) for each in (window, window, turned, turned)], axis=1).reshape(-1, 512)
    np.save(f"{args.work}/vectors.npy", vectors)
    with open(f"{args.work}/meta.jsonl", "w", encoding="utf-8") as out:
        for window in range(args.windows):
            for kind in "abcd":
                out.write(json.dumps({"path": f"{folder}/{window % len(photos)}-{window}-{kind}.jpg"}) + "\n")
    run(args.program, "import", "-q", "--db", database, "--vectors", f"{args.work}/vectors.npy", "--meta",
        f"{args.work}/meta.jsonl")


def judge_windows(groups, count):
    pairs, second, turned = collections.Counter(), 0, 0
    for group in groups:
        names = [os.path.basename(item["path"])[:-4].split("-") for item in group["images"]]
        there = {(photo, window, kind) for photo, window, kind in names}
        for i, (photo, window, _) in enumerate(names):
            for other, another, _ in names[:i]:
                pairs["same window" if (photo, window) == (other, another) else
                      "same photo" if photo == other else "other photos"] += 1
        second += sum((photo, window, "b" if kind == "a" else "d") in there for photo, window, kind in names if kind in "ac")
        turned += sum((photo, window, "c") in there for photo, window, kind in names if kind == "a")
    print("pairs within groups:", ", ".join(f"{pairs[of]} of the {of}" if of != "other photos" else f"{pairs[of]} of {of}"
                                            for of in ("same window", "same photo", "other photos")))
    print(f"recall second copy {second / count / 2:.5f}, turned {turned / count:.5f}")


def measure_windows(photos, args):
    folder, database = os.path.join(os.path.abspath(args.work), "windows"), os.path.join(args.work, "windows.db")
    os.makedirs(folder, exist_ok=True)
    draw_windows(photos, args, folder)
    if not os.path.exists(database):
        import_windows(photos, args, folder, database)
    if args.most < 1e9:
        return print("all is drawn and imported; run without --most")
    before, start = os.times(), time.monotonic()
    output = run(args.program, "duplicates", "--db", database, "--json", "--level", args.level)
    after = os.times()
    print(f"{args.windows * 4} images, level {args.level}: {time.monotonic() - start:.1f} s by the clock, "
          f"{after.children_user + after.children_system - before.children_user - before.children_system:.1f} s of processor time")
    judge_windows(json.loads(output)["groups"], args.windows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("photos_directory")
    parser.add_argument("--photos", type=int, default=300)
    parser.add_argument("--level", default="edited")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--work", help="keep images and database in this directory, and use those that are there")
    parser.add_argument("--windows", type=int, default=0)
    parser.add_argument("--most", type=float, default=1e9, metavar="SECONDS")
    args = parser.parse_args()
    photos = sorted(os.path.join(root, name) for root, _, names in os.walk(args.photos_directory) for name in names
                    if name.lower().endswith((".jpg", ".jpeg")))
    random.Random(args.seed).shuffle(photos)
    if args.windows:
        return measure_windows(photos, args)
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
