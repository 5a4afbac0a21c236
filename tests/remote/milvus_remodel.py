# SPDX-License-Identifier: MIT
"""ingest --remodel on a real Milvus server: a collection encoded anew with another model, and everything that may cut it off."""
import json
import os
import shutil
import subprocess

import milvus_raw
from milvus_case import PHOTOS, PROGRAM, SOURCE, check, run

NAME = "anew"


def make_models(folder):
    """Two models of 24 numbers whose vectors differ."""
    tiny = os.path.join(SOURCE, "tests/data/clip-tiny/hf")
    one, two = folder + "/one", folder + "/two"
    shutil.copytree(tiny, one)
    run("model", "convert", tiny, "--to", two, "--type", "f16", "-q")
    os.chmod(two + "/config.json", 0o644)
    with open(two + "/config.json", encoding="utf-8") as source:
        text = source.read()
    with open(two + "/config.json", "w", encoding="utf-8") as out:
        out.write(text.replace("quick_gelu", "gelu"))
    return one, two


def make_tree(folder):
    tree = folder + "/anew"
    os.mkdir(tree)
    for name in sorted(os.listdir(PHOTOS)):
        if name.endswith(".jpg"):
            shutil.copy(os.path.join(PHOTOS, name), tree)
    return tree


def rows(at):
    """Everything of the items but their vectors."""
    return sorted(json.loads(run("query", "--gone", "--json", *at)[1])["items"], key=lambda item: item["path"])


def described(at):
    return next(one for one in json.loads(run("collections", "--json", *at[2:])[1]) if one["name"] == NAME)


def stop_in_the_middle(at, model):
    """The images are encoded one by one, until some are done and not all."""
    process = subprocess.Popen([PROGRAM, "ingest", "--remodel", "--model", model, "--batch", "1", "--threads", "1", "--progress", "json",
                                *at], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        if line[0] == "{" and json.loads(line).get("stored", 0) >= 1:
            break
    process.kill()
    process.communicate()
    return described(at).get("remodel", {})


def test(milvus, folder):
    one, two = make_models(folder)
    tree = make_tree(folder)
    raw = milvus_raw.Raw()
    at = ["--collection", NAME, "--db", milvus]
    run("ingest", "--model", one, tree, "-q", *at)
    run("label", "--labels", "dog,cat", "--write", "thing", *at)
    before, answer = rows(at), run("a red bus", "-k", "30", *at)[1]
    check(len(before) == 24 and answer.count("\n") == 24, "a collection with attributes")

    code, out, err = run("ingest", "--remodel", "--model", two, "--dry-run", *at)
    check(code == 0 and f"Would encode 24 images of {NAME} anew with two" in out and "remodel" not in described(at), "--dry-run", out, err)
    done = stop_in_the_middle(at, two)
    check(done.get("encoder") == "two" and 0 < done["done"] < 24 and described(at)["encoder"] == "one",
          f"killed after {done.get('done')} of 24 images: the collection has its model, and says what has begun")
    check(run("a red bus", "-k", "30", *at)[1] == answer and rows(at) == before, "the old vectors answer, from whole rows")
    listed = run("collections", "--db", milvus)
    check("__remodel" not in listed[1] + listed[2], "what is beside it is not listed", listed)
    code, out, err = run("query", "--collection", NAME + "__remodel", "--db", milvus)
    check(code == 5 and "being encoded anew" in err, "nor opened", code, out, err)

    # what happens meanwhile, in items that have their new vector and in others
    run("label", "--labels", "lawn,sheep", "--write", "other", *at)
    os.unlink(tree + "/tulips.jpg")
    os.unlink(tree + "/sheep.jpg")
    run("delete", os.path.join(tree, "lawn.jpg"), "--yes", *at)
    shutil.copy(os.path.join(SOURCE, "examples/pictures/cat-snow.jpg"), tree)
    run("ingest", "--model", one, os.path.join(tree, "cat-snow.jpg"), "-q", *at)
    expected = rows(at)
    code, out, err = run("ingest", "--remodel", "--model", two, *at)
    check(code in (0, 1) and f"images of {NAME} anew with two" in out and described(at)["encoder"] == "two" and
          "remodel" not in described(at), "run again, it comes to its end", code, out, err)
    after = {row["path"]: row for row in rows(at)}
    gone = {path for path, row in after.items() if row.get("gone")}
    check(set(after) == {row["path"] for row in expected} and gone <= {tree + "/tulips.jpg", tree + "/sheep.jpg"} and
          all(after[row["path"]] == row for row in expected if row["path"] not in gone) and
          all(after[row["path"]]["attributes"] == row["attributes"] for row in expected),
          f"with what changed meanwhile; {len(gone)} without a file are noted as gone", sorted(after.values(), key=str), expected)
    code, out, err = run("a red bus", "-k", "50", "--gone", "--json", "--consistency", "strong", *at)
    found = {hit["path"] for hit in json.loads(out)["queries"][0]["hits"]} if code == 0 else set()
    check(found == set(after) - gone, "--gone finds none without a vector", sorted(found), sorted(gone), err)
    os.unlink(tree + "/lawn.jpg")
    fresh = ["--collection", "fresh", "--db", folder + "/fresh.db"]
    run("ingest", "--model", two, tree, "-q", *fresh)
    lines = [set(run("a red bus", "-k", "30", *where)[1].splitlines()) for where in (at, fresh)]
    check(lines[1] <= lines[0] and len(lines[1]) == 22, "it answers as a new collection of that model, with the same scores", lines)
    names = [name.decode() for name in raw.call("ShowCollections", b"").get(2, [])]
    check(not [name for name in names if name.startswith(NAME + "_")], "nothing is left beside it", names)
    code, out, err = run("ingest", "--remodel", "--model", two, *at)
    check(code == 0 and "already" in out, "once more it has nothing to do", out, err)
    code, out, err = run("ingest", "--model", two, tree, *at)
    check(code == 0 and "unchanged" in out and "0 images" in out, "ingest goes on with the new model", out, err)
    run("ingest", "--prune=force", tree, "--model", two, "-q", *at)

    # a client that has it open as it was
    try:
        raw.search(NAME, "vector", 24)
        refused = ""
    except RuntimeError as why:
        refused = str(why)
    check("vector" in refused, "a query in the old model's field is refused by the server", refused)

    # another dimension; the process ends between the two renames
    stop_in_the_middle(at, "default")
    process = run("ingest", "--remodel", "--model", "default", *at)
    check(process[0] in (0, 1) and described(at)["encoder"] == "default" and described(at)["dim"] == 512, "another dimension", process)
    stop_in_the_middle(at, one)
    raw.call("RenameCollection", milvus_raw.message(f3=NAME, f4=NAME + "__replaced"))
    code, out, err = run("a red bus", "-k", "1", "--consistency", "strong", *at)
    check(code == 0 and described(at)["encoder"] == "one", "cut off between the two renames: the next command does the second", out, err)
    run("ingest", "--remodel", "--model", one, *at)
    names = [name.decode() for name in raw.call("ShowCollections", b"").get(2, [])]
    check(not [name for name in names if name.startswith(NAME + "_")], "and --remodel cleans up", names)

    # names in the way
    raw.create(NAME + "__remodel", [("id", milvus_raw.INT64, None), ("v", milvus_raw.FLOAT_VECTOR, 4)], "L2", "FLAT")
    code, out, err = run("ingest", "--remodel", "--model", two, *at)
    check(code == 3 and "is in the way" in err and described(at)["encoder"] == "one", "a collection in the way is not touched", code, out, err)
    raw.call("DropCollection", milvus_raw.message(f3=NAME + "__remodel"))
    stop_in_the_middle(at, two)
    run("drop", NAME, "--yes", "--db", milvus)
    names = [name.decode() for name in raw.call("ShowCollections", b"").get(2, [])]
    check(not [name for name in names if name.startswith(NAME)], "drop takes what is beside it along", names)
