#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh PACKAGE_DIRECTORY LIBRARY SCRIPT ARGUMENTS... - runs a test of the Python package with a Python that has numpy.
# Skips where there is none. CLIPSEARCH_PYTHON names another one.
set -eu
package=$1 library=$2
shift 2
for python in "${CLIPSEARCH_PYTHON:-}" python3 /usr/bin/python3; do
    if [ -n "$python" ] && "$python" -c 'import sys, numpy; sys.exit(sys.version_info < (3, 9))' 2>/dev/null; then
        export PYTHONPATH="$package" CLIPSEARCH_LIBRARY="$library" PYTHONDONTWRITEBYTECODE=1
        exec "$python" "$@"
    fi
done
echo "1..0 # SKIP no Python 3.9 or later with numpy (Debian package python3-numpy; CLIPSEARCH_PYTHON names a Python)"
