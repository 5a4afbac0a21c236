# SPDX-License-Identifier: MIT
"""Seconds and processor time that it takes to encode a directory of JPEGs, compared with Python programs that do the
same, in one run on one machine:

    ingest.py CLIPSEARCH MODEL INT8 IMAGES [--side 500] [--count N] [--rounds N] [--threads N] [--only int8] [--peers DIRECTORY]

MODEL is a CLIP in the Hugging Face layout in f32 (tools/golden/clip_towers.py --full makes one), INT8 what `clipsearch
model convert --precision int8` made of it. Of the JPEGs below IMAGES the first N (default 400), of those whose longer side has so many
pixels, are ingested into a new database.

clipsearch: the whole process, with reading the model, hashes, metadata, and the database and index that it leaves. Peers:
JPEG and resizing by Pillow as CLIP prepares images, in a pool of N threads that works a batch ahead, batches of 32 to ONNX
Runtime (int8 by quantize_dynamic, f32) or OpenVINO (int8 by nncf) with as many threads, vectors kept in memory. Their
imports and the opening of the model are not counted. The programs take turns; the median of the rounds is printed.
--peers keeps the exported models, as that of towers.py does.
"""
import argparse
import concurrent.futures
import contextlib
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

BATCH, SIDE = 32, 224
MEAN = np.array([0.48145466, 0.4578275, 0.40821073], np.float32)
STD = np.array([0.26862954, 0.26130258, 0.27577711], np.float32)


def prepare(path):
    """CLIP's preprocessing: the shorter side to 224 by Pillow's bicubic filter, the middle, a mean of 0 and deviation of 1."""
    from PIL import Image
    image = Image.open(path).convert("RGB")
    scale = SIDE / min(image.size)
    width, height = (SIDE if side == min(image.size) else int(side * scale) for side in image.size)
    left, top = (width - SIDE) // 2, (height - SIDE) // 2
    image = image.resize((width, height), Image.Resampling.BICUBIC).crop((left, top, left + SIDE, top + SIDE))
    return ((np.asarray(image, np.float32) / 255 - MEAN) / STD).transpose(2, 0, 1)


def encode_all(infer, paths, threads):
    """Decoding of the next batches goes on while one is encoded."""
    vectors = []
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        prepared = [pool.submit(prepare, path) for path in paths[:2 * BATCH]]
        for first in range(0, len(paths), BATCH):
            pixels = np.stack([one.result() for one in prepared[:BATCH]])
            prepared = prepared[BATCH:] + [pool.submit(prepare, path) for path in paths[first + 2 * BATCH:first + 3 * BATCH]]
            vectors.append(np.asarray(infer(pixels)))
    return np.concatenate([batch.reshape(-1, batch.shape[-1]) for batch in vectors])


def peer(engine, model, list_path, threads):
    """In a process of its own: prints wall-clock and processor seconds, and the peak of memory in MiB."""
    import towers
    with open(list_path, encoding="utf-8") as file:
        paths = file.read().splitlines()
    run = (towers.open_openvino if engine == "openvino" else towers.open_onnx)(model, threads)

    def infer(pixels):
        return run(pixels)[0]

    infer(np.stack([prepare(path) for path in paths[:BATCH]]))
    cpu, start = time.process_time(), time.perf_counter()
    vectors = encode_all(infer, paths, threads)
    wall, cpu = time.perf_counter() - start, time.process_time() - cpu
    assert vectors.shape[0] == len(paths) and np.isfinite(vectors).all()
    print(wall, cpu, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def find_images(directory, side, count):
    from PIL import Image
    found = sorted(os.path.join(os.path.abspath(place), name) for place, _, names in os.walk(directory) for name in names
                   if name.lower().endswith((".jpg", ".jpeg")))
    return [path for path in found if side is None or max(Image.open(path).size) == side][:count]


def run_peer(engine, model, list_path, threads):
    out = subprocess.run([sys.executable, __file__, "--peer", engine, model, list_path, str(threads)], check=True,
                         stdout=subprocess.PIPE, text=True).stdout
    return [float(number) for number in out.split()[-3:]]


def run_clipsearch(program, model, list_path, threads):
    with tempfile.TemporaryDirectory() as directory:
        command = [program, "ingest", "--model", model, "--threads", str(threads), "--quiet", "--db",
                   os.path.join(directory, "db"), "--files-from", list_path]
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            sys.exit(f"{' '.join(command)}: status {status}")
        return [time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024]


def export_peers(model, directory):
    """Prints a line for each peer: its name, the engine, the model's file. In a process of its own, because a process that
    is started takes over the peak of memory of the one that starts it."""
    import torch
    import towers
    path = os.path.join(directory, "image.onnx")
    tower, inputs = towers.clip_towers(model)["image"]
    with torch.no_grad():
        towers.export(tower, inputs, path)
    peers = [("ONNX Runtime int8 + Pillow", "onnxruntime", towers.quantize_onnx(path)),
             ("ONNX Runtime f32 + Pillow", "onnxruntime", path)]
    with contextlib.suppress(ImportError):
        peers.append(("OpenVINO int8 + Pillow", "openvino", towers.quantize_openvino(path, inputs)))
    for one in peers:
        print("peer", *one, sep="\t")


def find_peers(model, directory):
    out = subprocess.run([sys.executable, __file__, "--export", model, directory], check=True, stdout=subprocess.PIPE, text=True).stdout
    return [line.split("\t")[1:] for line in out.splitlines() if line.startswith("peer\t")]


def main():
    if sys.argv[1:2] == ["--peer"]:
        peer(sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5]))
        return
    if sys.argv[1:2] == ["--export"]:
        export_peers(sys.argv[2], sys.argv[3])
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("model")
    parser.add_argument("int8")
    parser.add_argument("images")
    parser.add_argument("--side", type=int)
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", help="int8: without the programs in f32")
    parser.add_argument("--peers", metavar="DIRECTORY")
    args = parser.parse_args()
    files = find_images(args.images, args.side, args.count)
    with contextlib.nullcontext(args.peers) if args.peers else tempfile.TemporaryDirectory() as directory:
        os.makedirs(directory, exist_ok=True)
        list_path = os.path.join(directory, "files")
        with open(list_path, "w", encoding="utf-8") as file:
            file.write("".join(path + "\n" for path in files))
        runs = [("clipsearch int8", run_clipsearch, (args.program, args.int8)), ("clipsearch f32", run_clipsearch, (args.program, args.model))]
        runs += [(name, run_peer, (engine, path)) for name, engine, path in find_peers(args.model, directory)]
        runs = [run for run in runs if args.only is None or args.only in run[0]]
        taken = {}
        for _ in range(args.rounds):
            for name, run, of in runs:
                taken.setdefault(name, []).append(run(*of, list_path, args.threads))
        print(f"{len(files)} images, {args.threads} threads, {args.rounds} rounds, load {os.getloadavg()[0]:.1f}")
        for name, rounds in taken.items():
            wall, cpu, memory = (statistics.median(column) for column in zip(*rounds))
            print(f"{name:<28} {wall:7.2f} s, {len(files) / wall:6.1f} images/s; processor {cpu:7.2f} s, {cpu / len(files) * 1e3:6.2f} ms an image; peak {memory:5.0f} MiB")


if __name__ == "__main__":
    main()
