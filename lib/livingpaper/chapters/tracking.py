"""Which choices a step reads: its result rests on those, and not on every choice of the protocol."""

from __future__ import annotations

from inspect import ismethod
from operator import attrgetter
from types import MethodType, SimpleNamespace
from typing import Any

from pydantic import BaseModel

KINDS = (BaseModel, SimpleNamespace)
WHOLE = ""  # the path of an object that was looked at as a whole


class Tracked:
    """Choices that note in ``seen`` the dotted names of what is read; in every other respect the choices themselves."""

    __slots__ = ("_changed", "_choices", "_path", "_seen")

    def __init__(
        self, choices: Any, seen: set[str], path: str = WHOLE, changed: frozenset[str] = frozenset()
    ) -> None:
        """Track choices that stand at ``path``; what a copy was given other values for, ``changed``, is no choice."""
        self._choices, self._seen, self._path, self._changed = choices, seen, path, changed

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._choices, name)
        if type(value) is Tracked or name in self._changed:
            return value
        path = f"{self._path}.{name}" if self._path else name
        if isinstance(value, KINDS):
            return Tracked(value, self._seen, path)
        if ismethod(value):
            own = not value.__func__.__module__.startswith("pydantic")
            return MethodType(value.__func__, self if own else self._whole())
        self._seen.add(path)
        return value

    def model_copy(self, *, update: dict[str, Any] | None = None) -> Tracked:
        """Return a copy with other values, as of a pydantic model."""
        changed = self._changed | frozenset(update or ())
        return Tracked(self._choices.model_copy(update=update), self._seen, self._path, changed)

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
    return attrgetter(path)(choices) if path else choices
