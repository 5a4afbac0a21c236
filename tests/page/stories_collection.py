# SPDX-License-Identifier: MIT
"""Images are added to the collection and removed from it, where the server allows that."""

import os
import shutil

from selenium.webdriver.common.keys import Keys

import browser as browsers
import place as places
from axe import find_serious
from stories_images import TRANSFER, base64_of
from story import tap

PHOTOGRAPHS = "examples/photographs"


class Own:
    """A server with uploads and removals, and a database of its own: `photos` has some images, `nothing` none."""

    def __init__(self, story, name, *images):
        self.story, self.place = story, os.path.join(story.work, name)
        self.folder, self.uploads = os.path.join(self.place, "images"), os.path.join(self.place, "uploads")
        self.database = os.path.join(self.place, "own.db")
        os.makedirs(self.folder)
        os.makedirs(self.uploads)
        for image in images:
            shutil.copy(os.path.join(story.root, PHOTOGRAPHS, image), self.folder)
        self.run("ingest", self.folder, collection="photos")
        self.run("ingest", os.path.join(story.root, PHOTOGRAPHS, "cat.jpg"), collection="nothing")
        self.run("delete", "1", collection="nothing")
        self.serve = browsers.Serve(story.program, self.database, "--upload-dir", self.uploads, "--allow-delete")

    def run(self, command, *arguments, collection="photos"):
        return places.run(
            self.story.program, command, "-q", "--db", self.database, "--collection", collection, *arguments
        )

    def open(self, address=""):
        self.story.web.open(self.serve.url + address)
        self.story.web.settled()


def toast(web, words, where="toast"):
    """Wait until the line at the bottom of the window has these words, and return it."""
    return web.wait(
        """const e = document.getElementById(arguments[0]), text = e.querySelector(".toast-text").textContent;
        return !e.hidden && text.includes(arguments[1]) && text""",
        where,
        words,
    )


def choose(web, button, *files):
    web.click(button)
    web.one("#upload-files").send_keys("\n".join(files))


def count_of(web):
    return web.js("const s = document.getElementById('collection'); return s.options[s.selectedIndex].textContent")


def test_adding(story):
    web = story.web
    axe = browsers.axe_source(story.build_root)
    story.open()
    tap.ok(web.js("return document.getElementById('upload').hidden"), "no button where the server takes no images")
    photographs = os.path.join(story.root, PHOTOGRAPHS)
    own = Own(story, "adding", "alps.jpg", "boats.jpg")
    web.expected = ("status of 415",)
    try:
        own.open()
        files = [os.path.join(photographs, name) for name in ("coffee.jpg", "tulips.jpg")]
        choose(web, "#upload", *files, os.path.join(story.root, "README.md"))
        words = toast(web, "2 images were added to photos")
        problem = web.wait("const p = document.getElementById('problem'); return !p.hidden && p.textContent")
        tap.ok(words and web.status() == "4 images" and len(web.hits()) == 4, "images are added", [words, web.status()])
        tap.ok(
            problem and problem.startswith("1 file was not added.") and "README.md: " in problem,
            "what is no image is named, in the server's words",
            [problem],
        )
        tap.ok(count_of(web) == "photos (4)" and len(os.listdir(own.uploads)) == 2, "and counted", [count_of(web)])
        tap.ok(
            [web.focus(), web.js("return document.querySelector('.toast-text').getAttribute('role')")]
            == ["upload", "status"],
            "it is said to a screen reader, and the focus stays",
            [web.focus()],
        )
        serious = find_serious(web, axe, ("added",))
        web.click("#filter-camera")
        before = web.wait("return document.querySelector('#menu:popover-open')?.textContent")
        web.keys(Keys.ESCAPE)
        choose(web, "#upload", os.path.join(story.root, "tests/data/metadata/camera.jpg"))
        toast(web, "camera.jpg was added")
        web.click("#filter-camera")
        after = web.wait("return document.querySelector('#menu:popover-open')?.textContent")
        tap.ok(
            "No image of this collection" in before and "Canon EOS R5" in after,
            "filters know the attributes of what was added",
            [before, after],
        )
        web.keys(Keys.ESCAPE)
        own.run("delete", "--filter", "exists camera")
        own.open("?q=mountains")
        choose(web, "#upload", os.path.join(photographs, "cat.jpg"))
        toast(web, "cat.jpg was added to photos")
        web.click_text("#toast button", "Show it")
        tap.ok(
            web.wait("return document.getElementById('viewer').open")
            and web.js("return document.querySelector('#viewer-facts h2').textContent").endswith("cat.jpg"),
            "it is shown from there",
        )
        web.keys(Keys.ESCAPE)
        own.open()
        flowers = base64_of(os.path.join(photographs, "dandelions.jpg"))
        web.js(
            """const data = new DataTransfer();
            data.items.add(new File(["x"], "x.jpg"));
            document.dispatchEvent(new DragEvent("dragenter", { dataTransfer: data }));"""
        )
        tap.ok(
            web.js("return !document.getElementById('drop-store').hidden && document.getElementById('drop-add').hidden"),
            "a file above the page: it may be searched for or added",
        )
        serious += find_serious(web, axe, ("drop",))
        web.js(TRANSFER, "drop", "dandelions.jpg", flowers, "#drop-store")
        tap.ok(toast(web, "dandelions.jpg was added") and web.status() == "6 images", "an image is added by a drop")
        many = sorted(os.path.join(photographs, name) for name in os.listdir(photographs) if name.endswith(".jpg"))
        choose(web, "#upload", *many)
        web.wait("return document.querySelector('#toast progress')")
        web.click_text("#toast button", "Cancel")
        words = toast(web, "the others were not")
        tap.ok(words and len(os.listdir(own.uploads)) < len(many), "the rest can be cancelled", [words])
        own.open("?c=nothing")
        choose(web, "#empty .primary", os.path.join(photographs, "lawn.jpg"))
        tap.ok(
            toast(web, "lawn.jpg was added to nothing") and web.wait("return document.querySelector('.cell-link')"),
            "an empty collection gets its first",
        )
        if axe:
            tap.ok(not serious, "axe-core finds nothing serious while images are added", serious[:4])
        web.collect()
    finally:
        own.serve.stop()
        web.expected = ()


def test_removing(story):
    web = story.web
    axe = browsers.axe_source(story.build_root)
    story.open("?q=a+cat")
    web.js("document.querySelector('.cell-link').focus()")
    web.keys(Keys.DELETE)
    web.click(".cell-link")
    web.wait("return document.getElementById('viewer').open")
    tap.ok(
        not web.js("return document.getElementById('remove').open || document.querySelector('[data-act=remove]')"),
        "nothing is removed where the server does not allow it",
    )
    names = ("alps.jpg", "boats.jpg", "cat.jpg", "coffee.jpg", "tulips.jpg")
    own = Own(story, "removing", *names)
    shutil.copy(os.path.join(own.folder, "coffee.jpg"), os.path.join(own.folder, "again.jpg"))
    own.run("ingest", own.folder)
    web.expected = ("status of 404",)
    try:
        own.open("?q=a+cat")
        web.js("document.querySelector('.cell-link').focus()")
        first, second = web.hits(2)
        web.keys(Keys.DELETE)
        dialog = web.wait("const d = document.getElementById('remove'); return d.open && d.textContent")
        tap.ok(
            dialog and first in dialog and "file itself stays" in dialog
            and web.js("return document.activeElement.textContent") == "Keep it",
            "the key Delete asks first, and the focus is on the answer that changes nothing",
            [dialog],
        )
        serious = find_serious(web, axe, ("remove",))
        web.keys(Keys.ESCAPE)
        web.wait("return !document.getElementById('remove').open")
        tap.ok(
            web.focus() == "cell-link" and web.hits(1) == [first], "Escape keeps the image, and the focus goes back to it"
        )
        web.keys(Keys.DELETE)
        web.wait("return document.getElementById('remove').open")
        web.keys(Keys.TAB, Keys.ENTER)
        words = toast(web, f"{first} was removed from photos")
        tap.ok(words and web.hits(1) == [second] and first not in web.hits(), "it is removed", [words, web.hits()])
        tap.ok(
            web.js("return document.activeElement.dataset.index") == "0" and web.status().startswith("5 images"),
            "the image that takes its place has the focus",
            [web.focus(), web.status()],
        )
        tap.ok(
            web.wait("return document.getElementById('collection').textContent.includes('photos (5)')")
            and os.path.exists(os.path.join(own.folder, first)),
            "it is counted, and the file is still there",
            [count_of(web)],
        )
        own.open("?view=duplicates")
        tap.ok(len(web.hits()) == 2, "two copies")
        web.js("document.querySelector('.cell-link').focus()")
        web.keys(Keys.DELETE)
        web.wait("return document.getElementById('remove').open")
        web.keys(Keys.TAB, Keys.ENTER)
        tap.ok(
            toast(web, "was removed") and web.hits() == [] and "No duplicates" in web.js("return document.getElementById('empty').textContent"),
            "one of them alone is no duplicate",
        )
        own.open()
        left = web.hits()
        web.click(".cell-link")
        web.click_text(".action", "Remove")
        web.wait("return document.getElementById('remove').open")
        web.click("#remove .danger")
        words = toast(web, f"{left[0]} was removed", "viewer-toast")
        shown = web.js("return [document.querySelector('#viewer-facts h2').textContent, document.activeElement.dataset.act]")
        tap.ok(words and shown == [left[1], "remove"], "the large image is removed; the next is shown", [words, shown])
        serious += find_serious(web, axe, ("removed",))
        own.run("delete", *[str(number) for number in range(1, 20)])
        web.click_text(".action", "Remove")
        web.wait("return document.getElementById('remove').open")
        web.click("#remove .danger")
        tap.ok(
            web.wait("return document.getElementById('empty').textContent.includes('no images in photos')")
            and web.js("return document.getElementById('problem').hidden"),
            "somebody else has removed them all meanwhile: so it is, and the page says that there are none",
        )
        if axe:
            tap.ok(not serious, "axe-core finds nothing serious while images are removed", serious[:4])
        web.collect()
    finally:
        own.serve.stop()
        web.expected = ()


TESTS = [test_adding, test_removing]
