#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Other graph indexes over vectors that hnsw_vectors.py made: what bench_hnsw is held against.

Usage: hnsw_peers.py FOLDER [PEERS [THREADS [DIM]]]

PEERS: of hnswlib, usearch, vsag, svs, joined by commas; one that is not installed is left out. M 16 (degree 32 at the
lowest level), ef_construction 200. Times: processor time of searching on one thread, and time on the clock of building.
"""
import importlib
import json
import os
import sys
import tempfile
import time

import numpy as np

M, EF_CONSTRUCTION, K, REPEATS = 16, 200, 10, 5
PEER_FILE = os.path.join(tempfile.gettempdir(), "hnsw_peers.fvecs")
EFS = (16, 24, 36, 54, 81, 145)


def peer_hnswlib(base, threads):
    import hnswlib
    index = hnswlib.Index(space="ip", dim=base.shape[1])
    index.init_index(max_elements=len(base), M=M, ef_construction=EF_CONSTRUCTION)
    index.add_items(base, num_threads=threads)

    def search(queries, ef):
        index.set_ef(ef)
        return index.knn_query(queries, k=K, num_threads=1)[0]
    return search


def peer_usearch(base, threads):
    from usearch.index import Index
    index = Index(ndim=base.shape[1], metric="ip", dtype="bf16", connectivity=M, expansion_add=EF_CONSTRUCTION)
    index.add(np.arange(len(base)), base, threads=threads)

    def search(queries, ef):
        index.expansion_search = ef
        return index.search(queries, K, threads=1).keys
    return search


def peer_vsag(base, threads):
    import pyvsag
    index = pyvsag.Index("hgraph", json.dumps({
        "dtype": "float32", "metric_type": "ip", "dim": base.shape[1],
        "index_param": {"base_quantization_type": "sq8_uniform", "max_degree": 2 * M,
                        "ef_construction": EF_CONSTRUCTION, "use_reorder": True,
                        "precise_quantization_type": "fp32", "build_thread_count": threads}}))
    index.build(vectors=base, ids=np.arange(len(base), dtype=np.int64), num_elements=len(base), dim=base.shape[1])

    def search(queries, ef):
        parameters = json.dumps({"hgraph": {"ef_search": ef}})
        return np.array([index.knn_search(vector=q, k=K, parameters=parameters)[0] for q in queries])
    return search


def peer_svs(base, threads):
    # over floats: the package's LVQ codes run on its maker's processors only
    import svs
    parameters = svs.VamanaBuildParameters(graph_max_degree=2 * M, window_size=EF_CONSTRUCTION, alpha=0.95)
    svs.write_vecs(base, PEER_FILE)
    loader = svs.VectorDataLoader(PEER_FILE, svs.DataType.float32)
    index = svs.Vamana.build(parameters, loader, svs.DistanceType.MIP, num_threads=threads)
    index.num_threads = 1

    def search(queries, ef):
        index.search_window_size = ef
        return index.search(queries, K)[0]
    return search


def main():
    folder = sys.argv[1]
    peers = sys.argv[2].split(",") if len(sys.argv) > 2 else ["hnswlib", "usearch", "vsag", "svs"]
    threads = int(sys.argv[3]) if len(sys.argv) > 3 else 2
    dim = int(sys.argv[4]) if len(sys.argv) > 4 else 512
    base = np.fromfile(folder + "/base.f32", "f4").reshape(-1, dim)
    queries = np.fromfile(folder + "/queries.f32", "f4").reshape(-1, dim)
    truth = np.fromfile(folder + "/truth.i32", "i4").reshape(-1, K)
    for name in peers:
        try:
            importlib.import_module({"vsag": "pyvsag"}.get(name, name))
        except ImportError as error:
            print(name, "is left out:", error)
            continue
        start, begin = time.time(), time.process_time()
        search = globals()["peer_" + name](base, threads)
        print("%s: %d vectors of %d built on %d threads in %.1f s, %.1f s of processor time" % (
            name, len(base), dim, threads, time.time() - start, time.process_time() - begin), flush=True)
        for ef in EFS:
            best = 1e9
            for _ in range(REPEATS):
                begin = time.process_time()
                found = search(queries, ef)
                best = min(best, time.process_time() - begin)
            hits = sum(len(set(map(int, f)) & set(map(int, t))) for f, t in zip(found, truth))
            print("  ef %4d: recall@10 %.4f, %7.0f queries/s" % (ef, hits / truth.size, len(queries) / best),
                  flush=True)


main()
