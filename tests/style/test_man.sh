#!/bin/sh
# SPDX-License-Identifier: MIT
# test_man.sh - the man page has all commands and options that the program's help has, and all keys that its YAML files
# may have; mandoc has nothing to remark on it, and its synopsis has a line per command. Prints TAP.
# usage: test_man.sh PAGE CLIPSEARCH
set -u
page=$1 program=$2
source=$CLIPSEARCH_SOURCE_ROOT
echo 1..7
scratch=$(mktemp -d "${TMPDIR:-/tmp}/clipsearch-test.XXXXXX") || exit 1
trap 'rm -rf "$scratch"' EXIT

ok() { # ok NUMBER WHAT FILE: the status of the command before; FILE is shown when it failed
    if [ $? -eq 0 ]; then
        echo "ok $1 - $2"
    else
        echo "not ok $1 - $2"
        sed 's/^/# /' "$3"
    fi
}

commands=$("$program" completion bash | sed -n "s/.* commands='\(.*\)'$/\1/p" | head -n 1)
[ "$(echo "$commands" | wc -w)" -gt 20 ] || commands="the commands are not found"
"$program" help >"$scratch/help"
for command in $commands; do
    grep -q "^  \($command\|[a-z]*, $command\|$command, [a-z]*\)  " "$scratch/help" || echo "help: $command"
    "$program" help "$command" | grep -q "^usage: clipsearch \[*$command" || echo "help $command"
    grep -q "^\.\(Cm\|Op Cm\) .*\<$command\>" "$page" || echo "man page: $command"
done >"$scratch/missing" 2>&1
[ ! -s "$scratch/missing" ]
ok 1 "every command has its help and is in the man page" "$scratch/missing"

sed '/^\.Sh SYNOPSIS/,/^\.Sh DESCRIPTION/d' "$page" >"$scratch/described"
for command in $commands; do
    "$program" help "$command" | sed -n '/^Options:/,$s/^  \(-., \| *\)--\([a-z-]*\).*/\2/p' >"$scratch/options"
    grep -q help "$scratch/options" || echo "$command: no options are found"
    while read -r option; do
        grep -q "Fl -$option\( \|$\)" "$scratch/described" || echo "$command --$option"
    done <"$scratch/options"
done >"$scratch/missing"
[ ! -s "$scratch/missing" ]
ok 2 "the options of every command are described in the man page" "$scratch/missing"

keys() { # keys FILE: those of its tables
    sed -n 's/.*\.name = "\([a-z_]*\)".*/\1/p' "$source/src/config/$1" >"$scratch/keys"
    [ "$(wc -l <"$scratch/keys")" -ge 10 ] || echo "the keys of $1 are not found"
    cat "$scratch/keys"
}
sed -n '/^\.It Pa .*config\.yaml/,/^\.It Pa .*model\.yaml/p' "$page" >"$scratch/files"
sed -n '/^The configuration file/,$p' "$source/docs/ingest.md" >"$scratch/paragraph"
keys settings.c | while read -r key; do
    grep -q "^\.Ic .*\<$key\>" "$scratch/files" || echo "man page: $key"
    grep -qF "\`$key\`" "$scratch/paragraph" || [ "$key" = database ] || echo "docs/ingest.md: $key"
done >"$scratch/missing"
[ ! -s "$scratch/missing" ]
ok 3 "the keys of the configuration are in the man page and in docs/ingest.md" "$scratch/missing"

sed -n '/^\.Sh INGEST FILES/,/^\.Sh ENVIRONMENT/p' "$page" >"$scratch/section"
keys ingest_yaml.c | while read -r key; do
    grep -q "^\.\(It \)*Ic .*\<$key\>" "$scratch/section" || echo "man page: $key"
    grep -q "\<$key:\|\`$key\`" "$source/docs/ingest.md" || echo "docs/ingest.md: $key"
done >"$scratch/missing"
[ ! -s "$scratch/missing" ]
ok 4 "the keys of ingest files are in the man page and in docs/ingest.md" "$scratch/missing"

if ! command -v mandoc >/dev/null; then
    for number in 5 6 7; do echo "ok $number - man page # SKIP mandoc is not installed"; done
    exit 0
fi

# remarks on the page itself; mandoc also complains about a machine's index of man pages
mandoc -Tlint -Wstyle "$page" 2>&1 | grep -F "$page:" >"$scratch/remarks"
[ ! -s "$scratch/remarks" ]
ok 5 "mandoc -Tlint" "$scratch/remarks"

mandoc -Tascii -Owidth=78 "$page" | sed 's/.\x08//g' >"$scratch/text"
sed -n '/^SYNOPSIS/,/^DESCRIPTION/p' "$scratch/text" >"$scratch/synopsis"
missing=0
for command in '\[search\]' ingest update embed tokenize query get label duplicates delete drop collections export import copy merge check vacuum 'model list' 'model fetch' 'model add' 'model use' 'ingest --remodel' \
    'model info' 'model verify' 'model convert' info config serve completion help version; do
    grep -q "^ *clipsearch $command" "$scratch/synopsis" || missing=$((missing + 1))
done
[ $missing -eq 0 ] && [ "$(grep -c '^ *clipsearch ' "$scratch/synopsis")" -eq 33 ]
ok 6 "a line of the synopsis begins with each command" "$scratch/synopsis"

# quotes at the beginning of a word vanish unless they are escaped
! grep -n 'vector: \[\|ids: \[' "$scratch/text" >"$scratch/unquoted"
ok 7 "keys of JSON keep their quotes" "$scratch/unquoted"
