#!/bin/sh
# SPDX-License-Identifier: MIT
# test_wheel.sh - pip builds a wheel of the source tree without network, installs it into a fresh environment, and a script
# in another directory finds images with it. Prints TAP.
# usage: test_wheel.sh SOURCE_ROOT
# Skips where there is no Python with pip, numpy and meson-python 0.13 or later (Debian 12 has 0.12, which refuses this
# pyproject.toml); CLIPSEARCH_PYTHON names another Python.
set -u
source=$1
work=$(mktemp -d "${TMPDIR:-/tmp}/clipsearch-test.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
unset CLIPSEARCH_LIBRARY PYTHONPATH XDG_DATA_HOME
HOME=$work/home PIP_NO_INDEX=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_CONFIG_FILE=/dev/null
export HOME PIP_NO_INDEX PIP_DISABLE_PIP_VERSION_CHECK PIP_CONFIG_FILE
mkdir "$HOME"
status=0
ok() { # ok NUMBER WHAT COMMAND...: its output is shown when it fails
    number=$1 what=$2
    shift 2
    if "$@" >"$work/log" 2>&1; then
        echo "ok $number - $what"
    else
        echo "not ok $number - $what"
        tail -n 40 "$work/log" | sed 's/^/# /'
        status=1
    fi
}
can_build='
import importlib.metadata, ensurepip, mesonpy, numpy, pip, venv
version = importlib.metadata.version("meson-python").split(".")
raise SystemExit([int(version[0]), int(version[1])] < [0, 13])'
python=
for candidate in "${CLIPSEARCH_PYTHON:-}" python3 /usr/bin/python3; do
    [ -n "$candidate" ] && [ -z "$python" ] && "$candidate" -c "$can_build" 2>/dev/null && python=$candidate
done
if [ -z "$python" ]; then
    echo "1..0 # SKIP no Python with numpy, pip, venv and meson-python 0.13 or later (CLIPSEARCH_PYTHON names one)"
    exit 0
fi
if ! git -C "$source" rev-parse HEAD >/dev/null 2>&1; then
    echo "1..0 # SKIP the source tree is not in git"
    exit 0
fi
echo 1..6

copy_tree() { # pip builds inside the source tree; the one of the tests stays as it is
    mkdir "$work/tree" && git -C "$source" ls-files -z --cached --others --exclude-standard |
        (cd "$source" && tar -c --null --files-from=- --ignore-failed-read) | tar -x -C "$work/tree"
}
ok 1 "the source tree" copy_tree
build_it() { "$python" -m pip wheel --no-build-isolation --no-deps -w "$work/dist" "$work/tree"; }
ok 2 "pip wheel without network" build_it
holds_all() { # and nothing that was not meant for it
    "$python" -m zipfile -l "$work"/dist/clipsearch-*.whl | awk 'NR > 1 { print $1 }' | sort >"$work/names"
    cat "$work/names"
    for name in clipsearch/__init__.py clipsearch/_collection.py clipsearch/libclipsearch.so clipsearch/models/default/model.safetensors; do
        grep -qx "$name" "$work/names" || return 1
    done
    ! grep -v '^clipsearch\(-[0-9.]*\.dist-info\)\?/' "$work/names"
}
ok 3 "it has the package, the library and the model, and nothing else" holds_all
install_it() { # numpy is that of the building Python: there is no network to fetch it from
    "$python" -m venv "$work/fresh" && "$work/fresh/bin/python" -m pip install --no-deps "$work"/dist/clipsearch-*.whl &&
        "$python" -c 'import numpy, pathlib; print(pathlib.Path(numpy.__file__).parents[1])' \
            >"$(echo "$work"/fresh/lib/python3*/site-packages)/numpy.pth"
}
ok 4 "installed into a fresh environment" install_it
mkdir "$work/elsewhere"
cp "$source"/examples/pictures/*-snow.jpg "$work/elsewhere/"
cat >"$work/elsewhere/script.py" <<'END'
import clipsearch

assert "/fresh/" in clipsearch.__file__, clipsearch.__file__
photos = clipsearch.Collection("photos.db", create=True)
report = photos.ingest(".")
assert report.inserted > 3 and not report.bad, report
assert "/fresh/" in photos.encoder.info.path, photos.encoder.info.path
(hit,) = photos.search("a black dog", k=1)
assert hit.path.endswith("black-dog-snow.jpg"), hit
print(clipsearch.__version__, report.inserted, hit.path)
END
run_it() { cd "$work/elsewhere" && "$work/fresh/bin/python" script.py; }
ok 5 "a script in another directory ingests and searches" run_it
removes() { [ -d "$(echo "$work"/fresh/lib/python3*/site-packages/clipsearch)" ] && "$work/fresh/bin/python" -m pip uninstall -y clipsearch && ! ls -d "$work"/fresh/lib/python3*/site-packages/clipsearch; }
ok 6 "and it can be uninstalled" removes
exit $status
