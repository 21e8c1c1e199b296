"""Whatever the numbers of a hospital are, each verdict of its book has exactly one alternative for them."""

from __future__ import annotations

from contextlib import chdir
from itertools import combinations_with_replacement, product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hospital_book import SETTINGS
from hospital_cohort import good
from livingpaper.build.project import Project
from livingpaper.chapters.cells import chapter_files, read_cells, statements
from livingpaper.config import config
from livingpaper.ledger.claims import Rules
from livingpaper.ledger.verdicts import Verdict, chosen, load_verdicts
from study.hospital.checking import check_file
from study.hospital.folder import Own, folder_of, write_folder
from study.hospital.settings import NAME
from study.protocol.protocol import load_protocol

HIDDEN = ("withheld", "suppressed", "not estimable")
LIMITS = {  # of the scales that have some
    "difference": (-0.2, -0.05, -0.03, 0.0, 0.03, 0.05, 0.2),
    "ratio": (0.4, 0.96, 1.0, 1.04, 2.5),
    "size": (0.0, 1.0, 2.0, 3.0),
    "number": (0.0, 0.01, 0.05, 0.5, 1.0, 2.0, 10.0, 360.0),
}


@pytest.fixture(scope="module")
def folder(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return the folder of a cohort with every column that a chapter asks for, written and not run."""
    file = tmp_path_factory.mktemp("verdicts") / "mine.csv"
    rows = good()
    rows.assign(imv_day=rows["icu_day"]).to_csv(file, index=False)
    file.with_name(NAME).write_text(SETTINGS.format(treated="anakinra", control="baricitinib"), "utf-8")
    report, target = check_file(project, file), Project(folder_of(file))
    write_folder(target, own=Own(project, report, load_protocol(project.protocol), None))
    return target


def rows_for(id_: str) -> list[dict[str, object]]:
    """Return what a number may be: known with limits or without, and each way not to be known."""
    last = id_.rpartition(".")[2]
    kind = "difference" if last == "rd" else "ratio" if last == "rr" or ".hr." in id_ else "number"
    kind, found = "size" if last == "size" else kind, list[dict[str, object]]()
    if kind in ("number", "size"):
        whole = last in ("n", "base")
        values = [value for value in LIMITS[kind] if not whole or value == int(value)]
        found += [{"estimate": value, "text": "a number"} for value in values]
    else:
        pairs = combinations_with_replacement(LIMITS[kind], 2)
        found += [
            {"estimate": (low + high) / 2, "conf_low": low, "conf_high": high, "text": "an interval"}
            for low, high in pairs
            if low < high
        ]
        found.append({"estimate": LIMITS[kind][-1], "text": "without an interval"})
    return found + [{"text": text} for text in HIDDEN]


def ledgers(verdict: Verdict) -> list[pd.DataFrame]:
    """Return ledgers with the rows of a verdict: all of what one may be, some of what several may be."""
    every = list(product(*map(rows_for, verdict.ids)))
    if len(every) > 150:
        every = [every[at] for at in np.random.default_rng(1).choice(len(every), 150, replace=False)]
    every += [tuple({"text": text} for _ in verdict.ids) for text in HIDDEN]
    columns = ["id", "estimate", "conf_low", "conf_high", "events", "text"]
    made = []
    for rows in every:
        texts = [row["text"] for row in rows]
        if "withheld" in texts and set(texts) != {"withheld"}:
            continue  # blinded are all outcomes or none
        frame = pd.DataFrame(
            [{"id": id_} | row for id_, row in zip(verdict.ids, rows, strict=True)], columns=columns
        )
        made.append(frame.astype({"estimate": float, "conf_low": float}).set_index("id", drop=False))
    return made


def test_exactly_one_alternative_holds_whatever_the_numbers_are(folder: Project) -> None:
    verdicts = load_verdicts(folder.claims)
    assert len(verdicts) > 18
    with chdir(folder.root):
        rules = Rules(config(folder))
    reached = dict[str, set[str]]()
    for name, verdict in verdicts.items():
        ids = verdict.ids[:3]
        alternatives = tuple(
            type(one)(file=one.file, says=one.says, ids=ids, each=one.each, all=one.all)
            for one in verdict.alternatives
        )
        one = Verdict(name, ids, alternatives)
        counted = name in ("flow", "incomplete", "pairs", "rounding", "events")  # counts are never withheld
        if name == "beside":
            continue  # its first number is always known
        for ledger in ledgers(one):
            texts = set(ledger["text"])
            if counted and (texts & {"withheld"} or (name != "pairs" and texts & {"not estimable"})):
                continue
            if name == "pairs" and (ledger["estimate"] == 0).any():
                continue  # no pairs are no estimate
            if name in ("flow", "incomplete", "rounding", "events") and (ledger["estimate"] < 0).any():
                continue
            reached.setdefault(name, set()).add(chosen(one, ledger, rules))
    for name, said in reached.items():
        never = {one.says for one in verdicts[name].alternatives} - said
        assert never == set(), name


def test_the_cells_of_the_book_are_short_and_define_nothing(folder: Project) -> None:
    """As those of the paper: two to eight lines, the work in functions that have tests."""
    for path in chapter_files(folder).values():
        for cell in read_cells(path, folder.root):
            parts = [
                part for part in statements(cell) if not part.imports and part.call not in ("show", "take")
            ]
            assert sum(part.source.count("\n") + 1 for part in parts) <= 8, cell
            assert "def " not in cell.source
            assert "lambda" not in cell.source


def test_no_word_of_the_templates_is_left(folder: Project) -> None:
    for path in (folder.root / "book").glob("*.md"):
        text = path.read_text("utf-8")
        assert not any(mark in text for mark in ("<<", ">>", "%%", "<%", "<#")), Path(path).name
