#!/bin/sh
# SPDX-License-Identifier: MIT
# test_emulated.sh - the AVX-512, VNNI and BF16 kernels on a processor that has AVX2: compiled over SIMDe's functions (Debian:
# libsimde-dev), with their tests. It finds mistakes in the sources, not in the compiler's AVX-512 code. Prints TAP.
# usage: test_emulated.sh SOURCE_ROOT CBLAS_INCLUDE_DIRECTORY
set -u
root=$(cd "$1" && pwd) || exit 1
names="act bgemm conv cvt depthwise gemm i8 qconv qgemm rows vec winograd"
cc="gcc -I. -std=gnu11 -O2 -D_GNU_SOURCE -ffp-contract=off -pthread -I$root/src -I$root/include -I$root/tests -I$root/tests/kernels -idirafter $2"
scratch=$(mktemp -d "${TMPDIR:-/tmp}/clipsearch-test.XXXXXX") || exit 1
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1

# build SOURCES...: compile them into this directory
build() {
    $cc "$@" >log 2>&1 && return
    sed 's/^/# /' log
    echo "Bail out! the kernels do not compile over SIMDe"
    exit 1
}
sets="-DCS_HAVE_AVX2 -DCS_HAVE_AVX512 -DCS_HAVE_AVX512VNNI -DCS_HAVE_AVX512BF16 -DCS_CPU_EMULATED=(CS_CPU_AVX512|CS_CPU_AVX512VNNI|CS_CPU_AVX512BF16)"
avx2="-mavx2 -mfma -mf16c"
# the barrier that keeps sums in registers of 512 bits, which are not there
mkdir kernels || exit 1
for dots in avx512vnni avx512bf16; do
    sed 's/__asm__ volatile(.*/(void)s;/' "$root/src/kernels/dots_$dots.h" >kernels/dots_$dots.h || exit 1
done
# shellcheck disable=SC2046,SC2086
{
    build $sets -c $(ls "$root"/src/kernels/*.c | grep -v '_amx\|_avx\|_neon') "$root"/src/base/buf.c "$root"/src/base/error.c "$root"/src/base/huge_pages.c "$root"/src/base/mem.c \
        "$root"/src/base/pool.c "$root"/src/base/symbol.c "$root"/tests/tap.c "$root"/tests/kernels/kernel_test.c "$root"/tests/kernels/cpu_level.c "$root"/tests/kernels/winograd_bound.c
    build $avx2 -c "$root"/src/kernels/*_avx2.c
    build $avx2 -Wno-psabi -I"$root"/tests/kernels/emulated -c "$root"/src/kernels/*_avx512*.c
}
echo 1..11
number=0
for name in $names; do
    number=$((number + 1))
    # shellcheck disable=SC2086
    $cc $sets "$root/tests/kernels/test_$name.c" ./*.o -o "test_$name" -lm -ldl >log 2>&1 && "./test_$name" >log 2>&1
    if [ $? -eq 0 ] && ! grep -q '^not ok\|level avx512.* # SKIP' log; then
        echo "ok $number - $name: $(grep -c '^ok' log) tests with AVX-512 emulated"
    else
        echo "not ok $number - $name with AVX-512 emulated"
        sed 's/^/# /' log
    fi
done
