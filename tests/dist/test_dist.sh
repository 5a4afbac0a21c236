#!/bin/sh
# SPDX-License-Identifier: MIT
# test_dist.sh - the tarball that meson dist makes builds away from the source tree, and what it builds works; the
# Containerfile names what the program needs. Prints TAP.
# usage: test_dist.sh SOURCE_ROOT BUILD_ROOT CLIPSEARCH
set -u
source=$1 build=$2 program=$(cd "$(dirname "$3")" && pwd)/$(basename "$3")
work=$(mktemp -d "${TMPDIR:-/tmp}/clipsearch-test.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
HOME=$work XDG_DATA_HOME=$work/data XDG_CONFIG_HOME=$work/config
export HOME XDG_DATA_HOME XDG_CONFIG_HOME
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
skip() { # skip WHY NUMBER...
    why=$1
    shift
    for number in "$@"; do echo "ok $number - dist # SKIP $why"; done
}
echo 1..7

# ---- the container: its commands are those of tools/quickstart, and its packages those that the program is linked with

commands_agree() {
    for command in "tools/install_packages build" "meson setup build" "ninja -C build"; do
        grep -q "^RUN $command" "$source/Containerfile" && grep -q "$command" "$source/tools/quickstart" ||
            { echo "not in both: $command" && return 1; }
    done
}
ok 1 "the Containerfile builds as tools/quickstart does" commands_agree
packages_agree() {
    for library in $(ldd "$program" | awk '$3 ~ "^/" { print $3 }'); do
        package=$(dpkg -S "$(realpath "$library")" 2>/dev/null | sed 's/:.*//' | head -n 1)
        case $package in
        "" | libc6 | libgcc-s1 | libasan* | libubsan* | libtsan*) ;;
        *) grep -qw -- "$package" "$source/Containerfile" || { echo "missing in the Containerfile: $package" && return 1; } ;;
        esac
    done
}
if command -v dpkg >/dev/null 2>&1; then
    ok 2 "and installs the libraries that the program is linked with" packages_agree
else
    skip "this is not a Debian system" 2
fi

# ---- the tarball

if ! git -C "$source" rev-parse HEAD >/dev/null 2>&1; then
    skip "the source tree is not in git" 3 4 5 6 7
    exit $status
fi
make_tarball() { # of what is committed; the build directory of the tests stays as it is
    meson setup "$work/for-dist" "$source" -Dauto_features=disabled &&
        meson dist -C "$work/for-dist" --no-tests --allow-dirty --formats gztar &&
        tar -xzf "$work"/for-dist/meson-dist/clipsearch-*.tar.gz -C "$work"
}
ok 3 "meson dist" make_tarball
tree=$(echo "$work"/clipsearch-*)
no_surplus() { ! find "$tree" -name '*.db' -o -name '*.o' -o -name build | grep .; }
ok 4 "the tarball has nothing that was built" no_surplus
build_it() {
    # with less optimisation than the build of the tests; in the background of other tests, which measure times
    meson setup "$tree/build" "$tree" -Doptimization=0 && nice -n 10 ninja -C "$tree/build" clipsearch
}
ok 5 "it builds" build_it
searches() {
    "$tree/build/clipsearch" ingest -q "$tree/examples/pictures" && "$tree/build/clipsearch" -k 1 "two red cars" |
        grep two-red-cars
}
ok 6 "the program ingests and searches" searches
same_version() { # of the tarball's name, the header and the program
    version=$(basename "$tree" | sed 's/clipsearch-//')
    grep -qF "#define CLIPSEARCH_VERSION \"$version\"" "$tree/include/clipsearch.h" &&
        "$tree/build/clipsearch" --version | grep -qF "$version"
}
ok 7 "tarball, header and program have one version" same_version
exit $status
