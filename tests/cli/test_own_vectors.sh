#!/bin/sh
# SPDX-License-Identifier: MIT
# test_own_vectors.sh - the program and collections of vectors without a model. Prints TAP.
# usage: test_own_vectors.sh CLIPSEARCH JSON_CHECK PUT_VECTORS
set -u
. "$CLIPSEARCH_SOURCE_ROOT/tests/cli/tap.sh"
json_check=$(absolute "$2")
put_vectors=$(absolute "$3")
set_up "$1"
ln -s "$source/weights/default" "$XDG_DATA_HOME/clipsearch/models/default"
"$put_vectors" v.db own && "$put_vectors" v.db named "some model"
ok "two collections"
export CLIPSEARCH_DB=v.db

for collection in own named; do
    run 4 "$collection: a text cannot be searched for" search --collection "$collection" a white dog
    err_has "clipsearch: the collection $collection holds vectors that were put without a model: no text and no image can be encoded for it"
    err_has "To search for what is like one of its items, run: clipsearch search --like ID"
    silent "$out" "and nothing on standard output"
done
run 4 "nor an image" search --collection own --image "$source/examples/pictures/cat-snow.jpg"
err_has "put without a model"
run 4 "nor can labels be given" label --collection own --labels dog,cat
err_has "put without a model"
run 4 "nor images be ingested" ingest --collection own "$source/examples/pictures"
err_has "put without a model"

run 0 "an item can be searched for" search --collection own --like 1
out_is "the nearest first" <<END
0.707  /north/east
0.000  #90
END
run 0 "with a filter" search --collection own --like 1 --filter 'angle == 45' --paths
out_is "one path" <<END
/north/east
END
run 0 "a query" query --collection own --filter 'path like "e%"' --paths
out_is "has a path that is none" <<END
east
END
run 0 "collections" collections
out_is "with and without the name of a model" <<END
named	3 images	cosine	some model
own	3 images	cosine	
END
run 0 "info" info --collection own
out_has "encoder    not known: the vectors were put without one"
out_has "encoder    some model, not known: the vectors were put without one"
run 0 "info --json" info --collection own --json
json_is "has an empty fingerprint and no model" collections.0.fingerprint collections.0.encoder collections.1.encoder model <<END

some model

null
END
run 0 "check" check own
run 0 "vacuum" vacuum
run 0 "delete" delete --collection own 90 --yes
run 1 "what was removed" search --collection own --like 1 --filter 'id == 90'
echo "1..$count"
