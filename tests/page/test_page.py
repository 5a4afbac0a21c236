#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The page of `clipsearch serve` in a headless Chromium: everything that a user can do with it, compared with what the
program itself answers. TAP; skipped where the browser or Selenium is missing.

Usage: test_page.py SOURCE_ROOT BUILD_ROOT CLIPSEARCH [short]
short: only what makes the server do each kind of work once, for builds with sanitizers, where the page itself is the same.
CLIPSEARCH_PAGE_TESTS=many,token chooses stories by name.
"""

import os
import sys
import tempfile
import time
import traceback

root, build_root, program = map(os.path.abspath, sys.argv[1:4])
sys.path[:0] = [os.path.join(root, "tests"), os.path.join(root, "tests/page")]
import browser as browsers  # noqa: E402
import place as places  # noqa: E402

found = browsers.find_browser()
if (
    isinstance(found, str)
    and "Selenium" in found
    and os.path.realpath(sys.executable) != os.path.realpath("/usr/bin/python3")
    and os.path.exists("/usr/bin/python3")
    and "CLIPSEARCH_SYSTEM_PYTHON" not in os.environ
):
    # Debian's Selenium belongs to Debian's Python, which need not be the first one
    os.environ["CLIPSEARCH_SYSTEM_PYTHON"] = "1"
    os.execv("/usr/bin/python3", ["/usr/bin/python3", *sys.argv])
if isinstance(found, str):
    print(f"1..0 # SKIP {found}")
    sys.exit(0)
if not browsers.have_command(program, "serve"):
    print("1..0 # SKIP this build has no serve")
    sys.exit(0)

# these need Selenium
import stories_collection  # noqa: E402
import stories_images  # noqa: E402
import stories_page  # noqa: E402
import stories_search  # noqa: E402
import stories_views  # noqa: E402
from story import Story, tap  # noqa: E402


SHORT = ["text", "uploads", "similar", "labels", "duplicates", "clean"]


def main():
    short = "short" in sys.argv[4:]
    with tempfile.TemporaryDirectory() as work:
        story = Story(found, root, build_root, program, work, many=0 if short else places.MANY)
        try:
            chosen = [name for name in os.environ.get("CLIPSEARCH_PAGE_TESTS", "").split(",") if name]
            if short and not chosen:
                chosen = SHORT
            for test in (
                *stories_search.TESTS,
                *stories_images.TESTS,
                *stories_views.TESTS,
                *stories_collection.TESTS,
                *stories_page.TESTS,
            ):
                if chosen and test.__name__[5:] not in chosen:
                    continue
                start = time.monotonic()
                try:
                    test(story)
                except Exception as problem:  # noqa: BLE001 - the other stories go on
                    tap.ok(
                        False,
                        f"{test.__name__}: {problem!r}",
                        [
                            traceback.format_exc(),
                            story.web.at(),
                            story.web.status(),
                            story.web.js("return document.getElementById('problem').textContent"),
                        ],
                    )
                    if not chosen and os.environ.get("CLIPSEARCH_PAGE_SHOT"):
                        story.web.driver.get_screenshot_as_file(
                            os.environ["CLIPSEARCH_PAGE_SHOT"] + test.__name__ + ".png"
                        )
                print(f"# {test.__name__[5:]}: {time.monotonic() - start:.1f} s", flush=True)
        finally:
            story.web.quit()
            story.serve.stop()
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
