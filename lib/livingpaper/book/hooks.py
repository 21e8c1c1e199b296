"""The side of Sphinx: ``extensions: [livingpaper]`` is all a Jupyter Book needs; without ``paper.toml`` it does nothing."""

from __future__ import annotations

import os
from importlib.metadata import version
from pathlib import Path
from typing import Any

import vl_convert
from sphinx.application import Sphinx
from sphinx.config import Config as SphinxConfig

from livingpaper.book import output, roles
from livingpaper.book.drafts import leave_out_unsupported, unsupported, withhold_paragraphs
from livingpaper.book.stamp import STATIC, add_meta, put_face, put_stamp
from livingpaper.book.theme import VEGA_LITE
from livingpaper.build.cache import write_whole
from livingpaper.build.project import CONFIG, Project, digest
from livingpaper.config import config
from livingpaper.ledger.claims import Rules, load_claims
from livingpaper.ledger.ledger import read_ledger

SAFE = {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def inputs_digest(project: Project) -> str:
    """Return the hash of everything the chapters' outputs rest on, apart from the chapters themselves."""
    parts = [project.root / "lib", Path(__file__).parents[1], project.root / CONFIG]
    parts += [project.data, project.protocol, project.lock, project.ledger]
    parts += (project.root / "versions").glob("v*/ledger.csv")
    return digest([part for part in parts if part.exists()], project.root)[:16]


def use_fresh_results(app: Sphinx, settings: SphinxConfig) -> None:
    """Keep executed chapters under the hash of their inputs: jupyter-cache looks at the code cells only."""
    project = Project(Path(app.srcdir))
    if settings.nb_execution_mode == "cache":
        settings.nb_execution_cache_path = str(project.build / ".jupyter_cache" / inputs_digest(project))


def outdated(app: Sphinx, env: Any, *_: object) -> set[str]:
    """Return every page if an input, or the rule of a conclusion, has changed since the last build."""
    project = Project(Path(app.srcdir))
    now = f"{inputs_digest(project)} {digest([project.claims], project.root)}"
    before = getattr(env, "paper_inputs", None)
    env.paper_inputs = now
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
        text = leave_out_unsupported(text, broken, ledger.index)
    if "kernelspec" in text[:800] or "{result}`" in text:
        text = f"{text.rstrip()}\n\n```{{provenance}}\n```\n"
    source[0] = text


def add_assets(app: Sphinx) -> None:
    """Serve style, fonts and the chart library, which is written once per version, from the site itself."""
    if app.builder.format != "html":
        return
    folder = Project(Path(app.srcdir)).build / ".vega" / f"{VEGA_LITE}-{version('vl-convert-python')}"
    if not (folder / "vega-bundle.js").is_file():
        code = vl_convert.javascript_bundle(vl_version=VEGA_LITE)  # type: ignore[call-arg]
        plain = f"(function(){{{code}\n}})();"  # not an ES module: Chromium refuses those over file://
        write_whole(folder / "vega-bundle.js", plain.encode())
    app.config.html_static_path += [str(STATIC / "web"), str(folder)]
    app.add_css_file("paper.css")
    for script in ("vega-bundle.js", "charts.js"):
        app.add_js_file(script, loading_method="defer")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register everything with Sphinx, if the book is a living paper."""
    if not (Path(app.srcdir) / CONFIG).is_file():
        return SAFE
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # results must not depend on the number of cores
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    roles.register(app)
    output.register(app)
    app.connect("config-inited", use_fresh_results, priority=100)
    app.connect("config-inited", put_face, priority=100)
    app.connect("config-inited", put_stamp, priority=101)
    app.connect("env-get-outdated", outdated)
    app.connect("builder-inited", add_assets)
    app.connect("source-read", say_what_may_be_said)
    app.connect("html-page-context", add_meta)
    return SAFE
