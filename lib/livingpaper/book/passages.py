"""The running text of a chapter: which lines are paragraphs and captions, and how one is left out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import groupby

PRINTED = re.compile(r"\{result\}`([^` ]+)")  # the id of a number that a passage prints
STRUCTURE = re.compile(r"\s*$|:{3,}|`{3}|\(.*\)=$|#|\||:\w+:|show\(|\"{3}")


def leave_out(chapter: str, goes: Callable[[str], bool], instead: str) -> str:
    """Return a chapter's MyST text with ``instead`` for each paragraph or caption that ``goes``.

    Headings, tables and code stay.
    """
    lines: list[str] = []
    for is_text, run in groupby(_marked(chapter), key=lambda pair: pair[0]):
        block = [line for _, line in run]
        lines += [instead] if is_text and goes("\n".join(block)) else block
    return "\n".join(lines)


def _marked(chapter: str) -> Iterator[tuple[bool, str]]:
    """Yield each line and whether it is running text: a paragraph, or a caption within a cell."""
    front = code = caption = False
    for number, line in enumerate(chapter.split("\n")):
        if line == "---":
            front = number == 0
        code ^= line.startswith("```")
        inside = not front and (caption or not code) and not STRUCTURE.match(line)
        caption ^= code and line.count('"""') == 1
        yield inside, line
