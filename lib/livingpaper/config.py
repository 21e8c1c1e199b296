"""What the machinery must know of a paper: ``paper.toml``, which marks its folder; only the origins have no default."""

import re
import tomllib
from collections.abc import Iterable
from functools import cache
from operator import attrgetter
from pathlib import Path, PurePosixPath
from pkgutil import resolve_name
from types import SimpleNamespace
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from livingpaper.build.project import CONFIG, Project, find_project, not_reading, text_of, toml_of
from livingpaper.disclosure.profiles import Profile, profile_of

MIME = "application/vnd.livingpaper+json"  # of figures and tables in notebooks
Function = Annotated[str, Field(pattern=r"^[\w.]+:\w+$")]  # module and name; empty if a paper has none
Colour = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]


class ConfigError(ValueError):
    """``paper.toml`` is missing, no TOML, or says what it cannot."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Origin(_Section):  # where a number can come from
    mark: str = Field(min_length=1, max_length=2)
    says: str = Field(min_length=1)
    sentence: str = ""  # ends a caption
    among: str = ""  # its name where a caption lists several
    brief: str = ""  # its name at the head of a printed page
    colours: tuple[Colour, Colour] | None = None  # of the mark, on light and on dark pages
    guarded: bool = False  # patients who are nobody's to show: nothing is printed without disclosure control


class Scale(_Section):
    """A kind of number: its format, unit, short key in ids, value of no effect, and margin of claims."""

    format: str
    unit: str = ""
    key: str = ""
    no_effect: float | None = None
    margin: str = ""


class Choices(_Section):
    """How ``protocol.toml`` is read and printed; the choices that withhold and that make a draft."""

    load: Function = ""
    words: Function = ""
    history: Function = ""  # of the choices, what rules about the process ask
    percent: tuple[str, ...] = ()
    plain: tuple[str, ...] = ()
    aside: tuple[str, ...] = ()  # how keys begin that are no choices: title, history
    blinded: str = ""
    draft: str = ""


class _Margin(_Section):  # a choice, divided by ``per``, that rules of claims may name
    choice: str
    per: float = 1.0


class _Withheld(_Section):  # which numbers may not be seen yet, and what is said instead
    ids: str = ""
    sentence: str = "Withheld."
    paragraph: str = "What stood here is withheld."


class Command(_Section):
    """A command of the paper itself: a function of the project and the words behind the command, and its help."""

    run: Function
    says: str = ""


class _Disclosure(_Section):  # how careful where an origin is guarded
    profile: str = "publish"
    threshold: int | None = None
    people: str = ""  # id of the count of the cohort, who stand behind rows without n
    harmless: tuple[str, ...] = ()  # findings in what leaves that somebody looked at, "rule place"

    @model_validator(mode="after")
    def _known(self) -> "_Disclosure":
        self.limits()
        return self

    def limits(self) -> Profile:
        changed = {} if self.threshold is None else {"threshold": self.threshold}
        return profile_of(self.profile, **changed)


class _Hooks(_Section):
    simulate: Function = ""
    current: Function = ""  # of project and choices: raises if committed results are of other choices
    key_figure: Function = ""
    commands: dict[str, Command] = {}


class Config(_Section):
    """The file, checked; attributes as its keys."""

    root: Path
    origins: dict[str, _Origin] = Field(min_length=1)
    short_title: str = ""
    running_head: str = ""
    banner: str = ""
    supplement: str = ""  # the page that opens it; with the sections below it, a PDF of its own
    licence: str = ""
    mixed: dict[str, str] = {}
    synthetic_says: str = ""
    packages: tuple[str, ...] = ("pandas",)
    data: tuple[str, ...] = ()
    public: tuple[str, ...] = ()
    synthetic: tuple[str, ...] = ()
    scales: dict[str, Scale] = {}
    choices: Choices = Choices()
    margins: dict[str, _Margin] = {}
    withheld: _Withheld = _Withheld()
    hooks: _Hooks = _Hooks()
    disclosure: _Disclosure = _Disclosure()
    followed: dict[str, str] = {}
    primary: str = ""  # ids of the primary result, {section.key} stands for a choice, with stars

    def plan(self) -> Any:
        """Return the choices of ``protocol.toml`` as an object with attributes."""
        from livingpaper.chapters.tracked import watched  # which knows this module

        path = Project(self.root).protocol
        with not_reading():  # the choices say which of them are read
            if self.choices.load:
                choices = self.hook(self.choices.load)(path)
            else:
                choices = _as_object(tomllib.loads(text_of(path)) if path.is_file() else {})
        return watched(choices, path)

    @property
    def blinded(self) -> bool:
        """Whether numbers are withheld."""
        return bool(self.choices.blinded) and bool(attrgetter(self.choices.blinded)(self.plan()))

    @property
    def draft(self) -> bool:
        """Whether a conclusion that does not hold is left out instead of stopping the build."""
        return bool(self.choices.draft) and bool(attrgetter(self.choices.draft)(self.plan()))

    @property
    def pdfs(self) -> tuple[str, ...]:
        """The files that LaTeX makes."""
        return ("paper.pdf", "supplement.pdf") if self.supplement else ("paper.pdf",)

    @property
    def primary_ids(self) -> str:
        """The pattern of the ids of the primary result, its choices filled in as ids have them."""
        plan = self.plan() if "{" in self.primary else None
        return re.sub(r"\{([\w.]+)\}", lambda found: str(attrgetter(found[1])(plan)).lower(), self.primary)

    def guards(self, origin: str) -> bool:
        """Return whether an origin, or one of several joined by "+", is guarded."""
        return any(self.origins[each].guarded for each in origin.split("+") if each in self.origins)

    @property
    def guarded(self) -> bool:
        """Whether some origin is guarded: the paper knows patients who are nobody's to show."""
        return any(origin.guarded for origin in self.origins.values())

    @property
    def marks(self) -> dict[str, str]:
        """The mark of each origin."""
        return {name: origin.mark for name, origin in self.origins.items()}

    def sentence(self, origin: str) -> str:
        """Return what a caption says of an origin, or of several joined by "+"; empty for what shows no results."""
        if origin in self.mixed or origin in self.origins:
            return self.mixed.get(origin) or self.origins[origin].sentence
        known = filter(None, map(self.origins.get, origin.split("+")))
        several = [each.among or each.says for each in known]
        return f"Rests on {', '.join(several[:-1])} and {several[-1]}." if several else ""

    def margins_of(self, plan: Any) -> dict[str, float]:
        """Return the margins by name, on the scale of the ledger."""
        return {name: attrgetter(each.choice)(plan) / each.per for name, each in self.margins.items()}

    def withholds(self, id_: str) -> bool:
        """Return whether a number rests on what is withheld while the paper is blinded."""
        return bool(self.withheld.ids) and re.fullmatch(self.withheld.ids, id_) is not None

    def hook(self, dotted: str) -> Any:
        """Return a function of the paper, named as ``module:function``."""
        try:
            return resolve_name(dotted)
        except (ImportError, AttributeError) as error:
            fault = f"{CONFIG} must name functions as module:function, {dotted!r} leads nowhere: {error}"
            raise ConfigError(fault) from None


def config(project: Project | None = None) -> Config:
    """Return what ``paper.toml`` says; ``ConfigError`` lists every key that is missing, unknown or impossible."""
    path = (project or find_project()).root / CONFIG
    try:
        seen = path.stat()
    except FileNotFoundError:
        raise ConfigError(f"what livingpaper must know of a paper stands in {path}, there is none") from None
    return _parsed(path, seen.st_mtime_ns, seen.st_size)


def guarded_here() -> bool:
    """Return whether the paper around the working folder, if there is one, knows guarded patients."""
    try:
        return config().guarded
    except FileNotFoundError:
        return False


@cache
def _parsed(path: Path, _changed: int, _size: int) -> Config:
    try:
        return Config(root=path.parent, **toml_of(text_of(path), path, ConfigError))
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
        raise ConfigError(f"{path} cannot be used: {'; '.join(faults)}; correct it") from None


def fits(name: str, patterns: Iterable[str]) -> bool:
    """Return whether a file, relative to the paper, fits a pattern; a star stays within one folder."""
    path = PurePosixPath(name)
    return any(path.match(each) and len(path.parts) == len(Path(each).parts) for each in patterns)


def _as_object(value: Any) -> Any:
    if isinstance(value, dict):
        return SimpleNamespace(**{name: _as_object(part) for name, part in value.items()})
    return tuple(map(_as_object, value)) if isinstance(value, list) else value
