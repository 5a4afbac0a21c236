#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What each part of the graph index gains: one change at a time, compared with the unchanged sources in one run.

Usage: hnsw_ablations.py [--count N] [--only NAME,...] [--passes N] FOLDER
       hnsw_ablations.py --check

FOLDER: the output of hnsw_vectors.py. Each change is made to a copy of the sources, and bench_hnsw is built from it. Its
passes take turns with those of the unchanged program. Printed are queries a second at the same ef, recall and seconds of
building, as ratios. --check only tests that every change still finds its place in the sources (a test runs it).
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
WALK, SEARCH, VNNI = "src/index/hnsw_walk.c", "src/index/hnsw_search.c", "src/kernels/i8_avx512vnni.c"
FETCH_ROWS = """        for (size_t i = 0; i < fresh && i < 4; i++)
            prefetch(cs_quant_row(quant, scratch->rows[i]), quant->row_bytes);
"""
FETCH_LINKS = """        if (after < count)
            prefetch(cs_hnsw_links(hnsw, pool[after].row, level), cap * sizeof *links);
"""
FETCH_KERNEL = """        for (size_t r = i + ROWS; r < i + 2 * ROWS && r < count; r++)
            fetch(rows + picked[r] * stride, n);
"""
SCORE = "        cs_quant_distances(quant, &scratch->query, scratch->rows, fresh, scratch->distances);\n"
PICK = """        chosen = choose_for_products(hnsw, candidates, count, most, links, scratch);
    else
        choose_diverse(hnsw, candidates, &count, most, false, links, &chosen, scratch);
"""
RERANK = "    const size_t keep = hnsw->quant.kind == CS_QUANT_F32 ? k : RERANK_TIMES * k + RERANK_MORE;\n"

# name: what it says, options of bench_hnsw, changes (file, old, new)
CHANGES = {
    "floats": ("walking the floats, no codes", ["--codes", "f32"], []),
    "halves": ("walking halves", ["--codes", "f16"], []),
    "bfloat16": ("walking bfloat16", ["--codes", "bf16"], []),
    "no-fetch": ("no prefetching at all", [], [(WALK, FETCH_ROWS, ""), (WALK, FETCH_LINKS, ""),
                                                  (VNNI, FETCH_KERNEL, "")]),
    "no-link-fetch": ("next node's links not prefetched", [], [(WALK, FETCH_LINKS, "")]),
    "fetch-all": ("all rows of a node prefetched at once", [], [(WALK, "i < fresh && i < 4", "i < fresh")]),
    "one-row": ("one row a kernel call", [], [(WALK, SCORE, """        for (size_t i = 0; i < fresh; i++)
            cs_quant_distances(quant, &scratch->query, scratch->rows + i, 1, scratch->distances + i);
""")]),
    "no-vnni": ("integer products without VNNI", [], [("src/kernels/i8.c",
                                                      "        {CS_CPU_AVX512VNNI, &cs_i8_ops_avx512vnni},\n", "")]),
    "no-rerank": ("ranked on the codes' ten best only", [], [(SEARCH, RERANK, "    const size_t keep = k;\n")]),
    "rerank-all": ("all of the pool ranked", [], [(SEARCH, RERANK, "    const size_t keep = efs[far];\n")]),
    "no-mean": ("codes without the mean subtracted", [], [("src/index/hnsw_offset.c",
                                                         "m->numbers[i] = n ? (float)(m->sums[i] / (double)n) : 0;",
                                                         "m->numbers[i] = 0;")]),
    "nearest-links": ("the nearest as links, nothing pruned", [], [
        (WALK, "if (scratch->distances[i - 1] < candidates[i].distance)", "if (false)")]),
    "keep-pruned": ("keepPrunedConnections for every metric", [], [(WALK, PICK, PICK.replace(
        "&chosen, scratch);", "&chosen, scratch), cs_hnsw_sort(candidates, count);").replace("    else\n", "    else {\n")
        + """        for (size_t i = 0; i < count && chosen < most; i++)
            links[chosen++] = candidates[i].row;
    }
""")]),
    "one-level": ("no levels above 0: one fixed entry", [], [("src/index/hnsw_build.c",
                                                             "const double level = -log(u)",
                                                             "const double level = 0 * -log(u)")]),
    "one-start": ("one entry point, found with ef 1", [], [("src/index/hnsw_search.c", "ENTRIES_MOST = 16",
                                                            "ENTRIES_MOST = 1")]),
    "no-huge-pages": ("small pages", [], [("src/base/huge_pages.c", "if (bytes >= WORTH_IT)",
                                           "if (bytes >= WORTH_IT && !array)")]),
}


def apply(tree, changes):
    for path, old, new in changes:
        with open(os.path.join(tree, path)) as file:
            text = file.read()
        if text.count(old) != 1:
            sys.exit("%s: this stands there %d times, not once:\n%s" % (path, text.count(old), old))
        with open(os.path.join(tree, path), "w") as file:
            file.write(text.replace(old, new))


class Tree:
    """A copy of the sources and its build directory."""

    def __init__(self, folder):
        self.folder, self.source, self.out = folder, os.path.join(folder, "source"), os.path.join(folder, "build")
        shutil.copytree(ROOT, self.source, ignore=shutil.ignore_patterns(".git"))
        subprocess.run(["meson", "setup", self.out, self.source, "-Dbench=true", "-Dwerror=false"], check=True,
                       capture_output=True)

    def build(self, name, changes):
        apply(self.source, changes)
        subprocess.run(["ninja", "-C", self.out, "bench/bench_hnsw"], check=True, capture_output=True)
        for path, _, _ in changes:
            shutil.copyfile(os.path.join(ROOT, path), os.path.join(self.source, path))
        return shutil.copy(os.path.join(self.out, "bench", "bench_hnsw"), os.path.join(self.folder, name))


class Program:
    def __init__(self, arguments):
        self.child = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.built = json.loads(self.child.stdout.readline())["processor"]

    def search(self, ef):
        self.child.stdin.write("%d\n" % ef)
        self.child.stdin.flush()
        answer = json.loads(self.child.stdout.readline())
        return answer["processor"], answer["recall"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--count", default="100000")
    parser.add_argument("--only")
    parser.add_argument("--passes", type=int, default=7)
    parser.add_argument("--ef", type=int, default=32)
    parser.add_argument("folder", nargs="?")
    args = parser.parse_args()
    names = args.only.split(",") if args.only else list(CHANGES)
    with tempfile.TemporaryDirectory() as folder:
        if args.check:
            for name in names:
                for path in {path for path, _, _ in CHANGES[name][2]}:
                    os.makedirs(os.path.dirname(os.path.join(folder, name, path)), exist_ok=True)
                    shutil.copy(os.path.join(ROOT, path), os.path.join(folder, name, path))
                apply(os.path.join(folder, name), CHANGES[name][2])
            return
        tree, files = Tree(folder), ["--count", args.count, args.folder, "serve"]
        path = tree.build("as-it-is", [])
        base = Program([path] + files)
        for name in names:
            what, options, changes = CHANGES[name]
            other = Program([tree.build(name, changes) if changes else path] + options + files)
            best = [(1e9, 0), (1e9, 0)]
            for _ in range(args.passes):
                best = [min(b, p.search(args.ef)) for b, p in zip(best, (base, other))]
            print("%-14s %-45s queries %.2f, recall %.4f -> %.4f, building %.2f" % (
                name, what, best[0][0] / best[1][0], best[0][1], best[1][1], other.built / base.built), flush=True)
            other.child.stdin.close()
            other.child.wait()


main()
