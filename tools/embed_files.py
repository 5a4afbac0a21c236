#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Turn files into C arrays (src/server/page_file.h). Usage: embed_files.py OUT.c FILE..."""
import hashlib
import os
import sys

TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
         ".svg": "image/svg+xml", ".json": "application/json", ".png": "image/png", ".ico": "image/x-icon"}


def main():
    out, paths = sys.argv[1], sorted(sys.argv[2:], key=os.path.basename)
    lines = ["/* Made by tools/embed_files.py. */", '#include "server/page_file.h"', ""]
    rows = []
    for number, path in enumerate(paths):
        with open(path, "rb") as file:
            data = file.read()
        name = os.path.basename(path)
        lines.append(f"static const unsigned char file_{number}[] = {{")
        for at in range(0, len(data), 24):
            lines.append("".join(f"{byte}," for byte in data[at:at + 24]))
        lines.append("0};")
        etag = hashlib.sha256(data).hexdigest()[:24]
        rows.append(f'    {{"{name}", "{TYPES[os.path.splitext(name)[1]]}", "\\"{etag}\\"", file_{number}, {len(data)}}},')
    lines += ["const cs_page_file cs_page_files[] = {", *rows, "};",
              f"const size_t cs_page_file_count = {len(rows)};", ""]
    with open(out, "w", encoding="utf-8") as file:
        file.write("\n".join(lines))


main()
