"""What the amendments of ``protocol.toml`` tell: which choices are those of the first version, and which came when."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from study.protocol.protocol import Protocol

Choices = dict[str, Any]  # by dotted name: ``matching.caliper_sd``


class History:
    """The choices of every version, reached from today's by undoing one amendment after the other.

    An amendment names in ``was`` what it changed, with the value before, in ``added`` what it brought, and in
    ``choices`` the fingerprint of what it left: so no entry can be missing, wrong or rewritten without a fault.
    """

    def __init__(self, protocol: Protocol) -> None:
        self.amendments = protocol.amendment
        self.versions = [choices_of(protocol)]
        for entry in reversed(self.amendments[1:]):
            kept = {name: value for name, value in self.versions[0].items() if not _within(name, entry.added)}
            self.versions.insert(0, kept | entry.was)

    @property
    def faults(self) -> list[str]:
        """What the history leaves out last, in one line: nothing if it is whole."""
        for entry, then in zip(reversed(self.amendments), reversed(self.versions), strict=True):
            if (found := fingerprint(then)) != entry.choices:
                return [
                    f"the amendment of {entry.date}, {entry.what[:60]!r}, must leave the choices it names, "
                    f"{entry.choices}, they are {found}; add an [[amendment]] with what, why, outcomes_seen, was (each "
                    "changed choice with its value before), added (each new one) and choices = "
                    f'"{fingerprint(self.versions[-1])}"'
                ]
        return []

    def kept(self, *names: str) -> bool:
        """Return whether choices, or whole sections, are those of the first version; ``KeyError`` if there is none."""
        now = self._of(self.versions[-1], names)
        return all(self._of(version, names) == now for version in self.versions)

    def before_outcomes(self, *names: str) -> bool:
        """Return whether choices stand as they did before any amendment that had seen outcomes, the first apart."""
        seen = next((at for at, entry in enumerate(self.amendments) if at and entry.outcomes_seen), None)
        settled = self.versions[-1] if seen is None else self.versions[seen - 1]
        return self._of(settled, names) == self._of(self.versions[-1], names)

    def _of(self, version: Choices, names: tuple[str, ...]) -> Choices:
        found = {name: value for name, value in version.items() if _within(name, names)}
        for name in names:
            if not any(_within(known, (name,)) for known in self.versions[-1]):
                raise KeyError(f"no choice {name!r} in protocol.toml")
        return found


def choices_of(protocol: Protocol) -> Choices:
    """Return the choices of a protocol by dotted name; title, cohort and history are none."""
    apart, without_none = {"amendment", "study"}, not protocol.none_is_a_choice
    return _flat(protocol.model_dump(mode="json", exclude=apart, exclude_none=without_none))


def fingerprint(version: Choices) -> str:
    """Return the first 12 hex digits of the sha256 of the choices of a version."""
    return hashlib.sha256(json.dumps(version, sort_keys=True).encode()).hexdigest()[:12]


def _flat(choices: Mapping[str, Any]) -> Choices:
    """Return the choices of each section by dotted name; the eligibility criteria are one choice."""
    sections = {name: part if isinstance(part, Mapping) else {"": part} for name, part in choices.items()}
    return {
        f"{name}.{key}".rstrip("."): value for name, part in sections.items() for key, value in part.items()
    }


def _within(name: str, groups: tuple[str, ...]) -> bool:
    return any(name == group or name.startswith(f"{group}.") for group in groups)
