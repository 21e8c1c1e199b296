"""The smallest built paper: one page, one sheet, one ledger row, one checklist; every gate passes on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from livingpaper.ledger.ledger import LEDGER_COLUMNS, entry, ledger_frame

STAMP = "Version 1.0.0 (2026-01-01) · commit abc1234567 · protocol 0123456789ab · data 0123456789ab"
ALT = "Two bars of nearly the same height, one per drug."
CAPTION = "Figure 1: The share of patients who died differs little between the drugs."
PAGE = f"""<!doctype html><html lang="en"><head><title>A small paper</title></head><body>
<div>Synthetic cohort: no patient is behind it.</div><article class="bd-article">
<h1 id="top">A small paper</h1>
<p>Of the patients given the drug,
<a class="result origin-counts" href="#n-a" data-id="a" title="Newcombe">22<sup class="origin">C</sup></a> died.</p>
<p id="n-a">The published counts do not show similar mortality. <a href="#top">Back</a>
<a href="https://doi.org/10.3390/jcm10174019">the study</a></p>
<figure id="fig-a"><img src="a.svg" alt="{ALT}"><figcaption>{CAPTION}</figcaption></figure>
<table><tr><td>22</td></tr></table>
<script type="application/json" data-chart="fig-a">{{"datasets": {{"d": [{{"drug": "A", "share": 0.2}}]}}}}</script>
</article><footer>{STAMP}</footer></body></html>
"""
PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'
SHEET = [
    "Of the patients given the drug, 22 C died. Version 1.0.0",
    *["The rest of the sheet says more."] * 10,
]


def small_site(folder: Path, page: str = PAGE) -> Path:
    """Write the site and return its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "page.html").write_text(page, "utf-8")
    (folder / "a.svg").write_text(PICTURE, "utf-8")
    return folder


def small_ledger(p: float = 0.18) -> pd.DataFrame:
    """Return a ledger with a p-value of the test of equivalence and one synthetic row."""
    rows = [
        entry("counts.death.equivalence.margin.p", "counts", "p value", p, code="a.py::a"),
        entry("worlds.null.n", "synthetic", "count", 342.0, code="a.py::a"),
    ]
    return ledger_frame(rows)[list(LEDGER_COLUMNS)].set_index("id", drop=False)


def small_checklist(where: str = "top") -> dict[str, Any]:
    """Return a checklist of one item."""
    item = {"id": "1", "need": "Say what was done", "where": [where], "status": "done"}
    return {"title": "STROBE", "doi": "10.1/1", "numbering_verified": True, "items": [item]}


def small_pdf(path: Path, lines: list[str], *, size: tuple[float, float] = (595.28, 841.89)) -> Path:
    """Write a PDF of one sheet by hand, in a font that is not in the file."""
    shown = "".join(f"({line}) Tj 0 -14 Td " for line in lines)
    content = f"BT /F1 10 Tf 40 780 Td {shown}ET"
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {size[0]} {size[1]}] /Contents 4 0 R"
        " /Resources << /Font << /F1 5 0 R >> >> >>",
        f"<< /Length {len(content)} >>\nstream\n{content}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    body, offsets = "%PDF-1.4\n", []
    for number, text in enumerate(objects, 1):
        offsets.append(len(body))
        body += f"{number} 0 obj\n{text}\nendobj\n"
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    total = len(objects) + 1
    tail = f"trailer\n<< /Size {total} /Root 1 0 R >>\nstartxref\n{len(body)}\n%%EOF\n"
    path.write_bytes(f"{body}xref\n0 {total}\n0000000000 65535 f \n{table}{tail}".encode("latin-1"))
    return path
