"""The side of Sphinx: ``extensions: [livingpaper]`` is all a Jupyter Book needs; without ``paper.toml`` it does nothing."""

from __future__ import annotations

import os
from importlib.metadata import version as package_version
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config as SphinxConfig

from livingpaper.book import directives, output, roles
from livingpaper.book.drafts import leave_out_unsupported, unsupported, withhold_paragraphs
from livingpaper.book.meta import add_meta
from livingpaper.book.numref import ReadOnceDomain
from livingpaper.book.stamp import STATIC, put_face, put_stamp
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


def withhold_passages(app: Sphinx, _docname: str, source: list[str]) -> None:
    """Take out what the chapters may not say while blinded, and in a draft what does not hold."""
    project = Project(Path(app.srcdir))
    paper = config(project)
    if paper.blinded:
        source[0] = withhold_paragraphs(source[0], load_claims(project.claims), paper)
    if paper.draft:
        ledger = read_ledger(project.ledger)
        broken = unsupported(load_claims(project.claims), ledger, Rules(paper))
        source[0] = leave_out_unsupported(source[0], broken, ledger.index)


def add_panel(_app: Sphinx, _docname: str, source: list[str]) -> None:
    """Put the panel at the foot of every chapter that runs code or prints a number, so that none can forget it."""
    if "kernelspec" in source[0][:800] or "{result}`" in source[0]:
        source[0] = f"{source[0].rstrip()}\n\n```{{provenance}}\n```\n"


def add_assets(app: Sphinx) -> None:
    """Serve style, fonts and the chart library from the site itself."""
    if app.builder.format != "html":
        return
    app.config.html_static_path.append(str(STATIC / "web"))
    app.config.html_static_path.append(str(_vega_bundle(Project(Path(app.srcdir)))))
    app.add_css_file("paper.css")
    app.add_js_file("vega-bundle.js", loading_method="defer")
    app.add_js_file("charts.js", loading_method="defer")


def _vega_bundle(project: Project) -> Path:
    """Return the folder with the chart library, written once per version.

    Not an ES module: Chromium refuses modules over file://.
    """
    import altair as alt
    import vl_convert as vlc

    version = ".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2])
    folder = project.build / ".vega" / f"{version}-{package_version('vl-convert-python')}"
    bundle = folder / "vega-bundle.js"
    if not bundle.is_file():
        code = vlc.javascript_bundle(vl_version=version)  # type: ignore[call-arg]
        write_whole(bundle, f"(function(){{{code}\n}})();".encode())
    return folder


def setup(app: Sphinx) -> dict[str, Any]:
    """Register everything with Sphinx, if the book is a living paper."""
    if not (Path(app.srcdir) / CONFIG).is_file():
        return SAFE
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # results must not depend on the number of cores
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    for part in (roles, directives, output):
        part.register(app)
    app.add_domain(ReadOnceDomain, override=True)
    app.connect("config-inited", use_fresh_results, priority=100)
    app.connect("config-inited", put_face, priority=100)
    app.connect("config-inited", put_stamp, priority=101)
    app.connect("env-get-outdated", outdated)
    app.connect("builder-inited", add_assets)
    app.connect("source-read", withhold_passages)
    app.connect("source-read", add_panel)
    app.connect("html-page-context", add_meta)
    return SAFE
