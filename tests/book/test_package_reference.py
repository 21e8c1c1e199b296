"""The reference of a package holds every public name, and its docstrings come through as they are."""

from __future__ import annotations

import re

import headtohead as hh
import pytest
from livingpaper.book.reference import _entries, reference_myst
from livingpaper.build.project import Project

from book import gates


@pytest.fixture(scope="module")
def text(project: Project) -> str:
    return reference_myst(project, "headtohead", "hh")


def test_every_public_name_has_one_entry_in_the_section_of_its_part(text: str) -> None:
    sections = dict(re.findall(r"^## `([\w.]+)`\n(.*?)(?=^## |\Z)", text, re.M | re.S))
    parts = {"hh." + name for name in hh.__all__ if name in sections or f"hh.{name}" in sections}
    assert set(sections) == {"hh"} | parts
    assert len(parts) == 6
    for path, body in sections.items():
        names = hh.__all__ if path == "hh" else getattr(hh, path.removeprefix("hh.")).__all__
        for name in names:
            if f"hh.{name}" not in parts:
                assert body.count(f"\n`{path}.{name}`\n: ") == 1, name


def test_what_is_printed_of_it_reads_like_prose(text: str) -> None:
    """The PDF prints the first sentences, and its gate takes an empty value for a number that went missing."""
    printed = re.findall(r"^: (.*)$", text, re.M)
    assert len(printed) > 80
    assert [hole for sentence in printed for hole in gates.holes(sentence)] == []
    assert [sentence for sentence in printed if not 3 <= len(sentence.split()) <= 40] == []


def test_methods_that_say_what_they_do_have_entries_and_private_ones_have_none(text: str) -> None:
    assert "\n`hh.Score.match`\n: Return greedy nearest-neighbour pairs" in text
    assert "`hh.Score._pairs`" not in text


def test_an_entry_gives_the_call_with_its_types_and_defaults_and_the_whole_docstring() -> None:
    def lost(days: list[int], *, by: int, stream: str = "a<b") -> int:
        """Return days lost; ``by`` the_horizon* counts. Then more.

        Parameters
        ----------
        by : int
        """
        return sum(days) - by + len(stream)

    (found,) = _entries("hh.lost", lost)
    assert found.startswith(
        "`hh.lost`\n: Return days lost; `by` the\\_horizon\\* counts.\n\n  ```{raw} html\n  <details>"
    )
    assert ">hh.lost(days: list[int], *, by: int, stream: str = &#x27;a&lt;b&#x27;) -&gt; int\n" in found
    assert "  ----------\n  by : int</pre></details>\n  ```" in found


def test_the_first_sentence_is_told_and_no_letter_of_it_is_markup() -> None:
    class Thing:
        """Hold ``x_y`` | [z]
        w^2. More.

        Rest.
        """

        def shown(self) -> None:
            """Show it."""

        def _hidden(self) -> None:
            """Hide it."""

        def silent(self) -> None: ...

    thing, method = _entries("a.Thing", Thing)
    assert thing.startswith("`a.Thing`\n: Hold `x_y` \\| \\[z\\] w\\^2.\n")
    assert method.startswith("`a.Thing.shown`\n: Show it.\n")
