"""The side of Sphinx: ``extensions: [livingpaper]`` is all a Jupyter Book needs; without ``paper.toml`` it does nothing."""

import os
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import vl_convert
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config as SphinxConfig
from sphinx.errors import SphinxError
from sphinx.util.docutils import SphinxDirective, SphinxRole

from livingpaper.book import documents, numbers, output
from livingpaper.book.along import add_bar, write_along
from livingpaper.book.checklists import checklist_myst, load_checklists
from livingpaper.book.drafts import leave_out, unsupported, withhold_paragraphs
from livingpaper.book.markup import STATIC
from livingpaper.book.provenance import panel_html
from livingpaper.book.reference import reference_myst
from livingpaper.book.speed import at_speed
from livingpaper.book.stamp import add_meta, put_face, put_stamp
from livingpaper.book.weight import lighten, slim
from livingpaper.build.cache import write_whole
from livingpaper.build.project import CONFIG, Project, digest, runs
from livingpaper.build.state import inputs_digest
from livingpaper.config import config
from livingpaper.lab.texts import ROLES, committed_session, verdict_words
from livingpaper.ledger.claims import Rules, load_claims
from livingpaper.ledger.ledger import read_ledger

SAFE = {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
SOURCES = ("CHANGELOG.md", "book/checklists.yml")  # no input of a chapter, but read for the directives


class PaperRole(SphinxRole):
    """Prints what JupyterLab shows for a role of the paper; what cannot be printed stops the build.

    ``{result}`id [part]``` is a number of the ledger; the part is text (default: the value with its interval), value, ci,
    low, high, n, events or level. ``{choice}`section.key``` is a choice of ``protocol.toml``; ``{stamp}`name``` what
    identifies the build: version, released, commit, protocol or data. ``{verdict}`name``` is the alternative of
    ``claims.toml`` that holds, with the roles in it.
    """

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Return the text as a node."""
        session = committed_session(Path(self.env.srcdir))
        try:
            if self.name == "verdict":
                myst = verdict_words(self.text, session, session.now)
                made, messages = self.inliner.parse(myst, self.lineno, self.inliner, self.inliner.parent)
                return [nodes.inline("", "", *made, classes=["verdict"])], messages
            said = ROLES[self.name](self.text, session)
        except (KeyError, ValueError) as error:
            raise SphinxError(f"{':'.join(map(str, self.get_source_info()))}: {error.args[0]}") from None
        if self.name == "stamp":
            return [nodes.Text(said.text)], []
        if self.name == "choice":
            return [nodes.inline("", said.text, classes=["choice"])], []
        id_ = self.text.partition(" ")[0]
        origin, method = session.now.loc[id_, ["origin", "method"]].fillna("")
        words = {"mark": said.mark, "says": config(session.project).origins[origin].says, "method": method}
        page = numbers.page_of(id_, len(session.now))
        return [numbers.result_node("", said.text, ledger_id=id_, origin=origin, page=page, **words)], []


HTML: dict[str, Callable[[Project, str], str]] = {"ledger": numbers.ledger_html, "provenance": panel_html}
CHANGES = "livingpaper.versions.exhibits:changes_myst"  # loaded where it is asked for: altair
MYST: dict[str, Any] = {"reference": reference_myst}
MYST["changes"] = lambda project, *given: resolve_name(CHANGES)(project, *given)
MYST["checklist"] = lambda project, name="": checklist_myst(name, load_checklists(project.root / SOURCES[1]))


class PaperDirective(SphinxDirective):
    """A directive of the paper: MyST, or raw HTML, which on paper is left out."""

    optional_arguments = 2

    def run(self) -> list[nodes.Node]:
        """Return the nodes; what cannot be printed stops the build."""
        project = Project(Path(self.env.srcdir))
        if self.name in HTML:
            return [nodes.raw("", HTML[self.name](project, self.env.docname), format="html")]
        for path in filter(Path.is_file, map(project.root.joinpath, SOURCES)):
            self.env.note_dependency(str(path))
        try:
            text = MYST[self.name](project, *self.arguments)
        except (KeyError, ValueError) as error:
            raise SphinxError(str(error.args[0])) from None
        return self.parse_text_to_nodes(text, allow_section_headings=self.name == "reference")


def _mark_latex(self: Any, node: numbers.result_node) -> None:
    self.body.append(rf"\paperorigin{{{node['mark']}}}")


def _nothing(self: Any, node: numbers.result_node) -> None: ...


def use_fresh_results(app: Sphinx, settings: SphinxConfig) -> None:
    """Keep executed chapters under the hash of their inputs: jupyter-cache looks at the code cells only."""
    project = Project(Path(app.srcdir))
    if settings.nb_execution_mode == "cache":
        settings.nb_execution_cache_path = str(project.build / ".jupyter_cache" / inputs_digest(project))


def outdated(app: Sphinx, env: Any, *_: object) -> set[str]:
    """Return every page if an input, or the rule of a conclusion, has changed since the last build."""
    project = Project(Path(app.srcdir))
    now = f"{inputs_digest(project)} {digest([project.claims], project.root)}"
    before, env.paper_inputs = getattr(env, "paper_inputs", None), now
    return set() if before in (None, now) else set(env.found_docs)


def say_what_may_be_said(app: Sphinx, _docname: str, source: list[str]) -> None:
    """Take out what a chapter may not say while blinded, and in a draft what does not hold; put its panel at its foot."""
    project, text = Project(Path(app.srcdir)), source[0]
    paper = config(project)
    if paper.blinded:
        text = withhold_paragraphs(text, load_claims(project.claims), paper)
    if paper.draft:
        ledger = read_ledger(project.ledger)
        broken = unsupported(load_claims(project.claims), ledger, Rules(paper))
        text = leave_out(text, broken, lambda id_: id_ not in ledger.index)
    panel = runs(text) or "{result}`" in text
    source[0] = f"{text.rstrip()}\n\n```{{provenance}}\n```\n" if panel else text


def chart_library(project: Project) -> Path:
    """Return the folder of the chart library, which is written once per version."""
    folder = project.build / ".vega" / f"{version('altair')}-{version('vl-convert-python')}"
    if not (bundle := folder / "vega-bundle.js").is_file():
        from livingpaper.book.theme import VEGA_LITE  # heavy: altair

        code = vl_convert.javascript_bundle(vl_version=VEGA_LITE)  # type: ignore[call-arg]
        # not an ES module: Chromium refuses those over file://
        write_whole(bundle, f"(function(){{{code}\n}})();".encode())
    return folder


def add_assets(app: Sphinx) -> None:
    """Serve style, fonts and the chart library from the site itself."""
    if app.builder.format != "html":
        return
    project = Project(Path(app.srcdir))
    app.config.html_static_path += map(str, (STATIC / "web", chart_library(project), write_along(project)))
    app.add_css_file("paper.css")
    app.add_css_file("charts.css")
    app.add_js_file("paper.js", loading_method="defer")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register everything with Sphinx, if the book is a living paper."""
    if not (Path(app.srcdir) / CONFIG).is_file():
        return SAFE
    for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(threads, "1")  # results must not depend on the number of cores
    for name in ("result", "verdict", "choice", "stamp"):
        app.add_role(name, PaperRole())
    for name in (*HTML, *MYST):
        app.add_directive(name, PaperDirective)
    html: Any = (numbers.visit_result, numbers.depart_result)
    app.add_node(numbers.result_node, html=html, latex=(_nothing, _mark_latex), text=(_nothing, _nothing))
    app.add_node(nodes.table, override=True, html=(output.visit_table, output.depart_table))
    app.add_node(nodes.entry, override=True, html=(output.visit_entry, None))
    at_speed(app)
    app.add_post_transform(output.OnPaper)
    app.add_node(nodes.image, override=True, html=(output.visit_image, None))
    displayed = partial(output.visit_math, display=True)
    app.add_html_math_renderer("mathml", (output.visit_math, None), (displayed, None))
    app.connect("config-inited", use_fresh_results, priority=100)
    app.connect("config-inited", put_face, priority=100)
    app.connect("config-inited", put_stamp, priority=101)
    app.connect("env-get-updated", documents.plain_numbers, priority=400)
    app.connect("env-get-updated", documents.supplement_numbers, priority=600)
    app.add_builder(documents.Documents, override=True)
    app.connect("env-get-outdated", outdated)
    app.connect("builder-inited", add_assets)
    app.connect("source-read", say_what_may_be_said)
    for handler in (add_meta, lighten, numbers.add_cards, add_bar):
        app.connect("html-page-context", handler)
    app.connect("html-collect-pages", numbers.add_pages)
    app.connect("build-finished", slim, priority=900)  # after the theme wrote its own
    app.config.templates_path.insert(0, str(STATIC / "face"))
    return SAFE
