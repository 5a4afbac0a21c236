#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""clipsearch beside pymilvus, on one Milvus server: rows a second with vectors ready, search latency, memory of the client.

    milvus.py CLIPSEARCH [--rows N] [--dim N] [--rounds N] [--db ADDRESS]

Both store the same rows with the same fields in collections with the same index (HNSW, m 16, ef_construction 200), in turn. clipsearch is the
program (import, export), pymilvus a process of this Python that does nothing else, from files of vectors (npy) and rows (JSON lines).
Times are from the process's start to its end, with reading the files, in collections that were made and loaded before. Searches are made by the Python packages of both, 10 hits with all fields, one after another.
Needs pymilvus and numpy, and the Python package (PYTHONPATH=python, CLIPSEARCH_LIBRARY).
"""
import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time

import numpy as np

OURS, THEIRS, BATCH, SEARCHES, K = "bench_ours", "bench_theirs", 500, 200, 10
FIELDS = ["path", "size", "width", "height", "mtime_ns", "ctime_ns", "gone_since", "hash", "$meta"]


def spent(command, **more):
    """Seconds by the clock, of the processor, MiB of memory at most, and what it printed."""
    with tempfile.TemporaryFile() as out:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=out, **more)
        _, status, usage = os.wait4(process.pid, 0)
        took = time.perf_counter() - began
        out.seek(0)
        if status:
            sys.exit(f"{command[:3]} ended with {status}")
        return took, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, out.read().decode()


def client(address):
    from pymilvus import MilvusClient  # pylint: disable=import-outside-toplevel
    return MilvusClient(uri="http://" + address.split("//")[1])


def make_theirs(address, dim):
    from pymilvus import DataType, MilvusClient  # pylint: disable=import-outside-toplevel
    milvus = client(address)
    if milvus.has_collection(THEIRS):
        milvus.drop_collection(THEIRS)
    schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=True)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("path", DataType.VARCHAR, max_length=4096)
    schema.add_field("name", DataType.VARCHAR, max_length=1024)
    for name in ("size", "width", "height", "mtime_ns", "ctime_ns", "gone_since"):
        schema.add_field(name, DataType.INT64)
    schema.add_field("mtime", DataType.DOUBLE)
    schema.add_field("hash", DataType.VARCHAR, max_length=64)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=dim)
    index = milvus.prepare_index_params()
    index.add_index("vector", index_type="HNSW", metric_type="COSINE", params={"M": 16, "efConstruction": 200})
    milvus.create_collection(THEIRS, schema=schema, index_params=index, consistency_level="Bounded")


def store_theirs(address, stem):
    """The work of a client's process: files are read, rows made and sent. `vector` is a list or an array, whichever pymilvus takes faster."""
    milvus = client(address)
    vectors = np.load(stem + ".npy", mmap_mode="r")
    with open(stem + ".jsonl", encoding="utf-8") as lines:
        batch = []
        for number, line in enumerate(lines):
            row = json.loads(line)
            path = row["path"]
            key = int.from_bytes(hashlib.sha256(path.encode()).digest()[:8], "big") & (1 << 63) - 1
            batch.append({"id": key, "path": path, "name": path.rsplit("/", 1)[-1], "size": row["size"], "width": row["width"],
                          "height": row["height"], "mtime": row["mtime_ns"] / 1e9, "mtime_ns": row["mtime_ns"], "ctime_ns": 0,
                          "gone_since": 0, "hash": "", "vector": vectors[number], **row["attributes"]})
            if len(batch) == BATCH:
                milvus.upsert(THEIRS, batch)
                batch = []
        if batch:
            milvus.upsert(THEIRS, batch)
    (count,) = milvus.query(THEIRS, filter="", output_fields=["count(*)"], consistency_level="Strong")
    print(count["count(*)"])


def read_theirs(address):
    rows = []
    iterator = client(address).query_iterator(THEIRS, batch_size=4096, output_fields=FIELDS[:-1] + ["vector"])
    while True:
        page = iterator.next()
        if not page:
            break
        rows.append(np.array([row["vector"] for row in page], "f4"))
    print(sum(map(len, rows)))


def search_ours(address, queries):
    import clipsearch  # pylint: disable=import-outside-toplevel
    collection = clipsearch.Collection(address, OURS)
    times = []
    for query in queries:
        began, cpu = time.perf_counter(), time.process_time()
        hits = collection.search(query, K)
        times.append((time.perf_counter() - began, time.process_time() - cpu))
        assert len(hits) == K
    return times


def search_theirs(address, queries):
    milvus = client(address)
    times = []
    for query in queries:
        began, cpu = time.perf_counter(), time.process_time()
        (hits,) = milvus.search(THEIRS, data=[query], limit=K, output_fields=FIELDS, search_params={"params": {"ef": 64}}, filter="gone_since == 0",
                                anns_field="vector")
        times.append((time.perf_counter() - began, time.process_time() - cpu))
        assert len(hits) == K
    return times


def write_rows(stem, rows, dim):
    rng = np.random.default_rng(3)
    vectors = rng.standard_normal((rows, dim), "f4")
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    np.save(stem + ".npy", vectors)
    with open(stem + ".jsonl", "w", encoding="utf-8") as out:
        for number in range(rows):
            out.write(json.dumps({"path": f"/images/{number % 100}/{number}.jpg", "size": 100000 + number, "width": 640, "height": 480,
                                  "mtime_ns": 1700000000000000000 + number, "attributes": {"n": number, "label": "dog"}}) + "\n")
    return rng.standard_normal((SEARCHES, dim), "f4")


def print_searches(name, times):
    clock, cpu = np.array(times).T * 1e3
    print(f"search, {name:10} fastest {clock.min():.2f} ms, median {np.median(clock):.2f}, 95 % {np.quantile(clock, 0.95):.2f}; "
          f"of the processor {cpu.mean():.2f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--rows", type=int, default=20000)
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--db", default="milvus://127.0.0.1:19530")
    parser.add_argument("--store", help=argparse.SUPPRESS)
    parser.add_argument("--read", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.store:
        return store_theirs(options.db, options.store)
    if options.read:
        return read_theirs(options.db)
    again = [sys.executable, os.path.abspath(__file__), options.program, "--db", options.db]
    with tempfile.TemporaryDirectory() as folder:
        stem = folder + "/rows"
        queries = write_rows(stem, options.rows, options.dim)
        write_rows(folder + "/one", 1, options.dim)

        def store_ours(name):
            return [options.program, "import", "-q", "--vectors", name + ".npy", "--meta", name + ".jsonl", "--collection", OURS, "--db", options.db]

        for number in range(options.rounds):
            subprocess.run([options.program, "drop", OURS, "--yes", "--db", options.db], capture_output=True, check=False)
            subprocess.run(store_ours(folder + "/one"), check=True)  # makes the collection
            took, cpu, memory, _ = spent(store_ours(stem))
            print(f"store, clipsearch {options.rows / took:.0f} rows/s ({took:.1f} s), processor {cpu:.2f} s, {memory:.0f} MiB", flush=True)
            make_theirs(options.db, options.dim)
            took, cpu, memory, out = spent(again + ["--store", stem])
            assert int(out) == options.rows
            print(f"store, pymilvus   {options.rows / took:.0f} rows/s ({took:.1f} s), processor {cpu:.2f} s, {memory:.0f} MiB", flush=True)
            for name, search in (("clipsearch", search_ours), ("pymilvus", search_theirs)):
                search(options.db, queries[:20])
                print_searches(name, search(options.db, queries))
        took, cpu, memory, _ = spent([options.program, "export", "-q", "--vectors", folder + "/out.npy", "--meta", folder + "/out.jsonl",
                                      "--collection", OURS, "--db", options.db])
        print(f"read all, clipsearch {took:.1f} s, processor {cpu:.2f} s, {memory:.0f} MiB")
        took, cpu, memory, out = spent(again + ["--read"])
        assert int(out) == options.rows
        print(f"read all, pymilvus   {took:.1f} s, processor {cpu:.2f} s, {memory:.0f} MiB")
        subprocess.run([options.program, "drop", OURS, "--yes", "--db", options.db], capture_output=True, check=False)
        client(options.db).drop_collection(THEIRS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
