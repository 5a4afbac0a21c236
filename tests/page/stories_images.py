# SPDX-License-Identifier: MIT
"""Searching by images: chosen, dropped, pasted, and parts of them."""

import base64
import os

from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from story import tap, names

TRANSFER = """
const [kind, name, bytes, target] = arguments;
const data = new DataTransfer();
data.items.add(new File([Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0))], name, { type: "image/jpeg" }));
if (kind === "paste") document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
else for (const type of ["dragenter", "dragover", "drop"]) {
  const at = type === "drop" ? document.querySelector(target) : document.body;
  at.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
}
"""


def base64_of(path):
    with open(path, "rb") as file:
        return base64.b64encode(file.read()).decode()


def test_uploads(story):
    web = story.web
    image = os.path.join(story.root, "examples/photographs/coffee.jpg")
    expected = names(story.cli_hits("--with-self", "-k", "6", "--image", image))
    story.open()
    web.after(
        lambda: web.one("#file").send_keys(image) if web.js("document.getElementById('pick').click()") is None else None
    )
    tap.ok(web.hits(6) == expected, "an image that is chosen is searched for", [web.hits(4), expected[:4]])
    tap.ok(
        web.parts()[0][1] == "coffee.jpg" and web.js("return document.querySelector('#parts img').naturalWidth") == 64,
        "its chip has a picture and its name",
    )
    address = web.at()
    tap.ok("#" in address and len(address) < 6000, "the image is in the address", [len(address)])
    web.open("about:blank")
    web.open(address)
    web.settled()
    tap.ok(
        web.hits(6) == expected and web.js("return document.querySelector('#parts img').naturalWidth") == 64,
        "which opens the same again, without the file",
    )
    story.open("?q=a+rocket")
    tulips = os.path.join(story.root, "examples/photographs/tulips.jpg")
    web.after(lambda: web.js(TRANSFER, "paste", "tulips.jpg", base64_of(tulips)))
    tap.ok(
        web.hits(1)[0].endswith("tulips.jpg") and len(web.parts()) == 1,
        "a pasted image replaces the query",
        [web.hits(2), web.parts()],
    )
    web.after(lambda: web.js(TRANSFER, "drop", "coffee.jpg", base64_of(image), "#drop-new"))
    tap.ok(web.hits(6) == expected, "so does a dropped one", [web.hits(2)])
    web.after(lambda: web.js(TRANSFER, "drop", "tulips.jpg", base64_of(tulips), "#drop-add"))
    tap.ok(
        len(web.parts()) == 2 and web.js("return document.getElementById('drop').hidden"),
        "or it is added to the query",
        [web.parts()],
    )
    web.one("#query").click()
    web.after(lambda: web.one("#query").send_keys("- flowers", Keys.ENTER))
    tap.ok([p[0] for p in web.parts()] == ["+", "+", "-"], "texts go with images", [web.parts()])
    broken = os.path.join(story.work, "broken.jpg")
    with open(broken, "wb") as file:
        file.write(b"\xff\xd8\xff no image")
    web.expected = ("status of 4",)
    web.one("#file").send_keys(broken) if web.js("document.getElementById('pick').click()") is None else None
    problem = web.wait("const p = document.getElementById('problem'); return !p.hidden && p.textContent")
    tap.ok(problem and len(problem) > 10, "a file that is no image: the server's words", [problem])
    web.collect()
    web.expected = ()


def crop_box(web):
    return web.js(
        "return [...document.querySelectorAll('.crop-numbers input')].map((e) => Math.round(Number(e.value)))"
    )


def test_crop(story):
    web = story.web
    story.open()
    image = os.path.join(story.root, "examples/pictures/dog-and-cat.jpg")
    web.after(
        lambda: web.one("#file").send_keys(image) if web.js("document.getElementById('pick').click()") is None else None
    )
    whole = web.hits(6)
    web.click("#parts .chip-image")
    tap.ok(
        web.wait("return document.getElementById('crop').open && document.querySelector('.crop-area img').complete"),
        "a press on the chip opens the image",
    )
    area = web.one(".crop-area")
    size = area.size
    ActionChains(web.driver).move_to_element_with_offset(
        area, int(-0.4 * size["width"]), int(-0.4 * size["height"])
    ).click_and_hold().move_by_offset(int(0.5 * size["width"]), int(0.8 * size["height"])).release().perform()
    tap.ok(
        all(abs(a - b) <= 2 for a, b in zip(crop_box(web), [10, 10, 50, 80])), "a rectangle is dragged", [crop_box(web)]
    )
    handle = web.one(".crop-handle[data-side=e]")
    ActionChains(web.driver).click_and_hold(handle).move_by_offset(int(0.1 * size["width"]), 0).release().perform()
    tap.ok(abs(crop_box(web)[2] - 60) <= 2 and abs(crop_box(web)[0] - 10) <= 2, "a side is dragged", [crop_box(web)])
    web.keys(Keys.ARROW_LEFT * 2, Keys.ARROW_DOWN)
    ActionChains(web.driver).key_down(Keys.SHIFT).send_keys(Keys.ARROW_LEFT * 5).key_up(Keys.SHIFT).perform()
    box = crop_box(web)
    tap.ok(abs(box[0] - 6) <= 2 and abs(box[1] - 12) <= 2 and abs(box[2] - 50) <= 2, "and by the arrow keys", [box])
    left = web.one(".crop-numbers input")
    left.send_keys(Keys.CONTROL, "a")
    left.send_keys("95")
    tap.ok(
        web.js("return parseFloat(document.querySelector('.crop-rectangle').style.left)") <= 51,
        "a number cannot leave the image",
    )
    for _ in range(2):  # the first time a width may still be held by the left side
        for field, value in zip(
            web.js("return [...document.querySelectorAll('.crop-numbers input')]"), ("0", "0", "50", "100")
        ):
            field.send_keys(Keys.CONTROL, "a")
            field.send_keys(value)
    web.after(lambda: web.click_text("#crop button", "Search for this part"))
    expected = names(story.cli_hits("--with-self", "-k", "6", "--image", image, "--crop", "0%,0%,50%,100%"))
    tap.ok(
        web.hits(6) == expected and web.hits(6) != whole,
        "the part is searched for, with the hits of --crop",
        [web.hits(4), expected[:4]],
    )
    tap.ok(web.parts()[0][1].startswith("part of"), "the chip says so", [web.parts()])
    story.open("?q=a+black+dog")
    web.click(".cell-link")
    web.click_text(".action", "Part of it")
    web.wait("return document.getElementById('crop').open")
    web.after(
        lambda: (
            web.keys(Keys.ENTER) if web.js("document.querySelector('#crop button.primary').focus()") is None else None
        )
    )
    tap.ok(
        web.parts()[0][1].startswith("part of") and not web.js("return document.getElementById('viewer').open"),
        "a part of an image of the collection",
        [web.parts()],
    )
    web.click("#parts .chip-image") if web.js("return !document.querySelector('#parts .chip-image').disabled") else None
    web.keys(Keys.ESCAPE)
    tap.ok(not web.js("return document.getElementById('crop').open"), "Escape closes the dialog")


TESTS = [test_uploads, test_crop]
