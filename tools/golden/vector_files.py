#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Write tests/data/vectors: tables and arrays by the programs that people use, and what they hold.

Usage: python tools/golden/vector_files.py      (from the source root; pip install numpy pandas pyarrow fastparquet)

TABLE.parquet has the rows of TABLE.jsonl; fields that are null are left out of both. clip-retrieval/ is laid out as
`clip-retrieval inference` writes its output, with random vectors of 8 numbers.
"""
import datetime
import json
import math
import os

import numpy
import pandas
import pyarrow
import pyarrow.parquet

OUT = "tests/data/vectors"
random = numpy.random.default_rng(16)


def rows_of(count):
    """Every type that is read, with nulls, repeated texts, and texts of several scripts."""
    words = ["a white dog", "zwei rote Autos", "猫と雪", "", "ένα \"σπίτι\"\n", None]
    return [{
        "image_path": f"/photos/{i:05}.jpg",
        "caption": words[i % len(words)],
        "width": 224 + i,
        "big": None if i % 7 == 3 else (1 << 53) + i,
        "similarity": None if i % 5 == 4 else i / 7,
        "small": float(numpy.float32(i) / numpy.float32(3)),
        "good": None if i % 11 == 5 else i % 3 == 0,
    } for i in range(count)]


def schema():
    return pyarrow.schema([
        pyarrow.field("image_path", pyarrow.string(), nullable=False),
        ("caption", pyarrow.string()),
        ("width", pyarrow.uint32()),
        ("big", pyarrow.int64()),
        ("similarity", pyarrow.float64()),
        ("small", pyarrow.float32()),
        ("good", pyarrow.bool_()),
    ])


def write_lines(name, rows):
    with open(f"{OUT}/{name}.jsonl", "w", encoding="utf-8") as file:
        for row in rows:
            present = {key: value for key, value in row.items()
                       if value is not None and not (isinstance(value, float) and math.isnan(value))}
            file.write(json.dumps(present, ensure_ascii=False) + "\n")


def write(name, rows, **options):
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows, schema()), f"{OUT}/{name}.parquet", **options)
    write_lines(name, rows)


def tables():
    rows = rows_of(60)
    write("snappy", rows)
    write("plain", rows, compression="none", use_dictionary=False)
    write("version2", rows, data_page_version="2.0", version="2.6")
    write("version2-plain", rows, data_page_version="2.0", compression="none", use_dictionary=False)
    write("groups", rows, row_group_size=17)
    # pages of about 100 bytes, and a dictionary that becomes too large, so that later pages are plain
    write("pages", rows_of(400), data_page_size=100, write_batch_size=10, dictionary_pagesize_limit=600)
    write("empty", [])
    pandas.DataFrame(rows).to_parquet(f"{OUT}/fastparquet.parquet", engine="fastparquet", compression="SNAPPY")
    write_lines("fastparquet", [dict(row, good=row["good"]) for row in rows])
    for codec in "gzip", "zstd":
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows[:5], schema()), f"{OUT}/{codec}.parquet",
                                    compression=codec)
    # columns that no attribute can hold lie between those that are read; pandas adds its index
    frame = pandas.DataFrame({
        "key": [f"{i:05}" for i in range(9)],
        "tags": [["a", "b"][:i % 3] for i in range(9)],
        "box": [{"x": i, "y": [i, i]} for i in range(9)],
        "raw": [bytes([i, 255]) for i in range(9)],
        "day": [datetime.datetime(2024, 7, 1 + i) for i in range(9)],
        "caption": ["one", "two", None] * 3,
    }, index=[f"row {i}" for i in range(9)])
    frame["day"] = frame["day"].astype("datetime64[us]")
    frame.to_parquet(f"{OUT}/nested.parquet")
    write_lines("nested", [{"key": row["key"], "day": int(row["day"].timestamp()) * 1000000, "caption": row["caption"]}
                           if isinstance(row["caption"], str) else
                           {"key": row["key"], "day": int(row["day"].timestamp()) * 1000000}
                           for _, row in frame.iterrows()])


def unit(count, dim):
    vectors = random.standard_normal((count, dim))
    return vectors / numpy.linalg.norm(vectors, axis=1, keepdims=True)


def clip_retrieval():
    for folder in "img_emb", "text_emb", "metadata":
        os.makedirs(f"{OUT}/clip-retrieval/{folder}", exist_ok=True)
    for part, count in (0, 12), (1, 8):
        numpy.save(f"{OUT}/clip-retrieval/img_emb/img_emb_{part}.npy", unit(count, 8).astype("float16"))
        numpy.save(f"{OUT}/clip-retrieval/text_emb/text_emb_{part}.npy", unit(count, 8).astype("float16"))
        pandas.DataFrame({
            "image_path": [f"/data/{part}/{i:09}.jpg" for i in range(count)],
            "caption": [f"caption {i} of part {part}" for i in range(count)],
            "key": [f"{part:05}{i:04}" for i in range(count)],
            "width": [256 + i for i in range(count)],
            "height": [256] * count,
            "exif": ["{}"] * count,
            "sha256": [f"{part:032x}{i:032x}" for i in range(count)],
        }).to_parquet(f"{OUT}/clip-retrieval/metadata/metadata_{part}.parquet")


def arrays():
    numbers = (numpy.arange(12).reshape(3, 4) - 5) / 4
    for name in "f2", "f4", "f8":
        numpy.save(f"{OUT}/{name}.npy", numbers.astype("<" + name))
    numpy.save(f"{OUT}/big-endian.npy", numbers.astype(">f4"))
    numpy.save(f"{OUT}/fortran.npy", numpy.asfortranarray(numbers.astype("<f4")))
    numpy.save(f"{OUT}/one-dimension.npy", numbers.ravel().astype("<f4"))
    numpy.save(f"{OUT}/integers.npy", numpy.arange(12).reshape(3, 4))
    numpy.save(f"{OUT}/fields.npy", numpy.zeros(3, dtype=[("a", "<f4"), ("b", "<f4")]))
    with open(f"{OUT}/version3.npy", "wb") as file:
        numpy.lib.format.write_array(file, numbers.astype("<f4"), version=(3, 0))


if __name__ == "__main__":
    os.makedirs(OUT, exist_ok=True)
    tables()
    clip_retrieval()
    arrays()
