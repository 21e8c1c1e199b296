"""Parts of pages: Jinja templates in ``static/``, filled in."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

STATIC = Path(__file__).parents[1] / "static"
FOLDERS = [STATIC / "book", STATIC / "site"]
TEMPLATES = Environment(
    loader=FileSystemLoader(FOLDERS), autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True
)  # fmt: skip


def markup(template: str, **words: Any) -> str:
    """Return a part of a page, ``static/book/<template>.html``, with its words filled in."""
    return TEMPLATES.get_template(f"{template}.html").render(words).removesuffix("\n")
