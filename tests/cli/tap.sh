# SPDX-License-Identifier: MIT
# tap.sh - for tests that run the program from outside: a directory of its own for each, running the program, and
# comparing its output with what is expected. Prints TAP.

count=0

# meson gives paths relative to the build directory
absolute() { echo "$(cd "$(dirname "$1")" && pwd)/$(basename "$1")"; }

clean_up() { rm -rf "$scratch"; }

set_up() { # set_up CLIPSEARCH: sets program, source, scratch, out and err, and goes to an empty directory
    source=$CLIPSEARCH_SOURCE_ROOT
    program=$(absolute "$1")
    scratch=$(mktemp -d "${TMPDIR:-/tmp}/clipsearch-test.XXXXXX") || exit 1
    scratch=$(cd "$scratch" && pwd -P)
    trap clean_up EXIT
    for variable in DB MODEL COLLECTION THREADS K CPU; do unset "CLIPSEARCH_$variable"; done
    HOME=$scratch/home XDG_DATA_HOME=$scratch/data XDG_CONFIG_HOME=$scratch/config XDG_CACHE_HOME=$scratch/cache LC_ALL=C
    export HOME XDG_DATA_HOME XDG_CONFIG_HOME XDG_CACHE_HOME LC_ALL
    # the program as it lies in a build directory of the source tree, wherever that is
    mkdir -p "$HOME" "$XDG_DATA_HOME/clipsearch/models" "$scratch/work" "$scratch/tree/build"
    cp "$program" "$scratch/tree/build/clipsearch"
    program=$scratch/tree/build/clipsearch
    ln -s "$source/weights" "$scratch/tree/weights"
    out=$scratch/out err=$scratch/err
    cd "$scratch/work" || exit 1
}

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

# No message is there twice: as a line of its own, or within another one. Prints those that are. Lines of progress and
# further tries are no messages; more than 200 lines are not compared.
repeated_messages() {
    awk '/; trying again$/ || !/^clipsearch: / { next }
        NR <= 200 { line = $0; sub(/^clipsearch: /, "", line); lines[NR] = line }
        END { for (i = 1; i <= NR; i++)
                  for (j = 1; j <= NR; j++)
                      if (i != j && length(lines[i]) > 20 && index(lines[j], lines[i])) { print lines[i]; break }
        }' "$err"
}

run() { # run STATUS WHAT ARGUMENTS...: the program must end with STATUS, and say nothing twice
    want=$1 what=$2
    shift 2
    "$program" "$@" >"$out" 2>"$err" </dev/null
    got=$?
    twice=$(repeated_messages)
    [ "$got" -eq "$want" ] && [ -z "$twice" ]
    ok "$what: exit $want"
    [ "$got" -eq "$want" ] || echo "# it was $got"
    [ -z "$twice" ] || echo "# said twice: $twice"
}

normal() { # scratch and source directories by name, times as T; the source's name may be a part of another path
    sed -e "s|$scratch|SCRATCH|g" -e "s|^$source/|SOURCE/|" -e "s|\([^A-Za-z0-9_.-]\)$source/|\1SOURCE/|g" -e 's/ in \([0-9]* min \)\{0,1\}[0-9.]* s$/ in T/' "$1"
}

usage() { # usage MESSAGE ARGUMENTS...: the command line is refused with the message
    message=$1
    shift
    run 2 "usage: $*" "$@"
    err_has "clipsearch: $message"
    silent "$out" "and nothing on standard output"
}

json_is() { # json_is WHAT KEYS...: json_check prints of standard output what comes on standard input
    what=$1
    shift
    cat >"$scratch/want"
    "$json_check" "$@" <"$out" >"$scratch/values" 2>>"$err"
    normal "$scratch/values" | cmp -s - "$scratch/want"
    ok "$what"
}

wait_for() { # wait_for FILE: until it exists and is not empty, at most 10 s
    waited=0
    while [ ! -s "$1" ] && [ $waited -lt 200 ]; do
        sleep 0.05
        waited=$((waited + 1))
    done
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
