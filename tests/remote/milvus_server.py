# SPDX-License-Identifier: MIT
"""A real Milvus server for tests, from the wheel `milvus` of PyPI, in a network namespace of its own.

own_network() first: it starts the test again where ports are its own, or says why that cannot be. Then Server(...).
"""
import lzma
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request

VERSION = "2.3.5"


def find_wheel(build_root, source_root):
    """The folder with the unpacked wheel, or a reason why there is none."""
    given = os.environ.get("CLIPSEARCH_MILVUS_SERVER")
    folder = given or os.path.join(build_root, "milvus-server")
    for candidate in [folder] + ([] if given else [os.path.join(source_root, "build", "milvus-server")]):
        if os.path.exists(os.path.join(candidate, "bin", "milvus-server")):
            return candidate, None  # the second is what another build of this tree has fetched
    if given:
        return None, f"CLIPSEARCH_MILVUS_SERVER names {given}, which has no bin/milvus-server"
    if platform.machine() != "x86_64" or sys.platform != "linux":
        return None, f"the wheel milvus {VERSION} is for Linux on x86-64"
    part = f"{folder}.{os.getpid()}"
    fetched = subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--target", part, f"milvus=={VERSION}"],
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if fetched.returncode:
        last = (fetched.stdout.strip().splitlines() or ["no reason given"])[-1]
        return None, f"the wheel milvus {VERSION} cannot be fetched: {last[:200]}"
    move(part, folder)
    return folder, None


def move(part, whole):
    """What is ready to its place, unless another test has put the same there meanwhile."""
    try:
        os.rename(part, whole)
    except OSError:
        shutil.rmtree(part)


def unpack(wheel):
    """The folder of the programs. They lie in the wheel as .lzma, 190 MB when unpacked, which takes five seconds."""
    folder = os.path.join(wheel, "unpacked")
    if not os.path.isdir(folder):
        part, packed = f"{folder}.{os.getpid()}", os.path.join(wheel, "milvus", "data", "bin")
        os.mkdir(part)
        for name in os.listdir(packed):
            plain = os.path.join(part, name.removesuffix(".lzma"))
            with lzma.open(os.path.join(packed, name)) as source, open(plain, "wb") as out:
                shutil.copyfileobj(source, out)
            os.chmod(plain, 0o755)
        move(part, folder)
    return folder


def own_network():
    """Go on in a network namespace of our own. A reason when that is not allowed."""
    if os.environ.get("CLIPSEARCH_OWN_NETWORK"):
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        try:  # no TIME_WAIT: the wrapper gives a server other ports where the usual ones are in that state
            with open("/proc/sys/net/ipv4/tcp_max_tw_buckets", "w", encoding="ascii") as out:
                out.write("0\n")
        except OSError:
            pass
        return None
    for command in (["unshare", "-n"], ["unshare", "-rn"]):
        if shutil.which("unshare") and shutil.which("ip") and \
                subprocess.run(command + ["ip", "link", "set", "lo", "up"], capture_output=True).returncode == 0:
            os.environ["CLIPSEARCH_OWN_NETWORK"] = "yes"
            os.execvp(command[0], command + [sys.executable] + sys.argv)
    return "this system allows no network namespace, and a Milvus server takes a dozen fixed ports"


def with_tls(folder):
    """Settings of a server with TLS and accounts; the keys of localhost and ca.pem are made in `folder`."""
    commands = """openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 30 -subj /CN=authority
        openssl req -newkey rsa:2048 -nodes -keyout s.key -out s.csr -subj /CN=localhost
        openssl x509 -req -in s.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out s.pem -days 30 -extfile ext"""
    with open(folder + "/ext", "w", encoding="utf-8") as out:
        out.write("subjectAltName=DNS:localhost\n")
    for command in commands.splitlines():
        subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
    return {"authorization_enabled": True, "tls_mode": 1, "server_pem_path": folder + "/s.pem",
            "server_key_path": folder + "/s.key", "ca_pem_path": folder + "/ca.pem"}


def find_reason(log):
    """The line of a panic, or the end."""
    text = log.decode("utf-8", "replace")
    at = text.rfind("panic:")
    return text[at:at + 400] if at >= 0 else text[-400:]


class Server:
    """One at a time. `settings` go into its configuration: names of the wheel's own template, or keys with points."""

    TRIES = 3  # a server of 2.3.5 that comes up on old data sometimes ends with a panic, as its makers know
    PORT = 19530

    def __init__(self, wheel, data, **settings):
        self.data, self.programs = data, unpack(wheel)
        self.process = None
        sys.path.insert(0, wheel)
        import milvus  # pylint: disable=import-outside-toplevel
        config = milvus.MilvusServerConfig(data_dir=data)
        for key, value in dict({"proxy_port": self.PORT, "common.session.ttl": 5}, **settings).items():
            config.set(key, value)
        config.resolve()
        os.makedirs(data + "/run")
        self.start()

    def start(self):
        """On the data that there is."""
        for number in range(self.TRIES):
            try:
                self.run()
                return
            except RuntimeError as why:
                print(f"# {why}")
                if number == self.TRIES - 1:
                    raise

    def run(self):
        environment = dict(os.environ, LD_LIBRARY_PATH=self.programs, MILVUSCONF=self.data + "/configs",
                           METRICS_PORT="9091", MILVUS_RUN_DIR=self.data + "/run", DEPLOY_MODE="STANDALONE")
        for name in ("ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LOCPATH", "http_proxy"):
            environment.pop(name, None)
        with open(self.data + ".log", "wb") as log:
            self.process = subprocess.Popen([self.programs + "/milvus", "run", "standalone"], stdout=log, stderr=log,
                                            env=environment, start_new_session=True, cwd=self.data)
        self.wait()

    def wait(self, seconds=120):
        """Until it says that it is healthy and listens."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                with urllib.request.urlopen("http://127.0.0.1:9091/healthz", timeout=2) as answer:
                    if answer.read() == b"OK":
                        socket.create_connection(("127.0.0.1", self.PORT), 2).close()
                        return
            except OSError:
                pass
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        self.kill()
        with open(self.data + ".log", "rb") as log:
            raise RuntimeError("the server did not start: " + find_reason(log.read()))

    def kill(self):
        """As kill -9. SIGTERM would be waited for without end."""
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.process = None
