#!/bin/sh
# SPDX-License-Identifier: MIT
# install.sh SOURCE_ROOT BUILD_ROOT CC... - a program that finds the installed library by pkg-config can be built with the
# shared and with the static library, and pkg-config passes on nothing of the packages that the library itself uses. TAP.
set -eu
source=$1
build=$2
shift 2
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
echo 1..6
status=0
ok() { # number, what, then a command; its output is shown when it fails
    number=$1 what=$2
    shift 2
    if "$@" >"$work/log" 2>&1; then
        echo "ok $number - $what"
    else
        echo "not ok $number - $what"
        sed 's/^/# /' "$work/log"
        status=1
    fi
}

ok 1 "install" meson install -C "$build" --no-rebuild --destdir "$work/root"
pc=$(find "$work/root" -name clipsearch.pc)
[ -n "$pc" ] || exit 1
prefix=$work/root$(sed -n 's/^prefix=//p' "$pc")
libdir=$(dirname "$(dirname "$pc")")
pkg() {
    PKG_CONFIG_PATH=$libdir/pkgconfig pkg-config --define-variable=prefix="$prefix" "$@" clipsearch | sed 's/ *$//'
}
same() { # expected, found
    [ "$1" = "$2" ] || { echo "expected $1, found $2" && false; }
}
ok 2 "--cflags has the include directory, nothing else" same "-I$prefix/include" "$(pkg --cflags)"
ok 3 "--libs has the library, nothing else" same "-L$libdir -lclipsearch" "$(pkg --libs)"

build_and_run() { # the program's name, pkg-config's options, the compiler
    name=$1 options=$2
    shift 2
    # shellcheck disable=SC2046 # words are what pkg-config gives
    "$@" $(pkg --cflags) "$source/examples/embed_text.c" -o "$work/$name" $(pkg $options --libs) &&
        LD_LIBRARY_PATH=$libdir "$work/$name" "$source/weights/default" "a white dog" "a white dog" >"$work/out" &&
        same 1.000 "$(cat "$work/out")"
}
ok 4 "examples/embed_text.c with the shared library" build_and_run shared "" "$@"
rm "$libdir"/libclipsearch.so*
ok 5 "examples/embed_text.c with the static library alone" build_and_run static --static "$@"
needs_no_library() {
    ! ldd "$work/static" | grep libclipsearch
}
ok 6 "and it needs no libclipsearch.so" needs_no_library
exit $status
