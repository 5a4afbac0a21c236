# SPDX-License-Identifier: MIT
"""Test points in the Test Anything Protocol, for tests written in Python: as tap.h for those in C."""


class Tap:
    def __init__(self):
        self.count = self.failed = 0

    def ok(self, passed, what, notes=()):
        """One point; `notes` follow it, line by line. Returns whether it passed."""
        self.count += 1
        self.failed += not passed
        escaped = what.replace("#", "\\#")  # a # would begin a directive
        print(f"{'ok' if passed else 'not ok'} {self.count} - {escaped}", flush=True)
        for note in notes:
            for line in str(note).splitlines():
                print("# " + line, flush=True)
        return bool(passed)

    def skip(self, what, why):
        self.count += 1
        print(f"ok {self.count} - {what} # SKIP {why}", flush=True)

    def done(self):
        """Print the plan; the exit status of the test."""
        print(f"1..{self.count}")
        return 1 if self.failed else 0
