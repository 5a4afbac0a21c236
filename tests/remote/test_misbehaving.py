#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The program against servers that break the rules of HTTP/2, gRPC or Milvus: each is a sentence, soon, and no crash. TAP.

Usage: test_misbehaving.py CLIPSEARCH PUT_NOT_FINITE
"""
import os
import random
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

sys.path[:0] = [os.path.join(os.environ["CLIPSEARCH_SOURCE_ROOT"], "tests"), os.path.dirname(os.path.abspath(__file__))]
from milvus_raw import field, message, read  # noqa: E402
from tap import Tap  # noqa: E402

PROGRAM = os.path.abspath(sys.argv[1])
DATA, HEADERS, RST, SETTINGS, GOAWAY = 0, 1, 3, 4, 7
END_STREAM, END_HEADERS = 1, 4
tap = Tap()


def frame(kind, flags, stream, payload, size=None):
    return struct.pack(">I", len(payload) if size is None else size)[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def headers(*pairs):
    """HPACK: every field as a literal with a name of its own."""
    return b"".join(b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode() for name, value in pairs)


def grpc(body, flag=0, size=None):
    return bytes([flag]) + struct.pack(">I", len(body) if size is None else size) + body


def answer(stream, body, status="0", http="200", flag=0, size=None):
    """HEADERS, DATA, and HEADERS with the status."""
    return (frame(HEADERS, END_HEADERS, stream, headers((":status", http), ("content-type", "application/grpc")))
            + frame(DATA, 0, stream, grpc(body, flag, size))
            + frame(HEADERS, END_HEADERS | END_STREAM, stream, headers(("grpc-status", status))))


def refuse(stream, status, text):
    """Trailers only."""
    return frame(HEADERS, END_HEADERS | END_STREAM, stream, headers((":status", "200"), ("grpc-status", status), ("grpc-message", text)))


CONNECT = message(f1=message(), f2=message(f1="v2.3.5"))
NONE = message(f1=message())


class Server:
    """Answers every request on every connection with what reply(stream, number of the request) gives; None: it closes."""

    def __init__(self, reply, greeting=frame(SETTINGS, 0, 0, b""), slow=0.0):
        self.reply, self.greeting, self.slow = reply, greeting, slow
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.number = 0
        self.body = b""  # of the request: a message behind five bytes
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection = self.socket.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def send(self, connection, data):
        step = 1 if self.slow else len(data) or 1
        for at in range(0, len(data), step):
            connection.sendall(data[at:at + step])
            time.sleep(self.slow)

    def serve(self, connection):
        try:
            connection.sendall(self.greeting)
            buffer = b""
            at = 24  # the client's preface
            while True:
                more = connection.recv(65536)
                if not more:
                    break
                buffer += more
                while len(buffer) >= at + 9:
                    size = int.from_bytes(buffer[at:at + 3], "big")
                    if len(buffer) < at + 9 + size:
                        break
                    kind, flags, stream = buffer[at + 3], buffer[at + 4], int.from_bytes(buffer[at + 5:at + 9], "big")
                    if kind == DATA:
                        self.body += buffer[at + 9:at + 9 + size]
                    at += 9 + size
                    if kind == SETTINGS and not flags & 1:
                        connection.sendall(frame(SETTINGS, 1, 0, b""))
                    if kind in (DATA, HEADERS) and flags & END_STREAM:
                        reply = self.reply(stream, self.number)
                        self.number += 1
                        self.body = b""
                        if reply is None:
                            raise OSError
                        reply, close = reply if isinstance(reply, tuple) else (reply, False)
                        self.send(connection, reply)
                        if close:
                            raise OSError
        except OSError:
            pass
        connection.close()


def run(server):
    """Exit code, output, errors, seconds."""
    began = time.monotonic()
    done = subprocess.run([PROGRAM, "collections", "--db", f"milvus://127.0.0.1:{server.port}"], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, errors="replace", timeout=120, check=False)
    server.socket.close()
    return done.returncode, done.stdout, done.stderr, time.monotonic() - began


def first(reply):
    """`reply` to the first request, which is Connect; none of it is tried again."""
    return Server(lambda stream, number: reply(stream))


def later(reply):
    """The first is answered well, `reply` to what follows."""
    return Server(lambda stream, number: answer(stream, CONNECT) if number == 0 else reply(stream))


def cases():
    good = answer(1, CONNECT)
    return [
        ("GOAWAY instead of an answer", first(lambda s: frame(GOAWAY, 0, 0, struct.pack(">II", 0, 2)) + b""), "Milvus"),
        ("a connection that is closed", first(lambda s: None), "connection"),  # by FIN or RST
        ("a frame that is cut off", Server(lambda s, n: None, frame(SETTINGS, 0, 0, b"") + good[:20]), "Milvus"),
        ("a call that is reset", first(lambda s: frame(RST, 0, s, struct.pack(">I", 7))), "ended the call"),
        ("a frame above the size that was agreed", first(lambda s: frame(DATA, 0, s, b"x" * 9000, 100 << 20)), "HTTP/2"),
        ("HTTP/1.1", Server(lambda s, n: None, b"HTTP/1.1 400 Bad Request\r\n\r\n"), "no Milvus"),
        ("trailers only, not authenticated", first(lambda s: refuse(s, "16", "check%20the key")), "check the key"),
        ("trailers only, an unknown method", first(lambda s: refuse(s, "12", "no such method")), "does not know Connect"),
        ("trailers only, a status of letters", first(lambda s: refuse(s, "zero", "")), "no Milvus"),
        ("HTTP status 404", first(lambda s: answer(s, CONNECT, http="404")), "HTTP status 404"),
        ("no status at all", first(lambda s: frame(HEADERS, END_HEADERS | END_STREAM, s, headers((":status", "200")))), "no Milvus"),
        ("a length of 100 MB and 4 bytes", first(lambda s: answer(s, b"abcd", size=100 << 20)), "cut off"),
        ("a length of 4 GB", first(lambda s: answer(s, b"abcd", size=0xffffffff)), "cut off"),
        ("a message said to be compressed", first(lambda s: answer(s, CONNECT, flag=1)), "no message of gRPC"),
        ("no message", first(lambda s: frame(HEADERS, END_HEADERS | END_STREAM, s, headers((":status", "200"), ("grpc-status", "0")))),
         "cut off"),
        ("a message that is none", first(lambda s: answer(s, b"\xff" * 12)), "no message of Milvus"),
        ("a hundred headers", first(lambda s: frame(HEADERS, END_HEADERS | END_STREAM, s, headers(
            (":status", "200"), *((f"x-{i}", "y") for i in range(100))))), "Milvus"),
        ("Milvus's own refusal", later(lambda s: answer(s, message(f1=message(f1=1, f2="not\x07 today", f3=65535)))), "not  today"),
        ("a name where a number belongs", later(lambda s: answer(s, message(f1=message(f1="x", f3="y"), f2=7))), None),
        ("a number where a status belongs", later(lambda s: answer(s, message(f1=5, f2="photos"))), None),
        ("names of 70,000 bytes", later(lambda s: answer(s, NONE + field(2, "x" * 7000) * 2)[:16000]), None),
    ]


def check(passed, what, *notes):
    tap.ok(passed, what, () if passed else notes)


class Choosy:
    """A Milvus of a kind that makes only some types of index. It tells requests apart by what is in them."""

    def __init__(self, makes):
        self.makes, self.asked, self.made, self.dropped, self.rows, self.searches = makes, [], None, False, 0, 0
        self.server = Server(self.reply)

    def reply(self, stream, number):
        body = self.server.body[5:]
        fields = read(body)
        if number == 0:
            return answer(stream, CONNECT)
        if b"index_type" in body:  # CreateIndex
            kind = next(read(pair)[2][0].decode() for pair in fields[5] if read(pair)[1][0] == b"index_type")
            self.asked.append(kind)
            return answer(stream, b"" if kind in self.makes else message(f1=1, f2=f"invalid index type: {kind}", f3=1100))
        if 4 in fields and b"max_length" in body:  # CreateCollection
            self.made = fields[4][0]
            return answer(stream, b"")
        if 3 not in fields:  # GetLoadState
            return answer(stream, message(f1=message(), f2=3))
        if 7 in fields:  # Upsert
            self.rows += fields[7][0]
            return answer(stream, message(f1=message(), f8=fields[7][0], f9=5))
        if b"anns_field" in body:  # Search
            self.searches += 1
            return answer(stream, NONE)
        if b"count(*)" in body:
            numbers = message(f3=message(f3=message(f1=self.rows)))
            return answer(stream, message(f1=message(), f2=message(f1=5, f2="count(*)") + numbers))
        if b"limit" in body:  # Query
            return answer(stream, NONE)
        if self.made is None:
            return answer(stream, message(f1=message(f1=1, f2="collection not found", f3=100)))
        if set(fields) <= {2, 3} and self.asked and self.asked[-1] not in self.makes:  # DropCollection
            self.dropped, self.made = True, None
            return answer(stream, b"")
        return answer(stream, message(f1=message(), f2=self.made))  # DescribeCollection

    def run(self, folder, *arguments):
        done = subprocess.run([PROGRAM, *arguments, "--collection", "photos", "--db", f"milvus://127.0.0.1:{self.server.port}"], cwd=folder,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120, check=False)
        self.server.socket.close()
        return done.returncode, done.stdout, done.stderr


def test_index_types():
    """HNSW is refused: AUTOINDEX it is, and that is said. A type that was asked for is not replaced by another."""
    with tempfile.TemporaryDirectory() as folder:
        with open(folder + "/v.npy", "wb") as out:
            header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"
            out.write(b"\x93NUMPY\x01\0" + struct.pack("<H", 118) + header.ljust(117).encode() + b"\n" + struct.pack("<6f", 1, 0, 0, 0, 1, 0))
        with open(folder + "/rows.jsonl", "w", encoding="utf-8") as out:
            out.write('{"path":"/a.jpg"}\n{"path":"/b.jpg"}\n')
        vectors = ["import", "--vectors", "v.npy", "--meta", "rows.jsonl"]
        server = Choosy({"AUTOINDEX"})
        code, out, err = server.run(folder, *vectors)
        check(code == 0 and server.asked == ["HNSW", "AUTOINDEX"] and server.rows == 2 and "makes no index of the type HNSW" in err
               and "Imported 2 vectors" in out, "HNSW is refused: AUTOINDEX instead, with a line about it", code, server.asked, out, err)
        server = Choosy(set())
        code, out, err = server.run(folder, *vectors)
        check(code == 5 and server.asked == ["HNSW", "AUTOINDEX"] and server.dropped and not server.rows
               and "makes no index of the type AUTOINDEX: invalid index type" in err,
               "no type at all: a sentence, and no collection is left behind", code, server.asked, server.dropped, out, err)
        photo = os.path.join(os.environ["CLIPSEARCH_SOURCE_ROOT"], "examples", "photographs", "lawn.jpg")
        with open(folder + "/ingest.yaml", "w", encoding="utf-8") as out:
            out.write(f"collection: photos\nindex: {{type: ivf_sq8}}\nsources: ['{photo}']\n")
        server = Choosy({"AUTOINDEX", "HNSW"})
        code, out, err = server.run(folder, "ingest", "ingest.yaml")
        check(code != 0 and server.asked == ["IVF_SQ8"] and server.dropped and "makes no index of the type IVF_SQ8" in err,
               "a type that was asked for is refused: no other is taken, nothing is left", code, server.asked, server.dropped, out, err)


def test_not_finite():
    """The library's functions refuse vectors with a NaN or an infinity, and the server sees nothing of them."""
    server = Choosy({"HNSW"})
    done = subprocess.run([sys.argv[2], f"milvus://127.0.0.1:{server.server.port}"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=120, check=False)
    lines = done.stdout.splitlines()
    for line, (what, text) in zip(lines + [""] * 5, (("a NaN to be stored", "/b.jpg): element 1 of its vector is no finite number"),
                                                     ("an infinity to be stored", "/b.jpg): element 1 of its vector is no finite number"),
                                                     ("a NaN searched for", "query 1: element 1 is no finite number"),
                                                     ("the same exactly", "query 1: element 1 is no finite number"))):
        check(line.startswith("refused: ") and text in line and "Sanitizer" not in done.stderr, f"{what}: {line}", done.stderr[:500])
    check(lines[4:] == ["stored"] and server.rows == 2 and server.searches == 0, "nothing of it is sent; finite vectors are stored afterwards",
          lines, server.rows, server.searches, done.stderr[:500])
    server.server.socket.close()


def test_environment():
    """A variable with a wrong value is named before a server is asked."""
    done = subprocess.run([PROGRAM, "collections", "--db", "milvus://127.0.0.1:1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          env={**os.environ, "CLIPSEARCH_MILVUS_CONSISTENCY": "stong"}, timeout=120, check=False)
    text = 'the environment variable CLIPSEARCH_MILVUS_CONSISTENCY must be bounded, strong or eventually, not "stong"'
    check(done.returncode == 2 and text in done.stderr, "a wrong consistency in the environment", done.returncode, done.stderr)


def main():
    test_environment()
    test_index_types()
    test_not_finite()
    for what, server, text in cases():
        code, out, err, took = run(server)
        good = 0 < code < 6 and "Sanitizer" not in err and (text is None or text in err) and err.count("\n") <= 3
        tap.ok(good and (took < 4 or text is None), f"{what}: {' '.join(err.split())[:110]}", () if good else (code, took, err, out))
    code, out, err, took = run(Server(lambda s, n: answer(s, CONNECT if n == 0 else NONE), slow=0.004))
    tap.ok(code in (0, 1) and took > 0.5, f"an answer of single bytes arrives, in {took:.1f} s", () if code in (0, 1) else (code, err))
    random.seed(3)
    bad, good = [], answer(1, CONNECT)
    for number in range(60):
        body = bytearray(good)
        for _ in range(random.randint(1, 6)):
            body[random.randrange(len(body))] = random.randrange(256)
        if number % 3 == 0:
            del body[random.randrange(len(body)):]
        # a call that is lost later on would be tried again for a minute
        server = Server(lambda s, n, body=bytes(body): (body, True) if n == 0 else answer(s, NONE))
        try:
            code, out, err, took = run(server)
        except subprocess.TimeoutExpired:
            code, err = "timeout", ""
        if code not in (0, 1, 2, 3, 4, 5) or "Sanitizer" in err:
            bad.append((number, code, err[:300]))
    tap.ok(not bad, "60 answers with damaged bytes: no crash", bad)
    return tap.done()


sys.exit(main())
