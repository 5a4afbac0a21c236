#!/bin/sh
# SPDX-License-Identifier: MIT
# test_metadata.sh CLIPSEARCH JSON_CHECK - what files say of their images, from ingestion to searches by date. TAP.
. "$(dirname "$0")/tap.sh"
json_check=$(absolute "$2")
set_up "$1"
has_expat=$("$program" version -v | sed -n 's/^  expat  *expat_.*/yes/p')
mkdir photos
for name in camera iptc digitized changed south nothing; do
    cp "$source/tests/data/metadata/$name.jpg" photos/
done

names() { sed -e 's/^[0-9.-]*  //' -e 's|.*/||' "$out" | sort | tr '\n' ' '; }
found() { # found WHAT NAMES ARGUMENTS...: query finds the files, in the order of the alphabet
    what=$1 names=$2
    shift 2
    "$program" query "$@" >"$out" 2>"$err" </dev/null
    [ "$(names)" = "$names" ]
    ok "$what"
}

run 0 "ingest" ingest photos
run 0 "get" get 1 6
out_is "shows what is known" <<END
1  photos/camera.jpg
    altitude: 408.5
    camera: Canon EOS R5
    exposure_time: 0.004
    f_number: 2.8
    focal_length: 50
    focal_length_35mm: 80
    iso: 400
    latitude: 47.3769
    lens: RF24-105mm F4 L IS USM
    longitude: 8.5417
    make: Canon
    rating: 4
    taken: 2024-07-01T18:30:05.25+02:00
6  photos/south.jpg
    altitude: -12
    camera: NIKON D90
    latitude: -54.8
    longitude: -68.3
    make: NIKON CORPORATION
END
run 0 "get of lists and of lines" get 4
out_is "a line each" <<END
4  photos/iptc.jpg
    caption: Two lines of text
    city: Genève
    country: Suisse
    keywords: night, café
    taken: 2003-04-05T06:07:08-05:00
    title: Café
END
run 0 "get --json" get 1 --json
json_is "has them as attributes" items.0.attributes.taken items.0.attributes.iso items.0.attributes.latitude <<END
2024-07-01T18:30:05.25+02:00
400
47.3769
END
found "a filter by date" "camera.jpg changed.jpg " --filter 'taken >= "2010"'
found "by place" "south.jpg " --filter 'latitude < 0 and longitude < 0'
found "by exposure" "camera.jpg " --filter 'exposure_time <= 1/200 and f_number < 4 and rating > 3'
found "by keyword" "iptc.jpg " --filter '"night" in keywords'
found "by keyword, not" "camera.jpg changed.jpg digitized.jpg nothing.jpg south.jpg " --filter '"night" not in keywords'

found "--since a year" "camera.jpg changed.jpg " --since 2010
found "--until a year, all of it" "changed.jpg digitized.jpg iptc.jpg " --until 2010
found "--since and --until a month" "camera.jpg " --since 2024-07 --until 2024-07
found "of a day" "camera.jpg " --since 2024-07-01 --until 2024-07-01
found "of a minute" "camera.jpg " --since '2024-07-01 18:30' --until 2024-07-01T18:30
found "just before" "" --since 2020 --until 2024-07-01T18:29
found "just after" "" --since 2024-07-01T18:30:06
found "with a filter" "changed.jpg " --until 2023 --since 2002 --filter 'camera is null and city is null'
found "with a filter of or" "iptc.jpg " --until 2005 --since 2002 --filter 'false or title == "Café"'
run 0 "a search with --since" "a photo" --since 2024 --paths
out_is "is among them" <<END
SCRATCH/work/photos/camera.jpg
END
run 1 "a search that nothing was taken for" "a photo" --since 2025
err_has "nothing found among the images that pass the filter"
run 2 "no date" query --since yesterday
err_has 'since: "yesterday" is no date; write 2024, 2024-07, 2024-07-01 or 2024-07-01T18:30'
run 2 "a time zone" "a photo" --until 2024-07-01T18:30Z
err_has 'without a time zone'
run 2 "an empty period" query --since 2024-07-02 --until 2024-07-01
err_has "clipsearch: --since: 2024-07-02 is later than the end, 2024-07-01: no image can match"
run 2 "a wrong filter beside a date" query --since 2024 --filter 'a = 1'
err_has "filter, column 3: expected ==, found ="

# ---- what is stored
run 0 "ingest without" ingest photos --collection none --exif orientation
found "stores nothing" "" --collection none --filter 'taken is not null or camera is not null'
run 0 "ingest of some" ingest photos --collection some --exif taken,gps
run 0 "get of those" get 1 --collection some
out_is "shows them" <<END
1  photos/camera.jpg
    altitude: 408.5
    latitude: 47.3769
    longitude: 8.5417
    taken: 2024-07-01T18:30:05.25+02:00
END
run 0 "all of them" ingest photos --collection some
out_has "(6 unchanged)"
run 0 "with --rescan" ingest photos --collection some --rescan
out_has "3 with new attributes"
found "the rest is there" "camera.jpg " --collection some --filter 'iso == 400'
run 2 "an unknown name" ingest photos --exif taken,lenz
err_has 'exif: there is no "lenz"; did you mean lens?'
cat >in.yaml <<END
collection: yaml
exif: [camera, title]
sources:
  - path: photos
    attributes: {title: mine, kind: test}
END
run 0 "ingest with YAML" ingest in.yaml
run 0 "get" get 1 4 --collection yaml
out_is "the user's title wins" <<END
1  photos/camera.jpg
    kind: test
    title: mine
    camera: Canon EOS R5
4  photos/iptc.jpg
    kind: test
    title: mine
END
run 0 "again" ingest in.yaml
out_is "nothing changes" <<END
Inserted 0 images into yaml (6 unchanged) in T
END
sed -i 's/title: mine, //' in.yaml
run 0 "without it" ingest in.yaml
run 0 "get" get 4 --collection yaml
out_is "the file's title is there again" <<END
4  photos/iptc.jpg
    kind: test
    title: Café
END
cp "$source/tests/data/metadata/odd.jpg" photos/south.jpg
run 0 "a file that changed" ingest in.yaml
run 0 "get" get 6 --collection yaml
out_is "has what it states now" <<END
6  photos/south.jpg
    kind: test
END

# ---- XMP beside images

packet() { # packet KEYWORD RATING: as a program writes it
    printf '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    printf '<rdf:Description xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    printf 'xmp:Rating="%s"><dc:subject><rdf:Bag><rdf:li>%s</rdf:li></rdf:Bag></dc:subject>' "$2" "$1"
    printf '</rdf:Description></rdf:RDF></x:xmpmeta>'
}
beside() { # beside WHAT WORDS: the keywords and the rating of beside/a.jpg
    "$program" get 1 --collection beside >"$out" 2>>"$err"
    [ "$(sed -n 's/^    \(keywords\|rating\): //p' "$out" | tr '\n' ' ')" = "$2" ]
    ok "$1"
}
if [ "$has_expat" = yes ]; then
    mkdir beside
    cp "$source/tests/data/metadata/texts.jpg" beside/a.jpg
    cp "$source/tests/data/metadata/nothing.jpg" beside/b.jpg
    packet second 2 >beside/a.XMP
    printf 'no XMP at all' >beside/b.xmp
    run 0 "ingest with XMP beside" ingest beside --collection beside
    out_is "such files are not counted as left out" <<END
Inserted 2 images into beside in T
END
    beside "it comes before the image's own" "second 2 "
    run 0 "again" update beside
    out_is "nothing changes" <<END
Inserted 0 images into beside (2 unchanged) in T
END
    packet first 1 >beside/a.jpg.xmp
    run 0 "a file that is new" update beside
    out_is "gives new attributes, and no new vector" <<END
Inserted 0 images into beside (1 unchanged, 1 with new attributes) in T
END
    beside "the whole name counts before the other" "first 1 "
    run 0 "again" update beside
    out_has "(2 unchanged)"
    packet changed 5 >beside/a.jpg.xmp
    run 0 "a file that has changed" ingest beside/a.jpg --collection beside
    out_has "(1 with new attributes)"
    beside "is read when the image is named" "changed 5 "
    rm beside/a.jpg.xmp beside/a.XMP
    run 0 "files that are gone" update beside
    out_has "with new attributes"
    beside "leave what the image says" "boat, lake, 湖 5 "
    mkdir beside/a.xmp
    run 0 "a directory of such a name" update beside
    beside "is none" "boat, lake, 湖 5 "
    packet unwanted 3 >beside/a.jpg.xmp
    run 0 "ingest without metadata" ingest beside --collection without --exif orientation
    run 0 "again" ingest beside --collection without --exif orientation
    out_has "(2 unchanged)"
    "$program" get 1 --collection without >"$out"
    [ "$(wc -l <"$out")" -eq 1 ]
    ok "reads none"
else
    count=$((count + 1))
    echo "ok $count - XMP beside images # SKIP this build has no expat"
fi
echo "1..$count"
