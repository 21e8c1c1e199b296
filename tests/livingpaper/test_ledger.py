"""The file of all numbers: written, read back, damaged."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from livingpaper.build.project import Project
from livingpaper.config import config
from livingpaper.ledger.ledger import (
    LEDGER_COLUMNS,
    LedgerError,
    entry,
    ledger_csv,
    ledger_frame,
    ledger_part,
    read_ledger,
    write_ledger,
)


def row(id_: str = "outcomes.death28.ato.rd", **columns: object) -> dict[str, object]:
    given = {
        "conf_low": -0.0716, "conf_high": 0.0977, "conf_level": 0.95, "n": 342, "events": 58,
        "estimand": "ATO", "method": "bootstrap, 2,000 replicates; \"percentile\"",
    }  # fmt: skip
    return entry(
        id_, "synthetic", "risk difference", 0.01, code="outcomes/risk.py::risk_contrast", **(given | columns)
    )


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "results" / "ledger.csv"
    assert write_ledger(ledger_frame([row("b.two"), row("a.one", n=np.nan), row("c.na", method="NA")]), path)
    back = read_ledger(path)
    assert list(back.index) == ["a.one", "b.two", "c.na"]
    assert back.at["b.two", "method"] == 'bootstrap, 2,000 replicates; "percentile"'
    assert back.at["c.na", "method"] == "NA"
    assert np.isnan(back.at["a.one", "n"])
    assert back.at["b.two", "estimate"] == 0.01
    assert not write_ledger(back, path), "the same numbers are no change"


def test_a_ledger_of_counts_alone_keeps_its_texts(tmp_path: Path) -> None:
    write_ledger(
        ledger_frame([entry("a.one", "synthetic", "count", 3, code="x.py::f")]), tmp_path / "ledger.csv"
    )
    assert read_ledger(tmp_path / "ledger.csv").at["a.one", "text"] == "3"


def test_the_committed_ledger_survives_a_round_trip(project: Project) -> None:
    rows = read_ledger(project.ledger)
    assert ledger_csv(rows).encode() == project.ledger.read_bytes()
    assert list(rows["id"]) == sorted(rows["id"])
    assert rows["id"].str.fullmatch(r"[a-z0-9_]+(\.[a-z0-9_]+)+").all()
    assert set(rows["origin"]) == set(config(project).origins)
    assert rows[["text", "scale", "code"]].notna().all(axis=None)
    assert not rows["text"].str.contains(r"nan|None|inf\b|(?<=\d)-\d", regex=True).any()
    for code in rows["code"].unique():
        path, _, label = code.partition("::")
        if path.endswith(".py"):
            continue  # of a chapter whose cells do not record yet
        assert (project.root / path).is_file(), code
        assert not label or f"({label})=" in (project.root / path).read_text("utf-8"), code


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (1 / 3, "0.333333"),
        (2 / 3e4, "6.66667e-05"),
        (123456.7, "123457"),
        (342, "342"),
        (np.float64(0.1) * 3, "0.3"),
        (3e-17, "0"),
        (-3e-17, "0"),
        (np.nan, ""),
    ],
)
def test_six_significant_digits_and_no_rounding_noise(value: float, cell: str) -> None:
    header, line = csv.reader(ledger_csv(ledger_frame([row(events=value)])).splitlines())
    assert dict(zip(header, line, strict=True))["events"] == cell


def test_sorted_whatever_the_order() -> None:
    rows = [row("b.x"), row("a.x"), row("a.b.x")]
    assert ledger_csv(ledger_frame(rows)) == ledger_csv(ledger_frame(rows[::-1]))


def test_a_number_has_one_source() -> None:
    with pytest.raises(
        LedgerError, match=r"each id stands for one number, \['a.x'\] occur twice; rename one"
    ):
        ledger_frame([row("a.x"), row("b.x"), row("a.x")])


def test_an_unknown_origin_or_scale_is_refused() -> None:
    with pytest.raises(LedgerError, match="origin of 'a.x' must be one of .*found 'guessed'"):
        entry("a.x", "guessed", "count", 1, code="x")
    with pytest.raises(KeyError, match="a number needs a scale"):
        entry("a.x", "counts", "furlongs", 1, code="x")


def test_what_cannot_be_estimated_says_why() -> None:
    made = entry(
        "a.x",
        "real",
        "risk ratio",
        np.nan,
        code="x",
        method="cannot be estimated, because an arm has no event",
    )
    assert made["text"] == "cannot be estimated, because an arm has no event"
    with pytest.raises(LedgerError, match="'a.x' has no value: cannot be estimated, because an arm"):
        ledger_part(pd.Series(made), "value")


@pytest.mark.parametrize(
    ("part", "text"),
    [
        ("text", "+1.0 percentage points (95% CI −7.2 to +9.8)"),
        ("value", "+1.0"),
        ("ci", "−7.2 to +9.8"),
        ("low", "−7.2"),
        ("high", "+9.8"),
        ("n", "342"),
        ("events", "58"),
        ("level", "95%"),
    ],
)
def test_parts_of_a_number(part: str, text: str) -> None:
    assert ledger_part(pd.Series(row()), part) == text


def test_no_other_part() -> None:
    with pytest.raises(LedgerError, match="a part must be one of .*found 'p' for 'outcomes.death28.ato.rd'"):
        ledger_part(pd.Series(row()), "p")


def swapped(text: str, id_: str, column: str, value: str) -> str:
    """Return a ledger's text with one cell changed."""
    rows = list(csv.reader(io.StringIO(text)))
    row = next(row for row in rows if row[0] == id_)
    row[LEDGER_COLUMNS.index(column)] = value
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


def test_a_missing_or_damaged_file(tmp_path: Path, project: Project) -> None:
    path = tmp_path / "ledger.csv"
    with pytest.raises(LedgerError, match="there is no such file; run: livingpaper ledger"):
        read_ledger(path)
    good = project.ledger.read_text("utf-8")
    lines = good.splitlines(keepends=True)
    for content, message in (
        ("", "must be a table, it cannot be read"),
        (lines[0] + "a,b\n" + '"never closed', "must be a table, it cannot be read"),
        (good.replace("origin", "source", 1), "must have the columns"),
        (good + lines[5], "the id .* repeats"),
        (good[:-1], "the end is missing"),
        (good[: good.index(lines[20]) + 10], r"line \d+: 17 fields are needed, there are"),
        (lines[0], "the end is missing"),
        (
            good.replace(",counts,", ",guesses,", 1),
            "line 2.*the origin must be one of|the origin must be one of",
        ),
        (good.replace(lines[5].split(",")[0] + ",", ",", 1), "line 6: '' is not an id"),
        (
            swapped(good, "counts.death.rd", "estimate", "abc"),
            "a number is needed, found {'estimate': 'abc'}",
        ),
        (
            swapped(good, "counts.death.rd", "estimate", "inf"),
            "a number is needed, found {'estimate': 'inf'}",
        ),
        (swapped(good, "counts.death.rd", "conf_low", "0.9"), "the lower limit 0.9 is above the upper one"),
    ):
        path.write_text(content, "utf-8")
        with pytest.raises(LedgerError, match=message):
            read_ledger(path)
