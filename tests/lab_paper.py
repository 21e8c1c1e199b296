"""A paper of one chapter that runs, to be opened in JupyterLab: how many gaps lie within a caliper."""

from __future__ import annotations

from pathlib import Path

from livingpaper.build.project import Project
from livingpaper.ledger.ledger import entry, ledger_frame, write_ledger

GAPS = (0.05, 0.1, 0.15, 0.25, 0.4)  # within 0.2: three; within 0.3: four
HEAD = """\
---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
    format_version: 0.13
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---
"""
CHAPTER = f"""{HEAD}
# How far apart pairs may be

::::{{admonition}} In short
Of {{result}}`gaps.all.n` gaps {{result}}`gaps.close.n` lie within the caliper,
as {{numref}}`tbl-gaps` shows{{cite}}`austin2011,li2018`; see {{doc}}`index`.
::::

```{{code-cell}} ipython3
:tags: [hide-input]

import tomllib
from pathlib import Path

import pandas as pd
from livingpaper import Sheet, crosstable, ledger, record, show

choices = tomllib.loads(Path("../protocol.toml").read_text())["matching"]
gaps = pd.Series({list(GAPS)})
```

:::{{tabularcolumns}} lr
:::

:::{{rubric}} A heading within the text
:::

```{{changes}}
```

(within)=
## Within the caliper

```{{code-cell}} ipython3
:tags: [hide-input]

close = gaps.to_frame("gap").assign(caliper_sd=choices["caliper_sd"]).query("gap <= caliper_sd")
record({{"all": len(gaps), "close": len(close)}}, "gaps.{{name}}.n", origin="synthetic", scale="count")
```

Pairs are taken if they are at most {{choice}}`matching.caliper_sd` apart.
That are {{result}}`gaps.close.n`, and {{result}}`gaps.none.n` is a number that no cell records.

```{{code-cell}} ipython3
:tags: [remove-input]

rows = ledger.select("gaps.{{which}}.n")
cells = crosstable(rows, "which", "scale", corner="Gaps", cell=lambda row: row["text"])
show(Sheet(cells, sources=(rows,)), "tbl-gaps", \"\"\"
Of all, {{result}}`gaps.close.n` are close.
\"\"\")
```
"""
BIBLIOGRAPHY = (
    "@article{austin2011, author = {Austin, Peter C.}, title = {Optimal caliper widths}, "
    "journal = {Pharmaceutical Statistics}, year = {2011}}\n"
    "@article{li2018, author = {Li, Fan and Morgan, Kari Lock}, title = {Balancing}, journal = {JASA}, year = {2018}}\n"
)
PAPER = """\
[origins.synthetic]
mark = "S"
says = "synthetic cohort"
sentence = "Synthetic cohort: no patient is in it."
"""
PROTOCOL = "[matching]\ncaliper_sd = 0.2\n\n[outcome]\nhorizon_days = 28\n"
CITATION = "title: A small paper\nauthors:\n  - name: Nobody\nversion: 1.0.0\ndate-released: 2026-01-01\n"


def lab_paper(root: Path) -> Project:
    """Write the paper."""
    for folder in ("book", "results"):
        (root / folder).mkdir(parents=True)
    (root / "paper.toml").write_text(PAPER)
    (root / "protocol.toml").write_text(PROTOCOL)
    (root / "CITATION.cff").write_text(CITATION)
    (root / "_toc.yml").write_text("format: jb-book\nroot: book/index\nchapters:\n  - file: book/gaps\n")
    (root / "book" / "index.md").write_text("# A small paper\n")
    (root / "book" / "gaps.md").write_text(CHAPTER)
    (root / "book" / "references.bib").write_text(BIBLIOGRAPHY)
    project = Project(root)
    counts = {"all": len(GAPS), "close": sum(gap <= 0.2 for gap in GAPS), "none": 0}
    rows = [
        entry(f"gaps.{name}.n", "synthetic", "count", n, code="book/gaps.md::within")
        for name, n in counts.items()
    ]
    write_ledger(ledger_frame(rows), project.ledger)
    return project
