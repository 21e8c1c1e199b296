"""The search of what was built: every rule finds what was planted, in every place where it can hide, and nothing else."""

from __future__ import annotations

import base64
import bz2
import contextlib
import getpass
import gzip
import json
import lzma
import os
import pickle
import re
import shutil
import sqlite3
import struct
import subprocess
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import altair as alt
import nbformat
import numpy as np
import pandas as pd
import pytest
from livingpaper.__main__ import main
from livingpaper.disclosure import scan as scanning
from livingpaper.disclosure import traces
from livingpaper.disclosure.digits import normal, printed
from livingpaper.disclosure.patients import Reference
from livingpaper.disclosure.scan import Finding, LeakError, findings, read_table, scan
from livingpaper.disclosure.tables import tables_in
from planted import COHORT, LABS
from pypdf import PdfWriter
from pypdf.annotations import Text
from pypdf.generic import NameObject, StreamObject

CLEAN = """<!doctype html><html><body><h1>Results</h1><p>Of 240 patients, 118 had the new drug.
Risk 18.3% (95% CI 11.2 to 25.9), 42 events, released 2026-11-25.</p>
<table><tr><th>Arm</th><th>n</th><th>median age</th></tr><tr><td>old</td><td>122</td><td>56</td></tr>
<tr><td>new</td><td>118</td><td>57</td></tr></table></body></html>"""

KNOWN = [(scanning, "Reference", Reference(COHORT)), (traces, "Marks", traces.Marks(COHORT))]


def found(folder: Path, cohort: pd.DataFrame | None = COHORT) -> set[str]:
    """Return the rules that find something."""
    return {finding.rule for finding in findings(folder, cohort)}


@pytest.fixture(autouse=True)
def learned_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Learn the one cohort of most tests once: it takes longer than to look through what they plant."""
    for module, kind, known in KNOWN:
        monkeypatch.setattr(
            module, kind, lambda frame, known=known: known if frame is COHORT else type(known)(frame)
        )


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "index.html").write_text(CLEAN)
    return folder


def test_a_clean_site_is_clean(site: Path) -> None:
    assert list(findings(site, COHORT)) == []
    assert "nothing that may not leave" in scan(site)


def test_alike_files_are_looked_into_once_and_told_everywhere(site: Path) -> None:
    """By several processes as by one; what a name makes harmless in one place is found under another name."""
    for version in range(12):
        (site / f"v{version}").mkdir()
        (site / f"v{version}" / "index.html").write_text(CLEAN.replace("56", str(56 + version % 4)))
    leak = COHORT.to_csv(index=False) + "\nwritten by somebody@hospital.example\n"
    for name in ("v1/a.csv", "v7/a.csv", "v11/b.js", "v3/a.js"):
        (site / name).write_text(leak)
    told = {(one.rule, one.place) for one in findings(site, COHORT)}
    assert {place for rule, place in told if rule == "rows"} == {
        "v1/a.csv",
        "v7/a.csv",
        "v11/b.js",
        "v3/a.js",
    }
    assert {place for rule, place in told if rule == "users"} == {"v1/a.csv", "v7/a.csv"}
    alone = [findings(site / name, COHORT) for name in ("v1/a.csv", "v11/b.js")]
    assert [{one.rule for one in found} for found in alone] == [
        {rule for rule, place in told if place == name} for name in ("v1/a.csv", "v11/b.js")
    ]


def test_a_process_that_fails_is_an_error(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(12):
        (site / f"{number}.csv").write_text(f"n\n{number}\n")
    monkeypatch.setattr(Reference, "rows_in", lambda *_: os._exit(9))
    with pytest.raises(RuntimeError, match="process"):
        list(findings(site, COHORT))


# rows, in every form


def shuffled(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.sample(frac=1, random_state=3)


def as_html(frame: pd.DataFrame) -> str:
    return f"<!doctype html><html><body>{frame.to_html(index=False)}</body></html>"


FORMS: dict[str, Callable[[pd.DataFrame], str]] = {
    "csv": lambda f: f.to_csv(index=False),
    "semicolons and decimal commas": lambda f: f.to_csv(index=False, sep=";", decimal=","),
    "tabs": lambda f: f.to_csv(index=False, sep="\t"),
    "records": lambda f: f.to_json(orient="records"),
    "columns": lambda f: f.to_json(orient="columns"),
    "split": lambda f: f.to_json(orient="split"),
    "lists": lambda f: json.dumps(f.to_dict(orient="list")),
    "html": as_html,
    "script": lambda f: f"<!doctype html><script>var d = {f.to_json(orient='values')};</script>",
    "escaped": lambda f: json.dumps({"data": json.dumps(f.to_dict(orient="records"))}),
    "javascript": lambda f: f"export const rows={f.to_json(orient='values')};",
    "prose": lambda f: " ".join(" and ".join(map(str, row)) + "." for row in f.to_numpy().tolist()),
    "data address": lambda f: (
        f'<html><a href="data:text/csv,{f.to_csv(index=False).replace(",", "%2C").replace(chr(10), "%0A")}">'
    ),
    "base64": lambda f: json.dumps({"x": base64.b64encode(f.to_csv(index=False).encode()).decode()}),
    "aria": lambda f: (
        "<svg>"
        + "".join(
            f'<path aria-label="{"; ".join(f"{k}: {v}" for k, v in row.items())}"/>'
            for row in f.to_dict("records")
        )
        + "</svg>"
    ),
}
CHANGES: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "as they are": lambda f: f,
    "reordered": lambda f: shuffled(f)[f.columns[::-1]],
    "rounded": lambda f: f.round(0).astype(int),
    "one decimal": lambda f: f.round(1),
    "half of them": lambda f: f.sample(frac=0.5, random_state=1),
    "twelve of them": lambda f: f.sample(12, random_state=1),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("form", FORMS)
def test_rows_in_every_form(site: Path, form: str, change: str) -> None:
    rows = CHANGES[change](COHORT[LABS])
    name = {"html": "t.html", "javascript": "t.js", "aria": "t.svg", "csv": "t.csv"}.get(form, "t.txt")
    (site / name).write_text(FORMS[form](rows))
    assert "rows" in found(site), (form, change)


def test_one_row_is_enough_and_named_by_its_place_alone(site: Path) -> None:
    row = COHORT.loc[17, LABS].astype(float)
    (site / "x.json").write_text(json.dumps(list(row)))
    (one,) = (each for each in findings(site, COHORT) if each.rule == "rows")
    assert one == Finding("rows", "x.json", "1 rows, the first is row 18 of the table")


@pytest.mark.parametrize("columns", [["age", "stay"], ["age", "ldh"], ["stay", "creatinine"]])
def test_two_columns_are_enough(site: Path, columns: list[str]) -> None:
    (site / "x.csv").write_text(shuffled(COHORT)[columns].head(150).to_csv(index=False))
    assert "rows" in found(site)


@pytest.mark.parametrize("column", LABS[:5])
def test_columns_split_over_files(site: Path, column: str) -> None:
    (site / f"{column}.json").write_text(json.dumps(sorted(COHORT[column].tolist())))
    assert "rows" in found(site), column


def test_rows_split_over_files(site: Path) -> None:
    for number, row in enumerate(COHORT[["age", "stay"]].itertuples(index=False)):
        (site / f"p{number}.json").write_text(json.dumps([list(map(int, row))]))
    assert "rows" in found(site)


def test_marks_of_a_chart_are_patients_on_another_scale(site: Path) -> None:
    marks = "".join(f'<path transform="translate({x * 3.7 + 12:.3f},{200 - y:.3f})"/>' for x, y in
                    zip(COHORT["crp"], COHORT["age"], strict=True))  # fmt: skip
    (site / "c.svg").write_text(f"<svg>{marks}</svg>")
    assert "rows" in found(site)


@pytest.mark.parametrize("dump", [lambda f: pickle.dumps(f), lambda f: pickle.dumps(f.to_dict("records")),
                                  lambda f: f["crp"].to_numpy().astype(">f8").tobytes() + b"\0"])  # fmt: skip
def test_binary_caches(site: Path, dump: Callable[[pd.DataFrame], bytes]) -> None:
    (site / "cache.bin").write_bytes(b"\0" + dump(COHORT[LABS]))
    assert "rows" in found(site)


def test_a_chart_that_carries_its_rows(site: Path) -> None:
    chart = alt.Chart(COHORT[LABS]).mark_point().encode(x="age:Q", y="ldh:Q")
    (site / "x.html").write_text(f"<html><script type='application/json'>{chart.to_json()}</script></html>")
    assert "rows" in found(site)


def test_aggregates_are_no_patients(site: Path) -> None:
    """Group means, quantiles, a histogram and a curve to two digits are what a paper is made of."""
    rng = np.random.default_rng(5)
    curve = pd.DataFrame({"day": range(29), "risk": np.cumsum(rng.random(29)) / 60}).round(3)
    means = COHORT.groupby("arm")[LABS].mean().round(1).to_csv()
    bins = pd.Series(np.histogram(COHORT["age"], range(10, 101, 10))[0] + 10).to_csv()
    other = pd.DataFrame(
        {name: rng.permutation(COHORT[name].to_numpy() * 1.017) for name in ["ldh", "ferritin"]}
    )
    (site / "a.csv").write_text(curve.to_csv(index=False))
    (site / "b.csv").write_text(means)
    (site / "c.csv").write_text(bins)
    (site / "d.csv").write_text(other.round(2).head(60).to_csv(index=False))
    assert "rows" not in found(site)


# where things hide

PLANT = COHORT[["record", *LABS]].head(30).to_csv(index=False).encode()


def zipped(data: bytes) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("in/rows.csv", data)
    return out.getvalue()


def tarred(data: bytes, mode: str = "w") -> bytes:
    out = BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:  # type: ignore[call-overload]
        info = tarfile.TarInfo("rows.csv")
        info.size = len(data)
        archive.addfile(info, BytesIO(data))
    return out.getvalue()


def pdf(data: bytes) -> bytes:
    out, writer = BytesIO(), PdfWriter()
    writer.add_blank_page(100, 100)
    writer.add_attachment("rows.csv", data)
    writer.write(out)
    return out.getvalue()


def excel(data: bytes) -> bytes:
    out = BytesIO()
    rows = [line.split(",") for line in data.decode().split("\n")[1:-1]]
    cells = ["".join(f'<c r="{"ABCDEFG"[at]}{line}"><v>{cell}</v></c>' for at, cell in enumerate(row))
             for line, row in enumerate(rows, 2)]  # fmt: skip
    sheet = "".join(f'<row r="{line}" spans="1:7">{row}</row>' for line, row in enumerate(cells, 2))
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(
            "xl/worksheets/sheet1.xml",
            f'<?xml version="1.0"?><worksheet><sheetData>{sheet}</sheetData></worksheet>',
        )
    return out.getvalue()


def notebook(data: bytes) -> bytes:
    rows = pd.read_csv(BytesIO(data))
    output = nbformat.v4.new_output(
        "display_data", {"text/html": rows.to_html(), "text/plain": rows.to_string()}
    )
    cell = nbformat.v4.new_code_cell("rows", outputs=[output])
    return nbformat.writes(nbformat.v4.new_notebook(cells=[cell])).encode()


HIDING = {
    "x.gz": gzip.compress,
    "x.xz": lzma.compress,
    "x.bz2": bz2.compress,
    "x.zip": zipped,
    "x.tar": tarred,
    "x.tar.gz": lambda data: tarred(data, "w:gz"),
    "x.tar.xz": lambda data: tarred(data, "w:xz"),
    "deep.zip": lambda data: zipped(gzip.compress(tarred(zipped(data)))),
    "x.pdf": pdf,
    "x.xlsx": excel,
    "x.ipynb": notebook,
    "noname": lambda data: data,
    "utf16.csv": lambda data: data.decode().encode("utf-16"),
}


@pytest.mark.parametrize("name", HIDING)
def test_hidden_in(site: Path, name: str) -> None:
    (site / name).write_bytes(HIDING[name](PLANT))
    assert {"rows", "ids"} <= found(site)


LINES = "\n".join(
    ", ".join(f"{name} {value}" for name, value in row.items())
    for row in COHORT[LABS].head(12).to_dict("records")
)
LEAKS = {
    "rows": LINES,
    "ids": f"record {COHORT.at[7, 'record']} of",
    "dates": f"first dose on {COHORT.at[7, 'admitted']}",
    "small": "of these, 3 of 118 died",
    "paths": "read /home/ana/export.csv",
    "users": "write to ana.perez@hospital.example",
    "text": COHORT.at[8, "note"],
}


def pdf_of(change: Callable[[PdfWriter], object]) -> bytes:
    out, writer = BytesIO(), PdfWriter()
    writer.add_blank_page(100, 100)
    change(writer)
    writer.write(out)
    return out.getvalue()


def printed_pdf(text: str) -> bytes:
    """Return a PDF that prints the text, its page packed as LaTeX packs it."""
    lines = " ".join(f"({line}) Tj T*" for line in text.splitlines())
    page = zlib.compress(f"BT /F1 6 Tf 10 780 Td 8 TL {lines} ET".encode("latin-1"))
    parts = [
        b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d/Filter/FlateDecode>>stream\n%b\nendstream" % (len(page), page),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]  # fmt: skip
    out, at = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        at.append(len(out))
        out += b"%d 0 obj%bendobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % place for place in at)
    end = b"trailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % len(out)
    return out + b"xref\n0 6\n0000000000 65535 f \n" + table + end


def described(writer: PdfWriter, text: str) -> None:
    about = StreamObject()
    about.set_data(f"<x:xmpmeta><dc:description>{text}</dc:description></x:xmpmeta>".encode())
    about |= {NameObject("/Type"): NameObject("/Metadata"), NameObject("/Subtype"): NameObject("/XML")}
    writer.root_object[NameObject("/Metadata")] = writer._add_object(about)


def png(kind: bytes, content: bytes) -> bytes:
    parts = [(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)), (kind, b"Comment\0" + content),
             (b"IDAT", zlib.compress(b"\0\xff\xff\xff")), (b"IEND", b"")]  # fmt: skip
    chunks = (struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in parts)
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def database(text: str) -> bytes:
    with contextlib.closing(sqlite3.connect(":memory:")) as made:
        made.execute("create table nbcache (id int, uri text)")
        made.execute("insert into nbcache values (1, ?)", (text,))
        made.commit()
        return made.serialize()


def one_cell(cell: nbformat.NotebookNode) -> bytes:
    return nbformat.writes(nbformat.v4.new_notebook(cells=[cell])).encode()


def said_by(kind: str, **said: object) -> bytes:
    return one_cell(nbformat.v4.new_code_cell("x", outputs=[nbformat.v4.new_output(kind, **said)]))


SURFACES: dict[str, Callable[[str], bytes]] = {
    "page.html": lambda t: f"<!doctype html><html><body><p>{t}</p></body></html>".encode(),
    "comment.html": lambda t: f"<!doctype html><html><!-- {t} --></html>".encode(),
    "searchindex.js": lambda t: f"Search.setIndex({json.dumps({'titles': [t]})})".encode(),
    "label.svg": lambda t: f'<svg aria-label="{t}"></svg>'.encode(),
    "title.svg": lambda t: f"<svg><title>{t}</title></svg>".encode(),
    "paper.jats.xml": lambda t: (
        f'<?xml version="1.0"?><article><abstract><p>{t}</p></abstract></article>'.encode()
    ),
    "figure.jats.xml": lambda t: f'<?xml version="1.0"?><article><fig alt="{t}"/></article>'.encode(),
    "ro-crate-metadata.json": lambda t: json.dumps({"@graph": [{"@id": "./", "description": t}]}).encode(),
    "paper.jsonld": lambda t: json.dumps({"abstract": f"Fièvre: {t}"}).encode(),
    "printed.pdf": printed_pdf,
    "attached.pdf": lambda t: pdf_of(lambda w: w.add_attachment("a.txt", t.encode())),
    "about.pdf": lambda t: pdf_of(lambda w: w.add_metadata({"/Subject": t})),
    "xmp.pdf": lambda t: pdf_of(lambda w: described(w, t)),
    "note.pdf": lambda t: pdf_of(lambda w: w.add_annotation(0, Text(rect=(0, 0, 9, 9), text=t))),
    "bookmark.pdf": lambda t: pdf_of(lambda w: w.add_outline_item(title=t, page_number=0)),
    "printed.ipynb": lambda t: said_by("stream", text=t),
    "error.ipynb": lambda t: said_by("error", ename="E", evalue=t, traceback=[t]),
    "about.ipynb": lambda t: one_cell(nbformat.v4.new_code_cell("x", metadata={"note": t})),
    "prose.ipynb": lambda t: one_cell(nbformat.v4.new_markdown_cell(t)),
    "step.pickle": lambda t: pickle.dumps({"a": t}),
    "page.doctree": lambda t: pickle.dumps(["x", {"text": t}], protocol=4),
    "global.db": database,
    "page.html.gz": lambda t: gzip.compress(t.encode()),
    "objects.inv": lambda t: (
        b"# Sphinx inventory version 2\n# compressed using zlib.\n" + zlib.compress(t.encode())
    ),
    "said.png": lambda t: png(b"tEXt", t.encode()),
    "packed.png": lambda t: png(b"zTXt", b"\0" + zlib.compress(t.encode())),
    "build.log": str.encode,
}


@pytest.mark.parametrize("surface", SURFACES)
def test_each_rule_finds_its_plant_on_each_surface(site: Path, surface: str) -> None:
    missed = []
    for rule, leak in LEAKS.items():
        (site / surface).write_bytes(SURFACES[surface](leak))
        missed += [] if rule in found(site) else [rule]
    assert missed == []
    (site / surface).write_bytes(SURFACES[surface]("Of 240 patients, 118 had the new drug."))
    assert found(site) == set()


def git(folder: Path, *words: str) -> None:
    who = ("-c", "user.name=A", "-c", "user.email=a@b")
    subprocess.run(["git", "-C", str(folder), *who, *words], check=True, capture_output=True)


PASTS: dict[str, list[tuple[str, ...]]] = {
    "a message": [("commit", "--allow-empty", "-qm", "{leak}")],
    "a tag": [("tag", "-a", "v", "-m", "{leak}")],
    "an author": [("-c", "user.name={line}", "commit", "--allow-empty", "-qm", "x")],
    "a branch that is gone": [("checkout", "-qb", "b"), ("commit", "--allow-empty", "-qm", "{leak}"),
                              ("checkout", "-q", "-"), ("branch", "-D", "b")],
}  # fmt: skip


@pytest.mark.parametrize("past", PASTS)
def test_each_rule_finds_its_plant_in_the_past(site: Path, past: str) -> None:
    git(site, "init", "-q")
    git(site, "add", ".")
    git(site, "commit", "-qm", "one")
    assert found(site) == set()
    for rule, leak in LEAKS.items():
        folder = shutil.copytree(site, site.parent / f"{rule} planted")
        for words in PASTS[past]:
            git(folder, *(word.format(leak=leak, line=leak.splitlines()[0]) for word in words))
        assert rule in found(folder), rule


@pytest.mark.parametrize("deleted", [False, True])
def test_in_the_past_of_git(site: Path, deleted: bool) -> None:
    (site / "rows.csv").write_bytes(PLANT)
    git(site, "init", "-q")
    git(site, "add", ".")
    git(site, "commit", "-qm", "one")
    (site / "rows.csv").unlink()
    git(site, *(["commit", "-qam", "gone"] if deleted else ["commit", "-q", "--amend", "-am", "gone"]))
    assert {"rows", "ids"} <= found(site)


@pytest.mark.parametrize(
    "content",
    [
        b"7z\xbc\xaf\x27\x1c rest",
        b"PK\x03\x04 cut off",
        b"\xfd7zXZ\0 cut off",
        b"%PDF-1.7 cut off",
        b"PAR1 cut off",
        gzip.compress(PLANT, mtime=0)[:40],
    ],
)
def test_what_cannot_be_read_is_said(site: Path, content: bytes) -> None:
    (site / "x").write_bytes(content)
    assert "closed" in found(site)


def test_too_deep_is_said(site: Path) -> None:
    data = PLANT
    for _ in range(9):
        data = gzip.compress(data)
    (site / "x.gz").write_bytes(data)
    assert found(site) == {"closed"}


# the other rules, each with what it must find and what it must leave

ID = COHORT.at[5, "record"]
DATE = COHORT.at[9, "admitted"]
PLANTED = {
    "ids": [f"<p>as patient {ID} shows</p>", f'{{"id":"{ID.lower()}"}}', f"see img/{ID}.png",
            f'title="{COHORT.at[3, "surname"]}"',
            f'Search.setIndex({{"terms":{{"hx":1,"{ID.split("-")[1]}":2}}}})'],
    "dates": [f"admitted {DATE}", f"on {pd.Timestamp(DATE):%d/%m/%Y}", f"on {pd.Timestamp(DATE):%d.%m.%Y}",
              f"{pd.Timestamp(DATE):%d %B %Y}".lstrip("0"),
              "when,what\n" + "\n".join(f"2019-03-{d:02d},x" for d in range(1, 9))],
    "small": ["<p>died: 3 of 125</p>", "n = 4", "there were 7 deaths", "<html><table><tr><th>Arm</th><th>Events</th></tr>"
              "<tr><td>a</td><td>3</td></tr></table>", "arm,n\na,140\nb,9\n", "6 (4.8%)", json.dumps([{"arm": "a", "n": 2}]),
              "<html><table><tr><th></th><th>old</th></tr><tr><td>Deaths</td><td>3</td></tr></table>",
              "<p>of them <b>3</b> of 125 died</p>", "<p>of them <em>3</em> (2.4%) died</p>", "<p>n = <i>3</i></p>",
              "<p>3&nbsp;of 125</p>", '<p><a class="result" title="crude">3<sup class="origin">C</sup></a> of 125</p>',
              '<a title="3 of 125">few</a>',
              "<p>of ages &lt; 60, 3 of 125, and &gt; 60</p>", "of ages < 60, 3 of 125, and of those > 60"],
    "paths": ["/home/somebody/cohort.csv", r"C:\Users\somebody\x.xlsx", "file:///Users/ana/x", "File '/tmp/build/x.py'"],
    "users": ["write to ana.perez@hospital.example"],
    "text": [COHORT.at[8, "note"], json.dumps([{"free_text": "seen at home"}])],
}  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "text"), [(rule, text) for rule, texts in PLANTED.items() for text in texts]
)
def test_planted(site: Path, rule: str, text: str) -> None:
    (site / "x.html").write_text(text)
    assert rule in found(site)


@pytest.mark.parametrize(
    "text",
    ["n = 125", "12 deaths", "3 days", "https://example.org/home/x.html", "0 of 125", "released 2026-11-25", "section 3 (4)",
     "10 (4.8%)", "arm,n\na,140\nb,10\n", "1.5 of 10", "chapter 3 of the book", "HX-1", "p = 0.04", "../home/x",
     "<p>day 3</p> <p>deaths</p>", "<p>as shown<sup>3</sup> of 125</p>",
     "<table><tr><td>5</td> <td>participants</td></tr></table>"],
)  # fmt: skip
def test_harmless(site: Path, text: str) -> None:
    (site / "x.txt").write_text(text)
    assert found(site) == set()


def test_the_name_of_who_built_it(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "aperez77")
    assert getpass.getuser() == "aperez77"
    (site / "x.js").write_text("// made by aperez77")
    assert found(site) == {"users"}


def test_a_file_named_like_a_patient(site: Path) -> None:
    (site / f"{ID}.png").write_bytes(b"\x89PNG\0")
    assert found(site) == {"ids"}


def test_without_a_table_the_form_is_enough_for_the_rest(site: Path) -> None:
    (site / "x.html").write_text("<p>3 of 125 at /home/ana/x</p>")
    assert found(site, None) == {"small", "paths"}


# the command


def test_the_command_says_where_and_repeats_nothing(
    site: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "cohort.csv"
    COHORT.to_csv(table, index=False)
    (site / "rows.csv").write_bytes(PLANT)
    assert main(["scan", str(site), "--cohort", str(table)]) == 1
    said = capsys.readouterr().err
    assert re.search(r"rows\.csv: \d\d rows, the first is row 1 ", said)
    assert "--allow" in said
    told = {
        str(value) for name in ("record", "ldh", "ferritin", "surname") for value in COHORT[name].head(30)
    }
    assert not [value for value in told if value in said.replace(str(tmp_path), "")]
    assert main(["scan", str(site), "--cohort", str(table), "--allow", r"rows\.csv"]) == 0


def test_decimal_commas_in_excel_are_numbers(site: Path, tmp_path: Path) -> None:
    """They are looked for as those of patients are, and are no ids that a search index could hold in parts."""
    path = tmp_path / "cohort.xlsx"
    COHORT.assign(crp=[f"{x:.2f}".replace(".", ",") for x in COHORT["crp"]]).to_excel(path, index=False)
    table = read_table(path)
    assert table["crp"].tolist() == COHORT["crp"].tolist()
    words = {str(number): number for number in range(100)}
    (site / "searchindex.js").write_text(f"Search.setIndex({json.dumps({'terms': words})})")
    assert "ids" not in found(site, table)
    (site / "x.csv").write_text(COHORT[["crp"]].to_csv(index=False))
    assert "rows" in found(site, table)


def test_errors(site: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="must exist"):
        scan(site / "no")
    with pytest.raises(ValueError, match="must be 5 at least, found 4"):
        scan(site, threshold=4)
    (tmp_path / "x.csv").write_text("nothing")
    with pytest.raises(ValueError, match="must be a table of patients"):
        read_table(tmp_path / "x.csv")
    (site / "x").write_text("n = 3")
    with pytest.raises(LeakError, match="must hold nothing of a patient"):
        scan(site)


# parts, by hand


@pytest.mark.parametrize(
    ("token", "form"),
    [("78.0", "78"), ("0.50", "0.5"), ("007", "7"), ("1e2", "100"), ("-0.10", "-0.1"), ("120", "120")],
)
def test_one_form_of_a_number(token: str, form: str) -> None:
    assert normal(token) == form


def test_ways_to_print() -> None:
    assert printed(12.345) >= {"12.345", "12.3", "12.35", "12.34", "12"}
    assert printed(2.5) >= {"2", "3", "2.5"}
    assert printed(2777.31) >= {"2777.31", "2777", "2777.3", "2780"}


def test_index_by_hand() -> None:
    """Of 16 patients with ages 20 to 35, each age has one: four bits; 8 of 16 with a value say nothing."""
    frame = pd.DataFrame({"age": range(20, 36), "lab": [1.25] * 8 + [1 + i / 8 for i in range(9, 17)]})
    index = Reference(frame).index
    assert index["27"][0].tolist() == [7]
    assert index["27"][2] == 4
    assert index["1.25"][2] == 0


def test_tables_by_hand() -> None:
    (table,) = tables_in("<table><tr><th>a</th><th>n</th></tr><tr><td>x</td><td><b>3</b></td></tr></table>")
    assert (table.header, [tuple(c.strip() for c in row) for row in table.rows]) == (("a", "n"), [("x", "3")])
    (table,) = (t for t in tables_in('{"a":{"0":1,"1":2},"b":{"0":3,"1":4}}') if t.width == 2)
    assert table.rows == (("1", "3"), ("2", "4"))


# a site of another maker: Quarto's, with a table as reference


def quarto(site: Path, cell: str, table: str) -> None:
    """Write the pages, search index and widget data as Quarto lays them out."""
    (site / "site_libs" / "quarto-nav").mkdir(parents=True)
    (site / "site_libs" / "quarto-nav" / "quarto-nav.js").write_text("const headroomChanged = 3;")
    page = f"""<!DOCTYPE html><html lang="en"><head><meta name="generator" content="quarto-1.5.57"></head><body>
<main class="content" id="quarto-document-content"><section id="results" class="level2"><h2 data-anchor-id="results">Results</h2>
<div class="cell" data-execution_count="1"><div class="cell-output cell-output-display"><div>{table}</div></div></div>
<div class="cell-output cell-output-stdout"><pre><code>{cell}</code></pre></div>
<script type="application/json" data-for="htmlwidget-1">{{"x": {{"data": {json.dumps([[cell]])}}}}}</script>
</section></main></body></html>"""
    (site / "results.html").write_text(page)
    entry = {
        "objectID": "results.html#results",
        "href": "results.html#results",
        "title": "Results",
        "text": cell,
    }
    (site / "search.json").write_text(json.dumps([entry]))
    (site / "sitemap.xml").write_text("<urlset><url><loc>https://x.org/results.html</loc></url></urlset>")


def test_a_quarto_site(site: Path) -> None:
    table = COHORT.groupby("arm")["age"].agg(["size", "median"]).reset_index().to_html(index=False)
    quarto(site, "240 patients, of whom 118 had the new drug", table)
    assert found(site) == set()
    path = site.parent / "cohort.csv"
    COHORT.to_csv(path, index=False)
    assert "nothing that may not leave" in scan(site, path)


@pytest.mark.parametrize(
    ("rule", "cell"),
    [
        ("rows", COHORT[LABS].head(12).to_string()),
        ("ids", f"record {COHORT.at[7, 'record']}"),
        ("dates", f"first dose on {COHORT.at[7, 'admitted']}"),
        ("small", "of these, 3 of 118 died"),
        ("paths", "read /home/ana/export.csv"),
        ("text", COHORT.at[7, "note"]),
    ],
)
def test_planted_in_a_quarto_site(site: Path, rule: str, cell: str) -> None:
    quarto(site, cell, "<table><tr><th>arm</th></tr><tr><td>new</td></tr></table>")
    places = {each.place for each in findings(site, COHORT) if each.rule == rule}
    assert {"results.html", "search.json"} <= places
