#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Write src/text/entities_table.c, the HTML5 named character references, from Python's copy of W3C's list.

    tools/make_entities.py > src/text/entities_table.c

Needs nothing but Python 3. Made with Python 3.11.
"""
import html
from html.entities import html5


def main():
    rows = []
    for name in sorted(n[:-1] for n in html5 if n.endswith(";")):
        value = html5[name + ";"]
        assert name.isascii() and name.isalnum() and len(name) <= 31 and 1 <= len(value) <= 2
        flags = []
        if name in html5:
            assert html5[name] == value and len(name) <= 6
            flags.append("BARE")
        # ftfy also knows the all-capitals spelling of an all-lower-case name that means nothing by HTML's own rules
        capitals = "&" + name.upper() + ";"
        if name == name.lower() and html.unescape(capitals) == capitals:
            flags.append("CAPS")
        second = ord(value[1]) if len(value) == 2 else 0
        assert second < 0x10000
        rows.append('{"%s", 0x%x, 0x%x, %s}' % (name, ord(value[0]), second, " | ".join(flags) or "0"))
    assert sum(n not in [m[:-1] for m in html5 if m.endswith(";")] for n in html5 if not n.endswith(";")) == 0

    print("/* SPDX-License-Identifier: MIT")
    print(" * entities_table.c - HTML5's named character references (W3C data). Written by tools/make_entities.py. */")
    print('#include "text/entities.h"')
    print()
    print("enum { BARE = CS_ENTITY_BARE, CAPS = CS_ENTITY_CAPS };")
    print()
    print("const size_t cs_entity_count = %d;" % len(rows))
    print("const cs_entity cs_entity_table[] = {")
    line = ""
    for row in rows:
        if line and len(line) + len(row) + 2 > 120:
            print(line)
            line = ""
        line += (" " if line else "") + row + ","
    print(line)
    print("};")


main()
