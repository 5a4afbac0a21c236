#!/bin/sh
# SPDX-License-Identifier: MIT
# test_neon.sh - builds the kernels and their tests for AArch64 and runs them under qemu. Prints TAP; skipped without the
# cross compiler or qemu (Debian: gcc-aarch64-linux-gnu, libc6-dev-arm64-cross, qemu-user-static).
# usage: test_neon.sh SOURCE_ROOT CBLAS_INCLUDE_DIRECTORY
set -u
root=$1
cblas=$2
cc=aarch64-linux-gnu-gcc
qemu=$(command -v qemu-aarch64-static || command -v qemu-aarch64)
names="act bgemm conv cvt depthwise gemm i8 rows vec winograd"
if [ -z "$qemu" ] || ! echo '#include <stdio.h>' | $cc -E - >/dev/null 2>&1; then
    echo 1..1
    echo "ok 1 - kernels for AArch64 # SKIP the cross compiler or qemu-user is not installed"
    exit 0
fi
scratch=$(mktemp -d "${TMPDIR:-/tmp}/clipsearch-test.XXXXXX") || exit 1
trap 'rm -rf "$scratch"' EXIT
echo 1..10

# the library's flags, and of base what the kernels use
cd "$scratch" || exit 1
for file in "$root"/src/kernels/*.c "$root"/src/base/buf.c "$root"/src/base/error.c "$root"/src/base/huge_pages.c "$root"/src/base/mem.c "$root"/src/base/pool.c \
    "$root"/src/base/symbol.c "$root"/tests/tap.c "$root"/tests/kernels/kernel_test.c "$root"/tests/kernels/cpu_level.c "$root"/tests/kernels/winograd_bound.c; do
    case $file in *_amx.c | *_avx2.c | *_avx512*.c | *_avxvnni.c) ;; *) echo "$file" ;; esac
done >files
flags="-std=c11 -O2 -D_GNU_SOURCE -Wall -Wextra -Werror -ffp-contract=off -pthread -DCS_HAVE_NEON"
flags="$flags -I$root/src -I$root/include -I$root/tests -I$root/tests/kernels -idirafter $cblas"
# shellcheck disable=SC2086,SC2046
$cc $flags -c $(cat files) >log 2>&1 || {
    sed 's/^/# /' log
    echo "Bail out! the kernels do not compile for AArch64"
    exit 1
}
number=0
for name in $names; do
    number=$((number + 1))
    # shellcheck disable=SC2086
    $cc $flags "$root/tests/kernels/test_$name.c" ./*.o -o "test_$name" -lm -ldl >log 2>&1 &&
        "$qemu" -L /usr/aarch64-linux-gnu "./test_$name" >log 2>&1
    if [ $? -eq 0 ] && ! grep -q '^not ok\|level neon # SKIP' log; then
        echo "ok $number - $name: $(grep -c '^ok' log) tests on AArch64"
    else
        echo "not ok $number - $name on AArch64"
        sed 's/^/# /' log
    fi
done
