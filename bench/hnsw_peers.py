#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compare our graph index with others in one run: the same vectors, the same threads, passes in turn.

Usage: hnsw_peers.py [--peers A,B...] [--count N] [--threads N] [--dim N] [--passes N] [--least RECALL] [--efs A,B...]
                     BUILD FOLDER

BUILD is a build directory with -Dbench=true, FOLDER the output of hnsw_vectors.py or hnsw_photos.py. Peers: clipsearch
(clipsearch-f32, -f16, -bf16 for other codes) and hnswlib are programs in BUILD/bench; hnswlib-pip, usearch, usearch-i8,
vsag, vsag-f32, svs, glass are packages of the running Python. One that is not installed is skipped, with a message. M 16
(degree 32 at the lowest level), ef_construction 200. Searching is timed in processor time on one thread, the best of the
passes; building in wall-clock and processor time. The last lines: each peer's queries a second at the first ef that
reaches the recall, and clipsearch's number compared with it.
"""
import argparse
import json
import os
import subprocess
import tempfile
import time

import numpy as np

M, EF_CONSTRUCTION, K = 16, 200, 10
EFS = (16, 20, 24, 28, 32, 40, 48, 64, 80, 96, 128, 192)


class Program:
    """A program that speaks hnsw_serve."""

    def __init__(self, arguments):
        self.child = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.built = json.loads(self.child.stdout.readline())

    def search(self, ef):
        self.child.stdin.write("%d\n" % ef)
        self.child.stdin.flush()
        answer = json.loads(self.child.stdout.readline())
        return answer["processor"], answer["recall"]


class Package:
    """An index in this process."""

    def __init__(self, make, data):
        self.data = data
        before, start, begin = anonymous_kilobytes(), time.time(), time.process_time()
        self.find = make(data.base, data.threads)
        self.built = {"clock": time.time() - start, "processor": time.process_time() - begin,
                      "kilobytes": anonymous_kilobytes() - before}

    def search(self, ef):
        begin = time.process_time()
        found = self.find(self.data.queries, ef)
        took = time.process_time() - begin
        hits = sum(len(set(map(int, f)) & set(map(int, t))) for f, t in zip(found, self.data.truth))
        return took, hits / self.data.truth.size


def anonymous_kilobytes():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("RssAnon"))


def make_hnswlib(base, threads):
    import hnswlib
    index = hnswlib.Index(space="ip", dim=base.shape[1])
    index.init_index(max_elements=len(base), M=M, ef_construction=EF_CONSTRUCTION)
    index.add_items(base, num_threads=threads)

    def search(queries, ef):
        index.set_ef(ef)
        return index.knn_query(queries, k=K, num_threads=1)[0]
    return search


def make_usearch(base, threads, dtype="bf16"):
    from usearch.index import Index
    index = Index(ndim=base.shape[1], metric="cos" if dtype == "i8" else "ip", dtype=dtype, connectivity=M,
                  expansion_add=EF_CONSTRUCTION)
    index.add(np.arange(len(base)), base, threads=threads)

    def search(queries, ef):
        index.expansion_search = ef
        return index.search(queries, K, threads=1).keys
    return search


def make_vsag(base, threads, codes="sq8_uniform"):
    import pyvsag
    more = {"use_reorder": True, "precise_quantization_type": "fp32"} if codes != "fp32" else {}
    index = pyvsag.Index("hgraph", json.dumps({
        "dtype": "float32", "metric_type": "ip", "dim": base.shape[1],
        "index_param": {"base_quantization_type": codes, "max_degree": 2 * M, "ef_construction": EF_CONSTRUCTION,
                        "build_thread_count": threads, **more}}))
    index.build(vectors=base, ids=np.arange(len(base), dtype=np.int64), num_elements=len(base), dim=base.shape[1])

    def search(queries, ef):
        parameters = json.dumps({"hgraph": {"ef_search": ef}})
        return [index.knn_search(vector=q, k=K, parameters=parameters)[0] for q in queries]
    return search


def make_svs(base, threads, codes="f32"):
    import svs
    parameters = svs.VamanaBuildParameters(graph_max_degree=2 * M, window_size=EF_CONSTRUCTION, alpha=0.95)
    with tempfile.TemporaryDirectory() as folder:
        svs.write_vecs(base, folder + "/base.fvecs")
        loader = svs.VectorDataLoader(folder + "/base.fvecs", svs.DataType.float32)
        if codes == "f16":
            svs.convert_fvecs_to_float16(folder + "/base.fvecs", folder + "/half.fvecs")
            loader = svs.VectorDataLoader(folder + "/half.fvecs", svs.DataType.float16)
        elif codes == "lvq8":
            loader = svs.LVQLoader(loader, primary=8)
        index = svs.Vamana.build(parameters, loader, svs.DistanceType.MIP, num_threads=threads)
    index.num_threads = 1

    def search(queries, ef):
        index.search_window_size = ef
        return index.search(queries, K)[0]
    return search


def make_glass(base, threads):
    import glass
    os.environ["OMP_NUM_THREADS"] = str(threads)
    graph = glass.Index(index_type="HNSW", metric="IP", R=2 * M, L=EF_CONSTRUCTION).build(base)
    searcher = glass.Searcher(graph=graph, data=base, metric="IP", quantizer="SQ8U")

    def search(queries, ef):
        searcher.set_ef(ef)
        found = searcher.batch_search(query=queries, k=K, num_threads=1)
        return (found[0] if isinstance(found, tuple) else found).reshape(len(queries), K)
    return search


PACKAGES = {
    "hnswlib-pip": make_hnswlib, "usearch": make_usearch, "glass": make_glass, "vsag": make_vsag, "svs": make_svs,
    "usearch-i8": lambda base, threads: make_usearch(base, threads, "i8"),
    "vsag-f32": lambda base, threads: make_vsag(base, threads, "fp32"),
    "svs-f16": lambda base, threads: make_svs(base, threads, "f16"),
    "svs-lvq8": lambda base, threads: make_svs(base, threads, "lvq8"),
}


class Data:
    def __init__(self, args):
        self.threads = args.threads
        base = np.fromfile(args.folder + "/base.f32", "f4", args.count * args.dim if args.count else -1).reshape(-1, args.dim)
        self.base, self.count = base, len(base)
        self.truth = np.fromfile("%s/truth-%d.i32" % (args.folder, self.count), "i4").reshape(-1, K)
        self.queries = np.fromfile(args.folder + "/queries.f32", "f4").reshape(-1, args.dim)


def start(name, args, data):
    if name == "hnswlib" or name.startswith("clipsearch"):
        program = "bench_hnswlib" if name == "hnswlib" else "bench_hnsw"
        codes = name.partition("-")[2] or "i8"
        return Program(["%s/bench/%s" % (args.build, program), "--threads", str(args.threads), "--dim", str(args.dim),
                        "--count", str(data.count), "--codes", codes, args.folder, "serve"])
    return Package(PACKAGES[name], data)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--peers", default="clipsearch,hnswlib,usearch,vsag,svs,glass")
    parser.add_argument("--count", type=int)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("--passes", type=int, default=5)
    parser.add_argument("--least", type=float, default=0.997)
    parser.add_argument("--efs", default=",".join(map(str, EFS)), help="with texts larger ones are needed")
    parser.add_argument("build")
    parser.add_argument("folder")
    args = parser.parse_args()
    data, peers, rows = Data(args), {}, {}
    print("%d vectors of %d, %d queries, load %.1f" % (data.count, args.dim, len(data.queries), os.getloadavg()[0]))
    for name in args.peers.split(","):
        try:
            peers[name], rows[name] = start(name, args, data), []
        except Exception as error:  # however a package fails, the others are still measured
            print("%s is left out: %s" % (name, str(error).splitlines()[0] if str(error) else type(error).__name__))
            continue
        built = peers[name].built
        print("%-16s built on %d threads in %.1f s, %.1f s of processor time; %.0f MB" % (
            name, args.threads, built["clock"], built["processor"], built["kilobytes"] / 1e3), flush=True)
    for ef in map(int, args.efs.split(",")):
        best = {name: (1e9, 0) for name in peers}
        for _ in range(args.passes):
            for name, peer in peers.items():
                best[name] = min(best[name], peer.search(ef))
        for name, (took, recall) in best.items():
            rows[name].append((recall, len(data.queries) / took, ef))
        print("ef %3d:" % ef, ", ".join("%s %.4f / %.0f" % (name, *rows[name][-1][:2]) for name in peers), flush=True)
    print("at recall@10 >= %.4f (load %.1f):" % (args.least, os.getloadavg()[0]))
    ours = None
    for name in peers:
        row = next((row for row in rows[name] if row[0] >= args.least), None)
        ours = row if ours is None and name.startswith("clipsearch") else ours
        if row is None:
            print("%-16s does not reach it: %.4f" % (name, rows[name][-1][0]))
        else:
            print("%-16s ef %3d, recall %.4f, %6.0f queries/s%s" % (
                name, row[2], row[0], row[1], "; clipsearch %.2f times as many" % (ours[1] / row[1]) if ours else ""))


main()
