"""The extension, merely added to a Jupyter Book that has no ledger, changes nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from project_copy import fingerprints

PAGE = """---
jupytext:
  text_representation: {extension: .md, format_name: myst}
kernelspec: {name: python3, display_name: Python 3}
---

# A page

Words, $x^2$ and a number: {numref}`fig-a`.

```{code-cell} ipython3
1 + 1
```

```{figure} a.svg
:name: fig-a

A figure.
```
"""
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>\n'


def built(root: Path, config: str) -> dict[str, bytes]:
    root.mkdir()
    for name, text in {
        "_config.yml": f"title: A book\nauthor: Somebody\nonly_build_toc_files: true\n{config}",
        "_toc.yml": "format: jb-book\nroot: index\nchapters:\n  - file: second\n",
        "index.md": PAGE,
        "second.md": "# Second\n\nSee [the page](index.md).\n",
        "a.svg": SVG,
    }.items():
        (root / name).write_text(text, "utf-8")
    command = [str(Path(sys.executable).with_name("jupyter-book")), "build", "-W", "-n", str(root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    made = root / "_build" / "html"
    return {
        str(Path(name).relative_to(made)): content.replace(str(root).encode(), b"")
        for name, content in fingerprints(made).items()
        if not name.endswith((".buildinfo", "searchindex.js", "objects.inv"))
    }


@pytest.mark.whole
def test_an_existing_book_is_built_unchanged(tmp_path: Path) -> None:
    without = built(tmp_path / "without", "")
    added = built(tmp_path / "added", "sphinx:\n  extra_extensions: [livingpaper]\n")
    assert set(added) == set(without)
    assert [name for name in added if added[name] != without[name]] == []
    assert b"A figure." in added["index.html"]
