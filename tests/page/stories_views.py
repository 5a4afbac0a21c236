# SPDX-License-Identifier: MIT
"""Filters, labels, duplicates, and what is said where there is nothing."""

import os

from selenium.webdriver.common.keys import Keys

import browser as browsers
import place as places
from story import tap, names


def open_more(web, name):
    web.click("#filter-more")
    web.click_text(".menu-item", name)


def test_filters(story):
    web = story.web
    story.open()
    web.click("#filter-camera")
    tap.ok(
        web.wait("return document.getElementById('menu').matches(':popover-open')"), "a filter's button opens its panel"
    )
    web.after(lambda: web.click_text(".menu-item", "Canon EOS R5"))
    tap.ok(
        sorted(web.hits(50)) == story.cli_names('camera == "Canon EOS R5"') and web.chips() == ["CameraCanon EOS R5"],
        "a camera, as the collection has it",
        [web.chips(), web.hits()],
    )
    web.keys(Keys.ESCAPE)
    tap.ok(web.focus() == "filter-camera", "Escape closes the panel and gives the focus back", [web.focus()])
    web.after(lambda: web.one("#chips .chip-remove").click())
    tap.ok(len(web.hits(50)) == 43 and web.chips() == [], "the chip removes it")
    web.click("#filter-folder")
    web.after(lambda: web.click_text(".menu-item", "drawings"))
    folder = os.path.join(story.images, "drawings")
    tap.ok(
        sorted(web.hits(50)) == story.cli_names(f'path under "{folder}"') and web.chips() == ["Folderdrawings"],
        "a folder",
        [web.chips(), len(web.hits(50))],
    )
    web.search("dog")
    tap.ok(
        web.hits(5) == names(story.cli_hits("-k", "5", "--filter", f'path under "{folder}"', "dog")),
        "filters go with a query",
    )
    story.open()
    web.click("#filter-date")
    web.after(lambda: web.click_text(".menu-years button", "2024"))
    tap.ok(web.hits(50) == ["camera.jpg"] and web.chips()[0].startswith("Date"), "a year", [web.chips(), web.hits()])
    web.click("#chips .chip-text")
    web.wait("return document.querySelector('#menu input[type=date]')")
    sides = web.js("""return [...document.querySelectorAll("#menu input[type=date]")].map((e) => e.getBoundingClientRect())
        .map((r) => [r.left, r.right])""")
    tap.ok(sides[1][0] - sides[0][1] >= 8, "there is room between the two days", [sides])
    for field in web.js("return [...document.querySelectorAll('#menu input[type=date]')]"):
        web.js("arguments[0].value = '2024-07-02'; arguments[0].dispatchEvent(new Event('input'))", field)
    web.after(lambda: web.click("#menu .primary"))
    tap.ok(
        web.hits(50) == []
        and "2 Jul 2024" in web.chips()[0]
        and not web.js("return document.getElementById('empty').hidden"),
        "a day on which nothing was taken",
        [web.chips()],
    )
    web.after(lambda: web.click_text("#empty button", "Remove the filters"))
    tap.ok(len(web.hits(50)) == 43, "the empty page offers to remove the filters")
    open_more(web, "Width")
    web.wait("return document.querySelector('#menu input[type=number]')").send_keys("400")
    web.after(lambda: web.click("#menu .primary"))
    tap.ok(sorted(web.hits(50)) == story.cli_names("width >= 400"), "a number from a limit on", [web.chips()])
    open_more(web, "Name")
    web.wait("return document.querySelector('#menu input[type=text]')").send_keys("50%_\\x")
    web.after(lambda: web.click("#menu .primary"))
    tap.ok(
        web.hits(50) == [] and web.chips()[1] == "Namehas “50%_\\x”",
        "letters of a name; %, _ and \\ stand for themselves",
        [web.chips()],
    )
    web.after(lambda: web.click("#chips li:nth-child(2) .chip-remove"))
    open_more(web, "expression")
    web.wait("return document.querySelector('#menu textarea')").send_keys('name like "c%" and not camera is null')
    web.after(lambda: web.click("#menu .primary"))
    tap.ok(web.hits(50) == [], "two filters are joined by and", [web.chips()])
    web.expected = ("status of 400",)
    story.open("?f=width+%3C")
    problem = web.js("return document.getElementById('problem').textContent")
    tap.ok("column" in problem, "a wrong filter: the server's words", [problem])
    web.collect()
    web.expected = ()
    for text, words in [
        ('"a" in keywords or "b" in keywords', ["Keywords", "a or b"]),
        ('"a or b" in keywords or 3 in keywords', ["Keywords", "a or b or 3"]),
        ('"a" in keywords or ', ["", '"a" in keywords or ']),
        ('"a" in keywords or "b" in tags', ["", '"a" in keywords or "b" in tags']),
        ("weight == 1.5e-9", ["Weight", "1.5e-9"]),
        ('attributes["width"] == "wide"', ["Width (attribute)", "wide"]),
        ("2 <= rating <= 4", ["Rating", "2 to 4"]),
        ('attributes["focal length"] == 50', ["Focal length", "50"]),
        ('"2024-01-01" <= taken < "2025-01-01"', ["Date", "1 Jan 2024 to 31 Dec 2024"]),
        ('city in ["Rome", "Bonn"]', ["City", "Rome or Bonn"]),
        ("width * 2 > 5", ["", "width * 2 > 5"]),
    ]:
        found_words = web.driver.execute_async_script(
            """const done = arguments[arguments.length - 1];
            import(new URL("page/filter_text.js", document.baseURI)).then((m) => done(m.filterWords(arguments[0])))""",
            text,
        )
        tap.ok(found_words == words, f"the filter {text} in words", [found_words])


def test_labels(story):
    web = story.web
    story.open("?view=labels")
    tap.ok("Which labels" in web.js("return document.getElementById('empty').textContent"), "labels are asked for")
    box = web.one("#labels")
    box.send_keys("dog, cat, flowers, a building")
    web.after(lambda: box.send_keys(Keys.ENTER))
    answer = story.cli("label", "--labels", "dog,cat,flowers,a building")["images"]
    best = {}
    for image in answer:
        best.setdefault(image["labels"][0]["label"], []).append(image)
    counts = web.js(
        "return [...document.querySelectorAll('#label-list a')].map((e) => [e.dataset.label, Number(e.lastChild.textContent)])"
    )
    expected = [["", len(answer)]] + [
        [label, len(best.get(label, []))] for label in ("dog", "cat", "flowers", "a building")
    ]
    tap.ok(counts == expected, "how many images have each label, as the command line says", [counts, expected])
    tap.ok(
        web.js("return document.querySelector('.grid-heading').textContent") == "dog", "images stand below their label"
    )
    web.after(lambda: web.click("#label-list a[data-label=flowers]"))
    tap.ok(
        sorted(web.hits(60)) == sorted(os.path.basename(image["path"]) for image in best["flowers"]),
        "one label alone",
        [web.hits(60)],
    )
    tap.ok("label=flowers" in web.at(), "it is in the address")
    story.open("?view=labels&labels=dog%0Acat&label=mouse")
    title = web.js("return document.querySelector('#empty h2').textContent")
    tap.ok("“mouse”" in title, "a label that no image has is named", [title])
    web.choose("#collection", "nothing")
    web.wait("return document.getElementById('empty').textContent.includes('no images in nothing')")
    tap.ok(
        web.js("return document.getElementById('label-list').hidden"),
        "an empty collection shows no labels of another one",
    )


def test_attribute_names(story):
    web = story.web
    place = os.path.join(story.work, "names")
    os.makedirs(place)
    with open(os.path.join(place, "in.yaml"), "w", encoding="utf-8") as file:
        file.write(
            f"""sources:
  - {story.images}/drawings
  - path: {story.images}/camera.jpg
    attributes:
      {{width: wide, size: L, "dc.creator": Ann, name: {{first: Bob, "b.c": [x, 'y or z']}}, "<b>": "<i>&'\\""}}
"""
        )
    database = os.path.join(place, "names.db")
    places.run(story.program, "ingest", "-q", "--exif", "ignore", "--db", database, os.path.join(place, "in.yaml"))
    serve = browsers.Serve(story.program, database)
    try:
        for value, chip in (
            ("wide", "Width (attribute)wide"),
            ("L", "Size (attribute)L"),
            ("Ann", "Dc.creatorAnn"),
            ("Bob", "Name.firstBob"),
            ("y or z", "Name.b.cy or z"),
            ("<i>&'\"", "<b><i>&'\""),
        ):
            web.open(serve.url + "?f=exists+attributes%5B%22width%22%5D")
            web.settled()
            web.click(".cell-link")
            web.after(lambda: web.click_text("#viewer-facts .value", value))
            tap.ok(
                web.hits() == ["camera.jpg"] and web.chips()[1:] == [chip],
                f"the value {value} is a filter, whatever the name of its attribute",
                [web.hits(), web.chips(), web.at()],
            )
        web.open(serve.url)
        web.settled()
        open_more(web, "Width (attribute)")
        web.after(lambda: web.click_text(".menu-item", "wide"))
        tap.ok(
            web.hits() == ["camera.jpg"] and web.js("return document.querySelector('#menu input:checked') !== null"),
            "an attribute with the name of a field is in the list of filters",
            [web.hits(), web.chips()],
        )
        web.collect()
    finally:
        serve.stop()


def test_duplicates(story):
    web = story.web
    story.open()
    web.after(lambda: web.click("#views [data-view=duplicates]"))
    groups = story.cli("duplicates", "--level", "same", "-q")["groups"]
    headings = web.js("return [...document.querySelectorAll('.grid-heading')].map((e) => e.textContent)")
    tap.ok(
        len(headings) == len(groups) >= 2 and headings[0].startswith("1. 2 images"), "groups of duplicates", [headings]
    )
    expected = sorted(sorted(os.path.basename(image["path"]) for image in group["images"]) for group in groups)
    found_names = web.hits(60)
    tap.ok(
        sorted(sorted(found_names[i : i + 2]) for i in range(0, len(found_names), 2)) == expected,
        "those of the command line",
        [found_names, expected],
    )
    tap.ok(
        web.js("return document.querySelectorAll('.badge.keep').length") == len(groups), "which image is kept is said"
    )
    web.js("document.getElementById('level').value = 'exact'")
    web.after(lambda: web.click_text("#duplicates-form button", "Find duplicates"))
    tap.ok("level=exact" in web.at() and len(web.hits(60)) >= 4, "another level", [web.at()])
    tap.ok(web.js("return !document.getElementById('copy-surplus').hidden"), "the paths of the others can be copied")
    # the files that were kept go
    kept = [group["images"][0]["path"] for group in story.cli("duplicates", "--level", "exact", "-q")["groups"]]
    for path in kept:
        os.rename(path, path + ".away")
    web.after(lambda: web.click_text("#duplicates-form button", "Find duplicates"))
    says = web.js("return [...document.querySelectorAll('.cell-link')].map((e) => e.getAttribute('aria-label'))")
    tap.ok(
        all(("keep" in label, "file is gone" in label) == (number % 2 == 0, number % 2 == 1)
            for number, label in enumerate(says)) and len(says) == 2 * len(kept),
        "a file that is gone is not kept",
        [says],
    )
    tap.ok(web.js("return document.getElementById('copy-surplus').hidden"), "and is no path to copy")
    for path in kept:
        os.rename(path + ".away", path)


def test_empty(story):
    web = story.web
    story.open("?c=nothing")
    text = web.js("return document.getElementById('empty').textContent")
    tap.ok(
        "no images in nothing" in text and "clipsearch ingest" in text and "--collection nothing" in text,
        "an empty collection: the command that fills it",
        [text],
    )
    places.run(
        story.program,
        "ingest",
        "-q",
        "--db",
        story.database,
        "--collection",
        "nothing",
        os.path.join(story.images, "camera.jpg"),
    )
    tap.ok(web.wait("return document.querySelector('.cell-link')"), "its images appear by themselves")
    number = story.cli("query", collection="nothing")["items"][0]["id"]
    places.run(story.program, "delete", "-q", "--db", story.database, "--collection", "nothing", str(number))
    story.open("?c=missing")
    tap.ok(
        "missing" in web.js("return document.getElementById('problem').textContent"), "a collection that is not there"
    )
    story.open("?q=a+cat&f=width+%3E+100000")
    text = web.js("return document.getElementById('empty').textContent")
    tap.ok("Nothing found for “a cat”" in text and web.status() == "Nothing found", "nothing found", [text])
    story.open("?q=a+cat")
    web.after(lambda: web.click("#fits"))
    try:
        expected = names(story.cli_hits("-k", "80", "--relevant", "a cat"))
    except RuntimeError:
        expected = []
    tap.ok(web.hits(80) == expected and "fits=1" in web.at(), "only good fits", [web.hits(), expected])
    story.open("?q=a+swimming+pool&fits=1")
    if web.hits(1) == []:
        web.after(lambda: web.click_text("#empty button", "Show what fits less"))
        tap.ok(web.status().startswith("43 images, nearest"), "or the others, too", [web.status()])
    story.open("?q=a+cat&f=width+%3E+10")
    web.after(lambda: web.choose("#collection", "many"))
    tap.ok(
        "c=many" in web.at() and "q=a+cat" in web.at() and "f=" not in web.at(),
        "another collection keeps the words, not the filters",
        [web.at()],
    )


TESTS = [test_filters, test_attribute_names, test_labels, test_duplicates, test_empty]
