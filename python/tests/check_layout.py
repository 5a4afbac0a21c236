# SPDX-License-Identifier: MIT
"""check_layout.py HEADER_DIRECTORY CC... - every struct and constant of clipsearch/_library.py is as in clipsearch.h,
and every function has as many parameters. The C compiler compares them. TAP."""

import ctypes
import pathlib
import re
import subprocess
import sys
import tempfile

from clipsearch import _library as lib
from clipsearch._encoder import PRECISIONS


def assertions():
    """C code that compiles only when the two agree."""
    yield "#include <clipsearch.h>"
    for name in lib.CONSTANTS:
        yield f'_Static_assert((int)CLIPSEARCH_{name} == {getattr(lib, name)}, "CLIPSEARCH_{name}");'
    for struct in lib.STRUCTS:
        c = f"clipsearch_{struct.c_name}"
        if struct not in lib.SHOWN:
            size = ctypes.sizeof(struct)
            yield f'_Static_assert(sizeof({c}) == {size}, "{c} has another size than {size}");'
        for name, *_ in struct._fields_:
            field = getattr(struct, name)
            yield f'_Static_assert(offsetof({c}, {name}) == {field.offset}, "{c}.{name} is elsewhere");'
            yield f'_Static_assert(sizeof((({c} *)0)->{name}) == {field.size}, "{c}.{name} is of another size");'


def compiles(header_directory, compiler, code):
    with tempfile.TemporaryDirectory() as scratch:
        source = pathlib.Path(scratch) / "layout.c"
        source.write_text(code)
        command = [*compiler, "-std=c11", "-fsyntax-only", "-I", header_directory, str(source)]
        done = subprocess.run(command, capture_output=True, text=True)
    return done.returncode == 0, done.stderr


def parameters(header):
    """The number of parameters of each function in the header."""
    text = re.sub(r"/\*.*?\*/", " ", header, flags=re.S)
    for name, start in ((match[1], match.end()) for match in re.finditer(r"CLIPSEARCH_API [^;(]*?(clipsearch_\w+)\(", text)):
        depth, commas, end = 1, 0, start
        while depth:
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            commas += text[end] == "," and depth == 1
            end += 1
        yield name, 0 if text[start : end - 1].strip() == "void" else commas + 1


def main():
    header_directory, *compiler = sys.argv[1:]
    lines = list(assertions())
    code = "\n".join(lines) + "\n"
    good, messages = compiles(header_directory, compiler, code)
    print(("ok" if good else "not ok") + f" 1 - {len(lines) - 1} sizes, places and values are those of clipsearch.h")
    for line in messages.splitlines():
        print("#", line)
    drifted = code.replace("offsetof(clipsearch_search_options, gone) == ", "offsetof(clipsearch_search_options, gone) == 1 + ")
    caught = drifted != code and not compiles(header_directory, compiler, drifted)[0]
    print(("ok" if caught else "not ok") + " 2 - and one that is elsewhere would be noticed")
    header = (pathlib.Path(header_directory) / "clipsearch.h").read_text()
    counts = dict(parameters(header))
    wrong = [
        name
        for name, arguments in {**lib._functions, **{name: pair[0] for name, pair in lib._others.items()}}.items()
        if counts.get("clipsearch_" + name) != len(arguments)
    ]
    print(("not ok" if wrong else "ok") + " 3 - every function has as many parameters" + "".join(" " + name for name in wrong))
    enum = re.sub(r"/\*.*?\*/", "", header.split("typedef enum clipsearch_precision {")[1].split("}")[0], flags=re.S)
    precisions = [name.strip().removeprefix("CLIPSEARCH_PRECISION_").lower() for name in enum.split(",")]
    named = precisions == PRECISIONS
    print(("ok" if named else "not ok") + f" 4 - the names of all precisions: {PRECISIONS} of {precisions}")
    print("1..4")
    sys.exit(0 if good and caught and not wrong and named else 1)


main()
