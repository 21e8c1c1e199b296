"""Parts of pages and whole documents: Jinja templates in ``static/``, filled in."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

IN_LAB = "LIVINGPAPER_LAB"  # set in kernels of JupyterLab, which shows no more than previews
STATIC = Path(__file__).parents[1] / "static"
FOLDERS = [STATIC / "book", STATIC / "site", STATIC]
TEMPLATES = Environment(loader=FileSystemLoader(FOLDERS), autoescape=True, undefined=StrictUndefined)


def markup(template: str, /, **words: Any) -> str:
    """Return a template, ``ledger.html``, with its words filled in."""
    return TEMPLATES.get_template(template).render(words)
