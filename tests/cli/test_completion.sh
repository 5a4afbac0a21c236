#!/bin/sh
# SPDX-License-Identifier: MIT
# test_completion.sh - the completions of the shells: what bash, zsh and fish offer for a command line. zsh and fish are
# skipped where they are not installed. Prints TAP.
# usage: test_completion.sh CLIPSEARCH
set -u
. "$CLIPSEARCH_SOURCE_ROOT/tests/cli/tap.sh"
set_up "$1"
PATH=$(dirname "$program"):$PATH
export PATH
ln -s "$source/weights/default" "$XDG_DATA_HOME/clipsearch/models/default"
mkdir photos "two words"
cp "$source/examples/pictures/cat-snow.jpg" photos/
run 0 "ingest" ingest photos -q
run 0 "another collection" ingest photos -q --collection holidays
run 0 "another database" ingest photos -q --db two.db --collection other

usage "name one shell: bash, zsh or fish" completion
usage 'there are no completions for "csh"' completion csh

for shell in bash zsh fish; do
    run 0 "completions for $shell" completion $shell
    cp "$out" "$scratch/$shell"
done

# the actions, as the program itself names them
run 2 "no action" model
actions=$(sed -n 's/.*the actions are //p' "$err" | sed 's/ and /, /; s/, /\n/g')
[ "$(echo "$actions" | wc -l)" -ge 7 ]
ok "the actions of model"

skip() { # skip WHAT
    count=$((count + 1))
    echo "ok $count - $1 # SKIP it is not installed"
}

offers() { # offers WHAT: each word that comes on standard input, and with a ! before it not, is a line of $out
    while read -r word; do
        case $word in
        !*) ! grep -qxF -- "${word#!}" "$out" || { echo "# offered: $word" && false; } ;;
        *) grep -qxF -- "$word" "$out" || { echo "# missing: $word" && false; } ;;
        esac || break
        word=
    done
    [ -z "$word" ]
    ok "$1"
}

# ---- bash

bash_offers() { # bash_offers WHAT WORDS...: as offers, for a line of these words, the last of which is being typed
    what=$1
    shift
    bash --norc --noprofile -c '. "$1"; shift; COMP_WORDS=(clipsearch "$@"); COMP_CWORD=$#; _clipsearch
        printf "%s\n" "${COMPREPLY[@]}"' bash "$scratch/bash" "$@" >"$out" 2>"$err"
    offers "bash: $what"
    [ ! -s "$err" ]
    ok "bash: $what: without an error"
}
if command -v bash >/dev/null 2>&1; then
    bash -n "$scratch/bash" 2>"$err"
    ok "bash can read them"
    bash_offers "commands and files" "" <<END
ingest
search
completion
photos
END
    bash_offers "the beginning of a command" ing <<END
ingest
!search
END
    bash_offers "options of the command" ingest --ex <<END
--exclude
--exif
!--exact
!--filter
END
    bash_offers "options of search without its name" --ex <<END
--exact
--exif
!--exclude
END
    bash_offers "letters" query - <<END
-k
--null
-0
END
    bash_offers "the values of an option" ingest --metric "" <<END
cosine
ip
l2
!photos
END
    bash_offers "behind an equals sign" ingest --metric = c <<END
cosine
!ip
END
    bash_offers "a value that can be left out" update --prune = "" <<END
gone
force
END
    bash_offers "after such an option operands" update --prune "" <<END
photos
holidays
!gone
END
    bash_offers "the command behind an option with a value" --db x ingest --met <<END
--metric
!--db
END
    bash_offers "directories" search --in "" <<END
photos
two words
END
    bash_offers "files with blanks" ingest two <<END
two words
END
    bash_offers "collections" check h <<END
holidays
!photos
END
    bash_offers "collections of another database" check --db two.db "" <<END
other
!holidays
END
    bash_offers "the same behind an equals sign" --db = two.db --collection "" <<END
other
!holidays
END
    bash_offers "the same behind a word" search dog --db two.db --collection "" <<END
other
!holidays
END
    bash_offers "actions of model" model "" <<END
$actions
END
    bash_offers "behind an action models and files" model use "" <<END
default
clip-vit-b32
photos
!use
!list
END
    bash_offers "models and files behind --model" ingest --model "" <<END
default
clip-vit-b32
photos
!ingest
END
    bash_offers "options of config" config --s <<END
--show
END
    bash_offers "commands behind help" help co <<END
collections
completion
END
    bash_offers "nothing for a number" search -k "" <<END
!photos
END
else
    skip "bash"
fi

# ---- fish

fish_offers() { # fish_offers WHAT LINE
    fish --no-config -c 'source $argv[1]; complete -C $argv[2]' "$scratch/fish" "$2" 2>"$err" | cut -f 1 >"$out"
    offers "fish: $1"
}
if command -v fish >/dev/null 2>&1; then
    fish_offers "commands" "clipsearch ing" <<END
ingest
!search
END
    fish_offers "options of the command" "clipsearch ingest --ex" <<END
--exclude
--exif
!--exact
END
    fish_offers "options of search without its name" "clipsearch --ex" <<END
--exact
!--exclude
END
    fish_offers "the values of an option" "clipsearch ingest --metric " <<END
cosine
ip
l2
!photos/
END
    fish_offers "the command behind an option with a value" "clipsearch --db x ingest --met" <<END
--metric
!--db
END
    fish_offers "collections" "clipsearch check " <<END
holidays
photos
END
    fish_offers "collections of another database" "clipsearch --db two.db --collection " <<END
other
!holidays
END
    fish_offers "the same behind an equals sign" "clipsearch check --db=two.db " <<END
other
!holidays
END
    fish_offers "actions of model" "clipsearch model " <<END
$actions
END
    fish_offers "behind an action models and files" "clipsearch model use " <<END
default
clip-vit-b32
photos/
!use
!list
END
    fish_offers "models and files behind --model" "clipsearch ingest --model " <<END
default
clip-vit-b32
photos/
!search
END
    fish_offers "options of config" "clipsearch config --s" <<END
--show
END
else
    skip "fish"
fi

# ---- zsh: a terminal of its own, in which a line is typed and Tab pressed

cat >"$scratch/ask.zsh" <<'END'
zmodload zsh/zpty
zpty -b shell zsh -f -i
zpty -w shell "PS1= PROMPT2= RPS1=; fpath=(${1:h} \$fpath); autoload -Uz compinit; compinit -u -d $2"
zpty -w shell "zstyle ':completion:*' list-separator '::'; LISTMAX=1000; LINES=200 COLUMNS=120; bindkey '^I' list-choices; print rea''dy"
zpty -r -m shell seen '*ready*'
zpty -w -n shell "$3"
zpty -w -n shell $'\t'
integer quiet=0
all=
while (( quiet < 15 )); do
    if zpty -r -t shell part; then all+=$part quiet=0; else sleep 0.1; quiet+=1; fi
done
print -r -- "$all"
zpty -d shell
END
zsh_offers() { # zsh_offers WHAT LINE
    mkdir -p "$scratch/fpath"
    cp "$scratch/zsh" "$scratch/fpath/_clipsearch"
    timeout 60 zsh -f "$scratch/ask.zsh" "$scratch/fpath/_clipsearch" "$scratch/zcompdump" "$2" 2>"$err" |
        tr '\r' '\n' | sed 's/\x1b\[[0-9;?]*[A-Za-z]//g' | tr -s ' ' '\n' >"$out"
    offers "zsh: $1"
}
if command -v zsh >/dev/null 2>&1; then
    zsh -n "$scratch/zsh" 2>"$err"
    ok "zsh can read them"
    zsh_offers "the beginning of a command" "clipsearch com" <<END
completion
!ingest
END
    zsh_offers "options of the command" "clipsearch ingest --ex" <<END
--exclude
--exif
!--exact
END
    zsh_offers "the values of an option" "clipsearch ingest --metric=" <<END
cosine
l2
END
    zsh_offers "collections" "clipsearch check " <<END
holidays
photos
END
    zsh_offers "collections of another database" "clipsearch --db two.db --collection " <<END
other
!holidays
END
    zsh_offers "the same behind an equals sign" "clipsearch search dog --db=two.db --collection " <<END
other
!holidays
END
    zsh_offers "actions of model" "clipsearch model " <<END
$actions
END
    zsh_offers "behind an action models and files" "clipsearch model use " <<END
default
clip-vit-b32
photos/
!list
END
    zsh_offers "models and files behind --model" "clipsearch ingest --model " <<END
default
clip-vit-b32
photos/
!search
END
    zsh_offers "options of config" "clipsearch config --s" <<END
--show
END
else
    skip "zsh"
fi
echo "1..$count"
