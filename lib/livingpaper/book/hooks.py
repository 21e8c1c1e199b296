"""What the build of the book needs besides roles: fresh results, local assets, the stamp on every page."""

from __future__ import annotations

import hashlib
import os
import subprocess
import tomllib
from html import escape
from importlib.metadata import version as package_version
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config
from study.protocol.protocol import load_protocol, protocol_hash

from livingpaper.build.cache import write_whole
from livingpaper.build.project import Project, digest, find_project
from livingpaper.ledger.ledger import MARKS, ORIGINS

STATIC = Path(__file__).parents[1] / "static"
LEGEND = " · ".join(f"<b>{MARKS[origin]}</b> {text}" for origin, text in ORIGINS.items())
DRAFT = "Draft, not for citation: passages written for other results are left out. "
BANNER = f"Synthetic cohort: where a number is marked S, no patient is behind it. <span class='legend'>{LEGEND}</span>"


def inputs_digest(project: Project) -> str:
    """Return the hash of everything the chapters' outputs rest on, apart from the chapters themselves."""
    parts = [project.root / "lib", project.data, project.protocol, project.lock, project.ledger]
    parts += (project.root / "versions").glob("v*/ledger.csv")
    files = digest([part for part in parts if part.exists()], project.root)
    followed = (
        tomllib.loads(project.claims.read_text("utf-8")).get("followed") if project.claims.is_file() else []
    )
    return hashlib.sha256(f"{files} {followed}".encode()).hexdigest()[:16]


def use_fresh_results(app: Sphinx, config: Config) -> None:
    """Keep executed chapters under the hash of their inputs: jupyter-cache looks at the code cells only."""
    project = find_project(Path(app.srcdir))
    if config.nb_execution_mode == "cache":
        config.nb_execution_cache_path = str(project.build / ".jupyter_cache" / inputs_digest(project))


def outdated(app: Sphinx, env: Any, *_: object) -> set[str]:
    """Return every page if an input, or the rule of a conclusion, has changed since the last build."""
    project = find_project(Path(app.srcdir))
    now = f"{inputs_digest(project)} {digest([project.claims], project.root)}"
    before = getattr(env, "paper_inputs", None)
    env.paper_inputs = now
    return set() if before in (None, now) else set(env.found_docs)


def stamp(project: Project) -> dict[str, str]:
    """Return what identifies this build: version, date of release, commit, hashes of protocol and data."""
    return {
        "version": citation(project, "version"),
        "released": citation(project, "date-released"),
        "commit": commit(project),
        "protocol": protocol_hash(project.protocol),
        "data": digest([project.data], project.root)[:12],
    }


def citation(project: Project, key: str) -> str:
    """Return a line of ``CITATION.cff``: a build shows when it was released, not when it was made."""
    for line in (project.root / "CITATION.cff").read_text("utf-8").splitlines():
        if line.startswith(f"{key}:"):
            return line.split(":", 1)[1].strip().strip("'\"")
    raise ValueError(f"CITATION.cff must have a line {key}: ..., found none; add it")


def commit(project: Project) -> str:
    """Return the short commit, with a plus sign if files differ from it; "no commit" outside git."""
    git = ["git", "-C", str(project.root)]
    try:
        head = subprocess.run(
            [*git, "rev-parse", "--short=10", "HEAD"], capture_output=True, text=True, check=True
        )
        changed = subprocess.run([*git, "status", "--porcelain"], capture_output=True, text=True, check=True)
    except (subprocess.CalledProcessError, FileNotFoundError):
        return "no commit"
    return head.stdout.strip() + ("+" if changed.stdout.strip() else "")


def put_stamp(app: Sphinx, config: Config) -> None:
    """Print the stamp in the footer of every page and every sheet."""
    project = find_project(Path(app.srcdir))
    marks, draft = stamp(project), load_protocol(project.protocol).study.draft
    line = (
        f"Version {marks['version']} ({marks['released']}) · commit {marks['commit']} · "
        f"protocol {marks['protocol']} · data {marks['data']}"
    )
    cite = (
        f"Cite this version: The maintainers of this living paper. {citation(project, 'title')}. "
        f"Version {marks['version']}, {marks['released']}."
    )
    config.html_theme_options = {
        **config.html_theme_options,
        "announcement": (DRAFT if draft else "") + BANNER,
        "extra_footer": f"<div class='stamp'>{line}<br>{escape(cite)}</div>",
    }
    config.version = config.release = marks["version"]
    commands = {
        "paperversion": marks["version"],
        "paperdate": marks["released"],
        "papercommit": marks["commit"],
        "paperprotocol": marks["protocol"],
        "paperdata": marks["data"],
    }
    defined = "\n".join(rf"\newcommand{{\{name}}}{{{value}}}" for name, value in commands.items())
    preamble = (STATIC / "paper.tex").read_text("utf-8")
    config.latex_elements = {**config.latex_elements, "preamble": defined + "\n" + preamble}


def add_assets(app: Sphinx) -> None:
    """Serve style, fonts and the chart library from the site itself."""
    if app.builder.format != "html":
        return
    project = find_project(Path(app.srcdir))
    app.config.html_static_path.append(str(STATIC / "web"))
    app.config.html_static_path.append(str(_vega_bundle(project)))
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


def connect(app: Sphinx) -> None:
    """Connect everything to the build."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # results must not depend on the number of cores
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    app.connect("config-inited", use_fresh_results, priority=100)
    app.connect("config-inited", put_stamp, priority=100)
    app.connect("env-get-outdated", outdated)
    app.connect("builder-inited", add_assets)
