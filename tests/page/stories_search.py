# SPDX-License-Identifier: MIT
"""Searching: texts, chips, scores, the large image, more like this."""

from selenium.webdriver.common.keys import Keys

from story import tap, names


def test_start(story):
    web = story.web
    story.open()
    tap.ok(web.focus() == "query", "the search box has the focus at the start", [web.focus()])
    tap.ok(
        len(web.hits(100)) == 43 and web.status() == "43 images", "before a search all images are there", [web.status()]
    )
    web.js("document.activeElement.blur()")
    web.keys("/")
    tap.ok(
        web.focus() == "query" and web.js("return document.getElementById('query').value") == "",
        "/ goes to the search box",
    )
    tap.ok(web.js("return document.title") == "clipsearch", "the page has a title")
    tap.ok(
        web.js("return [...document.querySelectorAll('#collection option')].map((e) => e.value)")
        == ["many", "nothing", "photos"],
        "the collections are there to choose from",
    )


def test_text(story):
    web = story.web
    story.open()
    web.search("a cat")
    expected = story.cli_hits("-k", "20", "a cat")
    tap.ok(
        web.hits(20) == names(expected),
        "a text finds what the command line finds, in its order",
        [web.hits(5), names(expected)[:5]],
    )
    tap.ok("q=a+cat" in web.at(), "the query is in the address", [web.at()])
    tap.ok(web.status().startswith("43 images, nearest first"), "the status says how many", [web.status()])
    tap.ok(web.js("return document.getElementById('status').getAttribute('role')") == "status", "it is a live region")
    tap.ok(
        web.parts() == [] and web.js("return document.getElementById('query').value") == "a cat",
        "one text stays a text in the box",
    )
    web.search("flowers")
    web.after(web.driver.back)
    tap.ok(
        web.hits(20) == names(expected) and web.js("return document.getElementById('query').value") == "a cat",
        "Back shows the query before",
    )
    web.after(web.driver.forward)
    tap.ok(web.js("return document.getElementById('query').value") == "flowers", "Forward goes on")
    web.search("")
    web.after(lambda: web.one("#query").send_keys("a rocket"))
    tap.ok(
        web.hits(1) == ["rocket.jpg"] and "q=a+rocket" in web.at(),
        "what is typed is searched without Enter",
        [web.hits(3), web.at()],
    )
    length = web.js("return history.length")
    web.after(lambda: web.one("#query").send_keys(" at night"))
    tap.ok(web.js("return history.length") == length, "typing on makes no further step for Back")
    web.one("#query").send_keys(Keys.ENTER)
    web.one("#query").send_keys(Keys.ENTER)
    tap.ok(web.js("return history.length") == length, "nor does Enter where the query is shown already")


def test_chips(story):
    web = story.web
    story.open()
    web.search("dog + 2:red - people")
    tap.ok(
        web.parts() == [["+", "dog"], ["+", "2 × red"], ["-", "people"]],
        "a query of several parts becomes chips",
        [web.parts()],
    )
    expected = names(story.cli_hits("-k", "12", "dog + 2:red - people"))
    tap.ok(web.hits(12) == expected, "its hits are those of the command line", [web.hits(4), expected[:4]])
    address = web.at()
    story.open(address[len(story.url) :])
    tap.ok(web.hits(12) == expected and len(web.parts()) == 3, "the address opens the same again")
    web.after(lambda: web.one("#parts .chip.minus .chip-sign").click())
    tap.ok(
        web.parts()[2] == ["+", "people"] and "+-+people" not in web.at(),
        "a sign changes when it is pressed",
        [web.parts(), web.at()],
    )
    web.after(lambda: web.one("#parts .chip:nth-child(2) .chip-remove").click())
    tap.ok(web.parts() == [["+", "dog"], ["+", "people"]], "a chip is removed", [web.parts()])
    web.one("#query").click()
    web.after(lambda: web.one("#query").send_keys("- snow", Keys.ENTER))
    tap.ok(web.parts()[-1] == ["-", "snow"], "- snow subtracts it", [web.parts()])
    web.one("#query").send_keys(Keys.BACKSPACE)
    tap.ok(
        web.js("return document.getElementById('query').value") == "- snow" and len(web.parts()) == 2,
        "Backspace takes the last chip back for changing",
    )
    web.after(lambda: web.one("#query").send_keys(Keys.CONTROL + "a", Keys.NULL, "+ a house", Keys.ENTER))
    tap.ok(web.parts()[-1] == ["+", "a house"], "and it is changed", [web.parts()])
    web.after(lambda: web.click("#clear"))
    tap.ok(web.parts() == [] and len(web.hits(100)) == 43, "the query is cleared")
    web.search('"rock - paper"')
    tap.ok(
        web.js("return document.getElementById('query').value") == '"rock - paper"' and web.parts() == [],
        "a text in quotes is one text",
    )
    web.search('2:"3 dogs" + cat')
    shown = web.parts()
    web.driver.refresh()
    web.settled()
    tap.ok(
        web.parts() == shown == [["+", "2 × 3 dogs"], ["+", "cat"]],
        "a weight before a text that begins with a digit is still there when the page is loaded again",
        [shown, web.parts(), web.at()],
    )
    web.search('"" + cat')
    tap.ok(web.status().startswith("43 images, nearest"), "an empty text is no part", [web.status()])
    web.expected = ("status of 400",)
    web.one("#query").click()
    web.one("#query").send_keys(Keys.CONTROL + "a", Keys.NULL, "0:cat", Keys.ENTER)
    problem = web.wait("const p = document.getElementById('problem'); return !p.hidden && p.textContent", seconds=5)
    tap.ok(problem and "weight" in problem, "a weight of 0: the server's words", [problem, web.status()])
    web.collect()
    web.expected = ()


def test_scores(story):
    web = story.web
    story.open("?q=a+cat")
    shown = "return [...document.querySelectorAll('.badge.score')].filter((e) => e.getClientRects().length).map((e) => e.textContent)"
    tap.ok(web.js(shown) == [], "no scores at first")
    web.click("#scores")
    expected = [f"{score:.3f}" for _, score in story.cli_hits("-k", "10", "a cat")]
    tap.ok(
        web.js(shown)[:10] == expected, "scores on demand, those of the command line", [web.js(shown)[:3], expected[:3]]
    )
    web.driver.refresh()
    web.settled()
    tap.ok(
        len(web.js(shown)) > 10
        and web.js("return document.getElementById('scores').getAttribute('aria-pressed')") == "true",
        "the choice is kept",
    )
    web.click("#scores")
    tap.ok(web.js(shown) == [], "and taken back")


def viewer_name(web):
    return web.js(
        "return document.getElementById('viewer').open && document.querySelector('#viewer-facts h2').textContent"
    )


def test_viewer(story):
    web = story.web
    story.open("?q=a+cat")
    first = web.hits(3)
    web.click(".cell-link[data-index='0']")
    tap.ok(
        web.wait("return document.getElementById('viewer').open") and viewer_name(web) == first[0],
        "a click shows the image large",
        [viewer_name(web)],
    )
    tap.ok(
        web.wait("const i = document.querySelector('.viewer-frame img.there'); return i && i.naturalWidth >= 200"),
        "its pixels are there",
    )
    tap.ok("item=" in web.at(), "it is in the address")
    web.keys(Keys.ARROW_RIGHT)
    tap.ok(viewer_name(web) == first[1], "the right arrow goes on", [viewer_name(web)])
    web.keys(Keys.ARROW_LEFT)
    tap.ok(viewer_name(web) == first[0], "the left arrow goes back")
    web.click("#viewer-next")
    web.click("#viewer-next")
    tap.ok(viewer_name(web) == first[2], "the buttons do, too")
    web.keys(Keys.ESCAPE)
    tap.ok(
        web.wait("return !document.getElementById('viewer').open") and "item=" not in web.at(),
        "Escape closes it",
        [web.at()],
    )
    tap.ok(web.js("return document.activeElement.dataset.index") == "2", "the focus is on the image that was seen last")
    web.keys(Keys.ENTER)
    tap.ok(viewer_name(web) == first[2], "Enter opens it")
    web.driver.back()
    tap.ok(web.wait("return !document.getElementById('viewer').open") and "q=a+cat" in web.at(), "Back closes it")
    story.open("?f=name+%3D%3D+%22camera.jpg%22")
    web.click(".cell-link")
    facts = web.wait("return document.getElementById('viewer-facts').innerText")
    wanted = [
        "camera.jpg",
        story.images,
        "8 × 8 pixels",
        "47.3769° N, 8.5417° E",
        "2024",
        "Canon EOS R5",
        "f/2.8",
        "1/250 s",
        "50 mm",
    ]
    tap.ok(
        all(each in facts for each in wanted),
        "what is known of an image: place, date, size, path, attributes",
        [w for w in wanted if w not in facts],
    )
    web.after(lambda: web.click_text("#viewer-facts .value", "Canon EOS R5"))
    tap.ok(
        "Camera" in "".join(web.chips()) and not web.js("return document.getElementById('viewer').open"),
        "a value becomes a filter",
        [web.chips()],
    )
    story.open("?c=photos&item=3")
    tap.ok(viewer_name(web), "an address opens an image")
    story.open("?c=photos&item=3&f=name+%3D%3D+%22camera.jpg%22")
    name = web.wait("return document.querySelector('#viewer-facts h2')?.textContent")
    web.keys(Keys.ARROW_RIGHT)
    tap.ok(
        name != "camera.jpg" and viewer_name(web) == name and "item=3" in web.at(),
        "from an image that is no hit the arrow keys go nowhere, as the buttons do",
        [name, viewer_name(web)],
    )
    web.expected = ("status of 404",)
    story.open("?c=photos&item=99999")
    tap.ok(
        "99999" in web.wait("return document.getElementById('problem').textContent"),
        "an image that is not there: the server's words",
    )
    web.collect()
    web.expected = ()


def test_similar(story):
    web = story.web
    story.open("?q=tulips")
    number = web.js("return document.querySelector('.cell-link').href.match(/item=(\\d+)/)[1]")
    expected = names(story.cli_hits("-k", "8", "--like", number))
    web.js("document.querySelector('.cell-more').style.opacity = 1")
    web.after(lambda: web.click(".cell-more"))
    tap.ok(
        web.hits(8) == expected and [p[0] for p in web.parts()] == ["+"],
        "more like this, by the button on an image",
        [web.hits(3), expected[:3]],
    )
    tap.ok(web.js("return document.querySelector('#parts img')?.complete"), "the chip shows the image")
    story.open("?q=tulips")
    web.click(".cell-link")
    web.after(lambda: web.click_text(".action", "More like this"))
    tap.ok(web.hits(8) == expected, "from the large image")
    story.open("?q=tulips")
    web.js("document.querySelector('.cell-link').focus()")
    web.after(lambda: web.keys("m"))
    tap.ok(web.hits(8) == expected, "and by the key m")
    story.open("?q=a+dog")
    web.click(".cell-link")
    web.after(lambda: web.click_text(".action", "Subtract"))
    tap.ok(
        [p[0] for p in web.parts()] == ["+", "-"] and not web.js("return document.getElementById('viewer').open"),
        "an image is subtracted",
        [web.parts()],
    )
    web.js("document.querySelector('.cell-link').focus()")
    web.after(lambda: web.keys("+"))
    tap.ok([p[0] for p in web.parts()] == ["+", "-", "+"], "and one added by a key", [web.parts()])
    story.open("?q=a+dog")
    web.click(".cell-link")
    web.wait("return document.getElementById('viewer').open")
    web.keys("-")
    tap.ok(
        web.wait("return document.querySelectorAll('#parts .chip.minus').length === 1", seconds=5)
        and not web.js("return document.getElementById('viewer').open"),
        "the keys are those of the large image, too",
        [web.parts()],
    )


TESTS = [test_start, test_text, test_chips, test_scores, test_viewer, test_similar]
