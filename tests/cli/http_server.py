#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""An HTTP server for test_model.sh, on this machine only. The path of a file says how the server misbehaves.

Usage: http_server.py DIRECTORY PORT_FILE LOG [CERTIFICATE_AND_KEY]

Serves the files of DIRECTORY and writes its port to PORT_FILE, and to LOG a line per request: the path, the Range header or
"-", the If-Range header or "-". With a certificate it also serves the same over TLS, on the port in PORT_FILE.tls. The first
part of a path selects how a file is served:

    plain/F         as servers do, with ranges, an ETag and If-Range
    norange/F       always the whole file, without ranges
    cut/F           only the first third of what is left, then the connection is closed
    stuck/F         a third of the file once, then nothing but closed connections
    stall/F         the first 1,000 bytes, then silence
    slow/F          all of it, a little at a time
    corrupt/F       the right length, one byte wrong
    short/F         half of the file, with the right Content-Length
    changes/F       the first request gets the first half of another file of the same length, with its own ETag; then plain
    careless/F      the same, but If-Range is ignored: ranges come from the new file
    silent/F        the same without any ETag
    liar/F          another range than the requested one
    redirect/N/M/F  N redirects, then M/F
    loop/F          redirects for ever
    away/F          a redirect to a file: URL
    downgrade/F     a redirect to plain/F without TLS
    error/CODE/F    that status
    busy/F          503 twice, then plain
    html/F          200 and a login page
"""
import hashlib
import http.server
import os
import ssl
import sys
import threading
import time

ROOT, PORT_FILE, LOG = sys.argv[1:4]
CERTIFICATE = sys.argv[4] if len(sys.argv) > 4 else None
ports = {}
seen = {}
lock = threading.Lock()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def count(self, key):
        """How many requests for this there were before."""
        with lock:
            seen[key] = seen.get(key, 0) + 1
            return seen[key] - 1

    def reply(self, code, headers, body=b"", send=None):
        """`send`: bytes that are sent of `body` before the connection is closed."""
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        if "Content-Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body if send is None else body[:send])
        if send is not None:
            self.close_connection = True

    def range_start(self):
        value = self.headers.get("Range", "")
        return int(value[6:-1]) if value.startswith("bytes=") and value.endswith("-") else 0

    def send_file(self, body, tag=None, ranges=True, if_range=True, send=None):
        headers = {"ETag": tag} if tag else {}
        start = self.range_start() if ranges else 0
        if if_range and tag and self.headers.get("If-Range", tag) != tag:
            start = 0
        if start and start >= len(body):
            return self.reply(416, {"Content-Range": f"bytes */{len(body)}"})
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
        return self.reply(206 if start else 200, headers, body[start:], send(body[start:]) if send else None)

    def do_GET(self):
        with lock, open(LOG, "a", encoding="utf-8") as log:
            print(self.path, self.headers.get("Range", "-"), self.headers.get("If-Range", "-"), file=log)
        kind, _, rest = self.path.lstrip("/").partition("/")
        if kind == "redirect":
            count, _, rest = rest.partition("/")
            to = f"/redirect/{int(count) - 1}/{rest}" if int(count) > 1 else "/" + rest
            return self.reply(302, {"Location": to}, b"moved")
        if kind == "loop":
            return self.reply(302, {"Location": self.path}, b"moved")
        if kind == "downgrade":
            return self.reply(302, {"Location": f"http://127.0.0.1:{ports['plain']}/plain/{rest}"}, b"moved")
        if kind == "away":
            return self.reply(302, {"Location": "file:///etc/passwd"}, b"moved")
        if kind == "error":
            return self.reply(int(rest.partition("/")[0]), {}, b"this is no part of any file")
        if kind == "html":
            return self.reply(200, {}, b"<!DOCTYPE html><p>Log in to the network</p>")
        name = os.path.basename(rest)
        if not os.path.isfile(os.path.join(ROOT, name)):
            return self.reply(404, {}, b"no such file")
        with open(os.path.join(ROOT, name), "rb") as file:
            body = file.read()
        tag = '"' + hashlib.sha256(body).hexdigest()[:16] + '"'
        return self.serve(kind, body, tag)

    def serve(self, kind, body, tag):
        before = self.count(self.path)
        if kind == "norange":
            self.send_file(body, tag, ranges=False)
        elif kind == "cut":
            self.send_file(body, tag, send=lambda left: len(left) // 3 if len(left) > 3000 else None)
        elif kind == "stuck":
            if before:
                self.close_connection = True
            else:
                self.send_file(body, tag, send=lambda left: len(left) // 3)
        elif kind == "stall":
            self.reply(200, {"ETag": tag, "Content-Length": str(len(body))}, body[:1000])
            self.wfile.flush()
            time.sleep(30)
        elif kind == "slow":
            start = self.range_start()
            headers = {"ETag": tag, "Content-Length": str(len(body) - start)}
            if start:
                headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
            self.reply(206 if start else 200, headers)
            for at in range(start, len(body), 4096):
                self.wfile.write(body[at:at + 4096])
                time.sleep(.02)
        elif kind == "corrupt":
            self.send_file(body[:100] + bytes([body[100] ^ 1]) + body[101:], tag)
        elif kind == "short":
            self.send_file(body[:len(body) // 2], tag)
        elif kind in ("changes", "careless", "silent") and before == 0:
            other = bytes(byte ^ 255 for byte in body)
            self.send_file(other, None if kind == "silent" else '"an-older-file"', send=lambda left: len(left) // 2)
        elif kind in ("changes", "careless", "silent"):
            self.send_file(body, None if kind == "silent" else tag, if_range=kind != "careless")
        elif kind == "liar" and self.range_start():
            start = self.range_start() - 7
            self.reply(206, {"ETag": tag, "Content-Range": f"bytes {start}-{len(body) - 1}/{len(body)}"}, body[start:])
        elif kind == "busy" and before < 2:
            self.reply(503, {}, b"try again later")
        else:
            self.send_file(body, tag, send=(lambda left: len(left) // 2) if kind == "liar" else None)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # a client that goes away is what is being tested


def publish(path, port):
    with open(path + ".new", "w", encoding="ascii") as file:
        print(port, file=file)
    os.rename(path + ".new", path)


def main():
    server = Server(("127.0.0.1", 0), Handler)
    ports["plain"] = server.server_address[1]
    if CERTIFICATE:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
        secure = Server(("127.0.0.1", 0), Handler)
        secure.socket = context.wrap_socket(secure.socket, server_side=True)
        threading.Thread(target=secure.serve_forever, daemon=True).start()
        publish(PORT_FILE + ".tls", secure.server_address[1])
    publish(PORT_FILE, ports["plain"])
    server.serve_forever()


if __name__ == "__main__":
    main()
