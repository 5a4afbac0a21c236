# SPDX-License-Identifier: MIT
"""What the fault and power-loss tests share: running the program, and reading what a database holds."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from tap import Tap  # noqa: E402,F401 - for the tests that import this

TIMEOUT = 10  # seconds; a run that takes longer hangs
ALL = os.environ.get("CLIPSEARCH_FAULTS") == "all"


class Program:
    """The program in an environment of its own: a small model, no settings of the user's."""

    def __init__(self, executable, source):
        base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.scratch = os.path.realpath(tempfile.mkdtemp(prefix="clipsearch-faults-", dir=base))
        self.executable = os.path.abspath(executable)
        self.model = os.path.join(source, "tests/data/clip-tiny/hf")
        self.images = os.path.join(source, "examples/pictures")
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("CLIPSEARCH_")}
        self.environment.update(HOME=self.scratch, XDG_DATA_HOME=self.scratch + "/data",
                                XDG_CONFIG_HOME=self.scratch + "/config", LC_ALL="C", CLIPSEARCH_MODEL=self.model,
                                OPENBLAS_NUM_THREADS="1")
        # Contact sheets with the plain letters: fontconfig, which Pango asks for fonts, aborts when memory runs out, or does
        # not end (2.14.1). Under a limit on memory clipsearch does not load it; elsewhere Linux does not refuse memory.
        without = os.path.join(self.scratch, "without")
        os.makedirs(without)
        with open(os.path.join(without, "libpangocairo-1.0.so.0"), "wb"):
            pass
        self.environment["LD_LIBRARY_PATH"] = os.pathsep.join(
            filter(None, [without, self.environment.get("LD_LIBRARY_PATH")]))
        self.environment.pop("MALLOC_PERTURB_", None)  # meson's; it changes nothing here but the time

    def run(self, arguments, environment=None, executable=None):
        """The finished process; .returncode is None when it did not end in time."""
        command = [executable or self.executable, *arguments]
        try:
            return subprocess.run(command, cwd=self.scratch, env={**self.environment, **(environment or {})},
                                  stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT, check=False)
        except subprocess.TimeoutExpired as late:
            return subprocess.CompletedProcess(command, None, late.stdout or b"", late.stderr or b"")

    def rows(self, database):
        """What the collection holds, path to row, without the ids; {} when there is no database or collection yet.
        Fails by an exception when it cannot be read."""
        if not os.path.exists(database):
            return {}
        listed = self.run(["query", "--json", "--db", database])
        if listed.returncode == 5 and re.search(rb"no collection|no clipsearch database|nothing has been ingested|"
                                                rb"file is empty", listed.stderr):
            return {}
        if listed.returncode not in (0, 1):
            raise ValueError(f"query: exit {listed.returncode}: {listed.stderr.decode(errors='replace')}")
        rows = json.loads(listed.stdout)["items"]
        return {row["path"]: (row["size"], row["mtime"], json.dumps(row["attributes"])) for row in rows}

    def problem_of(self, database):
        """Why `check` says that the database is not sound, "" when it is. An index file that is not used counts as sound:
        searches scan instead."""
        if not os.path.exists(database):
            return ""
        checked = self.run(["check", "--json", "--sample", "5", "--db", database])
        if checked.returncode == 0:
            return ""
        if re.search(rb"no clipsearch database|nothing has been ingested|no collection", checked.stderr):
            return ""
        return (f"check: exit {checked.returncode}: {checked.stderr.decode(errors='replace')}"
                f"{checked.stdout.decode(errors='replace')}")

    def remove(self):
        shutil.rmtree(self.scratch, ignore_errors=True)
