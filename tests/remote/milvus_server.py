# SPDX-License-Identifier: MIT
"""A real Milvus server for tests, from the wheel `milvus` of PyPI, in a network namespace of its own.

own_network() first: it starts the test again where ports are its own, or says why that cannot be. Then Server(...).
"""
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


def find_wheel(build_root):
    """The folder with the unpacked wheel, or a reason why there is none."""
    given = os.environ.get("CLIPSEARCH_MILVUS_SERVER")
    folder = given or os.path.join(build_root, "milvus-server")
    binary = os.path.join(folder, "bin", "milvus-server")
    if os.path.exists(binary):
        return folder, None
    if given:
        return None, f"CLIPSEARCH_MILVUS_SERVER names {given}, which has no bin/milvus-server"
    if platform.machine() != "x86_64" or sys.platform != "linux":
        return None, f"the wheel milvus {VERSION} is for Linux on x86-64"
    fetched = subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--target", folder + ".part",
                              f"milvus=={VERSION}"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if fetched.returncode:
        last = (fetched.stdout.strip().splitlines() or ["no reason given"])[-1]
        return None, f"the wheel milvus {VERSION} cannot be fetched: {last[:200]}"
    os.rename(folder + ".part", folder)
    return folder, None


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


def find_reason(log):
    """The line of a panic, or the end."""
    text = log.decode("utf-8", "replace")
    at = text.rfind("panic:")
    return text[at:at + 400] if at >= 0 else text[-400:]


class Server:
    """One at a time; `settings` are lines of its configuration, `options` go to its command line."""

    def __init__(self, wheel, data, options=()):
        self.wheel, self.data, self.options = wheel, data, list(options)
        self.process = None
        self.port = 19530
        self.start()

    def start(self):
        log = open(self.data + ".log", "ab")
        environment = dict(os.environ, PYTHONPATH=self.wheel)
        for name in ("ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LOCPATH", "http_proxy"):
            environment.pop(name, None)
        self.process = subprocess.Popen([sys.executable, os.path.join(self.wheel, "bin", "milvus-server"), "--data",
                                         self.data, "--proxy-port", str(self.port)] + self.options, stdout=log,
                                        stderr=log, env=environment, start_new_session=True)
        log.close()
        self.wait()

    def restart(self, tries=3):
        """On the same data and ports: the wrapper would take others while these are in TIME_WAIT."""
        environment = dict(os.environ, LD_LIBRARY_PATH=self.data + "/bin", MILVUSCONF=self.data + "/configs",
                           METRICS_PORT="9091", MILVUS_RUN_DIR=self.data + "/run", DEPLOY_MODE="STANDALONE")
        for name in ("ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LOCPATH", "http_proxy"):
            environment.pop(name, None)
        for name in ("data", "logs", "run"):
            os.makedirs(os.path.join(self.data, name), exist_ok=True)
        with open(self.data + ".log", "ab") as log:
            self.process = subprocess.Popen([self.data + "/bin/milvus", "run", "standalone"], stdout=log, stderr=log,
                                            env=environment, start_new_session=True, cwd=self.data)
        try:
            self.wait()
        except RuntimeError as problem:  # Milvus 2.3.5 panics now and then while its parts find each other on a busy machine
            if tries == 1:
                raise
            print("# started again:", str(problem).splitlines()[0], flush=True)
            self.kill()
            self.restart(tries - 1)

    def wait(self, seconds=300):
        """Until it says that it is healthy and listens."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                with urllib.request.urlopen("http://127.0.0.1:9091/healthz", timeout=2) as answer:
                    if answer.read() == b"OK":
                        socket.create_connection(("127.0.0.1", self.port), 2).close()
                        return
            except OSError:
                pass
            if self.process.poll() is not None:
                break
            time.sleep(0.3)
        with open(self.data + ".log", "rb") as log:
            raise RuntimeError("the server did not start: " + find_reason(log.read()))

    def kill(self):
        """As kill -9: the wrapper and all that it has started."""
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.process = None
        for entry in os.listdir("/proc"):  # the wrapper may have given the server a session of its own
            try:
                if entry.isdigit() and os.readlink(f"/proc/{entry}/exe") == os.path.realpath(self.data + "/bin/milvus"):
                    os.kill(int(entry), signal.SIGKILL)
            except OSError:
                pass
        time.sleep(1)
