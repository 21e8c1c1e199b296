"""``cohort.toml``: how a hospital's table becomes ours. It stands beside the table, outside the repository."""

import datetime
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from livingpaper.disclosure.profiles import PROFILES
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

NAME = "cohort.toml"
Cell = str | int | float


class SettingsError(ValueError):
    """``cohort.toml`` is no TOML or says what it cannot; the message names every fault."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FileSection(_Part):
    """The table itself, where more than one reading is possible."""

    sheet: str | None = None
    table: str | None = None
    connection: str | None = None  # of a database, where the table is in no file
    separator: Literal[",", ";", "\t", "|", "^", ":", "~", " "] | None = None
    encoding: Literal["utf-8", "utf-16-le", "utf-16-be", "latin-1", "cp1252", "mac-roman"] | None = None
    decimal: Literal[".", ","] | None = None
    thousands: Literal[",", ".", " ", "'"] | None = None

    @model_validator(mode="after")
    def _marks_differ(self) -> Self:
        if self.decimal and self.decimal == self.thousands:
            raise ValueError("decimal and thousands must differ")
        return self

    @field_validator("connection")
    @classmethod
    def _safe_connection(cls, connection: str | None) -> str | None:
        address = urlsplit(connection or "postgresql:")
        if address.scheme != "postgresql":
            raise ValueError("connection must begin with postgresql://; of DuckDB, name the file")
        if address.password is not None or "password" in address.query:
            raise ValueError("connection must hold no password; keep it in ~/.pgpass or PGPASSWORD")
        return connection


class Missing(_Part):
    """Cells that mean nothing is known: in all columns, and in one (by our name)."""

    everywhere: tuple[Cell, ...] = ()
    columns: dict[str, tuple[Cell, ...]] = {}


class Dates(_Part):
    """The column (theirs) with the date of the first dose, from which days are counted, and how dates are written."""

    reference: str | None = None
    order: Literal["day first", "month first", "year first"] | None = None
    counted_from: Literal["first dose", "admission"] = "first dose"


class ArmsSection(_Part):
    """The two drugs, as our column ``drug`` names them after ``[levels.drug]``; doses of a day in mg, low and high."""

    treated: str
    control: str
    doses: dict[str, tuple[float, float]] = {}

    @model_validator(mode="after")
    def _arms(self) -> Self:
        if self.treated == self.control:
            raise ValueError(f"treated and control must differ, both are {self.treated!r}")
        if other := set(self.doses) - {self.treated, self.control}:
            raise ValueError(f"doses must be of the two drugs, found {sorted(other)}")
        return self


class Score(_Part):
    """Columns of the propensity score instead of those of ``protocol.toml``."""

    columns: tuple[str, ...] = Field(min_length=1)


class Disclosure(_Part):
    """The smallest count that is shown: of the profile, or a higher one."""

    profile: Literal["internal", "publish", "strict"] = "publish"
    smallest_cell: int | None = Field(default=None, ge=5)

    @property
    def least(self) -> int:
        """The smallest count of patients that may be shown."""
        return self.smallest_cell or PROFILES[self.profile].threshold


class Paper(_Part):
    """What the hospital's own paper is called, and by whom; a draft unless it says that it is none."""

    title: str = ""
    authors: tuple[str, ...] = ()
    version: str = Field(default="0.1.0", pattern=r"^\d+\.\d+\.\d+$")
    date: datetime.date | None = None
    draft: bool = True
    blinded: bool = False  # true withholds outcomes again after the diagnostics were accepted


class Change(_Part):
    """A change of choices, for the history of the paper: every change needs one."""

    what: str = Field(min_length=10)
    why: str = Field(min_length=10)


class Acknowledged(_Part):
    """A warning that somebody looked at, of one column or of all, and why it stands."""

    warning: str
    column: str | None = None
    reason: str = Field(min_length=10)


class Settings(_Part):
    """The whole file; every part may be left out."""

    file: FileSection = FileSection()
    columns: dict[str, str] = {}  # ours = theirs
    levels: dict[str, dict[str, Cell]] = {}  # ours: theirs = ours
    units: dict[str, str] = {}  # ours = their unit
    missing: Missing = Missing()
    dates: Dates = Dates()
    arms: ArmsSection | None = None
    score: Score | None = None
    disclosure: Disclosure = Disclosure()
    acknowledged: tuple[Acknowledged, ...] = ()
    paper: Paper = Paper()
    choices: dict[str, Any] = {}  # "outcome.horizon_days" = 60: other choices than those of protocol.toml
    change: tuple[Change, ...] = ()

    @field_validator("columns")
    @classmethod
    def _one_each(cls, columns: dict[str, str]) -> dict[str, str]:
        theirs = list(columns.values())
        if twice := sorted({name for name in theirs if theirs.count(name) > 1}):
            raise ValueError(f"each column of the file must become one of ours, {twice} become several")
        return columns


def load_settings(path: Path) -> Settings:
    """Return the settings of a file, the defaults if there is none.

    Raises
    ------
    SettingsError
        If it is not TOML, or with every part that is unknown or impossible.
    """
    if not path.is_file():
        return Settings()
    try:
        return Settings.model_validate(tomllib.loads(path.read_text("utf-8-sig")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path.name} must be valid TOML in UTF-8, found: {error}; correct it") from None
    except ValidationError as error:
        problems = "".join(
            f"\n  - {'.'.join(map(str, each['loc'])) or 'the file'}: {each['msg'].removeprefix('Value error, ')}"
            for each in error.errors()
        )
        said = f"{path.name} has {error.error_count()} impossible entries:{problems}\ncorrect them"
        raise SettingsError(said) from None


def named_columns(settings: Settings) -> Iterator[tuple[str, str, str]]:
    """Yield the columns that ``cohort.toml`` names: the part, the name, and what it should be a name of."""
    ours: dict[str, Iterable[str]] = {
        "columns": settings.columns,
        "levels": settings.levels,
        "units": settings.units,
        "missing.columns": settings.missing.columns,
        "score.columns": settings.score.columns if settings.score else (),
    }
    theirs = {
        "columns": settings.columns.values(),
        "dates.reference": filter(None, [settings.dates.reference]),
    }
    for of, parts in (("data/dictionary.csv", ours), ("the file", theirs)):
        yield from ((part, name, of) for part, names in parts.items() for name in names)
