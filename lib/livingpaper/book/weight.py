"""What pages load: no scripts of charts where there is no chart, and of the theme's styles only what some page uses."""

import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

from livingpaper.build.cache import write_whole

RULE = re.compile(r"([^{};]+)\{([^{}]*)\}")  # innermost: those inside of @media too
SELECTORS = re.compile(r",(?![^(]*\))")
INSIDE = re.compile(r":(?:not|is|where|has)\([^)]*\)")
CLASS = re.compile(r"\.(-?[A-Za-z_][\w-]*)")
WORD = re.compile(r"[\w-]+")
ICONS = re.compile("Font ?Awesome|--fa-font")
CHART = "data-chart="
AT_ONCE = "documentation_options.js"  # a script of the page itself needs it
SEARCH = re.compile("doctools|sphinx_highlight|searchtools|language_data|searchindex")  # scripts of its page
NOT_READ = {"vega-bundle.js", "fontawesome.js", "searchindex.js"}


def only_what_is_used(css: str, words: set[str]) -> str:
    """Return styles without the rules that ask for a class which is none of the words, and without the icon fonts."""

    def kept(rule: re.Match[str]) -> str:
        selector, body = rule.groups()
        if ICONS.search(body):
            return ""
        if selector.lstrip().startswith("@"):
            return rule[0]
        asks = {one: CLASS.findall(INSIDE.sub("", one)) for one in SELECTORS.split(selector)}
        used = ",".join(one for one, classes in asks.items() if words.issuperset(classes))
        return f"{used}{{{body}}}" if used else ""

    return RULE.sub(kept, css)


def slim(app: Sphinx, failed: Exception | None) -> None:
    """Cut the styles of a built site down to what its pages and scripts use, and leave the icon scripts out."""
    if failed or app.builder.name != "html":
        return
    site = Path(app.outdir)
    scripts = (path for path in (site / "_static").rglob("*.js") if path.name not in NOT_READ)
    texts = (path.read_text("utf-8") for path in (*site.rglob("*.html"), *scripts))
    words = {word for text in texts for word in WORD.findall(text)}  # whatever could be a class
    for path in (site / "_static").rglob("*.css"):
        write_whole(path, only_what_is_used(path.read_text("utf-8"), words).encode())
    for icons in ("scripts/fontawesome.js*", "vendor/fontawesome/webfonts/*"):
        for path in (site / "_static").glob(icons):
            path.unlink()


def lighten(app: Sphinx, page: str, _template: str, context: dict[str, Any], _doctree: Any) -> None:
    """Let scripts wait for the page, and load those of charts only where there are some."""
    for script in context.get("script_files", ()):  # the same objects on every page
        if page == "search" and SEARCH.search(str(script.filename)):
            script.attributes.pop("defer", None)
        elif script.filename and AT_ONCE not in str(script.filename):
            script.attributes.setdefault("defer", "defer")
    for role in (' role="doc-biblioentry"', ' role="list"'):  # deprecated, and then a list without items
        context["body"] = context.get("body", "").replace(role, "")
    if CHART in context["body"]:
        app.add_js_file("charts.js", loading_method="defer")
