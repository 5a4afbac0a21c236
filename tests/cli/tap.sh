# SPDX-License-Identifier: MIT
# tap.sh - for the tests that run the program from outside: running it, and what is expected of its output, as TAP. The
# test that reads this file has set program, source, scratch, out and err.

count=0

ok() { # ok WHAT: the status of the command before
    status=$?
    count=$((count + 1))
    if [ "$status" -eq 0 ]; then
        echo "ok $count - $1"
    else
        echo "not ok $count - $1"
        echo "# out:"; head -c 2000 "$out" | sed 's/^/#   /'
        echo "# err:"; head -c 2000 "$err" | sed 's/^/#   /'
    fi
}

run() { # run STATUS WHAT ARGUMENTS...: the program must end with STATUS
    want=$1 what=$2
    shift 2
    "$program" "$@" >"$out" 2>"$err" </dev/null
    got=$?
    [ "$got" -eq "$want" ]
    ok "$what: exit $want"
    [ "$got" -eq "$want" ] || echo "# it was $got"
}

normal() { # scratch and source directories by name, times as T; the source's name may be a part of another path
    sed -e "s|$scratch|SCRATCH|g" -e "s|^$source/|SOURCE/|" -e "s|\([^A-Za-z0-9_.-]\)$source/|\1SOURCE/|g" -e 's/ in [0-9.]* s$/ in T/' "$1"
}

out_is() { # out_is WHAT: standard output is what comes on standard input
    cat >"$scratch/want"
    normal "$out" | cmp -s - "$scratch/want"
    ok "$1"
}

err_is() {
    cat >"$scratch/want"
    normal "$err" | cmp -s - "$scratch/want"
    ok "$1"
}

err_has() { grep -qF -- "$1" "$err"; ok "standard error has: $1"; }
out_has() { grep -qF -- "$1" "$out"; ok "standard output has: $1"; }
silent() { [ ! -s "$1" ]; ok "$2"; }
