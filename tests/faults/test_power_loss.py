#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The power fails at any moment while a database is created, filled, checkpointed, pruned and vacuumed. Prints TAP.

The commands run once under the shim, which records every change of a file. A moment is a place in that record. What the
disk can hold then is put together from what was synced before it and a choice of what was not: all of it, nothing, the
names without the data, zeros in the data's place, or a random part of its sectors, in no order. The program then finds it:
the database must be sound, hold all rows of acknowledged commits and no row that is neither old nor new, and a new
ingestion must work.

Usage: test_power_loss.py SOURCE CLIPSEARCH SHIM MAKE_COLLECTION
The environment variable CLIPSEARCH_FAULTS=all tries every moment; otherwise it is a spread of them.
"""
import os
import random
import shutil
import sys

from runs import ALL, Program, Tap

MOMENTS = 22  # of each command, when it has more
SEED = 9


class File:
    """A file: the bytes that are on the disk, and the changes since, in order."""

    def __init__(self):
        self.durable, self.pending = bytearray(), []


def write_at(data, at, piece):
    if len(data) < at:
        data.extend(bytes(at - len(data)))
    data[at:at + len(piece)] = piece


def resize(data, size):
    del data[size:]
    data.extend(bytes(size - len(data)))


def apply(data, change):
    at, piece = change
    if piece is None:
        resize(data, at)
    else:
        write_at(data, at, piece)


class Disk:
    """A folder as it was recorded: files by inode, and the names on the disk and since."""

    def __init__(self, folder_inode):
        self.folder_inode, self.files, self.names, self.pending_names = folder_inode, {}, {}, []

    def do(self, words, data):
        """Takes in one record."""
        if words[0] == "open":
            _, place, inode, truncated = words
            if truncated == "1":
                self.files[inode].pending.append((0, None))
            else:
                self.files[inode] = File()
                self.pending_names.append(("add", place, self.files[inode]))
        elif words[0] == "write":
            self.files[words[1]].pending.append((int(words[2]), data))
        elif words[0] == "size":
            self.files[words[1]].pending.append((int(words[2]), None))
        elif words[0] == "sync" and words[1] == self.folder_inode:
            for change in self.pending_names:
                self.rename(self.names, change)
            self.pending_names = []
        elif words[0] == "sync":
            file = self.files[words[1]]
            for change in file.pending:
                apply(file.durable, change)
            file.pending = []
        elif words[0] in ("rename", "unlink"):
            self.pending_names.append((words[0], words[1], words[2]))

    @staticmethod
    def rename(names, change):
        kind, name, more = change
        if kind == "add":
            names[name] = more
        elif kind == "unlink":
            names.pop(name, None)
        elif name in names:
            names[more] = names.pop(name)

    def names_with(self, count):
        """The names when the first `count` changes of them have reached the disk."""
        names = dict(self.names)
        for change in self.pending_names[:count]:
            self.rename(names, change)
        return names

    def states(self, chance):
        """What the disk can hold: (how, {name: bytes})."""
        every = len(self.pending_names)
        yield "all", {name: with_all(file) for name, file in self.names_with(every).items()}
        yield "nothing", {name: bytes(file.durable) for name, file in self.names.items()}
        yield "names only", {name: bytes(file.durable) for name, file in self.names_with(every).items()}
        yield "zeros", {name: with_zeros(file) for name, file in self.names_with(every).items()}
        for sector in (512, 4096):
            names = self.names_with(chance.randint(0, every))
            yield f"parts of {sector}", {name: with_parts(file, sector, chance) for name, file in names.items()}


def with_all(file):
    data = bytearray(file.durable)
    for change in file.pending:
        apply(data, change)
    return bytes(data)


def with_zeros(file):
    """The file has grown, but what was to be written there has not arrived."""
    data = bytearray(file.durable)
    for at, piece in file.pending:
        resize(data, max(len(data), at + len(piece)) if piece is not None else at)
    return bytes(data)


def with_parts(file, sector, chance):
    """Each sector of each write arrives or does not, and later ones may without earlier ones."""
    data = bytearray(file.durable)
    for at, piece in file.pending:
        if piece is None:
            if chance.random() < 0.5:
                resize(data, at)
            continue
        for start in range(0, len(piece), sector):
            if chance.random() < 0.5:
                write_at(data, at + start, piece[start:start + sector])
    return bytes(data)


def read_record(path):
    """[(words, data)] of the shim's file."""
    records = []
    with open(path, "rb") as file:
        while line := file.readline():
            *words, size = line.decode().split()
            records.append((words, file.read(int(size))))
    return records


class Suite:
    def __init__(self, source, executable, shim, make_collection):
        self.tap, self.program = Tap(), Program(executable, source)
        self.shim, self.make_collection = os.path.abspath(shim), os.path.abspath(make_collection)
        self.live = os.path.join(self.program.scratch, "live")
        self.work = os.path.join(self.program.scratch, "work")
        self.record = os.path.join(self.program.scratch, "record")
        self.new = os.path.join(self.program.scratch, "new")
        self.steps = []  # (name, the record's length behind it, rows behind it)

    def step(self, name, arguments, executable=None):
        """Runs a command, recorded, and notes what the database holds behind it."""
        done = self.program.run(arguments, {"LD_PRELOAD": self.shim, "CLIPSEARCH_RECORD": self.record,
                                            "CLIPSEARCH_RECORD_BELOW": self.live + "/"}, executable)
        shutil.rmtree(self.work, ignore_errors=True)
        shutil.copytree(self.live, self.work)  # reading it here would change the folder behind the record's back
        rows = self.program.rows(os.path.join(self.work, "t.db"))
        self.tap.ok(done.returncode == 0, f"{name}: recorded", [done.stderr.decode(errors="replace")])
        self.steps.append((name, len(read_record(self.record)), rows))

    def run_steps(self):
        database = os.path.join(self.live, "t.db")
        names = sorted(name for name in os.listdir(self.program.images) if name.endswith((".jpg", ".png")))
        for folder in (self.live, self.new):
            os.makedirs(folder)
        for name in names[:3]:
            shutil.copy2(os.path.join(self.program.images, name), self.new)
        ingest = ["ingest", "--db", database, "--batch", "2", "--prune", "--threads", "1", self.new]
        self.step("creating and ingesting", ingest)
        self.step("putting 2,100 and checkpointing", [self.program.model, database, "0", "2100"], self.make_collection)
        os.remove(os.path.join(self.new, names[0]))
        shutil.copy2(os.path.join(self.program.images, names[3]), self.new)
        shutil.copy2(os.path.join(self.program.images, names[4]), os.path.join(self.new, names[1]))
        self.step("ingesting and pruning", ingest)
        self.step("deleting", ["delete", "--db", database, "--filter", "n < 40"])
        self.step("vacuuming", ["vacuum", "--db", database, "--threads", "1"])
        self.ingest = ["ingest", "--db", os.path.join(self.work, "t.db"), "--threads", "1", self.new]

    def problem_with(self, files, before, after, said, go_on):
        """Why the program does not find what it should in `files`, "" when it does."""
        shutil.rmtree(self.work)
        os.makedirs(self.work)
        database = os.path.join(self.work, "t.db")
        for name, data in files.items():
            if not name.endswith("-shm"):  # shared memory, which SQLite makes again
                with open(os.path.join(self.work, name), "wb") as file:
                    file.write(data)
        try:
            problem = self.program.problem_of(database)
            rows = self.program.rows(database)
        except ValueError as unreadable:
            return str(unreadable)
        acknowledged = {*before, *(f"/invented/{n:06}.jpg" for n in range(said))}
        lost = sorted(path for path in acknowledged if path in after and path not in rows)
        odd = [path for path, row in rows.items() if row not in (before.get(path), after.get(path))]
        if not problem and lost:
            problem = f"{len(lost)} rows lost, such as {lost[0]}"
        if not problem and odd:
            problem = f"{len(odd)} rows are neither old nor new, such as {odd[0]}"
        if not problem and go_on:
            done = self.program.run(self.ingest)
            if done.returncode != 0:
                problem = f"the next ingestion: exit {done.returncode}: {done.stderr.decode(errors='replace')}"
        return problem

    def fail_in_step(self, number, records):
        """The power fails at moments of one step."""
        name, end, after = self.steps[number]
        begin, before = self.steps[number - 1][1:] if number else (0, {})
        moments = range(begin, end + 1)
        if not ALL and len(moments) > MOMENTS and number:
            moments = sorted({begin, end, *(begin + (end - begin) * i // MOMENTS for i in range(MOMENTS))})
        elif not ALL and number == 0:
            moments = [m for m in moments if m < 2 * MOMENTS or m % 4 == 0]  # the creation itself comes first
        chance, disk, at, said, tried, problems = random.Random(SEED), Disk(self.folder_inode), 0, 0, 0, []
        for moment in moments:
            for words, data in records[at:moment]:
                if words[0] == "said":
                    said = int(data.split()[1])
                else:
                    disk.do(words, data)
            at = moment
            # at the end of a command all that it did is acknowledged
            floor = after if moment == end else before
            for how, files in disk.states(chance):
                tried += 1
                problem = self.problem_with(files, floor, after, said, number == 0 or tried % 7 == 0)
                if problem:
                    problems.append(f"after record {moment}, {how}: {problem}")
        self.tap.ok(not problems, f"{name}: {tried} states of the disk at {len(moments)} moments", problems[:6])

    def main(self):
        try:
            self.run_steps()
            self.folder_inode = str(os.stat(self.live).st_ino)
            records = read_record(self.record)
            for number in range(len(self.steps)):
                self.fail_in_step(number, records)
        finally:
            self.program.remove()
        return self.tap.done()


if __name__ == "__main__":
    sys.exit(Suite(*sys.argv[1:]).main())
