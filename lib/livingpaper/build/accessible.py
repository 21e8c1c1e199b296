"""The paper as a tagged PDF for screen readers, ``_build/paper-accessible.pdf``, printed by Chromium from its pages.

LaTeX does not make it: what Debian 12 has (TeX Live 2022) tags paragraphs, but neither headings nor tables nor figures.
"""

import os
import re
import shutil
from io import BytesIO
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup, Tag

from livingpaper.book.markup import markup
from livingpaper.book.stamp import author_names, citation_file
from livingpaper.build.apt import CHROMIUM_PACKAGES, drives_chromium
from livingpaper.build.cache import mark_of, say, sha, up_to_date, write_changed
from livingpaper.build.project import Project, pages
from livingpaper.build.state import made_pages, state
from livingpaper.config import config

NAME = "paper-accessible.pdf"
NOISE = "script, style, a.headerlink, details.provenance, .cell_input, .carried, nav"  # of each page
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
CITED = '<div class="citation"'  # of the page of references
ANCHOR = re.compile(rb"\(node\d{8}\)")
SWITCHES = ("display_header_footer", "print_background", "tagged", "outline")
MARGIN = {"top": "22mm", "bottom": "20mm", "left": "22mm", "right": "22mm"}


def print_accessible(project: Project) -> None:
    """Print the paper from ``_build/html`` unless that is done; without a Chromium, say what to install."""
    html, target = made_pages(project), project.build / NAME
    now = sha(state(project) + Path(__file__).read_text("utf-8"))
    if up_to_date(target, now):
        say("accessible: up to date")
        return
    found = filter(None, map(shutil.which, (os.environ.get("CHROMIUM", ""), *BROWSERS)))
    if not (browser := next(found, None)) or not drives_chromium():
        cure = f"install one: sudo apt-get install {' '.join(CHROMIUM_PACKAGES)}"
        say(f"accessible: {NAME} needs a Chromium; {cure}")
        return
    sheet = project.work / "accessible.html"
    sheet.parent.mkdir(parents=True, exist_ok=True)
    sheet.write_text(one_page(project, html), encoding="utf-8")
    write_changed(target, _settled(_printed(sheet, browser), project))
    mark_of(target).write_text(now)
    say(f"accessible: {target}")


def one_page(project: Project, html: Path) -> str:
    """Return the chapters of the paper as one page, whose links stay within it or lead to the network."""
    paper, found = config(project), citation_file(project)
    apart = {*pages(project, below=paper.supplement)} if paper.supplement else set()
    names = [name for name in pages(project) if name not in apart or CITED in _text(html, name)]
    whole = BeautifulSoup(_text(html, names[0]), "html.parser")
    articles = [_article(html, name, names) for name in names]
    for link in whole.select('link[rel="stylesheet"]'):
        link["href"] = ((html / names[0]).parent / str(link["href"]).partition("?")[0]).resolve().as_uri()
    styles = "".join(map(str, whole.select('link[rel="stylesheet"], head style')))
    who = f"{', '.join(author_names(found))}. Version {found['version']}, {found['date-released']}."
    legend = markup("legend.html", draft=paper.draft, banner=paper.banner, origins=paper.origins.values())
    top = f'<p>{who}</p><p role="note">{legend}</p>'
    top_of_page = '<!doctype html><html lang="en-GB" data-theme="light">'
    head = f'<meta charset="utf-8"><title>{found["title"]}</title>{styles}<style>body {{ background: #fff }}</style>'
    body = f'<main class="bd-article">{top}{"".join(map(str, articles))}</main>'
    return f"{top_of_page}<head>{head}</head><body>{body}</body></html>"


def _text(html: Path, name: str) -> str:
    return (html / f"{name}.html").read_text("utf-8")


def article_of(page: str, place: str, noise: str, error: type[ValueError] = ValueError) -> Tag:
    """Return the article of a page without ``NOISE`` and what else is ``noise``; an ``error`` names its place if it has none."""
    article = BeautifulSoup(page, "html.parser").select_one("article.bd-article")
    if article is None:
        raise error(f"{place} must hold an article, none is found; build it again: livingpaper html")
    for part in article.select(f"{NOISE}, {noise}"):
        part.decompose()
    return article


def _article(html: Path, name: str, names: list[str]) -> Tag:
    """Return a chapter with anchors of its own, pictures by their full address, and headings below the title."""
    place = html / f"{name}.html"
    article = article_of(_text(html, name), str(place), ".tabularcolumns, button")
    for tag in article.select("[id]"):
        tag["id"] = f"{name}--{tag['id']}"
    for figure in article.select("figure"):
        figure["role"] = "group"  # the picture in it is the figure, and has the words
    for image in article.select("img[src]"):
        image["src"] = (place.parent / str(image["src"])).resolve().as_uri()
    for link in article.select("a[href]"):
        _point(link, place, html, names)
    for heading in article.find_all(re.compile("^h[1-5]$")) if name != names[0] else ():
        heading.name = f"h{int(heading.name[1]) + 1}"
    article.name, article["id"] = "section", f"{name}--"
    return article


def _point(link: Tag, place: Path, html: Path, names: list[str]) -> None:
    """Let a link lead to its place in the one page; one that leads out of it to no address is words alone."""
    page, _, anchor = str(link["href"]).partition("#")
    if re.match(r"[a-z]+:", page):
        return
    at = Path(os.path.normpath(place.parent / page)) if page else place
    aim = at.with_suffix("").relative_to(html).as_posix() if at.is_relative_to(html) else ""
    if aim in names:
        link["href"] = f"#{aim}--{anchor}"
    else:
        link.unwrap()


def _printed(sheet: Path, browser: str) -> bytes:
    """Return the page as Chromium prints it: tagged, with an outline; the static pictures, no scripts."""
    from playwright.sync_api import sync_playwright  # slow to import

    number = '<div style="font-size:8px;width:100%;text-align:center"><span class="pageNumber"></span></div>'
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        page = opened.new_context(java_script_enabled=False, offline=True, color_scheme="light").new_page()
        page.goto(sheet.as_uri())
        how: dict[str, Any] = dict.fromkeys(SWITCHES, True) | {"format": "A4", "margin": MARGIN}
        pdf = page.pdf(**how, header_template="<span></span>", footer_template=number)
        opened.close()
    return pdf


def counted_anew(pdf: bytes) -> bytes:
    """Return a PDF of Chromium with its anchors numbered from one in their order: it starts anywhere."""
    ranks = {name: b"(node%08d)" % i for i, name in enumerate(sorted({*ANCHOR.findall(pdf)}), 1)}
    return ANCHOR.sub(lambda found: ranks[found[0]], pdf)


def _settled(pdf: bytes, project: Project) -> bytes:
    """Return a PDF with the names of the paper and without the clock."""
    from pypdf import PdfWriter  # slow to import
    from pypdf.generic import ArrayObject, ByteStringObject, NameObject, TextStringObject

    found, out = citation_file(project), BytesIO()
    writer = PdfWriter(clone_from=BytesIO(counted_anew(pdf)))
    day = f"D:{found['date-released'].replace('-', '')}000000Z"
    said = {"/Title": found["title"], "/Author": ", ".join(author_names(found))}
    writer.add_metadata(said | dict.fromkeys(("/CreationDate", "/ModDate"), day))
    writer.root_object[NameObject("/Lang")] = TextStringObject("en-GB")
    writer.create_viewer_preferences()
    writer.viewer_preferences.display_doctitle = True  # type: ignore[union-attr]
    mark = ByteStringObject(bytes.fromhex(sha(found["title"] + found["version"])[:32]))
    writer._ID = ArrayObject([mark, mark])
    writer.write(out)
    return out.getvalue()
