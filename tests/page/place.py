# SPDX-License-Identifier: MIT
"""The collections that the page is tested with."""

import json
import os
import random
import shutil
import subprocess

MANY = 10100  # more than a page shows
DIM = 512


def run(program, *arguments):
    """The standard output of the program; the exit status 1 (nothing found) is none of an error."""
    done = subprocess.run([program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{arguments}: {done.stderr}")
    return done.stdout


def copy_images(root, place):
    """24 photographs, 16 drawings, one image of a camera with all attributes, and two copies."""
    images = os.path.join(place, "images")
    shutil.copytree(os.path.join(root, "examples/photographs"), os.path.join(images, "photographs"))
    os.makedirs(os.path.join(images, "drawings"))
    drawings = os.path.join(root, "examples/pictures")
    for name in sorted(each for each in os.listdir(drawings) if "dog" in each or each.startswith("red-"))[:16]:
        shutil.copy(os.path.join(drawings, name), os.path.join(images, "drawings"))
    shutil.copy(os.path.join(root, "tests/data/metadata/camera.jpg"), images)
    for name in ("tulips.jpg", "coffee.jpg"):
        shutil.copy(os.path.join(images, "photographs", name), os.path.join(images, "copy of " + name))
    return images


def write_vectors(path, count):
    """`count` vectors of random signs and sizes from 1 to 2, as float16: made of bytes, for the speed of it."""
    source = random.Random(1)
    values = bytearray(2 * count * DIM)
    values[0::2] = source.randbytes(count * DIM)
    values[1::2] = source.randbytes(count * DIM).translate(bytes((byte & 0x83) | 0x3C for byte in range(256)))
    header = f"{{'descr': '<f2', 'fortran_order': False, 'shape': ({count}, {DIM}), }}".encode()
    header += b" " * (-(10 + len(header) + 1) % 64) + b"\n"
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
        file.write(values)


def make_many(program, place, database, count, name="many", index=False, write=write_vectors):
    """A collection of `count` images, which are few files under many names. `write(path, count)` makes their vectors; those
    of write_vectors mean nothing."""
    shapes = [("alps.jpg", 448, 334), ("allium.jpg", 331, 448), ("cat.jpg", 448, 298), ("galaxies.jpg", 448, 448)]
    folder = os.path.join(place, name)
    os.makedirs(folder)
    with open(os.path.join(place, name + ".jsonl"), "w", encoding="utf-8") as table:
        for number in range(count):
            source, width, height = shapes[number % len(shapes)]
            path = os.path.join(folder, f"{number:06}.jpg")
            os.link(os.path.join(place, "images/photographs", source), path)
            table.write(
                json.dumps(
                    {
                        "path": path,
                        "size": 30000,
                        "mtime_ns": 1700000000000000000 + number * 10**9,
                        "width": width,
                        "height": height,
                        "attributes": {"number": number},
                    }
                )
                + "\n"
            )
    vectors = os.path.join(place, name + ".npy")
    write(vectors, count)
    run(
        program,
        "import",
        "-q",
        "--db",
        database,
        "--collection",
        name,
        "--model",
        "default",
        "--vectors",
        vectors,
        "--meta",
        os.path.join(place, name + ".jsonl"),
        *([] if index else ["--no-index"]),
    )


def make_place(program, root, place, many=MANY):
    """The database: `photos`, `many`, unless there shall be 0 of them, and the empty `nothing`."""
    images = copy_images(root, place)
    database = os.path.join(place, "test.db")
    run(program, "ingest", "-q", "--db", database, "--collection", "photos", images)
    run(program, "ingest", "-q", "--db", database, "--collection", "nothing", os.path.join(images, "camera.jpg"))
    run(program, "delete", "-q", "--db", database, "--collection", "nothing", "1")
    if many:
        make_many(program, place, database, many)
    return database, images
