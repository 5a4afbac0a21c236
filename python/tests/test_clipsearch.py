# SPDX-License-Identifier: MIT
"""test_clipsearch.py MODEL IMAGES - the Python package from outside, with the built-in model and the example images. TAP."""

import concurrent.futures
import ctypes
import os
import pathlib
import subprocess
import sys
import tempfile
import threading

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests"))

import clipsearch  # noqa: E402
from tap import Tap  # noqa: E402

tap = Tap()
MODEL, IMAGES = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
SCRATCH = tempfile.TemporaryDirectory()
WORK = pathlib.Path(SCRATCH.name)


def raises(kind, words, function, *arguments, **options):
    """`function` raises that kind of exception, with these words in its message."""
    try:
        function(*arguments, **options)
    except kind as raised:
        return tap.ok(words in str(raised), f"{kind.__name__}: {words}", [] if words in str(raised) else [raised])
    except BaseException as raised:
        return tap.ok(False, f"{kind.__name__}: {words}", [repr(raised)])
    return tap.ok(False, f"{kind.__name__}: {words}", ["nothing was raised"])


def unit(rows):
    rows = np.asarray(rows, np.float64)
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def test_own_vectors():
    with clipsearch.Collection(":memory:", "own", dim=3) as c:
        ids = c.put([[3, 0, 0], [0, 2, 0], [0, 4, 3]], paths=["a", "https://b", None], attributes=[{"price": 3}, None, None])
        tap.ok(ids.tolist() == [1, 2, 3] and len(c) == 3 and c.dim == 3 and c.metric == "cosine", "vectors are put", [ids])
        tap.ok([item.path for item in c] == ["a", "https://b", "#3"], "paths are any names", [list(c)])
        tap.ok(np.allclose(c.vectors([3, 1]), [[0, 0.8, 0.6], [1, 0, 0]]), "and are stored with length 1")
        tap.ok(c.vectors(2).shape == (3,), "one vector has one dimension")
        hits = c.search(np.array([1, 1, 0]))
        tap.ok([hit.id for hit in hits] == [1, 2, 3] and abs(hits[0].score - 0.5**0.5) < 1e-6, "a search by vector", hits)
        tap.ok([hit.id for hit in c.search(np.array([0, 1, 0]), filter="price < 5")] == [1], "with a filter")
        tap.ok([hit.id for hit in c.search(np.array([0, 1, 0]), limit=0.7)] == [2, 3], "with a limit")
        both = c.search_many(np.eye(3)[:2], k=1)
        tap.ok([[hit.id for hit in hits] for hits in both] == [[1], [2]], "two searches at once", both)
        tap.ok([hit.id for hit in c.search(clipsearch.Part(id=2))] == [3, 1], "a search by item")
        mixed = c.search([clipsearch.Part(id=1), clipsearch.Part(vector=[0, 0, 1], weight=0.5)], with_self=True, k=1)
        tap.ok([hit.id for hit in mixed] == [1], "a question of two parts")
        c.put([[0, 0, 1]], ids=[2], paths=["https://b"])
        tap.ok(c.vectors(2).tolist() == [0, 0, 1], "an item is replaced")
        c.merge_attributes([1, 2], [{"price": None, "kind": "x"}, {"n": [1, 2]}])
        tap.ok(c.get(1).attributes == {"kind": "x"} and c.get(2).attributes == {"n": [1, 2]}, "attributes are merged")
        tap.ok(c.get(99) is None and [item.id for item in c.get([3, 99, 1])] == [3, 1], "items by their ids")
        tap.ok(c.remove([1, 99]) == 1 and c.remove_where("id >= 3") == 1 and len(c) == 1, "items are removed")
        tap.ok(c.info.encoder == "" and c.info.fingerprint == "", "it has no model")
        raises(ValueError, "put without a model", c.search, "a white dog")
        raises(ValueError, "[count, 3]", c.put, [[1, 2]])
        raises(ValueError, "1 vectors, but 2 paths", c.put, [[1, 2, 3]], paths=["a", "b"])
        raises(clipsearch.ArgumentError, "zeros", c.put, [[0, 0, 0]])
        raises(clipsearch.ArgumentError, "filter", c.search, np.ones(3), filter="price <")
    raises(clipsearch.ArgumentError, "closed", len, c)
    raises(ValueError, 'metric is "dot"', clipsearch.Collection, ":memory:", dim=3, metric="dot")
    with clipsearch.Collection(WORK / "own.db", "l2", dim=2, metric="l2") as c:
        c.put(np.arange(20).reshape(10, 2))
        tap.ok(c.search(np.array([4, 6]), k=1)[0].score == 1, "squared distances")
    with clipsearch.Collection(WORK / "own.db") as c:
        tap.ok(c.name == "l2" and len(c) == 10 and c.metric == "l2", "the only collection is opened")
        tap.ok([item.id for item in c.items("id > 2", page=3)] == list(range(3, 11)), "items come page by page")
        tap.ok(c.search([4, 6], k=1) == c.search(np.array([4, 6]), k=1), "a list of numbers is a vector")
        raises(clipsearch.ArgumentError, "search_many takes several", c.search, np.eye(2))
        raises(clipsearch.ArgumentError, "k is -1", c.search, np.ones(2), k=-1)
        raises(clipsearch.ArgumentError, "NUL", c.search, clipsearch.Part("a\0b"))
        raises(clipsearch.ArgumentError, "not 1", c.search, 1)
        raises(clipsearch.ArgumentError, "one for each vector", c.put, [[1, 2]], attributes={"a": 1})
        tap.ok(len(c.search([4, 6], k=1, go_on=lambda: None)) == 1, "go_on that returns nothing goes on")
        raises(clipsearch.ArgumentError, "NUL", c.remove_where, "id == 1\0 and id == 2")
        raises(clipsearch.ArgumentError, "NUL", clipsearch.Collection, WORK / "own.db", "l2\0x")
        raises(clipsearch.ArgumentError, "NUL", clipsearch.Encoder, "default\0x")
        raises(clipsearch.ArgumentError, "whole numbers", c.remove, [1.5])
        raises(clipsearch.ArgumentError, "whole numbers", c.put, [[1, 2]], ids=[1.5])
        raises(clipsearch.ArgumentError, "whole numbers", c.get, 2**63)
        tap.ok(c.put([[0, 0]], ids=[2**63 - 2])[0] == 2**63 - 2 and c.remove([2**63 - 2]) == 1, "the greatest id")
        tap.ok(c.remove([]) == 0 and c.get([]) == [] and len(c) == 10, "no ids")
        raises(clipsearch.ArgumentError, "page is 0", lambda: list(c.items(page=0)))
        raises(clipsearch.ArgumentError, "one vector, not 2", c.search, clipsearch.Part(vector=np.eye(2)))
        raises(clipsearch.ArgumentError, "takes a list of queries", c.search_many, "a dog")
        c.checkpoint()
        c.vacuum()
        tap.ok(c.check().images == 10 and c.check().index == "none", "check", [c.check()])
    tap.ok(clipsearch.collections(WORK / "own.db") == ["l2"], "names of collections")
    raises(clipsearch.MismatchError, "of 2 numbers, not of 3", clipsearch.Collection, WORK / "own.db", "l2", dim=3, metric="l2")
    raises(LookupError, "no collection", clipsearch.Collection, WORK / "own.db", "other")
    raises(clipsearch.MismatchError, "compares by l2, not by cosine", clipsearch.Collection, WORK / "own.db", metric="cosine")
    raises(clipsearch.NotFoundError, "no model", clipsearch.Collection, WORK / "own.db", model="nosuch")
    raises(clipsearch.ArgumentError, "name", clipsearch.Collection, WORK / "not.db", "a b", dim=3)
    tap.ok(not (WORK / "not.db").exists(), "nothing is left of a collection that cannot be made")
    clipsearch.drop(WORK / "own.db", "l2")
    tap.ok(clipsearch.collections(WORK / "own.db") == [], "drop")

    class Late:
        """The path of a model, during whose look-up somebody else makes the database."""

        def __fspath__(self):
            with clipsearch.Collection(WORK / "two.db", "own", dim=3) as other:
                other.put(np.eye(3))
            return str(WORK / "no model")

    raises(clipsearch.NotFoundError, "no such model", clipsearch.Collection, WORK / "two.db", create=True, model=Late())
    tap.ok(clipsearch.collections(WORK / "two.db") == ["own"], "a database that somebody else has made stays")


def test_encoder():
    with clipsearch.Encoder(MODEL) as encoder:
        vectors = encoder.encode_texts(["a white dog", "a red car", "A white  dog"])
        tap.ok(vectors.shape == (3, encoder.dim) and vectors.dtype == np.float32, "vectors of texts", [vectors.shape])
        tap.ok(np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5), "have length 1")
        tap.ok((vectors[0] == vectors[2]).all(), "texts are cleaned")
        tap.ok((encoder.encode_texts("a red car") == vectors[1]).all(), "one text")
        path = IMAGES / "white-dog-grass.jpg"
        of_path, of_bytes = encoder.encode_images([path, path.read_bytes()])
        tap.ok((of_path == of_bytes).all(), "an image by its path and its bytes")
        blue = np.zeros((60, 80, 3), np.uint8)
        blue[..., 2] = 255
        tap.ok(encoder.encode_image(blue).shape == (encoder.dim,), "an image in an array")
        tap.ok((encoder.encode_images(path) == of_path).all() and (encoder.encode_images(path.read_bytes()) == of_path).all(),
               "one path, or the bytes of one file")
        tap.ok((encoder.encode_images([blue] * 40)[39] == encoder.encode_image(blue)).all(), "many images")
        tap.ok(encoder.encode_images([]).shape == (0, encoder.dim) and encoder.encode_texts([]).shape == (0, encoder.dim), "none")
        try:
            from PIL import Image
        except ImportError:
            tap.ok(True, "a Pillow image # SKIP no Pillow")
        else:
            tap.ok(np.abs(encoder.encode_image(Image.open(path)) - of_path).max() < 1e-2, "a Pillow image")
        raises(ValueError, "uint8 [height, width, 3]", encoder.encode_image, np.zeros((4, 4)))
        raises(OSError, "nosuch.jpg", encoder.encode_image, "nosuch.jpg")
        raises(clipsearch.Error, "image", encoder.encode_image, b"no image")
        raises(ValueError, "NUL", encoder.encode_texts, "a\0b")
        tap.ok(len(encoder.info.fingerprint) == 64 and encoder.info.texts, "what it is", [encoder.info])
    raises(ValueError, "closed", encoder.encode_texts, "a")
    raises(clipsearch.NotFoundError, 'no model "nosuch"', clipsearch.Encoder, "nosuch")
    raises(clipsearch.ArgumentError, "both were left out", clipsearch.Encoder, MODEL, image=False, text=False)
    raises(LookupError, "no model", clipsearch.find_model, "nosuch")


def test_images():
    encoder = clipsearch.Encoder(MODEL)
    database = WORK / "photos.db"
    raises(clipsearch.NotFoundError, "photos.db", clipsearch.Collection, database)
    seen = []
    with clipsearch.Collection(database, create=True, model=encoder) as c:
        (WORK / "bad.jpg").write_bytes(b"\xff\xd8\xff\xe0 nothing")
        report = c.ingest(IMAGES, WORK / "bad.jpg", attributes={"from": "examples"}, progress=seen.append)
        count = len([path for path in IMAGES.iterdir() if path.suffix in (".jpg", ".png")])
        tap.ok(report.inserted == count and report.skipped == 1 and len(c) == count, "images are ingested", [report])
        tap.ok(len(report.bad) == 1 and report.bad[0].path.endswith("bad.jpg"), "bad files are named", report.bad)
        tap.ok(len(seen) > 0 and seen[-1].found == count + 1, "progress is shown", seen[-1:])
        hits = c.search("a black dog", k=3)
        tap.ok(len(hits) == 3 and "black-dog" in hits[0].path, "a text finds images", hits)
        tap.ok(hits[0].attributes["from"] == "examples" and hits[0].width == 224, "with what is known of them", hits[:1])
        tap.ok(c.ingest(IMAGES).unchanged == count, "nothing is new")
        dog = IMAGES / "white-dog-grass.jpg"
        same = c.search(clipsearch.Part(image=dog), k=1, with_self=True)[0]
        tap.ok(same.path == str(dog) and same.score > 0.999, "an image finds itself", [same])
        tap.ok(c.search(clipsearch.Part(image=dog), k=1)[0].path != str(dog), "or not")
        pixels = np.zeros((60, 80, 3), np.uint8)
        tap.ok(len(c.search(clipsearch.Part(image=pixels), k=2)) == 2, "pixels are searched by")
        raises(clipsearch.ArgumentError, "one by one", c.ingest, [IMAGES])
        raises(clipsearch.ArgumentError, "no sources", c.ingest)
        raises(clipsearch.ArgumentError, "include must be a list", c.ingest, IMAGES, include="*.png")
        found = []

        def search(progress):
            if not found:
                found.extend(hit.id for hit in c.search("a black dog", k=3))

        run = threading.Thread(target=lambda: c.ingest(IMAGES, rescan=True, progress=search), daemon=True)
        run.start()
        run.join(60)
        tap.ok(found == [hit.id for hit in hits], "a progress function may search", found)
        for image in (dog, dog.read_bytes(), pixels):
            raises(clipsearch.ArgumentError, "Part(image=...)", c.search, image)
        raises(clipsearch.ArgumentError, "k is -1", c.search, "a dog", k=-1)
        raises(clipsearch.ArgumentError, "NUL", clipsearch.Collection, "a\0b", create=True)
        raises(clipsearch.ArgumentError, "contradict", clipsearch.Collection, database, create=True, read_only=True)
        raises(clipsearch.ArgumentError, "one of the two", clipsearch.Collection, ":memory:", dim=3, model="default")
        region = clipsearch.Part(image=dog.read_bytes(), region=(25, 25, 50, 50), percent=True)
        tap.ok(len(c.search(region, k=2)) == 2, "a region of an image in memory")
        many = c.search_many(["two red cars", ["a dog", clipsearch.Part("snow", weight=0.5)]], k=1)
        tap.ok("car" in many[0][0].path and "dog" in many[1][0].path, "several questions", many)
        found = c.search(encoder.encode_texts("a black dog"), k=3)
        tap.ok([hit.id for hit in found] == [hit.id for hit in hits], "the text's vector finds the same")

        def stop(progress):
            return False

        raises(clipsearch.CancelledError, "", c.ingest, IMAGES, rescan=True, progress=stop)

        def fail(progress):
            raise KeyError("of the caller")

        raises(KeyError, "of the caller", c.ingest, IMAGES, rescan=True, progress=fail)
        raises(clipsearch.CancelledError, "cancelled", c.search, "a cat", go_on=lambda: False)
        raises(ZeroDivisionError, "division", c.search, "a cat", go_on=lambda: 1 / 0)
        raises(TimeoutError, "time limit", c.search, "a cat", timeout=1e-6)
        tap.ok(len(c.search("a cat", timeout=100, go_on=lambda: True)) == 10, "and one that goes on")

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda i: [hit.id for hit in c.search("a black dog", k=3)], range(16)))
        tap.ok(all(ids == [hit.id for hit in hits] for ids in answers), "threads share a collection")

    script = """if True:
        import os, sys, threading, clipsearch
        name, image = sys.argv[1:]
        with clipsearch.Collection("named.db", create=True, model=name) as c:
            c.add_images([image])
        os.mkdir(name)  # a folder of the model's name, which is another thing
        for _ in range(10):
            with clipsearch.Collection("named.db") as c:
                start = threading.Barrier(8)
                first = lambda: (start.wait(), good.append(len(c.search("a black dog", k=3)) == 1))
                good = []
                threads = [threading.Thread(target=first) for _ in range(8)]
                [thread.start() for thread in threads]
                [thread.join() for thread in threads]
                assert good == [True] * 8, good
        """
    home = WORK / "threads"
    (home / "clipsearch/models").mkdir(parents=True)
    (home / "clipsearch/models" / encoder.info.name).symlink_to(pathlib.Path(MODEL).resolve())
    paths = {
        "XDG_DATA_HOME": home,
        "PYTHONPATH": pathlib.Path(clipsearch.__file__).resolve().parents[1],
        "CLIPSEARCH_LIBRARY": os.path.abspath(clipsearch._library.library._name),
    }
    environment = {**os.environ, **{name: str(path) for name, path in paths.items()}}
    arguments = [sys.executable, "-c", script, encoder.info.name, dog]
    done = subprocess.run(arguments, cwd=home, env=environment)
    tap.ok(done.returncode == 0, "threads whose first search opens the model, which has the name of a folder", [done])

    with clipsearch.Collection(database, read_only=True, model=MODEL) as c:
        tap.ok("black-dog" in c.search("a black dog", k=1)[0].path, "reading only, with the path of the model")
        raises(clipsearch.ArgumentError, "reading only", c.remove, 1)
    with clipsearch.Collection(WORK / "added.db", create=True, model=encoder) as c:
        blue = np.zeros((60, 80, 3), np.uint8)
        ids = c.add_images([dog, dog.read_bytes(), blue], paths=[None, "in memory", None], attributes=[{"n": 1}, None, None])
        items = c.get(ids)
        tap.ok([item.path for item in items] == [str(dog), "in memory", "#3"], "images are added one by one", items)
        tap.ok(items[0].hash == items[1].hash != bytes(32) and items[0].size == dog.stat().st_size, "with their digests")
        tap.ok((items[2].width, items[2].height) == (80, 60) and items[0].attributes == {"n": 1}, "sizes and attributes")
        tap.ok(c.ingest(dog).unchanged == 1, "an ingestion knows them")
    with clipsearch.Collection(WORK / "vectors.db", create=True, model=encoder) as c:
        c.put(np.random.default_rng(1).standard_normal((2048, c.dim), "f4"))
        c.checkpoint()
        report = c.check()
        tap.ok(report.index == "usable" and report.recall > 0.9 and report.query_recall > 0.9,
               "a checkpoint measures with sentences too", report)
    encoder.close()


def test_relevance(encoder):
    with clipsearch.Collection(WORK / "photos.db", model=encoder) as c:
        hits = c.search("a black dog", k=5, min_relevance=0)
        tap.ok(len(hits) == 5 and all(0 < hit.relevance < 1 for hit in hits), "hits have a relevance", hits)
        tap.ok(c.search("a black dog", k=1)[0].relevance is None, "when it is asked for")
        scores = [hit.score for hit in c.search("a black dog", k=5)]
        tap.ok([hit.score for hit in hits] == scores, "their order and scores stay")
        relevant = c.search("a black dog", k=5, relevant=True)
        tap.ok(relevant == [hit for hit in hits if hit.relevance >= 0.5] and relevant, "relevant ones", hits)
        tap.ok(c.search("a swimming pool", relevant=True) == [], "nothing fits what is not there")
        both = c.search_many(["a black dog", ["a dog", clipsearch.Part("snow", weight=0.5)]], min_relevance=0.5)
        tap.ok([hit.id for hit in both[0]][: len(relevant)] == [hit.id for hit in relevant] and both[1], "several questions")
        cache = WORK / "relevance"
        c.calibrate(cache=cache)
        tap.ok(cache.stat().st_size > 0 and c.search("a black dog", k=5, min_relevance=0) == hits, "calibrated beforehand")
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda i: c.search("a black dog", k=5, relevant=True), range(8)))
        tap.ok(all(answer == relevant for answer in answers), "threads share it")
        raises(ValueError, "from 0 to 1", c.search, "a dog", min_relevance=2)
        raises(ValueError, "give one of them", c.search, "a dog", relevant=True, min_relevance=0.1)
        raises(ValueError, "queries of texts", c.search, clipsearch.Part(id=1), relevant=True)
        raises(ValueError, "queries of texts", c.search, np.ones(c.dim), min_relevance=0)
    with clipsearch.Collection(WORK / "few.db", create=True, model=encoder) as c:
        c.add_images([IMAGES / "white-dog-grass.jpg"])
        raises(clipsearch.UnsupportedError, "images", c.search, "a dog", relevant=True)


def test_duplicates(encoder):
    folder = WORK / "copies"
    folder.mkdir()
    dog = IMAGES / "white-dog-grass.jpg"
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        (folder / name).write_bytes(dog.read_bytes())
    (folder / "cat.jpg").write_bytes((IMAGES / "cat-snow.jpg").read_bytes())
    # the same image, recoded: a PPM of its pixels
    pixels = folder / "d.ppm"
    image = clipsearch._library.Image()
    clipsearch._errors.call("image_load", os.fsencode(dog), None, ctypes.byref(image))
    rgb = ctypes.string_at(image.rgb, image.width * image.height * 3)
    pixels.write_bytes(b"P6 %d %d 255\n" % (image.width, image.height) + rgb)
    clipsearch._library.library.clipsearch_image_free(ctypes.byref(image))
    seen = []
    with clipsearch.Collection(WORK / "copies.db", create=True, model=encoder) as c:
        c.ingest(folder)
        plain, folded = c.search("a white dog", k=9), c.search("a white dog", k=9, fold_copies=True)
        tap.ok(len(plain) == 5 and len(folded) == 3, "copies are folded", folded)
        tap.ok(sorted(hit.copies for hit in folded) == [0, 0, 2] and not any(hit.copies for hit in plain), "and counted")
        exact = c.duplicates("exact")
        names = [[os.path.basename(one.item.path) for one in group] for group in exact.groups]
        tap.ok(names == [["a.jpg", "b.jpg", "c.jpg"]] and exact.images == 5, "duplicates with the same bytes", [exact])
        same = c.duplicates(progress=seen.append)
        tap.ok(len(same.groups) == 1 and len(same.groups[0]) == 4 and same.surplus == 3, "recoded ones", [same])
        levels = {os.path.basename(one.item.path): one.level for one in same.groups[0]}
        tap.ok(set(levels.values()) == {"exact", "same"} and seen and seen[-1].phase in clipsearch._duplicates.PHASES,
               "levels and progress", [levels, seen])  # fmt: skip
        tap.ok(same.surplus_bytes > 0 and same.decoded > 0 and same.bad == [], "counts")
        tap.ok(c.duplicates(filter="name != 'b.jpg'", level="exact").surplus == 1, "only among some")
        pixels.write_bytes(b"P6 nothing")
        tap.ok([os.path.basename(bad.path) for bad in c.duplicates().bad] == ["d.ppm"], "bad files are named")
        raises(ValueError, 'level is "alike"', c.duplicates, "alike")
        raises(clipsearch.ArgumentError, "filter", c.duplicates, filter="price <")
        raises(clipsearch.CancelledError, "", c.duplicates, progress=lambda at: False)


def test_remodel(encoder):
    tiny = pathlib.Path(__file__).resolve().parents[2] / "tests/data/clip-tiny/hf"
    folder, database, seen = WORK / "few", WORK / "remodel.db", []
    folder.mkdir()
    for image in sorted(IMAGES.glob("*-snow.jpg")):
        (folder / image.name).write_bytes(image.read_bytes())
    with clipsearch.Collection(database, create=True, model=encoder) as c:
        count = c.ingest(folder, attributes={"kind": "few"}).inserted
        before = list(c.items())
        other = clipsearch.Collection(database, model=encoder)
        dry = c.remodel(tiny, dry_run=True)
        tap.ok(dry.found == count and c.info.fingerprint == encoder.info.fingerprint, "a dry run changes nothing", [dry])
        raises(clipsearch.CancelledError, "", c.remodel, tiny, batch=1, progress=lambda at: at.stored < 2)
        tap.ok(c.dim == encoder.dim and c.search("a dog", k=1), "cancelled: the old model goes on")
        report = c.remodel(tiny, progress=seen.append)
        tap.ok(report.replaced + report.unchanged == count and report.unchanged >= 2 and seen, "encoded anew", [report])
        tap.ok(c.dim == 24 and c.info.encoder == "hf" and c.encoder.dim == 24, "it is the new model's", [c.info])
        tap.ok(list(c.items()) == before, "ids, paths and attributes stay")
        tap.ok(len(c.search("a dog", k=3)) == 3 and c.vectors(1).shape == (24,), "and goes on with it")
        raises(clipsearch.NotFoundError, "", other.search, np.ones(encoder.dim))
        other.close()
        (folder / next(iter(before)).path).unlink()
        gone = c.remodel(encoder)
        tap.ok(gone.gone == 1 and gone.kept == 0 and c.dim == encoder.dim, "back, and one file is gone", [gone])
        raises(ValueError, 'metric is "dot"', c.remodel, tiny, metric="dot")
        raises(clipsearch.NotFoundError, "no model", c.remodel, "nosuch")
    with clipsearch.Collection(database, read_only=True) as c:
        raises(ValueError, "read_only", c.remodel, tiny)
    before = os.getcwd()
    os.chdir(WORK)
    try:
        with clipsearch.Collection("remodel.db", model=encoder) as c:
            os.chdir(folder)
            tap.ok(c.remodel(tiny).found == count, "in another working directory than it was opened in")
            c.remodel(encoder)
    finally:
        os.chdir(before)
    with clipsearch.Collection(database, model=tiny, name="tiny", create=True) as c:
        c.add_images([folder / "cat-snow.jpg"])
    with clipsearch.Collection(database, "tiny") as c:  # its model is not installed: it is found where it was
        tap.ok(c.info.model_path == str(tiny) and len(c.search("a cat")) == 1, "a model that was opened by a path", [c.info])


def test_precision(encoder):
    cat, dog = IMAGES / "cat-snow.jpg", IMAGES / "dog-snow.jpg"
    name = MODEL
    with clipsearch.Encoder(name, precision="int8") as exact:
        tap.ok(exact.info.image_precision == "int8" and encoder.info.image_precision == "f32", "precisions of encoders",
               [exact.info])
        coded = exact.encode_image(cat)
    with clipsearch.Encoder(name, image=False) as texts:
        tap.ok(texts.info.image_precision is None and texts.info.text_precision == "f32", "none of a tower that is not there")
    plain = encoder.encode_image(cat)
    tap.ok(not np.array_equal(coded, plain) and coded @ plain > 0.98, "int8 is a little different", [coded @ plain])
    database = WORK / "precision.db"
    with clipsearch.Collection(database, create=True, model=name, precision="int8") as c:
        one = int(c.add_images([cat])[0])
        tap.ok(c.info.precisions == ["int8"] and np.array_equal(c.vectors(one), coded), "a collection in int8", [c.info])
    with clipsearch.Collection(database, model=name) as c:
        two = int(c.add_images([cat], paths=["again"])[0])
        tap.ok(c.info.precisions == ["int8"] and np.array_equal(c.vectors(two), coded), "which new images follow", [c.info])
        tap.ok(c.ingest(dog).inserted == 1 and c.info.precisions == ["int8"], "those of ingest too", [c.info])
        tap.ok(c.encoder.info.text_precision == "f32" and c.encoder.info.image_precision == "f32", "queries do not")
        c.remove(two)
        c.remodel(name)
        tap.ok(c.info.precisions == ["int8"] and np.array_equal(c.vectors(one), coded), "remodel follows", [c.info])
        c.remodel(name, precision="f32")
        tap.ok(c.info.precisions == ["f32"] and np.array_equal(c.vectors(one), plain), "unless it is told", [c.info])
    with clipsearch.Collection(database, model=name, precision="int8") as c:
        c.add_images([cat], paths=["another"])
        tap.ok(c.info.precisions == ["f32", "int8"], "another precision on demand", [c.info])
        c.remodel(name)
        tap.ok(c.info.precisions == ["int8"], "which remodel keeps to", [c.info])
    raises(ValueError, 'precision is "half"', clipsearch.Encoder, name, precision="half")
    raises(ValueError, 'precision is "half"', clipsearch.Collection, database, precision="half")
    raises(ValueError, "has its precision already", clipsearch.Collection, database, model=encoder, precision="int8")


def test_rest():
    info = clipsearch.build_info()
    tap.ok("kernels" in info and "sqlite" in info, "build_info", [info])
    tap.ok(clipsearch.__version__.count(".") == 2, "the version")
    missing = [name for name in clipsearch.__all__ if not hasattr(clipsearch, name)]
    tap.ok(not missing, "everything in __all__ is there", missing)
    error = clipsearch.NotFoundError("words")
    tap.ok(error.status == "not found" and isinstance(error, clipsearch.Error), "an error has a status")
    tap.ok(threading.active_count() == 1, "no thread is left")


def test_documentation():
    """The example of docs/python.md, as it is printed."""
    home = WORK / "documentation"
    (home / "data/clipsearch/models").mkdir(parents=True)
    (home / "data/clipsearch/models/default").symlink_to(pathlib.Path(MODEL).resolve())
    (home / "Pictures").symlink_to(pathlib.Path(IMAGES).resolve())
    (home / "cat.jpg").symlink_to(pathlib.Path(IMAGES).resolve() / "cat-snow.jpg")
    text = (pathlib.Path(__file__).resolve().parents[2] / "docs/python.md").read_text()
    code = text.split("```python\n")[1].split("```")[0]
    os.environ["XDG_DATA_HOME"] = str(home / "data")
    before = os.getcwd()
    os.chdir(home)
    try:
        names = {"print": lambda *unused: None}
        exec(compile(code, "docs/python.md", "exec"), names)
        names["photos"].close()
        good, said = True, []
    except Exception as error:  # whatever is wrong with it
        good, said = False, [error]
    finally:
        os.chdir(before)
    tap.ok(good, "the example of docs/python.md", said)


test_own_vectors()
test_encoder()
test_images()
with clipsearch.Encoder(MODEL) as opened:
    test_relevance(opened)
    test_duplicates(opened)
    test_remodel(opened)
    test_precision(opened)
test_documentation()
test_rest()
SCRATCH.cleanup()
sys.exit(tap.done())
