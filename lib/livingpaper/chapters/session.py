"""What a kernel has recorded so far, and the ledger as it is seen from there."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd

from livingpaper.book.drafts import withhold_rows
from livingpaper.build.project import Project, find_project
from livingpaper.chapters.cells import Cell, chapter_files, read_cells
from livingpaper.chapters.recording import Row, rows_of, select_rows
from livingpaper.config import config
from livingpaper.disclosure.profiles import DisclosureError
from livingpaper.ledger.ledger import LEDGER_COLUMNS, NUMERIC, WITHHELD, LedgerError, read_ledger

if TYPE_CHECKING:
    from livingpaper.disclosure.safe import Safe

Values: TypeAlias = pd.DataFrame | pd.Series | Mapping[str, float] | float
FRAME_ROWS = 3000
TOLERANCE = 1e-4  # relative: six digits are committed, and the last may differ between machines
EMPTY = pd.DataFrame(columns=list(LEDGER_COLUMNS)).set_index("id", drop=False)
NAMED_LIKE_PATIENTS = re.compile(r"(?:id|patient|nhc|mrn)(?:_.*)?|.*_id", re.DOTALL)


@dataclass(slots=True)
class Session:
    """The state of a process that runs one chapter."""

    project: Project
    strict: bool = False  # an id may be recorded once only; in a notebook a cell may run again
    cell: Cell | None = None  # the one that runs, as far as it is known
    readable: bool = True  # the ledger, which is not before all chapters have recorded
    given: dict[str, Any] | None = None  # presets of cells of another chapter, which run and record nothing
    rows: dict[str, Row] = field(default_factory=dict)
    made: dict[str, tuple[str, str]] = field(default_factory=dict)  # id: pattern and origin
    frames: dict[str, pd.DataFrame] = field(default_factory=dict)
    _overlaid: tuple[list[Any], pd.DataFrame] = ([], EMPTY)  # what it was made of, and the ledger

    def committed(self) -> pd.DataFrame:
        """Return the committed ledger; without rows if there is none yet."""
        return _read(*self._file)[0]

    @property
    def _file(self) -> tuple[Path, int]:
        path = self.project.ledger
        return path, path.stat().st_mtime_ns if path.is_file() else 0

    def ledger(self) -> pd.DataFrame:
        """Return the committed ledger overlaid by what was recorded here, by id, unless chapters still record."""
        if not self.readable or self.given is not None:
            must = "the ledger can be read when all chapters have recorded theirs, it is read before"
            cure = "read it inside show(...) or by the name ledger in a cell of the chapter"
            raise LedgerError(f"{must}; {cure}")
        committed, rows = _read(*self._file)
        seen = [committed, *self.rows.values()]  # the very objects: equal ones are made anew
        if [*map(id, seen)] != [*map(id, self._overlaid[0])]:
            rows = rows | self.rows
            frame = pd.DataFrame([rows[id_] for id_ in sorted(rows)], columns=list(LEDGER_COLUMNS))
            frame = frame.astype(dict.fromkeys(NUMERIC, float))
            self._overlaid = seen, self._shown(frame).set_index("id", drop=False)
        return self._overlaid[1]

    def _shown(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return a ledger with the rows of guarded origins that were recorded here as they may be shown."""
        if not self.rows or not config(self.project).guarded:
            return frame
        from livingpaper.disclosure.released import exact_beside, guard  # scipy, for guarded origins only

        return guard(exact_beside(frame, self.project, self.rows), self.project)

    def trial_ids(self) -> set[str]:
        """Return the ids whose text or numbers, as recorded here, differ from the committed ledger."""
        if not self.rows:
            return set()
        committed = self.committed().reindex(list(self.rows))
        here = self.ledger().loc[list(self.rows)].reset_index(drop=True)
        now, then = (frame[list(NUMERIC)].to_numpy(float) for frame in (here, committed))
        same = np.isclose(now, then, rtol=TOLERANCE, equal_nan=True).all(axis=1)
        return set(here["id"][~same | (here["text"].to_numpy() != committed["text"].to_numpy())])

    def add(self, rows: list[Row], pattern: str, origin: str) -> None:
        """Keep rows, unless an id is there already: in a notebook by another pattern, while the ledger is made by any."""
        ids = Counter(row["id"] for row in rows)
        before = {id_ for id_, made in self.made.items() if self.strict or made != (pattern, origin)}
        if twice := [id_ for id_, times in ids.items() if times > 1 or id_ in before]:
            first = f" by the pattern {self.made[twice[0]][0]!r}" if twice[0] in self.made else ""
            again = "" if self.strict else ", or restart the kernel if the pattern was corrected"
            found = f"{twice[0]!r} of {pattern!r} is recorded already{first}"
            raise LedgerError(f"each id stands for one number, {found}; rename one{again}")
        self.rows |= {row["id"]: row for row in rows}
        self.made |= dict.fromkeys(ids, (pattern, origin))


@lru_cache(maxsize=2)
def _read(path: Path, changed: int) -> tuple[pd.DataFrame, dict[str, Row]]:
    found = read_ledger(path) if changed else EMPTY
    return found, {row["id"]: row for row in found.to_dict("records")}


_current: list[Session] = []


def start(project: Project, *, strict: bool = True) -> Session:
    """Forget the session of this process and begin another."""
    _current[:] = [Session(project, strict)]
    return _current[0]


def current() -> Session:
    """Return the session of this process; in a notebook it begins by itself, in the project around it."""
    return _current[0] if _current else start(find_project(), strict=False)


def record(
    rows: Values, pattern: str, *, origin: str, scale: str | None = None, value: str = "estimate", absent: str = "",
    **more: Any,
) -> None:  # fmt: skip
    """Put results into the ledger, one row each; while blinded, rows that tell outcomes by arm are withheld.

    A ``LedgerError`` if a column is missing, or an id is no id or is recorded already.

    Parameters
    ----------
    rows : DataFrame, Series, mapping or number
        Tidy results; of a series or mapping the index fills the hole ``{name}``.
    pattern : str
        An id with holes, ``outcomes.death28.{adjustment}.{scale}``, filled from the columns in lower case with
        underscores; ``{scale}`` by its short key (rd, rr, or, hr, risk_treated, risk_control).
    origin, scale : str
        Of ``paper.toml``; the scale is that of all rows, by default their column ``scale``.
    value : str
        The column of the estimate.
    absent : str
        The method of rows without an estimate: why there is none.
    **more
        Other columns of the ledger, the same for all rows; those in the frame are taken along.
    """
    session = current()
    if session.given is not None:
        return
    project, cell = session.project, session.cell
    if cell is None:  # a notebook does not say which of its cells runs
        cells = (cell for path in chapter_files(project).values() for cell in read_cells(path, project.root))
        cell = next((cell for cell in cells if pattern in cell.source), Cell("a notebook", 0, "", ""))
    paper, made = config(project), rows_of(rows, pattern, origin, cell.code, scale, value, absent, **more)
    session.add(list(withhold_rows(made, blinded=paper.blinded)), pattern, origin)


def frame(df: "pd.DataFrame | Safe", id_: str, *, origin: str) -> pd.DataFrame:
    """Return an aggregated frame that tables and figures may rest on: its id and origin are put on it.

    Of a guarded origin it must be ``Safe``: made by a rule of disclosure control. A ``LedgerError`` if the origin is
    unknown, or it may hold patients: over 3,000 rows, or a name like an identifier.
    """
    session = current()
    paper = config(session.project)
    if origin not in paper.origins:
        raise LedgerError(f"the origin of {id_!r} must be one of {sorted(paper.origins)}, found {origin!r}")
    if not isinstance(df, pd.DataFrame):
        df = df.frame
    elif paper.guards(origin):
        must = f"a frame of the guarded origin {origin!r} must have passed disclosure control"
        raise DisclosureError(f"{must}, {id_!r} did not; make it with Safe.of_...")
    names = [str(name).lower() for name in (*df.columns, *df.index.names)]
    named = list(filter(NAMED_LIKE_PATIENTS.fullmatch, names))
    if len(df) > FRAME_ROWS or named:
        found = f"{id_!r} has {len(df)} rows and the columns {named}"
        must = f"a frame holds at most {FRAME_ROWS} aggregated rows and no identifier"
        raise LedgerError(f"{must}, {found}; aggregate it")
    made = df.copy(deep=False)
    made.attrs = {"frame": id_, "origin": origin, "withheld": paper.blinded and paper.withholds(id_)}
    if session.given is None:
        if session.strict and id_ in session.frames:
            raise LedgerError(f"each id stands for one frame, {id_!r} is registered already; rename one")
        session.frames[id_] = made
    return made


def current_ledger() -> pd.DataFrame:
    """Return every number as this kernel sees it, indexed by id."""
    return current().ledger()


class Ledger:
    """The numbers of the paper, as cells see them: what this session recorded over what is committed."""

    def select(self, pattern: str) -> pd.DataFrame:
        """Return the rows whose id fits a pattern, each hole a column; see ``recording.select_rows``."""
        return select_rows(current_ledger(), pattern)

    def __getitem__(self, id_: str) -> pd.Series:
        if id_ not in self:
            raise LedgerError(f"a number of the ledger must have the id {id_!r}, none has; correct it")
        return current_ledger().loc[id_]

    def __contains__(self, id_: str) -> bool:
        return id_ in current_ledger().index


ledger = Ledger()


def sources_of(sources: Any) -> tuple[tuple[str, ...], bool, bool]:
    """Return the origins of what an exhibit rests on, whether it is withheld, and whether it is a trial."""
    origins, withheld, trial = set[str](), False, False
    changed = current().trial_ids() if len(sources) else set()
    for source in sources:
        rows = source.to_frame().T if isinstance(source, pd.Series) else source
        if {"id", "origin", "method"} <= set(rows.columns):
            origins |= set(rows["origin"])
            withheld |= bool((rows["method"] == WITHHELD).any())
            trial |= bool(rows["id"].isin(changed).any())
        elif "frame" in rows.attrs:
            origins.add(rows.attrs["origin"])
            withheld |= rows.attrs["withheld"]
            trial |= bool(changed)  # a frame has no committed counterpart to compare with
        else:
            must = "a source must be rows of the ledger or what frame(...) returned"
            raise LedgerError(f"{must}, found columns {[*rows.columns][:5]}")
    return tuple(name for name in config(current().project).origins if name in origins), withheld, trial
