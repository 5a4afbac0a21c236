# SPDX-License-Identifier: MIT
"""Every request of docs/http.md, its errors, the token, uploads, other processes, and clients that mean no good.

Usage: test_serve.py PROGRAM SOURCE_ROOT"""
import base64
import concurrent.futures
import hashlib
import json
import os
import resource
import select
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zlib

sys.path.insert(0, os.path.join(sys.argv[2], "tests"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from running import Server, form  # noqa: E402
from tap import Tap  # noqa: E402

PROGRAM, ROOT = map(os.path.abspath, sys.argv[1:3])
PHOTOGRAPHS = os.path.join(ROOT, "examples/photographs")
LATE = 15  # seconds until a slow client is answered or closed: 5, and 10 for a machine that does other things as well
tap = Tap()


def run(*arguments):
    return subprocess.run([PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)


def read(name):
    with open(os.path.join(PHOTOGRAPHS, name), "rb") as file:
        return file.read()


def names(answer):
    return [os.path.basename(hit["path"]) for hit in answer.json().get("hits", [])]


def check_search(server, db):
    answer = server.ask("GET", "/v1/search?q=a+cat&k=3")
    told = run("search", "--db", db, "--json", "-k", "3", "a cat").stdout
    expected = [(hit["id"], hit["score"]) for hit in json.loads(told)["queries"][0]["hits"]]
    tap.ok([(hit["id"], hit["score"]) for hit in answer.json()["hits"]] == expected, "GET finds what the command line finds")
    query = [{"text": "flowers"}, {"text": "grass", "weight": -0.5}]
    answer = server.post("/v1/search", {"query": query, "k": 4})
    told = run("search", "--db", db, "--json", "-k", "4", "flowers", "-", "0.5:grass").stdout
    expected = [hit["id"] for hit in json.loads(told)["queries"][0]["hits"]]
    tap.ok([hit["id"] for hit in answer.json()["hits"]] == expected, "POST with weights, too", [answer.body[:300], expected])
    whole = server.post("/v1/search", {"query": "a boat", "k": 20}).json()["hits"]
    pages = [hit for offset in range(0, 20, 5)
             for hit in server.post("/v1/search", {"query": "a boat", "k": 5, "offset": offset}).json()["hits"]]
    tap.ok(pages == whole and len(whole) == 20, "pages fit together")
    first = server.post("/v1/search", {"query": "a boat", "k": 5}).json()
    last = server.post("/v1/search", {"query": "a boat", "k": 5, "offset": 20}).json()
    tap.ok(first["more"] and not last["more"] and first["total"] == 24 and len(last["hits"]) == 4, "more, total, the end")
    listed = server.post("/v1/search", {"k": 3}).json()["hits"]
    tap.ok([hit["id"] for hit in listed] == [24, 23, 22] and listed[0]["score"] == 0, "no query: the newest first")
    filtered = server.post("/v1/search", {"query": "a cat", "k": 30, "filter": 'name like "%t%" and width > 100'}).json()
    tap.ok(filtered["total"] is None and filtered["hits"] and all("t" in os.path.basename(hit["path"])
                                                                  for hit in filtered["hits"]), "a filter")
    similar = server.post("/v1/search", {"query": [{"id": 7}], "k": 5}).json()["hits"]
    tap.ok(all(hit["id"] != 7 for hit in similar), "an item is not similar to itself")
    itself = server.post("/v1/search", {"query": [{"id": 7}], "k": 1, "with_self": True}).json()["hits"]
    tap.ok(itself[0]["id"] == 7, "unless that is asked for")
    related = server.post("/v1/search", {"query": "a cat", "k": 3, "relevance": True}).json()["hits"]
    told = run("search", "--db", db, "--json", "-k", "3", "--min-relevance", "0", "a cat").stdout
    expected = [hit.get("relevance") for hit in json.loads(told)["queries"][0]["hits"]]
    tap.ok([hit.get("relevance") for hit in related] == expected, "relevance as on the command line", [related, expected])


def check_images(server):
    cat = read("cat.jpg")
    body, kind = form([("image", "cat.jpg", cat), ("k", 2)])
    uploaded = server.ask("POST", "/v1/search", body, {"Content-Type": kind})
    tap.ok(names(uploaded)[0] == "cat.jpg" and len(names(uploaded)) == 2, "an image as a form", [uploaded.body[:300]])
    encoded = server.post("/v1/search", {"query": [{"image": base64.b64encode(cat).decode()}], "k": 2})
    tap.ok(names(encoded) == names(uploaded), "and as base64")
    body, kind = form([("image", "cat.jpg", cat), ("crop", "10,10,50,60")])
    vector = server.ask("POST", "/v1/embed", body, {"Content-Type": kind}).json()["vectors"][0]
    item = next(hit["id"] for hit in server.post("/v1/search", {"k": 30}).json()["hits"]
                if hit["path"].endswith("/cat.jpg"))
    same = server.post("/v1/embed", {"id": item, "crop": [10, 10, 50, 60]}).json()["vectors"][0]
    tap.ok(vector == same and len(vector) == 512 and abs(sum(x * x for x in vector) - 1) < 1e-5,
           "a region, of an upload and of an item")
    found = server.post("/v1/search", {"query": [{"vector": vector}], "k": 1}).json()["hits"]
    crop = server.post("/v1/search", {"query": [{"image": base64.b64encode(cat).decode(), "crop": [10, 10, 50, 60]}], "k": 1})
    tap.ok(found and found[0]["id"] == crop.json()["hits"][0]["id"], "a vector finds what its image finds")
    cropped = [("image", "cat.jpg", cat), ("crop", "10,10,50,60")]
    for fields in ([cropped[0], ("crop", "10,10,50,60,7")], [cropped[0], ("crop", "10,,10,50,60")], [cropped[0], *cropped], [*cropped, cropped[1]],
                   [cropped[0], ("crop", b"10,10,50,60\0")]):
        body, kind = form(fields)
        refused = server.ask("POST", "/v1/search", body, {"Content-Type": kind})
        tap.ok(refused.status == 400 and "crop" in refused.json()["error"]["message"], f"a wrong crop: {fields[-1][1:]}"[:60],
               [refused.body[:200]])
    for path, fields in (("search", [("q", "a cat"), ("k", 3), ("k", 4)]), ("search", [("collection", "photos")] * 2),
                         ("embed", [("image", "cat.jpg", cat)] * 2), ("embed", [("id", 1), ("id", 2)]),
                         ("embed", [("id", 1), ("collection", "none"), ("collection", "photos")])):
        body, kind = form(fields)
        refused = server.ask("POST", "/v1/" + path, body, {"Content-Type": kind})
        tap.ok(refused.status == 400 and refused.json()["error"]["message"] == f'the field "{fields[-1][0]}" is given twice',
               f"{path}: the field {fields[-1][0]} twice", [refused.body[:200]])
    body, kind = form([("q", "a cat"), ("q", "a dog"), ("not", "snow"), ("not", "grass"), ("id", 1), ("id", 2), ("k", 1)])
    tap.ok(len(names(server.ask("POST", "/v1/search", body, {"Content-Type": kind}))) == 1,
           "several texts and items are parts of one query")
    texts = server.post("/v1/embed", {"texts": ["a dog", "a cat"]}).json()["vectors"]
    told = run("embed", "a dog", "a cat").stdout.splitlines()
    tap.ok(texts == [json.loads(line)["vector"] for line in told], "texts are encoded as by clipsearch embed")


def check_items(server):
    item = server.ask("GET", "/v1/items/1").json()
    tap.ok(item["id"] == 1 and item["width"] > 0 and item["size"] > 0 and item["mtime"] > 0, "an item")
    file = server.ask("GET", "/v1/items/1/file")
    with open(item["path"], "rb") as original:
        tap.ok(file.body == original.read() and file.headers["Content-Type"] == "image/jpeg"
               and file.headers["X-Content-Type-Options"] == "nosniff", "its file")
    saved = server.ask("GET", "/v1/items/1/file?download=1").headers["Content-Disposition"]
    tap.ok(saved.startswith("attachment; filename*=UTF-8''"), "to be saved")
    small = server.ask("GET", "/v1/items/1/thumbnail?size=128")
    tap.ok(small.body[:2] == b"\xff\xd8" and small.headers["Content-Type"] == "image/jpeg" and len(small.body) < 20000,
           "a small image")
    tap.ok(max(jpeg_sides(small.body)) == 128, "of that size")
    big = server.ask("GET", "/v1/items/1/thumbnail?size=2048")
    tap.ok(jpeg_sides(big.body) == (item["width"], item["height"]), "never enlarged")
    again = server.ask("GET", "/v1/items/1/thumbnail?size=128", headers={"If-None-Match": small.headers["ETag"]})
    tap.ok(again.status == 304 and not again.body, "not sent again when the client has it")
    for path in ("/v1/items/1/thumbnail?size=128&v=7", "/v1/items/1/file", "/"):
        again = server.ask("GET", path, headers={"If-None-Match": "*"})
        tap.ok(again.status == 304 and not again.body, f"{path.split('?')[0]}: nor when it says that it has something", [again.status])
    head = server.ask("HEAD", "/v1/items/1/file")
    tap.ok(head.status == 200 and not head.body and head.headers["Content-Length"] == str(len(file.body)), "HEAD")
    attributes = server.ask("GET", "/v1/collections/photos/attributes").json()
    tap.ok(attributes["folders"] and attributes["folders"][0]["count"] == 24 and attributes["items"] == 24, "folders")
    collections = server.ask("GET", "/v1/collections").json()
    tap.ok(collections["collections"][0]["name"] == "photos" and collections["collections"][0]["count"] == 24
           and collections["collections"][0]["text"] is True, "collections")


def jpeg_sides(data):
    at = 2
    while at < len(data):
        marker, length = data[at + 1], struct.unpack(">H", data[at + 2:at + 4])[0]
        if marker in (0xC0, 0xC1, 0xC2):
            height, width = struct.unpack(">HH", data[at + 5:at + 9])
            return width, height
        at += 2 + length
    return None


def check_labels(server, db):
    answer = server.post("/v1/labels", {"labels": ["a cat", "a boat", "a flower"], "k": 100}).json()
    told = json.loads(run("label", "--db", db, "--json", "--labels", "a cat,a boat,a flower").stdout)
    expected = {}
    for image in told["images"]:
        best = image["labels"][0]
        expected[image["id"]] = (best["label"], round(best["probability"], 5))
    got = {hit["id"]: (hit["label"], round(hit["probability"], 5)) for hit in answer["hits"]}
    tap.ok(got == expected and answer["total"] == 24, "labels as on the command line", [str(got)[:500], str(expected)[:500]])
    one = server.post("/v1/labels", {"labels": ["a cat", "a boat", "a flower"], "label": "a boat", "k": 2}).json()
    count = next(row["count"] for row in one["labels"] if row["label"] == "a boat")
    tap.ok(one["total"] == count and all(hit["label"] == "a boat" for hit in one["hits"]), "one label")
    groups = server.post("/v1/duplicates", {"level": "exact"})
    tap.ok(groups.status == 200 and groups.json()["images"] == 24 and groups.json()["groups"] == [], "no duplicates")


def check_gone(scratch):
    """Files that are gone, which no ingestion has noted."""
    source, db = os.path.join(scratch, "copies"), os.path.join(scratch, "copies.db")
    os.mkdir(source)
    for name in ("a.jpg", "b.jpg"):
        shutil.copy(os.path.join(PHOTOGRAPHS, "cat.jpg"), os.path.join(source, name))
    run("ingest", "-q", "--db", db, "--collection", "copies", source)
    os.remove(os.path.join(source, "a.jpg"))
    server = Server(PROGRAM, db)

    def ask():
        answer = server.post("/v1/duplicates", {"level": "exact"}).json()
        group = [(os.path.basename(hit["path"]), hit["keep"], hit.get("gone", False)) for hit in answer["groups"][0]]
        hits = server.ask("GET", "/v1/search?q=a+cat").json()["hits"]
        return group, answer["surplus"], [(os.path.basename(hit["path"]), hit["copies"], hit.get("gone", False)) for hit in hits]

    told = ask()
    tap.ok(told == ([("b.jpg", True, False), ("a.jpg", False, True)], 0, [("b.jpg", 1, False)]),
           "a copy whose file is there is kept, and stands for the others", [told])
    os.remove(os.path.join(source, "b.jpg"))
    told = ask()
    tap.ok(told == ([("a.jpg", True, True), ("b.jpg", False, True)], 0, [("a.jpg", 1, True)]), "and none, if none is there", [told])
    server.stop()


BAD = [  # method, path, body, status, code
    ("GET", "/v1/nothing", None, 404, "not_found"),
    ("GET", "/v1/items/999999", None, 404, "not_found"),
    ("GET", "/v1/items/one", None, 400, "argument"),
    ("GET", "/v1/items/1/thumbnail?size=5", None, 400, "argument"),
    ("GET", "/v1/items/1?collection=none", None, 404, "not_found"),
    ("GET", "/v1/items/1?colection=none", None, 400, "argument"),
    ("GET", "/v1/items/1/thumbnail?colection=none", None, 400, "argument"),
    ("GET", "/v1/items/1/file?size=64", None, 400, "argument"),
    ("GET", "/v1/items/1?collection=photos&collection=none", None, 400, "argument"),
    ("GET", "/v1/items/1/thumbnail?size=64&size=128", None, 400, "argument"),
    ("GET", "/v1/items/1%00", None, 400, "argument"),
    ("GET", "/v1/items/1%00/file", None, 400, "argument"),
    ("GET", "/healthz%00", None, 400, "argument"),
    ("GET", "/v1/search?q=a+cat&k=3&k=4", None, 400, "argument"),
    ("GET", "/v1/search?filter=true&q=a+cat&filter=false", None, 400, "argument"),
    ("POST", "/v1/search?collection=none", {"query": "a cat"}, 400, "argument"),
    ("POST", "/v1/items?collection=none", b"", 400, "argument"),
    ("GET", "/v1/items/..%2f..%2fetc%2fpasswd/file", None, 404, "not_found"),
    ("GET", "/page/..%2fserver.c", None, 404, "not_found"),
    ("GET", "/page/../../etc/passwd", None, 404, "not_found"),
    ("PUT", "/v1/search", b"", 405, "method"),
    ("DELETE", "/v1/items/1", None, 403, "off"),
    ("POST", "/v1/items", b"", 403, "off"),
    ("POST", "/v1/search", b"{", 400, "format"),
    ("POST", "/v1/search", b"[]", 400, "argument"),
    ("POST", "/v1/search", {"limit": 3}, 400, "argument"),
    ("POST", "/v1/search", {"k": 0}, 400, "argument"),
    ("POST", "/v1/search", {"k": 1001}, 400, "argument"),
    ("POST", "/v1/search", {"k": 1000, "offset": 9500}, 413, "limit"),
    ("POST", "/v1/search", {"query": [{"text": "a", "id": 1}]}, 400, "argument"),
    ("POST", "/v1/search", {"query": [{"text": ""}]}, 400, "argument"),
    ("POST", "/v1/search", {"query": [{"text": "a cat"}, {"text": " \t"}]}, 400, "argument"),
    ("POST", "/v1/embed", {"texts": [" "]}, 400, "argument"),
    ("POST", "/v1/search", {"query": [{"id": 7}], "min_relevance": 0.5}, 400, "argument"),
    ("GET", "/v1/search?min_relevance=0.5&q=a+cat&id=7", None, 400, "argument"),
    ("GET", "/v1/search?q=a+cat%00dog", None, 400, "argument"),
    ("GET", "/v1/search?q%00=a+cat", None, 400, "argument"),
    ("GET", "/v1/search?q=a+cat" + 128 * "&k=1" + "&filter=width<0", None, 400, "argument"),
    ("GET", "/v1/search?k=1" + 101 * "&id=1", None, 413, "limit"),
    ("GET", "/v1/search?q=" + 10001 * "a", None, 413, "limit"),
    ("GET", "/v1/search?q=a&k=1000&offset=9001", None, 413, "limit"),
    ("POST", "/v1/search", {"query": " \n"}, 400, "argument"),
    ("GET", "/v1/search?q=%20", None, 400, "argument"),
    ("POST", "/v1/search", {"query": [{"vector": [1, 2]}]}, 400, "argument"),
    ("POST", "/v1/search", {"query": [{"vector": [0] * 512}]}, 400, "argument"),
    ("POST", "/v1/search", {"query": [{"text": "a", "weight": 0}]}, 400, "argument"),
    ("POST", "/v1/search", {"query": [{"image": "!"}]}, 400, "argument"),
    ("POST", "/v1/search", {"query": [{"image": "aGVsbG8="}]}, 415, "unsupported"),
    ("POST", "/v1/search", {"query": [{"id": 4711}]}, 404, "not_found"),
    ("POST", "/v1/search", {"query": "a", "filter": "width <"}, 400, "argument"),
    ("POST", "/v1/search", {"query": [{"text": "a"}] * 101}, 413, "limit"),
    ("POST", "/v1/search", {"query": "a", "collection": "none"}, 404, "not_found"),
    ("POST", "/v1/embed", {}, 400, "argument"),
    ("POST", "/v1/embed", {"id": 1, "crop": [90, 0, 20, 10]}, 400, "argument"),
    ("POST", "/v1/labels", {"labels": ["one"]}, 400, "argument"),
    ("POST", "/v1/duplicates", {"level": "all"}, 400, "argument"),
]


def check_errors(server):
    for method, path, body, status, code in BAD:
        answer = server.ask(method, path, body)
        what = f"{method} {path[:60]} {str(body)[:40] if body else ''}: {status} {code}"
        tap.ok(answer.status == status and answer.code() == code and answer.json()["error"]["message"], what,
               [answer.status, answer.body[:200]])
    last = server.ask("GET", "/v1/search?q=a+cat&offset=9999&k=1")
    tap.ok(last.status == 200 and not last.json()["hits"], "offset may stand before k", [last.body[:200]])
    told = run("search", "--db", server.db, "a", "--filter", "width <").stderr.decode()
    message = server.post("/v1/search", {"query": "a", "filter": "width <"}).json()["error"]["message"]
    tap.ok(message in told, "the words are the command line's", [message, told])


def check_browser(server):
    page = server.ask("GET", "/")
    policy = page.headers["Content-Security-Policy"]
    tap.ok(page.status == 200 and "script-src 'self'" in policy and "unsafe" not in policy, "the page and its policy")
    described = server.ask("GET", "/openapi.json").json()
    tap.ok(described["openapi"].startswith("3.") and "/v1/search" in described["paths"], "a description for programs")
    for name in ("evil.example", "localhost.evil.example", "127.0.0.1.evil.example:80", "[::1].evil"):
        tap.ok(server.ask("GET", "/v1/collections", headers={"Host": name}).status == 421, f"Host {name} is refused")
    for name in ("localhost", "127.0.0.1", "[::1]:8080", "192.168.1.7:8080"):
        tap.ok(server.ask("GET", "/v1/collections", headers={"Host": name}).status == 200, f"Host {name} is taken")
    for headers in ({"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"},
                    {"Sec-Fetch-Site": "same-site"}):
        answer = server.post("/v1/search", {"k": 1}, **headers)
        tap.ok(answer.status == 403 and answer.code() == "origin", f"{headers} is refused")
    own = f"http://127.0.0.1:{server.port}"
    tap.ok(server.post("/v1/search", {"k": 1}, Origin=own).status == 200, "its own page is not")
    metrics = server.ask("GET", "/metrics").body.decode()
    tap.ok('clipsearch_images{collection="photos"} 24' in metrics and "clipsearch_request_seconds_bucket" in metrics,
           "metrics")
    tap.ok(server.ask("GET", "/healthz").json() == {"status": "ok"}, "health")


def check_token(db, scratch):
    token = "0123456789abcdefghij"
    file = os.path.join(scratch, "token")
    with open(file, "w", encoding="ascii") as out:
        out.write(token + "\n")
    server = Server(PROGRAM, db, "--token-file", file)
    tap.ok(server.ask("GET", "/v1/collections").status == 401, "without the token: 401")
    tap.ok(server.ask("GET", "/metrics").status == 401, "for the metrics, too")
    tap.ok(server.ask("GET", "/").status == 200 and server.ask("GET", "/healthz").status == 200, "the empty page is open")
    good = {"Authorization": "Bearer " + token}
    tap.ok(server.ask("GET", "/v1/collections", headers=good).status == 200, "Bearer")
    bad = {"Authorization": "Bearer " + token[:-1]}
    tap.ok(server.ask("GET", "/v1/collections", headers=bad).status == 401, "a part of the token is not enough")
    link = server.ask("GET", "/?token=" + token)
    cookie = link.headers["Set-Cookie"]
    tap.ok(link.status == 303 and link.headers["Location"] == "/" and "HttpOnly" in cookie and "SameSite=Strict" in cookie,
           "the link sets a cookie")
    tap.ok(server.ask("GET", "/v1/collections", headers={"Cookie": "a=b; " + cookie.split(";")[0]}).status == 200,
           "which admits")
    tap.ok(server.ask("GET", "/?token=wrong").headers["Set-Cookie"] is None, "a wrong link sets none")
    tap.ok(server.post("/v1/login", {"token": "wrong"}).status == 401, "a wrong login")
    login = server.post("/v1/login", {"token": token})
    tap.ok(login.status == 204 and login.headers["Set-Cookie"] == cookie, "a login")
    server.stop()
    with open(file, "w", encoding="ascii") as out:
        out.write("short\n")
    refused = run("serve", "--db", db, "--listen", "127.0.0.1:0", "--token-file", file)
    tap.ok(refused.returncode == 2 and b"token of 16 to 256" in refused.stderr, "a short token is refused")
    named = Server(PROGRAM, db, "--host-name", "photos.example", "--host-name", "other.example")
    codes = [named.ask("GET", "/healthz", headers={"Host": name}).status
             for name in ("photos.example", "other.example:80", "more.example")]
    tap.ok(codes == [200, 200, 421], "names that the server is given are taken", [codes])
    named.stop()
    elsewhere = Server(PROGRAM, db, listen="0.0.0.0:0")
    tap.ok("?token=" in elsewhere.link and elsewhere.ask("GET", "/v1/collections").status == 401,
           "listening elsewhere: a token is made up and printed")
    made = elsewhere.link.split("token=")[1]
    tap.ok(len(made) == 32 and elsewhere.ask("GET", "/v1/collections",
                                             headers={"Authorization": "Bearer " + made}).status == 200, "and admits")
    elsewhere.stop()


def server_at(port):
    """A server that somebody else starts."""
    server = Server.__new__(Server)
    server.address, server.port, server.tls = ("127.0.0.1", port), port, None
    return server


def check_activation(db):
    """A socket that systemd passes: number 3, with the process's own number in LISTEN_PID."""
    passed = socket.create_server(("127.0.0.1", 0))
    number = passed.fileno()
    process = subprocess.Popen(["sh", "-c", f'LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" serve --db "$1" 3<&{number}', PROGRAM, db],
                               pass_fds=(number,), stdout=subprocess.PIPE)
    link = process.stdout.readline().decode().strip()
    port = passed.getsockname()[1]
    answer = server_at(port).ask("GET", "/healthz")
    process.terminate()
    tap.ok(link == f"http://127.0.0.1:{port}/" and answer.status == 200 and process.wait(30) == 0, "a socket that systemd passes")
    passed.close()
    activate = shutil.which("systemd-socket-activate")
    if not activate:
        tap.skip("systemd's own program passes the socket", "systemd-socket-activate is not installed")
        return
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen([activate, "-l", f"127.0.0.1:{port}", "-E", "HOME", PROGRAM, "serve", "--db", db],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    answer = None
    for _ in range(100):
        try:
            answer = server_at(port).ask("GET", "/v1/search?q=a+cat&k=1")
            break
        except OSError:
            time.sleep(0.1)
    process.terminate()
    tap.ok(answer and len(names(answer)) == 1 and process.wait(30) == 0,
           "systemd-socket-activate starts it with the first request, which is answered")


def check_units(scratch):
    """systemd knows every word of the unit files."""
    if not shutil.which("systemd-analyze"):
        tap.skip("the unit files", "systemd-analyze is not installed")
        return
    folder = os.path.join(scratch, "units")
    os.mkdir(folder)
    for name in os.listdir(os.path.join(ROOT, "systemd")):
        if ".so" in name or ".se" in name:
            with open(os.path.join(ROOT, "systemd", name), encoding="ascii") as unit, \
                    open(os.path.join(folder, name.removesuffix(".in")), "w", encoding="ascii") as out:
                out.write(unit.read().replace("@bindir@/clipsearch", PROGRAM))
    units = sorted(os.path.join(folder, name) for name in os.listdir(folder))
    told = subprocess.run(["systemd-analyze", "verify", "--user", "--man=no", *units], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, env={**os.environ, "XDG_RUNTIME_DIR": folder}, check=False)
    tap.ok(len(units) == 2 and told.returncode == 0 and not told.stdout, "systemd-analyze verify finds nothing in the unit files",
           [units, told.stdout])
    shutil.rmtree(folder)


def make_certificate(folder, name):
    """A key, and a certificate of its own for this machine: two PEM files."""
    key, cert = os.path.join(folder, name + ".key"), os.path.join(folder, name + ".pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert],
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return cert, key


def check_tls(db, scratch):
    if not shutil.which("openssl"):
        tap.skip("TLS", "openssl is not installed")
        return
    folder = os.path.join(scratch, "tls")
    os.mkdir(folder)
    (cert, key), (other, _) = make_certificate(folder, "own"), make_certificate(folder, "other")
    token = os.path.join(folder, "token")
    with open(token, "w", encoding="ascii") as out:
        out.write("0123456789abcdefghij\n")
    server = Server(PROGRAM, db, "--cert", cert, "--key", key, "--token-file", token, tls=cert)
    good = {"Authorization": "Bearer 0123456789abcdefghij"}
    tap.ok(server.link.startswith("https://") and names(server.ask("GET", "/v1/search?q=a+cat&k=1", headers=good)) == ["cat.jpg"],
           "a query over TLS, with the certificate verified", [server.link])
    login = server.post("/v1/login", {"token": "0123456789abcdefghij"})
    tap.ok("; Secure" in login.headers["Set-Cookie"], "the cookie is for TLS alone", [login.headers["Set-Cookie"]])
    stranger = server_at(server.port)
    stranger.tls = ssl.create_default_context(cafile=other)
    try:
        stranger.ask("GET", "/healthz")
        refused = False
    except ssl.SSLError:
        refused = True
    tap.ok(refused, "a client that knows another certificate does not speak to it")
    ends = server.send_each([b"", b"GET /healthz HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01", b"\x16\x03\x01"], shut=False)
    tap.ok(all(got is not None for got, _ in ends), "who does not finish the handshake is closed", [ends])
    tap.ok(server.ask("GET", "/healthz").status == 200, "and a good client served after that")
    server.stop()
    for options, words in (["--cert", cert], b"both a certificate and its key"), (["--cert", other, "--key", key], b"belong together"):
        told = run("serve", "--db", db, "--listen", "127.0.0.1:0", *options)
        tap.ok(told.returncode == 2 and words in told.stderr, f"refused: {words.decode()}", [told.stderr])
    shutil.rmtree(folder)


def check_uploads(scratch):
    db, folder = os.path.join(scratch, "uploads.db"), os.path.join(scratch, "uploads")
    os.mkdir(folder)
    source = os.path.join(scratch, "source")
    os.mkdir(source)
    shutil.copy(os.path.join(PHOTOGRAPHS, "boats.jpg"), source)
    run("ingest", "-q", "--db", db, source)
    server = Server(PROGRAM, db, "--upload-dir", folder, "--allow-delete")
    server.db = db
    body, kind = form([("image", "../../etc/x y\\..\\cat.PHP.jpg", read("cat.jpg")), ("attributes", '{"price": 3}')])
    added = server.ask("POST", "/v1/items", body, {"Content-Type": kind})
    item = added.json()
    tap.ok(added.status == 201 and item["attributes"] == {"price": 3}, "an image is added", [added.body[:300]])
    tap.ok(os.path.dirname(item["path"]) == os.path.realpath(folder) and item["path"].endswith("-cat.PHP.jpg")
           and sorted(os.listdir(scratch)) == sorted(["uploads", "source", "token"] + [n for n in os.listdir(scratch)
                                                                                      if ".db" in n or n == "home"]),
           "below the directory, whatever its name says", [item["path"], os.listdir(scratch)])
    with open(item["path"], "rb") as file:
        tap.ok(hashlib.sha256(file.read()).digest() == hashlib.sha256(read("cat.jpg")).digest(), "byte for byte")
    tap.ok(server.ask("GET", "/v1/search?q=a+cat&k=1").json()["hits"][0]["id"] == item["id"], "and found at once")
    again = server.ask("POST", "/v1/items", body, {"Content-Type": kind})
    tap.ok(again.json()["id"] == item["id"] and len(os.listdir(folder)) == 1, "twice is once")
    body, kind = form([("image", "x.jpg", b"no image at all")])
    bad = server.ask("POST", "/v1/items", body, {"Content-Type": kind})
    tap.ok(bad.status == 415 and len(os.listdir(folder)) == 1, "what is no image is not stored")
    body, kind = form([("image", "x.jpg", read("dandelions.jpg")), ("attributes", "[1]")])
    bad = server.ask("POST", "/v1/items", body, {"Content-Type": kind})
    tap.ok(bad.status == 400 and len(os.listdir(folder)) == 1, "nor is one with attributes that are none", [bad.body])
    for attributes in (b'{"a":1,"a":2}', b'{"a":1e999}', b'{"a":"caf\xe9"}'):
        body, kind = form([("image", "x.jpg", read("dandelions.jpg")), ("attributes", attributes)])
        bad = server.ask("POST", "/v1/items", body, {"Content-Type": kind})
        tap.ok(bad.status in (400, 413) and b"attributes" in bad.body and len(os.listdir(folder)) == 1,
               f"nor with {attributes}, which no answer could show", [bad.body])
    body, kind = form([("image", "x.jpg", read("dandelions.jpg")), ("attribute", '{"price": 3}')])
    bad = server.ask("POST", "/v1/items", body, {"Content-Type": kind})
    tap.ok(bad.status == 400 and len(os.listdir(folder)) == 1, "a field that an upload does not have", [bad.body])
    check_attributes(server, scratch)
    check_equal_uploads(server)
    vectors = os.path.join(scratch, "numbers.npy")
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1, 512), }".ljust(117) + b"\n"
    with open(vectors, "wb") as out:
        out.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + struct.pack("<512f", *[1.0] * 512))
    run("import", "-q", "--db", db, "--collection", "numbers", "--model", "default", "--vectors", vectors)
    body, kind = form([("image", "cat.jpg", read("cat.jpg")), ("collection", "numbers")])

    def precisions():
        all_of_them = server.ask("GET", "/v1/collections").json()["collections"]
        return next(each["precisions"] for each in all_of_them if each["name"] == "numbers")
    before, added = precisions(), server.ask("POST", "/v1/items", body, {"Content-Type": kind})
    tap.ok(added.status == 201 and before == [] and precisions() == ["f32"], "what an image was computed in is noted",
           [added.body[:300], before, precisions()])
    run("drop", "-y", "--db", db, "numbers")
    slip = server.ask("DELETE", f"/v1/items/{item['id']}?colection=other")
    tap.ok(slip.status == 400 and server.ask("GET", f"/v1/items/{item['id']}").status == 200,
           "a slip in a field's name removes nothing", [slip.status, slip.body])
    tap.ok(server.ask("DELETE", f"/v1/items/{item['id']}").status == 204
           and server.ask("GET", f"/v1/items/{item['id']}").status == 404 and os.path.exists(item["path"]),
           "an item is removed, and its file stays")
    check_other_process(server, db, source)
    server.stop()


def check_attributes(server, scratch):
    """What a file says of its image becomes the same attributes as by an ingestion; given ones win."""
    file, db = os.path.join(ROOT, "tests/data/metadata/camera.jpg"), os.path.join(scratch, "attributes.db")
    run("ingest", "-q", "--db", db, file)
    told = json.loads(run("query", "--db", db, "--json").stdout)["items"][0]["attributes"]
    with open(file, "rb") as image:
        body, kind = form([("image", "camera.jpg", image.read()), ("attributes", '{ "camera": "mine",\n "a b": " \\" ", "no": null }')])
    item = server.ask("POST", "/v1/items", body, {"Content-Type": kind}).json()
    tap.ok(len(told) > 10 and item["attributes"] == {**told, "camera": "mine", "a b": ' " ', "no": None}, "a file's own attributes are stored",
           [told, item])
    run("ingest", "-q", "--db", server.db, "--rescan", os.path.dirname(item["path"]))
    again = server.ask("GET", f"/v1/items/{item['id']}").json()
    tap.ok(again["attributes"] == {**told, "camera": "mine", "a b": ' " ', "no": None}, "and are what an ingestion of the folder finds", [again])
    asked = [one["name"] for one in server.ask("GET", "/v1/collections/photos/attributes").json()["attributes"]]
    tap.ok("camera" in asked and "no" not in asked, "filters are offered for attributes that have values", [asked])
    server.ask("DELETE", f"/v1/items/{item['id']}")
    os.remove(item["path"])


def check_equal_uploads(server):
    """The same file several times: changed on the disk between, and at once with one that cannot be stored."""
    cat = read("cat.jpg")

    def add(name, *fields):
        body, kind = form([("image", name, cat), *fields])
        return server.ask("POST", "/v1/items", body, {"Content-Type": kind})
    first = add("changed.jpg").json()
    with open(first["path"], "ab") as file:
        file.write(b"changed")
    second, third = add("changed.jpg").json(), add("changed.jpg").json()
    with open(first["path"], "rb") as changed, open(second["path"], "rb") as whole:
        tap.ok(changed.read() == cat + b"changed" and whole.read() == cat and second["size"] == len(cat)
               and second["id"] != first["id"], "a file that was changed stays, and the upload is another one", [first, second])
    tap.ok(third["id"] == second["id"], "which is found again", [second, third])
    added = [first, second]
    long = ("attributes", json.dumps({"long": "x" * (1 << 20)}))  # which the database refuses
    lost = []
    with concurrent.futures.ThreadPoolExecutor(2) as threads:
        for number in range(20):
            both = threads.map(lambda fields: add(f"both-{number}.jpg", *fields), [[long], []])
            refused, good = list(both)
            if refused.status != 400 or good.status != 201 or not os.path.exists(good.json()["path"]):
                lost.append([number, refused.body[:100], good.body[:100]])
            if good.status == 201:
                added.append(good.json())
    tap.ok(not lost, "an upload that cannot be stored does not take away the file of another one", lost[:3])
    for item in added:
        server.ask("DELETE", f"/v1/items/{item['id']}")
        if os.path.exists(item["path"]):
            os.remove(item["path"])


def check_other_process(server, db, source):
    shutil.copy(os.path.join(PHOTOGRAPHS, "tulips.jpg"), source)
    other = run("ingest", "-q", "--db", db, source)
    start = time.monotonic()
    while time.monotonic() - start < 10:
        if "tulips.jpg" in names(server.ask("GET", "/v1/search?q=tulips&k=5")):
            break
    took = time.monotonic() - start
    tap.ok(other.returncode == 0 and took < 5, f"what another process ingests is found after {took:.2f} s", [took])
    run("drop", "-y", "--db", db, "photos")
    tap.ok(server.ask("GET", "/v1/search?q=tulips").status == 404, "a collection that is dropped is gone")
    run("ingest", "-q", "--db", db, source)
    tap.ok(len(names(server.ask("GET", "/v1/search?q=tulips"))) == 2, "one that comes again is there")


def check_replaced(scratch):
    """The database file is removed, or another takes its place: what is there now is answered, and uploads go there."""
    db, other = os.path.join(scratch, "replaced.db"), os.path.join(scratch, "other.db")
    folder = os.path.join(scratch, "replaced")
    os.mkdir(folder)

    def ingest(into, *images):
        run("ingest", "-q", "--db", into, *[os.path.join(PHOTOGRAPHS, image) for image in images])

    def collections():
        return [(each["name"], each["count"]) for each in server.ask("GET", "/v1/collections").json()["collections"]]
    ingest(db, "cat.jpg")
    server = Server(PROGRAM, db, "--upload-dir", folder)
    first = names(server.ask("GET", "/v1/search?q=a+boat"))
    for name in os.listdir(scratch):
        if name.startswith("replaced.db"):
            os.remove(os.path.join(scratch, name))
    gone = server.ask("GET", "/v1/search?q=a+boat")
    tap.ok(first == ["cat.jpg"] and gone.status == 404 and gone.code() == "not_found" and collections() == [],
           "a database that was removed", [first, gone.body])
    ingest(db, "boats.jpg", "cat.jpg")
    tap.ok(names(server.ask("GET", "/v1/search?q=a+boat")) == ["boats.jpg", "cat.jpg"] and collections() == [("photos", 2)],
           "the one that is made in its place")
    ingest(db, "tulips.jpg")
    os.remove(db)  # and not the two files beside it, which the server still uses
    refused = run("ingest", "-q", "--db", db, os.path.join(PHOTOGRAPHS, "cat.jpg"))
    tap.ok(refused.returncode == 5 and b"end the programs that still have that one open" in refused.stderr,
           "without the files beside it: it is said what to do", [refused.returncode, refused.stderr])
    server.ask("GET", "/v1/search?q=a+boat")
    ingest(db, "boats.jpg", "cat.jpg")
    tap.ok(collections() == [("photos", 2)], "the server has let go of it", [collections()])
    ingest(other, "boats.jpg", "cat.jpg", "tulips.jpg")
    server.ask("GET", "/v1/search?q=a+boat")
    for suffix in ("-wal", "-shm"):
        os.remove(db + suffix)
    os.rename(other, db)
    tap.ok(collections() == [("photos", 3)], "another that takes its place")
    body, kind = form([("image", "coffee.jpg", read("coffee.jpg"))])
    added = server.ask("POST", "/v1/items", body, {"Content-Type": kind})
    told = json.loads(run("query", "--db", db, "--json").stdout or "{}").get("items", [])
    tap.ok(added.status == 201 and [item["path"] for item in told][-1:] == [added.json()["path"]],
           "an upload is in the database that is there now", [added.body[:200], told])
    code, errors = server.stop()
    tap.ok(code == 0 and run("check", "--db", db).returncode == 0, "which is sound", [code, errors])


def big_png():
    """40,000 x 40,000 pixels in some 60 bytes."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 40000, 40000, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b""))


def is_alive(server):
    return server.ask("GET", "/v1/search?q=a+cat&k=1", timeout=20).status == 200


def check_hostile(server):
    body, kind = form([("image", "x.png", big_png())])
    answer = server.ask("POST", "/v1/embed", body, {"Content-Type": kind})
    tap.ok(answer.status == 413 and answer.code() == "limit", "a PNG of 40,000 x 40,000 pixels", [answer.body[:200]])
    headers = b"".join(b"X-%d: y\r\n" % i for i in range(2000))
    got = server.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + headers + b"\r\n", close=False)
    tap.ok(got is not None and (got == b"" or b" 4" in got[:20] or b" 200" in got[:20]), "2,000 headers", [got])
    got = server.send(b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", close=False)
    tap.ok(got is not None and (got == b"" or b" 4" in got[:20]), "a path of 100,000 letters", [str(got)[:80]])
    for method in (b"POST /v1/search", b"GET /healthz", b"GET /nothing"):
        for framing in (b"Content-Length: 0\r\nContent-Length: 44\r\n", b"Content-Length: 44\r\nContent-Length: 44\r\n",
                        b"Content-Length: 49\r\nTransfer-Encoding: chunked\r\n", b"Content-Length : 44\r\n",
                        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", b"Transfer-Encoding: gzip, chunked\r\n"):
            head, second = b"HTTP/1.1\r\nHost: localhost\r\n", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
            chunk = b"0\r\n\r\n" if b"Transfer" in framing else b""
            got = server.send(b"%b %b%b\r\n%b%b" % (method, head, framing, chunk, second), close=False)
            tap.ok(got and got.startswith(b"HTTP/1.1 400 ") and got.count(b"HTTP/1.1 ") == 1 and b"\r\nConnection: close\r\n" in got,
                   f"{method.decode()}, {framing.decode().split(chr(13))[0]} ...: refused, and what follows is no second request", [got])
    answer = server.ask("POST", "/v1/search", b"x" * (40 << 10), {"Content-Length": str(64 << 30)})
    tap.ok(answer.status == 413, "a body that is said to be 64 GiB")
    large = [server.ask("POST", "/v1/search", b"x" * (40 << 20), timeout=60) for _ in range(4)]
    tap.ok(all(answer.status == 413 and answer.code() == "limit" for answer in large),
           "40 MB are read and dropped, so that the client gets the answer", [answer.status for answer in large])
    body, kind = form([("image", "cat.jpg", read("cat.jpg")[:2000]), ("k", 3)])
    request = (f"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
               "Connection: close\r\n\r\n").encode() + body
    ends = server.send_each([request[:cut] for cut in range(len(request))])
    slowest = max(seconds for _, seconds in ends)
    tap.ok(all(got is not None and (got == b"" or b" 4" in got[:20]) for got, _ in ends) and slowest < LATE,
           f"a request that is cut at each of its {len(ends)} bytes is answered or closed, the last after {slowest:.1f} s",
           [slowest, [got for got, _ in ends if got is None or b" 4" not in got[:20]][:3]])
    damaged = [b"", b"--", b"--limit", b"--limit\r\n", b"--limit\r\n\r\nx\r\n--limit--\r\n",
               b"--limit\r\nContent-Disposition: form-data; name=\"image\"\r\n\r\nx", b"x" * 1000,
               b"--limit\r\nContent-Disposition: form-data; name=\"" + b"n" * 5000 + b"\"\r\n\r\nx\r\n--limit--",
               body.replace(b"name=\"image\"", b"name=\"im\0ge\"")]
    kinds = [kind] * len(damaged) + ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=\"x"]
    damaged += [body] * 3
    codes = [server.ask("POST", "/v1/search", data, {"Content-Type": each}).status for data, each in zip(damaged, kinds)]
    tap.ok(all(400 <= code < 500 for code in codes), "damaged forms", [codes])
    tap.ok(is_alive(server), "a good request is answered after all that")


def check_slow(server):
    """Slow and silent clients are closed within some seconds, and disturb nobody."""
    silent = [socket.create_connection(server.address) for _ in range(300)]
    for index, connection in enumerate(silent):
        if index % 2:
            connection.sendall(b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{")
    ends = []

    def drip(connection):
        start = time.monotonic()
        try:
            while time.monotonic() - start < 2 * LATE:
                connection.sendall(b"x")
                time.sleep(0.2)
        except OSError:
            pass
        ends.append(time.monotonic() - start)
    slow = socket.create_connection(server.address)
    slow.sendall(b"GET / HTTP/1.1\r\nX: ")
    thread = threading.Thread(target=drip, args=(slow,))
    thread.start()
    start = time.monotonic()
    tap.ok(is_alive(server) and time.monotonic() - start < LATE, "a good request among 300 silent ones")
    thread.join()
    tap.ok(ends[0] < LATE, "a head that drips is cut off", [ends])
    time.sleep(max(0, LATE - (time.monotonic() - start)))
    left = 0
    for connection in silent:
        connection.settimeout(0.2)
        try:
            while connection.recv(4096):
                pass
        except socket.timeout:
            left += 1
        except OSError:
            pass
        connection.close()
    slow.close()
    tap.ok(left == 0, "silent connections are closed", [left])


def crowd(server, count, most=2 * LATE + 5):
    """Connect `count` clients, of which each second one says a part of a request and the others nothing, and which stay. A
    good request comes among them. What became of that and after how many seconds, the longest that a client stayed, and how
    many are left. (With a short queue of connections, the system would forget the server's side of some that say nothing.)"""
    waiting, begin, longest, left = select.epoll(), time.monotonic(), 0, {}
    for number in range(count):
        client = socket.socket()
        client.setblocking(False)
        client.connect_ex(server.address)
        left[client.fileno()] = [client, number, 0.0]
        waiting.register(client.fileno(), select.EPOLLIN | select.EPOLLOUT)
    good = []

    def ask():
        start = time.monotonic()
        good.append((server.ask("GET", "/v1/search?q=a+cat&k=1").status, time.monotonic() - start))
    thread = threading.Thread(target=ask)
    thread.start()
    while left and time.monotonic() - begin < most:
        for number, events in waiting.poll(1):
            one, now = left[number], time.monotonic()
            try:
                if not one[2] and events & select.EPOLLOUT:
                    one[2] = now
                    if one[1] % 2:
                        one[0].send(b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{"[:1 + one[1] % 89])
                    waiting.modify(number, select.EPOLLIN)
                    continue
                more = one[0].recv(4096)
            except BlockingIOError:
                continue
            except OSError:
                more = b""
            if not more:
                longest = max(longest, now - (one[2] or begin))
                waiting.unregister(number)
                one[0].close()
                del left[number]
    thread.join()
    for client, _, _ in left.values():
        client.close()
    return good[0], longest, len(left)


def check_crowd(db):
    """10,000 connections at once: more than it takes, and far more than it has descriptors for."""
    before, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    count = 10000
    if hard < count + 100:
        tap.skip(f"{count} connections", f"this process may have {hard} files open")
        return
    resource.setrlimit(resource.RLIMIT_NOFILE, (count + 100, hard))
    few = ("sh", "-c", 'ulimit -n 300; exec "$@"', "-")
    for clients, what, start in (count, "", ()), (400, " with 300 descriptors", few):
        server = Server(PROGRAM, db, before=start)
        (status, took), longest, left = crowd(server, clients)
        tap.ok(status == 200 and took < LATE, f"{clients} connections{what}: a good request is answered after {took:.1f} s", [took])
        # each also waits until it is accepted, which a machine that does other things as well delays most
        tap.ok(not left and longest < LATE + 3, f"and each is closed, the last after {longest:.1f} s", [left, longest])
        code, errors = server.stop()
        tap.ok(code == 0 and "Sanitizer" not in errors, "and the server ends well", [code, errors[-500:]])
    resource.setrlimit(resource.RLIMIT_NOFILE, (before, hard))


def check_calibration(server, db, scratch):
    """A collection that has grown has another calibration."""
    folder = os.path.join(scratch, "grown")
    os.mkdir(folder)
    for name in ("black-dog-snow.jpg", "brown-dog-grass.jpg", "red-dog-white.jpg"):
        shutil.copy(os.path.join(ROOT, "examples/pictures", name), folder)
    run("ingest", "-q", "--db", db, folder)
    related = server.post("/v1/search", {"query": "a cat", "k": 5, "relevance": True}).json()["hits"]
    told = json.loads(run("search", "--db", db, "--json", "-k", "5", "--min-relevance", "0", "a cat").stdout)["queries"][0]["hits"]
    expected = [(hit["id"], hit["relevance"]) for hit in told]
    tap.ok([(hit["id"], hit["relevance"]) for hit in related] == expected, "relevance after the collection has grown",
           [related, expected])


def check_missing_model(scratch):
    model, db = os.path.join(scratch, "tiny"), os.path.join(scratch, "tiny.db")
    shutil.copytree(os.path.join(ROOT, "tests/data/clip-tiny/hf"), model)
    run("ingest", "-q", "--db", db, "--model", model, os.path.join(ROOT, "examples/pictures/black-dog-snow.jpg"))
    os.rename(model, model + ".moved")
    server = Server(PROGRAM, db)
    listed = server.ask("GET", "/v1/items/1").status
    _, errors = server.stop()
    tap.ok(listed == 200 and "which is not there any more" in errors and "Give a model with --model" in errors and "--repair" not in errors,
           "a model that is gone: images are shown, and the advice names --model", [listed, errors])


def check_many(server):
    """Requests of many threads at once, and the end while they run: what was accepted is answered."""
    def ask(number):
        path = ["/v1/search?q=a+cat+%d" % number, "/v1/items/%d/thumbnail?size=%d" % (number % 24 + 1, 64 + number % 5),
                "/v1/collections", "/v1/items/%d" % (number % 24 + 1)][number % 4]
        return server.ask("GET", path).status
    with concurrent.futures.ThreadPoolExecutor(32) as threads:
        codes = list(threads.map(ask, range(400)))
    tap.ok(codes == [200] * 400, "400 requests of 32 threads", [sorted(set(codes))])
    connection = socket.create_connection(server.address)
    connection.sendall(b"POST /v1/duplicates HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}")
    time.sleep(0.05)
    start = time.monotonic()
    code, errors = server.stop()
    connection.settimeout(5)
    got = connection.recv(65536)
    tap.ok(code == 0 and time.monotonic() - start < 30 and got.startswith(b"HTTP/1.1 "),
           "SIGTERM: the request that was accepted is answered, and the program ends with 0", [code, errors[-500:], got[:60]])
    tap.ok("Sanitizer" not in errors, "nothing was found by a sanitizer", [errors[-2000:]])


def main():
    version = run("version", "-v").stdout.decode()
    row = next((line for line in version.splitlines() if line.strip().startswith("microhttpd")), "")
    if "not in" in row or "not installed" in row or not row:
        refused = run("serve")
        tap.ok(refused.returncode == 3 and b"libmicrohttpd" in refused.stderr, "serve says what it lacks")
        tap.skip("serve", "libmicrohttpd is not there")
        return tap.done()
    with tempfile.TemporaryDirectory() as scratch:
        home = os.path.join(scratch, "home")
        os.mkdir(home)
        for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
            os.environ[name] = home
        db = os.path.join(scratch, "photos.db")
        empty = Server(PROGRAM, os.path.join(scratch, "none.db"))
        tap.ok(empty.ask("GET", "/v1/collections").json()["collections"] == [], "no database yet: no collections")
        answer = empty.ask("GET", "/v1/search?q=a")
        tap.ok(answer.status == 404 and "nothing has been ingested yet" in answer.json()["error"]["message"], "and no hits")
        empty.stop()
        run("ingest", "-q", "--db", db, PHOTOGRAPHS)
        server = Server(PROGRAM, db)
        server.db = db
        check_search(server, db)
        check_images(server)
        check_items(server)
        check_labels(server, db)
        check_errors(server)
        check_browser(server)
        check_token(db, scratch)
        check_activation(db)
        check_units(scratch)
        check_tls(db, scratch)
        check_uploads(scratch)
        check_gone(scratch)
        check_replaced(scratch)
        check_hostile(server)
        check_slow(server)
        check_crowd(db)
        check_calibration(server, db, scratch)
        check_missing_model(scratch)
        check_many(server)
    return tap.done()


sys.exit(main())
