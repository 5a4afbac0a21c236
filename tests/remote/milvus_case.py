# SPDX-License-Identifier: MIT
"""What the tests against a real Milvus server share: the program, and what it answers."""
import json
import os
import random
import struct
import subprocess
import sys

SOURCE = os.environ["CLIPSEARCH_SOURCE_ROOT"]
sys.path[:0] = [os.path.join(SOURCE, "tests")]
from tap import Tap  # noqa: E402

PROGRAM = os.path.abspath(sys.argv[1])
PHOTOS = os.path.join(SOURCE, "examples", "photographs")
tap = Tap()


def run(*arguments, env=None, stdin=None):
    """Exit code, standard output, standard error."""
    done = subprocess.run([PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          env=dict(os.environ, **(env or {})), input=stdin)
    return done.returncode, done.stdout, done.stderr


def check(passed, what, *notes):
    return tap.ok(passed, what, () if passed else notes)


def both(milvus, local, *arguments):
    """The same command on both databases."""
    return run(*arguments, "--db", milvus), run(*arguments, "--db", local)


def items(side):
    """The items of a command's JSON, without their numbers."""
    answer = json.loads(side[1])
    found = answer["items"] if "items" in answer else answer["queries"][0]["hits"]
    return [dict(item, id=0) for item in found]


def count(milvus, collection):
    return len(run("query", "--paths", "--collection", collection, "--db", milvus)[1].splitlines())


def write_npy(path, rows):
    """Vectors as NumPy's file of float32."""
    rows = list(rows)
    header = "{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }" % (len(rows), len(rows[0]))
    with open(path, "wb") as out:
        out.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", 118) + header.ljust(117).encode() + b"\n")
        for row in rows:
            out.write(struct.pack(f"<{len(row)}f", *row))


def write_many(folder, many, dim=64):
    """Vectors and rows of made-up images; the command that imports them."""
    random.seed(5)
    write_npy(folder + "/many.npy", ([random.random() - 0.5 for _ in range(dim)] for _ in range(many)))
    with open(folder + "/many.jsonl", "w", encoding="utf-8") as out:
        for i in range(many):
            out.write(json.dumps({"path": f"/many/{i}.jpg", "number": i}) + "\n")
    return ["import", "--vectors", folder + "/many.npy", "--meta", folder + "/many.jsonl", "--collection", "many", "-q"]
