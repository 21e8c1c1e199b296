"""Which choices a step reads: its result rests on those, and not on every choice of the protocol."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from pydantic import BaseModel

KINDS = (BaseModel, SimpleNamespace)
WHOLE = ""  # the path of an object that was looked at as a whole


class Tracked:
    """Choices that note which of them are read; in every other respect the choices themselves.

    Parameters
    ----------
    choices : pydantic model or SimpleNamespace
    seen : set of str
        Gets the dotted names of what is read.
    path : str
        Where these choices stand in those that are tracked.
    """

    __slots__ = ("_choices", "_path", "_seen")

    def __init__(self, choices: Any, seen: set[str], path: str = WHOLE) -> None:
        self._choices, self._seen, self._path = choices, seen, path

    def __getattr__(self, name: str) -> Any:
        path = f"{self._path}.{name}" if self._path else name
        value = getattr(self._choices, name)
        if isinstance(value, KINDS):
            return Tracked(value, self._seen, path)
        self._seen.add(self._path if callable(value) else path)
        return value

    def _whole(self) -> Any:
        self._seen.add(self._path)
        return self._choices

    __class__ = property(lambda self: type(self._choices))

    def __eq__(self, other: object) -> bool:
        return bool(self._whole() == (other._whole() if type(other) is Tracked else other))

    def __hash__(self) -> int:
        return hash(self._whole())

    def __iter__(self) -> Any:
        return iter(self._whole())

    def __repr__(self) -> str:
        return repr(self._whole())

    def __reduce_ex__(self, _protocol: Any) -> tuple[Any, ...]:
        return _itself, (self._whole(),)


def _itself(choices: Any) -> Any:
    return choices


def at(choices: Any, path: str) -> Any:
    """Return what stands at a dotted name."""
    for name in path.split(".") if path else ():
        choices = getattr(choices, name)
    return choices
