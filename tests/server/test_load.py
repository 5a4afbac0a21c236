# SPDX-License-Identifier: MIT
"""Every kind of work at once: texts, images, small images, uploads, removals, labels and duplicates on several connections,
while other processes ingest. Short, so that it runs under every sanitizer.

Usage: test_load.py PROGRAM SOURCE_ROOT [CONNECTIONS REQUESTS]"""
import http.client
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(sys.argv[2], "tests"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from running import Server, form  # noqa: E402
from tap import Tap  # noqa: E402

PROGRAM, ROOT = map(os.path.abspath, sys.argv[1:3])
CONNECTIONS, REQUESTS = map(int, sys.argv[3:5]) if len(sys.argv) > 3 else (8, 48)
DRAWINGS = os.path.join(ROOT, "examples/pictures")
FIRST = 3  # images that are there before, and stay
# how often each kind comes among the requests
KINDS = {"text": 4, "small": 8, "upload": 1, "remove": 1, "image": 0.5, "item": 4, "collections": 2, "attributes": 2,
         "labels": 0.5, "relevance": 0.5, "metrics": 2, "duplicates": 1}
tap = Tap()


class Load:
    def __init__(self, server, files):
        self.server, self.files, self.lock = server, files, threading.Lock()
        self.left, self.uploaded, self.added, self.removed, self.wrong = REQUESTS, [], 0, 0, []
        self.source = random.Random(1)

    def next(self):
        """(method, path, body, headers, the statuses that are right) of the next request; None: that was all."""
        with self.lock:
            if self.left == 0:
                return None
            self.left -= 1
            kind = self.source.choices(list(KINDS), KINDS.values())[0]
            number = self.left
            if kind == "remove" and not self.uploaded:
                kind = "upload"
            item = self.uploaded.pop() if kind == "remove" else number % FIRST + 1
        body, content = None, "application/json"
        if kind in ("upload", "image"):
            # behind the end of a JPEG anything may stand: another file with the same pixels
            data = self.files[number % len(self.files)] + (b"%d" % number if kind == "upload" else b"")
            body, content = form([("image", "x.jpg", data)])
        made = {
            "text": ("GET", f"/v1/search?q=a+cat+{number}&k=20", 200),
            "small": ("GET", f"/v1/items/{item}/thumbnail?size={(64, 128, 200)[number % 3]}", 200),
            "upload": ("POST", "/v1/items", 201), "remove": ("DELETE", f"/v1/items/{item}", 204),
            "image": ("POST", "/v1/search", 200), "item": ("GET", f"/v1/items/{item}", 200),
            "collections": ("GET", "/v1/collections", 200),
            "attributes": ("GET", "/v1/collections/photos/attributes", 200),
            "labels": ("POST", "/v1/labels", 200), "relevance": ("GET", "/v1/search?q=a+boat&k=3&relevance=true", 200),
            "metrics": ("GET", "/metrics", 200), "duplicates": ("POST", "/v1/duplicates", 200),
        }[kind]
        if kind == "labels":
            body = json.dumps({"labels": ["a cat", "a dog", f"number {number % 3}"], "k": 5})
        elif kind == "duplicates":
            body = json.dumps({"level": "exact"})
        return kind, *made[:2], body, {"Content-Type": content} if body else {}, made[2]

    def client(self):
        connection = http.client.HTTPConnection(*self.server.address, timeout=600)
        while request := self.next():
            kind, method, path, body, headers, right = request
            try:
                connection.request(method, path, body, headers)
                answer = connection.getresponse()
                data, status = answer.read(), answer.status
            except (OSError, http.client.HTTPException):
                connection.close()  # it was idle for long: once more, on a new one
                connection.request(method, path, body, headers)
                answer = connection.getresponse()
                data, status = answer.read(), answer.status
            with self.lock:
                if status == 201:
                    self.uploaded.append(json.loads(data)["id"])
                    self.added += 1
                elif status == 204:
                    self.removed += 1
                if status != right and status != 503:
                    self.wrong.append((kind, path, status, data[:200]))
        connection.close()


def ingest(load, db, scratch, done):
    """Other processes put an image each into the collection, until the load ends."""
    names = sorted(name for name in os.listdir(DRAWINGS) if name.endswith(".jpg"))[FIRST:FIRST + 1]
    while names:
        folder = os.path.join(scratch, names[0] + ".d")
        os.mkdir(folder)
        shutil.copy(os.path.join(DRAWINGS, names.pop(0)), folder)
        ended = subprocess.run([PROGRAM, "ingest", "-q", "--db", db, folder], capture_output=True, check=False)
        done.append((ended.returncode, ended.stderr.decode(errors="replace")))
        if load.left == 0:
            break


def main():
    if subprocess.run([PROGRAM, "serve", "--help"], capture_output=True, check=False).returncode != 0:
        tap.skip("serve", "this build has none")
        return tap.done()
    with tempfile.TemporaryDirectory() as scratch:
        for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
            os.environ[name] = scratch
        db, uploads, first = (os.path.join(scratch, name) for name in ("photos.db", "uploads", "first"))
        os.mkdir(uploads)
        os.mkdir(first)
        names = sorted(name for name in os.listdir(DRAWINGS) if name.endswith(".jpg"))[:FIRST]
        files = []
        for name in names:
            shutil.copy(os.path.join(DRAWINGS, name), first)
            with open(os.path.join(DRAWINGS, name), "rb") as file:
                files.append(file.read())
        subprocess.run([PROGRAM, "ingest", "-q", "--db", db, first], check=True)
        server = Server(PROGRAM, db, "--upload-dir", uploads, "--allow-delete")
        if not server.port:
            tap.skip("serve", "libmicrohttpd is not there")
            return tap.done()
        load, ingested = Load(server, files), []
        threads = [threading.Thread(target=load.client) for _ in range(CONNECTIONS)]
        threads.append(threading.Thread(target=ingest, args=(load, db, scratch, ingested)))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        tap.ok(not load.wrong, f"{REQUESTS} requests on {CONNECTIONS} connections have the right answers", load.wrong[:5])
        tap.ok(ingested and all(code == 0 for code, _ in ingested), "other processes ingest meanwhile", ingested[:3])
        photos = server.ask("GET", "/v1/collections").json()["collections"][0]
        count = FIRST + len(ingested) + load.added - load.removed
        tap.ok(photos["count"] == count, "no image is lost, and none is there twice", [photos["count"], count])
        code, errors = server.stop()
        tap.ok(code == 0 and "Sanitizer" not in errors and "runtime error" not in errors, "nothing is found by a sanitizer",
               [code, errors[-4000:]])
    return tap.done()


sys.exit(main())
