#!/bin/sh
# SPDX-License-Identifier: MIT
# Compile the locale NAME (LANGUAGE_COUNTRY.CHARSET) into DIRECTORY/NAME, for programs that run with LOCPATH=DIRECTORY.
# Needs the sources of the Debian package locales. Where it cannot be made, DIRECTORY stays empty and the reason is
# printed: the tests that need it are then counted as skipped.
# Usage: make_locale.sh DIRECTORY NAME
set -eu
directory=$1 name=$2
rm -rf "$directory"
mkdir -p "$directory"
command -v localedef >/dev/null 2>&1 || {
    echo "no locale $name: localedef is not installed"
    exit 0
}
# localedef warns about characters that a charset lacks and then ends with 1, though the locale is whole
localedef --no-archive -i "${name%.*}" -f "${name#*.}" "$directory/$name" >"$directory/log" 2>&1 || :
[ -f "$directory/$name/LC_NUMERIC" ] || echo "no locale $name: $(head -n 1 "$directory/log"); install the package locales"
