# SPDX-License-Identifier: MIT
"""A headless Chromium and a `clipsearch serve` for the tests of the page, and what both are asked for again and again."""

import json
import os
import re
import shutil
import subprocess
import time

WAIT = 30  # seconds; far more than anything takes, for machines that do other things as well


def find_browser():
    """(webdriver module, chromium, chromedriver), or a text that says what is missing."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if not chromium or not driver:
        return "chromium or chromedriver is not installed (Debian: chromium, chromium-driver)"
    try:
        from selenium import webdriver
    except ImportError:
        return "Selenium is not installed (Debian: python3-selenium)"
    return webdriver, chromium, driver


# What the page does wrong is kept in a list that survives until it is asked for.
WATCH = """
window.problems = [];
addEventListener("error", (event) => { if (event.message) problems.push("error: " + event.message); });
addEventListener("unhandledrejection", (event) => problems.push("rejection: " + (event.reason?.message ?? event.reason)));
document.addEventListener("securitypolicyviolation",
  (event) => problems.push(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`));
window.shifts = 0;
new PerformanceObserver((list) => { for (const each of list.getEntries()) if (!each.hadRecentInput) shifts += each.value; })
  .observe({ type: "layout-shift", buffered: true });
"""


class Browser:
    def __init__(self, found, width=1200, height=900):
        webdriver, chromium, driver = found
        from selenium.webdriver.chrome.service import Service

        options = webdriver.ChromeOptions()
        options.binary_location = chromium
        # containers and root have no namespaces for Chromium's own sandbox, and often a /dev/shm that is too small
        for argument in (
            "--headless=new",
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            # a mouse that can hover, which a machine without a screen says it lacks
            "--blink-settings=primaryHoverType=2,availableHoverTypes=2,primaryPointerType=4,availablePointerTypes=4",
            "--force-device-scale-factor=1",
            "--window-size=1300,1000",
        ):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(service=Service(driver), options=options)
        self.driver.set_script_timeout(WAIT)
        self.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WATCH})
        self.driver.execute_cdp_cmd("Emulation.setLocaleOverride", {"locale": "en-GB"})
        self.problems, self.requests = [], []
        self.expected = ()  # what the browser may say about answers that a test wants to be errors
        self.size(width, height)

    def size(self, width, height, mobile=False):
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile},
        )

    def media(self, **features):
        self.driver.execute_cdp_cmd(
            "Emulation.setEmulatedMedia",
            {"features": [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]},
        )

    def js(self, script, *values):
        return self.driver.execute_script(script, *values)

    def wait(self, script, *values, seconds=WAIT):
        """Wait until a piece of JavaScript gives something true, and return it; None after `seconds`."""
        end = time.monotonic() + seconds
        while True:
            found = self.js(script, *values)
            if found or time.monotonic() > end:
                return found or None
            time.sleep(0.02)

    def one(self, selector):
        from selenium.webdriver.common.by import By

        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def click(self, selector):
        self.wait("const e = document.querySelector(arguments[0]); return e && e.getClientRects().length > 0", selector)
        self.one(selector).click()

    def choose(self, selector, value):
        """Choose a value of a list, whose options are not seen while it is closed."""
        from selenium.webdriver.support.ui import Select

        self.wait("return document.querySelector(arguments[0] + ` option[value='${arguments[1]}']`)", selector, value)
        Select(self.one(selector)).select_by_value(value)

    def next_frames(self, count):
        """Let the browser draw so many frames."""
        self.driver.execute_async_script(
            """const [count, done] = arguments; let left = count;
            const step = () => (left-- > 0 ? requestAnimationFrame(step) : done()); step();""",
            count,
        )

    def click_text(self, selector, text):
        """Click the first of `selector` that is seen and has `text`."""
        script = """return [...document.querySelectorAll(arguments[0])].find((e) => e.getClientRects().length
            && e.textContent.trim().includes(arguments[1]))"""
        found = self.wait(script, selector, text)
        assert found, f"no {selector} with {text}"
        found.click()

    def keys(self, *keys):
        from selenium.webdriver.common.action_chains import ActionChains

        ActionChains(self.driver).send_keys(*keys).perform()

    def open(self, address):
        self.collect()
        self.driver.get(address)

    def collect(self):
        """Take the problems of the page that is about to be left."""
        try:
            self.problems += self.js("return window.problems ?? []")
        except Exception:  # noqa: BLE001 - there was no page yet
            pass
        for line in self.driver.get_log("browser"):
            if line["level"] == "SEVERE" and not any(re.search(each, line["message"]) for each in self.expected):
                self.problems.append(line["message"])
        for line in self.driver.get_log("performance"):
            message = json.loads(line["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                self.requests.append(message["params"]["request"]["url"])

    # ---- The page

    def settled(self):
        """Wait until no answer is under way and the hits are drawn."""
        return self.wait("""return document.getElementById("busy").hidden && document.getElementById("grid").dataset.first === undefined
            && !document.querySelector("#box.working")
            && (document.getElementById("status").textContent !== "" || !document.getElementById("empty").hidden
                || !document.getElementById("problem").hidden || document.getElementById("token").open)""")

    def after(self, act):
        """Do something that makes the page ask the server, and wait for the new answer to be shown, with the rows below."""
        before = self.js("return performance.getEntriesByName('clipsearch-shown').length")
        act()
        return self.wait(
            """return performance.getEntriesByName('clipsearch-shown').length > arguments[0]
            && document.getElementById("grid").dataset.first === undefined""",
            before,
        )

    def search(self, text):
        from selenium.webdriver.common.keys import Keys

        box = self.one("#query")
        box.click()
        box.send_keys(Keys.CONTROL, "a")
        box.send_keys(Keys.DELETE)
        self.after(lambda: box.send_keys(text, Keys.ENTER))

    def hits(self, most=10):
        """The names of the first hits that are drawn."""
        return self.js(
            """return [...document.querySelectorAll(".cell-link")].map((e) => [Number(e.dataset.index),
            e.querySelector(".cell-name").textContent]).sort((a, b) => a[0] - b[0]).slice(0, arguments[0]).map((e) => e[1])""",
            most,
        )

    def status(self):
        return self.js("return document.getElementById('status').textContent")

    def parts(self):
        """The chips of the query: [sign, text]."""
        return self.js("""return [...document.querySelectorAll("#parts .chip")].map((e) =>
            [e.classList.contains("minus") ? "-" : "+", e.querySelector(".chip-text, .chip-image").textContent])""")

    def chips(self):
        """The filters in use, in words."""
        return self.js("return [...document.querySelectorAll('#chips .chip-text')].map((e) => e.textContent)")

    def focus(self):
        """The element that has the keyboard's focus: id, or class, or name."""
        return self.js("const e = document.activeElement; return e.id || e.className || e.tagName")

    def at(self):
        return self.driver.current_url

    def quit(self):
        self.driver.quit()


class Serve:
    """A `clipsearch serve` on a free port of this machine."""

    def __init__(self, program, database, *options, listen="127.0.0.1:0"):
        self.process = subprocess.Popen(
            [program, "serve", "--db", database, "--listen", listen, *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.url = None
        self.lines = []
        end = time.monotonic() + WAIT
        while self.url is None and time.monotonic() < end:
            line = self.process.stdout.readline()
            if not line:
                break
            self.lines.append(line)
            found = re.search(r"http://[\d.]+:\d+/", line)
            self.url = found and found[0]
        if self.url is None:
            raise RuntimeError("clipsearch serve: " + "".join(self.lines))

    def stop(self):
        self.process.terminate()
        self.process.wait(WAIT)


def have_command(program, name):
    return (
        subprocess.run(
            [program, "help", name], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
        ).returncode
        == 0
    )


def axe_source(build_root):
    """The text of axe-core, or None: from CLIPSEARCH_AXE, or where tools/check puts it."""
    for path in (os.environ.get("CLIPSEARCH_AXE", ""), os.path.join(build_root, "node_modules/axe-core/axe.min.js")):
        if path and os.path.isfile(path):
            with open(path, encoding="utf-8") as file:
                return file.read()
    return None
