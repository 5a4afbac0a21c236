# SPDX-License-Identifier: MIT
"""What axe-core finds."""

AXE = """
const [where, rules, done] = arguments;
axe.run(where ?? document, { resultTypes: ["violations"], ...(rules.length ? { runOnly: rules } : {}) }).then((r) => done(r.violations.map((v) => [v.impact, v.id, v.nodes.length, v.nodes[0].html.slice(0, 160), v.nodes[0].failureSummary])));
"""


def find_serious(web, axe, where, part=None):
    """What axe-core finds serious in a part of the page as it is, light and dark."""
    found = []
    if not axe:
        return found
    if not web.js("return Boolean(window.axe)"):
        web.js(axe)
    for scheme, rules in (("light", []), ("dark", ["color-contrast"])):  # nothing else depends on colours
        web.media(prefers_color_scheme=scheme)
        web.wait("return document.getAnimations().every((e) => e.playState !== 'running')", seconds=2)
        each = web.driver.execute_async_script(AXE, part, rules)
        found += [(*where, scheme, *one) for one in each if one[0] in ("serious", "critical")]
    web.media(prefers_color_scheme="light")
    return found
