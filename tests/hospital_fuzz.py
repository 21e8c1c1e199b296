"""Corrupted tables of a hospital, one for each number: faults of the corpus and of chance, in bytes, cells, settings."""

# ruff: noqa: E501

from __future__ import annotations

import io
import random
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from hospital_cohort import good, text
from hospital_faults import FAULTS, Frame, swap

PLANTED = "7316429.0853"  # no message, page or log may hold it: it stands for what only a patient's row knows
SECRET = "Zyxquartel"
BASE = {n: good(n, 40 + n) for n in (240, 400)}
ODD = (
    "", " ", "0", "-1", "9", "99", "999", "9999", "1e400", "-inf", "nan", "NaN", "NA", "None", "TRUE", "1e5", "0x1F", "１２", "٣", "½",
    "1,5", "1.234,5", "1,234", "1'234", "5-Jan", "2021-03-04", "04/03/2021", "31.12.2020", "44260", "<5", ">100", "12 mg/L", "5%", "#REF!",
    "=1+1", "Norte\nSur", 'a"b', "a,b", "a;b", "\t", "\u200b", "\u00a0", "\ufffd", "Ã©", "M‡laga", "&amp;", "\x00", "\x07", "dead", "F", "1", "1.0",
    "-5", "--", "?", ".", "unknown", "[]", "{}", "1_000", "9" * 40, "x" * 300, "𝟙", "e\u0301", "\u202e12", "\ud7ff", PLANTED, SECRET, f"{SECRET}, Ana", f"{SECRET}@mail.es",
)  # fmt: skip
LEVEL, SHARED = 20, tuple(word for word in ODD if PLANTED not in word and SECRET not in word)
# what so many patients share, the name of a hospital say, is no patient's
SETTINGS = (
    '[columns]\ncrp = "nothing"', '[columns]\ncrp = "alt"', '[levels.sex]\nF = "M"', "[levels.drug]\nanakinra = 0", "[levels.end_state]\ndead = 1",
    '[units]\ncrp = "mg/dL"', '[units]\nage = "months"', '[units]\negfr = "creatinine mg/dl"', '[units]\nsex = "x"', "[missing]\neverywhere = [0]",
    '[missing]\neverywhere = ["", "x", 1.5]', '[missing.columns]\ncrp = [999]', '[dates]\nreference = "crp"', '[dates]\nreference = "dose"\norder = "day first"',
    '[dates]\ncounted_from = "admission"', '[file]\nseparator = ";"', '[file]\nseparator = "x"', '[file]\ndecimal = ","', '[file]\nthousands = "."',
    '[file]\nencoding = "utf-16-le"', '[file]\nencoding = "cp1252"', '[file]\nsheet = "x"', '[arms]\ntreated = "x"\ncontrol = "y"', '[arms]\ntreated = "baricitinib"\ncontrol = "anakinra"',
    '[score]\ncolumns = ["age", "sex"]', "[score]\ncolumns = []", '[score]\ncolumns = ["end_state", "nothing"]', "[disclosure]\nsmallest_cell = 2", "x", "[", '[file]\nx = 1', "a = 1\na = 2",
    '[[acknowledged]]\nwarning = "x"\nreason = "y"', '[[acknowledged]]\nwarning = "score.terms"\nreason = "few patients are there"', "\ufeff", "[columns]\nage = 3",
)  # fmt: skip
Change = Callable[[random.Random, Frame], Frame]


class Made(NamedTuple):
    """A table as bytes, what its file is called, and its ``cohort.toml``."""

    raw: bytes
    name: str
    settings: str

    def written(self, folder: Path) -> Path:
        """Write both into a folder; return the table's path."""
        path = folder / self.name
        path.write_bytes(self.raw)
        (folder / "cohort.toml").write_text(self.settings, "utf-8")
        return path


def _cells(r: random.Random, f: Frame) -> Frame:
    name, rows = (
        r.choice(list(f)),
        r.sample(range(len(f)), min(len(f), r.choice((1, 2, 5, len(f) // 3, len(f))))),
    )
    words = [r.choice(ODD if len(rows) < LEVEL else SHARED) for _ in range(r.choice((1, 1, 3)))]
    f = f.astype(object)
    f.isetitem(
        list(f).index(name),
        f.iloc[:, list(f).index(name)].where(~f.index.isin(f.index[rows]), r.choice(words)),
    )
    return f


def _everywhere(r: random.Random, f: Frame) -> Frame:
    f = f.astype(object)
    for _ in range(r.randint(2, 30)):
        f.iat[r.randrange(len(f)), r.randrange(f.shape[1])] = r.choice(ODD)
    return f


def _scaled(r: random.Random, f: Frame) -> Frame:
    name = r.choice(
        [
            n
            for n in ("age", "crp", "ldh", "egfr", "bmi", "followup_day", "barthel", "dose_mg_day", "il6")
            if n in f
        ]
    )
    part = np.array([r.random() < r.choice((0.1, 0.5, 1.0)) for _ in range(len(f))])
    known = pd.to_numeric(f[name], errors="coerce")
    return f.assign(
        **{name: f[name].mask(part, text(known * r.choice((0.001, 0.1, 1 / 12, 7.5, 24, 1000, -1, 0))))}
    )


def _rows(r: random.Random, f: Frame) -> Frame:
    kind = r.randrange(6)
    if kind == 0:
        return pd.concat(
            [f, f.sample(min(len(f), r.randint(1, 9)), random_state=r.randrange(99))], ignore_index=True
        )
    if kind == 1:
        return f.head(r.choice((0, 1, 2, 5, 11, 20)))
    if kind == 2:
        row = pd.DataFrame([[r.choice(ODD) for _ in f]], columns=f.columns)  # two may have one name
        return pd.concat([f, row], ignore_index=True)
    if kind == 3:
        again = f.take([*range(len(f)), *range(min(3, len(f)))]).reset_index(
            drop=True
        )  # two may have one name
        again.loc[len(f) :, "patient_id"] = [f"Z{i}" for i in range(len(again) - len(f))]
        return again
    if kind == 4:
        return (
            f[f[r.choice(list(f))].ne(f.iloc[r.randrange(len(f))][r.choice(list(f))])].reset_index(drop=True)
            if len(f)
            else f
        )
    return f.sample(frac=1, random_state=r.randrange(99)).reset_index(drop=True)


def _columns(r: random.Random, f: Frame) -> Frame:
    kind, name, other = r.randrange(8), r.choice(list(f)), r.choice(list(f))
    if kind == 0:
        return f.drop(columns=r.sample(list(f), r.choice((1, 1, 5, 20))))
    if kind == 1:
        return f.rename(
            columns={name: r.choice((other, "", name.upper(), f" {name}", "#" + name, "surname"))}
        )
    if kind == 2:
        return swap(name, other)(f)
    if kind == 3:
        return f.assign(**{name: r.choice(SHARED)})
    if kind == 4:
        return f.assign(
            **{
                r.choice(("dose", "note", "imv_day", "sx_to_admission", "steroid_drug")): [
                    r.choice(ODD) for _ in range(len(f))
                ]
            }
        )
    if kind == 5:
        return f.assign(**{name: list(f[name].sample(frac=1, random_state=r.randrange(99)))})
    if kind == 6:
        return f[r.sample(list(f), f.shape[1])]
    return f.assign(**{name: f[name].iloc[::-1].to_list()})


def _faults(r: random.Random, f: Frame) -> Frame:
    fault = r.choice(FAULTS)
    try:
        return fault.frame(f)
    except (KeyError, ValueError):  # two faults that do not go together
        return f


CHANGES: tuple[Change, ...] = (
    _cells,
    _cells,
    _everywhere,
    _scaled,
    _rows,
    _columns,
    _columns,
    _faults,
    _faults,
    _faults,
)


def _damaged(r: random.Random, raw: bytes) -> bytes:
    """Return bytes with one damage that files suffer on their way."""
    at = r.randrange(max(1, len(raw)))
    kind = r.randrange(12)
    if kind == 0:
        return raw[:at]
    if kind == 1:
        return raw[:at] + bytes(r.randrange(256) for _ in range(r.randint(1, 8))) + raw[at:]
    if kind == 2:
        return raw.replace(
            b"\n", r.choice((b"\r\n", b"\r", b"\n\n", b"\r\r\n", b",\n", b"\n\r")), r.choice((1, 9, -1))
        )
    if kind == 3:
        return raw.replace(b",", r.choice((b";", b"\t", b"|", b", ", b",,", b" ")), r.choice((1, 50, -1)))
    if kind == 4:
        return raw.decode("utf-8", "replace").encode(
            r.choice(("utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1", "utf-8-sig")), "replace"
        )
    if kind == 5:
        return (
            r.choice((b"sep=;\n", b"# made\n", b"\n\n", b"sep=x\n", b"\xef\xbb\xbf", b"title,\n", b'"')) + raw
        )
    if kind == 6:
        return raw + r.choice((raw, b"\x1a", b"\x00" * 9, b"Total,1,2\n", b'"', b"\n\n\n", b"x"))
    if kind == 7:
        return raw[:at] + r.choice((b'"', b"\x00", b"\n", b",", b"'", b"\\", b"\xff")) + raw[at:]
    if kind == 8:
        return raw[:at] + raw[at + r.randint(1, 400) :]
    if kind == 9:
        return b"\n".join(line for line in raw.split(b"\n") if r.random() < 0.9)
    if kind == 10:
        return bytes(byte ^ (1 << r.randrange(8)) if r.random() < 0.001 else byte for byte in raw)
    return fault_raw(r, raw)


def fault_raw(r: random.Random, raw: bytes) -> bytes:
    """Return bytes with a damage of the corpus."""
    try:
        return r.choice(FAULTS).raw(raw)
    except IndexError:  # fewer lines than it damages
        return raw


def corrupted(seed: int) -> Made:
    """Return the table of a number; the same number makes the same table."""
    r = random.Random(seed)
    frame = BASE[r.choice((240, 240, 400))].copy()
    for _ in range(r.choice((0, 1, 1, 2, 3))):
        if len(frame):
            frame = r.choice(CHANGES)(r, frame)
    if r.random() < 0.2 and len(frame):  # what only a row knows
        name = r.choice(list(frame))
        frame = frame.astype(object)
        frame.iat[r.randrange(len(frame)), list(frame).index(name)] = r.choice((PLANTED, SECRET))
    settings = (
        r.choice(SETTINGS) if r.random() < 0.25 else r.choice(FAULTS).settings if r.random() < 0.1 else ""
    )
    if r.random() < 0.06:
        return Made(_workbook(frame), "cohort.xlsx", settings)
    raw = frame.to_csv(index=False, sep=r.choice((",", ",", ";", "\t"))).encode("utf-8", "surrogatepass")
    raw = _damaged(r, raw) if r.random() < 0.4 else raw
    return Made(
        raw,
        r.choice(("cohort.csv", "cohort.csv", "cohort.txt", "cohort.xlsx"))
        if r.random() < 0.05
        else "cohort.csv",
        settings,
    )


def _workbook(frame: Frame) -> bytes:
    held = io.BytesIO()
    legal = frame.astype(str).replace(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "", regex=True)
    legal.to_excel(held, sheet_name="patients", index=False)
    return held.getvalue()
