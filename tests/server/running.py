# SPDX-License-Identifier: MIT
"""A running server, and requests to it, with Python's standard library."""
import http.client
import json
import os
import selectors
import signal
import socket
import ssl
import subprocess
import time
import urllib.parse


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    def code(self):
        try:
            return self.json()["error"]["code"]
        except (ValueError, KeyError, TypeError):
            return None


def form(fields, boundary="limit"):
    """A multipart body of (name, value) and (name, file name, bytes)."""
    body = b""
    for field in fields:
        name = f'Content-Disposition: form-data; name="{field[0]}"'
        if len(field) == 3:
            name += f'; filename="{field[1]}"'
        value = field[-1] if isinstance(field[-1], bytes) else str(field[-1]).encode()
        body += f"--{boundary}\r\n{name}\r\n\r\n".encode() + value + b"\r\n"
    return body + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


class Server:
    """A server of its own on a free port."""

    def __init__(self, program, database, *options, environment=None, listen="127.0.0.1:0", before=(), tls=None):
        """`before`: a command that starts it; `tls`: the certificate that clients should see."""
        self.tls = tls and ssl.create_default_context(cafile=tls)
        self.process = subprocess.Popen([*before, program, "serve", "--db", database, "--listen", listen, *options],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        env={**os.environ, **(environment or {})})
        self.link = self.process.stdout.readline().decode().strip()
        parts = urllib.parse.urlsplit(self.link)
        self.port = parts.port
        self.address = ("127.0.0.1", self.port)

    def ask(self, method, path, body=None, headers=None, timeout=60):
        connection = (http.client.HTTPSConnection(*self.address, timeout=timeout, context=self.tls) if self.tls
                      else http.client.HTTPConnection(*self.address, timeout=timeout))
        try:
            if isinstance(body, (dict, list)):
                body = json.dumps(body).encode()
                headers = {"Content-Type": "application/json", **(headers or {})}
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def post(self, path, body, **headers):
        return self.ask("POST", path, body, headers)

    def send(self, data, close=True, timeout=8):
        """What comes for these bytes; b"" when the server closes, None when it does nothing in time."""
        with socket.create_connection(self.address, timeout=timeout) as connection:
            got = b""
            try:
                connection.sendall(data)
                if close:
                    connection.shutdown(socket.SHUT_WR)
                while True:
                    more = connection.recv(65536)
                    if not more:
                        return got
                    got += more
            except socket.timeout:
                return None
            except ConnectionError:
                return got

    def send_each(self, requests, timeout=8, shut=True):
        """Send each of these bytes on a connection of its own, all at once, and say (`shut`) that no more come: [(answer,
        seconds)], the answer as of `send`."""
        waiting, ends = selectors.DefaultSelector(), [(None, timeout)] * len(requests)
        begin = time.monotonic()
        for number, data in enumerate(requests):
            connection = socket.create_connection(self.address)
            connection.sendall(data)
            try:
                if shut:
                    connection.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # it has been closed already
            connection.setblocking(False)
            waiting.register(connection, selectors.EVENT_READ, [number, b"", time.monotonic()])
        while waiting.get_map() and time.monotonic() - begin < timeout:
            for key, _ in waiting.select(1):
                try:
                    more = key.fileobj.recv(65536)
                except BlockingIOError:
                    continue
                except ConnectionError:
                    more = b""
                key.data[1] += more
                if not more:
                    ends[key.data[0]] = key.data[1], time.monotonic() - key.data[2]
                    waiting.unregister(key.fileobj)
                    key.fileobj.close()
        for key in list(waiting.get_map().values()):
            key.fileobj.close()
        return ends

    def stop(self):
        """End it as systemd does; its exit status and what it printed on standard error."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            _, errors = self.process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            _, errors = self.process.communicate()
        return self.process.returncode, errors.decode(errors="replace")
