"""The history of a hospital's own paper: no change without an entry, no outcome before the diagnostics are accepted."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from study.hospital.own_choices import Choices, OwnAmendment, OwnProtocol, load_own_protocol, parse_own
from study.hospital.settings import Change, Settings
from study.protocol.history import choices_of, fingerprint
from study.protocol.protocol import protocol_hash

FIRST = {"what": "First version", "why": "To fix the choices before this paper has shown an outcome by arm"}
NEVER_ALONE = "0" * 12  # version of an entry that came with the next one in one file


class HistoryError(ValueError):
    """The choices of a paper changed without an entry, or its diagnostics cannot be accepted."""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Who looked at the diagnostics of a blinded paper and why they suffice."""

    name: str
    reason: str

    @classmethod
    def of(cls, words: str) -> "Acceptance":
        """Return it from ``NAME, REASON``; ``HistoryError`` if one of them is missing or too short to say something."""
        name, _, reason = (part.strip() for part in words.partition(","))
        if len(name) < 2 or len(reason) < 10:
            must = 'an acceptance must be "name, reason", the reason in words'
            raise HistoryError(f"{must}, found {words!r}; say both")
        return cls(name, reason)


def continued(
    choices: Choices, study: Mapping[str, Any], settings: Settings, file: Path, acceptance: Acceptance | None
) -> dict[str, Any]:
    """Return everything that the ``protocol.toml`` of the paper holds: study, choices, and the history, which goes on.

    ``file`` is the ``protocol.toml`` of the last time, if there was one. Blinded unless an entry accepts the diagnostics
    of these patients under these choices. Raises ``HistoryError``.
    """
    new = probe(choices, study)
    entry = _entry() | {"choices": fingerprint(choices_of(new))}
    old = load_own_protocol(file) if file.is_file() else None
    kept = [each.model_dump(mode="json", exclude_defaults=True) for each in old.amendment] if old else []
    entries = kept or [entry | FIRST]
    known = len(entries)
    entries += [entry | each for each in _changes(old, new, settings.change, entries)]

    def accepted() -> bool:
        marks = ((each.get("accepted"), each["choices"]) for each in entries)
        return (new.study.patients, entry["choices"]) in marks

    if acceptance and not accepted():
        _require_seen(old, new, file.parent)
        what = f"Diagnostics accepted by {acceptance.name}"
        entries.append(entry | {"what": what, "why": acceptance.reason, "accepted": new.study.patients})
    for number, each in enumerate(entries[:-1], 1):
        if each["version"] == "this file":
            each["version"] = protocol_hash(file) if old and number == known else NEVER_ALONE
    study = {**study, "blinded": settings.paper.blinded or not accepted()}
    history = [{name: each[name] for name in OwnAmendment.model_fields if name in each} for each in entries]
    return {"study": study, **choices, "amendment": history}


def probe(choices: Choices, study: Mapping[str, Any]) -> OwnProtocol:
    """Return the choices, checked, with a history that says nothing; ``ProtocolError`` with every one that cannot be."""
    history = [_entry() | FIRST | {"choices": NEVER_ALONE}]
    return parse_own(choices | {"study": {**study, "blinded": True}, "amendment": history})


def _entry() -> dict[str, Any]:
    return {"date": date.today().isoformat(), "version": "this file", "outcomes_seen": False}


def _changes(
    old: OwnProtocol | None, new: OwnProtocol, stated: Sequence[Change], entries: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return the entries for changes that ``cohort.toml`` states and the history has not; the last one changes the choices.

    ``HistoryError`` if the choices changed and none is stated.
    """
    said = {(each["what"], each["why"]) for each in entries}
    fresh = [each.model_dump() for each in stated if (each.what, each.why) not in said]
    if old is None:  # what is stated was done before this folder was there, and nobody knows after what
        return [each | {"outcomes_seen": True} for each in fresh]
    before, now = choices_of(old), choices_of(new)
    changed = sorted(name for name in before if name not in now or now[name] != before[name])
    added = sorted(set(now) - set(before))
    if (changed or added) and not fresh:
        named = ", ".join([*changed, *added][:5])
        raise HistoryError(
            f"a change of choices must have an entry in the history, {named} changed without one; "
            'add [[change]] with what = "..." and why = "..." to cohort.toml, or take the change back'
        )
    seen = {"outcomes_seen": any(each.get("accepted") for each in entries)}
    fresh = [each | seen | {"choices": fingerprint(before)} for each in fresh]
    for each in fresh[-1:]:
        was = {name: before[name] for name in changed}
        each |= {"choices": fingerprint(now), "was": was, "added": added}
    return fresh


def _require_seen(old: OwnProtocol | None, new: OwnProtocol, folder: Path) -> None:
    """Raise ``HistoryError`` unless the blinded paper of these patients and choices has been built: it is what is accepted."""
    built = (folder / "_build" / "html" / "index.html").is_file()
    asked = (new.study.patients, choices_of(new))
    if not (old and built and (old.study.patients, choices_of(old)) == asked):
        raise HistoryError(
            "diagnostics must be seen before they are accepted, these choices and patients have no blinded paper yet; "
            "build it first, without the acceptance"
        )


def as_toml(sections: Mapping[str, Any]) -> str:
    """Return choices as TOML: a table for each section, a table of an array for each entry of the history."""
    parts = []
    for name, part in sections.items():
        tables = part if isinstance(part, list) else [part]
        head = f"[[{name}]]" if isinstance(part, list) else f"[{name}]"
        for table in tables:
            lines = [f"{_key(key)} = {toml_value(value)}\n" for key, value in table.items()]
            parts.append(f"{head}\n{''.join(lines)}")
    return "\n".join(parts)


def toml_value(value: Any) -> str:
    """Return one value as TOML in a line; ``TypeError`` if it is none."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(key)} = {toml_value(part)}" for key, part in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(toml_value, value)) + "]"
    if isinstance(value, (str, bool, int, float)):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    raise TypeError(f"a choice must be text, a number or a list of them, found {type(value).__name__}")


def _key(name: str) -> str:
    return name if name.replace("_", "").isalnum() and name.isascii() else toml_value(name)
