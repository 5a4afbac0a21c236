# SPDX-License-Identifier: MIT
"""Text queries, uploads and small images a second, and memory, of `clipsearch serve` and of a FastAPI service of the same job
(serve_peer.py), each with a ViT-B/32 of random weights and the same vectors, at 1, 8 and 64 connections. Needs wrk, and for the
peer a Python with FastAPI, uvicorn, python-multipart, open_clip, hnswlib and torch. Prints a table for docs/speed.md.

Usage: serve.py CLIPSEARCH RANDOM_MODEL BPE_DIR PHOTOGRAPHS PEER_PYTHON [SECONDS [VECTORS]]"""
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request

import numpy

PROGRAM, RANDOM_MODEL, BPE, PHOTOGRAPHS, PYTHON = map(os.path.abspath, sys.argv[1:6])
SECONDS, COUNT = int((sys.argv[6:] + ["5"])[0]), int((sys.argv[7:] + ["20000"])[0])
HERE = os.path.dirname(os.path.abspath(__file__))
WORDS = ("white black red small old wooden snowy sunny empty crowded dog cat horse car boat house tree flower street bridge river "
         "beach mountain market").split()

# each request another text, so that no cache of answers would help
TEXTS = """
local words = {%s}
local n = 0
function request()
  n = n + 1
  local a, b, c = words[n %% 10 + 1], words[math.floor(n / 10) %% 14 + 11], words[math.floor(n / 140) %% 14 + 11]
  return wrk.format("GET", "%s" .. "a+" .. a .. "+" .. b .. "+and+a+" .. c .. "+" .. n)
end
"""
UPLOAD = """
local f = io.open("%s", "rb"); local data = f:read("*a"); f:close()
wrk.method = "POST"
wrk.headers["Content-Type"] = "multipart/form-data; boundary=limit"
wrk.body = '--limit\\r\\nContent-Disposition: form-data; name="image"; filename="a.jpg"\\r\\nContent-Type: image/jpeg\\r\\n\\r\\n' ..
  data .. '\\r\\n--limit\\r\\nContent-Disposition: form-data; name="k"\\r\\n\\r\\n10\\r\\n--limit--\\r\\n'
"""
SMALL = """
local n = 0
function request() n = n + 1; return wrk.format("GET", string.format("%s", n %% 24 + 1)) end
"""


def seconds_of(pid):
    """Processor time that the process has used, user and system."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_of(pid):
    """The process's own memory, and that with what it has mapped of files, in MiB."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        rows = dict(line.split(":", 1) for line in file)
    return tuple(round(int(rows[name].split()[0]) / 1024) for name in ("RssAnon", "VmRSS"))


def wait_until_idle(pid):
    """What a load before this one has left is no part of it."""
    before = seconds_of(pid)
    while True:
        time.sleep(1)
        now = seconds_of(pid)
        if now - before < 0.05:
            return
        before = now


def load(pid, url, script, connections):
    wait_until_idle(pid)
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script)
        file.flush()
        before = seconds_of(pid)
        told = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", "--timeout", "60s", "--latency", "-s", file.name, url],
                              stdout=subprocess.PIPE, text=True, check=True).stdout
        used = seconds_of(pid) - before
    requests = int(re.search(r"(\d+) requests in", told).group(1))
    p99 = re.search(r"99%\s+(\S+)", told).group(1)
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", told)
    return requests / SECONDS, p99, used / max(requests, 1) * 1e3, bad.group(1) if bad else ""


def wait_for(url):
    for _ in range(600):
        try:
            return urllib.request.urlopen(url, timeout=60).read()
        except OSError:
            time.sleep(0.5)
    raise SystemExit("the service does not begin")


def measure(name, pid, base, search, upload, small, photograph):
    own, whole = memory_of(pid)
    print(f"| {name} | memory after the first query | | {own} MiB own, {whole} MiB with files | | | |", flush=True)
    rows = [("text query", search, TEXTS % (", ".join(f'"{word}"' for word in WORDS), search)),
            ("upload", upload, UPLOAD % photograph), ("small image", small % 1, SMALL % small)]
    for what, path, script in rows:
        for connections in (1, 8, 64):
            rate, p99, used, bad = load(pid, base + path, script, connections)
            print(f"| {name} | {what} | {connections} | {rate:.1f} | {p99} | {used:.2f} | {bad} |", flush=True)
        own, whole = memory_of(pid)
        print(f"| {name} | memory after that | | {own} MiB own, {whole} MiB with files | | | |", flush=True)


def measure_ours(work, db, photograph, precision):
    model = os.path.join(work, "vit-b-32")
    server = subprocess.Popen([PROGRAM, "serve", "--db", db, "--model", model, "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE,
                              text=True, env={**os.environ, "CLIPSEARCH_PRECISION": precision})
    base = server.stdout.readline().strip().rstrip("/")
    wait_for(base + "/v1/search?q=a")
    measure(f"clipsearch serve, {precision}", server.pid, base, "/v1/search?k=10&q=", "/v1/search", "/v1/items/%d/thumbnail?size=256", photograph)
    server.terminate()
    server.wait()


def measure_peer(work, photograph):
    peer = subprocess.Popen([PYTHON, os.path.join(HERE, "serve_peer.py"), "8971", os.path.join(work, "vectors.npy"), PHOTOGRAPHS],
                            stderr=subprocess.DEVNULL)
    wait_for("http://127.0.0.1:8971/search?q=a")
    measure("FastAPI, open_clip, hnswlib", peer.pid, "http://127.0.0.1:8971", "/search?k=10&q=", "/upload", "/thumbnail/%d?size=256",
            photograph)
    peer.terminate()
    peer.wait()


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        return next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), "")


def main():
    print(f"{processor()}; wrk, {SECONDS} s each, {COUNT} vectors; processor ms are user and system of the service\n")
    print("| service | request | connections | a second | p99 | processor ms a request | refused |\n| --- | --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as work:
        os.environ.update({name: work for name in ("XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")})
        vectors = numpy.random.default_rng(1).standard_normal((COUNT, 512)).astype(numpy.float32)
        vectors /= numpy.linalg.norm(vectors, axis=1, keepdims=True)
        numpy.save(os.path.join(work, "vectors.npy"), vectors)
        photographs = [os.path.join(PHOTOGRAPHS, name) for name in sorted(os.listdir(PHOTOGRAPHS)) if name.endswith(".jpg")]
        subprocess.run([RANDOM_MODEL, os.path.join(work, "vit-b-32"), os.path.realpath(BPE)], check=True)
        with open(os.path.join(work, "meta.jsonl"), "w", encoding="utf-8") as out:
            for number in range(COUNT):
                path = photographs[number] if number < len(photographs) else f"/none/{number}.jpg"
                out.write(json.dumps({"path": path}) + "\n")
        db = os.path.join(work, "a.db")
        subprocess.run([PROGRAM, "import", "-q", "--db", db, "--model", os.path.join(work, "vit-b-32"), "--vectors",
                        os.path.join(work, "vectors.npy"), "--meta", os.path.join(work, "meta.jsonl")], check=True)
        for precision in ("f32", "int8"):
            measure_ours(work, db, photographs[0], precision)
        measure_peer(work, photographs[0])


main()
