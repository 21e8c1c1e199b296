"""What pages load: no scripts of charts where there is no chart, and of the theme's styles only what some page uses."""

import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

from livingpaper.build.cache import write_whole

RULE = re.compile(r"([^{};]+)\{([^{}]*)\}")  # innermost: those inside of @media too
SELECTORS = re.compile(r",(?![^(]*\))")
INSIDE, CLASS = re.compile(r":(?:not|is|where|has)\([^)]*\)"), re.compile(r"\.(-?[A-Za-z_][\w-]*)")
WORD, ICONS = re.compile(r"[\w-]+"), re.compile("Font ?Awesome|--fa-font")
ASIDE = re.compile(r"/\*.*?\*/|@import[^;]*;", re.S)  # what is imported stands in THEME
VARIABLE, ASKED = re.compile(r"(--[\w-]+)\s*:[^;{}]*(?:;\s*|(?=\}))"), re.compile(r"var\(\s*(--[\w-]+)")
SHEET, THEME = "page.css", ("basic.css", "styles/theme.css", "styles/pydata-sphinx-theme.css")
AT_ONCE = "documentation_options.js"  # a script of the page itself needs it
SEARCH = re.compile("doctools|sphinx_highlight|searchtools|language_data|searchindex")  # scripts of its page
NOT_READ = {"vega-bundle.js", "fontawesome.js", "searchindex.js", "bootstrap.js", "pydata-sphinx-theme.js"}
ADDED = {"tooltip", "tooltip-inner", "tooltip-arrow", "bs-tooltip-auto", "fade", "show", "active", "pst-squeeze"}  # fmt: skip


def only_what_is_used(css: str, words: set[str]) -> str:
    """Return styles without the rules that ask for a class which is none of the words, and without the icon fonts."""

    def kept(rule: re.Match[str]) -> str:
        selector, body = rule.groups()
        if selector.lstrip().startswith("@") or ICONS.search(body):
            return "" if ICONS.search(body) else rule[0]
        asks = {one: CLASS.findall(INSIDE.sub("", one)) for one in SELECTORS.split(selector)}
        used = ",".join(one for one, classes in asks.items() if words.issuperset(classes))
        return f"{used}{{{body}}}" if used else ""

    return RULE.sub(kept, css)


def lean(css: str, words: set[str]) -> str:
    """Return styles without spare space, and of their variables only those that something asks for."""
    css = re.sub(r"@media[^{}]*\{\}", "", re.sub(r"\s*([{};,])\s*", r"\1", css))
    asked = words | set(ASKED.findall(css))
    return VARIABLE.sub(lambda given: given[0] if given[1] in asked else "", css)


def slim(app: Sphinx, failed: Exception | None) -> None:
    """Write what pages and scripts use of all styles into one sheet, for which the first paint waits; drop icon scripts."""
    if failed or app.builder.name != "html":
        return
    static, pages = Path(app.outdir) / "_static", Path(app.outdir).rglob("*.html")
    html = " ".join(path.read_text("utf-8") for path in pages)
    js = " ".join(path.read_text("utf-8") for path in static.rglob("*.js") if path.name not in NOT_READ)
    said = [*re.findall(r"""\bclass=(["'])(.*?)\1""", html), *re.findall(r"""(["'`])(.*?)\1""", js)]
    names = ADDED.union(*(WORD.findall(words) for _, words in said))
    given = sorted(app.builder._css_files, key=lambda each: each.priority)  # type: ignore[attr-defined]
    files = dict.fromkeys((*THEME, *(str(each.filename).removeprefix("_static/") for each in given)))
    css = "".join(path.read_text("utf-8") for file in files if (path := static / file).is_file())
    write_whole(static / SHEET, lean(only_what_is_used(ASIDE.sub("", css), names), names).encode())
    icons = (*static.glob("scripts/fontawesome.js*"), *static.glob("vendor/fontawesome/webfonts/*"))
    for path in {*icons, *static.rglob("*.css")} - {static / SHEET}:
        path.unlink()


def lighten(app: Sphinx, page: str, _template: str, context: dict[str, Any], _doctree: Any) -> None:
    """Let scripts wait for the page, and load those of charts and tabs only where there are some."""
    for script in context.get("script_files", ()):  # the same objects on every page
        if page == "search" and SEARCH.search(str(script.filename)):
            script.attributes.pop("defer", None)
        elif script.filename and AT_ONCE not in str(script.filename):
            script.attributes.setdefault("defer", "defer")
    context["body"] = re.sub(' role="(doc-biblioentry|list)"', "", context.get("body", ""))  # deprecated
    if "sd-tab" not in context["body"] and (scripts := context.get("script_files")):
        scripts[:] = [each for each in scripts if "design-tabs" not in str(each.filename)]
    if "data-chart=" in context["body"]:
        app.add_js_file("charts.js", loading_method="defer")
