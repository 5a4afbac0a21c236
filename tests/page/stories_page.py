# SPDX-License-Identifier: MIT
"""The page as a whole: 10,000 hits, keys, widths, colours, accessibility, errors, token."""

import os

from selenium.webdriver.common.keys import Keys

import browser as browsers
from axe import find_serious
from story import tap


# where the first three images are
TOPS = """return [0, 1, 2].map((n) => document.querySelector(`.cell-link[data-index="${n}"]`)?.getBoundingClientRect().top
    - document.getElementById("status").getBoundingClientRect().top)"""


def test_many(story):
    web = story.web
    story.open("?c=many&q=a+cat")
    tap.ok("10,100 images" in web.status(), "10,100 hits", [web.status()])
    web.collect()
    before = len([url for url in web.requests if "/thumbnail" in url])
    first = web.js(TOPS)
    most, end = 0, 0
    for _ in range(400):
        end = web.js("scrollTo(0, document.documentElement.scrollHeight); return document.documentElement.scrollHeight")
        web.wait("return document.documentElement.scrollHeight > arguments[0]", end, seconds=0.4)
        most = max(most, web.js("return document.querySelectorAll('.cell').length"))
        last = web.js(
            "return Math.max(...[...document.querySelectorAll('.cell-link')].map((e) => Number(e.dataset.index)))"
        )
        if last == 9999:
            break
    tap.ok(last == 9999, "the wall scrolls to the ten thousandth", [last])
    tap.ok("10,000" in web.js("return document.getElementById('end').innerText"), "and says that there are more")
    tap.ok(most < 250, "never more than a few rows are in the document", [most])
    web.wait("return [...document.querySelectorAll('.cell-link img')].every((e) => e.classList.contains('there'))")
    web.collect()
    asked = len([url for url in web.requests if "/thumbnail" in url])
    tap.ok(asked - before < 6000, "thumbnails of rows that were only passed are not asked for", [before, asked])
    tap.ok(web.js("return window.shifts") < 0.001, "nothing jumps: no layout shift", [web.js("return window.shifts")])
    heights = web.js(
        """return [...document.querySelectorAll(".grid-row")].slice(0, -1).map((row) => [...row.querySelectorAll(".cell")]
        .map((cell) => cell.getBoundingClientRect())).map((cells) => [Math.max(...cells.map((c) => c.height)) - Math.min(...cells.map((c) => c.height)),
        Math.abs(cells.at(-1).right - document.getElementById("grid").getBoundingClientRect().right)])"""
    )
    tap.ok(
        all(difference < 0.5 and gap < 1.5 for difference, gap in heights),
        "images of a row have one height and fill the width",
        heights[:3],
    )
    web.js("scrollTo(0, 0)")
    web.wait("return document.querySelector('.cell-link[data-index=\"0\"]')")
    tap.ok(web.js(TOPS) == first, "the first are where they were", [web.js(TOPS), first])
    web.js("scrollTo(0, 20000)")
    web.wait("return [...document.querySelectorAll('.cell-link')].some((e) => e.getBoundingClientRect().top > 100)")
    web.js("[...document.querySelectorAll('.cell-link')].find((e) => e.getBoundingClientRect().top > 200).click()")
    web.wait("return document.getElementById('viewer').open")
    web.keys(Keys.ESCAPE)
    web.wait("return !document.getElementById('viewer').open")
    tap.ok(
        abs(web.js("return scrollY") - 20000) < 400,
        "the large image comes back to where it was opened",
        [web.js("return scrollY")],
    )


def test_keyboard(story):
    web = story.web
    story.open("?q=a+dog")
    web.one("#query").click()
    web.keys(Keys.ARROW_DOWN)
    tap.ok(
        web.js("return document.activeElement.dataset.index") == "0", "the down arrow goes from the box to the images"
    )
    web.keys(Keys.ARROW_RIGHT * 2)
    tap.ok(web.js("return document.activeElement.dataset.index") == "2", "arrows go from image to image")
    web.keys(Keys.ARROW_DOWN)
    below = web.js(
        "return [Number(document.activeElement.dataset.index), document.activeElement.getBoundingClientRect().left]"
    )
    web.keys(Keys.ARROW_UP)
    tap.ok(
        below[0] > 2 and web.js("return Number(document.activeElement.dataset.index)") in (1, 2, 3),
        "down and up",
        [below],
    )
    web.keys(Keys.END)
    last = len(story.cli_hits("-k", "100", "a dog")) - 1
    tap.ok(web.js("return document.activeElement.dataset.index") == str(last), "End goes to the last", [last])
    web.keys(Keys.HOME)
    tap.ok(
        web.js("return document.activeElement.dataset.index") == "0" and web.js("return scrollY") < 100,
        "Home to the first",
    )
    style = web.js(
        "const s = getComputedStyle(document.activeElement); return [s.outlineStyle, parseFloat(s.outlineWidth)]"
    )
    tap.ok(style[0] != "none" and style[1] >= 2, "the focus is seen", [style])
    web.js("document.getElementById('query').focus()")
    seen = []
    for _ in range(24):
        web.keys(Keys.TAB)
        seen.append(web.focus())
    order = [
        each
        for each in (
            "pick",
            "collection",
            "help-open",
            "filter-date",
            "filter-folder",
            "filter-more",
            "fits",
            "scores",
            "cell-link",
        )
        if each in seen
    ]
    tap.ok(
        [seen.index(each) for each in order] == sorted(seen.index(each) for each in order) and len(order) == 9,
        "Tab goes in the order of the page",
        [seen],
    )
    tap.ok(seen.count("cell-link") <= 2, "and stops once at the images")
    label = web.js("return document.querySelector('.cell-link').getAttribute('aria-label')")
    tap.ok(
        label == f"Image 1: {story.cli_hits('-k', '1', 'a dog')[0][0]}",
        "an image has a name for a screen reader",
        [label],
    )
    web.keys("?")
    web.js("document.activeElement.blur()")
    web.keys("?")
    tap.ok(web.wait("return document.getElementById('help').open"), "? opens the help")
    web.keys(Keys.ESCAPE)


# what is looked at, and in which widths; opened in the first of them, which then changes to the next
VIEWS = [
    ("search", "?q=dog+%2B+snow+-+people&f=width+%3E+10", (320, 360, 800, 1400, 2200)),
    ("viewer", "?q=cat&item=3", (360, 800, 1400)),
    ("labels", "?view=labels&labels=dog%0Acat", (360, 800, 1400)),
    ("duplicates", "?view=duplicates", (360, 800, 1400)),
    ("empty", "?c=nothing", (360, 800, 1400)),
]
AXE_WIDTHS = (360, 1400)
# what is wider than the panel around it
OUTSIDE = """return [...document.querySelectorAll(".panel, .notice")].flatMap((panel) => [...panel.querySelectorAll("*")].filter((e) =>
    e.getClientRects().length && e.getBoundingClientRect().right > panel.getBoundingClientRect().right + 1)).map((e) => e.outerHTML.slice(0, 80))"""


def test_widths(story):
    web = story.web
    axe = browsers.axe_source(story.build_root)
    serious = []
    for what, address, widths in VIEWS:
        web.size(widths[0], 900, mobile=True)
        story.open(address)
        for width in widths:
            web.size(width, 900, mobile=width < 500)
            web.next_frames(2)
            wide = web.js("return document.documentElement.scrollWidth - innerWidth")
            outside = web.js(OUTSIDE)
            tap.ok(wide <= 0 and not outside, f"{what} at {width} pixels: nothing sticks out", [wide, outside])
            if width in AXE_WIDTHS:
                serious += find_serious(web, axe, (what, width))
    web.media(prefers_color_scheme="dark")
    background = web.wait(
        "const c = getComputedStyle(document.body).backgroundColor; return c === 'rgb(17, 20, 19)' && c", seconds=2
    )
    tap.ok(background, "dark where the system is dark")
    web.media(prefers_color_scheme="light")
    web.size(1200, 900)
    if axe:
        story.open("?q=dog")
        for opens in ("filter-date", "filter-folder", "filter-more", "help-open"):
            web.click("#" + opens)
            web.wait("return document.querySelector('#menu:popover-open, #help[open]')")
            serious += find_serious(web, axe, (opens, 1200), "#help" if opens == "help-open" else "#menu")
            web.keys(Keys.ESCAPE)
            web.wait("return !document.querySelector('#menu:popover-open, #help[open]')")
        tap.ok(not serious, "axe-core finds nothing serious", serious[:8])
    else:
        tap.skip("axe-core", "it is not there: npm install --prefix BUILD axe-core")
    web.media(prefers_color_scheme="light", prefers_reduced_motion="reduce")
    story.open("?q=cat")
    tap.ok(
        web.js("return getComputedStyle(document.querySelector('.cell-name')).transitionDuration") in ("0s", ""),
        "no motion where the system wants none",
    )
    web.media(prefers_color_scheme="light")
    web.size(1200, 900)


def test_errors(story):
    web = story.web
    web.collect()
    web.expected = ("ERR_CONNECTION_REFUSED", "status of 401", "status of 403")
    story.open("?q=a+cat")
    listen = story.url[len("http://") : -1]
    story.serve.stop()
    web.one("#query").click()
    web.one("#query").send_keys(" at home", Keys.ENTER)
    problem = web.wait("const p = document.getElementById('problem'); return !p.hidden && p.textContent")
    tap.ok(problem and "does not answer" in problem, "a server that is gone is named", [problem])
    story.serve = browsers.Serve(story.program, story.database, listen=listen)
    web.after(lambda: web.click_text("#problem button", "Try again"))
    tap.ok(
        web.js("return document.getElementById('problem').hidden") and len(web.hits()) == 10,
        "and asked again when it is back",
    )
    story.serve.stop()
    web.one("#query").send_keys(" in bed", Keys.ENTER)
    web.wait("return !document.getElementById('problem').hidden")
    story.serve = browsers.Serve(story.program, story.database, listen=listen)
    web.one("#query").send_keys(Keys.ENTER)
    tap.ok(
        web.wait("return document.getElementById('problem').hidden && document.querySelector('.cell-link')", seconds=10),
        "by Enter, too",
        [web.js("return document.getElementById('problem').textContent")],
    )
    web.collect()


def test_token(story):
    web = story.web
    token = os.path.join(story.work, "token")
    with open(token, "w", encoding="utf-8") as file:
        file.write("correct-horse-battery-staple-0123\n")
    os.chmod(token, 0o600)
    serve = browsers.Serve(story.program, story.database, "--token-file", token)
    try:
        web.open(serve.url + "?q=a+cat")
        tap.ok(
            web.wait("return document.getElementById('token').open")
            and web.wait("return document.activeElement.id === 'token-input'"),
            "a token is asked for where one is wanted",
        )
        for _ in range(3):
            web.keys(Keys.ESCAPE)
            web.next_frames(2)
        tap.ok(
            web.wait("return document.getElementById('token').open && document.activeElement.id === 'token-input'", seconds=2),
            "Escape does not leave the page without it",
        )
        web.one("#token-input").send_keys("wrong", Keys.ENTER)
        words = web.wait("const p = document.getElementById('token-problem'); return !p.hidden && p.textContent")
        tap.ok(words, "a wrong token: the server's words", [words])
        web.one("#token-input").send_keys(Keys.CONTROL, "a")
        web.one("#token-input").send_keys("correct-horse-battery-staple-0123", Keys.ENTER)
        tap.ok(
            web.wait("return document.querySelector('.cell-link') && !document.getElementById('token').open"),
            "the right one opens the page, with the query of the address",
            [web.hits(2)],
        )
        web.wait("return document.querySelector('.cell-link img.there')")
        tap.ok(web.js("return document.cookie") == "", "scripts do not see the token")
        web.open(serve.url)
        web.settled()
        tap.ok(not web.js("return document.getElementById('token').open"), "it is asked for once")
        web.driver.delete_all_cookies()
        web.open(serve.url + "?token=correct-horse-battery-staple-0123")
        web.settled()
        tap.ok(
            web.hits(1) and "token" not in web.at(),
            "the link with the token opens the page, and leaves it out of the address",
            [web.at()],
        )
        web.collect()
    finally:
        serve.stop()
    web.expected = ()


def test_nothing_at_all(story):
    web = story.web
    serve = browsers.Serve(story.program, os.path.join(story.work, "none.db"))
    try:
        web.open(serve.url)
        web.settled()
        text = web.js("return document.getElementById('empty').textContent")
        tap.ok(
            "There are no images yet" in text and "clipsearch ingest" in text and "none.db" in text,
            "no database yet: the command that makes one",
            [text],
        )
        web.collect()
    finally:
        serve.stop()


def test_clean(story):
    web = story.web
    web.collect()
    tap.ok(not web.problems, "no error of JavaScript, nothing that the policy refused", web.problems[:5])
    foreign = [
        url for url in web.requests if not url.startswith(("http://127.0.0.1:", "data:", "blob:", "about:", "chrome"))
    ]
    tap.ok(not foreign and len(web.requests) > 100, "no request to any other host", foreign[:5])


TESTS = [test_many, test_keyboard, test_widths, test_errors, test_token, test_nothing_at_all, test_clean]
