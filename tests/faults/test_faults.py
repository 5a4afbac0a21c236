#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the program many times, each time with another call of the system failing, once or from then on. Prints TAP.

Each run must end in time and without a signal. It may end with 0 only if it gave the answer of the undisturbed run;
otherwise it must say something on standard error. Afterwards the database must be sound. It must hold every row that was
there and that the command does not remove, and nothing but old and new rows. The same command, undisturbed, must then do
its work.

Usage: test_faults.py SOURCE CLIPSEARCH SHIM MAKE_COLLECTION GROUP
The environment variable CLIPSEARCH_FAULTS=all tries every call; otherwise it is a spread of them.
"""
import errno
import os
import re
import shutil
import sys

from runs import ALL, Program, Tap

MOST_WAITING = 5500  # milliseconds: SQLite's busy timeout, in all
SPREAD = {False: 12, True: 7}  # calls of a kind that fail in one command, when there are more; True: it writes
KINDS = {
    "malloc": [errno.ENOMEM], "read": [errno.EIO], "write": [errno.ENOSPC], "sync": [errno.EIO],
    "open": [errno.EMFILE], "mmap": [errno.ENOMEM], "lock": [errno.ENOLCK, errno.EAGAIN], "rename": [errno.EIO],
    "truncate": [errno.EIO],
}


class Case:
    """A command that is disturbed, and the database that it begins with."""

    def __init__(self, name, arguments, start="base", writes=False, output=None, same=True):
        """`output` is a file that it writes; `same`: the same bytes each time."""
        self.name, self.arguments, self.start, self.writes = name, arguments, start, writes
        self.output, self.same = output, same


def groups(images):
    """Every case, by group. DB, OUT and NEW stand for places in the scratch folder."""
    image = os.path.join(images, "cat-snow.jpg")
    return {
        "search": [
            Case("search", ["search", "--db", "DB", "-k", "4", "aw", "a red car"]),
            Case("search --json", ["search", "--db", "DB", "--json", "-k", "3", "aw", "--filter", "half < 800.25"]),
            Case("search --image", ["search", "--db", "DB", "--image", image, "-k", "3"]),
            Case("search --paths --exact", ["search", "--db", "DB", "--paths", "--exact", "aw"]),
            Case("search --sheet", ["search", "--db", "DB", "--sheet", "OUT", "-k", "3", "--image", image], output="OUT",
                 same=False),  # it shows how long the search took, and says itself which images could not be read
        ],
        "look": [
            Case("query --json", ["query", "--db", "DB", "--json", "--filter", "n % 700 == 3"]),
            Case("get", ["get", "--db", "DB", "5", "2003"]),
            Case("info --json", ["info", "--db", "DB", "--json"]),
            Case("collections", ["collections", "--db", "DB"]),
            Case("check", ["check", "--db", "DB", "--json", "--sample", "5"]),
            Case("embed", ["embed", "--format", "npy", "-o", "OUT", "aw", "--image", image], output="OUT"),
            Case("tokenize", ["tokenize", "a white dog"]),
            Case("model info", ["model", "info", "--json", "MODEL"]),
        ],
        "write": [
            Case("ingest", ["ingest", "--db", "DB", "--batch", "2", "NEW"], writes=True),
            Case("ingest into a new database", ["ingest", "--db", "DB", "--batch", "4", "NEW"], "none", writes=True),
            Case("update", ["update", "--db", "DB", "--batch", "2"], writes=True),
            Case("delete", ["delete", "--db", "DB", "--filter", "n < 30"], writes=True),
            Case("drop", ["drop", "--db", "DB", "photos", "--yes"], writes=True),
        ],
        "remodel": [
            Case("remodel", ["ingest", "--db", "DB", "--remodel", "--model", "OTHER", "--batch", "2"], "few", writes=True),
        ],
        "repair": [
            Case("vacuum", ["vacuum", "--db", "DB"], "deleted", writes=True),
            Case("check --repair", ["check", "--repair", "--db", "DB", "--sample", "5"], "damaged", writes=True),
        ],
    }


def plain(output):
    """Output without what differs from run to run: times."""
    return re.sub(rb'("(search_)?ms":|in )[0-9.]+|[0-9.]+/s|"created":"[^"]*"|\d{4}-\d\d-\d\d[T ][0-9:]+Z?', rb"\1T",
                  output)


class Suite:
    def __init__(self, source, executable, shim, make_collection, group):
        self.tap, self.program = Tap(), Program(executable, source)
        self.shim, self.cases = os.path.abspath(shim), groups(self.program.images)[group]
        self.work = os.path.join(self.program.scratch, "work")
        self.database = os.path.join(self.work, "t.db")
        self.output = os.path.join(self.work, "out.png")
        self.new = os.path.join(self.program.scratch, "new")
        self.counts = os.path.join(self.program.scratch, "counts")
        self.make_collection = os.path.abspath(make_collection)

    def must(self, arguments, executable=None):
        done = self.program.run(arguments, executable=executable)
        if done.returncode != 0:
            raise SystemExit(f"Bail out! {arguments}: {done.stderr.decode(errors='replace')}")

    def make_starts(self):
        """The databases that the cases begin with, each in a folder of its name."""
        folder = {name: os.path.join(self.program.scratch, name) for name in ("none", "few", "base", "deleted", "damaged")}
        for path in [self.work, *folder.values(), self.new]:
            os.makedirs(path)
        names = sorted(name for name in os.listdir(self.program.images) if name.endswith((".jpg", ".png")))
        for name in names[:3]:
            shutil.copy2(os.path.join(self.program.images, name), self.new)
        self.must(["ingest", "--db", os.path.join(folder["few"], "t.db"), self.new])
        base = os.path.join(folder["base"], "t.db")
        self.must([self.program.model, base, "0", "2100"], self.make_collection)
        self.must(["ingest", "--db", base, self.new])
        # one that changes, one that stays, one that moves, and two that are new
        os.rename(os.path.join(self.new, names[1]), os.path.join(self.new, "moved-" + names[1]))
        for name in [names[2], *names[3:5]]:
            shutil.copy2(os.path.join(self.program.images, name), os.path.join(self.new, name))
        shutil.copy2(os.path.join(self.program.images, names[5]), os.path.join(self.new, names[2]))
        with open(os.path.join(self.new, names[3] + ".xmp"), "w", encoding="ascii") as sidecar:  # of one of these
            sidecar.write("<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description "
                          "xmlns:xmp='http://ns.adobe.com/xap/1.0/' xmp:Rating='4'/></rdf:RDF>")
        for name in ("deleted", "damaged"):
            shutil.copytree(folder["base"], folder[name], dirs_exist_ok=True)
        self.must(["delete", "--db", os.path.join(folder["deleted"], "t.db"), "--filter", "n >= 2080"])
        with open(os.path.join(folder["damaged"], "t.db.photos.hnsw"), "r+b") as index:
            index.seek(20000)
            index.write(b"damage" * 10)
        self.folder = folder

    def start(self, case):
        shutil.rmtree(self.work)
        shutil.copytree(self.folder[case.start], self.work)

    def counted(self):
        """How often each kind of call was made in the last run under the shim, and how long it slept."""
        with open(self.counts, encoding="ascii") as file:
            return {name: int(number) for name, number in (line.split() for line in file)}

    def run(self, case, fault=None, shim=True):
        places = {"DB": self.database, "OUT": self.output, "NEW": self.new, "MODEL": self.program.model,
                  "OTHER": os.path.normpath(os.path.join(self.program.model, "../../cnn-tiny/mobilenet-v2"))}
        environment = {"LD_PRELOAD": self.shim, "CLIPSEARCH_FAULT_COUNTS": self.counts} if shim else {}
        if fault:
            environment["CLIPSEARCH_FAULT"] = fault
        arguments = [places.get(word, word) for word in case.arguments]
        return self.program.run([*arguments, "--threads", "1"] if case.name not in NO_THREADS else arguments, environment)

    def written(self, case):
        if not case.output:
            return None
        if not os.path.exists(self.output):
            return b""
        with open(self.output, "rb") as file:
            return file.read() if case.same else b"whole" if file.read().endswith(b"IEND\xaeB`\x82") else b"not whole"

    def undisturbed(self, case):
        """Sets what a run should give; returns how often each kind of call is made."""
        self.start(case)
        self.before = self.program.rows(self.database)
        done = self.run(case)
        counted = self.counted()
        self.answer = (plain(done.stdout), self.written(case))
        self.after = self.program.rows(self.database)
        problem = "" if done.returncode == 0 else done.stderr.decode(errors="replace")
        self.tap.ok(not problem and self.program.problem_of(self.database) == "", f"{case.name}: undisturbed", [problem])
        return counted

    def problem_with_rows(self):
        """Rows that are lost, or that are neither old nor new."""
        now = self.program.rows(self.database)
        lost = [path for path in self.before if path in self.after and path not in now]
        odd = [path for path, row in now.items() if row not in (self.before.get(path), self.after.get(path))]
        return (f"{len(lost)} rows lost, such as {lost[0]}" if lost else
                f"{len(odd)} rows are neither old nor new, such as {odd[0]}: {now[odd[0]]}" if odd else "")

    def problem_after(self, case, succeeded):
        """Why the database is not as it should be."""
        try:
            # a repair that failed may leave the index damaged as it was
            problem = "" if case.start == "damaged" and not succeeded else self.program.problem_of(self.database)
            problem = problem or self.problem_with_rows()
            if problem:
                return problem
            if succeeded:
                return "" if self.program.rows(self.database) == self.after else "exit 0, but its work is not done"
            again = self.run(case, shim=False)
            if again.returncode != 0 and not (case.name == "drop" and not self.program.rows(self.database)):
                return f"run again: exit {again.returncode}: {again.stderr.decode(errors='replace')}"
            if self.program.rows(self.database) != self.after:
                return "run again, its work is not done"
            return self.program.problem_of(self.database)
        except ValueError as unreadable:
            return str(unreadable)

    def problem_with(self, case, fault):
        """Runs the case with a fault; what is wrong with what happened then, "" when nothing is."""
        if case.writes or case.output:
            self.start(case)
        done = self.run(case, fault)
        if done.returncode is None:
            return f"does not end; it said: {done.stderr.decode(errors='replace')}"
        if done.returncode < 0 or done.returncode > 127:
            return f"ended by signal or abort ({done.returncode}): {done.stderr.decode(errors='replace')}"
        if done.returncode == 0 and (plain(done.stdout), self.written(case)) != self.answer:
            return f"exit 0 with another answer: {done.stdout[:300]} {done.stderr.decode(errors='replace')}"
        if done.returncode != 0 and not done.stderr.strip():
            return f"exit {done.returncode} without a word"
        if self.counted()["slept"] > MOST_WAITING:
            return f"waits {self.counted()['slept'] / 1000} s in all; it said: {done.stderr.decode(errors='replace')}"
        if case.output and done.returncode != 0 and self.written(case) not in (b"", self.answer[1]):
            return "a part of the output file is left"
        return self.problem_after(case, done.returncode == 0) if case.writes else ""

    def numbers(self, count, writes):
        """Which calls are to fail: all, or the first two, the last three and a spread between."""
        if ALL or count <= SPREAD[writes]:
            return list(range(1, count + 1))
        between = SPREAD[writes] - 5
        step = (count - 5) / between
        return sorted({1, 2, *(3 + int(i * step) for i in range(between)), count - 2, count - 1, count})

    def disturb(self, case, counts):
        for kind, numbers in KINDS.items():
            runs, problems = 0, []
            for number in numbers:
                for n in self.numbers(counts[kind], case.writes):
                    for ever in ("", ":ever"):
                        fault = f"{kind}:{n}:{number}{ever}"
                        problem = self.problem_with(case, fault)
                        runs += 1
                        if problem:
                            problems.append(f"CLIPSEARCH_FAULT={fault}: {problem}")
            if runs:
                self.tap.ok(not problems, f"{case.name}: {runs} faults of {counts[kind]} calls: {kind}", problems[:8])

    def main(self):
        try:
            self.make_starts()
            for case in self.cases:
                counts = self.undisturbed(case)
                if not case.writes:
                    self.start(case)
                self.disturb(case, counts)
        finally:
            self.program.remove()
        return self.tap.done()


NO_THREADS = {"query --json", "get", "info --json", "collections", "delete", "drop", "tokenize", "model info"}

if __name__ == "__main__":
    sys.exit(Suite(*sys.argv[1:]).main())
